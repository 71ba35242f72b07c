// Faults of the network. Clients are among those that a link may cut off.

import Base

extension Faults {
  private static let clientAddress = SimulationRun.clientAddress

  private func others(than host: SimulatedHost) -> [SimulatedHost] {
    cluster.hosts.filter { $0.index != host.index }
  }

  /// All pairs of addresses, of which each link of the fault is one.
  private func cut(_ pairs: [(String, String)]) {
    for (from, to) in pairs { cluster.network.cut(from: from, to: to) }
  }

  /// What was held is delivered, or the connections are reset.
  private func mend(_ pairs: [(String, String)], resetting: Bool) {
    for (from, to) in pairs {
      if resetting { cluster.network.healByReset(from, to) } else { cluster.network.heal(from: from, to: to) }
    }
  }

  private func bothWays(_ a: String, _ b: String) -> [(String, String)] { [(a, b), (b, a)] }

  /// One node, from all others, or from the clients as well.
  func isolate(_ host: SimulatedHost) -> (() -> Void)? {
    var pairs = others(than: host).flatMap { bothWays(host.address, $0.address) }
    if random.oneIn(3) { pairs += bothWays(host.address, Self.clientAddress) }
    cut(pairs)
    let resets = random.oneIn(2)
    return { [self] in mend(pairs, resetting: resets) }
  }

  /// Requests arrive and answers do not, or the other way round: done, and not known to be done.
  func cutOneWay(_ host: SimulatedHost) -> (() -> Void)? {
    let others = others(than: host).map(\.address) + [Self.clientAddress]
    let chosen = random.oneIn(2) ? others : [others[random.below(others.count)]]
    let isOutward = random.oneIn(2)
    let pairs = chosen.map { isOutward ? (host.address, $0) : ($0, host.address) }
    cut(pairs)
    cluster.sometimes.add("link cut one way")
    let resets = random.oneIn(2)
    return { [self] in mend(pairs, resetting: resets) }
  }

  /// Cut and mended again and again.
  func flap(_ host: SimulatedHost) -> (() -> Void)? {
    let others = others(than: host)
    let pairs = bothWays(host.address, others[random.below(others.count)].address)
    var isOver = false
    var isCut = false
    func turn() {
      guard !isOver else { return }
      if isCut { mend(pairs, resetting: random.oneIn(3)) } else { cut(pairs) }
      isCut.toggle()
      cluster.simulation.schedule(after: pause(20, 900)) { turn() }
    }
    turn()
    cluster.sometimes.add("link flapped")
    return { [self] in
      isOver = true
      mend(pairs, resetting: false)
    }
  }

  /// Two halves that do not see each other.
  func split() -> (() -> Void)? {
    let left = cluster.hosts.filter { _ in random.oneIn(2) }
    let right = cluster.hosts.filter { host in !left.contains { $0.index == host.index } }
    guard !left.isEmpty, !right.isEmpty else { return nil }
    let pairs = left.flatMap { a in right.flatMap { b in bothWays(a.address, b.address) } }
    cut(pairs)
    let resets = random.oneIn(2)
    return { [self] in mend(pairs, resetting: resets) }
  }

  /// Connections break in the middle of what they carry.
  func breakConnections(_ host: SimulatedHost) -> (() -> Void)? {
    let peers = others(than: host).map(\.address) + [Self.clientAddress]
    let sends = 5 + random.below(60)
    let pairs = peers.flatMap { bothWays(host.address, $0) }
    for (from, to) in pairs { cluster.network.breakConnections(from: from, to: to, oneSendIn: sends) }
    return { [cluster] in
      for (from, to) in pairs { cluster.network.breakConnections(from: from, to: to, oneSendIn: nil) }
    }
  }

  func slowLink(_ host: SimulatedHost) -> (() -> Void)? {
    let others = others(than: host)
    let peers = random.oneIn(2) ? others : [others[random.below(others.count)]]
    let pairs = peers.flatMap { bothWays(host.address, $0.address) }
    let maxDelay = pause(20, 3_000)
    for (from, to) in pairs { cluster.network.slow(from: from, to: to, maxDelay: maxDelay) }
    cluster.sometimes.add("link slowed")
    return { [cluster] in
      for (from, to) in pairs { cluster.network.unslow(from: from, to: to) }
    }
  }
}
