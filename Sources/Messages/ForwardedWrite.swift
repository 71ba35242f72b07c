// A write for another datacenter: it crosses once, to one replica there, which passes it on to the others and says for
// each what came of it. Cassandra's forwarded replicas answer the coordinator themselves; here the one that passes on
// collects, so that all answers come on the connection that the coordinator asked on, and the end of that connection is
// the end of all of them. The price is one more hop within the datacenter before an answer crosses.

import Base

public enum ForwardedWrite {
  /// Replicas of one datacenter besides the one that passes on.
  public static let maxHosts = 1024

  /// - Parameter mutation: as `Mutation.encode` writes it.
  public static func encode(to others: ArraySlice<UUID>, mutation: [UInt8], into writer: inout ByteWriter) {
    writer.count(others.count)
    for hostID in others { writer.uuid(hostID) }
    writer.append(mutation)
  }

  /// Whom to pass it on to; what the reader then stands before is the mutation.
  public static func decodeHosts(from reader: inout ByteReader) throws(DecodeError) -> [UUID] {
    var hosts: [UUID] = []
    for _ in 0..<(try reader.count(max: maxHosts)) { hosts.append(try reader.uuid()) }
    return hosts
  }
}

/// What came of a forwarded write at one replica.
public struct ForwardAnswer: Equatable, Sendable {
  public var hostID: UUID
  /// Nil where it is stored.
  public var failure: MessageFailure?

  public init(hostID: UUID, failure: MessageFailure?) {
    self.hostID = hostID
    self.failure = failure
  }

  public func encode(to writer: inout ByteWriter) {
    writer.uuid(hostID)
    writer.uint8(failure == nil ? 0 : 1)
    failure?.encode(to: &writer)
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    hostID = try reader.uuid()
    failure = try reader.uint8() == 0 ? nil : try MessageFailure(from: &reader)
  }
}
