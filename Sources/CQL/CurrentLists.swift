// Lists whose elements are changed by place or value: the row is read first, at the statement's own consistency, and
// the elements' paths are looked up in it (Lists.java: requiresRead). Two such statements at once may miss each other,
// as in Cassandra.

import Base
import Data

extension BoundModification {
  /// What to read before this execution; nil unless `needsRead`.
  public func readCommand(_ context: borrowing EvaluationContext) throws(CQLFailure) -> ReadCommand? {
    guard needsRead else { return nil }
    let key = try keys.partitionKeys(context)[0]
    var ranges = try keys.clusteringRanges(context)
    if isStaticOnly { ranges = [] }
    return ReadCommand(
      table: table.id, incarnation: table.incarnation, scope: .partition(key), ranges: ranges,
      wantsStatics: isStaticOnly, nowInSeconds: context.nowInSeconds)
  }

  /// What this execution writes, where `current` is the answer to `readCommand`.
  /// Throws `.invalid` for what cannot be and for an index outside of its list.
  public func mutations(
    _ context: borrowing EvaluationContext, current: ReadResponse
  ) throws(CQLFailure) -> [Mutation] {
    var lists = CurrentLists(nowInSeconds: context.nowInSeconds)
    let wanted: EntryKind = isStaticOnly ? .staticRow : .row
    for entry in current.partitions.flatMap(\.entries) where entry.kind == wanted {
      // What a replica answers has been checked; a row that is none is as if it were not there.
      if let row = try? entry.row() { lists.cells += row.cells }
    }
    return try mutations(context, lists: lists)
  }
}

/// The cells of the row that was read.
struct CurrentLists {
  var cells: [Cell] = []
  var nowInSeconds: Int64

  init(nowInSeconds: Int64) { self.nowInSeconds = nowInSeconds }

  /// Live elements in the list's order.
  private func elements(of column: Column) -> [Cell] {
    cells.filter { $0.column == column.id && $0.path != nil && $0.isLive(nowInSeconds: nowInSeconds) }
      .sorted { ($0.path ?? []).lexicographicallyPrecedes($1.path ?? []) }
  }

  func changes(
    of operation: BoundOperation, _ times: WriteTimes, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [Cell] {
    let column = operation.column
    let elements = elements(of: column)
    switch operation.action {
    case .setIndex(let index, let term):
      let value = try term.evaluate(context)
      if case .unset = value { return [] }
      guard !elements.isEmpty else { throw .invalid("Attempted to set an element on a list which is null") }
      let element = elements[try place(index, elements.count, context)]
      return [times.cell(column, path: element.path, value.bytes)]
    case .deleteIndex(let index):
      guard !elements.isEmpty else { throw .invalid("Attempted to delete an element from a list which is null") }
      let element = elements[try place(index, elements.count, context)]
      return [times.cell(column, path: element.path, nil)]
    case .removeValues(let term):
      guard let bytes = try term.evaluate(context).bytes else { return [] }
      let unwanted: [[UInt8]]
      do throws(ValueError) {
        unwanted = try column.type.collectionElements(of: bytes)
      } catch {
        throw .invalid(error.message)
      }
      return elements.filter { $0.value.map(unwanted.contains) ?? false }.map {
        times.cell(column, path: $0.path, nil)
      }
    default: preconditionFailure("needs no read: \(operation)")
    }
  }

  private func place(
    _ term: BoundTerm, _ count: Int, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> Int {
    guard case .bytes(let bytes) = try term.evaluate(context), let index = Values.int(bytes) else {
      throw .invalid("Invalid null value for list index")
    }
    guard (0..<count).contains(Int(index)) else {
      throw .invalid("List index \(index) out of bound, list has size \(count)")
    }
    return Int(index)
  }
}
