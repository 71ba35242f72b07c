// Lengths: files, functions and lines, held by the ratchet of Lengths.swift.

/// A function's name and where its text stands.
struct FunctionSpan: Equatable {
  var name: String
  var line: Int
  var lines: Int
}

extension Check {
  static func lengths(
    _ file: SourceFile, files: [String: Int] = fileAllowances, functions: [String: Int] = functionAllowances
  ) -> [Finding] {
    guard file.path.hasSuffix(".swift") else { return [] }
    var findings: [Finding] = []
    if let finding = over(
      file.lineCount, limit: maxFileLines, allowance: files[file.path], what: "the file", path: file.path, line: 1)
    {
      findings.append(finding)
    }
    let limit = file.path.hasPrefix("Tests/") ? maxTestFunctionLines : maxFunctionLines
    for span in functionSpans(file) {
      let allowance = functions["\(file.path) \(span.name)"]
      if let finding = over(
        span.lines, limit: limit, allowance: allowance, what: span.name, path: file.path, line: span.line)
      {
        findings.append(finding)
      }
    }
    for index in 0..<file.lineStarts.count {
      let end = index + 1 < file.lineStarts.count ? file.lineStarts[index + 1] : file.bytes.count
      guard end - file.lineStarts[index] > maxLineCharacters else { continue }
      let count = file.text(ofLine: index).count
      if count > maxLineCharacters {
        findings.append(
          Finding(path: file.path, line: index + 1, message: "\(count) characters, over \(maxLineCharacters)"))
      }
    }
    return findings
  }

  private static func over(
    _ lines: Int, limit: Int, allowance: Int?, what: String, path: String, line: Int
  ) -> Finding? {
    if let allowance {
      if lines > allowance {
        return Finding(
          path: path, line: line, message: "\(what) has grown to \(lines) lines from the allowed \(allowance)")
      }
      if lines <= limit {
        return Finding(
          path: path, line: line, message: "\(what) needs no allowance any more: take it from Lengths.swift")
      }
      return nil
    }
    guard lines > limit else { return nil }
    return Finding(path: path, line: line, message: "\(what) has \(lines) lines, over \(limit): would two be clearer?")
  }

  /// Every `func`, `init`, `deinit` and `subscript` with a body, nested ones too, in order of appearance.
  static func functionSpans(_ file: SourceFile) -> [FunctionSpan] {
    var spans: [FunctionSpan] = []
    for keyword in ["func", "init", "deinit", "subscript"] {
      for offset in file.occurrences(of: keyword) {
        // `.init(…)`, `self.init(…)` are calls.
        if offset > 0, file.code[offset - 1] == UInt8(ascii: ".") { continue }
        guard let body = bodyStart(file.code, from: offset + keyword.utf8.count),
          let end = matchingBrace(file.code, from: body)
        else { continue }
        let first = file.line(at: offset)
        let name = keyword == "func" ? word(file.code, from: offset + keyword.utf8.count) : keyword
        spans.append(FunctionSpan(name: name, line: first, lines: file.line(at: end) - first + 1))
      }
    }
    return spans.sorted { $0.line < $1.line }
  }

  private static func word(_ code: [UInt8], from offset: Int) -> String {
    let start = code[offset...].drop { $0 == Byte.space }
    return String(
      decoding: start.prefix { $0 != Byte.space && $0 != Byte.openParenthesis && $0 != UInt8(ascii: "<") },
      as: UTF8.self)
  }

  /// The `{` of a declaration's body; nil for a requirement without one.
  private static func bodyStart(_ code: [UInt8], from offset: Int) -> Int? {
    var depth = 0
    var at = offset
    var sawParameters = false
    while at < code.count {
      let byte = code[at]
      if byte == Byte.openParenthesis || byte == UInt8(ascii: "[") { depth += 1 }
      if byte == Byte.closeParenthesis || byte == UInt8(ascii: "]") {
        depth -= 1
        sawParameters = true
      }
      if depth < 0 { return nil }
      if depth == 0 {
        if byte == Byte.openBrace { return at }
        if byte == Byte.closeBrace { return nil }
        if byte == Byte.newline, sawParameters, !continuesDeclaration(code, from: at + 1) { return nil }
      }
      at += 1
    }
    return nil
  }

  /// After the parameters, a new line goes on with the declaration only with one of these.
  private static func continuesDeclaration(_ code: [UInt8], from offset: Int) -> Bool {
    var at = offset
    while at < code.count, code[at] == Byte.space || code[at] == Byte.newline { at += 1 }
    let rest = code[at...].prefix(8)
    return ["{", "->", "where", "throws", "async", "rethrows"].contains { rest.starts(with: Array($0.utf8)) }
  }

  private static func matchingBrace(_ code: [UInt8], from offset: Int) -> Int? {
    var depth = 0
    for at in offset..<code.count {
      if code[at] == Byte.openBrace { depth += 1 }
      if code[at] == Byte.closeBrace {
        depth -= 1
        if depth == 0 { return at }
      }
    }
    return nil
  }
}
