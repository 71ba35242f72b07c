// Lists whose elements are changed by place or value: the rows are read first, at the statement's own consistency, and
// the elements' paths are looked up in them (Lists.java: requiresRead). Two such statements at once may miss each
// other, as in Cassandra; so do those of one batch, which all see what was there before it.

import Base
import Data

extension BoundModification {
  /// What to read before this execution, one command a partition; empty unless `needsRead`.
  public func readCommands(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [ReadCommand] {
    let reading = operations.filter(\.needsRead)
    guard !reading.isEmpty else { return [] }
    let touchesRows = reading.contains { $0.column.kind != .static }
    let ranges = touchesRows ? try keys.clusteringRanges(context) : []
    var commands: [ReadCommand] = []
    for key in try keys.partitionKeys(context) {
      commands.append(
        ReadCommand(
          table: table.id, incarnation: table.incarnation, scope: .partition(key), ranges: ranges,
          wantsStatics: reading.contains { $0.column.kind == .static },
          nowInSeconds: context.nowInSeconds))
    }
    return commands
  }

  /// What this execution writes, where `current` are the answers to `readCommands`.
  /// Throws `.invalid` for what cannot be and for an index outside of its list.
  public func mutations(
    _ context: borrowing EvaluationContext, current: [ReadResponse]
  ) throws(CQLFailure) -> [Mutation] {
    try mutations(context, lists: CurrentLists(current, nowInSeconds: context.nowInSeconds))
  }
}

/// The cells of the rows that were read.
struct CurrentLists {
  private struct Place: Hashable {
    var key: PartitionKey
    /// Nil for the static row.
    var clustering: [UInt8]?
  }
  private var rows: [Place: [Cell]] = [:]
  private let nowInSeconds: Int64

  init(_ responses: [ReadResponse], nowInSeconds: Int64) {
    self.nowInSeconds = nowInSeconds
    for partition in responses.flatMap(\.partitions) {
      for entry in partition.entries where entry.kind == .row || entry.kind == .staticRow {
        // What a replica answers has been checked; a row that is none is as if it were not there.
        guard let row = try? entry.row() else { continue }
        let clustering = entry.kind == .row ? entry.clustering : nil
        // Members of a batch each read the row they change: it is the same row.
        rows[Place(key: partition.key, clustering: clustering)] = row.cells
      }
    }
  }

  /// Live elements in the list's order.
  private func elements(of column: Column, _ key: PartitionKey, _ clustering: [UInt8]) -> [Cell] {
    let place = Place(key: key, clustering: column.kind == .static ? nil : clustering)
    return (rows[place] ?? []).filter {
      $0.column == column.id && $0.path != nil && $0.isLive(nowInSeconds: nowInSeconds)
    }.sorted { ($0.path ?? []).lexicographicallyPrecedes($1.path ?? []) }
  }

  func changes(
    of operation: BoundOperation, key: PartitionKey, clustering: [UInt8], _ times: WriteTimes,
    _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [Cell] {
    let column = operation.column
    let elements = elements(of: column, key, clustering)
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
      let unwanted: Set<[UInt8]>
      do throws(ValueError) {
        unwanted = Set(try column.type.collectionElements(of: bytes))
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
    let value = try term.evaluate(context)
    if case .unset = value { throw .invalid("Invalid unset value for list index") }
    guard case .bytes(let bytes) = value, let index = Values.int(bytes) else {
      throw .invalid("Invalid null value for list index")
    }
    guard (0..<count).contains(Int(index)) else {
      throw .invalid("List index \(index) out of bound, list has size \(count)")
    }
    return Int(index)
  }
}
