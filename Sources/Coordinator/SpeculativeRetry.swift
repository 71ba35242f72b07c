// The table option `speculative_retry` (Cassandra's SpeculativeRetryPolicy): NEVER or NONE, ALWAYS, a percentile of
// the table's read latency (99p, 99PERCENTILE), a fixed time (50ms), or the lesser or greater of the two
// (MIN(99p,50ms)). Latencies are kept in one histogram a table, halved every few seconds, so that the last minute
// weighs most; Cassandra has a decaying reservoir of the same purpose. `additional_write_policy` has no meaning here,
// as in Cassandra without transient replicas: a write goes to all replicas anyway.

import Base

public enum SpeculativeRetry: Equatable, Sendable {
  case never, always
  /// Share of reads, 0 to 1, that are quicker than the time waited.
  case percentile(Double)
  case fixed(Duration)
  case lesser(Double, Duration)
  case greater(Double, Duration)

  /// Cassandra's default, and what an option that cannot be read stands for.
  public static let standard = SpeculativeRetry.percentile(0.99)

  /// - Parameter text: the option's value, in any case, without quotes.
  public init?(_ text: String) {
    let text = text.lowercased()
    switch text {
    case "never", "none": self = .never
    case "always": self = .always
    default:
      if let share = Self.share(text[...]) {
        self = .percentile(share)
      } else if let time = Self.time(text[...]) {
        self = .fixed(time)
      } else {
        self.init(pair: text)
      }
    }
  }

  private init?(pair text: String) {
    guard text.hasPrefix("min(") || text.hasPrefix("max("), text.hasSuffix(")") else { return nil }
    let parts = text.dropFirst(4).dropLast().split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed)
    guard parts.count == 2 else { return nil }
    let shares = parts.compactMap(Self.share)
    let times = parts.compactMap(Self.time)
    guard shares.count == 1, times.count == 1 else { return nil }
    self = text.hasPrefix("min") ? .lesser(shares[0], times[0]) : .greater(shares[0], times[0])
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }

  private static func share(_ text: Substring) -> Double? {
    let digits =
      text.hasSuffix("percentile") ? text.dropLast(10) : text.hasSuffix("p") ? text.dropLast() : Substring()
    guard let percent = number(digits), percent <= 100 else { return nil }
    return percent / 100
  }

  private static func time(_ text: Substring) -> Duration? {
    guard text.hasSuffix("ms"), let milliseconds = number(text.dropLast(2)), milliseconds < 1e9 else { return nil }
    return .nanoseconds(Int64(milliseconds * 1e6))
  }

  private static func number(_ text: Substring) -> Double? {
    guard !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }) else { return nil }
    return Double(text)
  }

  /// - Parameter measured: the time within which the given share of reads ends; nil before enough were measured.
  func speculation(untilMeasured: Duration, _ measured: (Double) -> Duration?) -> Speculation {
    switch self {
    case .never: .never
    case .always: .always
    case .percentile(let share): .after(measured(share) ?? untilMeasured)
    case .fixed(let time): .after(time)
    case .lesser(let share, let time): .after(min(measured(share) ?? time, time))
    case .greater(let share, let time): .after(max(measured(share) ?? time, time))
    }
  }
}

/// What a table's reads took, and when its slow ones get company. Loop-bound.
final class ReadLatency {
  static let refreshInterval = Duration.seconds(5)
  /// Before so many the percentiles say nothing.
  static let minSamples = 100

  private(set) var speculation: Speculation
  private var histogram = Histogram()
  private var nextRefresh: Instant
  private let untilMeasured: Duration

  init(_ policy: SpeculativeRetry, untilMeasured: Duration, now: Instant) {
    self.untilMeasured = untilMeasured
    nextRefresh = now + Self.refreshInterval
    speculation = policy.speculation(untilMeasured: untilMeasured) { _ in nil }
  }

  func record(_ latency: Duration) { histogram.record(microseconds: latency.wholeNanoseconds / 1000) }

  func isStale(_ now: Instant) -> Bool { now >= nextRefresh }

  func refresh(_ policy: SpeculativeRetry, now: Instant) {
    nextRefresh = now + Self.refreshInterval
    speculation = policy.speculation(untilMeasured: untilMeasured) { [histogram] share in
      histogram.total < Self.minSamples ? nil : .microseconds(Int64(clamping: histogram.quantile(share)))
    }
    if histogram.total >= Self.minSamples { histogram.halve() }
  }
}

/// Every table's, within a bound.
struct ReadLatencies {
  static let maxTables = 1024

  private var tables: [UUID: ReadLatency] = [:]
  private let untilMeasured: Duration

  init(untilMeasured: Duration) { self.untilMeasured = untilMeasured }

  /// - Parameter option: the table's `speculative_retry`, asked for now and then.
  mutating func of(_ table: UUID, now: Instant, option: (UUID) -> String?) -> ReadLatency {
    if let known = tables[table] {
      if known.isStale(now) { known.refresh(policy(table, option), now: now) }
      return known
    }
    // Tables that are gone leave theirs behind until then.
    if tables.count >= Self.maxTables { tables.removeAll() }
    let latency = ReadLatency(policy(table, option), untilMeasured: untilMeasured, now: now)
    tables[table] = latency
    return latency
  }

  private func policy(_ table: UUID, _ option: (UUID) -> String?) -> SpeculativeRetry {
    option(table).flatMap(SpeculativeRetry.init) ?? .standard
  }
}
