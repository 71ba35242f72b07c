// What a node says of itself and the others pass on.

import Base
import Ring

/// One node's state; of two the one with the greater generation, then the greater version, is the newer.
public struct NodeState: Equatable, Sendable {
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
    member.encode(to: &writer)
    writer.int64(generation)
    writer.int64(version)
    writer.uint32(schemaEpoch)
    writer.uint8(isLeaving ? 1 : 0)
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    let member = try Member(from: &reader)
    let generation = try reader.int64()
    let version = try reader.int64()
    let epoch = try reader.uint32()
    self.init(
      member: member,
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
