// One mutation's share of one row as bytes: the same in LevelDB, on the internode wire and in a hint, so that a
// replica's write is nearly a copy. Equal rows give equal bytes (cells in order, one way to write each), so replicas'
// answers are compared without decoding.
//
// Row: flags, base timestamp (8), [ttl, expiry of the liveness], [deletion], [collection deletions], cells.
// A cell: column, flags, [timestamp - base], [ttl], [local deletion time], [path], [value]. Integers are varints.

import Base

/// What an entry is about; also its order within a partition.
public enum EntryKind: UInt8, Sendable {
  case partitionDeletion = 1
  case rangeDeletion = 2
  case staticRow = 3
  case row = 4
}

/// A deletion of all rows whose clustering lies in `start..<end`.
public struct RangeDeletion: Equatable, Sendable {
  public var start: [UInt8]
  public var end: [UInt8]
  public var deletion: Deletion

  public init(start: [UInt8], end: [UInt8], deletion: Deletion) {
    self.start = start
    self.end = end
    self.deletion = deletion
  }
}

public enum EntryCodec {
  public static let maxCells = 1_000_000
  public static let maxValueBytes = 256 << 20

  private enum RowFlag {
    static let liveness: UInt8 = 1
    static let expiringLiveness: UInt8 = 2
    static let deletion: UInt8 = 4
    static let collectionDeletions: UInt8 = 8
    static let known: UInt8 = 15
  }

  private enum CellFlag {
    static let tombstone: UInt8 = 1
    static let expiring: UInt8 = 2
    static let path: UInt8 = 4
    static let baseTimestamp: UInt8 = 8
    static let known: UInt8 = 15
  }

  // MARK: Rows

  public static func encode(_ row: Row, to writer: inout ByteWriter) {
    var flags: UInt8 = 0
    if row.liveness != nil { flags |= RowFlag.liveness }
    if let liveness = row.liveness, liveness.ttlSeconds > 0 { flags |= RowFlag.expiringLiveness }
    if row.deletion != nil { flags |= RowFlag.deletion }
    if !row.collectionDeletions.isEmpty { flags |= RowFlag.collectionDeletions }
    let base = row.liveness?.timestampMicroseconds ?? row.cells.first?.timestampMicroseconds ?? 0
    writer.uint8(flags)
    writer.int64(base)
    if let liveness = row.liveness, liveness.ttlSeconds > 0 {
      writer.varint(UInt64(liveness.ttlSeconds))
      writer.signedVarint(liveness.expirySeconds)
    }
    if let deletion = row.deletion { encode(deletion, to: &writer) }
    if !row.collectionDeletions.isEmpty {
      writer.count(row.collectionDeletions.count)
      for part in row.collectionDeletions {
        writer.varint(UInt64(part.column))
        encode(part.deletion, to: &writer)
      }
    }
    writer.count(row.cells.count)
    for cell in row.cells { encode(cell, base: base, to: &writer) }
  }

  public static func encode(_ row: Row) -> [UInt8] {
    var writer = ByteWriter(reserving: 32 + row.cells.reduce(0) { $0 + 8 + ($1.value?.count ?? 0) })
    encode(row, to: &writer)
    return writer.take()
  }

  private static func encode(_ cell: Cell, base: Int64, to writer: inout ByteWriter) {
    var flags: UInt8 = 0
    if cell.isTombstone { flags |= CellFlag.tombstone }
    if cell.isExpiring { flags |= CellFlag.expiring }
    if cell.path != nil { flags |= CellFlag.path }
    if cell.timestampMicroseconds == base { flags |= CellFlag.baseTimestamp }
    writer.varint(UInt64(cell.column))
    writer.uint8(flags)
    if cell.timestampMicroseconds != base { writer.signedVarint(cell.timestampMicroseconds &- base) }
    if cell.isExpiring { writer.varint(UInt64(cell.ttlSeconds)) }
    if cell.isTombstone || cell.isExpiring { writer.signedVarint(cell.localDeletionSeconds) }
    if let path = cell.path { writer.lengthPrefixed(path) }
    if let value = cell.value { writer.lengthPrefixed(value) }
  }

  public static func decodeRow(_ bytes: [UInt8]) throws(DecodeError) -> Row {
    try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      let row = try decodeRow(from: &reader)
      try reader.expectEnd()
      return row
    }
  }

  public static func decodeRow(from reader: inout ByteReader) throws(DecodeError) -> Row {
    let flags = try reader.uint8()
    guard flags & ~RowFlag.known == 0 else { throw .badValue("row flags") }
    let base = try reader.int64()
    var row = Row()
    if flags & RowFlag.liveness != 0 {
      row.liveness = Liveness(timestampMicroseconds: base)
      if flags & RowFlag.expiringLiveness != 0 {
        row.liveness?.ttlSeconds = try ttl(from: &reader)
        row.liveness?.expirySeconds = try reader.signedVarint()
      }
    } else if flags & RowFlag.expiringLiveness != 0 {
      throw .badValue("row flags")
    }
    if flags & RowFlag.deletion != 0 { row.deletion = try decodeDeletion(from: &reader) }
    if flags & RowFlag.collectionDeletions != 0 {
      for _ in 0..<(try reader.count(max: maxCells)) {
        let column = try columnID(from: &reader)
        row.collectionDeletions.append(
          CollectionDeletion(column: column, deletion: try decodeDeletion(from: &reader)))
      }
    }
    let count = try reader.count(max: maxCells)
    row.cells.reserveCapacity(min(count, reader.remaining))
    for _ in 0..<count { row.cells.append(try decodeCell(base: base, from: &reader)) }
    return row
  }

  private static func ttl(from reader: inout ByteReader) throws(DecodeError) -> Int32 {
    guard let value = Int32(exactly: try reader.varint()), value > 0 else { throw .badValue("time to live") }
    return value
  }

  private static func columnID(from reader: inout ByteReader) throws(DecodeError) -> UInt16 {
    guard let value = UInt16(exactly: try reader.varint()) else { throw .badValue("column id") }
    return value
  }

  private static func decodeCell(base: Int64, from reader: inout ByteReader) throws(DecodeError) -> Cell {
    let column = try columnID(from: &reader)
    let flags = try reader.uint8()
    guard flags & ~CellFlag.known == 0 else { throw .badValue("cell flags") }
    let isTombstone = flags & CellFlag.tombstone != 0
    let isExpiring = flags & CellFlag.expiring != 0
    guard !(isTombstone && isExpiring) else { throw .badValue("cell flags") }
    var cell = Cell(column: column, timestampMicroseconds: base, value: nil)
    if flags & CellFlag.baseTimestamp == 0 { cell.timestampMicroseconds = base &+ (try reader.signedVarint()) }
    if isExpiring { cell.ttlSeconds = try ttl(from: &reader) }
    if isExpiring || isTombstone { cell.localDeletionSeconds = try reader.signedVarint() }
    if flags & CellFlag.path != 0 { cell.path = try reader.lengthPrefixed(max: maxValueBytes) }
    if !isTombstone { cell.value = try reader.lengthPrefixed(max: maxValueBytes) }
    return cell
  }

  /// True where the bytes alone say that a reader sees the row: an INSERT without a time to live and nothing deleted.
  /// False says nothing.
  public static func isPlainlyLive(_ row: [UInt8]) -> Bool {
    guard let flags = row.first else { return false }
    return flags & RowFlag.liveness != 0 && flags & RowFlag.expiringLiveness == 0
  }

  // MARK: Deletions

  public static func encode(_ deletion: Deletion, to writer: inout ByteWriter) {
    writer.int64(deletion.timestampMicroseconds)
    writer.signedVarint(deletion.localDeletionSeconds)
  }

  public static func decodeDeletion(from reader: inout ByteReader) throws(DecodeError) -> Deletion {
    let timestamp = try reader.int64()
    return Deletion(timestampMicroseconds: timestamp, localDeletionSeconds: try reader.signedVarint())
  }
}
