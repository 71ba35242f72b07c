// What goes wrong in a run, drawn from its seed: a node killed and started again, a node cut off, one direction of one
// link lost. One fault at a time and of one node at most, so that a quorum is always there.

import Base

/// Injects one fault after another until it is stopped.
final class Faults {
  private(set) var kills = 0
  private(set) var cuts = 0
  /// Whether something is broken right now.
  private(set) var isActive = false
  /// A node died; called with its index.
  var onKill: (Int) -> Void = { _ in }
  private let cluster: SimulatedCluster
  private var isStopped = false

  init(cluster: SimulatedCluster) { self.cluster = cluster }

  private var random: SeededGenerator {
    get { cluster.simulation.random }
    set { cluster.simulation.random = newValue }
  }

  /// Nanoseconds between bounds given in milliseconds.
  private func pause(_ from: Int, _ to: Int) -> Int64 { Int64(from + random.below(to - from)) * 1_000_000 }

  func start() { cluster.simulation.schedule(after: pause(100, 1000)) { [self] in begin() } }

  /// No further fault; what is broken is mended by the caller.
  func stop() { isStopped = true }

  private func begin() {
    guard !isStopped else { return }
    isActive = true
    let victim = cluster.hosts[random.below(cluster.hosts.count)]
    let others = cluster.hosts.filter { $0.index != victim.index }
    let mend: () -> Void
    switch random.below(4) {
    case 0, 1:
      kills += 1
      victim.kill()
      onKill(victim.index)
      mend = { if !victim.isRunning { victim.start() } }
    case 2:
      cuts += 1
      for other in others {
        cluster.network.cut(from: victim.address, to: other.address)
        cluster.network.cut(from: other.address, to: victim.address)
      }
      mend = { [cluster] in cluster.network.healAll() }
    default:
      cuts += 1
      cluster.network.cut(from: victim.address, to: others[random.below(others.count)].address)
      mend = { [cluster] in cluster.network.healAll() }
    }
    cluster.simulation.schedule(after: pause(500, 6000)) { [self] in
      guard !isStopped else { return }
      mend()
      isActive = false
      cluster.simulation.schedule(after: pause(200, 3000)) { [self] in begin() }
    }
  }
}
