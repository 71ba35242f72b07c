// Whole numbers and decimals of any length, as far as CQL's varint and decimal need them: text to
// bytes, bytes to text, order. No arithmetic. Schoolbook base conversion is quadratic, so lengths are
// bounded.

/// Sign and magnitude; zero is not negative.
struct BigInteger: Equatable {
  /// Digits of a number's text.
  static let maxTextDigits = 10_000
  /// Of a value; Cassandra has no bound, but text and order of a number take time with the square of its length.
  static let maxBytes = 8_192

  var isNegative: Bool
  /// Base 2^32, the lowest first, no zeros at the end.
  var limbs: [UInt32]

  var isZero: Bool { limbs.isEmpty }

  init?(decimal text: some StringProtocol) {
    var digits = Array(text.utf8)[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty, digits.count <= Self.maxTextDigits else { return nil }
    guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    limbs = []
    while !digits.isEmpty {
      let chunk = digits.prefix(9)
      digits = digits.dropFirst(9)
      var factor: UInt64 = 1
      var carry: UInt64 = 0
      for digit in chunk {
        factor *= 10
        carry = carry * 10 + UInt64(digit - 0x30)
      }
      for index in limbs.indices {
        let product = UInt64(limbs[index]) * factor + carry
        limbs[index] = UInt32(truncatingIfNeeded: product)
        carry = product >> 32
      }
      if carry > 0 { limbs.append(UInt32(carry)) }
    }
    self.isNegative = isNegative && !limbs.isEmpty
  }

  /// Big-endian bytes; no bytes are zero.
  init(twosComplement bytes: some BidirectionalCollection<UInt8>) {
    let negative = (bytes.first ?? 0) >= 0x80
    limbs = []
    var limb: UInt32 = 0
    var shift: UInt32 = 0
    var carry: UInt32 = negative ? 1 : 0
    for byte in bytes.reversed() {
      // The magnitude of a negative number is its complement plus one.
      let value = UInt32(negative ? ~byte : byte) + carry
      carry = value >> 8
      limb |= (value & 0xFF) << shift
      shift += 8
      if shift == 32 {
        limbs.append(limb)
        limb = 0
        shift = 0
      }
    }
    limbs.append(limb)
    if carry > 0 {
      // Only for -2^(8n): all complement bytes were zero.
      if shift == 0 { limbs[limbs.count - 1] = 1 } else { limbs[limbs.count - 1] |= 1 << shift }
    }
    while limbs.last == 0 { limbs.removeLast() }
    isNegative = negative && !limbs.isEmpty
  }

  /// The shortest big-endian form, at least one byte.
  var twosComplement: [UInt8] {
    var bytes: [UInt8] = []
    for limb in limbs {
      for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: limb >> shift)) }
    }
    while bytes.last == 0 { bytes.removeLast() }
    if isNegative {
      var carry: UInt16 = 1
      for index in bytes.indices {
        let value = UInt16(~bytes[index]) + carry
        bytes[index] = UInt8(truncatingIfNeeded: value)
        carry = value >> 8
      }
      if (bytes.last ?? 0) < 0x80 { bytes.append(0xFF) }
      while bytes.count > 1, bytes[bytes.count - 1] == 0xFF, bytes[bytes.count - 2] >= 0x80 { bytes.removeLast() }
    } else if bytes.last.map({ $0 >= 0x80 }) ?? true {
      bytes.append(0)
    }
    return bytes.reversed()
  }

  /// Decimal digits of the magnitude.
  var digits: [UInt8] {
    guard !isZero else { return [0x30] }
    var rest = limbs
    var reversed: [UInt8] = []
    while !rest.isEmpty {
      var remainder: UInt64 = 0
      for index in rest.indices.reversed() {
        let value = remainder << 32 | UInt64(rest[index])
        rest[index] = UInt32(value / 1_000_000_000)
        remainder = value % 1_000_000_000
      }
      while rest.last == 0 { rest.removeLast() }
      for _ in 0..<9 {
        reversed.append(0x30 + UInt8(remainder % 10))
        remainder /= 10
      }
    }
    while reversed.last == 0x30 { reversed.removeLast() }
    return reversed.reversed()
  }

  func compare(_ other: BigInteger) -> Int {
    if isNegative != other.isNegative { return isNegative ? -1 : 1 }
    let sign = isNegative ? -1 : 1
    if limbs.count != other.limbs.count { return limbs.count < other.limbs.count ? -sign : sign }
    for (a, b) in zip(limbs.reversed(), other.limbs.reversed()) where a != b { return a < b ? -sign : sign }
    return 0
  }
}

/// `unscaled` times ten to the power of minus `scale`.
struct BigDecimal {
  var unscaled: BigInteger
  var scale: Int32

  init?(text: some StringProtocol) {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
    guard parts.count <= 2, let mantissa = parts.first else { return nil }
    var exponent: Int64 = 0
    if parts.count == 2 {
      guard let value = Int64(parts[1]) else { return nil }
      exponent = value
    }
    let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    guard halves.count <= 2, let whole = halves.first else { return nil }
    let fraction = halves.count == 2 ? String(halves[1]) : ""
    guard let unscaled = BigInteger(decimal: String(whole) + fraction),
      let scale = Int32(exactly: Int64(fraction.utf8.count).subtractingReportingOverflow(exponent).partialValue)
    else { return nil }
    self.unscaled = unscaled
    self.scale = scale
  }

  init(unscaled: BigInteger, scale: Int32) {
    self.unscaled = unscaled
    self.scale = scale
  }

  /// A scale as int, then a varint. Bytes that are too short are zero.
  init(serialized bytes: [UInt8]) {
    scale = Int32(truncatingIfNeeded: Values.integer(bytes.prefix(4)) ?? 0)
    unscaled = BigInteger(twosComplement: bytes.dropFirst(4))
  }

  var serialized: [UInt8] { Values.int(scale) + unscaled.twosComplement }

  /// As Java's BigDecimal.toString: plain where the exponent is small, scientific elsewhere.
  var text: String {
    let digits = unscaled.digits
    let sign = unscaled.isNegative ? "-" : ""
    let exponent = -Int64(scale) + Int64(digits.count - 1)
    let all = String(decoding: digits, as: UTF8.self)
    if scale == 0 { return sign + all }
    if scale > 0, exponent >= -6 {
      let split = digits.count - Int(scale)
      if split > 0 { return sign + all.prefix(split) + "." + all.dropFirst(split) }
      return sign + "0." + String(repeating: "0", count: -split) + all
    }
    let fraction = digits.count > 1 ? "." + all.dropFirst() : ""
    return "\(sign)\(all.prefix(1))\(fraction)E\(exponent >= 0 ? "+" : "")\(exponent)"
  }

  func compare(_ other: BigDecimal) -> Int {
    if unscaled.isZero || other.unscaled.isZero || unscaled.isNegative != other.unscaled.isNegative {
      return sign - other.sign
    }
    let a = unscaled.digits
    let b = other.unscaled.digits
    let left = Int64(a.count) - Int64(scale)
    let right = Int64(b.count) - Int64(other.scale)
    if left != right { return left < right ? -sign : sign }
    for index in 0..<max(a.count, b.count) {
      let x = index < a.count ? a[index] : 0x30
      let y = index < b.count ? b[index] : 0x30
      if x != y { return x < y ? -sign : sign }
    }
    return 0
  }

  private var sign: Int { unscaled.isZero ? 0 : (unscaled.isNegative ? -1 : 1) }
}
