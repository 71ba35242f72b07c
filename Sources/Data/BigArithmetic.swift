// Arithmetic of varints and decimals as Java's BigInteger and BigDecimal have it, and as Cassandra uses them
// (db/marshal/IntegerType.java, DecimalType.java): a quotient of decimals has at least 32 digits, halves rounded up,
// and no zeros at its end. Operands are bounded, since a row's value must not stop a node.

import Base

/// What a numeric operation does.
public enum NumberOperation: Sendable { case add, subtract, multiply, divide, modulo }

public enum BigArithmetic {
  /// Limbs of 32 bits that an operand may have: 1,233 digits.
  static let maxLimbs = 128
  /// Digits by which two decimals' scales may differ.
  static let maxScaleSpan: Int64 = 1_000
  private static let minQuotientDigits: Int64 = 32
  private static let maxQuotientScale: Int64 = 1_000

  /// - Parameters: serialized values of `type`, which is varint or decimal.
  /// - Throws: for a division by zero, and for what is too long.
  public static func apply(
    _ operation: NumberOperation, _ a: [UInt8], _ b: [UInt8], _ type: CQLType
  ) throws(ValueError) -> [UInt8] {
    if type == .decimal {
      return try apply(operation, BigDecimal(serialized: a), BigDecimal(serialized: b)).serialized
    }
    return try apply(operation, BigInteger(twosComplement: a), BigInteger(twosComplement: b)).twosComplement
  }

  private static func check(_ numbers: BigInteger...) throws(ValueError) {
    guard numbers.allSatisfy({ $0.limbs.count <= maxLimbs }) else {
      throw ValueError("A number is too long to be computed with")
    }
  }

  static func apply(_ operation: NumberOperation, _ a: BigInteger, _ b: BigInteger) throws(ValueError) -> BigInteger {
    try check(a, b)
    switch operation {
    case .add: return a.plus(b)
    case .subtract: return a.plus(b.negated)
    case .multiply: return a.times(b)
    case .divide, .modulo:
      guard !b.isZero else { throw ValueError("BigInteger divide by zero") }
      let (quotient, remainder) = a.divided(by: b)
      return operation == .divide ? quotient : remainder
    }
  }

  static func apply(_ operation: NumberOperation, _ a: BigDecimal, _ b: BigDecimal) throws(ValueError) -> BigDecimal {
    try check(a.unscaled, b.unscaled)
    switch operation {
    case .multiply:
      guard let scale = Int32(exactly: Int64(a.scale) + Int64(b.scale)) else { throw ValueError("Overflow") }
      return BigDecimal(unscaled: a.unscaled.times(b.unscaled), scale: scale)
    case .divide: return try quotient(a, b)
    case .add, .subtract, .modulo:
      let scale = max(a.scale, b.scale)
      let (x, y) = (try a.unscaled(at: scale), try b.unscaled(at: scale))
      return BigDecimal(unscaled: try apply(operation, x, y), scale: scale)
    }
  }

  private static func quotient(_ a: BigDecimal, _ b: BigDecimal) throws(ValueError) -> BigDecimal {
    guard !b.unscaled.isZero else { throw ValueError("BigInteger divide by zero") }
    func magnitude(_ number: BigDecimal) -> Int64 { Int64(number.unscaled.digits.count) - Int64(number.scale) }
    let wanted = minQuotientDigits - (magnitude(a) - magnitude(b))
    let scale = min(max(wanted, Int64(a.scale), Int64(b.scale), minQuotientDigits), maxQuotientScale)
    // a / b at that scale: one of the two is made longer.
    let shift = scale - Int64(a.scale) + Int64(b.scale)
    guard abs(shift) <= 4 * maxScaleSpan else { throw ValueError("Decimals are too far apart to be divided") }
    let dividend = a.unscaled.timesPowerOfTen(Int(max(shift, 0)))
    let divisor = b.unscaled.timesPowerOfTen(Int(max(-shift, 0)))
    var (result, remainder) = dividend.divided(by: divisor)
    let twice = BigInteger(isNegative: false, limbs: remainder.limbs).times(BigInteger(isNegative: false, limbs: [2]))
    if twice.compare(BigInteger(isNegative: false, limbs: divisor.limbs)) >= 0 {
      let isNegative = a.unscaled.isNegative != b.unscaled.isNegative
      result = result.plus(BigInteger(isNegative: isNegative, limbs: [1]))
    }
    return BigDecimal(unscaled: result, scale: Int32(clamping: scale)).withoutTrailingZeros
  }

  // MARK: - Between types

  /// A whole number of any type, a varint or a decimal, as a varint; what is behind the point is cut off.
  public static func varint(_ bytes: [UInt8], _ type: CQLType) throws(ValueError) -> [UInt8] {
    guard type == .decimal else { return BigInteger(twosComplement: bytes).twosComplement }
    let decimal = BigDecimal(serialized: bytes)
    try check(decimal.unscaled)
    return try decimal.whole().twosComplement
  }

  /// A whole number of any type as a decimal; a floating one by its shortest digits.
  public static func decimal(_ bytes: [UInt8], _ type: CQLType) throws(ValueError) -> [UInt8] {
    switch type {
    case .decimal: return bytes
    case .float, .double:
      let value = type == .float ? Values.float(bytes).map(Double.init) : Values.double(bytes)
      guard let value, value.isFinite, let decimal = BigDecimal(text: value.description) else {
        throw ValueError("Infinite or NaN")
      }
      return decimal.serialized
    default: return BigDecimal(unscaled: BigInteger(twosComplement: bytes), scale: 0).serialized
    }
  }

  /// The same of an operation's operand: Cassandra takes whole numbers of up to 32 bits by way of a double, so that
  /// they have a zero behind the point (NumberType.toBigDecimal).
  public static func operand(_ bytes: [UInt8], _ type: CQLType) throws(ValueError) -> [UInt8] {
    guard [.tinyint, .smallint, .int].contains(type) else { return try decimal(bytes, type) }
    return BigDecimal(unscaled: BigInteger(twosComplement: bytes).timesTen(), scale: 1).serialized
  }

  /// A varint or decimal as the nearest double.
  public static func double(_ bytes: [UInt8], _ type: CQLType) -> Double? { Double(type.text(of: bytes)) }

  /// The low 64 bits of a varint.
  public static func low64(_ bytes: [UInt8]) -> Int64 {
    Values.integer(bytes.count > 8 ? Array(bytes.suffix(8)) : bytes) ?? 0
  }
}

extension BigDecimal {
  fileprivate func unscaled(at wanted: Int32) throws(ValueError) -> BigInteger {
    let span = Int64(wanted) - Int64(scale)
    guard span <= BigArithmetic.maxScaleSpan else {
      throw ValueError("Decimals whose scales differ by more than \(BigArithmetic.maxScaleSpan) cannot be added")
    }
    return unscaled.timesPowerOfTen(Int(span))
  }

  fileprivate func whole() throws(ValueError) -> BigInteger {
    if scale <= 0 { return try unscaled(at: 0) }
    guard Int64(scale) <= BigArithmetic.maxScaleSpan else { return BigInteger(isNegative: false, limbs: []) }
    return unscaled.divided(by: BigInteger(isNegative: false, limbs: [1]).timesPowerOfTen(Int(scale))).quotient
  }

  var withoutTrailingZeros: BigDecimal {
    if unscaled.isZero { return BigDecimal(unscaled: unscaled, scale: 0) }
    var result = self
    while true {
      let (quotient, remainder) = result.unscaled.divided(by: 10 as UInt32)
      guard remainder == 0, result.scale > .min else { return result }
      result = BigDecimal(unscaled: quotient, scale: result.scale - 1)
    }
  }
}

extension BigInteger {
  func times(_ other: BigInteger) -> BigInteger {
    guard !isZero, !other.isZero else { return BigInteger(isNegative: false, limbs: []) }
    var result = [UInt32](repeating: 0, count: limbs.count + other.limbs.count)
    for (i, x) in limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, y) in other.limbs.enumerated() {
        let value = UInt64(x) * UInt64(y) + UInt64(result[i + j]) + carry
        result[i + j] = UInt32(truncatingIfNeeded: value)
        carry = value >> 32
      }
      result[i + other.limbs.count] = UInt32(carry)
    }
    return BigInteger(isNegative: isNegative != other.isNegative, limbs: result)
  }

  func timesPowerOfTen(_ power: Int) -> BigInteger {
    var result = self
    var left = power
    while left >= 9 {
      result = result.times(BigInteger(isNegative: false, limbs: [1_000_000_000]))
      left -= 9
    }
    for _ in 0..<max(left, 0) { result = result.timesTen() }
    return result
  }

  /// The quotient towards zero; the remainder has this number's sign. Long division, bit by bit.
  func divided(by divisor: BigInteger) -> (quotient: BigInteger, remainder: BigInteger) {
    precondition(!divisor.isZero, "a division by zero")
    if divisor.limbs.count == 1 {
      let (quotient, remainder) = divided(by: divisor.limbs[0])
      return (
        BigInteger(isNegative: isNegative != divisor.isNegative, limbs: quotient.limbs),
        BigInteger(isNegative: isNegative, limbs: [remainder])
      )
    }
    let positive = BigInteger(isNegative: false, limbs: divisor.limbs)
    var quotient = [UInt32](repeating: 0, count: limbs.count)
    var rest = BigInteger(isNegative: false, limbs: [])
    for index in stride(from: limbs.count * 32 - 1, through: 0, by: -1) {
      rest = rest.shiftedLeft(adding: limbs[index / 32] >> UInt32(index % 32) & 1)
      guard rest.compare(positive) >= 0 else { continue }
      rest = rest.plus(positive.negated)
      quotient[index / 32] |= 1 << UInt32(index % 32)
    }
    return (
      BigInteger(isNegative: isNegative != divisor.isNegative, limbs: quotient),
      BigInteger(isNegative: isNegative, limbs: rest.limbs)
    )
  }

  private func shiftedLeft(adding bit: UInt32) -> BigInteger {
    var result: [UInt32] = []
    result.reserveCapacity(limbs.count + 1)
    var carry = bit
    for limb in limbs {
      result.append(limb << 1 | carry)
      carry = limb >> 31
    }
    if carry > 0 { result.append(carry) }
    return BigInteger(isNegative: false, limbs: result)
  }
}

extension CQLDuration {
  /// A timestamp's milliseconds moved by this duration, months first, as a calendar has them; nil out of range.
  public func added(toMilliseconds start: Int64, isBackwards: Bool = false) -> Int64? {
    let sign: Int64 = isBackwards ? -1 : 1
    let (days, clock) = CivilTime.floorDivide(start, by: CivilTime.millisecondsPerDay)
    guard let moved = Self.days(days, plusMonths: sign * Int64(months)) else { return nil }
    let (whole, overflow) = (moved + sign * Int64(self.days)).multipliedReportingOverflow(
      by: CivilTime.millisecondsPerDay)
    let (sum, carry) = whole.addingReportingOverflow(clock + sign * (nanoseconds / 1_000_000))
    return overflow || carry ? nil : sum
  }

  /// The same of days since 1970; nil out of range.
  public func added(toDays start: Int32, isBackwards: Bool = false) -> Int32? {
    let sign: Int64 = isBackwards ? -1 : 1
    guard let moved = Self.days(Int64(start), plusMonths: sign * Int64(months)) else { return nil }
    return Int32(exactly: moved + sign * Int64(days))
  }

  private static func days(_ days: Int64, plusMonths months: Int64) -> Int64? {
    if months == 0 { return days }
    let date = CivilTime.date(days: days)
    let (years, month) = CivilTime.floorDivide(date.month - 1 + months, by: 12)
    let year = date.year + years
    guard abs(year) < 300_000_000 else { return nil }
    // The last of a shorter month.
    var day = date.day
    while !CivilTime.isValid(year: year, month: month + 1, day: day), day > 28 { day -= 1 }
    return CivilTime.days(year: year, month: month + 1, day: day)
  }
}
