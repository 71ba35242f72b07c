// What goes wrong in a run, drawn from its seed (`Swarm`): faults begin and end at random, several at a time where the
// swarm says so, also of so many nodes that no quorum is left. Where a promise depends on a fault, the runner is told.

import Base
import Workloads

/// Injects faults until it is stopped.
final class Faults {
  let cluster: SimulatedCluster
  unowned let runner: WorkloadRunner
  /// Begun so far, by kind.
  private(set) var counts: [FaultKind: Int] = [:]
  /// What is broken now, and how it is mended; by number, so that mending is in order.
  private var active: [(number: Int, mend: () -> Void)] = []
  private var nextNumber = 0
  private var isStopped = false
  /// Nodes that were down at once, at most.
  private(set) var maxDown = 0

  init(cluster: SimulatedCluster, runner: WorkloadRunner) {
    self.cluster = cluster
    self.runner = runner
  }

  var isActive: Bool { !active.isEmpty }

  var random: SeededGenerator {
    get { cluster.simulation.random }
    set { cluster.simulation.random = newValue }
  }

  /// Nanoseconds between bounds given in milliseconds.
  func pause(_ from: Int, _ to: Int) -> Int64 { Int64(from + random.below(max(1, to - from))) * 1_000_000 }

  func start() {
    cluster.onDiskFailure = { [unowned self] host in diskFailed(host) }
    for _ in 0..<cluster.swarm.maxFaults where !cluster.swarm.faults.isEmpty { beginLater() }
  }

  private func beginLater() {
    cluster.simulation.schedule(after: pause(100, 100 + cluster.swarm.calmMilliseconds)) { [self] in begin() }
  }

  /// No further fault; everything that is broken is mended.
  func stop() {
    isStopped = true
    let mends = active.map(\.mend)
    active = []
    for mend in mends { mend() }
  }

  private func begin() {
    guard !isStopped else { return }
    let kind = cluster.swarm.faults[random.below(cluster.swarm.faults.count)]
    let host = cluster.hosts[random.below(cluster.hosts.count)]
    guard let mend = begin(kind, host) else { return beginLater() }
    counts[kind, default: 0] += 1
    let number = nextNumber
    nextNumber += 1
    active.append((number, mend))
    noteDown()
    cluster.simulation.schedule(after: pause(300, kind == .clockJump ? 3_000 : 7_000)) { [self] in
      guard let place = active.firstIndex(where: { $0.number == number }) else { return }
      active.remove(at: place).mend()
      beginLater()
    }
  }

  private func noteDown() {
    let down = cluster.hosts.count { !$0.isRunning }
    maxDown = max(maxDown, down)
    if down * 2 > cluster.hosts.count { cluster.sometimes.add("most nodes down") }
  }

  /// - Returns: how to mend it; nil where it makes no sense now.
  private func begin(_ kind: FaultKind, _ host: SimulatedHost) -> (() -> Void)? {
    switch kind {
    case .kill: kill(host)
    case .powerLoss: losePower(host)
    case .dieWithinWrite: dieWithinWrite(host)
    case .dieWithinBatch: dieWithinBatch()
    case .pause: freeze(host)
    case .clockJump: jump(host)
    case .diskFull: fillDisk(host)
    case .slowDisk: slowDisk(host)
    case .failedAppend: failAppend(host)
    case .failedSync: failSync(host)
    case .failedRead: failRead(host)
    case .isolate: isolate(host)
    case .oneWayCut: cutOneWay(host)
    case .flap: flap(host)
    case .split: split()
    case .breakConnections: breakConnections(host)
    case .slowLink: slowLink(host)
    }
  }

  // MARK: Processes

  /// What is known of a process that ends: what it coordinated lately has hints that it will never keep.
  private func ended(_ host: SimulatedHost) {
    runner.coordinatorDied(host.index, slack: host.pausedNanoseconds)
  }

  private func restart(_ host: SimulatedHost) {
    if !host.isRunning { host.start() }
  }

  private func kill(_ host: SimulatedHost) -> (() -> Void)? {
    guard host.isRunning else { return nil }
    host.resume()
    host.kill()
    ended(host)
    cluster.sometimes.add("node killed")
    return { [self] in restart(host) }
  }

  /// The sync interval, the sync itself (slow disks included) and what the process was frozen.
  private func reach(_ host: SimulatedHost) -> Int64 {
    cluster.swarm.isGroupDurable ? 0 : 100_000_000 + 2 * Faults.maxSyncNanoseconds + host.pausedNanoseconds
  }

  static let maxSyncNanoseconds: Int64 = 400_000_000

  private func darken(_ host: SimulatedHost) {
    let frozen = host.isPaused ? cluster.simulation.now : 0
    host.losePower(tornTails: random.oneIn(3) ? nil : random.next() | 1)
    ended(host)
    let reach = reach(host)
    if reach > 0 || frozen > 0 {
      if !cluster.swarm.isGroupDurable { runner.lostPower(host.index, reach: reach) }
    }
    // Hints are not synced before anybody is told of them, under either durability.
    runner.doubtHints(of: host.index, last: reach + 3_000_000_000)
    cluster.sometimes.add("power lost")
  }

  private func losePower(_ host: SimulatedHost) -> (() -> Void)? {
    guard host.isRunning else { return nil }
    darken(host)
    return { [self] in restart(host) }
  }

  /// The machine dies within one of its next changes to the disk, that one half done.
  private func dieWithinWrite(_ host: SimulatedHost) -> (() -> Void)? {
    guard host.isRunning, !host.isPaused else { return nil }
    host.disk.killAfter(operations: UInt64(1 + random.below(40)))
    host.hasDiskTrouble = true
    let life = host.starts
    // It is seen to be dead a little later: until then its calls fail.
    cluster.simulation.schedule(after: pause(20, 300)) { [self] in
      guard host.starts == life, host.isRunning else { return }
      darken(host)
      cluster.sometimes.add("machine died within a write")
    }
    return { [self] in
      host.disk.killAfter(operations: 0)
      if host.isRunning, host.starts == life { darken(host) }
      diskIsWell(host, after: 0)
      restart(host)
    }
  }

  /// The machine that coordinates the next batch dies while that is under way.
  private func dieWithinBatch() -> (() -> Void)? {
    guard runner.onBatchSent == nil else { return nil }
    var victim: SimulatedHost?
    runner.onBatchSent = { [unowned self] node in
      runner.onBatchSent = nil
      let host = cluster.hosts[node]
      let life = host.starts
      victim = host
      cluster.simulation.schedule(after: Int64(random.below(9_000)) * 1_000) { [self] in
        guard host.starts == life, host.isRunning else { return }
        darken(host)
        cluster.sometimes.add("machine died within a batch")
      }
    }
    return { [self] in
      runner.onBatchSent = nil
      if let victim { restart(victim) }
    }
  }

  private func freeze(_ host: SimulatedHost) -> (() -> Void)? {
    guard host.isRunning, !host.isPaused else { return nil }
    host.pause()
    cluster.sometimes.add("node paused")
    return { host.resume() }
  }

  private func jump(_ host: SimulatedHost) -> (() -> Void)? {
    let seconds = [2, 60, 1800][random.below(3)]
    host.skewMicroseconds = Int64(random.below(2 * seconds * 1000) - seconds * 1000) * 1000
    cluster.sometimes.add("clock jumped")
    return {}
  }

  // MARK: Disks

  /// From now on the disk works; the node has a while to find that out, in which it may still drop hints.
  private func diskIsWell(_ host: SimulatedHost, after nanoseconds: Int64) {
    host.hasDiskTrouble = false
    runner.doubtHints(of: host.index, last: nanoseconds + 10_000_000_000)
    cluster.simulation.schedule(after: 4_000_000_000) { [runner] in
      runner.doubtHints(of: host.index, last: 5_000_000_000)
    }
  }

  private func fillDisk(_ host: SimulatedHost) -> (() -> Void)? {
    guard !host.hasDiskTrouble else { return nil }
    host.hasDiskTrouble = true
    host.disk.setCapacity(bytes: host.disk.usedBytes + UInt64(random.below(60_000)) + 1)
    cluster.sometimes.add("disk full")
    return { [self] in
      host.disk.setCapacity(bytes: nil)
      diskIsWell(host, after: 0)
    }
  }

  private func slowDisk(_ host: SimulatedHost) -> (() -> Void)? {
    guard !host.hasDiskTrouble else { return nil }
    host.hasDiskTrouble = true
    host.disk.holdBackgroundWork(random.oneIn(2))
    host.disk.syncDelay = .milliseconds(1 + random.below(400))
    return { [self] in
      host.disk.holdBackgroundWork(false)
      host.disk.syncDelay = nil
      diskIsWell(host, after: 0)
    }
  }

  private func failAppend(_ host: SimulatedHost) -> (() -> Void)? {
    guard !host.hasDiskTrouble else { return nil }
    host.hasDiskTrouble = true
    host.disk.failAppends(1 + random.below(3))
    cluster.sometimes.add("append failed")
    return { [self] in
      host.disk.failAppends(0)
      diskIsWell(host, after: 0)
    }
  }

  private func failSync(_ host: SimulatedHost) -> (() -> Void)? {
    guard !host.hasDiskTrouble, host.isRunning else { return nil }
    host.hasDiskTrouble = true
    host.disk.failSyncs(1)
    return { [self] in
      host.disk.failSyncs(0)
      diskIsWell(host, after: 0)
      restart(host)
    }
  }

  /// Tables that cannot be read for a moment: a read fails, or a compaction does.
  private func failRead(_ host: SimulatedHost) -> (() -> Void)? {
    guard !host.hasDiskTrouble else { return nil }
    host.hasDiskTrouble = true
    host.disk.failReads(1 + random.below(20))
    cluster.sometimes.add("read failed")
    return { [self] in
      host.disk.failReads(0)
      diskIsWell(host, after: 0)
    }
  }

  /// The node has stopped since a sync failed. What the kernel could not write it may have forgotten.
  private func diskFailed(_ host: SimulatedHost) {
    cluster.sometimes.add("sync failed")
    darken(host)
    let life = host.starts
    cluster.simulation.schedule(after: pause(500, 3_000)) { [self] in
      if host.starts == life { restart(host) }
    }
  }
}
