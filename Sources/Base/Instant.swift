/// A point on a clock that never goes back, in nanoseconds since a start of its own (the machine's boot, or a
/// simulation's beginning). Says nothing about the time of day.
public struct Instant: Comparable, Hashable, Sendable {
  public var nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

  /// Saturates, so that "never" plus a second stays "never".
  public static func + (a: Instant, b: Duration) -> Instant {
    let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.wholeNanoseconds)
    return Instant(nanoseconds: overflow ? .max : sum)
  }

  public static func - (a: Instant, b: Instant) -> Duration { .nanoseconds(a.nanoseconds - b.nanoseconds) }

  /// Later than every other instant.
  public static let never = Instant(nanoseconds: .max)
}

extension Duration {
  /// The whole duration in nanoseconds, clamped to what an Int64 holds (292 years).
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    if overflow { return seconds < 0 ? .min : .max }
    let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
    return carry ? .max : sum
  }

  public var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
}
