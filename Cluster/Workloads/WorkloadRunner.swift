// Drives clients against a cluster, of the simulator or of real processes, and holds what they hear against what was
// promised. The same code on both: it sees the cluster through World's wire alone (the habit is FoundationDB's, whose
// workloads run in its simulator and against real clusters).
//
// All clients live on one loop. Whoever breaks the cluster tells the runner what it did where a promise depends on it.

import Base
import Checkers
import Frames
import World

/// One kind of load with its own tables and its own promises.
protocol Workload: AnyObject {
  /// Statements that make its tables.
  var schema: [String] { get }
  /// Kept here so that the runner can tell it what was broken.
  var history: CellHistory { get set }
  /// One request (or one paged read) of one client.
  func step(_ client: WorkloadClient) async
  /// Once all is healed: everything is read and held against the promises.
  func verify(_ client: WorkloadClient) async
  /// Machines lost power under `periodic`.
  func lostPower()
  /// Tables and partition keys whose replicas must hold the same bytes in the end.
  var partitions: [WorkloadPartition] { get }
}

extension Workload {
  func lostPower() {}
}

public struct WorkloadPartition: Equatable, Sendable {
  public var table: String
  /// As it is hashed.
  public var key: [UInt8]
}

/// What clients counted.
public struct WorkloadCounters: Sendable {
  public var operations = 0
  public var acknowledgedWrites = 0
  public var reads = 0
  public var refused = 0
  public var unknown = 0
  /// Errors by their name in the protocol, and rare things that a client can see.
  public var sometimes: [String: Int] = [:]

  public init() {}
}

public final class WorkloadRunner {
  public static let workloadNames = ["registers", "rows", "sets", "batches"]

  public let options: WorkloadOptions
  let world: World
  var random: SeededGenerator
  private(set) var workloads: [any Workload] = []
  private var clients: [WorkloadClient] = []
  public internal(set) var counters = WorkloadCounters()
  /// Broken promises, in words.
  public internal(set) var problems: [String] = []
  /// A batch is on its way to this node.
  public var onBatchSent: ((_ node: Int) -> Void)?
  private var isStopped = false
  private var active = 0
  private var nextTimestamp: Int64 = 1_000
  private static let maxProblems = 100

  /// - Parameter seed: of everything the clients choose.
  public init(world: World, options: WorkloadOptions, seed: UInt64) {
    self.world = world
    self.options = options
    random = SeededGenerator(seed: seed)
    for name in options.workloads {
      switch name {
      case "registers": workloads.append(RegisterWorkload(self))
      case "rows": workloads.append(RowsWorkload(self))
      case "sets": workloads.append(SetWorkload(self))
      case "batches": workloads.append(BatchWorkload(self))
      default: problems.append("there is no workload \(name)")
      }
    }
    clients = (0...options.clients).map { WorkloadClient(number: $0, runner: self) }
  }

  /// A timestamp for a write: one in three is an earlier one's again.
  func timestamp() -> Int64 {
    if !random.oneIn(3) { nextTimestamp += 1 }
    return nextTimestamp
  }

  /// A timestamp that no other write has.
  func freshTimestamp() -> Int64 {
    nextTimestamp += 2
    return nextTimestamp - 1
  }

  func fail(_ problem: String) {
    if problems.count < Self.maxProblems { problems.append(problem) }
  }

  func sometimes(_ name: String) { counters.sometimes[name, default: 0] += 1 }

  // MARK: Life

  /// Makes keyspace and tables.
  public func prepare(completion: @escaping (Bool) -> Void) {
    let statements =
      ["CREATE KEYSPACE \(options.keyspace) WITH replication = \(options.replication)"]
      + workloads.flatMap(\.schema)
    world.spawner.spawn { [self] in
      for statement in statements {
        var made = false
        for _ in 0..<max(3, options.verifyAttempts) where !made {
          let answer = await clients[0].ask(.query(statement, QueryParameters(consistency: 1)), node: 0)
          if case .answered(.schemaChange) = answer { made = true }
          if case .answered(.error(let error)) = answer, error.code == .alreadyExists { made = true }
          if !made { try? await world.spawner.sleep(.seconds(1)) }
        }
        guard made else { return completion(false) }
      }
      completion(true)
    }
  }

  /// Starts the clients.
  public func start() {
    for client in clients.dropFirst() {
      active += 1
      world.spawner.spawn { [self] in
        while !isStopped {
          counters.operations += 1
          await workloads[random.below(workloads.count)].step(client)
          let pause = random.below(max(1, options.pauseMilliseconds))
          try? await world.spawner.sleep(.milliseconds(pause))
        }
        client.close()
        active -= 1
      }
    }
  }

  /// No further requests; those under way end.
  public func stop() { isStopped = true }

  /// Holds a connection to each node, and takes the end of one for the end of its process: for clusters whose breaker
  /// does not say what it does. Until `stop`.
  /// - Parameter slack: a node may have been that far behind when it ended.
  public func watchNodes(slack: Duration) {
    for (number, node) in options.nodes.enumerated() {
      let watch = CQLClient(world: world)
      watch.onLost = { [unowned self] in coordinatorDied(number, slack: slack.wholeNanoseconds) }
      world.spawner.spawn { [self] in
        while !isStopped {
          if !watch.isConnected { watch.send(.options, to: node.endpoint) { _ in } }
          try? await world.spawner.sleep(.milliseconds(100))
        }
        watch.close()
      }
    }
  }

  /// Whether no request is under way any more.
  public var isIdle: Bool { active == 0 }

  /// Reads everything once the cluster is healed and settled, and checks it.
  public func verify(completion: @escaping () -> Void) {
    // Its connection may be to a machine that went down without a word.
    clients[0].close()
    world.spawner.spawn { [self] in
      for workload in workloads { await workload.verify(clients[0]) }
      clients[0].close()
      completion()
    }
  }

  public var partitions: [WorkloadPartition] { workloads.flatMap(\.partitions) }

  // MARK: What was done to the cluster

  private var now: Int64 { world.clock.now.nanoseconds }

  /// A node's process ended.
  /// - Parameter slack: it may have been that far behind, nanoseconds.
  public func coordinatorDied(_ node: Int, slack: Int64 = 0) {
    for workload in workloads { workload.history.coordinatorDied(node, at: now, slack: slack) }
  }

  /// A node could not store hints from `nanoseconds` ago until now.
  public func doubtHints(of node: Int, last nanoseconds: Int64) {
    for workload in workloads { workload.history.doubtHints(of: node, from: now - nanoseconds, to: now) }
  }

  /// A machine lost power and with it the last `reach` nanoseconds.
  public func lostPower(_ node: Int, reach: Int64) {
    let datacenter = options.nodes[node].datacenter
    for workload in workloads {
      workload.history.lostPower(datacenter: datacenter, at: now, reach: reach)
      workload.lostPower()
    }
  }

  /// Hints are not promised in this run.
  public func doubtAllHints() {
    for workload in workloads { workload.history.doubtAllHints() }
  }
}
