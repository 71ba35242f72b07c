// What a server tells without being asked (v4.spec section 4.2.6); SCHEMA_CHANGE is also the result of a DDL statement.

import Base

/// What a client REGISTERs for.
public enum EventType: String, Sendable, CaseIterable {
  case topologyChange = "TOPOLOGY_CHANGE"
  case statusChange = "STATUS_CHANGE"
  case schemaChange = "SCHEMA_CHANGE"
}

/// A keyspace or a table was created, updated or dropped.
public struct SchemaChangeMessage: Equatable, Sendable {
  /// CREATED, UPDATED or DROPPED.
  public var change: String
  /// KEYSPACE, TABLE or TYPE.
  public var target: String
  public var keyspace: String
  /// Of the table or type; not sent for a keyspace.
  public var name: String

  public init(change: String, target: String, keyspace: String, name: String = "") {
    self.change = change
    self.target = target
    self.keyspace = keyspace
    self.name = name
  }

  func encode(to writer: inout ByteWriter) {
    writer.shortString(change)
    writer.shortString(target)
    writer.shortString(keyspace)
    if target != "KEYSPACE" { writer.shortString(name) }
  }

  init(from reader: inout ByteReader) throws(DecodeError) {
    change = try reader.shortString()
    target = try reader.shortString()
    keyspace = try reader.shortString()
    name = target == "KEYSPACE" ? "" : try reader.shortString()
  }
}

public enum ServerEvent: Equatable, Sendable {
  public enum Topology: String, Sendable {
    case newNode = "NEW_NODE"
    case removedNode = "REMOVED_NODE"
  }
  public enum Status: String, Sendable {
    case up = "UP"
    case down = "DOWN"
  }

  case topologyChange(Topology, InetAddress)
  case statusChange(Status, InetAddress)
  case schemaChange(SchemaChangeMessage)

  public var type: EventType {
    switch self {
    case .topologyChange: .topologyChange
    case .statusChange: .statusChange
    case .schemaChange: .schemaChange
    }
  }

  func encode(to writer: inout ByteWriter) {
    writer.shortString(type.rawValue)
    switch self {
    case .topologyChange(let change, let address):
      writer.shortString(change.rawValue)
      writer.inet(address)
    case .statusChange(let change, let address):
      writer.shortString(change.rawValue)
      writer.inet(address)
    case .schemaChange(let change): change.encode(to: &writer)
    }
  }

  init(from reader: inout ByteReader) throws(DecodeError) {
    guard let type = EventType(rawValue: try reader.shortString()) else { throw .badValue("event type") }
    switch type {
    case .topologyChange:
      guard let change = Topology(rawValue: try reader.shortString()) else { throw .badValue("topology change") }
      self = .topologyChange(change, try reader.inet())
    case .statusChange:
      guard let change = Status(rawValue: try reader.shortString()) else { throw .badValue("status change") }
      self = .statusChange(change, try reader.inet())
    case .schemaChange: self = .schemaChange(try SchemaChangeMessage(from: &reader))
    }
  }
}
