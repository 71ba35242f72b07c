// Sets to which elements are added, each once, and some of which are taken out again: what was added and acknowledged
// stays, what was taken out does not come back (Jepsen calls the first half set-full).

import Base
import Checkers
import Data
import Frames
import Ring

final class SetWorkload: Workload {
  var history: CellHistory
  private unowned let runner: WorkloadRunner
  private let table: String
  private var nextElement: Int32 = 0
  /// Added and not taken out, as far as anybody asked.
  private var added: [CellKey] = []

  init(_ runner: WorkloadRunner) {
    self.runner = runner
    history = CellHistory(placement: runner.options.placement)
    table = "\(runner.options.keyspace).sets"
  }

  var schema: [String] { ["CREATE TABLE \(table) (id int PRIMARY KEY, members set<int>)"] }

  private var usedPartitions: [Int32] { Array(Set(history.keys.map(\.partition))).sorted() }

  var partitions: [WorkloadPartition] {
    usedPartitions.map { WorkloadPartition(table: "sets", key: Values.int($0)) }
  }

  func step(_ client: WorkloadClient) async {
    switch runner.random.below(10) {
    case ..<5: await add(client)
    case ..<6: await remove(client)
    default:
      let level = runner.options.levels.read(&runner.random)
      let partition = Int32(runner.random.below(max(1, runner.options.partitions / 3)))
      if let answer = await client.read(select, [.int(partition)], level: level) {
        check(partition, answer, reader: "a set read at \(level.name)")
      }
    }
  }

  private func add(_ client: WorkloadClient) async {
    let partition = Int32(runner.random.below(max(1, runner.options.partitions / 3)))
    let timestamp = runner.freshTimestamp()
    let writes = (0..<(1 + runner.random.below(3))).map { _ in
      nextElement += 1
      return CellWrite(key: CellKey(partition, nextElement), timestamp: timestamp, value: "in")
    }
    added += writes.map(\.key)
    let values: [BoundValue] = [.intSet(writes.map(\.key.element)), .int(partition)]
    await client.write("UPDATE \(table) SET members = members + ? WHERE id = ?", values, writes, in: self)
  }

  private func remove(_ client: WorkloadClient) async {
    guard !added.isEmpty else { return }
    let key = added.remove(at: runner.random.below(added.count))
    let write = CellWrite(key: key, timestamp: runner.freshTimestamp(), value: nil)
    let values: [BoundValue] = [.intSet([key.element]), .int(key.partition)]
    await client.write("UPDATE \(table) SET members = members - ? WHERE id = ?", values, [write], in: self)
  }

  private var select: String { "SELECT members FROM \(table) WHERE id = ?" }

  private func members(_ rows: [[[UInt8]?]]) -> [Int32] {
    guard let row = rows.first, let bytes = row.first ?? nil else { return [] }
    let elements = bytes.withReader { (reader: inout ByteReader) in
      try? (0..<Int(reader.int32())).map { _ in
        _ = try reader.int32()
        return try reader.int32()
      }
    }
    if elements == nil { runner.fail("a set that cannot be read: \(bytes)") }
    return elements ?? []
  }

  private func check(
    _ partition: Int32, _ answer: (rows: [[[UInt8]?]], span: Span, strength: Strength), reader: String
  ) {
    let rows = members(answer.rows).map { SliceRow(element: $0, value: "in", timestamp: nil) }
    let problems = history.checkSlice(
      Slice(partition: partition), rows: rows, answer.strength, answer.span, reader: reader)
    for problem in problems { runner.fail(problem) }
  }

  func verify(_ client: WorkloadClient) async {
    for partition in usedPartitions {
      for level in [Consistency.quorum, .all] {
        let reader = "a set read at \(level.name) after healing"
        if let answer = await client.demand(select, [.int(partition)], level: level, node: 0, reader: reader) {
          check(partition, answer, reader: reader)
        }
      }
    }
  }
}
