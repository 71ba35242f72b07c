// Clustering values as bytes whose order (memcmp) is the rows' order, so that a row's identity, its place in LevelDB
// and every restriction on it are plain byte strings.
//
// A component is a marker byte and then: fixed-length integers with the sign flipped; floats as IEEE bits, negative
// ones inverted; text, blobs, inet and frozen values as they are, zero bytes escaped as 00 FF, ended by 00 01; uuids
// in the order of Cassandra's UUIDType; varints by sign and length; decimals and the parts of frozen values as
// ClusteringCodec+Parts.swift says. All bytes of a DESC component are inverted.
// Markers lie between 0x20 and 0xDF, so prefix + FF is behind everything that begins with prefix.

import Base

public enum ClusteringCodec {
  /// Behind everything that starts with the bytes before it.
  public static let afterPrefix: UInt8 = 0xFF
  private static let emptyMarker: UInt8 = 0x30
  private static let valueMarker: UInt8 = 0x40

  /// Whether values of the type can be clustering columns here.
  public static func isSupported(_ type: CQLType) -> Bool {
    switch type {
    case .duration, .counter, .list, .set, .map: false
    default: !type.holdsUnordered
    }
  }

  /// Appends one component.
  /// - Parameter value: in native-protocol form, already validated for the type.
  /// - Throws: where a fixed-length value has another length.
  public static func encode(
    _ value: [UInt8], type: CQLType, isDescending: Bool, to bytes: inout [UInt8]
  ) throws(DecodeError) {
    let start = bytes.count
    if value.isEmpty, type.fixedLengthBytes != nil || !type.isBytewise {
      bytes.append(emptyMarker)
    } else {
      bytes.append(valueMarker)
      try encodeBody(value, type: type, to: &bytes)
    }
    if isDescending { for index in start..<bytes.count { bytes[index] = ~bytes[index] } }
  }

  private static func encodeBody(_ value: [UInt8], type: CQLType, to bytes: inout [UInt8]) throws(DecodeError) {
    if let length = type.fixedLengthBytes, value.count != length { throw .badLength(value.count) }
    switch type {
    case .bigint, .int, .smallint, .tinyint, .timestamp, .time, .counter:
      bytes.append(value[0] ^ 0x80)
      bytes.append(contentsOf: value.dropFirst())
    case .boolean, .date: bytes.append(contentsOf: value)
    case .double, .float:
      if value[0] & 0x80 != 0 {
        for byte in value { bytes.append(~byte) }
      } else {
        bytes.append(value[0] ^ 0x80)
        bytes.append(contentsOf: value.dropFirst())
      }
    case .uuid, .timeuuid: encodeUUID(value, to: &bytes)
    case .varint: encodeVarint(value, to: &bytes)
    case .decimal: try encodeDecimal(value, to: &bytes)
    case .list, .set, .map, .tuple, .vector, .frozen: try encodeParts(value, type, to: &bytes)
    case .ascii, .text, .blob, .inet, .duration:
      for byte in value {
        bytes.append(byte)
        if byte == 0 { bytes.append(0xFF) }
      }
      bytes.append(0)
      bytes.append(1)
    }
  }

  /// The version first, then of a time-based one its time, then the bytes (UUIDType.java). The time's 60 bits stand
  /// turned around in a UUID: low, mid, high.
  private static func encodeUUID(_ value: [UInt8], to bytes: inout [UInt8]) {
    let version = value[6] >> 4
    bytes.append(version)
    if version == 1 {
      bytes.append(contentsOf: [value[6] & 0x0F, value[7], value[4], value[5]])
      bytes.append(contentsOf: value[0..<4])
      // TimeUUIDType compares the rest as signed bytes.
      for byte in value[8..<16] { bytes.append(byte ^ 0x80) }
    } else {
      bytes.append(contentsOf: value)
    }
  }

  /// Sign and length in one byte pair, then the two's complement bytes without what only repeats the sign.
  private static func encodeVarint(_ value: [UInt8], to bytes: inout [UInt8]) {
    let isNegative = value[0] & 0x80 != 0
    let filler: UInt8 = isNegative ? 0xFF : 0
    var first = 0
    while first < value.count - 1, value[first] == filler, (value[first + 1] & 0x80 != 0) == isNegative { first += 1 }
    let length = value.count - first
    let weight = UInt16(clamping: length)
    let rank = isNegative ? 0x8000 - weight : 0x8000 &+ weight
    bytes.append(UInt8(rank >> 8))
    bytes.append(UInt8(rank & 0xFF))
    bytes.append(contentsOf: value[first...])
  }

  // MARK: Decoding

  /// The components' values in native-protocol form, as many as there are whole ones in `bytes`.
  public static func decode(_ bytes: [UInt8], columns: [Column]) throws(DecodeError) -> [[UInt8]] {
    var values: [[UInt8]] = []
    values.reserveCapacity(columns.count)
    var at = 0
    for column in columns where at < bytes.count {
      values.append(try decodeComponent(bytes, &at, type: column.type, mask: column.isDescending ? 0xFF : 0))
    }
    guard at == bytes.count else { throw .badLength(bytes.count - at) }
    return values
  }

  static func take(
    _ bytes: [UInt8], _ at: inout Int, _ count: Int, mask: UInt8
  ) throws(DecodeError) -> [UInt8] {
    guard count <= bytes.count - at else { throw .truncated }
    let part = bytes[at..<(at + count)].map { $0 ^ mask }
    at += count
    return part
  }

  static func decodeComponent(
    _ bytes: [UInt8], _ at: inout Int, type: CQLType, mask: UInt8
  ) throws(DecodeError) -> [UInt8] {
    let marker = try take(bytes, &at, 1, mask: mask)[0]
    if marker == emptyMarker { return [] }
    guard marker == valueMarker else { throw .badValue("clustering marker") }
    switch type {
    case .bigint, .int, .smallint, .tinyint, .timestamp, .time, .counter:
      var value = try take(bytes, &at, type.fixedLengthBytes ?? 0, mask: mask)
      value[0] ^= 0x80
      return value
    case .boolean, .date: return try take(bytes, &at, type.fixedLengthBytes ?? 0, mask: mask)
    case .double, .float:
      var value = try take(bytes, &at, type.fixedLengthBytes ?? 0, mask: mask)
      if value[0] & 0x80 != 0 {
        value[0] ^= 0x80
      } else {
        for index in value.indices { value[index] = ~value[index] }
      }
      return value
    case .uuid, .timeuuid: return try decodeUUID(bytes, &at, mask: mask)
    case .varint:
      let head = try take(bytes, &at, 2, mask: mask)
      let rank = Int(head[0]) << 8 | Int(head[1])
      return try take(bytes, &at, abs(rank - 0x8000), mask: mask)
    case .decimal: return try decodeDecimal(bytes, &at, mask: mask)
    case .list, .set, .map, .tuple, .vector, .frozen: return try decodeParts(bytes, &at, type, mask: mask)
    case .ascii, .text, .blob, .inet, .duration: return try decodeEscaped(bytes, &at, mask: mask)
    }
  }

  private static func decodeUUID(_ bytes: [UInt8], _ at: inout Int, mask: UInt8) throws(DecodeError) -> [UInt8] {
    let version = try take(bytes, &at, 1, mask: mask)[0]
    let body = try take(bytes, &at, 16, mask: mask)
    guard version == 1 else { return body }
    return Array(body[4..<8]) + [body[2], body[3], body[0] | 0x10, body[1]] + body[8...].map { $0 ^ 0x80 }
  }

  private static func decodeEscaped(_ bytes: [UInt8], _ at: inout Int, mask: UInt8) throws(DecodeError) -> [UInt8] {
    var value: [UInt8] = []
    while true {
      guard at < bytes.count else { throw .truncated }
      let byte = bytes[at] ^ mask
      at += 1
      if byte != 0 {
        value.append(byte)
        continue
      }
      guard at < bytes.count else { throw .truncated }
      let next = bytes[at] ^ mask
      at += 1
      if next == 1 { return value }
      guard next == 0xFF else { throw .badValue("clustering escape") }
      value.append(0)
    }
  }
}
