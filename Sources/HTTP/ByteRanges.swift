// Range requests (RFC 9110 section 14): which bytes of a representation are asked for.
//
// Overlapping, unordered and many small ranges are how a server is made to send more than it holds
// (CVE-2011-3192), so at most `maxRangeCount` are served, and only where they ascend without overlap;
// anything else is answered whole, as the RFC permits.

/// What a Range field asks of a representation.
public enum RangeRequest: Equatable, Sendable {
  /// There is none, or none that is understood: the whole, 200.
  case whole
  /// These bytes, in order, none empty: 206.
  case ranges([Range<Int64>])
  /// None of them is there: 416.
  case unsatisfiable

  /// Ranges of one answer.
  public static let maxRangeCount = 16

  /// Reads `bytes=0-99,200-,-50` for a representation of `sizeBytes`.
  public init(_ field: String?, sizeBytes: Int64) {
    self = .whole
    guard let field, field.lowercased().hasPrefix("bytes=") else { return }
    let specifications = field.dropFirst(6).split(separator: ",", omittingEmptySubsequences: false)
    guard specifications.count <= Self.maxRangeCount else { return }
    var ranges: [Range<Int64>] = []
    for specification in specifications {
      guard let read = Self.range(specification, sizeBytes) else { return }
      guard let range = read else { continue }
      if let last = ranges.last, range.lowerBound < last.upperBound { return }
      ranges.append(range)
    }
    self = ranges.isEmpty ? .unsatisfiable : .ranges(ranges)
  }

  /// nil: malformed. .some(nil): well formed, and not there.
  private static func range(_ text: Substring, _ sizeBytes: Int64) -> Range<Int64>?? {
    let trimmed = text.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
    let parts = trimmed.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    guard let first = number(parts[0]), let last = number(parts[1]) else { return nil }
    switch (first, last) {
    case (nil, nil): return nil
    case (nil, let suffix?):
      return suffix > 0 && sizeBytes > 0 ? .some(max(0, sizeBytes - suffix)..<sizeBytes) : .some(nil)
    case (let from?, nil): return from < sizeBytes ? .some(from..<sizeBytes) : .some(nil)
    case (let from?, let to?):
      guard from <= to else { return nil }
      return from < sizeBytes ? .some(from..<(min(to, sizeBytes - 1) + 1)) : .some(nil)
    }
  }

  /// nil: not a number. .some(nil): empty. Numbers past Int64 count as its greatest.
  private static func number(_ text: Substring) -> Int64?? {
    if text.isEmpty { return .some(nil) }
    guard text.utf8.allSatisfy(\.isASCIIDigit) else { return nil }
    return .some(Int64(text) ?? .max)
  }
}
