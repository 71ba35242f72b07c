// Where a page ended, as the opaque bytes that a driver hands back for the next one: nothing is held between pages, so
// any node can go on. Version 1: [version][table id 16][incarnation 4][key token 8, key][flags][clustering?]
// [left of LIMIT?][left of PER PARTITION LIMIT?][checksum 4].
//
// The checksum (of the bytes before it) finds damage, not malice: a forged state can name no more than what a WHERE
// clause can, and every field of it is checked.

import Base
import Crypto
import Data
import Ring

struct PagingState: Equatable {
  /// The last row that was looked at; without a clustering the whole partition was.
  var cursor: ReadCursor
  /// Of LIMIT; nil where there is none.
  var limit: Int?
  /// Of PER PARTITION LIMIT in the cursor's partition.
  var perPartitionLimit: Int?
  /// A live row of the cursor's partition was met: its statics are no row of their own.
  var hasLiveRow = false

  private static let version: UInt8 = 1
  private static let checksumBytes = 4
  static let maxBytes = 1 << 20

  func encoded(for table: Table) -> [UInt8] {
    var writer = ByteWriter(reserving: 64 + cursor.key.bytes.count + (cursor.clustering?.count ?? 0))
    writer.uint8(Self.version)
    writer.uuid(table.id)
    writer.uint32(table.incarnation)
    writer.int64(cursor.key.token)
    writer.lengthPrefixed(cursor.key.bytes)
    var flags: UInt8 = cursor.clustering != nil ? 1 : 0
    if limit != nil { flags |= 2 }
    if perPartitionLimit != nil { flags |= 4 }
    if hasLiveRow { flags |= 8 }
    writer.uint8(flags)
    if let clustering = cursor.clustering { writer.lengthPrefixed(clustering) }
    if let limit { writer.varint(UInt64(limit)) }
    if let perPartitionLimit { writer.varint(UInt64(perPartitionLimit)) }
    writer.append(SHA256.digest(writer.bytes)[..<Self.checksumBytes])
    return writer.take()
  }

  /// - Throws: a protocol error for bytes that `encoded` did not make for this table.
  init(_ bytes: [UInt8], for table: Table) throws(QueryFailure) {
    let body = bytes.count - Self.checksumBytes
    guard body > 0, bytes.count <= Self.maxBytes,
      Array(SHA256.digest(Array(bytes[..<body]))[..<Self.checksumBytes]) == Array(bytes[body...])
    else { throw .badPagingState }
    let decoded: PagingState?
    do throws(DecodeError) {
      decoded = try Array(bytes[..<body]).withReader { (reader: inout ByteReader) throws(DecodeError) in
        try Self.decode(from: &reader, table)
      }
    } catch { throw .badPagingState }
    guard let decoded else { throw .badPagingState }
    self = decoded
  }

  init(cursor: ReadCursor, limit: Int? = nil, perPartitionLimit: Int? = nil, hasLiveRow: Bool = false) {
    self.cursor = cursor
    self.hasLiveRow = hasLiveRow
    self.limit = limit
    self.perPartitionLimit = perPartitionLimit
  }

  private static func decode(from reader: inout ByteReader, _ table: Table) throws(DecodeError) -> PagingState? {
    guard try reader.uint8() == version, try reader.uuid() == table.id else { return nil }
    // A table that was truncated between two pages has no rows behind the cursor, but the cursor is right.
    _ = try reader.uint32()
    let token = try reader.int64()
    let key = PartitionKey(token: token, bytes: try reader.lengthPrefixed(max: Partition.maxKeyBytes))
    guard Murmur3.token(of: key.bytes) == token else { return nil }
    let flags = try reader.uint8()
    guard flags < 16 else { return nil }
    var state = PagingState(cursor: ReadCursor(key: key, clustering: nil))
    state.hasLiveRow = flags & 8 != 0
    if flags & 1 != 0 { state.cursor.clustering = try reader.lengthPrefixed(max: 4 * Partition.maxKeyBytes) }
    if flags & 2 != 0 { state.limit = try number(from: &reader) }
    if flags & 4 != 0 { state.perPartitionLimit = try number(from: &reader) }
    try reader.expectEnd()
    return state
  }

  private static func number(from reader: inout ByteReader) throws(DecodeError) -> Int {
    // A state is only given out while something is left; nothing left would be counted down below zero.
    guard let value = Int(exactly: try reader.varint()), value > 0 else { throw .badValue("paging limit") }
    return value
  }
}

extension QueryFailure {
  static var badPagingState: QueryFailure { .protocolViolation("Invalid value for the paging state") }
}
