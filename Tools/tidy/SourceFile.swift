// A source file as the checks see it: its bytes, and the same bytes with comments and string contents blanked out,
// so that a rule about code never fires on prose. Not a parser: a scanner that knows Swift's comments (they nest),
// its three kinds of string literal, and interpolation (which is code again).

struct SourceFile {
  /// From the top of the tree, with forward slashes.
  var path: String
  var bytes: [UInt8]
  /// `bytes` with every comment and every string's contents replaced by spaces; line ends stay.
  var code: [UInt8]
  /// `bytes` with everything but the comments replaced by spaces.
  var comments: [UInt8]
  /// Offset of each line's first byte.
  var lineStarts: [Int]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    var scanner = Scanner(bytes: bytes)
    if path.hasSuffix(".swift") { scanner.scan() }
    code = scanner.code
    comments = scanner.comments
    lineStarts = [0]
    for (offset, byte) in bytes.enumerated() where byte == Byte.newline && offset + 1 < bytes.count {
      lineStarts.append(offset + 1)
    }
  }

  init(path: String, text: String) {
    self.init(path: path, bytes: Array(text.utf8))
  }

  /// One-based line of an offset.
  func line(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  var lineCount: Int { bytes.isEmpty ? 0 : lineStarts.count }

  /// The text of a zero-based line, without its end.
  func text(ofLine index: Int) -> String {
    let start = lineStarts[index]
    var end = index + 1 < lineStarts.count ? lineStarts[index + 1] : bytes.count
    while end > start, bytes[end - 1] == Byte.newline { end -= 1 }
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }
}

enum Byte {
  static let newline = UInt8(ascii: "\n")
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let slash = UInt8(ascii: "/")
  static let star = UInt8(ascii: "*")
  static let backslash = UInt8(ascii: "\\")
  static let hash = UInt8(ascii: "#")
  static let openParenthesis = UInt8(ascii: "(")
  static let closeParenthesis = UInt8(ascii: ")")
  static let openBrace = UInt8(ascii: "{")
  static let closeBrace = UInt8(ascii: "}")

  static func isIdentifier(_ byte: UInt8) -> Bool {
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A)
      || byte == UInt8(ascii: "_") || byte >= 0x80
  }
}

/// Splits bytes into code and comments in one pass.
struct Scanner {
  let bytes: [UInt8]
  var code: [UInt8]
  var comments: [UInt8]
  private var at = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
    code = bytes
    comments = bytes.map { $0 == Byte.newline ? $0 : Byte.space }
  }

  mutating func scan() {
    scanCode(untilParenthesis: false)
  }

  private func peek(_ distance: Int = 0) -> UInt8 {
    at + distance < bytes.count ? bytes[at + distance] : 0
  }

  private mutating func blank(_ range: Range<Int>, asComment: Bool) {
    for index in range where bytes[index] != Byte.newline {
      code[index] = Byte.space
      if asComment { comments[index] = bytes[index] }
    }
  }

  /// Runs to the end, or past the parenthesis that ends an interpolation.
  private mutating func scanCode(untilParenthesis: Bool) {
    var depth = 0
    while at < bytes.count {
      let byte = bytes[at]
      if byte == Byte.slash, peek(1) == Byte.slash {
        let start = at
        while at < bytes.count, bytes[at] != Byte.newline { at += 1 }
        blank(start..<at, asComment: true)
      } else if byte == Byte.slash, peek(1) == Byte.star {
        skipBlockComment()
      } else if byte == Byte.quote || (byte == Byte.hash && startsRawString()) {
        skipString()
      } else {
        if byte == Byte.openParenthesis { depth += 1 }
        if byte == Byte.closeParenthesis {
          if depth == 0, untilParenthesis {
            at += 1
            return
          }
          depth -= 1
        }
        at += 1
      }
    }
  }

  private func startsRawString() -> Bool {
    var distance = 0
    while peek(distance) == Byte.hash { distance += 1 }
    return peek(distance) == Byte.quote
  }

  private mutating func skipBlockComment() {
    let start = at
    var depth = 0
    while at < bytes.count {
      if bytes[at] == Byte.slash, peek(1) == Byte.star {
        depth += 1
        at += 2
      } else if bytes[at] == Byte.star, peek(1) == Byte.slash {
        depth -= 1
        at += 2
        if depth == 0 { break }
      } else {
        at += 1
      }
    }
    blank(start..<min(at, bytes.count), asComment: true)
  }

  private mutating func skipString() {
    var hashes = 0
    while peek() == Byte.hash {
      hashes += 1
      at += 1
    }
    let quotes = peek(1) == Byte.quote && peek(2) == Byte.quote ? 3 : 1
    at += quotes
    var start = at
    while at < bytes.count {
      let byte = bytes[at]
      if quotes == 1, byte == Byte.newline { break }  // an unterminated literal ends with its line
      if byte == Byte.backslash, isFollowed(by: hashes) {
        at += 1 + hashes
        guard peek() == Byte.openParenthesis else {
          at += 1
          continue
        }
        blank(start..<at, asComment: false)
        at += 1
        scanCode(untilParenthesis: true)
        start = at
      } else if byte == Byte.quote, endsString(quotes: quotes, hashes: hashes) {
        blank(start..<at, asComment: false)
        at += quotes + hashes
        return
      } else {
        at += 1
      }
    }
    blank(start..<min(at, bytes.count), asComment: false)
  }

  private func isFollowed(by hashes: Int) -> Bool {
    for index in 0..<hashes where peek(1 + index) != Byte.hash { return false }
    return true
  }

  private func endsString(quotes: Int, hashes: Int) -> Bool {
    for index in 0..<quotes where peek(index) != Byte.quote { return false }
    for index in 0..<hashes where peek(quotes + index) != Byte.hash { return false }
    return true
  }
}
