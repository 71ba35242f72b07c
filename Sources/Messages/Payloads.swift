// Payloads that belong to no other room: a failure, and a statement for the node that orders schema changes.

import Base

/// Why a request was not done.
public struct MessageFailure: Error, Equatable, Sendable {
  public enum Code: UInt8, Sendable {
    /// The node has too much to do; it did not begin.
    case overloaded = 1
    /// The table, or its incarnation, is newer than the node's schema.
    case unknownTable = 2
    /// It could not: a full disk, damage.
    case failed = 3
    /// The payload could not be read.
    case malformed = 4
    /// The verb is newer than the node.
    case unknownVerb = 5
    /// The hello was not accepted; the connection ends.
    case refused = 6
    /// A replica that it was to be passed on to cannot be reached; it may have got it.
    case unreachable = 7
  }
  public static let maxTextBytes = 4096

  public var code: Code
  public var text: String

  public init(_ code: Code, _ text: String) {
    self.code = code
    self.text = text
  }

  public func encode(to writer: inout ByteWriter) {
    writer.uint8(code.rawValue)
    let utf8 =
      text.utf8.count > Self.maxTextBytes
      ? Array(text.unicodeScalars.prefix(1000).map(String.init).joined().utf8)
      : Array(text.utf8)
    writer.lengthPrefixed(utf8)
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    // A code that is newer than this node still is a failure.
    code = Code(rawValue: try reader.uint8()) ?? .failed
    text = try reader.lengthPrefixedString(max: Self.maxTextBytes)
  }
}

/// A statement that changes the schema.
public struct SchemaStatement: Equatable, Sendable {
  public static let maxTextBytes = 16 << 20

  public var text: String
  /// What unqualified names are looked up in.
  public var keyspace: String?

  public init(text: String, keyspace: String?) {
    self.text = text
    self.keyspace = keyspace
  }

  public func encode(to writer: inout ByteWriter) {
    writer.lengthPrefixed(text)
    writer.uint8(keyspace == nil ? 0 : 1)
    if let keyspace { writer.lengthPrefixed(keyspace) }
  }

  public init(from reader: inout ByteReader) throws(DecodeError) {
    text = try reader.lengthPrefixedString(max: Self.maxTextBytes)
    keyspace = try reader.uint8() == 0 ? nil : try reader.lengthPrefixedString(max: Hello.maxTextBytes)
  }
}
