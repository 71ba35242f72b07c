// One client of a workload: it chooses a node and a level, asks, and says when and through whom it was answered.

import Base
import Checkers
import Data
import Frames
import Ring
import World

/// An answer, with what the checkers need to know of it.
struct Answered {
  var response: Response
  var span: Span
  var strength: Strength
}

final class WorkloadClient {
  let number: Int
  private unowned let runner: WorkloadRunner
  private let client: CQLClient

  init(number: Int, runner: WorkloadRunner) {
    self.number = number
    self.runner = runner
    client = CQLClient(world: runner.world, requestTimeout: runner.options.requestTimeout)
  }

  func close() { client.close() }

  /// Asks one node.
  func ask(_ request: Request, node: Int) async -> ClientOutcome {
    await suspend { client.send(request, to: runner.options.nodes[node].endpoint, completion: $0) }
  }

  /// Asks, and counts; nil where nobody knows how it ended, or it was refused.
  func attempt(_ request: Request, level: Consistency, node: Int) async -> Answered? {
    let began = runner.world.clock.now.nanoseconds
    let outcome = await ask(request, node: node)
    let span = Span(began: began, ended: runner.world.clock.now.nanoseconds, node: node)
    switch outcome {
    case .unknown:
      runner.counters.unknown += 1
      return nil
    case .answered(.error(let error)):
      runner.counters.refused += 1
      runner.sometimes("answered \(error.code)")
      // A broken node says why in other codes; this one is for what should not be.
      if error.code == .serverError { runner.fail("a server error: \(error.message)") }
      return nil
    case .answered(let response):
      let strength = Strength(
        level: level.name, datacenter: runner.options.nodes[node].datacenter, placement: runner.options.placement)
      return Answered(response: response, span: span, strength: strength)
    }
  }

  var anyNode: Int { runner.random.below(runner.options.nodes.count) }

  /// Writes cells by one statement and remembers how that ended.
  /// - Returns: whether it was acknowledged.
  @discardableResult
  func write(
    _ statement: String, _ values: [BoundValue], _ writes: [CellWrite], in workload: any Workload
  ) async -> Bool {
    let level = runner.options.levels.write(&runner.random)
    for write in writes { workload.history.sent(write) }
    var parameters = QueryParameters(consistency: level.rawValue, values: values)
    parameters.defaultTimestampMicroseconds = writes.first?.timestamp
    guard let answer = await attempt(.query(statement, parameters), level: level, node: anyNode) else { return false }
    guard case .void = answer.response else {
      runner.fail("a write is answered \(answer.response)")
      return false
    }
    runner.counters.acknowledgedWrites += 1
    for write in writes { workload.history.acknowledged(write, answer.strength, answer.span) }
    return true
  }

  /// Reads all pages of a query, each from another node where there is more than one page.
  /// - Returns: the rows, the span from the first request to the last answer, and the strength; nil where a page was
  ///   not to be had.
  func read(
    _ statement: String, _ values: [BoundValue], level: Consistency, pageSize: Int? = nil, node: Int? = nil,
    attempts: Int = 1
  ) async -> (rows: [[[UInt8]?]], span: Span, strength: Strength)? {
    var parameters = QueryParameters(consistency: level.rawValue, values: values, pageSize: pageSize)
    var rows: [[[UInt8]?]] = []
    var strength: Strength?
    let began = runner.world.clock.now.nanoseconds
    while true {
      let chosen = node ?? anyNode
      var answer: Answered?
      for attempt in 0..<attempts where answer == nil {
        if attempt > 0 { try? await runner.world.spawner.sleep(.seconds(1)) }
        answer = await self.attempt(.query(statement, parameters), level: level, node: chosen)
      }
      guard let answer else { return nil }
      guard case .rows(let page) = answer.response else {
        runner.fail("a read is answered \(answer.response)")
        return nil
      }
      runner.counters.reads += 1
      rows += page.rows
      // Local levels of different datacenters have nothing in common: the weaker claim is none.
      if let known = strength, known != answer.strength {
        strength = Strength(perDatacenter: known.perDatacenter.map { _ in 0 }, total: 0)
      }
      strength = strength ?? answer.strength
      if let state = page.pagingState {
        runner.sometimes("paged over nodes")
        parameters.pagingState = state
      } else {
        let span = Span(began: began, ended: answer.span.ended, node: chosen)
        return (rows, span, strength ?? answer.strength)
      }
    }
  }

  /// A read of the last check: it must be answered.
  func demand(
    _ statement: String, _ values: [BoundValue], level: Consistency, pageSize: Int? = nil, node: Int,
    reader: String
  ) async -> (rows: [[[UInt8]?]], span: Span, strength: Strength)? {
    let found = await read(
      statement, values, level: level, pageSize: pageSize, node: node, attempts: runner.options.verifyAttempts)
    if found == nil { runner.fail("\(reader): no answer after healing") }
    return found
  }
}

extension BoundValue {
  static func int(_ value: Int32) -> BoundValue { .bytes(Values.int(value)) }
  static func text(_ value: String) -> BoundValue { .bytes(Values.text(value)) }

  static func intSet(_ elements: [Int32]) -> BoundValue {
    var writer = ByteWriter()
    writer.int32(Int32(clamping: elements.count))
    for element in elements {
      writer.int32(4)
      writer.int32(element)
    }
    return .bytes(writer.take())
  }
}

/// Reads a column of a row that is never null in these tables.
func integer(_ row: [[UInt8]?], _ index: Int) -> Int64? {
  guard row.indices.contains(index), let bytes = row[index] else { return nil }
  return Values.integer(bytes)
}

func text(_ row: [[UInt8]?], _ index: Int) -> String? {
  guard row.indices.contains(index), let bytes = row[index] else { return nil }
  return Values.text(bytes)
}
