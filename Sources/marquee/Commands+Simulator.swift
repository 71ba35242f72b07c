// `marquee sim`: a cluster in this process, one seed a run, faults, and what was promised checked.

import Base
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
          OptionRule(name: "--minutes", value: "M", help: "instead: seeds in a row until so many minutes have passed"),
          OptionRule(name: "--seeds", value: "FILE", help: "instead: the seeds in a file, one a line"),
          OptionRule(name: "--jobs", value: "J", help: "processes side by side (default: 1)"),
          OptionRule(name: "--workloads", value: "LIST", help: "these workloads alone, with commas between"),
          OptionRule(name: "--faults", value: "LIST", help: "these faults alone, or `none`"),
          OptionRule(name: "--first-failure", help: "no further seed after one that failed"),
          OptionRule(name: "--sometimes", help: "fails if a rare path was never reached, and counts them all"),
        ],
        notes:
          "A seed's run is the same each time, to the byte of every file; its line begins with one hash of it all.",
        run: simulate)
    ]
  }

  private static func simulate(_ arguments: Arguments) throws -> Int32 {
    try makeHashingDeterministic()
    let jobs = try arguments.integer("--jobs", in: 1...64, default: 1)
    return jobs == 1 ? try SimulatorRuns(arguments).run() : try SimulatorRuns.side(jobs)
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
