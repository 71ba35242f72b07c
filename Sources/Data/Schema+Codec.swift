// The schema as one record: what a node keeps on disk and sends to a node whose epoch is lower.
// Version 2: epoch, the shared secret, then keyspaces by name, each with its tables by name. Version 1 had no secret.

import Base

extension Schema {
  static let formatVersion: UInt8 = 2
  static let maxKeyspaces = 10_000
  static let maxTables = 100_000
  static let maxColumns = 32_768
  static let maxOptions = 1_000

  public func encode(to writer: inout ByteWriter) {
    writer.uint8(Self.formatVersion)
    writer.uint32(epoch)
    writer.lengthPrefixed(secret)
    writer.count(keyspaces.count)
    for (_, keyspace) in keyspaces.sorted(by: { $0.key < $1.key }) {
      writer.lengthPrefixed(keyspace.name)
      writer.uint8(keyspace.replication.strategy.rawValue)
      writer.count(keyspace.replication.factors.count)
      for (name, factor) in keyspace.replication.factors.sorted(by: { $0.key < $1.key }) {
        writer.lengthPrefixed(name)
        writer.count(factor)
      }
      writer.uint8(keyspace.durableWrites ? 1 : 0)
      writer.count(keyspace.tables.count)
      for (_, table) in keyspace.tables.sorted(by: { $0.key < $1.key }) { table.encode(to: &writer) }
    }
  }

  public convenience init(from reader: inout ByteReader) throws(DecodeError) {
    let version = try reader.uint8()
    guard (1...Self.formatVersion).contains(version) else { throw .badValue("schema version") }
    let epoch = try reader.uint32()
    let secret = version >= 2 ? try reader.lengthPrefixed(max: Self.maxSecretBytes) : []
    var keyspaces: [String: Keyspace] = [:]
    for _ in 0..<(try reader.count(max: Self.maxKeyspaces)) {
      let name = try reader.lengthPrefixedString()
      guard let strategy = Replication.Strategy(rawValue: try reader.uint8()) else { throw .badValue("strategy") }
      var factors: [String: Int] = [:]
      for _ in 0..<(try reader.count(max: Self.maxOptions)) {
        let key = try reader.lengthPrefixedString()
        factors[key] = try reader.count(max: 1_000_000)
      }
      let isDurable = try reader.uint8() != 0
      var tables: [String: Table] = [:]
      for _ in 0..<(try reader.count(max: Self.maxTables)) {
        let table = try Table.decode(keyspace: name, from: &reader)
        tables[table.name] = table
      }
      keyspaces[name] = Keyspace(
        name: name, replication: Replication(strategy: strategy, factors: factors), durableWrites: isDurable,
        tables: tables)
    }
    self.init(epoch: epoch, keyspaces: keyspaces, secret: secret)
  }
}

extension Table {
  func encode(to writer: inout ByteWriter) {
    writer.uuid(id)
    writer.uint32(incarnation)
    writer.lengthPrefixed(name)
    writer.uint16(nextColumnID)
    writer.count(columns.count)
    for column in columns {
      writer.lengthPrefixed(column.name)
      column.type.encode(to: &writer)
      writer.uint8(column.kind.rawValue)
      writer.count(column.position)
      writer.uint16(column.id)
      writer.uint8(column.isDescending ? 1 : 0)
    }
    writer.lengthPrefixed(options.comment)
    writer.int32(options.defaultTimeToLiveSeconds)
    writer.int32(options.gcGraceSeconds)
    writer.count(options.others.count)
    for (name, text) in options.others.sorted(by: { $0.key < $1.key }) {
      writer.lengthPrefixed(name)
      writer.lengthPrefixed(text)
    }
  }

  static func decode(keyspace: String, from reader: inout ByteReader) throws(DecodeError) -> Table {
    let id = try reader.uuid()
    let incarnation = try reader.uint32()
    let name = try reader.lengthPrefixedString()
    let nextColumnID = try reader.uint16()
    var columns: [Column] = []
    for _ in 0..<(try reader.count(max: Schema.maxColumns)) {
      let name = try reader.lengthPrefixedString()
      let type = try CQLType(from: &reader)
      guard let kind = ColumnKind(rawValue: try reader.uint8()) else { throw .badValue("column kind") }
      let position = try reader.count(max: Schema.maxColumns)
      let id = try reader.uint16()
      let isDescending = try reader.uint8() != 0
      columns.append(
        Column(name: name, type: type, kind: kind, position: position, id: id, isDescending: isDescending))
    }
    var options = TableOptions()
    options.comment = try reader.lengthPrefixedString()
    options.defaultTimeToLiveSeconds = try reader.int32()
    options.gcGraceSeconds = try reader.int32()
    for _ in 0..<(try reader.count(max: Schema.maxOptions)) {
      let name = try reader.lengthPrefixedString()
      options.others[name] = try reader.lengthPrefixedString()
    }
    return Table(
      id: id, incarnation: incarnation, keyspace: keyspace, name: name, columns: columns, options: options,
      nextColumnID: nextColumnID)
  }
}

extension Schema {
  public var encoded: [UInt8] {
    var writer = ByteWriter()
    encode(to: &writer)
    return writer.take()
  }

  public convenience init(encoded bytes: [UInt8]) throws(DecodeError) {
    var reader = unsafe ByteReader(bytes.span.bytes)
    try self.init(from: &reader)
    try reader.expectEnd()
  }
}
