// What a node must not forget over a restart, in one synced record: who it is, the schema, whom it knew.

import Base
import Data
import Ring

/// Written before anything in it is announced.
public struct NodeRecord: Sendable {
  static let formatVersion: UInt8 = 1
  static let maxMembers = 10_000
  static let maxTokens = 4096

  public var clusterName: String
  public var hostID: UUID
  public var tokens: [Token]
  /// The gossip generation of the last life.
  public var generation: Int64
  public var schema: Schema
  /// The other members, as last heard of.
  public var members: [Member]

  public init(
    clusterName: String, hostID: UUID, tokens: [Token], generation: Int64, schema: Schema, members: [Member]
  ) {
    self.clusterName = clusterName
    self.hostID = hostID
    self.tokens = tokens
    self.generation = generation
    self.schema = schema
    self.members = members
  }

  public var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.uint8(Self.formatVersion)
    writer.lengthPrefixed(clusterName)
    writer.uuid(hostID)
    writer.count(tokens.count)
    for token in tokens { writer.int64(token) }
    writer.int64(generation)
    schema.encode(to: &writer)
    writer.count(members.count)
    for member in members { member.encode(to: &writer) }
    return writer.take()
  }

  public init(decoding bytes: [UInt8]) throws(DecodeError) {
    self = try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in try NodeRecord(from: &reader) }
  }

  private init(from reader: inout ByteReader) throws(DecodeError) {
    guard try reader.uint8() == Self.formatVersion else { throw .badValue("node record version") }
    clusterName = try reader.lengthPrefixedString()
    hostID = try reader.uuid()
    tokens = []
    for _ in 0..<(try reader.count(max: Self.maxTokens)) { tokens.append(try reader.int64()) }
    generation = try reader.int64()
    schema = try Schema(from: &reader)
    members = []
    for _ in 0..<(try reader.count(max: Self.maxMembers)) { members.append(try Member(from: &reader)) }
    try reader.expectEnd()
  }
}
