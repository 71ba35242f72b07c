// Who is there and who answers. Every interval a node raises its heartbeat and sends all it knows to a few others, a
// seed among them; of each node the newest state wins. A node is suspected by the phi accrual rule (Hayashibara et al.
// 2004; Cassandra's FailureDetector.java: exponential arrivals, phi = 0.434 t / mean), or at once when its connection
// breaks, and is believed alive again when its heartbeat goes on.
//
// What others say of a node may be old: who starts hears first of the dead, from those that remember them. So a node
// that is not known to be alive is believed so when it says something itself, or when others bring a second heartbeat
// that is newer than the first they brought (Cassandra asks it by an echo instead).

import Base
import Ring

public struct GossipCore {
  public struct Configuration: Sendable {
    public var intervalMilliseconds: Int64 = 500
    public var phiThreshold = 8.0
    /// How many others hear from a node each interval, seeds not counted.
    public var fanout = 3
    /// Further members are not taken in: each costs memory, a share of every message, and room on the ring.
    public var maxMembers = 1024

    public init() {}
  }

  public enum Directive: Equatable {
    /// Send these states (`NodeState.encode`) to a node's internode address, where a connection may be yet to be made.
    case send(address: String, port: UInt16, [NodeState])
    /// A node was heard of for the first time, or its address, place or tokens are new.
    case memberChanged(Member)
    case becameAlive(hostID: UUID)
    case becameDead(hostID: UUID)
    /// A node has a newer schema than ours (or than last said).
    case schemaEpoch(UInt32, hostID: UUID)
  }

  private struct Peer {
    var state: NodeState
    var isAlive: Bool
    var lastHeard: Instant
    /// A running mean of the time between heartbeats.
    var meanMilliseconds: Double
    /// Others brought a heartbeat since it was last believed dead; a second one makes it alive.
    var hasHearsay = false
  }

  private let configuration: Configuration
  /// Internode addresses that are always gossiped to, so that two halves find each other.
  private let seeds: [(address: String, port: UInt16)]
  public private(set) var local: NodeState
  private var peers: [UUID: Peer] = [:]
  /// States of strangers that there was no room for.
  public private(set) var refusedStates: UInt64 = 0

  public init(local: NodeState, seeds: [(address: String, port: UInt16)], configuration: Configuration = .init()) {
    self.local = local
    self.seeds = seeds.filter { $0.address != local.member.address || $0.port != local.member.internodePort }
    self.configuration = configuration
  }

  /// All known states, the local one first, then by host id.
  public var states: [NodeState] {
    [local] + peers.values.map(\.state).sorted { $0.member.hostID < $1.member.hostID }
  }

  public func isAlive(_ hostID: UUID) -> Bool {
    hostID == local.member.hostID || peers[hostID]?.isAlive ?? false
  }

  /// Tells the others of a new epoch, or that this node leaves.
  public mutating func setLocal(schemaEpoch: UInt32? = nil, isLeaving: Bool? = nil) {
    if let schemaEpoch { local.schemaEpoch = schemaEpoch }
    if let isLeaving { local.isLeaving = isLeaving }
    local.version += 1
  }

  /// Restores a member that was known before the last stop; it is dead until heard of.
  public mutating func restore(_ member: Member, now: Instant) {
    guard member.hostID != local.member.hostID, peers[member.hostID] == nil else { return }
    peers[member.hostID] = Peer(
      state: NodeState(member: member, generation: 0), isAlive: false, lastHeard: now,
      meanMilliseconds: Double(configuration.intervalMilliseconds))
  }

  /// Each interval.
  /// - Parameter random: a fresh random number, by which the receivers are chosen.
  public mutating func tick(now: Instant, random: UInt64, into directives: inout [Directive]) {
    local.version += 1
    suspect(now: now, into: &directives)
    var generator = SeededGenerator(seed: random)
    var targets = seeds
    var others = peers.values.map(\.state.member).sorted { $0.hostID < $1.hostID }
    for _ in 0..<min(configuration.fanout, others.count) {
      let chosen = others.remove(at: generator.below(others.count))
      if !targets.contains(where: { $0.address == chosen.address && $0.port == chosen.internodePort }) {
        targets.append((chosen.address, chosen.internodePort))
      }
    }
    let all = states
    for target in targets { directives.append(.send(address: target.address, port: target.port, all)) }
  }

  private mutating func suspect(now: Instant, into directives: inout [Directive]) {
    for (hostID, peer) in peers.sorted(by: { $0.key < $1.key }) where peer.isAlive {
      let silentMilliseconds = Double((now - peer.lastHeard).wholeNanoseconds) / 1e6
      if 0.434 * silentMilliseconds / peer.meanMilliseconds > configuration.phiThreshold {
        peers[hostID]?.isAlive = false
        directives.append(.becameDead(hostID: hostID))
      }
    }
  }

  /// States came from another node.
  /// - Parameter sender: who sent them: what it says of itself is no hearsay.
  public mutating func received(
    _ states: [NodeState], from sender: UUID, now: Instant, into directives: inout [Directive]
  ) {
    for state in states {
      let hostID = state.member.hostID
      if hostID == local.member.hostID {
        // Somebody remembers a later life of ours, as when the clock went back: live past it.
        if state.generation > local.generation {
          local.generation = state.generation == .max ? .max : state.generation + 1
        }
        continue
      }
      guard let known = peers[hostID] else {
        meet(state, isDirect: hostID == sender, now: now, into: &directives)
        continue
      }
      if state.isNewer(than: known.state) {
        update(state, known: known, isDirect: hostID == sender, now: now, into: &directives)
      }
    }
  }

  private mutating func meet(_ state: NodeState, isDirect: Bool, now: Instant, into directives: inout [Directive]) {
    guard peers.count < configuration.maxMembers else {
      refusedStates += 1
      return
    }
    let hostID = state.member.hostID
    let isAlive = isDirect && !state.isLeaving
    peers[hostID] = Peer(
      state: state, isAlive: isAlive, lastHeard: now, meanMilliseconds: Double(configuration.intervalMilliseconds),
      hasHearsay: !isDirect)
    directives.append(.memberChanged(state.member))
    if isAlive { directives.append(.becameAlive(hostID: hostID)) }
    directives.append(.schemaEpoch(state.schemaEpoch, hostID: hostID))
  }

  private mutating func update(
    _ state: NodeState, known: Peer, isDirect: Bool, now: Instant, into directives: inout [Directive]
  ) {
    let hostID = state.member.hostID
    var peer = known
    peer.state = state
    if known.isAlive {
      let gap = Double((now - known.lastHeard).wholeNanoseconds) / 1e6
      peer.meanMilliseconds = max(
        Double(configuration.intervalMilliseconds) / 2, 0.9 * known.meanMilliseconds + 0.1 * gap)
    } else {
      peer.meanMilliseconds = Double(configuration.intervalMilliseconds)
    }
    peer.lastHeard = now
    peer.isAlive = !state.isLeaving && (known.isAlive || isDirect || known.hasHearsay)
    peer.hasHearsay = !peer.isAlive && !isDirect
    peers[hostID] = peer
    if state.member != known.state.member { directives.append(.memberChanged(state.member)) }
    if peer.isAlive, !known.isAlive { directives.append(.becameAlive(hostID: hostID)) }
    if !peer.isAlive, known.isAlive { directives.append(.becameDead(hostID: hostID)) }
    if state.schemaEpoch != known.state.schemaEpoch || !known.isAlive {
      directives.append(.schemaEpoch(state.schemaEpoch, hostID: hostID))
    }
  }

  /// The connection to a node broke or was refused: it is dead until its heartbeat goes on.
  public mutating func connectionLost(_ hostID: UUID, into directives: inout [Directive]) {
    guard let peer = peers[hostID], peer.isAlive else { return }
    peers[hostID]?.isAlive = false
    directives.append(.becameDead(hostID: hostID))
  }
}
