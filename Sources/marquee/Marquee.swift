// The command line's entry: finds the command, checks its words, runs it. Errors are one sentence on standard error;
// the exit status is 0, 1 for work that failed, 64 for words that make no sense (EX_USAGE of sysexits.h).

import Glibc

@main
struct Marquee {
  static let version = "0.1.0"
  private static let usageStatus: Int32 = 64

  static func main() {
    // A reader that went away ends a write with an error, not this process.
    signal(SIGPIPE, SIG_IGN)
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  /// Runs a command by its words and returns the exit status.
  static func run(_ words: [String]) -> Int32 {
    guard let first = words.first else {
      print(Command.overview, terminator: "")
      return usageStatus
    }
    if ["--help", "-h"].contains(first) { return help([]) }
    if first == "--version" { return run(["version"]) }
    guard let (command, rest) = Command.find(words) else {
      complain("unknown command \(first)\(hint(for: words)); marquee help lists them")
      return usageStatus
    }
    if rest.contains("--help") || rest.contains("-h") { return help(command.words) }
    do {
      let arguments = try Arguments.parse(rest, positions: command.positions, options: command.options)
      return try command.run(arguments)
    } catch let failure as UsageFailure {
      complain("\(command.name): \(failure.message)")
      complain("marquee help \(command.name) says what it takes")
      return usageStatus
    } catch let failure as CommandFailure {
      complain("\(command.name): \(failure.message)")
      return failure.status
    } catch {
      complain("\(command.name): \(error)")
      return 1
    }
  }

  private static func hint(for words: [String]) -> String {
    let given = words.prefix(2).joined(separator: " ")
    let group = Command.all.filter { $0.words.first == words.first }.map(\.name)
    if !group.isEmpty { return " (there is: \(group.joined(separator: ", ")))" }
    let near = Command.all.map(\.name).min { distance($0, given) < distance($1, given) }
    guard let near, distance(near, given) <= 2 else { return "" }
    return " (did you mean \(near)?)"
  }

  /// The overview, a command's usage, or that of each command of a group.
  static func help(_ words: [String]) -> Int32 {
    if words.isEmpty {
      print(Command.overview, terminator: "")
      return 0
    }
    let commands = Command.all.filter { $0.words.starts(with: words) || $0.words == words }
    guard !commands.isEmpty else {
      complain("help: unknown command \(words.joined(separator: " "))")
      return usageStatus
    }
    print(commands.map(\.usage).joined(separator: "\n"), terminator: "")
    return 0
  }

  /// One line on standard error.
  static func complain(_ message: String) {
    Console.error("marquee: \(message)\n")
  }
}
