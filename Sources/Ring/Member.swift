// A node's identity and place, as it is stored and sent.

import Base

/// A node of the cluster as the others know it.
public struct Member: Hashable, Sendable {
  public var hostID: UUID
  /// The address it listens on, in text, IPv4 or IPv6.
  public var address: String
  public var cqlPort: UInt16
  public var httpPort: UInt16
  public var internodePort: UInt16
  public var datacenter: String
  public var rack: String
  public var tokens: [Token]

  public init(
    hostID: UUID, address: String, cqlPort: UInt16 = 9042, httpPort: UInt16 = 8080, internodePort: UInt16 = 7000,
    datacenter: String, rack: String, tokens: [Token]
  ) {
    self.hostID = hostID
    self.address = address
    self.cqlPort = cqlPort
    self.httpPort = httpPort
    self.internodePort = internodePort
    self.datacenter = datacenter
    self.rack = rack
    self.tokens = tokens
  }

  /// The tokens a host with this id has: drawn from the id, so that a lost record is made again alike.
  public static func tokens(for hostID: UUID, count: Int) -> [Token] {
    var generator = SeededGenerator(seed: hostID.high ^ hostID.low &* 0x9E37_79B9_7F4A_7C15)
    return (0..<count).map { _ in
      let token = Int64(bitPattern: generator.next())
      return token == .min ? .max : token
    }.sorted()
  }
}

extension Member {
  static let maxTextBytes = 256
  static let maxTokens = 4096

  public func encode(to writer: inout ByteWriter) {
    writer.uuid(hostID)
    writer.lengthPrefixed(address)
    writer.uint16(cqlPort)
    writer.uint16(httpPort)
    writer.uint16(internodePort)
    writer.lengthPrefixed(datacenter)
    writer.lengthPrefixed(rack)
    writer.count(tokens.count)
    for token in tokens { writer.int64(token) }
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    hostID = try reader.uuid()
    address = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    cqlPort = try reader.uint16()
    httpPort = try reader.uint16()
    internodePort = try reader.uint16()
    datacenter = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    rack = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    tokens = []
    for _ in 0..<(try reader.count(max: Self.maxTokens)) { tokens.append(try reader.int64()) }
  }
}
