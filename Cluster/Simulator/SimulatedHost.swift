// A simulated machine: an address, a disk that outlives its processes, a clock of its own, and a process that can be
// killed, frozen and started again.

import Base
import Node
import Query
import Storage
import World

public final class SimulatedHost {
  let index: Int
  let address: String
  let datacenter: Int
  let disk = SimulatedDisk()
  private(set) var process: SimulatedWorld?
  private(set) var node: Node?
  private(set) var starts = 0
  /// Why it did not start when it was last tried.
  private(set) var startFailure: String?
  /// A disk that reports failures may keep a node from starting; else that is a bug.
  var hasDiskTrouble = false
  /// Nanoseconds its process was frozen since it started.
  private(set) var pausedNanoseconds: Int64 = 0
  private var pausedSince: Int64?
  /// The wall clock's error, microseconds; kept over restarts.
  var skewMicroseconds: Int64 {
    didSet { process?.skewMicroseconds = skewMicroseconds }
  }
  private unowned let cluster: SimulatedCluster

  init(index: Int, datacenter: Int, cluster: SimulatedCluster) {
    self.index = index
    self.datacenter = datacenter
    self.cluster = cluster
    address = "127.0.0.\(index + 1)"
    skewMicroseconds = Int64(index) * 1_000
  }

  var isRunning: Bool { node != nil }
  var isPaused: Bool { process?.isPaused ?? false }
  var cqlEndpoint: Endpoint { Endpoint(address, 9042) }

  /// - Returns: whether it serves now.
  @discardableResult
  func start() -> Bool {
    precondition(node == nil, "\(address) runs already")
    starts += 1
    pausedNanoseconds = 0
    startFailure = nil
    let process = SimulatedWorld(
      simulation: cluster.simulation, network: cluster.network, address: address, skewMicroseconds: skewMicroseconds)
    let disk = disk
    let simulation = cluster.simulation
    process.beforeTick = { disk.setNow(microseconds: UInt64(simulation.now / 1000)) }
    self.process = process
    process.perform { [self] in boot(process) }
    guard node == nil else { return true }
    process.kill()
    self.process = nil
    return false
  }

  private func boot(_ process: SimulatedWorld) {
    let store = Store(
      home: .simulated(disk, directory: "/data"), options: cluster.storeOptions, timers: process.world.timers,
      wake: {})
    store.onFatal = { [unowned self] _ in
      // As `marquee serve` does: what is on disk is unknown, so the process ends.
      let life = starts
      cluster.simulation.schedule(after: 0) { [self] in
        if starts == life, isRunning { cluster.onDiskFailure(self) }
      }
    }
    do throws(NodeStartFailure) {
      let node = try Node(
        configuration: cluster.configuration(of: self), world: process.world, store: store, log: .silent)
      try node.start()
      self.node = node
    } catch {
      startFailure = "\(address) did not start: \(error)"
      store.kill()
    }
  }

  /// SIGKILL.
  func kill() { end { $0.kill() } }

  private func end(_ body: (SimulatedWorld) -> Void) {
    resumeClock()
    if let node { cluster.collect(node) }
    node?.store.kill()
    if let process { body(process) }
    node = nil
    process = nil
  }

  /// The machine loses power: what was not synced is gone, or torn.
  func losePower(tornTails: UInt64?) {
    end { $0.losePower() }
    disk.losePower(tornTails: tornTails)
  }

  func pause() {
    guard let process, !process.isPaused else { return }
    pausedSince = cluster.simulation.now
    process.pause()
  }

  func resume() {
    resumeClock()
    process?.resume()
  }

  private func resumeClock() {
    if let since = pausedSince { pausedNanoseconds += cluster.simulation.now - since }
    pausedSince = nil
  }
}
