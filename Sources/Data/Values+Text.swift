// Values from and to text: what stands between a constant in a statement and its bytes, and what
// DESCRIBE, JSON and messages show. Forms and messages are those of Cassandra's marshal types.

import Base

extension CQLType {
  /// The value that a constant's text (a string without its quotes) stands for. Scalars only.
  public func value(fromText text: String) throws(ValueError) -> [UInt8] {
    switch self {
    case .text: return Array(text.utf8)
    case .ascii:
      guard text.utf8.allSatisfy({ $0 < 0x80 }) else { throw ValueError("Invalid ASCII character in string literal") }
      return Array(text.utf8)
    case .int: return Values.int(try integer(text, "int"))
    case .bigint, .counter: return Values.bigint(try integer(text, "long"))
    case .smallint: return Values.smallint(try integer(text, "short"))
    case .tinyint: return Values.tinyint(try integer(text, "byte"))
    case .boolean:
      switch text.lowercased() {
      case "true": return Values.boolean(true)
      case "false": return Values.boolean(false)
      default: throw ValueError("Unable to make boolean from '\(text)'")
      }
    case .float:
      guard let value = Float(text) else { throw ValueError("Unable to make float from '\(text)'") }
      return Values.float(value)
    case .double:
      guard let value = Double(text) else { throw ValueError("Unable to make double from '\(text)'") }
      return Values.double(value)
    case .varint:
      guard let value = BigInteger(decimal: text) else { throw ValueError("unable to make BigInteger from '\(text)'") }
      return value.twosComplement
    case .decimal:
      guard let value = BigDecimal(text: text) else { throw ValueError("unable to make BigDecimal from '\(text)'") }
      return value.serialized
    case .blob:
      let digits = text.hasPrefix("0x") || text.hasPrefix("0X") ? text.dropFirst(2) : text[...]
      guard let bytes = Hex.decode(digits) else { throw ValueError("cannot parse '\(digits)' as hex bytes") }
      return bytes
    default: return try structuredValue(fromText: text)
    }
  }

  private func structuredValue(fromText text: String) throws(ValueError) -> [UInt8] {
    switch self {
    case .uuid:
      guard let value = UUID(text) else { throw ValueError("Unable to make UUID from '\(text)'") }
      return value.bytes
    case .timeuuid:
      guard let value = UUID(text) else { throw ValueError("Unknown timeuuid representation: \(text)") }
      guard value.version == 1 else { throw ValueError("TimeUUID supports only version 1 UUIDs") }
      return value.bytes
    case .inet, .timestamp:
      // Cassandra's empty value.
      if text.isEmpty { return [] }
      return self == .inet ? try address(text) : try timestamp(text)
    case .date:
      guard let value = Self.days(text) else {
        throw ValueError(
          Self.isInteger(text)
            ? "Unable to make unsigned int (for date) from: '\(text)'"
            : "Unable to coerce '\(text)' to a formatted date (long)")
      }
      return Values.date(days: value)
    case .time:
      guard let value = Self.nanoseconds(text) else {
        throw ValueError(
          Self.isInteger(text)
            ? "Unable to make long (for time) from: '\(text)'"
            : "(TimeType) Unable to coerce '\(text)' to a formatted time (long)")
      }
      return Values.bigint(value)
    case .duration: return try CQLDuration(text: text).serialized
    case .frozen(let inner): return try inner.value(fromText: text)
    default: throw ValueError("cannot parse '\(text)' as \(self)")
    }
  }

  private static func isInteger(_ text: String) -> Bool {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    return !digits.isEmpty && digits.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
  }

  private func address(_ text: String) throws(ValueError) -> [UInt8] {
    guard let bytes = InternetAddress.bytes(text) else {
      throw ValueError("Unable to make inet address from '\(text)'")
    }
    return bytes
  }

  private func timestamp(_ text: String) throws(ValueError) -> [UInt8] {
    guard let value = Self.milliseconds(text) else { throw ValueError("Unable to parse a date/time from '\(text)'") }
    return Values.bigint(value)
  }

  private func integer<T: FixedWidthInteger>(_ text: String, _ word: String) throws(ValueError) -> T {
    guard let value = T(text) else { throw ValueError("Unable to make \(word) from '\(text)'") }
    return value
  }

  /// Milliseconds since 1970: a number, or ISO 8601 with a blank or T, an optional time and zone.
  static func milliseconds(_ text: String) -> Int64? {
    if text.lowercased() == "now" { return nil }
    if let number = Int64(text) { return number }
    var scanner = TimeScanner(text)
    guard let days = scanner.days(yearDigits: 4...4) else { return nil }
    var milliseconds = days * CivilTime.millisecondsPerDay
    var zoned = scanner
    if let offset = zoned.zone(), zoned.isAtEnd { return milliseconds - offset }
    guard scanner.take("T") || scanner.take(" ") else { return nil }
    guard let clock = scanner.timeOfDay(secondsRequired: false) else { return nil }
    milliseconds += clock / 1_000_000
    guard let offset = scanner.zone(), scanner.isAtEnd else { return nil }
    return milliseconds - offset
  }

  /// Days since 1970: `yyyy-mm-dd`, or the unsigned number with 2^31 for 1970.
  static func days(_ text: String) -> Int32? {
    if let raw = UInt32(text) { return Int32(bitPattern: raw ^ 0x8000_0000) }
    var scanner = TimeScanner(text)
    guard let days = scanner.days(), scanner.isAtEnd else { return nil }
    return Int32(exactly: days)
  }

  static func nanoseconds(_ text: String) -> Int64? {
    if let raw = Int64(text) { return (0..<CivilTime.nanosecondsPerDay).contains(raw) ? raw : nil }
    var scanner = TimeScanner(text)
    guard let clock = scanner.timeOfDay(secondsRequired: true), scanner.isAtEnd else { return nil }
    return clock
  }
}

extension CQLType {
  /// The value as plain text, strings without quotes; `null` for nil. Bytes that are no value of the
  /// type show as hexadecimal.
  public func text(of bytes: [UInt8]?) -> String {
    guard let bytes else { return "null" }
    if (try? validate(bytes)) == nil { return "0x\(Hex.encode(bytes))" }
    if bytes.isEmpty, !isTextual { return self == .blob ? "0x" : "" }
    switch self {
    case .ascii, .text: return String(decoding: bytes, as: UTF8.self)
    case .bigint, .counter, .int, .smallint, .tinyint: return String(Values.integer(bytes) ?? 0)
    case .boolean: return bytes[0] != 0 ? "true" : "false"
    case .float: return Values.float(bytes).map(Self.text) ?? ""
    case .double: return Values.double(bytes).map(Self.text) ?? ""
    case .blob: return "0x\(Hex.encode(bytes))"
    case .uuid, .timeuuid: return UUID(bytes: bytes)?.description ?? ""
    case .varint:
      let value = BigInteger(twosComplement: bytes)
      return (value.isNegative ? "-" : "") + String(decoding: value.digits, as: UTF8.self)
    case .decimal: return BigDecimal(serialized: bytes).text
    case .inet: return InternetAddress.text(bytes)
    case .timestamp: return CivilTime.timestampText(milliseconds: Values.integer(bytes) ?? 0)
    case .date: return CivilTime.dateText(days: Int64(Values.date(bytes) ?? 0))
    case .time: return CivilTime.timeText(nanoseconds: Values.integer(bytes) ?? 0)
    case .duration: return (try? CQLDuration(serialized: bytes))?.text ?? ""
    case .list, .set, .map, .tuple, .vector, .frozen: return literal(of: bytes)
    }
  }

  private static func text<T: BinaryFloatingPoint & LosslessStringConvertible>(_ value: T) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    return FloatingText.java(value.description)
  }

  private var isTextual: Bool {
    switch self {
    case .ascii, .text, .list, .set, .map, .tuple, .frozen: true
    default: false
    }
  }

  /// The value as CQL would write it: strings and times quoted, collections in their brackets.
  public func literal(of bytes: [UInt8]?) -> String {
    guard let bytes else { return "null" }
    switch self {
    case .ascii, .text, .inet, .timestamp, .date, .time:
      return "'\(text(of: bytes).split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
    case .frozen(let inner): return inner.literal(of: bytes)
    case .list(let element):
      return "[\(joined((try? collectionElements(of: bytes)) ?? [], { _ in element }))]"
    case .set(let element):
      return "{\(joined((try? collectionElements(of: bytes)) ?? [], { _ in element }))}"
    case .map(let key, let value):
      let parts = (try? collectionElements(of: bytes)) ?? []
      let entries = stride(from: 0, to: parts.count, by: 2).map {
        "\(key.literal(of: parts[$0])): \(value.literal(of: parts[$0 + 1]))"
      }
      return "{\(entries.joined(separator: ", "))}"
    case .vector(let element, _):
      return "[\(joined((try? vectorElements(of: bytes)) ?? [], { _ in element }))]"
    case .tuple(let types):
      let parts = (try? tupleParts(of: bytes)) ?? []
      return "(\(zip(types, parts).map { $0.literal(of: $1) }.joined(separator: ", ")))"
    default: return text(of: bytes)
    }
  }

  private func joined(_ parts: [[UInt8]], _ type: (Int) -> CQLType) -> String {
    parts.enumerated().map { type($0.offset).literal(of: $0.element) }.joined(separator: ", ")
  }
}

/// Java's way to write what Swift's shortest digits say: plain from 0.001 to below ten million, else with an exponent.
enum FloatingText {
  static func java(_ text: String) -> String {
    let sign = text.hasPrefix("-") ? "-" : ""
    let parts = text.dropFirst(sign.utf8.count).split(separator: "e")
    guard let mantissa = parts.first else { return text }
    let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
    var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let whole = String(halves[0])
    let fraction = halves.count > 1 ? String(halves[1]) : ""
    // The digits without zeros at either end, and the place of the point before them.
    var digits = Array((whole + fraction).utf8)[...]
    exponent += whole.utf8.count
    while digits.first == 0x30 {
      digits = digits.dropFirst()
      exponent -= 1
    }
    while digits.last == 0x30 { digits = digits.dropLast() }
    guard !digits.isEmpty else { return "\(sign)0.0" }
    func string(_ bytes: some Sequence<UInt8>) -> String {
      let text = String(decoding: Array(bytes), as: UTF8.self)
      return text.isEmpty ? "0" : text
    }
    // 0.d1d2... times ten to the exponent.
    if exponent > 7 || exponent < -2 {
      return "\(sign)\(string(digits.prefix(1))).\(string(digits.dropFirst()))E\(exponent - 1)"
    }
    if exponent <= 0 { return "\(sign)0.\(String(repeating: "0", count: -exponent))\(string(digits))" }
    let head = digits.prefix(exponent) + [UInt8](repeating: 0x30, count: max(0, exponent - digits.count))
    return "\(sign)\(string(head)).\(string(digits.dropFirst(exponent)))"
  }
}

/// Text forms of IPv4 and IPv6 addresses (RFC 4291, section 2.2).
public enum InternetAddress {
  /// 4 or 16 bytes; nil for what is no address.
  public static func bytes(_ text: String) -> [UInt8]? {
    text.contains(":") ? v6(text) : v4(text)
  }

  private static func v4(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard part.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let value = UInt8(part) else { return nil }
      bytes.append(value)
    }
    return bytes
  }

  private static func v6(_ text: String) -> [UInt8]? {
    var halves: [[UInt8]] = [[]]
    var groups = text.split(separator: ":", omittingEmptySubsequences: false)[...]
    // `::` at an end leaves two empty groups there, one too many; a lone colon leaves one, which is wrong.
    if groups.first == "" {
      guard groups.dropFirst().first == "" else { return nil }
      groups = groups.dropFirst()
    }
    if groups.last == "" {
      guard groups.dropLast().last == "" else { return nil }
      if groups.count > 1 { groups = groups.dropLast() }
    }
    for (index, group) in groups.enumerated() {
      if group.isEmpty {
        guard halves.count == 1 else { return nil }
        halves.append([])
      } else if index == groups.count - 1, group.contains(".") {
        guard let tail = v4(group) else { return nil }
        halves[halves.count - 1] += tail
      } else {
        guard group.utf8.count <= 4, group.utf8.allSatisfy({ Hex.digit($0) != nil }),
          let value = UInt16(group, radix: 16)
        else { return nil }
        halves[halves.count - 1] += [UInt8(value >> 8), UInt8(value & 0xFF)]
      }
    }
    let known = halves.reduce(0) { $0 + $1.count }
    guard halves.count == 1 ? known == 16 : known < 16 else { return nil }
    let bytes = halves.count == 1 ? halves[0] : halves[0] + [UInt8](repeating: 0, count: 16 - known) + halves[1]
    // An IPv4 address in IPv6's clothes is one of IPv4, as Java has it.
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
    return bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
  }

  /// IPv6 as eight groups without leading zeros, as Java shows it.
  public static func text(_ bytes: [UInt8]) -> String {
    if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
    return stride(from: 0, to: bytes.count - 1, by: 2).map {
      String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
    }.joined(separator: ":")
  }
}
