// Simulated machines: each has an address, a disk that outlives its process, and a process that can be killed and
// started again.

import Base
import Node
import Query
import Storage
import World

/// One machine and the node on it.
public final class SimulatedHost {
  let index: Int
  let address: String
  let disk = SimulatedDisk()
  private(set) var process: SimulatedWorld?
  private(set) var node: Node?
  private(set) var starts = 0
  private let cluster: SimulatedCluster

  init(index: Int, cluster: SimulatedCluster) {
    self.index = index
    self.cluster = cluster
    address = "127.0.0.\(index + 1)"
  }

  var isRunning: Bool { node != nil }
  var cqlEndpoint: Endpoint { Endpoint(address, 9042) }

  func start() {
    precondition(node == nil, "\(address) runs already")
    starts += 1
    let process = SimulatedWorld(
      simulation: cluster.simulation, network: cluster.network, address: address,
      skewMicroseconds: Int64(index) * 1_000)
    let disk = disk
    let simulation = cluster.simulation
    process.beforeTick = { disk.setNow(microseconds: UInt64(simulation.now / 1000)) }
    self.process = process
    process.perform {
      let store = Store(
        home: .simulated(disk, directory: "/data"), options: cluster.storeOptions, timers: process.world.timers,
        wake: {})
      do throws(NodeStartFailure) {
        let node = try Node(
          configuration: cluster.configuration(of: self), world: process.world, store: store, log: .silent)
        try node.start()
        self.node = node
      } catch {
        cluster.problems.append("\(address) did not start: \(error)")
      }
    }
  }

  /// SIGKILL.
  func kill() {
    node?.store.kill()
    process?.kill()
    node = nil
    process = nil
  }
}

/// Three nodes, their network, and what went wrong.
public final class SimulatedCluster {
  public let simulation: Simulation
  public let network: SimulatedNetwork
  public private(set) var hosts: [SimulatedHost] = []
  /// Broken promises of the cluster, in words.
  public var problems: [String] = []

  public init(seed: UInt64, nodes: Int) {
    simulation = Simulation(seed: seed)
    network = SimulatedNetwork(simulation: simulation)
    hosts = (0..<nodes).map { SimulatedHost(index: $0, cluster: self) }
  }

  /// Small, so that flushes and compactions happen within a run.
  var storeOptions: StoreOptions {
    var options = StoreOptions()
    options.database.writeBufferBytes = 64 << 10
    options.database.blockCacheBytes = 256 << 10
    options.readCacheBytes = 64 << 10
    return options
  }

  func configuration(of host: SimulatedHost) -> Configuration {
    Configuration(
      clusterName: "simulated", dataDirectory: "/data", mediaDirectory: "/media",
      listen: Configuration.Listen(
        address: host.address, cqlPort: 9042, httpPort: 8080, internodePort: 7000, adminPort: 10000),
      seeds: hosts.map { Endpoint($0.address, 7000) })
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
      return node.hints.count() == 0 && node.coordinator.inFlight == 0
    }
  }

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
