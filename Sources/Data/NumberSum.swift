// sum() and avg() of varints and decimals: exact, of any length within the bounds of BigNumber.

import Base

extension CQLType {
  /// Zero, of a varint or decimal.
  public var zeroValue: [UInt8] { self == .decimal ? [0, 0, 0, 0, 0] : [0] }

  /// The same number with the other sign, of a varint or decimal.
  public func negated(_ bytes: [UInt8]) -> [UInt8] {
    if self == .decimal {
      let decimal = BigDecimal(serialized: bytes)
      return BigDecimal(unscaled: decimal.unscaled.negated, scale: decimal.scale).serialized
    }
    return BigInteger(twosComplement: bytes).negated.twosComplement
  }
}

extension BigInteger {
  var negated: BigInteger { BigInteger(isNegative: !isNegative, limbs: limbs) }

  init(isNegative: Bool, limbs: [UInt32]) {
    var trimmed = limbs
    while trimmed.last == 0 { trimmed.removeLast() }
    self.limbs = trimmed
    self.isNegative = isNegative && !trimmed.isEmpty
  }

  func plus(_ other: BigInteger) -> BigInteger {
    if isNegative == other.isNegative {
      return BigInteger(isNegative: isNegative, limbs: Self.sum(limbs, other.limbs))
    }
    let positive = BigInteger(isNegative: false, limbs: limbs)
    let isSmaller = positive.compare(BigInteger(isNegative: false, limbs: other.limbs)) < 0
    let difference = isSmaller ? Self.difference(other.limbs, limbs) : Self.difference(limbs, other.limbs)
    return BigInteger(isNegative: isSmaller ? other.isNegative : isNegative, limbs: difference)
  }

  private static func sum(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var carry: UInt64 = 0
    for index in 0..<max(a.count, b.count) {
      let value = UInt64(index < a.count ? a[index] : 0) + UInt64(index < b.count ? b[index] : 0) + carry
      result.append(UInt32(truncatingIfNeeded: value))
      carry = value >> 32
    }
    if carry > 0 { result.append(UInt32(carry)) }
    return result
  }

  /// `a - b`, where `a` is not less.
  private static func difference(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var borrow: Int64 = 0
    for index in a.indices {
      let value = Int64(a[index]) - Int64(index < b.count ? b[index] : 0) - borrow
      result.append(UInt32(truncatingIfNeeded: value))
      borrow = value < 0 ? 1 : 0
    }
    return result
  }

  func timesTen() -> BigInteger {
    var result: [UInt32] = []
    var carry: UInt64 = 0
    for limb in limbs {
      let value = UInt64(limb) * 10 + carry
      result.append(UInt32(truncatingIfNeeded: value))
      carry = value >> 32
    }
    if carry > 0 { result.append(UInt32(carry)) }
    return BigInteger(isNegative: isNegative, limbs: result)
  }

  /// The quotient towards zero, and the magnitude of what is left.
  func divided(by divisor: UInt32) -> (quotient: BigInteger, remainder: UInt32) {
    var result = limbs
    var remainder: UInt64 = 0
    for index in limbs.indices.reversed() {
      let value = remainder << 32 | UInt64(limbs[index])
      result[index] = UInt32(value / UInt64(divisor))
      remainder = value % UInt64(divisor)
    }
    return (BigInteger(isNegative: isNegative, limbs: result), UInt32(remainder))
  }
}

/// Adds values of type varint or decimal.
public struct NumberSum: Sendable {
  /// Digits that two decimals' scales may lie apart, and limbs of an addend: a row could ask for gigabytes else.
  static let maxScaleSpan = 4_096
  static let maxLimbs = 2_048
  /// Limbs of the sum: a scale that climbs from row to row would lengthen it without end.
  static let maxTotalLimbs = 3_072

  private let isDecimal: Bool
  private var total = BigInteger(isNegative: false, limbs: [])
  private var scale: Int32 = 0

  public init(_ type: CQLType) {
    precondition(type == .varint || type == .decimal, "no sum of \(type)")
    isDecimal = type == .decimal
  }

  public mutating func add(_ value: [UInt8]) throws(ValueError) {
    var addend = BigInteger(twosComplement: isDecimal ? value.dropFirst(4) : value[...])
    guard addend.limbs.count <= Self.maxLimbs else { throw ValueError("A number is too long to be added") }
    if isDecimal {
      let own = BigDecimal(serialized: value).scale
      guard abs(Int64(own) - Int64(scale)) <= Int64(Self.maxScaleSpan) else {
        throw ValueError("Decimals whose scales differ by more than \(Self.maxScaleSpan) cannot be added")
      }
      total = total.timesPowerOfTen(Int(own) - Int(scale))
      addend = addend.timesPowerOfTen(Int(scale) - Int(own))
      scale = max(scale, own)
    }
    total = total.plus(addend)
    guard total.limbs.count <= Self.maxTotalLimbs else { throw ValueError("A sum is too long") }
  }

  public var sum: [UInt8] { bytes(total) }

  /// Of a varint towards zero, of a decimal rounded half to even at the sum's scale.
  public func average(of count: Int64) -> [UInt8] {
    guard let divisor = UInt32(exactly: count), divisor > 0 else { return bytes(total) }
    let (whole, remainder) = total.divided(by: divisor)
    var quotient = whole
    if isDecimal {
      let twice = UInt64(remainder) * 2
      let isOdd = (quotient.limbs.first ?? 0) & 1 == 1
      if twice > UInt64(divisor) || (twice == UInt64(divisor) && isOdd) {
        quotient = quotient.plus(BigInteger(isNegative: total.isNegative, limbs: [1]))
      }
    }
    return bytes(quotient)
  }

  private func bytes(_ number: BigInteger) -> [UInt8] {
    isDecimal ? Values.int(scale) + number.twosComplement : number.twosComplement
  }
}
