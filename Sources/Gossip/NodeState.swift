// What a node says of itself and the others pass on.

import Base
import Ring

/// One node's state; of two the one with the greater generation, then the greater version, is the newer.
public struct NodeState: Equatable, Sendable {
  public static let maxTextBytes = 256
  public static let maxTokens = 4096
  public static let maxStates = 10_000

  public var member: Member
  /// Grows with each start of the node: seconds since 1970 when it started, or more than the last one.
  public var generation: Int64
  /// Grows with each heartbeat.
  public var version: Int64
  public var schemaEpoch: UInt32
  /// True once the node was told to stop: it is not asked any more.
  public var isLeaving: Bool

  public init(
    member: Member, generation: Int64, version: Int64 = 0, schemaEpoch: UInt32 = 0, isLeaving: Bool = false
  ) {
    self.member = member
    self.generation = generation
    self.version = version
    self.schemaEpoch = schemaEpoch
    self.isLeaving = isLeaving
  }

  func isNewer(than other: NodeState) -> Bool {
    (generation, version) > (other.generation, other.version)
  }

  public func encode(to writer: inout ByteWriter) {
    writer.uuid(member.hostID)
    writer.lengthPrefixed(member.address)
    writer.uint16(member.cqlPort)
    writer.uint16(member.httpPort)
    writer.uint16(member.internodePort)
    writer.lengthPrefixed(member.datacenter)
    writer.lengthPrefixed(member.rack)
    writer.count(member.tokens.count)
    for token in member.tokens { writer.int64(token) }
    writer.int64(generation)
    writer.int64(version)
    writer.uint32(schemaEpoch)
    writer.uint8(isLeaving ? 1 : 0)
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    let hostID = try reader.uuid()
    let address = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    let cqlPort = try reader.uint16()
    let httpPort = try reader.uint16()
    let internodePort = try reader.uint16()
    let datacenter = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    let rack = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    var tokens: [Token] = []
    for _ in 0..<(try reader.count(max: Self.maxTokens)) { tokens.append(try reader.int64()) }
    let generation = try reader.int64()
    let version = try reader.int64()
    let epoch = try reader.uint32()
    self.init(
      member: Member(
        hostID: hostID, address: address, cqlPort: cqlPort, httpPort: httpPort, internodePort: internodePort,
        datacenter: datacenter, rack: rack, tokens: tokens),
      generation: generation, version: version, schemaEpoch: epoch, isLeaving: try reader.uint8() != 0)
  }

  /// A gossip message: the states one node knows.
  public static func encode(_ states: [NodeState]) -> [UInt8] {
    var writer = ByteWriter()
    writer.count(states.count)
    for state in states { state.encode(to: &writer) }
    return writer.take()
  }

  public static func decode(_ bytes: [UInt8]) throws(DecodeError) -> [NodeState] {
    try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      var states: [NodeState] = []
      for _ in 0..<(try reader.count(max: maxStates)) { states.append(try NodeState(from: &reader)) }
      try reader.expectEnd()
      return states
    }
  }
}
