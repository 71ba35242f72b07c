// Bytes to tokens, in one pass, hand-written. A token is a kind and a byte range of the text; what a
// token means (a keyword, a name) is the parser's question, since most keywords of CQL may be names.
//
// Lexeme rules: src/antlr/Lexer.g of Cassandra 5.0. Deviations: a minus sign is never part of a
// number's token (the parser joins the two, so `a -1` reads as a subtraction), and a comment at the
// end of the text needs no newline.

struct Lexeme: Equatable {
  enum Kind: Equatable {
    case identifier
    case quotedIdentifier
    case string
    case dollarString
    case integer
    case float
    case duration
    case uuid
    case hex
    case symbol
    case end
  }
  var kind: Kind
  /// Packed, since a hostile text is all tokens; no text is longer than `CQLLimits.maxStatementBytes`.
  private var packedStart: UInt32
  private var packedEnd: UInt32

  init(kind: Kind, start: Int, end: Int) {
    self.kind = kind
    packedStart = UInt32(start)
    packedEnd = UInt32(end)
  }

  /// Byte offsets into the text; `end` is exclusive.
  var start: Int { Int(packedStart) }
  var end: Int { Int(packedEnd) }
}

/// Limits on a statement's text.
public enum CQLLimits {
  public static let maxStatementBytes = 16 << 20
  public static let maxTokens = 2_000_000
  /// Terms, types, relations within one another.
  public static let maxNestingLevels = 64
  public static let maxMarkers = 65_535
  public static let maxBatchMembers = 65_535
}

struct Lexer {
  let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { self.text = text }

  static func tokens(of text: [UInt8]) throws(CQLFailure) -> [Lexeme] {
    var lexer = Lexer(text)
    var tokens: [Lexeme] = []
    tokens.reserveCapacity(min(text.count, CQLLimits.maxTokens) / 5 + 4)
    repeat {
      tokens.append(try lexer.next())
      guard tokens.count <= CQLLimits.maxTokens else {
        throw .syntax("Statement has more than the limit of \(CQLLimits.maxTokens) tokens")
      }
    } while tokens.last?.kind != .end
    return tokens
  }

  private func byte(_ offset: Int = 0) -> UInt8 {
    let index = position + offset
    return index < text.count ? text[index] : 0
  }

  private mutating func next() throws(CQLFailure) -> Lexeme {
    try skipBlanks()
    let start = position
    guard start < text.count else { return Lexeme(kind: .end, start: start, end: start) }
    let first = text[start]
    let kind: Lexeme.Kind
    switch first {
    case UInt8(ascii: "'"): kind = try quoted(by: first, .string)
    case UInt8(ascii: "\""): kind = try quoted(by: first, .quotedIdentifier)
    case UInt8(ascii: "$") where byte(1) == first: kind = try dollarString()
    case _ where ASCII.isHexDigit(first) && uuidFollows():
      position += 36
      kind = .uuid
    case _ where ASCII.isDigit(first): kind = number()
    case _ where ASCII.isLetter(first): kind = word()
    default: kind = try symbol(first)
    }
    return Lexeme(kind: kind, start: start, end: position)
  }

  // MARK: - Blanks

  private mutating func skipBlanks() throws(CQLFailure) {
    while position < text.count {
      switch text[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"): skipLine()
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "/"): skipLine()
      case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): try skipBlock()
      default: return
      }
    }
  }

  private mutating func skipLine() {
    while position < text.count, text[position] != 0x0A, text[position] != 0x0D { position += 1 }
  }

  private mutating func skipBlock() throws(CQLFailure) {
    position += 2
    while position < text.count {
      if text[position] == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        position += 2
        return
      }
      position += 1
    }
    throw .syntax("\(TextPosition(of: position, in: text)) mismatched character '<EOF>' expecting '*'")
  }

  // MARK: - Quoted

  private mutating func quoted(by quote: UInt8, _ kind: Lexeme.Kind) throws(CQLFailure) -> Lexeme.Kind {
    position += 1
    while position < text.count {
      if text[position] == quote {
        guard byte(1) == quote, position + 1 < text.count else {
          position += 1
          return kind
        }
        position += 1
      }
      position += 1
    }
    let expected = quote == UInt8(ascii: "'") ? "'''" : "'\"'"
    throw .syntax("\(TextPosition(of: position, in: text)) mismatched character '<EOF>' expecting \(expected)")
  }

  private mutating func dollarString() throws(CQLFailure) -> Lexeme.Kind {
    position += 2
    while position < text.count {
      if text[position] == UInt8(ascii: "$"), byte(1) == UInt8(ascii: "$") {
        position += 2
        return .dollarString
      }
      position += 1
    }
    throw .syntax("\(TextPosition(of: position, in: text)) mismatched character '<EOF>' expecting '$'")
  }

  // MARK: - Numbers and words

  private func uuidFollows() -> Bool {
    guard position + 36 <= text.count else { return false }
    for offset in 0..<36 {
      let byte = text[position + offset]
      switch offset {
      case 8, 13, 18, 23: if byte != UInt8(ascii: "-") { return false }
      default: if !ASCII.isHexDigit(byte) { return false }
      }
    }
    return true
  }

  private mutating func skipDigits() {
    while ASCII.isDigit(byte()) { position += 1 }
  }

  private mutating func number() -> Lexeme.Kind {
    if byte() == UInt8(ascii: "0"), byte(1) | 0x20 == UInt8(ascii: "x") {
      position += 2
      while ASCII.isHexDigit(byte()) { position += 1 }
      return .hex
    }
    let start = position
    skipDigits()
    if let end = durationEnd(from: start) {
      position = end
      return .duration
    }
    var kind = Lexeme.Kind.integer
    if byte() == UInt8(ascii: "."), byte(1) != UInt8(ascii: ".") {
      kind = .float
      position += 1
      skipDigits()
    }
    if byte() | 0x20 == UInt8(ascii: "e") {
      let signs = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-") ? 1 : 0
      if ASCII.isDigit(byte(1 + signs)) {
        kind = .float
        position += 1 + signs
        skipDigits()
      }
    }
    return kind
  }

  /// The end of `(digits unit)+` that begins at `start`, if it is one.
  private func durationEnd(from start: Int) -> Int? {
    var index = start
    var end: Int?
    while index < text.count, ASCII.isDigit(text[index]) {
      while index < text.count, ASCII.isDigit(text[index]) { index += 1 }
      guard let length = unitLength(at: index) else { break }
      index += length
      end = index
    }
    guard let end, end == text.count || !ASCII.isNamePart(text[end]) else { return nil }
    return end
  }

  private func unitLength(at index: Int) -> Int? {
    func at(_ offset: Int) -> UInt8 { index + offset < text.count ? text[index + offset] | 0x20 : 0 }
    let isSecondS = at(1) == UInt8(ascii: "s")
    switch at(0) {
    case UInt8(ascii: "m"): return isSecondS || at(1) == UInt8(ascii: "o") ? 2 : 1
    case UInt8(ascii: "u"), UInt8(ascii: "n"): return isSecondS ? 2 : nil
    case UInt8(ascii: "y"), UInt8(ascii: "w"), UInt8(ascii: "d"), UInt8(ascii: "h"), UInt8(ascii: "s"): return 1
    default:
      // The micro sign U+00B5.
      let isMicro =
        index + 2 < text.count && text[index] == 0xC2 && text[index + 1] == 0xB5 && at(2) == UInt8(ascii: "s")
      return isMicro ? 3 : nil
    }
  }

  private mutating func word() -> Lexeme.Kind {
    let start = position
    if byte() == UInt8(ascii: "P"), let end = isoDurationEnd() {
      position = end
      return .duration
    }
    while ASCII.isNamePart(byte()) { position += 1 }
    precondition(position > start, "a word without a letter at \(start)")
    return .identifier
  }

  /// `P1Y2M3DT4H5M6S`, `P3W`, `P0001-02-03T04:05:06`; only the shape, the value is checked later.
  private func isoDurationEnd() -> Int? {
    var index = position + 1
    var sawDigit = false
    var sawDesignator = false
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): sawDigit = true
      case UInt8(ascii: "-"), UInt8(ascii: ":"):
        guard sawDigit else { return nil }
        sawDesignator = true
      case UInt8(ascii: "T"): break
      case UInt8(ascii: "Y"), UInt8(ascii: "M"), UInt8(ascii: "W"), UInt8(ascii: "D"), UInt8(ascii: "H"),
        UInt8(ascii: "S"):
        guard sawDigit else { return nil }
        sawDesignator = true
      case let other:
        guard sawDigit, sawDesignator, !ASCII.isNamePart(other) else { return nil }
        return index
      }
      index += 1
    }
    return sawDigit && sawDesignator ? index : nil
  }

  private mutating func symbol(_ first: UInt8) throws(CQLFailure) -> Lexeme.Kind {
    let second = byte(1)
    let equals = UInt8(ascii: "=")
    switch first {
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "+"), UInt8(ascii: "-"):
      position += second == equals ? 2 : 1
    case UInt8(ascii: "!") where second == equals: position += 2
    case UInt8(ascii: "."): position += second == first ? 2 : 1
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"),
      UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "="),
      UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "%"), UInt8(ascii: "?"):
      position += 1
    default:
      var end = position + 1
      while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
      let character = String(decoding: text[position..<end], as: UTF8.self)
      throw .syntax("\(TextPosition(of: position, in: text)) no viable alternative at character '\(character)'")
    }
    return .symbol
  }
}

/// Where a byte offset lies: lines count from 1, columns from 0 in UTF-16 units, as Java counts.
struct TextPosition: CustomStringConvertible {
  var line = 1
  var column = 0

  init(of offset: Int, in text: [UInt8]) {
    for byte in text.prefix(offset) {
      if byte == 0x0A {
        line += 1
        column = 0
      } else if byte & 0xC0 != 0x80 {
        column += byte >= 0xF0 ? 2 : 1
      }
    }
  }

  var description: String { "line \(line):\(column)" }
}

enum ASCII {
  static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
  static func isNamePart(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") }
  static func isHexDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
  }
}
