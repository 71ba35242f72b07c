// Universally unique identifiers (RFC 9562), without Foundation: two integers, compared as bytes.

/// 128 bits in network order.
public struct UUID: Hashable, Sendable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A version 4 identifier out of 128 random bits.
  public init(random high: UInt64, _ low: UInt64) {
    self.init(high: high & ~0xF000 | 0x4000, low: low & ~(0b11 << 62) | (0b10 << 62))
  }

  /// 16 bytes in network order; nil for any other count.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<8 {
      high = high << 8 | UInt64(bytes[index])
      low = low << 8 | UInt64(bytes[8 + index])
    }
    self.init(high: high, low: low)
  }

  /// The form 8-4-4-4-12 in hexadecimal digits; nil for anything else.
  public init?(_ text: some StringProtocol) {
    var digits: [UInt8] = []
    digits.reserveCapacity(32)
    var index = 0
    for byte in text.utf8 {
      if [8, 13, 18, 23].contains(index) {
        guard byte == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = Hex.digit(byte) else { return nil }
        digits.append(digit)
      }
      index += 1
    }
    guard index == 36, digits.count == 32 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for index in 0..<16 {
      high = high << 4 | UInt64(digits[index])
      low = low << 4 | UInt64(digits[16 + index])
    }
    self.init(high: high, low: low)
  }

  public var bytes: [UInt8] {
    var writer = ByteWriter(reserving: 16)
    writer.uuid(self)
    return writer.bytes
  }

  public var version: Int { Int(high >> 12 & 0xF) }
}

extension UUID: Comparable {
  public static func < (a: UUID, b: UUID) -> Bool { a.high == b.high ? a.low < b.low : a.high < b.high }
}

extension UUID: CustomStringConvertible {
  public var description: String {
    let hex = Array(Hex.encode(bytes).utf8)
    var text: [UInt8] = []
    for (index, digit) in hex.enumerated() {
      if [8, 12, 16, 20].contains(index) { text.append(UInt8(ascii: "-")) }
      text.append(digit)
    }
    return String(decoding: text, as: UTF8.self)
  }
}
