// Dates, times of day, timestamps and durations in the forms of CQL.textile, without a time zone
// database: a zone is Z, UTC, GMT or an offset. Days are counted by Howard Hinnant's algorithm
// ("chrono-Compatible Low-Level Date Algorithms").

import Base

/// The proleptic Gregorian calendar.
public enum CivilTime {
  public static let nanosecondsPerDay: Int64 = 86_400_000_000_000
  public static let millisecondsPerDay: Int64 = 86_400_000

  /// Days since 1970-01-01.
  public static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  public static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let mp = (5 * dayOfYear + 2) / 153
    let month = mp < 10 ? mp + 3 : mp - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * mp + 2) / 5 + 1)
  }

  public static func isValid(year: Int64, month: Int64, day: Int64) -> Bool {
    guard (1...12).contains(month), day >= 1 else { return false }
    let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day <= lengths[Int(month) - 1]
  }

  static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value.magnitude)
    return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
  }

  public static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let quotient = value >= 0 ? value / divisor : (value + 1) / divisor - 1
    return (quotient, value - quotient * divisor)
  }

  public static func dateText(days: Int64) -> String {
    let (year, month, day) = date(days: days)
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }

  /// `2011-02-03 04:05:00.000Z`, as Cassandra writes a timestamp.
  public static func timestampText(milliseconds: Int64, separator: String = " ") -> String {
    let (days, rest) = floorDivide(milliseconds, by: millisecondsPerDay)
    let seconds = rest / 1000
    return dateText(days: days) + separator + clock(seconds) + ".\(padded(rest % 1000, 3))Z"
  }

  private static func clock(_ seconds: Int64) -> String {
    "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
  }

  /// `04:05:00.000000000`
  public static func timeText(nanoseconds: Int64) -> String {
    "\(clock(nanoseconds / 1_000_000_000)).\(padded(nanoseconds % 1_000_000_000, 9))"
  }
}

/// A cursor over a text of digits and marks.
struct TimeScanner {
  private var rest: ArraySlice<UInt8>

  init(_ text: some StringProtocol) { rest = Array(text.utf8)[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard let first = rest.first, first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func take(_ word: String) -> Bool {
    guard rest.starts(with: word.utf8) else { return false }
    rest = rest.dropFirst(word.utf8.count)
    return true
  }

  /// A number of `width` digits; nil takes nothing.
  mutating func number(_ width: ClosedRange<Int>) -> Int64? {
    var value: Int64 = 0
    let digits = rest.prefix(width.upperBound).prefix { $0 >= 0x30 && $0 <= 0x39 }
    guard width.contains(digits.count) else { return nil }
    for digit in digits {
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.addingReportingOverflow(Int64(digit - 0x30))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    rest = rest.dropFirst(digits.count)
    return value
  }

  /// A fraction's digits as a number of `places` digits.
  mutating func fraction(places: Int) -> Int64? {
    let before = rest.count
    guard var value = number(1...places) else { return nil }
    for _ in (before - rest.count)..<places { value *= 10 }
    return value
  }

  /// `yyyy-mm-dd`, years of any sign.
  mutating func days(yearDigits: ClosedRange<Int> = 4...7) -> Int64? {
    let isNegative = take("-")
    guard let year = number(yearDigits), take("-"), let month = number(2...2), take("-"), let day = number(2...2) else {
      return nil
    }
    let signed = isNegative ? -year : year
    guard CivilTime.isValid(year: signed, month: month, day: day) else { return nil }
    return CivilTime.days(year: signed, month: month, day: day)
  }

  /// `hh:mm[:ss[.fraction]]` in nanoseconds.
  mutating func timeOfDay(secondsRequired: Bool) -> Int64? {
    guard let hour = number(1...2), hour < 24, take(":"), let minute = number(1...2), minute < 60 else { return nil }
    var nanoseconds = (hour * 3600 + minute * 60) * 1_000_000_000
    if take(":") {
      guard let second = number(1...2), second < 60 else { return nil }
      nanoseconds += second * 1_000_000_000
      if take(".") {
        guard let part = fraction(places: 9) else { return nil }
        nanoseconds += part
      }
    } else if secondsRequired {
      return nil
    }
    return nanoseconds
  }

  /// An offset from UTC in milliseconds; nothing is UTC.
  mutating func zone() -> Int64? {
    while take(" ") {}
    if isAtEnd || take("Z") || take("z") || take("UTC") || take("GMT") { return 0 }
    let isNegative = take("-")
    guard isNegative || take("+"), let hours = number(2...2) else { return nil }
    _ = take(":")
    let minutes = number(2...2) ?? 0
    guard hours <= 18, minutes < 60 else { return nil }
    return (hours * 60 + minutes) * 60_000 * (isNegative ? -1 : 1)
  }
}

/// Months, days and nanoseconds, all of one sign.
public struct CQLDuration: Equatable, Sendable {
  public var months: Int32
  public var days: Int32
  public var nanoseconds: Int64

  public init(months: Int32, days: Int32, nanoseconds: Int64) {
    self.months = months
    self.days = days
    self.nanoseconds = nanoseconds
  }

  /// Three zigzag variable-length integers.
  public init(serialized bytes: [UInt8]) throws(ValueError) {
    guard bytes.count >= 3 else { throw ValueError("Expected at least 3 bytes for a duration (\(bytes.count))") }
    var rest = bytes[...]
    guard let months = Self.takeInteger(&rest), let days = Self.takeInteger(&rest),
      let nanoseconds = Self.takeInteger(&rest), rest.isEmpty,
      let wholeMonths = Int32(exactly: months), let wholeDays = Int32(exactly: days)
    else { throw ValueError("Invalid duration") }
    let signs = [months, days, nanoseconds]
    guard signs.allSatisfy({ $0 >= 0 }) || signs.allSatisfy({ $0 <= 0 }) else {
      throw ValueError(
        "The duration months, days and nanoseconds must be all of the same sign (\(months), \(days), \(nanoseconds))")
    }
    self.init(months: wholeMonths, days: wholeDays, nanoseconds: nanoseconds)
  }

  public var serialized: [UInt8] {
    Self.bytes(Int64(months)) + Self.bytes(Int64(days)) + Self.bytes(nanoseconds)
  }

  /// The count of leading ones of the first byte says how many bytes follow (VIntCoding.java).
  private static func bytes(_ value: Int64) -> [UInt8] {
    let raw = UInt64(bitPattern: (value << 1) ^ (value >> 63))
    let bits = 64 - raw.leadingZeroBitCount
    let extra = min(8, max(0, (bits - 1) / 7))
    if extra == 8 { return [0xFF] + Values.bigEndian(raw, bytes: 8) }
    var bytes = Values.bigEndian(raw, bytes: extra + 1)
    bytes[0] |= extra == 0 ? 0 : ~UInt8(0xFF >> extra)
    return bytes
  }

  private static func takeInteger(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    guard let first = rest.popFirst() else { return nil }
    let extra = (~first).leadingZeroBitCount
    guard rest.count >= extra else { return nil }
    var raw = extra >= 8 ? 0 : UInt64(first & UInt8(0xFF >> extra))
    for byte in rest.prefix(extra) { raw = raw << 8 | UInt64(byte) }
    rest = rest.dropFirst(extra)
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }

  // MARK: - Text

  private struct Unit {
    var name: String
    /// From the greatest down, and its word in messages.
    var rank: Int
    var word: String
    var months: Int64 = 0
    var days: Int64 = 0
    var nanoseconds: Int64 = 0
  }

  /// A name that begins another's stands behind it.
  private static let units = [
    Unit(name: "y", rank: 0, word: "years", months: 12), Unit(name: "mo", rank: 1, word: "months", months: 1),
    Unit(name: "w", rank: 2, word: "weeks", days: 7), Unit(name: "d", rank: 3, word: "days", days: 1),
    Unit(name: "h", rank: 4, word: "hours", nanoseconds: 3_600_000_000_000),
    Unit(name: "ms", rank: 7, word: "milliseconds", nanoseconds: 1_000_000),
    Unit(name: "m", rank: 5, word: "minutes", nanoseconds: 60_000_000_000),
    Unit(name: "us", rank: 8, word: "microseconds", nanoseconds: 1_000),
    Unit(name: "\u{B5}s", rank: 8, word: "microseconds", nanoseconds: 1_000),
    Unit(name: "ns", rank: 9, word: "nanoseconds", nanoseconds: 1),
    Unit(name: "s", rank: 6, word: "seconds", nanoseconds: 1_000_000_000),
  ]

  /// `1y2mo3w4d5h6m7s8ms9us10ns`, ISO 8601 with designators or weeks, or the alternative format.
  public init(text: some StringProtocol) throws(ValueError) {
    let isNegative = text.first == "-"
    let body = String(isNegative ? text.dropFirst() : text[...])
    var sums = Sums()
    let isRead = body.first == "P" ? sums.addISO(String(body.dropFirst())) : try sums.addStandard(body.lowercased())
    guard isRead else { throw ValueError("Unable to convert '\(text)' to a duration") }
    guard let months = Int32(exactly: sums.months), let days = Int32(exactly: sums.days) else {
      let word = Int32(exactly: sums.months) == nil ? "months" : "days"
      throw ValueError("Invalid duration. The total number of \(word) must be less or equal to \(Int32.max)")
    }
    let sign: Int32 = isNegative ? -1 : 1
    self.init(months: months * sign, days: days * sign, nanoseconds: sums.nanoseconds * Int64(sign))
  }

  private struct Sums {
    var months: Int64 = 0
    var days: Int64 = 0
    var nanoseconds: Int64 = 0

    mutating func add(_ count: Int64, _ unit: Unit) -> Bool {
      let (part, overflow) = count.multipliedReportingOverflow(by: unit.nanoseconds)
      let (sum, carry) = nanoseconds.addingReportingOverflow(part)
      // More than an Int32 is refused behind this, so what is clamped is refused too.
      let bounded = min(count, Int64(UInt32.max))
      guard !overflow, !carry else { return false }
      months += bounded * unit.months
      days += bounded * unit.days
      nanoseconds = sum
      return true
    }

    mutating func addStandard(_ text: String) throws(ValueError) -> Bool {
      var scanner = TimeScanner(text)
      guard !scanner.isAtEnd else { return false }
      var last: Unit?
      while !scanner.isAtEnd {
        guard let count = scanner.number(1...19), let unit = CQLDuration.units.first(where: { scanner.take($0.name) })
        else { return false }
        if let last, last.rank >= unit.rank {
          throw ValueError(
            last.rank == unit.rank
              ? "Invalid duration. The \(unit.word) are specified multiple times"
              : "Invalid duration. The \(last.word) should be after \(unit.word)")
        }
        guard add(count, unit) else { return false }
        last = unit
      }
      return true
    }

    mutating func addISO(_ text: String) -> Bool {
      var scanner = TimeScanner(text)
      guard !scanner.isAtEnd else { return false }
      var alternative = scanner
      if let year = alternative.number(4...4), alternative.take("-") {
        guard let month = alternative.number(2...2), alternative.take("-"), let day = alternative.number(2...2),
          alternative.take("T"), let clock = alternative.timeOfDay(secondsRequired: true), alternative.isAtEnd
        else { return false }
        months = year * 12 + month
        days = day
        nanoseconds = clock
        return true
      }
      var inTime = false
      while !scanner.isAtEnd {
        if scanner.take("T") { inTime = true }
        guard let count = scanner.number(1...18) else { return false }
        let unit: String
        if scanner.take("Y") {
          unit = "y"
        } else if scanner.take("W") {
          unit = "w"
        } else if scanner.take("D") {
          unit = "d"
        } else if scanner.take("H") {
          unit = "h"
        } else if scanner.take("S") {
          unit = "s"
        } else if scanner.take("M") {
          unit = inTime ? "m" : "mo"
        } else {
          return false
        }
        guard let found = CQLDuration.units.first(where: { $0.name == unit }),
          add(count, found)
        else { return false }
      }
      return true
    }
  }

  /// As Cassandra writes it: `1y2mo3d4h5m6s7ms8us9ns`.
  public var text: String {
    let isNegative = months < 0 || days < 0 || nanoseconds < 0
    var result = isNegative ? "-" : ""
    func add(_ value: UInt64, _ unit: String) { if value > 0 { result += "\(value)\(unit)" } }
    let wholeMonths = UInt64(months.magnitude)
    add(wholeMonths / 12, "y")
    add(wholeMonths % 12, "mo")
    add(UInt64(days.magnitude), "d")
    var rest = nanoseconds.magnitude
    for (size, unit): (UInt64, String) in [
      (3_600_000_000_000, "h"), (60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"),
      (1, "ns"),
    ] {
      add(rest / size, unit)
      rest %= size
    }
    return result.isEmpty ? "0ns" : result
  }
}
