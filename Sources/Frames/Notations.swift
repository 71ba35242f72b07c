// The notations of v4.spec section 3 over bytes: [string], [long string], [bytes], [value], [string map], [inet], ...

import Base
import Data

extension ByteReader {
  /// [string]
  @_lifetime(self: copy self)
  public mutating func shortString() throws(DecodeError) -> String {
    let length = Int(try uint16())
    return try string(length)
  }

  /// [long string]
  @_lifetime(self: copy self)
  public mutating func longString() throws(DecodeError) -> String {
    let length = Int(try int32())
    return try string(length)
  }

  /// [short bytes]
  @_lifetime(self: copy self)
  public mutating func shortBytes() throws(DecodeError) -> [UInt8] {
    let length = Int(try uint16())
    return try bytes(length)
  }

  /// [bytes]; any negative length is null.
  @_lifetime(self: copy self)
  public mutating func longBytes() throws(DecodeError) -> [UInt8]? {
    let length = Int(try int32())
    return length < 0 ? nil : try bytes(length)
  }

  /// [value]; v3 knows no unset ones, there any negative length is null.
  @_lifetime(self: copy self)
  public mutating func boundValue(_ version: ProtocolVersion) throws(DecodeError) -> BoundValue {
    let length = Int(try int32())
    switch length {
    case 0...: return .bytes(try bytes(length))
    case -1: return .null
    case _ where version < .v4: return .null
    case -2: return .unset
    default: throw .badLength(length)
    }
  }

  /// [consistency]; any other code is refused.
  @_lifetime(self: copy self)
  public mutating func consistencyCode() throws(DecodeError) -> UInt16 {
    let code = try uint16()
    guard code <= 0x0A else { throw .badValue("consistency level") }
    return code
  }

  /// [string list]
  @_lifetime(self: copy self)
  public mutating func stringList(max: Int) throws(DecodeError) -> [String] {
    let count = Int(try uint16())
    guard count <= max else { throw .badLength(count) }
    var list: [String] = []
    for _ in 0..<count { list.append(try shortString()) }
    return list
  }

  /// [string map]; of a key that stands twice the last value counts.
  @_lifetime(self: copy self)
  public mutating func stringMap(max: Int) throws(DecodeError) -> [String: String] {
    let count = Int(try uint16())
    guard count <= max else { throw .badLength(count) }
    var map: [String: String] = [:]
    for _ in 0..<count {
      let key = try shortString()
      map[key] = try shortString()
    }
    return map
  }

  /// [string multimap]
  @_lifetime(self: copy self)
  public mutating func stringMultimap(max: Int) throws(DecodeError) -> [String: [String]] {
    let count = Int(try uint16())
    guard count <= max else { throw .badLength(count) }
    var map: [String: [String]] = [:]
    for _ in 0..<count {
      let key = try shortString()
      map[key] = try stringList(max: max)
    }
    return map
  }

  /// A [bytes map] that nobody looks at.
  @_lifetime(self: copy self)
  public mutating func skipBytesMap(max: Int) throws(DecodeError) {
    let count = Int(try uint16())
    guard count <= max else { throw .badLength(count) }
    for _ in 0..<count {
      try skip(Int(try uint16()))
      let length = Int(try int32())
      if length > 0 { try skip(length) }
    }
  }

  /// [inet]: the address's 4 or 16 bytes, and the port.
  @_lifetime(self: copy self)
  public mutating func inet() throws(DecodeError) -> InetAddress {
    let address = try inetAddress()
    return InetAddress(bytes: address, port: try int32())
  }

  /// [inetaddr]: an address's 4 or 16 bytes.
  @_lifetime(self: copy self)
  public mutating func inetAddress() throws(DecodeError) -> [UInt8] {
    let length = Int(try uint8())
    guard length == 4 || length == 16 else { throw .badLength(length) }
    return try bytes(length)
  }
}

/// [inet]
public struct InetAddress: Equatable, Sendable {
  /// 4 bytes (IPv4) or 16 (IPv6).
  public var bytes: [UInt8]
  public var port: Int32

  public init(bytes: [UInt8], port: Int32) {
    self.bytes = bytes
    self.port = port
  }
}

extension ByteWriter {
  /// [string]; what does not fit in 65,535 bytes is cut at a character.
  public mutating func shortString(_ text: String) {
    let utf8 = text.utf8
    if let length = UInt16(exactly: utf8.count) {
      uint16(length)
      append(utf8: text)
    } else {
      var cut = Array(utf8.prefix(Int(UInt16.max)))
      while let last = cut.last, last & 0xC0 == 0x80 { cut.removeLast() }
      if let last = cut.last, last >= 0xC0 { cut.removeLast() }
      uint16(UInt16(truncatingIfNeeded: cut.count))
      append(cut)
    }
  }

  /// [long string]
  public mutating func longString(_ text: String) {
    int32(Int32(clamping: text.utf8.count))
    append(utf8: text)
  }

  /// [short bytes], at most 65,535.
  public mutating func shortBytes(_ bytes: [UInt8]) {
    let kept = bytes.prefix(Int(UInt16.max))
    uint16(UInt16(truncatingIfNeeded: kept.count))
    append(kept)
  }

  /// [bytes]
  public mutating func longBytes(_ bytes: [UInt8]?) {
    guard let bytes else { return int32(-1) }
    int32(Int32(clamping: bytes.count))
    append(bytes)
  }

  /// [value]
  public mutating func boundValue(_ value: BoundValue) {
    switch value {
    case .bytes(let bytes): longBytes(bytes)
    case .null: int32(-1)
    case .unset: int32(-2)
    }
  }

  /// [string list], at most 65,535.
  public mutating func stringList(_ list: [String]) {
    let kept = list.prefix(Int(UInt16.max))
    uint16(UInt16(truncatingIfNeeded: kept.count))
    for text in kept { shortString(text) }
  }

  /// [string map], in the order of its keys.
  public mutating func stringMap(_ map: [String: String]) {
    uint16(UInt16(clamping: map.count))
    for (key, value) in map.sorted(by: { $0.key < $1.key }).prefix(Int(UInt16.max)) {
      shortString(key)
      shortString(value)
    }
  }

  /// [string multimap], in the order of its keys.
  public mutating func stringMultimap(_ map: [String: [String]]) {
    uint16(UInt16(clamping: map.count))
    for (key, list) in map.sorted(by: { $0.key < $1.key }).prefix(Int(UInt16.max)) {
      shortString(key)
      stringList(list)
    }
  }

  /// [inet]
  public mutating func inet(_ address: InetAddress) {
    inetAddress(address.bytes)
    int32(address.port)
  }

  /// [inetaddr], of 4 or 16 bytes.
  public mutating func inetAddress(_ address: [UInt8]) {
    uint8(UInt8(clamping: address.count))
    append(address)
  }
}
