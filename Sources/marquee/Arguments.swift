// Arguments of a command, checked against what the command says it takes: `--name VALUE`, `--name=VALUE`, flags,
// words in order. Written by hand, since no package is taken; every refusal names the word that was wrong.

/// An option as a command declares it.
struct OptionRule {
  /// With its dashes: `--nodes`.
  var name: String
  /// What its value is called in the usage; nil for a flag.
  var value: String?
  var help: String
  var isRequired = false
}

/// What was wrong with the words given, for the person who gave them.
struct UsageFailure: Error, Equatable {
  var message: String
}

/// A command that could not do its work: one sentence, and an exit status.
struct CommandFailure: Error {
  var message: String
  var status: Int32 = 1

  init(_ message: String, status: Int32 = 1) {
    self.message = message
    self.status = status
  }
}

/// Words given to a command, sorted.
struct Arguments: Equatable {
  private(set) var words: [String] = []
  private(set) var options: [String: String] = [:]

  /// - Parameters:
  ///   - positions: names of the words, in order; one in brackets may be left out.
  static func parse(_ given: [String], positions: [String], options rules: [OptionRule]) throws(UsageFailure)
    -> Arguments
  {
    var result = Arguments()
    var rest = given[...]
    while let word = rest.popFirst() {
      if word == "--" {
        result.words += rest
        break
      }
      guard word.hasPrefix("--") else {
        if word.hasPrefix("-"), word.count > 1, Int(word) == nil { throw unknown(word, among: rules) }
        result.words.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let rule = rules.first(where: { $0.name == name }) else { throw unknown(name, among: rules) }
      guard result.options[name] == nil else { throw UsageFailure(message: "\(name) is given twice") }
      if rule.value == nil {
        guard parts.count == 1 else { throw UsageFailure(message: "\(name) takes no value") }
        result.options[name] = ""
      } else if parts.count == 2 {
        result.options[name] = String(parts[1])
      } else if let value = rest.popFirst() {
        result.options[name] = value
      } else {
        throw UsageFailure(message: "\(name) wants a value: \(name) \(rule.value ?? "")")
      }
    }
    try result.check(positions: positions, rules: rules)
    return result
  }

  private static func unknown(_ name: String, among rules: [OptionRule]) -> UsageFailure {
    let near = rules.map(\.name).min { distance($0, name) < distance($1, name) }
    let hint = near.map { distance($0, name) <= 3 ? " (did you mean \($0)?)" : "" } ?? ""
    return UsageFailure(message: "unknown option \(name)\(hint)")
  }

  private func check(positions: [String], rules: [OptionRule]) throws(UsageFailure) {
    let needed = positions.filter { !$0.hasPrefix("[") }
    if words.count < needed.count { throw UsageFailure(message: "\(needed[words.count]) is missing") }
    if words.count > positions.count { throw UsageFailure(message: "unexpected word \(words[positions.count])") }
    for rule in rules where rule.isRequired && options[rule.name] == nil {
      throw UsageFailure(message: "\(rule.name) \(rule.value ?? "") is missing")
    }
  }

  func has(_ name: String) -> Bool { options[name] != nil }
  func text(_ name: String) -> String? { options[name] }

  /// A whole number in a range, or the default where the option is absent.
  func integer(_ name: String, in range: ClosedRange<Int>, default value: Int) throws(UsageFailure) -> Int {
    guard let text = options[name] else { return value }
    return try Self.integer(text, called: name, in: range)
  }

  /// A word as a whole number in a range.
  func integer(word index: Int, called name: String, in range: ClosedRange<Int>) throws(UsageFailure) -> Int {
    try Self.integer(words[index], called: name, in: range)
  }

  private static func integer(_ text: String, called name: String, in range: ClosedRange<Int>) throws(UsageFailure)
    -> Int
  {
    guard let value = Int(text), range.contains(value) else {
      throw UsageFailure(message: "\(name) wants \(range.lowerBound) to \(range.upperBound), not \(text)")
    }
    return value
  }
}
