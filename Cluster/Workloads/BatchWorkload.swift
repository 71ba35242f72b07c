// Logged batches over several partitions: all of one or nothing of it, in the end. Each batch has rows of its own.

import Base
import Checkers
import Data
import Frames
import Ring

final class BatchWorkload: Workload {
  var history: CellHistory
  private var batches = BatchHistory()
  private unowned let runner: WorkloadRunner
  private let table: String
  private var nextBatch: Int32 = 0
  private var powerLosses = 0
  private static let maxParts = 4

  init(_ runner: WorkloadRunner) {
    self.runner = runner
    history = CellHistory(placement: runner.options.placement)
    table = "\(runner.options.keyspace).parts"
  }

  var schema: [String] { ["CREATE TABLE \(table) (id int PRIMARY KEY, value text)"] }

  private static func id(_ batch: Int32, _ part: Int) -> Int32 { batch * Int32(maxParts) + Int32(part) }

  var partitions: [WorkloadPartition] {
    history.keys.map { WorkloadPartition(table: "parts", key: Values.int($0.partition)) }
  }

  func step(_ client: WorkloadClient) async {
    if nextBatch > 0, runner.random.oneIn(3) { await read(client) } else { await write(client) }
  }

  private func write(_ client: WorkloadClient) async {
    nextBatch += 1
    let batch = nextBatch
    let parts = 2 + runner.random.below(Self.maxParts - 1)
    let timestamp = runner.freshTimestamp()
    let writes = (0..<parts).map {
      CellWrite(key: CellKey(Self.id(batch, $0)), timestamp: timestamp, value: "b\(batch)")
    }
    batches.sent(batch, parts: parts)
    for write in writes { history.sent(write) }
    let level = runner.options.levels.write(&runner.random)
    let request = BatchRequest(
      kind: .logged,
      statements: writes.map { write in
        BatchRequest.Statement(
          .text("INSERT INTO \(table) (id, value) VALUES (?, ?)"),
          values: [.int(write.key.partition), .text(write.value ?? "")])
      }, consistency: level.rawValue, defaultTimestampMicroseconds: timestamp)
    let node = client.anyNode
    runner.onBatchSent?(node)
    let answer = await client.attempt(.batch(request), level: level, node: node)
    guard let answer, case .void = answer.response else { return batches.ended(batch, .unknown) }
    runner.counters.acknowledgedWrites += 1
    batches.ended(batch, .acknowledged)
    for write in writes { history.acknowledged(write, answer.strength, answer.span) }
  }

  private var select: String { "SELECT value, writetime(value) FROM \(table) WHERE id = ?" }

  private func check(
    _ key: CellKey, _ answer: (rows: [[[UInt8]?]], span: Span, strength: Strength), reader: String
  ) -> CellState {
    var state = CellState.absent
    if let row = answer.rows.first, let value = text(row, 0) { state = .value(value, timestamp: integer(row, 1)) }
    let floor = history.floor(of: key, readBy: answer.strength, began: answer.span.began)
    if let problem = history.check(key, state, floor: floor, reader: reader) { runner.fail(problem) }
    history.seen(key, state, answer.strength, answer.span)
    return state
  }

  private func read(_ client: WorkloadClient) async {
    let recent = max(0, Int(nextBatch) - 1 - runner.random.below(min(20, Int(nextBatch)))) + 1
    let key = CellKey(Self.id(Int32(recent), runner.random.below(batches.parts(of: Int32(recent)))))
    let level = runner.options.levels.read(&runner.random)
    guard let answer = await client.read(select, [.int(key.partition)], level: level) else { return }
    _ = check(key, answer, reader: "a read at \(level.name) of a batch's part")
  }

  /// Of one loss alone a copy of each record and of each part is left elsewhere.
  func lostPower() {
    powerLosses += 1
    if powerLosses > 1 { batches.exemptUnacknowledged() }
  }

  func verify(_ client: WorkloadClient) async {
    if powerLosses > 1 { batches.exemptUnacknowledged() }
    for batch in batches.ids {
      for part in 0..<batches.parts(of: batch) {
        let key = CellKey(Self.id(batch, part))
        let reader = "a read at ALL of a batch's part after healing"
        guard let answer = await client.demand(select, [.int(key.partition)], level: .all, node: 0, reader: reader)
        else { continue }
        let floor = history.floor(of: key, readBy: answer.strength, began: answer.span.began)
        if case .value = check(key, answer, reader: reader) {
          batches.found(batch, part: part)
        } else if floor == nil, batches.isAcknowledged(batch) {
          // Acknowledged at a level that promises nothing (ANY), or on machines that lost power since.
          batches.exempt(batch)
        }
      }
    }
    if runner.options.batchesAreAtomic {
      for problem in batches.problems() { runner.fail(problem) }
    }
    if batches.finishedInSilence > 0 { runner.sometimes("an unacknowledged batch applied whole") }
  }
}
