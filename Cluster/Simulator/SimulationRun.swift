// One run: a cluster and its load drawn from one seed. Safety: anything the swarm has may go wrong, and nothing that
// was promised may break. Then all is healed, and liveness: within a bound the nodes must find one another, hand over
// their hints and answer everything; then everything is read and replicas must be equal. (The two phases are
// TigerBeetle's, src/vopr.zig.)

import Base
import Checkers
import Data
import Node
import Ring
import Workloads
import World

public struct RunReport: Sendable {
  public var seed: UInt64
  public var swarm: Swarm
  public var hash: UInt64 = 0
  public var counters = WorkloadCounters()
  public var faults = 0
  public var virtualSeconds = 0.0
  public var sometimes = Sometimes()
  public var problems: [String] = []

  public var hashText: String { Hex.encode(UUID(high: 0, low: hash).bytes.suffix(8)) }

  /// Behind the seed.
  public var text: String {
    "hash \(hashText) operations \(counters.operations) acknowledged \(counters.acknowledgedWrites)"
      + " reads \(counters.reads) refused \(counters.refused) unknown \(counters.unknown) faults \(faults)"
      + " seconds \(Int(virtualSeconds)): \(swarm.text)"
  }
}

public final class SimulationRun {
  static let clientAddress = "127.0.1.1"
  /// Virtual seconds: for the load, for healing, for the last reads.
  private static let maxLoadSeconds = 3_600.0
  private static let maxHealSeconds = 120.0
  private static let maxVerifySeconds = 1_800.0

  private let cluster: SimulatedCluster
  private let client: SimulatedWorld
  private let runner: WorkloadRunner
  private let faults: Faults
  private var report: RunReport

  public convenience init(seed: UInt64) { self.init(seed: seed, swarm: Swarm(seed: seed)) }

  public init(seed: UInt64, swarm: Swarm) {
    report = RunReport(seed: seed, swarm: swarm)
    cluster = SimulatedCluster(seed: seed, swarm: swarm)
    client = SimulatedWorld(
      simulation: cluster.simulation, network: cluster.network, address: Self.clientAddress)
    var options = WorkloadOptions(
      nodes: cluster.hosts.map { WorkloadNode(endpoint: $0.cqlEndpoint, datacenter: $0.datacenter) },
      placement: swarm.placement, replication: swarm.replication)
    options.clients = swarm.clients
    options.levels = swarm.levels
    options.pauseMilliseconds = swarm.pauseMilliseconds
    options.workloads = swarm.workloads
    options.partitions = swarm.partitions
    options.requestTimeout = .seconds(swarm.requestTimeoutSeconds)
    options.everyNodeHoldsAll = swarm.nodes == swarm.placement.total
    runner = WorkloadRunner(world: client.world, options: options, seed: cluster.simulation.random.next())
    faults = Faults(cluster: cluster, runner: runner)
  }

  private func fail(_ text: String) { report.problems.append(text) }

  /// Runs it all.
  public func run() -> RunReport {
    cluster.startAll()
    if cluster.run(seconds: 60, until: { cluster.isWhole }), prepare() {
      safetyPhase()
      if heal() {
        verify()
        compareReplicas()
      }
    } else {
      fail("the cluster did not come up: \(cluster.hosts.compactMap(\.startFailure))")
    }
    finishReport()
    return report
  }

  private func prepare() -> Bool {
    var made: Bool?
    client.perform { [self] in runner.prepare { made = $0 } }
    return cluster.run(seconds: 120, until: { made != nil }) && made == true
  }

  private func safetyPhase() {
    faults.start()
    client.perform { [self] in runner.start() }
    let enough = report.swarm.operations
    if !cluster.run(seconds: Self.maxLoadSeconds, until: { runner.counters.operations >= enough }) {
      fail("only \(runner.counters.operations) operations in an hour")
    }
    runner.stop()
    _ = cluster.run(seconds: 120, until: { runner.isIdle })
    if !runner.isIdle { fail("requests have no end") }
  }

  /// - Returns: whether all nodes serve and see one another.
  private func heal() -> Bool {
    faults.stop()
    cluster.network.healAll()
    for host in cluster.hosts {
      host.resume()
      if !host.isRunning, !host.start() { fail(host.startFailure ?? "\(host.address) did not start") }
    }
    guard cluster.run(seconds: Self.maxHealSeconds, until: { cluster.isWhole }) else {
      fail("the nodes do not find one another")
      return false
    }
    // Requests that are still under way end, and what they leave is handed over.
    cluster.run(seconds: 12)
    if !cluster.run(seconds: Self.maxHealSeconds, until: { cluster.isSettled && cluster.isWhole }) {
      fail("what waits is not handed over: \(cluster.hosts.map { $0.node?.hints.count() ?? -1 }) hints")
    }
    if report.swarm.hintBytes < 1 << 20 { runner.doubtAllHints() }
    return true
  }

  private func verify() {
    var isDone = false
    client.perform { [self] in runner.verify { isDone = true } }
    if !cluster.run(seconds: Self.maxVerifySeconds, until: { isDone }) { fail("the last reads have no end") }
    if !cluster.run(seconds: 30, until: { cluster.isSettled }) { fail("requests are left in a coordinator's table") }
  }

  /// Each partition's bytes in the stores of its replicas.
  private func compareReplicas() {
    var copies: [(partition: String, replicas: [(node: Int, bytes: [UInt8])])] = []
    for partition in runner.partitions {
      let replicas = cluster.hosts.compactMap { host in
        stored(partition, at: host).map { (node: host.index + 1, bytes: $0) }
      }
      copies.append(("\(partition.table) \(Hex.encode(partition.key))", replicas))
    }
    report.problems += ReplicaCheck.problems(copies)
  }

  /// Nil where the node is no replica of it.
  private func stored(_ partition: WorkloadPartition, at host: SimulatedHost) -> [UInt8]? {
    let keyspace = runner.options.keyspace
    guard let node = host.node, let table = node.metadata.snapshot.schema.table(keyspace, partition.table),
      let placement = node.metadata.snapshot.schema.keyspaces[keyspace]?.replication.placement
    else { return nil }
    let key = PartitionKey(token: Murmur3.token(of: partition.key), bytes: partition.key)
    let map = node.metadata.replicaMap(placement)
    let local = node.metadata.snapshot.localHostID
    guard map.replicas(of: key.token).contains(where: { map.members[$0].hostID == local }) else { return nil }
    let command = ReadCommand(
      table: table.id, incarnation: table.incarnation, scope: .partition(key), nowInSeconds: 0)
    var writer = ByteWriter()
    (try? node.replica.read(command))?.encode(to: &writer)
    return writer.take()
  }

  private func finishReport() {
    report.problems += runner.problems + cluster.problems
    report.counters = runner.counters
    report.faults = faults.counts.values.reduce(0, +)
    report.virtualSeconds = Double(cluster.simulation.now) / 1e9
    report.hash = cluster.hash
    for host in cluster.hosts { host.kill() }
    client.kill()
    report.sometimes = cluster.sometimes
    for (name, count) in runner.counters.sometimes { report.sometimes.add(name, UInt64(count)) }
    report.sometimes.add("connection broken", UInt64(cluster.network.brokenConnections))
  }
}
