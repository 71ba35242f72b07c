// The shell around gossip's core: sends what it says to send, and turns what it finds into metadata.

import Base
import Gossip
import Metadata
import Ring
import World

/// Who is in the cluster and who answers, kept current. Loop-bound.
final class Membership {
  private var core: GossipCore
  private let configuration: GossipCore.Configuration
  private let metadata: Metadata
  private let world: World
  private var timer: RepeatingTimer?
  /// Carries states to an internode address.
  var send: (Endpoint, [UInt8]) -> Void = { _, _ in }
  /// A node has this schema epoch, which is higher than ours.
  var onNewerSchema: (UInt32, UUID) -> Void = { _, _ in }
  /// A member is new or changed, to be remembered over a restart.
  var onMembersChanged: () -> Void = {}

  init(local: NodeState, seeds: [Endpoint], known: [Member], metadata: Metadata, world: World) {
    configuration = GossipCore.Configuration()
    core = GossipCore(
      local: local, seeds: seeds.map { ($0.host, $0.port) }, configuration: configuration)
    self.metadata = metadata
    self.world = world
    for member in known { core.restore(member, now: world.clock.now) }
  }

  var states: [NodeState] { core.states }

  func start() {
    tick()
    timer = world.timers.every(.milliseconds(configuration.intervalMilliseconds)) { [unowned self] in tick() }
  }

  func stop() {
    timer?.stop()
    timer = nil
  }

  private func tick() {
    var directives: [GossipCore.Directive] = []
    core.tick(now: world.clock.now, random: world.entropy.next(), into: &directives)
    perform(directives)
    // A pull that failed is tried again as long as somebody has more.
    let epoch = metadata.snapshot.schema.epoch
    if let ahead = core.states.first(where: { $0.schemaEpoch > epoch && core.isAlive($0.member.hostID) }) {
      onNewerSchema(ahead.schemaEpoch, ahead.member.hostID)
    }
  }

  /// States came from another node.
  func received(_ bytes: [UInt8], from sender: UUID) throws(DecodeError) {
    var directives: [GossipCore.Directive] = []
    core.received(try NodeState.decode(bytes), from: sender, now: world.clock.now, into: &directives)
    perform(directives)
  }

  func connectionLost(_ hostID: UUID) {
    var directives: [GossipCore.Directive] = []
    core.connectionLost(hostID, into: &directives)
    perform(directives)
  }

  /// Tells all others at once: drivers that wait for agreement ask any node what the others have.
  func schemaChanged(epoch: UInt32) {
    core.setLocal(schemaEpoch: epoch)
    sendLocalToAll()
  }

  /// The schema that a node was last heard to have.
  func schemaEpoch(of hostID: UUID) -> UInt32? {
    core.states.first { $0.member.hostID == hostID }?.schemaEpoch
  }

  /// Tells all others that this node stops, so that they need not find it out.
  func announceLeaving() {
    core.setLocal(isLeaving: true)
    sendLocalToAll()
  }

  private func sendLocalToAll() {
    let bytes = NodeState.encode([core.local])
    for state in core.states where state.member.hostID != core.local.member.hostID {
      send(Endpoint(state.member.address, state.member.internodePort), bytes)
    }
  }

  private func perform(_ directives: [GossipCore.Directive]) {
    for directive in directives {
      switch directive {
      case .send(let address, let port, let states): send(Endpoint(address, port), NodeState.encode(states))
      case .memberChanged(let member):
        metadata.put(member)
        onMembersChanged()
      case .becameAlive(let hostID): metadata.setAlive(hostID, true)
      case .becameDead(let hostID): metadata.setAlive(hostID, false)
      case .schemaEpoch(let epoch, let hostID):
        if epoch > metadata.snapshot.schema.epoch { onNewerSchema(epoch, hostID) }
      }
    }
  }
}
