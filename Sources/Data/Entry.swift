// A partition as it travels and as it is stored: entries in order of kind, then clustering. `Mutation` and a read's
// answer are both partitions; a read repair is the difference of two.

import Base

/// One share of one row, or a deletion.
public struct Entry: Equatable, Sendable {
  public var kind: EntryKind
  /// Ordered clustering bytes of a row (`ClusteringCodec`); the start of a range deletion; empty for the others.
  public var clustering: [UInt8]
  /// A row (`EntryCodec`); of a partition deletion the deletion; of a range deletion its end and the deletion.
  public var value: [UInt8]

  public init(kind: EntryKind, clustering: [UInt8], value: [UInt8]) {
    self.kind = kind
    self.clustering = clustering
    self.value = value
  }

  public static func row(clustering: [UInt8], _ row: Row) -> Entry {
    Entry(kind: .row, clustering: clustering, value: EntryCodec.encode(row))
  }

  public static func staticRow(_ row: Row) -> Entry {
    Entry(kind: .staticRow, clustering: [], value: EntryCodec.encode(row))
  }

  public static func partitionDeletion(_ deletion: Deletion) -> Entry {
    var writer = ByteWriter(reserving: 16)
    EntryCodec.encode(deletion, to: &writer)
    return Entry(kind: .partitionDeletion, clustering: [], value: writer.take())
  }

  public static func rangeDeletion(_ range: RangeDeletion) -> Entry {
    var writer = ByteWriter(reserving: 24 + range.end.count)
    writer.lengthPrefixed(range.end)
    EntryCodec.encode(range.deletion, to: &writer)
    return Entry(kind: .rangeDeletion, clustering: range.start, value: writer.take())
  }

  /// Of kinds `row` and `staticRow`.
  public func row() throws(DecodeError) -> Row { try EntryCodec.decodeRow(value) }

  /// Of kind `partitionDeletion`.
  public func deletion() throws(DecodeError) -> Deletion {
    try value.withReader { (reader: inout ByteReader) throws(DecodeError) in
      let deletion = try EntryCodec.decodeDeletion(from: &reader)
      try reader.expectEnd()
      return deletion
    }
  }

  /// Of kind `rangeDeletion`.
  public func rangeDeletion() throws(DecodeError) -> RangeDeletion {
    let start = clustering
    return try value.withReader { (reader: inout ByteReader) throws(DecodeError) in
      let end = try reader.lengthPrefixed(max: 4 * Partition.maxKeyBytes)
      let deletion = try EntryCodec.decodeDeletion(from: &reader)
      try reader.expectEnd()
      return RangeDeletion(start: start, end: end, deletion: deletion)
    }
  }

  public static func precedes(_ a: Entry, _ b: Entry) -> Bool {
    a.kind != b.kind ? a.kind.rawValue < b.kind.rawValue : a.clustering.lexicographicallyPrecedes(b.clustering)
  }
}

/// A partition's key and where it lies.
public struct PartitionKey: Hashable, Sendable {
  public var token: Token
  /// Cassandra's serialized form: one column's value as it is; of several each with its 2-byte length before and a
  /// zero byte behind it.
  public var bytes: [UInt8]

  public init(token: Token, bytes: [UInt8]) {
    self.token = token
    self.bytes = bytes
  }

  /// The order of a scan: by token, then key.
  public static func precedes(_ a: PartitionKey, _ b: PartitionKey) -> Bool {
    a.token != b.token ? a.token < b.token : a.bytes.lexicographicallyPrecedes(b.bytes)
  }
}

public struct Partition: Equatable, Sendable {
  /// Of a partition key or a clustering, as Cassandra bounds them.
  public static let maxKeyBytes = 65_535
  public static let maxEntries = 4_000_000

  public var key: PartitionKey
  /// Of a read's answer in order, each place once; of a mutation in any order.
  public var entries: [Entry]

  public init(key: PartitionKey, entries: [Entry]) {
    self.key = key
    self.entries = entries
  }

  public func encode(to writer: inout ByteWriter) {
    writer.int64(key.token)
    writer.lengthPrefixed(key.bytes)
    writer.count(entries.count)
    for entry in entries {
      writer.uint8(entry.kind.rawValue)
      writer.lengthPrefixed(entry.clustering)
      writer.lengthPrefixed(entry.value)
    }
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    let token = try reader.int64()
    key = PartitionKey(token: token, bytes: try reader.lengthPrefixed(max: Self.maxKeyBytes))
    entries = []
    let count = try reader.count(max: Self.maxEntries)
    // Three bytes are the least an entry takes, so a lying count reserves no memory.
    entries.reserveCapacity(min(count, reader.remaining / 3))
    for _ in 0..<count {
      guard let kind = EntryKind(rawValue: try reader.uint8()) else { throw .badValue("entry kind") }
      let clustering = try reader.lengthPrefixed(max: 4 * Self.maxKeyBytes)
      entries.append(
        Entry(
          kind: kind, clustering: clustering, value: try reader.lengthPrefixed(max: EntryCodec.maxValueBytes)))
    }
  }
}

/// A change of one partition of one table.
public struct Mutation: Equatable, Sendable {
  public var table: UUID
  public var incarnation: UInt32
  public var partition: Partition

  public init(table: UUID, incarnation: UInt32, partition: Partition) {
    self.table = table
    self.incarnation = incarnation
    self.partition = partition
  }

  public func encode(to writer: inout ByteWriter) {
    writer.uuid(table)
    writer.uint32(incarnation)
    partition.encode(to: &writer)
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    table = try reader.uuid()
    incarnation = try reader.uint32()
    partition = try Partition(from: &reader)
  }
}
