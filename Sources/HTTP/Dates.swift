// HTTP's dates (RFC 9110 section 5.6.7): one form is written, the same one is read. The two obsolete forms are
// not read: a condition with such a date is ignored, which only costs the client a full answer.
//
// Civil dates from days: the algorithm of Hinnant's "chrono-compatible low-level date algorithms".

/// Times of day as HTTP and JSON write them, from seconds since the Unix epoch.
public enum HTTPDate {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  /// 9999-12-31: four digits of year are all the form has.
  private static let latestSeconds: Int64 = 253_402_300_799

  /// `Sun, 06 Nov 1994 08:49:37 GMT`. Times outside the years 1970 to 9999 are clamped.
  public static func format(_ seconds: Int64) -> String {
    let seconds = min(max(0, seconds), latestSeconds)
    let day = seconds / 86_400
    let (year, month, dayOfMonth) = civil(day)
    let time = seconds % 86_400
    let clock = [time / 3600, time / 60 % 60, time % 60].map { twoDigits($0) }.joined(separator: ":")
    let yearText = String(repeating: "0", count: 4 - String(year).count) + String(year)
    return "\(days[Int(day % 7)]), \(twoDigits(dayOfMonth)) \(months[Int(month) - 1]) \(yearText) \(clock) GMT"
  }

  /// Seconds since the epoch; nil for anything but the form above.
  public static func parse(_ text: String) -> Int64? {
    let bytes = [UInt8](text.utf8)
    guard bytes.count == 29 else { return nil }
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 6, parts[5] == "GMT", parts[0].hasSuffix(","), parts[4].utf8.count == 8,
      let month = months.firstIndex(of: parts[2]), let day = digits(parts[1], 2), let year = digits(parts[3], 4)
    else { return nil }
    let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard clock.count == 3, let hour = digits(clock[0], 2), let minute = digits(clock[1], 2),
      let second = digits(clock[2], 2), hour < 24, minute < 60, second <= 60, (1...31).contains(day), year >= 1970
    else { return nil }
    let seconds = daysFromCivil(year, Int64(month) + 1, day) * 86_400 + hour * 3600 + minute * 60 + second
    guard second == 60 || format(seconds) == text else { return nil }
    return seconds
  }

  private static func digits(_ text: String, _ count: Int) -> Int64? {
    guard text.utf8.count == count, text.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
    return Int64(text)
  }

  private static func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }

  private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
  }

  private static func daysFromCivil(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = shiftedYear / 400
    let yearOfEra = shiftedYear % 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
