// The first message on a connection between nodes, from both sides: who is there, of which cluster, and which versions
// it speaks. Its own form never changes but by growing at the end, or two versions could not find out that they differ.

import Base

public struct Hello: Equatable, Sendable {
  /// Marks the port: whoever speaks something else is cut off at once.
  static let magic: UInt32 = 0x4D51_4E31  // MQN1
  public static let maxTextBytes = 256

  /// What this binary speaks.
  public static let versions: ClosedRange<UInt8> = 1...1

  public var minVersion: UInt8
  public var maxVersion: UInt8
  public var clusterName: String
  public var hostID: UUID
  public var schemaEpoch: UInt32
  /// Where the node itself listens for other nodes; the port connected from says nothing.
  public var address: String
  public var port: UInt16

  public init(clusterName: String, hostID: UUID, schemaEpoch: UInt32, address: String, port: UInt16) {
    minVersion = Self.versions.lowerBound
    maxVersion = Self.versions.upperBound
    self.clusterName = clusterName
    self.hostID = hostID
    self.schemaEpoch = schemaEpoch
    self.address = address
    self.port = port
  }

  public func encode(to writer: inout ByteWriter) {
    writer.uint32(Self.magic)
    writer.uint8(minVersion)
    writer.uint8(maxVersion)
    writer.lengthPrefixed(clusterName)
    writer.uuid(hostID)
    writer.uint32(schemaEpoch)
    writer.lengthPrefixed(address)
    writer.uint16(port)
  }

  /// What stands behind the last field is left for newer versions.
  public init(from reader: inout ByteReader) throws(DecodeError) {
    guard try reader.uint32() == Self.magic else { throw .badValue("magic number") }
    minVersion = try reader.uint8()
    maxVersion = try reader.uint8()
    guard minVersion <= maxVersion else { throw .badValue("version range") }
    clusterName = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    hostID = try reader.uuid()
    schemaEpoch = try reader.uint32()
    address = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    port = try reader.uint16()
  }

  /// What `other` and this node speak with one another.
  /// - Throws: why they don't, in words for both nodes' logs.
  public func agreedVersion(with other: Hello) throws(HelloRefusal) -> UInt8 {
    guard other.clusterName == clusterName else {
      throw HelloRefusal("this is cluster \"\(clusterName)\", not \"\(other.clusterName)\"")
    }
    guard other.hostID != hostID else { throw HelloRefusal("host id \(hostID) is this node's own") }
    let version = min(maxVersion, other.maxVersion)
    guard version >= max(minVersion, other.minVersion) else {
      throw HelloRefusal(
        "versions \(minVersion) to \(maxVersion) are spoken here, not \(other.minVersion) to \(other.maxVersion)")
    }
    return version
  }
}

/// Why two nodes don't talk.
public struct HelloRefusal: Error, Equatable, Sendable {
  public var reason: String
  public init(_ reason: String) { self.reason = reason }
}
