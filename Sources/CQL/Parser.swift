// A recursive-descent parser of CQL. This file is its hands: looking at tokens, taking them, naming
// what was wrong. The grammar is in Parser+*.swift, one file for each family of statements.
//
// Errors are worded as Cassandra's ANTLR parser words them: "mismatched input 'x' expecting K_FROM"
// where one token alone could follow, "no viable alternative at input 'x'" where several could, then
// the text around it with the offending token in brackets. A text that ends early is "line 0:-1".

/// Parses a statement's text.
public enum CQLParser {
  /// Throws `.syntax` for text that is no statement, with the position of the first mistake.
  public static func parse(_ text: String) throws(CQLFailure) -> ParsedStatement {
    try parse(valid: Array(text.utf8))
  }

  /// As above; bytes that are not UTF-8 are a syntax error.
  public static func parse(utf8 bytes: [UInt8]) throws(CQLFailure) -> ParsedStatement {
    guard bytes.count <= CQLLimits.maxStatementBytes else { throw tooLong(bytes.count) }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw .syntax("Cannot decode string as UTF8")
    }
    return try parse(valid: bytes)
  }

  private static func parse(valid bytes: [UInt8]) throws(CQLFailure) -> ParsedStatement {
    guard bytes.count <= CQLLimits.maxStatementBytes else { throw tooLong(bytes.count) }
    var parser = Parser(text: bytes, tokens: try Lexer.tokens(of: bytes))
    let statement = try parser.wholeStatement()
    return ParsedStatement(statement: statement, markers: parser.markers)
  }

  private static func tooLong(_ count: Int) -> CQLFailure {
    .syntax("Statement of \(count) bytes is longer than the limit of \(CQLLimits.maxStatementBytes) bytes")
  }
}

struct Parser {
  let text: [UInt8]
  let tokens: [Lexeme]
  var position = 0
  var markers: [Marker] = []
  private var depth = 0

  init(text: [UInt8], tokens: [Lexeme]) {
    self.text = text
    self.tokens = tokens
  }

  var current: Lexeme { tokens[position] }

  func peek(_ offset: Int) -> Lexeme { tokens[min(position + offset, tokens.count - 1)] }

  // MARK: - Looking and taking

  func matches(_ token: Lexeme, _ word: String) -> Bool {
    guard token.kind == .identifier || token.kind == .symbol else { return false }
    let utf8 = word.utf8
    guard utf8.count == token.end - token.start else { return false }
    var index = token.start
    for byte in utf8 {
      let have = text[index]
      if have != byte, !(ASCII.isLetter(have) && have & 0xDF == byte) { return false }
      index += 1
    }
    return true
  }

  /// A keyword in capitals, or a symbol.
  func at(_ word: String) -> Bool { matches(current, word) }

  func at(_ first: String, _ second: String) -> Bool { at(first) && matches(peek(1), second) }

  mutating func take(_ word: String) -> Bool {
    guard at(word) else { return false }
    position += 1
    return true
  }

  mutating func take(_ first: String, _ second: String) -> Bool {
    guard at(first, second) else { return false }
    position += 2
    return true
  }

  mutating func expect(_ word: String) throws(CQLFailure) {
    guard take(word) else { throw mismatched(expecting: word) }
  }

  func tokenText(_ token: Lexeme) -> String { String(decoding: text[token.start..<token.end], as: UTF8.self) }

  /// Runs `body` one level deeper, within the limit that keeps the stack bounded.
  mutating func nested<Value>(
    levels: Int = 1, _ body: (inout Parser) throws(CQLFailure) -> Value
  ) throws(CQLFailure) -> Value {
    try enter(levels)
    defer { depth -= levels }
    return try body(&self)
  }

  mutating func enter(_ levels: Int = 1) throws(CQLFailure) {
    guard depth + levels <= CQLLimits.maxNestingLevels else {
      throw .syntax(
        "\(place(of: current)) expression is nested more than \(CQLLimits.maxNestingLevels) levels deep")
    }
    depth += levels
  }

  mutating func leave(_ levels: Int = 1) { depth -= levels }

  /// Runs `body`; what it took is given back if it throws or answers nil.
  mutating func attempt<Value>(_ body: (inout Parser) throws(CQLFailure) -> Value?) -> Value? {
    let saved = (position, markers.count, depth)
    if let value = try? body(&self) { return value }
    position = saved.0
    markers.removeLast(markers.count - saved.1)
    depth = saved.2
    return nil
  }

  // MARK: - Errors

  /// - Parameter ahead: how many tokens behind the current one, which the brackets mark, the unsuitable one stands.
  func noViableAlternative(ahead: Int = 0) -> CQLFailure {
    let token = peek(ahead)
    return .syntax(
      "\(place(of: token)) no viable alternative at input '\(shown(token))'\(snippet(last: position + ahead))")
  }

  func mismatched(expecting word: String) -> CQLFailure {
    let expected: String
    if word == "EOF" || word == "IDENT" || word == "INTEGER" || word == "STRING_LITERAL" || word == "set null" {
      expected = word
    } else if word.utf8.allSatisfy({ ASCII.isNamePart($0) }) {
      expected = word == "TABLE" ? "K_COLUMNFAMILY" : "K_\(word)"
    } else {
      expected = "'\(word)'"
    }
    return .syntax("\(place(of: current)) mismatched input '\(shown(current))' expecting \(expected)\(snippet())")
  }

  private func place(of token: Lexeme) -> String {
    token.kind == .end ? "line 0:-1" : TextPosition(of: token.start, in: text).description
  }

  private func shown(_ token: Lexeme) -> String {
    switch token.kind {
    case .end: "<EOF>"
    case .string, .dollarString, .quotedIdentifier: unquoted(token)
    default: tokenText(token)
    }
  }

  /// Ten tokens back, a run of blanks being one, the current one in brackets, up to the token at `last`.
  private func snippet(last: Int? = nil) -> String {
    let last = min(last ?? position, tokens.count - 1)
    guard tokens[last].kind != .end else { return "" }
    var start = current.start
    var first = position
    for _ in 0..<10 where first > 0 {
      if start > tokens[first - 1].end {
        start = tokens[first - 1].end
      } else {
        first -= 1
        start = tokens[first].start
      }
    }
    func shown(_ range: Range<Int>) -> String {
      String(decoding: text[range].filter { $0 != 0x0A }, as: UTF8.self)
    }
    let head = start > 0 ? "..." : ""
    let tail = tokens[last].end < text.count ? "..." : ""
    let behind = last > position ? shown(current.end..<tokens[last].end) : ""
    return " (\(head)\(shown(start..<current.start))[\(tokenText(current))]\(behind)\(tail))"
  }

  // MARK: - Text of tokens

  /// A string's or quoted name's content, doubled quotes made single.
  func unquoted(_ token: Lexeme) -> String {
    switch token.kind {
    case .dollarString: return String(decoding: text[token.start + 2..<token.end - 2], as: UTF8.self)
    case .string, .quotedIdentifier:
      let quote = text[token.start]
      var bytes: [UInt8] = []
      bytes.reserveCapacity(token.end - token.start)
      var index = token.start + 1
      while index < token.end - 1 {
        bytes.append(text[index])
        index += text[index] == quote ? 2 : 1
      }
      return String(decoding: bytes, as: UTF8.self)
    default: return tokenText(token)
    }
  }
}
