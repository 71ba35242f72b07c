// Runs of the simulator one after another or in processes side by side, their lines, and what they reached.

import Glibc
import Simulator
import Workloads

/// The runs of one process.
struct SimulatorRuns {
  private enum Extent {
    case seeds([UInt64])
    case untilSeconds(Int)
  }

  private let first: UInt64
  private let extent: Extent
  private let workloads: [String]?
  private let faults: [FaultKind]?
  private let asksSometimes: Bool
  private let endsAtFailure: Bool
  /// This process is one of several and takes every `stride`th seed, from the `offset`th on.
  private let stride: Int
  private let offset: Int
  private static let strideVariable = "MARQUEE_SIM_JOB"
  private static let commitSuffix = ".commit"

  init(_ arguments: Arguments) throws {
    first = UInt64(try arguments.integer("--seed", in: 1...Int.max / 2, default: 1))
    asksSometimes = arguments.has("--sometimes")
    endsAtFailure = arguments.has("--first-failure")
    workloads = try arguments.text("--workloads").map { list in
      let names = list.split(separator: ",").map(String.init)
      if let unknown = names.first(where: { !WorkloadRunner.workloadNames.contains($0) }) {
        throw UsageFailure(
          message: "no workload \(unknown): \(WorkloadRunner.workloadNames.joined(separator: ", "))")
      }
      return names
    }
    faults = try arguments.text("--faults").map { list in
      try list.split(separator: ",").filter { $0 != "none" }.map { name in
        guard let kind = FaultKind(rawValue: String(name)) else {
          throw UsageFailure(
            message: "no fault \(name): \(FaultKind.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return kind
      }
    }
    let job = unsafe getenv(Self.strideVariable).map { unsafe String(cString: $0) } ?? "0/1"
    let parts = job.split(separator: "/").compactMap { Int($0) }
    offset = parts.first ?? 0
    stride = max(1, parts.last ?? 1)
    if let path = arguments.text("--seeds") {
      let lines = try Files.text(path).split(separator: "\n")
      extent = .seeds(lines.compactMap { UInt64($0.prefix { $0 != " " && $0 != "#" }) })
    } else if arguments.has("--minutes") {
      extent = .untilSeconds(60 * (try arguments.integer("--minutes", in: 1...100_000, default: 1)))
    } else {
      let runs = try arguments.integer("--runs", in: 1...1_000_000, default: 1)
      extent = .seeds((0..<UInt64(runs)).map { [first] in first + $0 })
    }
  }

  /// What the binary was built from, as `Tools/build` wrote it beside it.
  static var commit: String {
    guard let binary = Files.link("/proc/self/exe"), let text = try? Files.text(binary + commitSuffix) else {
      return "unknown"
    }
    return String(text.prefix { $0 != "\n" })
  }

  /// Since the machine's start; the simulation itself has a clock of its own.
  private var seconds: Int {
    let text = (try? Files.text("/proc/uptime")) ?? ""
    return Int(text.prefix { $0 != "." }) ?? 0
  }

  /// - Returns: the exit status.
  func run() -> Int32 {
    var sometimes = Sometimes()
    var failed = 0
    var ran = 0
    let end: Int
    let seeds: [UInt64]?
    switch extent {
    case .seeds(let all): (end, seeds) = (.max, all)
    case .untilSeconds(let limit): (end, seeds) = (seconds + limit, nil)
    }
    var index = offset
    while index < seeds?.count ?? .max, seconds < end, failed == 0 || !endsAtFailure {
      let report = run(seeds.map { $0[index] } ?? first + UInt64(index))
      sometimes.add(report.sometimes)
      ran += 1
      if !report.problems.isEmpty { failed += 1 }
      index += stride
    }
    if stride > 1 {
      for (name, count) in sometimes.counts.sorted(by: { $0.key < $1.key }) { print("sometimes \(count) \(name)") }
      print("ran \(ran) \(failed)")
      return 0
    }
    return Self.finish(ran: ran, failed: failed, sometimes, asksSometimes: asksSometimes)
  }

  private func run(_ seed: UInt64) -> RunReport {
    var swarm = Swarm(seed: seed)
    if let workloads { swarm.workloads = workloads }
    if let faults { swarm.faults = faults }
    // A run that traps leaves its seed behind.
    print("seed \(seed)", terminator: " ")
    fflush(nil)
    let report = SimulationRun(seed: seed, swarm: swarm).run()
    print(report.text)
    for problem in report.problems.prefix(10) { print("  \(problem)") }
    if !report.problems.isEmpty {
      var again = "marquee sim --seed \(seed)"
      if let workloads { again += " --workloads \(workloads.joined(separator: ","))" }
      if let faults { again += " --faults \(faults.isEmpty ? "none" : faults.map(\.rawValue).joined(separator: ","))" }
      print("  FAILED at commit \(Self.commit), seed \(seed), hash \(report.hashText); repeat: \(again)")
    }
    fflush(nil)
    return report
  }

  private static func finish(ran: Int, failed: Int, _ sometimes: Sometimes, asksSometimes: Bool) -> Int32 {
    print("\(ran - failed) runs held, \(failed) failed; commit \(commit); repeat one: marquee sim --seed SEED")
    guard asksSometimes else { return failed == 0 ? 0 : 1 }
    for (name, count) in sometimes.counts.sorted(by: { $0.key < $1.key }) { print("  \(count) times: \(name)") }
    for name in sometimes.missing { print("  NEVER: \(name)") }
    return failed == 0 && sometimes.missing.isEmpty ? 0 : 1
  }

  // MARK: Side by side

  /// The same command in several processes, each with its share of the seeds; their lines as they come.
  static func side(_ jobs: Int) throws -> Int32 {
    guard let binary = Files.link("/proc/self/exe") else { throw CommandFailure("/proc/self/exe cannot be read") }
    var words = Array(CommandLine.arguments.dropFirst())
    if let place = words.firstIndex(of: "--jobs") { words.removeSubrange(place...min(place + 1, words.count - 1)) }
    words.removeAll { $0.hasPrefix("--jobs=") }
    let asksSometimes = words.contains("--sometimes")
    let command = ([binary] + words).map { "'\($0)'" }.joined(separator: " ")
    var pipes: [UnsafeMutablePointer<FILE>] = unsafe []
    for job in 0..<jobs {
      guard let pipe = unsafe popen("\(strideVariable)=\(job)/\(jobs) \(command)", "r") else {
        throw CommandFailure("cannot start itself again (errno \(errno))")
      }
      unsafe pipes.append(pipe)
    }
    var sometimes = Sometimes()
    var ran = 0
    var failed = 0
    var isBroken = false
    while unsafe !pipes.isEmpty {
      for index in (0..<(unsafe pipes.count)).reversed() {
        guard let line = unsafe readLine(from: pipes[index]) else {
          if unsafe pclose(unsafe pipes.remove(at: index)) != 0 { isBroken = true }
          continue
        }
        let parts = line.split(separator: " ", maxSplits: 2)
        if parts.count == 3, parts[0] == "sometimes", let count = UInt64(parts[1]) {
          sometimes.add(String(parts[2]), count)
        } else if parts.count == 3, parts[0] == "ran", let more = Int(parts[1]), let bad = Int(parts[2]) {
          ran += more
          failed += bad
        } else {
          print(line)
          fflush(nil)
        }
      }
    }
    let status = finish(ran: ran, failed: failed, sometimes, asksSometimes: asksSometimes)
    // A process that trapped has said so on standard error.
    return isBroken ? 1 : status
  }

  private static func readLine(from pipe: UnsafeMutablePointer<FILE>) -> String? {
    var buffer: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { unsafe free(buffer) }
    guard unsafe getline(&buffer, &capacity, pipe) > 0, let bytes = unsafe buffer else { return nil }
    let text = unsafe String(cString: bytes)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}
