// The commands, each with its usage; `help` prints what stands here.

/// One command of the binary.
struct Command {
  /// `["cluster", "up"]`.
  var words: [String]
  var summary: String
  /// Names of the words that follow; `[NAME]` may be left out.
  var positions: [String] = []
  var options: [OptionRule] = []
  /// More to know, below the options.
  var notes = ""
  /// Does it; returns the exit status.
  var run: (Arguments) throws -> Int32

  var name: String { words.joined(separator: " ") }

  var usage: String {
    var text = "usage: marquee \(name)"
    for position in positions { text += " \(position)" }
    for option in options {
      let word = option.value.map { "\(option.name) \($0)" } ?? option.name
      text += option.isRequired ? " \(word)" : " [\(word)]"
    }
    text += "\n\n\(summary)\n"
    if !options.isEmpty { text += "\n" }
    let width = options.map { $0.name.count + ($0.value?.count ?? -1) + 1 }.max() ?? 0
    for option in options {
      let word = option.value.map { "\(option.name) \($0)" } ?? option.name
      text += "  \(word)\(String(repeating: " ", count: width - word.count))  \(option.help)\n"
    }
    if !notes.isEmpty { text += "\n\(notes)\n" }
    return text
  }

  /// What `marquee` and `marquee help` print.
  static var overview: String {
    var text = "marquee: a streaming platform's store and services in one binary\n\n"
    let width = all.map(\.name.count).max() ?? 0
    for command in all {
      text +=
        "  marquee \(command.name)\(String(repeating: " ", count: width - command.name.count))  \(command.summary)\n"
    }
    return text + "\nmarquee help COMMAND says more about one.\n"
  }

  /// The command that the words begin with, and the words left over.
  static func find(_ words: [String]) -> (command: Command, rest: [String])? {
    for command in all.sorted(by: { $0.words.count > $1.words.count }) where words.starts(with: command.words) {
      return (command, Array(words.dropFirst(command.words.count)))
    }
    return nil
  }

  static var all: [Command] {
    nodeCommands + clusterCommands + operatorCommands + credentialsCommands + contentCommands + simulatorCommands
      + twinCommands + otherCommands
  }
}
