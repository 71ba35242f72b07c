// Answers read commands on system tables as a replica answers them on stored ones.

import Base
import Data
import Ring

extension SystemView {
  /// What a replica would answer, out of the computed rows.
  func read(_ command: ReadCommand, _ table: Table) throws(QueryFailure) -> ReadResponse {
    let all: [Partition]
    do throws(DecodeError) { all = try partitions(of: table) } catch {
      throw .server("\(table.keyspace).\(table.name): \(error)")
    }
    var response = ReadResponse(partitions: [], hasMore: false)
    var left = command.rowLimit
    for partition in all {
      guard let after = Self.position(of: partition.key, in: command.scope) else { continue }
      guard left > 0 else {
        response.hasMore = true
        break
      }
      let rows = partition.entries.filter { entry in
        command.ranges.contains { $0.contains(entry.clustering) }
          && after.map { $0.lexicographicallyPrecedes(entry.clustering) } ?? true
      }
      let limit = min(left, command.rowLimitPerPartition)
      let kept = Array(command.isReversed ? rows.suffix(limit) : rows.prefix(limit))
      if rows.count > kept.count, kept.count == left { response.hasMore = true }
      left -= kept.count
      if !kept.isEmpty { response.partitions.append(Partition(key: partition.key, entries: kept)) }
    }
    return response
  }

  /// Nil where the scope leaves the partition out; else the clustering behind which its rows are wanted, if any.
  private static func position(of key: PartitionKey, in scope: ReadCommand.Scope) -> [UInt8]?? {
    switch scope {
    case .partition(let wanted): return wanted == key ? .some(nil) : nil
    case .range(let range, let cursor):
      guard range.contains(key.token) else { return nil }
      guard let cursor else { return .some(nil) }
      if cursor.key == key { return cursor.clustering.map { .some($0) } }
      return PartitionKey.precedes(cursor.key, key) ? .some(nil) : nil
    }
  }

  /// All partitions in the order of a scan.
  private func partitions(of table: Table) throws(DecodeError) -> [Partition] {
    var byKey: [[UInt8]: [Entry]] = [:]
    for row in rows(of: table) {
      var keys: [[UInt8]] = []
      for column in table.partitionKey { keys.append(Self.keyBytes(row, column)) }
      guard let key = PartitionKeyCodec.encode(keys) else { throw .badValue("system partition key") }
      byKey[key, default: []].append(try Self.entry(row, table))
    }
    let partitions = byKey.map { key, entries in
      Partition(
        key: PartitionKey(token: Murmur3.token(of: key), bytes: key), entries: entries.sorted(by: Entry.precedes))
    }
    return partitions.sorted { PartitionKey.precedes($0.key, $1.key) }
  }

  private static func keyBytes(_ row: SystemRow, _ column: Column) -> [UInt8] {
    if case .bytes(let bytes)? = row.values[column.name] { bytes } else { [] }
  }

  private static func entry(_ row: SystemRow, _ table: Table) throws(DecodeError) -> Entry {
    var clustering: [UInt8] = []
    for column in table.clustering {
      try ClusteringCodec.encode(
        keyBytes(row, column), type: column.type, isDescending: column.isDescending, to: &clustering)
    }
    var stored = Row(liveness: Liveness(timestampMicroseconds: 0))
    for column in table.regulars {
      switch row.values[column.name] {
      case nil: continue
      case .bytes(let bytes)?:
        stored.cells.append(Cell(column: column.id, timestampMicroseconds: 0, value: bytes))
      case .texts(let texts)?:
        for text in texts {
          stored.cells.append(Cell(column: column.id, path: Array(text.utf8), timestampMicroseconds: 0, value: []))
        }
      }
    }
    stored.normalize()
    return .row(clustering: clustering, stored)
  }
}
