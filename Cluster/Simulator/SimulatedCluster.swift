// Simulated machines, their network, and what went wrong.

import Base
import Checkers
import Coordinator
import Node
import Query
import Ring
import Storage
import Workloads
import World

public final class SimulatedCluster {
  public let simulation: Simulation
  public let network: SimulatedNetwork
  public let swarm: Swarm
  public private(set) var hosts: [SimulatedHost] = []
  /// Broken promises of the cluster, in words.
  public var problems: [String] = []
  /// Rare paths that its nodes went.
  public internal(set) var sometimes = Sometimes()
  /// A node's store reported a failure after which it has to stop.
  var onDiskFailure: (SimulatedHost) -> Void = { _ in }

  public init(seed: UInt64, swarm: Swarm) {
    simulation = Simulation(seed: seed)
    network = SimulatedNetwork(simulation: simulation)
    self.swarm = swarm
    for (datacenter, count) in swarm.datacenters.enumerated() {
      for _ in 0..<count { hosts.append(SimulatedHost(index: hosts.count, datacenter: datacenter, cluster: self)) }
    }
    onDiskFailure = { $0.kill() }
  }

  /// One datacenter and no faults: for tests.
  public convenience init(seed: UInt64, nodes: Int) {
    var swarm = Swarm()
    swarm.datacenters = [nodes]
    self.init(seed: seed, swarm: swarm)
  }

  /// Small, so that flushes and compactions happen within a run.
  var storeOptions: StoreOptions {
    var options = StoreOptions()
    options.database.writeBufferBytes = 64 << 10
    options.database.blockCacheBytes = 256 << 10
    options.readCacheBytes = swarm.readCacheBytes
    options.durability = swarm.isGroupDurable ? .group : .periodic(.milliseconds(100))
    options.foldAtVersions = swarm.foldAtVersions
    return options
  }

  func configuration(of host: SimulatedHost) -> Configuration {
    var configuration = Configuration(
      clusterName: "simulated", dataDirectory: "/data", mediaDirectory: "/media",
      listen: Configuration.Listen(
        address: host.address, cqlPort: 9042, httpPort: 8080, internodePort: 7000, adminPort: 10000),
      seeds: seeds.map { Endpoint($0.address, 7000) })
    configuration.datacenter = "dc\(host.datacenter + 1)"
    configuration.rack = "rack\(host.index % 3 + 1)"
    configuration.tokenCount = swarm.tokenCount
    configuration.durability = swarm.isGroupDurable ? .group : .periodic
    configuration.limits.hintBytes = swarm.hintBytes
    return configuration
  }

  /// At most three, of all datacenters.
  private var seeds: [SimulatedHost] {
    let firsts = (0..<3).flatMap { turn in
      swarm.datacenters.indices.compactMap { datacenter in
        hosts.filter { $0.datacenter == datacenter }.dropFirst(turn).first
      }
    }
    return Array(firsts.prefix(3))
  }

  /// Starts what does not run.
  func startAll() { for host in hosts where !host.isRunning { host.start() } }

  /// Whether every node runs and sees every other alive.
  var isWhole: Bool {
    hosts.allSatisfy { host in
      guard let metadata = host.node?.metadata else { return false }
      let members = metadata.snapshot.members
      return members.count == hosts.count && members.allSatisfy { metadata.isAlive($0.hostID) }
    }
  }

  /// Whether no node has anything left to hand over or to wait for.
  var isSettled: Bool {
    hosts.allSatisfy { host in
      guard let node = host.node else { return false }
      return node.hints.count() == 0 && node.batchlog.count == 0 && node.coordinator.inFlight == 0
    }
  }

  @discardableResult
  func run(seconds: Double, until condition: () -> Bool = { false }) -> Bool {
    simulation.run(until: simulation.now + Int64(seconds * 1e9), condition)
  }

  /// The trace, and every byte on every disk.
  public var hash: UInt64 {
    for host in hosts {
      host.disk.forEachFile { name, bytes in
        simulation.note(Array(name.utf8))
        simulation.note(bytes.copied())
      }
    }
    return simulation.traceHash
  }
}
