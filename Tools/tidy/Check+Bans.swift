// Bans: the words of Bans.swift in code, unfinished work and private paths in any text.

extension Check {
  static func bans(_ file: SourceFile, bans: [Ban] = houseBans) -> [Finding] {
    guard file.path.hasSuffix(".swift") else { return [] }
    var findings: [Finding] = []
    for ban in bans {
      guard ban.folders.contains(where: { file.path.hasPrefix($0) }) else { continue }
      if ban.allowed.contains(where: { file.path.hasPrefix($0) }) { continue }
      for pattern in ban.patterns {
        for offset in file.occurrences(of: pattern) {
          findings.append(
            Finding(path: file.path, line: file.line(at: offset), message: "\(ban.name): \(ban.advice)"))
        }
      }
    }
    return findings
  }

  /// A mark of unfinished work names its issue, in words "(#12)" right behind it.
  static func unfinished(_ file: SourceFile) -> [Finding] {
    let bytes = file.path.hasSuffix(".swift") ? file.comments : file.bytes
    guard !file.path.hasPrefix("Tools/tidy/"), !file.path.hasPrefix("Tests/tidy/") else { return [] }
    var findings: [Finding] = []
    for word in ["TODO", "FIXME", "XXX"] {
      for offset in SourceFile.occurrences(of: word, in: bytes) {
        let rest = bytes[(offset + word.utf8.count)...].prefix(2)
        if Array(rest) == Array("(#".utf8) { continue }
        findings.append(
          Finding(path: file.path, line: file.line(at: offset), message: "\(word) without an issue: write \(word)(#N)"))
      }
    }
    return findings
  }

  /// Absolute paths of somebody's machine, and fixed names in the folder for temporary files.
  static func privatePaths(_ file: SourceFile) -> [Finding] {
    guard !file.path.hasPrefix("Tools/tidy/"), !file.path.hasPrefix("Tests/tidy/") else { return [] }
    var findings: [Finding] = []
    for offset in SourceFile.occurrences(of: "/", in: file.bytes) {
      if offset > 0 {
        let before = file.bytes[offset - 1]
        if Byte.isIdentifier(before) || pathCharacters.contains(before) { continue }
      }
      let tail = file.bytes[(offset + 1)...].prefix(12)
      let name = tail.prefix { Byte.isIdentifier($0) || $0 == UInt8(ascii: "-") }
      guard tail.count > name.count, tail[tail.startIndex + name.count] == Byte.slash else { continue }
      let folder = String(decoding: name, as: UTF8.self)
      let isPrivate = privateFolders.contains(folder) || (folder == "tmp" && tail.starts(with: Array("tmp/b-".utf8)))
      if isPrivate {
        findings.append(
          Finding(path: file.path, line: file.line(at: offset), message: "/\(folder)/… is a path of one machine"))
      }
    }
    return findings
  }
}

/// Before a slash, these say that the path is a relative one, or a glob, or the rest of an expression.
private let pathCharacters = Array("./~*-})>$".utf8)
/// Before an exclamation mark, these end an expression or a type.
private let closers = Array(")]}>\"?".utf8)

extension SourceFile {
  func occurrences(of text: String) -> [Int] {
    SourceFile.occurrences(of: text, in: code)
  }

  func occurrences(of pattern: Ban.Pattern) -> [Int] {
    switch pattern {
    case .text(let text): occurrences(of: text)
    case .forceUnwrap: forceUnwraps()
    case .existential: existentials()
    }
  }

  /// Where `text` stands as words of its own: no identifier character before it, nor behind if it ends in one.
  static func occurrences(of text: String, in bytes: [UInt8]) -> [Int] {
    let needle = Array(text.utf8)
    guard let first = needle.first, let last = needle.last, bytes.count >= needle.count else { return [] }
    var found: [Int] = []
    let buffer = bytes.span
    var offset = 0
    let end = buffer.count - needle.count
    while offset <= end {
      guard buffer[offset] == first else {
        offset += 1
        continue
      }
      var index = 1
      while index < needle.count, buffer[offset + index] == needle[index] { index += 1 }
      let after = offset + needle.count
      if index == needle.count,
        !(Byte.isIdentifier(first) && offset > 0 && Byte.isIdentifier(buffer[offset - 1])),
        !(Byte.isIdentifier(last) && after < buffer.count && Byte.isIdentifier(buffer[after]))
      {
        found.append(offset)
      }
      offset += 1
    }
    return found
  }

  private func existentials() -> [Int] {
    occurrences(of: "any").filter { offset in
      let type = offset + "any ".utf8.count
      guard type < code.count, code[type - 1] == Byte.space else { return false }
      return (0x41...0x5A).contains(code[type]) || code[type] == Byte.openParenthesis
    }
  }

  private func forceUnwraps() -> [Int] {
    var found: [Int] = []
    for offset in 1..<max(code.count, 1) where code[offset] == UInt8(ascii: "!") {
      let before = code[offset - 1]
      guard Byte.isIdentifier(before) || closers.contains(before) else { continue }
      if offset + 1 < code.count, code[offset + 1] == UInt8(ascii: "=") { continue }
      var start = offset
      while start > 0, Byte.isIdentifier(code[start - 1]) { start -= 1 }
      let word = String(decoding: code[start..<offset], as: UTF8.self)
      if word == "try" || word == "as" { continue }
      found.append(offset)
    }
    return found
  }
}
