// `marquee cluster …`: several nodes on this machine, as processes of their own. Each command is one run of a loop:
// it asks, waits on the loop's timers, and says what it sees.

import Base
import Glibc
import Node
import World

extension Command {
  private static let directory = OptionRule(
    name: "--directory", value: "DIR", help: "the cluster's folder (default: .marquee in this folder)")

  static var clusterCommands: [Command] {
    [
      Command(
        words: ["cluster", "up"], summary: "starts a cluster on loopback and waits until every node answers",
        options: [
          OptionRule(name: "--nodes", value: "N", help: "how many (default: those set up already, else 3)"),
          OptionRule(name: "--datacenters", value: "LIST", help: "instead: nodes by datacenter, such as dc1:3,dc2:3"),
          directory,
        ],
        notes:
          "Node N listens on 127.0.0.N: CQL 9042, HTTP 8080, internode 7000, admin 10000. Its files are in DIR/node-N.",
        run: { try ClusterCommands($0).up() }),
      Command(
        words: ["cluster", "down"], summary: "stops every node (drains it first)", options: [directory],
        run: { try ClusterCommands($0).down() }),
      Command(
        words: ["cluster", "status"], summary: "says of each node's process whether it runs and answers",
        options: [directory], run: { try ClusterCommands($0).status() }),
      Command(
        words: ["cluster", "kill"], summary: "kills node N at once (SIGKILL)", positions: ["N"], options: [directory],
        run: { try ClusterCommands($0).send(SIGKILL, done: "killed") }),
      Command(
        words: ["cluster", "pause"], summary: "freezes node N (SIGSTOP)", positions: ["N"], options: [directory],
        run: { try ClusterCommands($0).send(SIGSTOP, done: "paused") }),
      Command(
        words: ["cluster", "resume"], summary: "lets a frozen node N go on (SIGCONT)", positions: ["N"],
        options: [directory], run: { try ClusterCommands($0).send(SIGCONT, done: "resumed") }),
      Command(
        words: ["cluster", "stop"], summary: "stops node N (SIGTERM: it drains first)", positions: ["N"],
        options: [directory], run: { try ClusterCommands($0).stopOne() }),
      Command(
        words: ["cluster", "start"], summary: "starts node N again and waits until it answers", positions: ["N"],
        options: [directory], run: { try ClusterCommands($0).startOne() }),
    ]
  }
}

/// One command's run.
struct ClusterCommands {
  private static let startDeadline = Duration.seconds(60)
  private static let stopDeadline = Duration.seconds(30)
  private static let pollInterval = Duration.milliseconds(50)

  private let arguments: Arguments
  private let layout: ClusterLayout
  private var processes: NodeProcesses { NodeProcesses(layout: layout) }

  init(_ arguments: Arguments) {
    self.arguments = arguments
    layout = ClusterLayout(directory: Files.absolute(arguments.text("--directory") ?? ".marquee"))
  }

  func up() throws -> Int32 {
    let there = layout.nodes.count
    let datacenters = try datacenters(default: there > 0 ? there : 3)
    let count = datacenters.nodes
    if there > 0, count < there {
      throw CommandFailure("\(layout.directory) holds \(there) nodes; a cluster does not shrink this way")
    }
    try layout.prepare(datacenters)
    return try start(Array(1...count))
  }

  private func datacenters(default count: Int) throws -> ClusterLayout.Datacenters {
    guard let text = arguments.text("--datacenters") else {
      return .init(nodes: try arguments.integer("--nodes", in: 1...ClusterLayout.maxNodes, default: count))
    }
    if arguments.has("--nodes") { throw UsageFailure(message: "--datacenters says how many nodes there are") }
    guard let datacenters = ClusterLayout.Datacenters(text) else {
      throw UsageFailure(
        message:
          "--datacenters wants NAME:NODES with commas between, at most \(ClusterLayout.maxNodes) nodes, not \(text)")
    }
    return datacenters
  }

  func startOne() throws -> Int32 {
    let node = try node()
    if processes.state(node) != .stopped { throw CommandFailure("node \(node) runs already") }
    return try start([node])
  }

  func down() throws -> Int32 {
    let running = layout.nodes.filter { processes.state($0) != .stopped }
    if running.isEmpty {
      print("no node of \(layout.directory) runs")
      return 0
    }
    return try stop(running)
  }

  func stopOne() throws -> Int32 {
    let node = try node()
    guard processes.state(node) != .stopped else { throw CommandFailure("node \(node) does not run") }
    return try stop([node])
  }

  func send(_ signal: Int32, done: String) throws -> Int32 {
    let node = try node()
    guard processes.signal(node, signal) else { throw CommandFailure("node \(node) does not run") }
    print("node \(node): \(done)")
    guard signal == SIGKILL else { return 0 }
    // The next `start` must not find the old process's port still held.
    return try RealLoop.run { world in
      try await waitForEnd([node], world: world, deadline: .seconds(10))
      return 0
    }
  }

  func status() throws -> Int32 {
    let nodes = try existingNodes()
    let states = nodes.map { (node: $0, state: processes.state($0), pid: processes.pid($0)) }
    return try RealLoop.run { world in
      let probe = Probe(world: world)
      var isAllWell = true
      for (node, state, pid) in states {
        let configuration = try configuration(node)
        let listen = configuration.listen
        var words = "node \(node)  \(listen.cql.host)  \(state.rawValue)"
        if let pid, state != .stopped { words += "  pid \(pid)" }
        if state == .running {
          let cql = await probe.answersCQL(listen.cql, security: configuration.clientSecurity)
          let http = await probe.answersHTTP(listen.http)
          words += "  CQL \(cql ? "answers" : "does not answer")  HTTP \(http ? "answers" : "does not answer")"
          if !cql || !http { isAllWell = false }
        } else {
          isAllWell = false
        }
        print(words)
      }
      return isAllWell ? 0 : 1
    }
  }

  private func node() throws -> Int {
    let node = try arguments.integer(word: 0, called: "N", in: 1...ClusterLayout.maxNodes)
    guard Files.exists(layout.configuration(node)) else {
      throw CommandFailure("\(layout.directory) has no node \(node)")
    }
    return node
  }

  private func existingNodes() throws -> [Int] {
    let nodes = layout.nodes
    guard !nodes.isEmpty else {
      throw CommandFailure("\(layout.directory) holds no cluster: marquee cluster up makes one")
    }
    return nodes
  }

  private func configuration(_ node: Int) throws -> Configuration {
    try ConfigurationReader.load(layout.configuration(node))
  }

  // MARK: - Starting

  private func start(_ nodes: [Int]) throws -> Int32 {
    let configurations = try nodes.map { try configuration($0) }
    for node in nodes where processes.state(node) == .stopped {
      _ = try processes.start(node)
    }
    return try RealLoop.run { world in
      let deadline = world.clock.now + Self.startDeadline
      let probe = Probe(world: world)
      for (node, configuration) in zip(nodes, configurations) {
        try await waitForAnswer(node, configuration, probe: probe, deadline: deadline)
        let listen = configuration.listen
        print("node \(node): CQL \(listen.cql)  HTTP http://\(listen.http)  admin http://\(listen.admin)")
      }
      try await waitUntilAllSeeAll(probe: probe, deadline: deadline)
      return 0
    }
  }

  /// Until every node that runs sees every node that runs as up: a schema change right after `up` reaches them all.
  private func waitUntilAllSeeAll(probe: Probe, deadline: Instant) async throws {
    let running = try layout.nodes.filter { processes.state($0) == .running }.map { try configuration($0).listen }
    let wanted = Set(running.map(\.internode.host))
    for listen in running {
      while await probe.ring(listen.admin)?.addressesUp.isSuperset(of: wanted) != true {
        guard probe.world.clock.now < deadline else {
          throw CommandFailure("\(listen.admin) does not see all of \(wanted.sorted().joined(separator: ", ")) up")
        }
        try await probe.world.spawner.sleep(Self.pollInterval)
      }
    }
  }

  private func waitForAnswer(
    _ node: Int, _ configuration: Configuration, probe: Probe, deadline: Instant
  ) async throws {
    let world = probe.world
    let listen = configuration.listen
    while true {
      if await probe.answersCQL(listen.cql, security: configuration.clientSecurity),
        await probe.answersHTTP(listen.http), await probe.isHealthy(listen.admin)
      {
        return
      }
      if processes.state(node) == .stopped {
        throw CommandFailure(
          "node \(node) ended while it started; its log \(layout.log(node)) ends so:\n"
            + processes.logTail(node))
      }
      guard world.clock.now < deadline else {
        throw CommandFailure("node \(node) does not answer after \(Self.startDeadline); see \(layout.log(node))")
      }
      try await world.spawner.sleep(Self.pollInterval)
    }
  }

  // MARK: - Stopping

  private func stop(_ nodes: [Int]) throws -> Int32 {
    for node in nodes {
      _ = processes.signal(node, SIGTERM)
      _ = processes.signal(node, SIGCONT)  // a paused node gets SIGTERM only when it goes on
    }
    return try RealLoop.run { world in
      do {
        try await waitForEnd(nodes, world: world, deadline: Self.stopDeadline)
      } catch {
        let left = nodes.filter { processes.state($0) != .stopped }
        for node in left { _ = processes.signal(node, SIGKILL) }
        throw CommandFailure("nodes \(left) did not stop within \(Self.stopDeadline) and were killed")
      }
      print("stopped: \(nodes.map { "node \($0)" }.joined(separator: ", "))")
      return 0
    }
  }

  private func waitForEnd(_ nodes: [Int], world: World, deadline: Duration) async throws {
    let end = world.clock.now + deadline
    for node in nodes {
      while processes.state(node) != .stopped {
        guard world.clock.now < end else { throw CommandFailure("node \(node) does not end") }
        try await world.spawner.sleep(Self.pollInterval)
      }
      Files.remove(layout.pidFile(node))
    }
  }
}
