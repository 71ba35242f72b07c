// Words of a command: what is taken, and what is said of what is not.

import Testing

@testable import marquee

private let rules = [
  OptionRule(name: "--nodes", value: "N", help: ""), OptionRule(name: "--force", value: nil, help: ""),
  OptionRule(name: "--config", value: "FILE", help: ""),
]

private func parse(_ words: String, positions: [String] = []) throws(UsageFailure) -> Arguments {
  try Arguments.parse(words.split(separator: " ").map(String.init), positions: positions, options: rules)
}

private func refusal(_ words: String, positions: [String] = []) -> String? {
  do throws(UsageFailure) {
    _ = try parse(words, positions: positions)
    return nil
  } catch { return error.message }
}

@Suite struct ArgumentsTests {
  @Test func optionsAndWordsAreTakenInAnyOrder() throws {
    let arguments = try parse("a --nodes 3 b --force --config=x=y", positions: ["A", "B"])
    #expect(arguments.words == ["a", "b"])
    #expect(try arguments.integer("--nodes", in: 1...9, default: 1) == 3)
    #expect(arguments.has("--force"))
    #expect(arguments.text("--config") == "x=y")
    #expect(try parse("", positions: ["[A]"]).words == [])
    #expect(try parse("-- --nodes", positions: ["A"]).words == ["--nodes"])
    #expect(try parse("-5", positions: ["A"]).words == ["-5"])
  }

  static let refused: [(words: String, message: String)] = [
    ("--node 3", "unknown option --node (did you mean --nodes?)"),
    ("--something 3", "unknown option --something"),
    ("-n 3", "unknown option -n"),
    ("--nodes", "--nodes wants a value: --nodes N"),
    ("--force=1", "--force takes no value"),
    ("--nodes 1 --nodes 2", "--nodes is given twice"),
    ("a b", "unexpected word b"),
    ("--force", "A is missing"),
  ]

  @Test(arguments: refused) func isRefused(_ row: (words: String, message: String)) {
    let said = refusal(row.words, positions: ["A"])
    #expect(said == row.message || said?.hasPrefix(row.message) == true)
  }

  @Test func numbersHaveRanges() throws {
    let arguments = try parse("--nodes 12")
    #expect(throws: UsageFailure(message: "--nodes wants 1 to 9, not 12")) {
      try arguments.integer("--nodes", in: 1...9, default: 3)
    }
    #expect(try arguments.integer("--config", in: 1...9, default: 3) == 3)
  }

  @Test func everyCommandIsFoundByItsWordsAndDescribed() {
    for command in Command.all {
      #expect(Command.find(command.words + ["x"])?.command.name == command.name)
      #expect(command.usage.hasPrefix("usage: marquee \(command.name)"))
      #expect(Command.overview.contains("marquee \(command.name) "))
    }
    #expect(Set(Command.all.map(\.name)).count == Command.all.count)
    #expect(Command.find(["nothing"]) == nil)
  }
}
