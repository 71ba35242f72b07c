// Wide partitions: rows inserted and deleted one by one and by ranges, read as slices in both directions, with limits,
// by pages and over all partitions. Rows that were acknowledged never vanish, deleted ones never come back, and every
// slice lists what the others do.

import Base
import Checkers
import Data
import Frames
import Ring

final class RowsWorkload: Workload {
  var history: CellHistory
  private unowned let runner: WorkloadRunner
  private let table: String
  private let isDescending: Bool
  private var nextValue = 0
  /// Clustering values are below this.
  private static let elements = 48

  init(_ runner: WorkloadRunner) {
    self.runner = runner
    history = CellHistory(placement: runner.options.placement)
    table = "\(runner.options.keyspace).rows"
    isDescending = runner.random.oneIn(2)
  }

  var schema: [String] {
    let order = isDescending ? " WITH CLUSTERING ORDER BY (c DESC)" : ""
    return ["CREATE TABLE \(table) (p int, c int, v text, PRIMARY KEY (p, c))\(order)"]
  }

  private var usedPartitions: [Int32] { Array(Set(history.keys.map(\.partition))).sorted() }

  var partitions: [WorkloadPartition] {
    usedPartitions.map { WorkloadPartition(table: "rows", key: Values.int($0)) }
  }

  func step(_ client: WorkloadClient) async {
    let partition = Int32(runner.random.below(max(1, runner.options.partitions / 3)))
    switch runner.random.below(100) {
    case ..<45: await insert(partition, client)
    case ..<52: await deleteRow(partition, client)
    case ..<60: await deleteRange(partition, client)
    case ..<62: await scan(client)
    default: await slice(partition, client)
    }
  }

  // MARK: Writing

  private func insert(_ partition: Int32, _ client: WorkloadClient) async {
    let element = Int32(runner.random.below(Self.elements))
    nextValue += 1
    let write = CellWrite(
      key: CellKey(partition, element), timestamp: runner.timestamp(),
      value: "\(runner.random.below(1000)) v\(nextValue)")
    let value = BoundValue.text(write.value ?? "")
    if runner.random.oneIn(3) {
      await client.write(
        "UPDATE \(table) SET v = ? WHERE p = ? AND c = ?", [value, .int(partition), .int(element)], [write], in: self)
    } else {
      await client.write(
        "INSERT INTO \(table) (v, p, c) VALUES (?, ?, ?)", [value, .int(partition), .int(element)], [write], in: self)
    }
  }

  private func deleteRow(_ partition: Int32, _ client: WorkloadClient) async {
    let element = Int32(runner.random.below(Self.elements))
    let write = CellWrite(key: CellKey(partition, element), timestamp: runner.timestamp(), value: nil)
    await client.write(
      "DELETE FROM \(table) WHERE p = ? AND c = ?", [.int(partition), .int(element)], [write], in: self)
  }

  private func deleteRange(_ partition: Int32, _ client: WorkloadClient) async {
    let first = Int32(runner.random.below(Self.elements))
    let last = min(first + Int32(runner.random.below(8)), Int32(Self.elements - 1))
    let timestamp = runner.timestamp()
    let writes = (first...last).map {
      CellWrite(key: CellKey(partition, $0), timestamp: timestamp, value: nil)
    }
    if runner.random.oneIn(3) {
      await client.write(
        "DELETE FROM \(table) WHERE p = ? AND c > ? AND c < ?",
        [.int(partition), .int(first - 1), .int(last + 1)], writes, in: self)
    } else {
      await client.write(
        "DELETE FROM \(table) WHERE p = ? AND c >= ? AND c <= ?", [.int(partition), .int(first), .int(last)], writes,
        in: self)
    }
  }

  // MARK: Reading

  private func drawSlice(_ partition: Int32) -> Slice {
    var slice = Slice(partition: partition, isDescending: isDescending)
    if runner.random.oneIn(3) { slice.isDescending.toggle() }
    if runner.random.oneIn(2) {
      let first = Int32(runner.random.below(Self.elements))
      slice.bounds = first...(first + Int32(runner.random.below(Self.elements)))
    }
    if runner.random.oneIn(2) { slice.limit = 1 + runner.random.below(12) }
    return slice
  }

  private func query(_ slice: Slice) -> (text: String, values: [BoundValue]) {
    var text = "SELECT c, v, writetime(v) FROM \(table) WHERE p = ?"
    var values = [BoundValue.int(slice.partition)]
    if let bounds = slice.bounds {
      text += " AND c >= ? AND c <= ?"
      values += [.int(bounds.lowerBound), .int(bounds.upperBound)]
    }
    if slice.isDescending != isDescending { text += " ORDER BY c \(slice.isDescending ? "DESC" : "ASC")" }
    if let limit = slice.limit { text += " LIMIT \(limit)" }
    return (text, values)
  }

  private func rows(_ rows: [[[UInt8]?]], first: Int = 0) -> [SliceRow] {
    rows.compactMap { row in
      guard let element = integer(row, first), let value = text(row, first + 1), let timestamp = integer(row, first + 2)
      else {
        runner.fail("a row without its value: \(row)")
        return nil
      }
      return SliceRow(element: Int32(truncatingIfNeeded: element), value: value, timestamp: timestamp)
    }
  }

  private func slice(_ partition: Int32, _ client: WorkloadClient) async {
    let slice = drawSlice(partition)
    let level = runner.options.levels.read(&runner.random)
    let pageSize = runner.random.oneIn(3) ? 1 + runner.random.below(10) : nil
    let (text, values) = query(slice)
    guard let answer = await client.read(text, values, level: level, pageSize: pageSize) else { return }
    let problems = history.checkSlice(
      slice, rows: rows(answer.rows), answer.strength, answer.span, reader: "a slice at \(level.name)")
    for problem in problems { runner.fail(problem) }
  }

  /// All partitions, by pages.
  private func scan(_ client: WorkloadClient) async {
    let level = runner.options.levels.read(&runner.random)
    let text = "SELECT p, c, v, writetime(v) FROM \(table)"
    guard let answer = await client.read(text, [], level: level, pageSize: 20 + runner.random.below(100)) else {
      return
    }
    checkScan(answer.rows, answer.strength, answer.span, reader: "a scan at \(level.name)")
  }

  private func checkScan(_ answer: [[[UInt8]?]], _ strength: Strength, _ span: Span, reader: String) {
    let groups = Dictionary(grouping: answer) { Int32(truncatingIfNeeded: integer($0, 0) ?? -1) }
    for partition in Set(usedPartitions + groups.keys).sorted() {
      let problems = history.checkSlice(
        Slice(partition: partition, isDescending: isDescending), rows: rows(groups[partition] ?? [], first: 1),
        strength,
        span, reader: reader)
      for problem in problems { runner.fail(problem) }
    }
  }

  // MARK: The end

  func verify(_ client: WorkloadClient) async {
    for partition in usedPartitions {
      let slice = Slice(partition: partition, isDescending: isDescending)
      let (text, values) = query(slice)
      if runner.options.everyNodeHoldsAll {
        for node in runner.options.nodes.indices {
          await verifyOwed(slice, client, node: node)
        }
      }
      for level in [Consistency.quorum, .all] {
        let reader = "a slice at \(level.name) after healing"
        let pageSize = runner.random.oneIn(2) ? 7 : nil
        guard
          let answer = await client.demand(text, values, level: level, pageSize: pageSize, node: 0, reader: reader)
        else { continue }
        let problems = history.checkSlice(slice, rows: rows(answer.rows), answer.strength, answer.span, reader: reader)
        for problem in problems { runner.fail(problem) }
      }
    }
    let reader = "a scan at ALL after healing"
    if let answer = await client.demand(
      "SELECT p, c, v, writetime(v) FROM \(table)", [], level: .all, pageSize: 50, node: 0, reader: reader)
    {
      checkScan(answer.rows, answer.strength, answer.span, reader: reader)
    }
  }

  /// What hints alone have brought to a node.
  private func verifyOwed(_ slice: Slice, _ client: WorkloadClient, node: Int) async {
    let reader = "node \(node + 1) after healing, by hints alone"
    let (text, values) = query(slice)
    guard let answer = await client.demand(text, values, level: .one, node: node, reader: reader) else { return }
    let shown = Dictionary(rows(answer.rows).map { ($0.element, $0) }, uniquingKeysWith: { first, _ in first })
    for key in history.keys(of: slice.partition) {
      let state = shown[key.element].map { CellState.value($0.value, timestamp: $0.timestamp) } ?? .absent
      if let problem = history.check(key, state, floor: history.owedToAll(key), reader: reader) { runner.fail(problem) }
    }
  }
}
