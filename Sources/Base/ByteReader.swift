// Reads bytes from outside: every step is bounds-checked and throws, none traps.
//
// It borrows the bytes (a RawSpan) and cannot outlive them; what is kept is copied out as [UInt8].
// Multi-byte integers are big-endian, as CQL's native protocol and our own formats have them.

/// What is wrong with bytes that were to be decoded.
public enum DecodeError: Error, Equatable, Sendable {
  /// The bytes end before the value does.
  case truncated
  /// A length is negative, or larger than what may stand there.
  case badLength(Int)
  /// A string is not UTF-8.
  case badUTF8
  /// A value that the format does not have; the text says which field.
  case badValue(StaticString)

  public static func == (a: DecodeError, b: DecodeError) -> Bool { a.description == b.description }
}

extension DecodeError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated: "the bytes end too early"
    case .badLength(let length): "bad length \(length)"
    case .badUTF8: "not valid UTF-8"
    case .badValue(let field): "bad \(field)"
    }
  }
}

/// A cursor over borrowed bytes.
public struct ByteReader: ~Escapable {
  let span: RawSpan
  /// How many bytes have been read.
  public private(set) var offset = 0

  @_lifetime(copy span)
  public init(_ span: RawSpan) { self.span = span }

  /// Bytes not yet read.
  public var remaining: Int { span.byteCount - offset }
  public var isAtEnd: Bool { offset == span.byteCount }

  @_lifetime(self: copy self)
  mutating func advance(_ count: Int) throws(DecodeError) -> Int {
    guard count >= 0 else { throw .badLength(count) }
    guard count <= span.byteCount - offset else { throw .truncated }
    let start = offset
    offset += count
    return start
  }

  @_lifetime(self: copy self)
  public mutating func uint8() throws(DecodeError) -> UInt8 {
    let at = try advance(1)
    return unsafe span.unsafeLoad(fromByteOffset: at, as: UInt8.self)
  }

  @_lifetime(self: copy self)
  public mutating func uint16() throws(DecodeError) -> UInt16 {
    let at = try advance(2)
    return UInt16(bigEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: at, as: UInt16.self))
  }

  @_lifetime(self: copy self)
  public mutating func uint32() throws(DecodeError) -> UInt32 {
    let at = try advance(4)
    return UInt32(bigEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: at, as: UInt32.self))
  }

  @_lifetime(self: copy self)
  public mutating func uint64() throws(DecodeError) -> UInt64 {
    let at = try advance(8)
    return UInt64(bigEndian: unsafe span.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  @_lifetime(self: copy self)
  public mutating func int16() throws(DecodeError) -> Int16 { Int16(bitPattern: try uint16()) }
  @_lifetime(self: copy self)
  public mutating func int32() throws(DecodeError) -> Int32 { Int32(bitPattern: try uint32()) }
  @_lifetime(self: copy self)
  public mutating func int64() throws(DecodeError) -> Int64 { Int64(bitPattern: try uint64()) }

  @_lifetime(self: copy self)
  public mutating func uuid() throws(DecodeError) -> UUID { UUID(high: try uint64(), low: try uint64()) }

  /// An unsigned LEB128 integer, at most ten bytes.
  @_lifetime(self: copy self)
  public mutating func varint() throws(DecodeError) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try uint8()
      guard shift < 63 || byte <= 1 else { throw .badValue("varint") }
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
  }

  /// A signed integer, zigzag over LEB128.
  @_lifetime(self: copy self)
  public mutating func signedVarint() throws(DecodeError) -> Int64 {
    let raw = try varint()
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }

  /// A varint that must fit an Int and be at most `max`: a count or a length in bytes.
  @_lifetime(self: copy self)
  public mutating func count(max: Int) throws(DecodeError) -> Int {
    let raw = try varint()
    guard let value = Int(exactly: raw), value <= max else { throw .badLength(Int(clamping: raw)) }
    return value
  }

  /// Copies the next `count` bytes.
  @_lifetime(self: copy self)
  public mutating func bytes(_ count: Int) throws(DecodeError) -> [UInt8] {
    let at = try advance(count)
    return span.extracting(at..<(at + count)).copied()
  }

  /// Borrows the next `count` bytes.
  @_lifetime(copy self)
  public mutating func slice(_ count: Int) throws(DecodeError) -> RawSpan {
    let at = try advance(count)
    return span.extracting(at..<(at + count))
  }

  /// All that is left, borrowed; reads nothing.
  @_lifetime(copy self)
  public func rest() -> RawSpan { span.extracting(offset..<span.byteCount) }

  @_lifetime(self: copy self)
  public mutating func skip(_ count: Int) throws(DecodeError) { _ = try advance(count) }

  /// Bytes behind a varint length, as `ByteWriter.lengthPrefixed` writes them.
  @_lifetime(self: copy self)
  public mutating func lengthPrefixed(max: Int = .max) throws(DecodeError) -> [UInt8] {
    let length = try count(max: max)
    return try bytes(length)
  }

  /// A UTF-8 string of `count` bytes.
  @_lifetime(self: copy self)
  public mutating func string(_ count: Int) throws(DecodeError) -> String {
    guard let text = String(validating: try bytes(count), as: UTF8.self) else { throw .badUTF8 }
    return text
  }

  /// A UTF-8 string behind a varint length.
  @_lifetime(self: copy self)
  public mutating func lengthPrefixedString(max: Int = .max) throws(DecodeError) -> String {
    let length = try count(max: max)
    return try string(length)
  }

  /// Fails unless every byte was read.
  public func expectEnd() throws(DecodeError) {
    guard isAtEnd else { throw .badLength(remaining) }
  }
}

extension RawSpan {
  /// The bytes in an array of their own.
  public func copied() -> [UInt8] { unsafe withUnsafeBytes { unsafe [UInt8]($0) } }
}

extension Array where Element == UInt8 {
  /// Lends a reader over all the bytes.
  @inlinable
  public func withReader<T, E: Error>(_ body: (inout ByteReader) throws(E) -> T) throws(E) -> T {
    let span = unsafe self.span.bytes
    var reader = ByteReader(span)
    return try body(&reader)
  }
}
