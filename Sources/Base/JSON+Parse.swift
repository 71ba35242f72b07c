/// Why a text is no JSON, and at which byte.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  public var offset: Int
  public var reason: String
  public var description: String { "\(reason) at byte \(offset)" }
}

extension JSON {
  public static let maxDepth = 64

  /// The one value that `bytes` hold.
  public init(parsing bytes: [UInt8]) throws(JSONError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.document()
  }

  public init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

private struct JSONParser {
  let bytes: [UInt8]
  var at = 0

  mutating func document() throws(JSONError) -> JSON {
    let value = try value(depth: 0)
    skipSpace()
    guard at == bytes.count else { throw failure("unexpected bytes behind the value") }
    return value
  }

  func failure(_ reason: String) -> JSONError { JSONError(offset: at, reason: reason) }
  var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { at += 1 }
  }

  mutating func take(_ byte: Character) -> Bool {
    guard let ascii = byte.asciiValue, current == ascii else { return false }
    at += 1
    return true
  }

  mutating func value(depth: Int) throws(JSONError) -> JSON {
    guard depth < JSON.maxDepth else { throw failure("nested deeper than \(JSON.maxDepth)") }
    skipSpace()
    switch current {
    case nil: throw failure("a value is missing")
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  mutating func word(_ text: String, _ value: JSON) throws(JSONError) -> JSON {
    guard bytes[at...].starts(with: text.utf8) else { throw failure("unexpected character") }
    at += text.utf8.count
    return value
  }

  mutating func object(depth: Int) throws(JSONError) -> JSON {
    at += 1
    var members: [JSON.Member] = []
    var keys: Set<String> = []
    skipSpace()
    if take("}") { return .object([]) }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw failure("a key must be a string") }
      let key = try string()
      guard keys.insert(key).inserted else { throw failure("the key \"\(key)\" stands twice") }
      skipSpace()
      guard take(":") else { throw failure("':' is missing") }
      members.append(JSON.Member(key, try value(depth: depth + 1)))
      skipSpace()
    } while take(",")
    guard take("}") else { throw failure("',' or '}' is missing") }
    return .object(members)
  }

  mutating func array(depth: Int) throws(JSONError) -> JSON {
    at += 1
    var items: [JSON] = []
    skipSpace()
    if take("]") { return .array([]) }
    repeat {
      items.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw failure("',' or ']' is missing") }
    return .array(items)
  }

  mutating func string() throws(JSONError) -> String {
    at += 1
    var text: [UInt8] = []
    while let byte = current {
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: text, as: UTF8.self) else { throw failure("not valid UTF-8") }
        return result
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw failure("a control character in a string")
      default: text.append(byte)
      }
    }
    throw failure("a string does not end")
  }

  mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    guard let byte = current else { throw failure("a string does not end") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try fourDigits()
      if (0xD800..<0xDC00).contains(code) {
        guard take("\\"), take("u") else { throw failure("half a surrogate pair") }
        let low = try fourDigits()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair") }
      text.append(contentsOf: String(Character(scalar)).utf8)
    default: throw failure("an unknown escape")
    }
  }

  mutating func fourDigits() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Hex.digit(byte) else { throw failure("a bad \\u escape") }
      code = code << 4 | UInt32(digit)
      at += 1
    }
    return code
  }

  mutating func digits() -> Int {
    let start = at
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
    return at - start
  }

  mutating func number() throws(JSONError) -> JSON {
    let start = at
    _ = take("-")
    let isZero = current == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0 else { throw failure("unexpected character") }
    guard !isZero || whole == 1 else { throw failure("a number with a leading zero") }
    var isInteger = true
    if take(".") {
      isInteger = false
      guard digits() > 0 else { throw failure("a number ends with '.'") }
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      guard digits() > 0 else { throw failure("an exponent is missing") }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw failure("a number out of range") }
    return .number(value)
  }
}
