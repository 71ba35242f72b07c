// Decimals and frozen values among a clustering's ordered bytes.
//
// A decimal is 0.d1d2d3... times ten to some power: a byte for the sign, the power (sign flipped), the digits plus one,
// a zero; all of a negative one but its sign inverted. Decimals of one value are one row, as in Cassandra.
//
// A frozen list, set or map is its elements (a map's keys and values in turn), each behind 02, and an 01: the shorter
// of two that begin alike comes first (ListType.java, MapType.java). A tuple is its parts, each 01 for null or 02 and
// the part; those left out are null. A vector is its elements.
//
// Deviation: what comes back is the shortest form, a decimal without zeros at its end, a tuple with every part.

import Base

extension CQLType {
  /// Ordered by its own bytes, the empty value first.
  var isBytewise: Bool {
    switch self {
    case .ascii, .text, .blob, .inet, .duration: true
    default: false
    }
  }

  /// Whether a part of it, however deep, has no order.
  var holdsUnordered: Bool {
    switch self {
    case .duration, .counter: true
    case .list(let element), .set(let element), .vector(let element, _), .frozen(let element): element.holdsUnordered
    case .map(let key, let value): key.holdsUnordered || value.holdsUnordered
    case .tuple(let parts): parts.contains(where: \.holdsUnordered)
    default: false
    }
  }
}

extension ClusteringCodec {
  private static let absent: UInt8 = 1
  private static let present: UInt8 = 2
  private static let negative: UInt8 = 0x7F
  private static let zero: UInt8 = 0x80
  private static let positive: UInt8 = 0x81
  /// Beyond it a whole number comes back with an exponent rather than with its zeros.
  private static let maxTrailingZeros = 30

  // MARK: - Decimals

  static func encodeDecimal(_ value: [UInt8], to bytes: inout [UInt8]) throws(DecodeError) {
    guard value.count >= 4, value.count <= BigInteger.maxBytes else { throw .badLength(value.count) }
    let decimal = BigDecimal(serialized: value)
    guard !decimal.unscaled.isZero else { return bytes.append(zero) }
    var digits = decimal.unscaled.digits[...]
    let power = Int64(digits.count) - Int64(decimal.scale)
    while digits.last == 0x30 { digits = digits.dropLast() }
    guard digits.count <= BigInteger.maxTextDigits else { throw .badLength(digits.count) }
    // It comes back without the zeros at its end, and must be a decimal still.
    guard Int32(exactly: Int64(digits.count) - power) != nil else { throw .badValue("decimal") }
    bytes.append(decimal.unscaled.isNegative ? negative : positive)
    let start = bytes.count
    bytes += Values.bigEndian(UInt64(bitPattern: power) ^ (1 << 63), bytes: 8)
    for digit in digits { bytes.append(digit - 0x30 + 1) }
    bytes.append(0)
    if decimal.unscaled.isNegative { for index in start..<bytes.count { bytes[index] = ~bytes[index] } }
  }

  static func decodeDecimal(_ bytes: [UInt8], _ at: inout Int, mask: UInt8) throws(DecodeError) -> [UInt8] {
    let sign = try take(bytes, &at, 1, mask: mask)[0]
    if sign == zero { return BigDecimal(unscaled: BigInteger(twosComplement: [UInt8]()), scale: 0).serialized }
    guard sign == negative || sign == positive else { throw .badValue("decimal sign") }
    let mask = sign == negative ? ~mask : mask
    var power: UInt64 = 0
    for byte in try take(bytes, &at, 8, mask: mask) { power = power << 8 | UInt64(byte) }
    let exponent = Int64(bitPattern: power ^ (1 << 63))
    var digits: [UInt8] = []
    while true {
      let digit = try take(bytes, &at, 1, mask: mask)[0]
      if digit == 0 { break }
      guard digit <= 10, digits.count < BigInteger.maxTextDigits else { throw .badValue("decimal digit") }
      digits.append(digit - 1 + 0x30)
    }
    var (scale, overflow) = Int64(digits.count).subtractingReportingOverflow(exponent)
    guard !overflow else { throw .badValue("decimal") }
    if scale < 0, scale >= -Int64(maxTrailingZeros), digits.count - Int(scale) <= BigInteger.maxTextDigits {
      digits += [UInt8](repeating: 0x30, count: Int(-scale))
      scale = 0
    }
    let text = (sign == negative ? "-" : "") + String(decoding: digits, as: UTF8.self)
    guard let unscaled = BigInteger(decimal: text), let scale = Int32(exactly: scale) else {
      throw .badValue("decimal")
    }
    return BigDecimal(unscaled: unscaled, scale: scale).serialized
  }

  // MARK: - Parts

  private static func parts<Part>(_ body: () throws(ValueError) -> [Part]) throws(DecodeError) -> [Part] {
    do throws(ValueError) { return try body() } catch { throw .badValue("parts of a frozen value") }
  }

  static func encodeParts(_ value: [UInt8], _ type: CQLType, to bytes: inout [UInt8]) throws(DecodeError) {
    switch type.unfrozen {
    case .list(let element), .set(let element):
      for part in try parts({ () throws(ValueError) in try type.collectionElements(of: value) }) {
        bytes.append(present)
        try encode(part, type: element, isDescending: false, to: &bytes)
      }
      bytes.append(absent)
    case .map(let key, let element):
      for (index, part) in try parts({ () throws(ValueError) in try type.collectionElements(of: value) }).enumerated() {
        bytes.append(present)
        try encode(part, type: index.isMultiple(of: 2) ? key : element, isDescending: false, to: &bytes)
      }
      bytes.append(absent)
    case .tuple(let types):
      for (part, type) in zip(try parts({ () throws(ValueError) in try type.tupleParts(of: value) }), types) {
        bytes.append(part == nil ? absent : present)
        if let part { try encode(part, type: type, isDescending: false, to: &bytes) }
      }
    case .vector(let element, _):
      for part in try parts({ () throws(ValueError) in try type.vectorElements(of: value) }) {
        try encode(part, type: element, isDescending: false, to: &bytes)
      }
    case let inner:
      // A scalar that is frozen by name.
      try encode(value, type: inner, isDescending: false, to: &bytes)
    }
  }

  static func decodeParts(
    _ bytes: [UInt8], _ at: inout Int, _ type: CQLType, mask: UInt8
  ) throws(DecodeError) -> [UInt8] {
    switch type.unfrozen {
    case .list(let element), .set(let element):
      var elements: [[UInt8]] = []
      while try hasPart(bytes, &at, mask: mask) {
        elements.append(try decodeComponent(bytes, &at, type: element, mask: mask))
      }
      return Values.collection(elements)
    case .map(let key, let element):
      var parts: [[UInt8]] = []
      while try hasPart(bytes, &at, mask: mask) {
        parts.append(
          try decodeComponent(bytes, &at, type: parts.count.isMultiple(of: 2) ? key : element, mask: mask))
      }
      guard parts.count.isMultiple(of: 2) else { throw .badValue("half an entry of a map") }
      return Values.map(alternating: parts)
    case .tuple(let types):
      var parts: [[UInt8]?] = []
      for type in types {
        parts.append(
          try hasPart(bytes, &at, mask: mask) ? try decodeComponent(bytes, &at, type: type, mask: mask) : nil)
      }
      return Values.tuple(parts)
    case .vector(let element, let dimension):
      var elements: [[UInt8]] = []
      for _ in 0..<dimension { elements.append(try decodeComponent(bytes, &at, type: element, mask: mask)) }
      return type.vector(elements)
    case let inner: return try decodeComponent(bytes, &at, type: inner, mask: mask)
    }
  }

  private static func hasPart(_ bytes: [UInt8], _ at: inout Int, mask: UInt8) throws(DecodeError) -> Bool {
    switch try take(bytes, &at, 1, mask: mask)[0] {
    case absent: return false
    case present: return true
    default: throw .badValue("part of a frozen value")
    }
  }
}
