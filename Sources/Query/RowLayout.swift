// From a partition's entries to rows of values. Where each value stands is worked out once for a prepared statement: a
// cell's column id is an index into a table of slots, and no name is looked up while rows are read.

import Base
import CQL
import Data

/// Where the values of a select's fetched columns come from; immutable, shared by all executions.
final class RowLayout: Sendable {
  private enum Source {
    case partitionKey(Int)
    case clustering(Int)
    case cells
  }

  let table: Table
  let slotCount: Int
  /// (slot, position) of key columns.
  private let keySlots: [(slot: Int, position: Int)]
  private let clusteringSlots: [(slot: Int, position: Int)]
  /// By column id, the slot of a regular or static column; -1 where it is not fetched.
  private let slotOfColumn: [Int32]
  /// By slot: the type of a multi-cell collection.
  private let collections: [CQLType?]
  private let needsTimes: Bool

  init(_ select: BoundSelect) {
    table = select.table
    slotCount = select.fetched.count
    needsTimes = select.needsCellTimes
    var keys: [(slot: Int, position: Int)] = []
    var clusterings: [(slot: Int, position: Int)] = []
    var slots = [Int32](repeating: -1, count: Int(table.columns.map(\.id).max() ?? 0) + 1)
    for (slot, column) in select.fetched.enumerated() {
      switch column.kind {
      case .partitionKey: keys.append((slot, column.position))
      case .clustering: clusterings.append((slot, column.position))
      case .static, .regular: slots[Int(column.id)] = Int32(slot)
      }
    }
    keySlots = keys
    clusteringSlots = clusterings
    slotOfColumn = slots
    collections = select.fetched.map { $0.type.isMultiCell ? $0.type : nil }
  }

  /// What all rows of a partition share.
  struct Shared {
    var keyValues: [[UInt8]] = []
    var statics: Row?
  }

  func shared(_ partition: Partition) throws(DecodeError) -> Shared {
    var shared = Shared()
    if !keySlots.isEmpty {
      shared.keyValues = try PartitionKeyCodec.decode(partition.key.bytes, columns: table.partitionKey.count)
    }
    for entry in partition.entries {
      if entry.kind == .row { break }
      if entry.kind == .staticRow { shared.statics = try entry.row() }
    }
    return shared
  }

  /// The values of one row, or (no clustering) of the statics alone.
  func values(
    _ shared: Shared, clustering: [UInt8]?, _ row: Row?, nowInSeconds: Int64
  ) throws(DecodeError) -> RowValues {
    var result = RowValues(values: [[UInt8]?](repeating: nil, count: slotCount))
    if needsTimes {
      result.writeTimesMicroseconds = [Int64?](repeating: nil, count: slotCount)
      result.timesToLiveSeconds = [Int32?](repeating: nil, count: slotCount)
    }
    for (slot, position) in keySlots { result.values[slot] = shared.keyValues[position] }
    if let clustering, !clusteringSlots.isEmpty {
      let values = try ClusteringCodec.decode(clustering, columns: table.clustering)
      guard values.count == table.clustering.count else { throw .badValue("clustering") }
      for (slot, position) in clusteringSlots { result.values[slot] = values[position] }
    }
    if let statics = shared.statics { fill(statics.cells, nowInSeconds, &result) }
    if let row { fill(row.cells, nowInSeconds, &result) }
    return result
  }

  private static func elementTimes(
    _ cells: ArraySlice<Cell>, _ collection: CQLType, nowInSeconds: Int64
  ) -> [ElementTimes]? {
    var times = cells.compactMap { cell -> ElementTimes? in
      guard let path = cell.path, cell.isLive(nowInSeconds: nowInSeconds) else { return nil }
      let left = cell.isExpiring ? Int32(clamping: cell.localDeletionSeconds - nowInSeconds) : nil
      return ElementTimes(
        path: path, writeTimeMicroseconds: cell.timestampMicroseconds, timeToLiveSeconds: left)
    }
    // A list's paths sort as bytes, others by their type.
    let type = collection.keyType ?? .blob
    times.sort { type.compare($0.path, $1.path) < 0 }
    return times.isEmpty ? nil : times
  }

  private func fill(_ cells: [Cell], _ nowInSeconds: Int64, _ result: inout RowValues) {
    var index = 0
    while index < cells.count {
      let cell = cells[index]
      let slot = Int(cell.column) < slotOfColumn.count ? Int(slotOfColumn[Int(cell.column)]) : -1
      if slot >= 0, let collection = collections[slot] {
        var end = index + 1
        while end < cells.count, cells[end].column == cell.column { end += 1 }
        result.values[slot] = collection.collectionValue(of: cells[index..<end], nowInSeconds: nowInSeconds)
        if needsTimes {
          result.elementTimes[slot] = Self.elementTimes(cells[index..<end], collection, nowInSeconds: nowInSeconds)
        }
        index = end
        continue
      }
      index += 1
      guard slot >= 0, cell.isLive(nowInSeconds: nowInSeconds) else { continue }
      result.values[slot] = cell.value
      guard needsTimes else { continue }
      result.writeTimesMicroseconds[slot] = cell.timestampMicroseconds
      if cell.isExpiring {
        result.timesToLiveSeconds[slot] = Int32(clamping: cell.localDeletionSeconds - nowInSeconds)
      }
    }
  }
}
