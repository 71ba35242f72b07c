// What is asked of a replica: partitions of one table, by key or by range of tokens, and which rows of them.

import Base

/// Clusterings in `start..<end`, compared as bytes; an empty `end` is "to the last".
public struct ClusteringRange: Hashable, Sendable {
  public var start: [UInt8]
  public var end: [UInt8]

  public init(start: [UInt8], end: [UInt8]) {
    self.start = start
    self.end = end
  }

  public static let all = ClusteringRange(start: [], end: [])

  public func contains(_ clustering: [UInt8]) -> Bool {
    !clustering.lexicographicallyPrecedes(start) && (end.isEmpty || clustering.lexicographicallyPrecedes(end))
  }
}

/// Where a page ended: behind this row of this partition, or (no clustering) behind the whole partition.
public struct ReadCursor: Hashable, Sendable {
  public var key: PartitionKey
  public var clustering: [UInt8]?

  public init(key: PartitionKey, clustering: [UInt8]?) {
    self.key = key
    self.clustering = clustering
  }
}

/// Rows come whole: a column left out would make answers that cannot be compared with others' nor repaired from.
public struct ReadCommand: Equatable, Sendable {
  public enum Scope: Equatable, Sendable {
    case partition(PartitionKey)
    /// All partitions of the range, in order of token, behind the cursor where there is one.
    case range(TokenRange, after: ReadCursor?)
  }

  public static let maxRanges = 65_535

  public var table: UUID
  public var incarnation: UInt32
  public var scope: Scope
  /// Sorted and disjoint, in the order of the bytes whatever the direction. Empty: no row (statics alone).
  public var ranges: [ClusteringRange]
  /// From the last clustering to the first.
  public var isReversed: Bool
  public var wantsStatics: Bool
  /// Live rows in the whole answer; a partition that has only live statics counts as one.
  public var rowLimit: Int
  public var rowLimitPerPartition: Int
  /// The coordinator's clock in seconds since 1970: what has expired is judged by it alone, or replicas would differ.
  public var nowInSeconds: Int64

  public init(
    table: UUID, incarnation: UInt32, scope: Scope, ranges: [ClusteringRange] = [.all], isReversed: Bool = false,
    wantsStatics: Bool = true, rowLimit: Int = .max, rowLimitPerPartition: Int = .max,
    nowInSeconds: Int64
  ) {
    self.table = table
    self.incarnation = incarnation
    self.scope = scope
    self.ranges = ranges
    self.isReversed = isReversed
    self.wantsStatics = wantsStatics
    self.rowLimit = rowLimit
    self.rowLimitPerPartition = rowLimitPerPartition
    self.nowInSeconds = nowInSeconds
  }
}

extension ReadCommand {
  public func encode(to writer: inout ByteWriter) {
    writer.uuid(table)
    writer.uint32(incarnation)
    switch scope {
    case .partition(let key):
      writer.uint8(0)
      encode(key, to: &writer)
    case .range(let range, let cursor):
      writer.uint8(cursor == nil ? 1 : cursor?.clustering == nil ? 2 : 3)
      writer.int64(range.first)
      writer.int64(range.last)
      if let cursor {
        encode(cursor.key, to: &writer)
        if let clustering = cursor.clustering { writer.lengthPrefixed(clustering) }
      }
    }
    writer.count(ranges.count)
    for range in ranges {
      writer.lengthPrefixed(range.start)
      writer.lengthPrefixed(range.end)
    }
    writer.uint8((isReversed ? 1 : 0) | (wantsStatics ? 2 : 0))
    writer.varint(UInt64(rowLimit))
    writer.varint(UInt64(rowLimitPerPartition))
    writer.int64(nowInSeconds)
  }

  private func encode(_ key: PartitionKey, to writer: inout ByteWriter) {
    writer.int64(key.token)
    writer.lengthPrefixed(key.bytes)
  }

  private static func decodeKey(from reader: inout ByteReader) throws(DecodeError) -> PartitionKey {
    let token = try reader.int64()
    return PartitionKey(token: token, bytes: try reader.lengthPrefixed(max: Partition.maxKeyBytes))
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    let table = try reader.uuid()
    let incarnation = try reader.uint32()
    let kind = try reader.uint8()
    let scope: Scope
    switch kind {
    case 0: scope = .partition(try Self.decodeKey(from: &reader))
    case 1, 2, 3:
      let first = try reader.int64()
      let last = try reader.int64()
      guard first <= last else { throw .badValue("token range") }
      var cursor: ReadCursor?
      if kind > 1 {
        let key = try Self.decodeKey(from: &reader)
        cursor = ReadCursor(
          key: key, clustering: kind == 3 ? try reader.lengthPrefixed(max: 4 * Partition.maxKeyBytes) : nil)
      }
      scope = .range(TokenRange(first: first, last: last), after: cursor)
    default: throw .badValue("read scope")
    }
    var ranges: [ClusteringRange] = []
    for _ in 0..<(try reader.count(max: Self.maxRanges)) {
      let start = try reader.lengthPrefixed(max: 4 * Partition.maxKeyBytes)
      ranges.append(ClusteringRange(start: start, end: try reader.lengthPrefixed(max: 4 * Partition.maxKeyBytes)))
    }
    let flags = try reader.uint8()
    let rowLimit = Int(clamping: try reader.varint())
    let perPartition = Int(clamping: try reader.varint())
    self.init(
      table: table, incarnation: incarnation, scope: scope, ranges: ranges, isReversed: flags & 1 != 0,
      wantsStatics: flags & 2 != 0, rowLimit: rowLimit, rowLimitPerPartition: perPartition,
      nowInSeconds: try reader.int64())
  }
}

/// A replica's answer: what it has within the command, deletions included, so that answers can be merged.
public struct ReadResponse: Equatable, Sendable {
  public static let maxPartitions = 1_000_000

  /// In order of token and key.
  public var partitions: [Partition]
  /// True when a limit ended the answer and there may be more behind it.
  public var hasMore: Bool
  /// Of a merge that has more: where it ends, which its rows need not show, since another replica's deletion may hide
  /// the row at which the first replica stopped. A replica's own answer ends behind its last row; this does not travel.
  public var mergedEnd: ReadCursor?

  public init(partitions: [Partition], hasMore: Bool, mergedEnd: ReadCursor? = nil) {
    self.partitions = partitions
    self.hasMore = hasMore
    self.mergedEnd = mergedEnd
  }

  public func encode(to writer: inout ByteWriter) {
    writer.uint8(hasMore ? 1 : 0)
    writer.count(partitions.count)
    for partition in partitions { partition.encode(to: &writer) }
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    hasMore = try reader.uint8() != 0
    partitions = []
    for _ in 0..<(try reader.count(max: Self.maxPartitions)) { partitions.append(try Partition(from: &reader)) }
  }
}

extension Partition {
  /// Rows that a reader sees; a partition with live statics and no live row counts as one. Entries that cannot be
  /// decoded count as none: whoever shows them finds out.
  public func liveRows(nowInSeconds: Int64) -> Int {
    let rows = liveRowsProper(nowInSeconds: nowInSeconds)
    guard rows == 0, let statics = entries.first(where: { $0.kind == .staticRow }) else { return rows }
    return statics.isLive(nowInSeconds: nowInSeconds) ? 1 : 0
  }

  /// As `liveRows`, but statics alone are none.
  func liveRowsProper(nowInSeconds: Int64) -> Int {
    entries.count { $0.kind == .row && $0.isLive(nowInSeconds: nowInSeconds) }
  }
}

extension Entry {
  fileprivate func isLive(nowInSeconds: Int64) -> Bool {
    EntryCodec.isPlainlyLive(value) || (try? row())?.isLive(nowInSeconds: nowInSeconds) ?? false
  }
}
