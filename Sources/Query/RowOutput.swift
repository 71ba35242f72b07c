// What becomes of a row that is shown: its selected values straight into the frame's form, or folded into an aggregate,
// or kept to be sorted.

import Base
import CQL
import Data

struct RowOutput {
  private let request: SelectRequest
  private var rows: ResultRows
  /// Rows that wait for their order (ORDER BY over several partitions).
  private var waiting: [RowValues] = []
  private var waitingBytes = 0
  private var aggregation: Aggregation?
  private var group: [[UInt8]?] = []
  private var hasGroup = false
  /// Rows that folding may still make.
  private var foldedLeft: Int

  init(_ request: SelectRequest) {
    self.request = request
    rows = ResultRows(columns: request.columns)
    foldedLeft = request.plan.limit ?? .max
    if request.select.isAggregate { aggregation = Aggregation(request.select) }
  }

  /// Memory it holds.
  var byteCount: Int { rows.cells.count + waitingBytes }

  mutating func add(_ row: RowValues) throws(QueryFailure) {
    if aggregation != nil { return try fold(row) }
    guard request.select.mergeOrder.isEmpty else {
      waiting.append(row)
      waitingBytes += row.values.reduce(0) { $0 + 16 + ($1?.count ?? 0) }
      return
    }
    try write(row)
  }

  mutating func finish() throws(QueryFailure) -> ResultRows {
    if hasGroup || (aggregation != nil && request.select.groupBySlots.isEmpty) { try closeGroup() }
    if !waiting.isEmpty {
      waiting.sort(by: precedes)
      for row in waiting.prefix(request.plan.limit ?? .max) { try write(row) }
    }
    return rows
  }

  // MARK: - Values

  private mutating func write(_ row: RowValues) throws(QueryFailure) {
    if let slots = request.select.plainSlots, !request.select.isJSON {
      for slot in slots { append(row.values[slot]) }
      rows.rowCount += 1
      return
    }
    var values: [[UInt8]?] = []
    do throws(CQLFailure) {
      for selector in request.select.selectors { values.append(try selector.evaluate(row, request.context)) }
    } catch { throw QueryFailure(error) }
    write(values)
  }

  private mutating func write(_ values: [[UInt8]?]) {
    if request.select.isJSON {
      append(request.select.json(values))
    } else {
      for value in values { append(value) }
    }
    rows.rowCount += 1
  }

  private mutating func append(_ value: [UInt8]?) {
    guard let value else { return rows.cells.int32(-1) }
    rows.cells.int32(Int32(clamping: value.count))
    rows.cells.append(value)
  }

  // MARK: - Folding

  private mutating func fold(_ row: RowValues) throws(QueryFailure) {
    let slots = request.select.groupBySlots
    if !slots.isEmpty {
      let next = slots.map { row.values[$0] }
      if hasGroup, next != group { try closeGroup() }
      group = next
    }
    hasGroup = true
    do throws(CQLFailure) { try aggregation?.add(row, request.context) } catch { throw QueryFailure(error) }
  }

  private mutating func closeGroup() throws(QueryFailure) {
    guard let finished = aggregation, foldedLeft > 0 else { return }
    let values: [[UInt8]?]
    do throws(CQLFailure) { values = try finished.finish(request.context) } catch { throw QueryFailure(error) }
    write(values)
    if foldedLeft != .max { foldedLeft -= 1 }
    aggregation = Aggregation(request.select)
    hasGroup = false
  }

  // MARK: - Sorting

  private func precedes(_ a: RowValues, _ b: RowValues) -> Bool {
    for order in request.select.mergeOrder {
      guard let x = a.values[order.slot], let y = b.values[order.slot] else { continue }
      let result = request.select.fetched[order.slot].type.compare(x, y)
      if result != 0 { return (result < 0) != order.isDescending }
    }
    return false
  }
}
