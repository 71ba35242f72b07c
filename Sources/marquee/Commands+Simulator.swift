// `marquee sim`: three nodes in this process, one seed a run, faults, and what was promised checked.

import Glibc
import Simulator

extension Command {
  static var simulatorCommands: [Command] {
    [
      Command(
        words: ["sim"], summary: "simulates a cluster under faults and checks that nothing acknowledged is lost",
        options: [
          OptionRule(name: "--seed", value: "S", help: "the first run's seed (default: 1)"),
          OptionRule(name: "--runs", value: "N", help: "how many seeds in a row (default: 1)"),
          OptionRule(name: "--operations", value: "N", help: "requests a run (default: 2000)"),
        ],
        notes: "A seed's run is the same each time, to the byte of every file; its line ends with one hash of it all.",
        run: simulate)
    ]
  }

  private static func simulate(_ arguments: Arguments) throws -> Int32 {
    try makeHashingDeterministic()
    let first = try arguments.integer("--seed", in: 1...Int.max / 2, default: 1)
    let runs = try arguments.integer("--runs", in: 1...1_000_000, default: 1)
    var options = RunOptions()
    options.operations = try arguments.integer("--operations", in: 1...10_000_000, default: options.operations)
    var failed = 0
    for seed in first..<(first + runs) {
      let report = RegisterRun(seed: UInt64(seed), options: options).run()
      print(report.text)
      for problem in report.problems.prefix(10) { print("  \(problem)") }
      if !report.problems.isEmpty {
        failed += 1
        print("  repeat: marquee sim --seed \(seed) --operations \(options.operations)")
      }
      fflush(nil)
    }
    print("\(runs - failed) runs held, \(failed) failed")
    return failed == 0 ? 0 : 1
  }

  /// Sets and dictionaries must be walked in the same order in every run: the runtime reads that from the environment
  /// before `main`, so the process starts itself again with it.
  private static func makeHashingDeterministic() throws {
    let name = "SWIFT_DETERMINISTIC_HASHING"
    if unsafe getenv(name) != nil { return }
    unsafe setenv(name, "1", 1)
    var words = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
    unsafe execv("/proc/self/exe", &words)
    throw CommandFailure("cannot start itself again (errno \(errno))")
  }
}
