// Single values under single keys: written, deleted and read, with ties of timestamps on purpose.

import Base
import Checkers
import Data
import Frames
import Ring

final class RegisterWorkload: Workload {
  var history: CellHistory
  private unowned let runner: WorkloadRunner
  private let table: String
  private var nextValue = 0

  init(_ runner: WorkloadRunner) {
    self.runner = runner
    history = CellHistory(placement: runner.options.placement)
    table = "\(runner.options.keyspace).registers"
  }

  var schema: [String] { ["CREATE TABLE \(table) (id int PRIMARY KEY, value text)"] }

  var partitions: [WorkloadPartition] {
    history.keys.map { WorkloadPartition(table: "registers", key: Values.int($0.partition)) }
  }

  func step(_ client: WorkloadClient) async {
    let key = CellKey(Int32(runner.random.below(runner.options.partitions * 2)))
    if runner.random.below(10) < 4 {
      let level = runner.options.levels.read(&runner.random)
      _ = await check(key, level, client, node: nil, reader: "a read at \(level.name)")
      return
    }
    nextValue += 1
    let isDelete = runner.random.oneIn(8)
    let value = isDelete ? nil : "\(runner.random.below(1000)) v\(nextValue)"
    let write = CellWrite(key: key, timestamp: runner.timestamp(), value: value)
    if let value {
      await client.write(
        "UPDATE \(table) SET value = ? WHERE id = ?", [.text(value), .int(key.partition)], [write], in: self)
    } else {
      await client.write("DELETE FROM \(table) WHERE id = ?", [.int(key.partition)], [write], in: self)
    }
  }

  private static func state(_ rows: [[[UInt8]?]]) -> CellState {
    guard let row = rows.first, let value = text(row, 0), let timestamp = integer(row, 1) else { return .absent }
    return .value(value, timestamp: timestamp)
  }

  private var select: String { "SELECT value, writetime(value) FROM \(table) WHERE id = ?" }

  /// - Parameter node: nil for any; a node that is named must answer.
  private func check(
    _ key: CellKey, _ level: Consistency, _ client: WorkloadClient, node: Int?, owed: Bool = false, reader: String
  ) async -> CellState? {
    let answer =
      if let node {
        await client.demand(select, [.int(key.partition)], level: level, node: node, reader: "\(reader) of \(key)")
      } else {
        await client.read(select, [.int(key.partition)], level: level)
      }
    guard let answer else { return nil }
    let state = Self.state(answer.rows)
    let floor =
      owed
      ? history.owedToAll(key) : history.floor(of: key, readBy: answer.strength, began: answer.span.began)
    if let problem = history.check(key, state, floor: floor, reader: reader) { runner.fail(problem) }
    noteSilence(key, state)
    history.seen(key, state, answer.strength, answer.span)
    return state
  }

  /// A write that nobody acknowledged was done all the same.
  private func noteSilence(_ key: CellKey, _ state: CellState) {
    guard case .value(let value, let timestamp?) = state else { return }
    if !history.isAcknowledged(CellWrite(key: key, timestamp: timestamp, value: value)) {
      runner.sometimes("an unacknowledged write applied")
    }
  }

  func verify(_ client: WorkloadClient) async {
    let nodes = runner.options.nodes.indices
    if runner.options.everyNodeHoldsAll {
      // Before any other read: what a node lacks now no hint has brought.
      for key in history.keys {
        for node in nodes {
          _ = await check(
            key, .one, client, node: node, owed: true, reader: "node \(node + 1) after healing, by hints alone")
        }
      }
    }
    for key in history.keys {
      _ = await check(
        key, .quorum, client, node: runner.random.below(nodes.count), reader: "a QUORUM read after healing")
      let whole = await check(key, .all, client, node: 0, reader: "a read at ALL after healing")
      guard runner.options.everyNodeHoldsAll, let whole else { continue }
      for node in nodes {
        let reader = "node \(node + 1) after a read at ALL"
        let state = await check(key, .one, client, node: node, reader: reader)
        if let state, state != whole { runner.fail("\(reader): \(key) shows \(state), not \(whole)") }
      }
    }
  }
}
