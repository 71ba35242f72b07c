// Values of CQL in the form that the native protocol gives them (native_protocol_v4.spec, section 6):
// made, read and checked. Messages are Cassandra's (org.apache.cassandra.serializers), since clients
// show them to people. Text forms are in Values+Text.swift, order in Values+Compare.swift.

import Base

/// Bytes or text that are no value of their type; the message is for the client.
public struct ValueError: Error, Sendable, Equatable, CustomStringConvertible {
  public var message: String
  public init(_ message: String) { self.message = message }
  public var description: String { message }
}

/// Makes and reads serialized values of known types. Readers answer nil for bytes of another length.
public enum Values {
  public static func tinyint(_ value: Int8) -> [UInt8] { [UInt8(bitPattern: value)] }
  public static func smallint(_ value: Int16) -> [UInt8] { bigEndian(UInt64(truncatingIfNeeded: value), bytes: 2) }
  public static func int(_ value: Int32) -> [UInt8] { bigEndian(UInt64(truncatingIfNeeded: value), bytes: 4) }
  /// Also counter, time (nanoseconds of the day) and timestamp (milliseconds since 1970).
  public static func bigint(_ value: Int64) -> [UInt8] { bigEndian(UInt64(bitPattern: value), bytes: 8) }
  public static func timestamp(milliseconds: Int64) -> [UInt8] { bigint(milliseconds) }
  public static func boolean(_ value: Bool) -> [UInt8] { [value ? 1 : 0] }
  public static func float(_ value: Float) -> [UInt8] { bigEndian(UInt64(value.bitPattern), bytes: 4) }
  public static func double(_ value: Double) -> [UInt8] { bigEndian(value.bitPattern, bytes: 8) }
  public static func text(_ value: String) -> [UInt8] { Array(value.utf8) }
  public static func uuid(_ value: UUID) -> [UInt8] { value.bytes }
  /// Days since 1970.
  public static func date(days: Int32) -> [UInt8] {
    bigEndian(UInt64(UInt32(bitPattern: days) ^ 0x8000_0000), bytes: 4)
  }

  static func bigEndian(_ value: UInt64, bytes count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - index)))) }
    return bytes
  }

  /// A big-endian two's complement integer of 1 to 8 bytes.
  public static func integer(_ bytes: some Collection<UInt8>) -> Int64? {
    guard let first = bytes.first, bytes.count <= 8 else { return nil }
    var value: Int64 = first >= 0x80 ? -1 : 0
    for byte in bytes { value = value << 8 | Int64(byte) }
    return value
  }

  public static func int(_ bytes: [UInt8]) -> Int32? { bytes.count == 4 ? integer(bytes).map(Int32.init) : nil }
  public static func bigint(_ bytes: [UInt8]) -> Int64? { bytes.count == 8 ? integer(bytes) : nil }
  public static func boolean(_ bytes: [UInt8]) -> Bool? { bytes.count == 1 ? bytes[0] != 0 : nil }
  public static func text(_ bytes: [UInt8]) -> String? { String(validating: bytes, as: UTF8.self) }
  public static func uuid(_ bytes: [UInt8]) -> UUID? { UUID(bytes: bytes) }
  public static func float(_ bytes: [UInt8]) -> Float? {
    guard bytes.count == 4, let raw = integer(bytes) else { return nil }
    return Float(bitPattern: UInt32(truncatingIfNeeded: raw))
  }
  public static func double(_ bytes: [UInt8]) -> Double? {
    guard bytes.count == 8, let raw = integer(bytes) else { return nil }
    return Double(bitPattern: UInt64(bitPattern: raw))
  }
  /// Days since 1970.
  public static func date(_ bytes: [UInt8]) -> Int32? {
    int(bytes).map { Int32(bitPattern: UInt32(bitPattern: $0) ^ 0x8000_0000) }
  }
}

extension CQLType {
  /// Levels of types within one another that a value may have.
  public static let maxValueDepth = 16

  /// Checks that the bytes are a value of this type. Empty bytes are one for the types for which
  /// Cassandra keeps that old meaning.
  public func validate(_ bytes: [UInt8]) throws(ValueError) {
    switch self {
    case .blob: return
    case .text:
      guard isValidUTF8(bytes) else { throw ValueError("String didn't validate.") }
    case .int: try check(bytes, 4, orEmpty: true) { "Expected 4 or 0 byte int (\($0))" }
    case .bigint, .counter: try check(bytes, 8, orEmpty: true) { "Expected 8 or 0 byte long (\($0))" }
    case .timestamp: try check(bytes, 8, orEmpty: true) { "Expected 8 or 0 byte long for date (\($0))" }
    case .uuid: try check(bytes, 16, orEmpty: true) { "UUID should be 16 or 0 bytes (\($0))" }
    case .boolean: try check(bytes, 1, orEmpty: true) { "Expected 1 or 0 byte value (\($0))" }
    case .smallint: try check(bytes, 2, orEmpty: false) { "Expected 2 bytes for a smallint (\($0))" }
    case .tinyint: try check(bytes, 1, orEmpty: false) { "Expected 1 byte for a tinyint (\($0))" }
    case .float: try check(bytes, 4, orEmpty: true) { "Expected 4 or 0 byte value for a float (\($0))" }
    case .double: try check(bytes, 8, orEmpty: true) { "Expected 8 or 0 byte value for a double (\($0))" }
    case .date: try check(bytes, 4, orEmpty: false) { "Expected 4 byte long for date (\($0))" }
    // Any number, as in Cassandra, though a day has fewer nanoseconds.
    case .time: try check(bytes, 8, orEmpty: false) { "Expected 8 byte long for time (\($0))" }
    case .timeuuid:
      try check(bytes, 16, orEmpty: true) { "UUID should be 16 or 0 bytes (\($0))" }
      guard bytes.isEmpty || bytes[6] & 0xF0 == 0x10 else {
        throw ValueError("Invalid version for TimeUUID type: 0x\(String(bytes[6] >> 4, radix: 16))")
      }
    case .ascii:
      if let bad = bytes.first(where: { $0 > 127 }) {
        throw ValueError("Invalid byte for ascii: \(Int8(bitPattern: bad))")
      }
    case .inet:
      guard [0, 4, 16].contains(bytes.count) else {
        throw ValueError("Expected 4 or 16 byte inetaddress; got \(Hex.encode(bytes))")
      }
    case .decimal:
      guard bytes.isEmpty || bytes.count >= 4 else {
        throw ValueError("Expected 0 or at least 4 bytes (\(bytes.count))")
      }
      try checkNumber(bytes)
    case .varint: try checkNumber(bytes)
    case .duration: _ = try CQLDuration(serialized: bytes)
    case .list, .set, .map, .tuple, .frozen: try validateParts(bytes)
    case .vector: try validateVector(bytes)
    }
  }

  private func check(
    _ bytes: [UInt8], _ length: Int, orEmpty: Bool, _ message: (Int) -> String
  ) throws(ValueError) {
    guard bytes.count == length || (orEmpty && bytes.isEmpty) else { throw ValueError(message(bytes.count)) }
  }

  private func checkNumber(_ bytes: [UInt8]) throws(ValueError) {
    guard bytes.count <= BigInteger.maxBytes else {
      throw ValueError("A \(self) of \(bytes.count) bytes is longer than the limit of \(BigInteger.maxBytes) bytes")
    }
  }

  private func isValidUTF8(_ bytes: [UInt8]) -> Bool {
    // Most text is ASCII; the full check costs more.
    bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
  }

  private func validateParts(_ bytes: [UInt8]) throws(ValueError) {
    switch self {
    case .frozen(let inner): try inner.validate(bytes)
    case .list(let element), .set(let element):
      for part in try collectionElements(of: bytes) { try element.validate(part) }
    case .map(let key, let value):
      for (index, part) in try collectionElements(of: bytes).enumerated() {
        try (index.isMultiple(of: 2) ? key : value).validate(part)
      }
    case .tuple(let types):
      // Part by part, so that the first bad one is the one that is named.
      var offset = 0
      for (index, type) in types.enumerated() {
        guard let part = try Self.tuplePart(index, of: bytes, &offset) else { continue }
        try type.validate(part)
      }
      try Self.expectEnd(of: bytes, offset)
    default: preconditionFailure("\(self) has no parts")
    }
  }
}
