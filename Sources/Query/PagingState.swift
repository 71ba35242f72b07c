// Where a page ended, as the opaque bytes that a driver hands back for the next one: nothing is held between pages, so
// any node can go on. Version 2: [version][table id 16][key token 8, key][flags][clustering?]
// [left of LIMIT?][left of PER PARTITION LIMIT?][seal 16].
//
// The seal is HMAC-SHA256, cut to 16 bytes, under the secret that the cluster's nodes share in their schema record,
// over the statement's id and the bytes before it: a state that no node made, or one of another statement, is refused.
// It outlives the node that made it. Cassandra's state has no seal (service/pager/PagingState.java), and its bytes may
// be written by anybody.

import Base
import Crypto
import Data
import Ring

/// Makes and recognises seals; the same for one statement's pages on every node.
struct PagingSeal {
  static let bytes = 16
  private static let label = Array("marquee paging state".utf8)

  var secret: [UInt8]
  /// Its id, or what it would be if the statement was not prepared.
  var statement: PreparedStatement

  func seal(_ body: [UInt8]) -> [UInt8] {
    Array(hmacSHA256(key: secret, Self.label + statement.pagingID.bytes + body)[..<Self.bytes])
  }

  /// The bytes in front of a seal that is right; nil for any other.
  func opened(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count > Self.bytes, bytes.count <= PagingState.maxBytes else { return nil }
    let body = Array(bytes[..<(bytes.count - Self.bytes)])
    return equalInConstantTime(seal(body), Array(bytes[body.count...])) ? body : nil
  }
}

public struct PagingState: Equatable {
  /// Of the table the state belongs to.
  public var table: UUID
  /// The last row that was looked at; without a clustering the whole partition was.
  public var cursor: ReadCursor
  /// Of LIMIT; nil where there is none.
  public var limit: Int?
  /// Of PER PARTITION LIMIT in the cursor's partition.
  public var perPartitionLimit: Int?
  /// A live row of the cursor's partition was met: its statics are no row of their own.
  public var hasLiveRow = false

  private static let version: UInt8 = 2
  static let maxBytes = 1 << 20

  init(table: UUID, cursor: ReadCursor, limit: Int? = nil, perPartitionLimit: Int? = nil, hasLiveRow: Bool = false) {
    self.table = table
    self.cursor = cursor
    self.hasLiveRow = hasLiveRow
    self.limit = limit
    self.perPartitionLimit = perPartitionLimit
  }

  // MARK: - With a seal

  func encoded(_ seal: PagingSeal) -> [UInt8] {
    let body = encoded
    return body + seal.seal(body)
  }

  /// - Throws: a protocol error for bytes that `encoded` did not make for this statement and table.
  init(_ bytes: [UInt8], for table: Table, _ seal: PagingSeal) throws(QueryFailure) {
    guard let body = seal.opened(bytes) else { throw .badPagingState }
    do throws(DecodeError) { self = try PagingState(decoding: body) } catch { throw .badPagingState }
    guard self.table == table.id else { throw .badPagingState }
  }

  // MARK: - Without

  public var encoded: [UInt8] {
    var writer = ByteWriter(reserving: 64 + cursor.key.bytes.count + (cursor.clustering?.count ?? 0))
    writer.uint8(Self.version)
    writer.uuid(table)
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
    return writer.take()
  }

  /// The pure decoder: any bytes are a state or an error.
  public init(decoding body: [UInt8]) throws(DecodeError) {
    self = try body.withReader { (reader: inout ByteReader) throws(DecodeError) in try PagingState(from: &reader) }
  }

  private init(from reader: inout ByteReader) throws(DecodeError) {
    guard try reader.uint8() == Self.version else { throw .badValue("paging state version") }
    table = try reader.uuid()
    let token = try reader.int64()
    let key = PartitionKey(token: token, bytes: try reader.lengthPrefixed(max: Partition.maxKeyBytes))
    guard Murmur3.token(of: key.bytes) == token else { throw .badValue("paging token") }
    let flags = try reader.uint8()
    guard flags < 16 else { throw .badValue("paging flags") }
    cursor = ReadCursor(key: key, clustering: nil)
    hasLiveRow = flags & 8 != 0
    if flags & 1 != 0 { cursor.clustering = try reader.lengthPrefixed(max: 4 * Partition.maxKeyBytes) }
    if flags & 2 != 0 { limit = try Self.number(from: &reader) }
    if flags & 4 != 0 { perPartitionLimit = try Self.number(from: &reader) }
    try reader.expectEnd()
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
