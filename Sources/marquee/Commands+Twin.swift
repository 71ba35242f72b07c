// `marquee twin`: the simulator's workloads and checkers against real nodes, which somebody else breaks and heals
// (`Cluster/Processes/test_twin.py`).

import Base
import Loop
import Workloads
import World

extension Command {
  static var twinCommands: [Command] {
    [
      Command(
        words: ["twin"], summary: "holds a running cluster against the simulator's promises while it is broken",
        options: [
          OptionRule(name: "--hosts", value: "LIST", help: "the nodes' CQL addresses, as IP:PORT", isRequired: true),
          OptionRule(name: "--seed", value: "S", help: "of what the clients choose (default: 1)"),
          OptionRule(name: "--clients", value: "N", help: "clients at work (default: 8)"),
          OptionRule(name: "--workloads", value: "LIST", help: "these workloads alone, with commas between"),
          OptionRule(name: "--keyspace", value: "NAME", help: "made for it (default: twin)"),
        ],
        notes: """
          Works until SIGTERM, which says that all nodes are up again and have handed over their hints; then everything
          is read and checked. Processes may be killed and links between nodes cut meanwhile, but the links from here to
          the nodes must stay, and power must not be lost.
          """,
        run: twin)
    ]
  }

  private static func twin(_ arguments: Arguments) throws -> Int32 {
    let loop = Loop()
    defer { loop.shutDown() }
    let world = try loop.makeWorld(root: Files.absolute("."), workerThreads: 1)
    let seed = UInt64(try arguments.integer("--seed", in: 1...Int.max / 2, default: 1))
    let run = TwinRun(loop: loop, world: world, options: try twinOptions(arguments), seed: seed)
    run.start()
    loop.onSignal(.terminate) { run.finish() }
    loop.onSignal(.interrupt) { loop.stop() }
    loop.run()
    return run.status
  }

  private static func twinOptions(_ arguments: Arguments) throws -> WorkloadOptions {
    let endpoints = try (arguments.text("--hosts") ?? "").split(separator: ",").map { word in
      guard let endpoint = Endpoint(String(word)) else { throw UsageFailure(message: "\(word) is not IP:PORT") }
      return endpoint
    }
    let factor = min(3, endpoints.count)
    var options = WorkloadOptions(endpoints: endpoints, factor: factor)
    options.clients = try arguments.integer("--clients", in: 1...1000, default: 8)
    options.keyspace = arguments.text("--keyspace") ?? "twin"
    options.everyNodeHoldsAll = endpoints.count == factor
    options.pauseMilliseconds = 20
    options.partitions = 60
    // The nodes' own timeouts are shorter; a node that is paused answers later.
    options.requestTimeout = .seconds(6)
    options.verifyAttempts = 10
    if let list = arguments.text("--workloads") { options.workloads = list.split(separator: ",").map(String.init) }
    return options
  }
}

private final class TwinRun {
  private let loop: Loop
  private let world: World
  private let runner: WorkloadRunner
  private let seed: UInt64
  private(set) var status: Int32 = 1
  private var isFinishing = false
  private var progress: RepeatingTimer?

  init(loop: Loop, world: World, options: WorkloadOptions, seed: UInt64) {
    self.loop = loop
    self.world = world
    self.seed = seed
    runner = WorkloadRunner(world: world, options: options, seed: seed)
  }

  func start() {
    runner.prepare { [self] made in
      guard made else {
        Console.error("the tables cannot be made\n")
        return loop.stop()
      }
      say("started")
      runner.watchNodes(slack: .seconds(15))
      runner.start()
      progress = world.timers.every(.seconds(10)) { [self] in say(counts) }
    }
  }

  private func say(_ line: String) { Console.out(line + "\n") }

  private var counts: String {
    let counters = runner.counters
    return "seed \(seed) operations \(counters.operations) acknowledged \(counters.acknowledgedWrites)"
      + " reads \(counters.reads) refused \(counters.refused) unknown \(counters.unknown)"
      + " problems \(runner.problems.count)"
  }

  func finish() {
    guard !isFinishing else { return }
    isFinishing = true
    progress?.stop()
    runner.stop()
    waitUntilIdle()
  }

  private func waitUntilIdle() {
    guard runner.isIdle else {
      world.timers.schedule(after: .milliseconds(100)) { [self] in waitUntilIdle() }
      return
    }
    // What the last requests left for who missed them is found out within the write timeout, and handed over.
    world.timers.schedule(after: .seconds(8)) { [self] in
      runner.verify { [self] in report() }
    }
  }

  private func report() {
    say(counts)
    for (name, count) in runner.counters.sometimes.sorted(by: { $0.key < $1.key }) { say("  \(count) times: \(name)") }
    for problem in runner.problems.prefix(20) { say("  BROKEN: \(problem)") }
    say(runner.problems.isEmpty ? "all promises held" : "\(runner.problems.count) promises broken")
    status = runner.problems.isEmpty ? 0 : 1
    loop.stop()
  }
}
