// Frame rates and time bases are fractions, and stay fractions: 24000/1001 as a decimal drifts by a
// frame in a film's length.

/// A positive fraction in lowest terms.
public struct Rational: Hashable, Sendable, CustomStringConvertible {
  public let numerator: Int64
  public let denominator: Int64

  /// Nil unless both are positive.
  public init?(_ numerator: Int64, _ denominator: Int64) {
    guard numerator > 0, denominator > 0 else { return nil }
    let divisor = Self.greatestCommonDivisor(numerator, denominator)
    self.numerator = numerator / divisor
    self.denominator = denominator / divisor
  }

  /// A whole number.
  /// - Precondition: `value > 0`.
  public init(_ value: Int64) {
    precondition(value > 0, "a rational is positive, not \(value)")
    numerator = value
    denominator = 1
  }

  /// Reads `30000/1001`, `16:9` or `25`; nil for zero, negative or anything else.
  public init?(parsing text: String) {
    let parts = text.split(whereSeparator: { $0 == "/" || $0 == ":" })
    guard (1...2).contains(parts.count), let numerator = Int64(parts[0]) else { return nil }
    guard let denominator = parts.count == 2 ? Int64(parts[1]) : 1 else { return nil }
    self.init(numerator, denominator)
  }

  public var description: String { denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)" }
  public var double: Double { Double(numerator) / Double(denominator) }

  private static func greatestCommonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}

/// `value * multiplier / divisor` rounded down, without overflow in between.
/// - Precondition: all are non-negative, `divisor` is positive, and the result fits.
func scaled(_ value: Int64, by multiplier: Int64, over divisor: Int64) -> Int64 {
  precondition(value >= 0 && multiplier >= 0 && divisor > 0, "scaled(\(value), \(multiplier), \(divisor))")
  let product = value.magnitude.multipliedFullWidth(by: multiplier.magnitude)
  precondition(product.high < divisor.magnitude, "\(value) * \(multiplier) / \(divisor) does not fit")
  return Int64(clamping: divisor.magnitude.dividingFullWidth(product).quotient)
}
