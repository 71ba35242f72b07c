// Streams between simulated processes. Bytes arrive in order, late by a random delay, in pieces of random size. A cut
// between two addresses holds what is sent until it heals (as TCP does, sending again); healing delivers it or resets
// the connections. Links can be slow, and break at any byte.

import Base
import World

/// Every connection of the cluster.
public final class SimulatedNetwork {
  public let simulation: Simulation
  /// Of one piece of bytes, nanoseconds.
  public var minDelay: Int64 = 50_000
  public var maxDelay: Int64 = 2_000_000
  /// More of it on slow links, nanoseconds at most.
  private var slowness: [Link: Int64] = [:]
  /// One send in so many breaks the connection.
  private var breakage: [Link: Int] = [:]
  private(set) var brokenConnections = 0
  /// The process at each address.
  var worlds: [String: SimulatedWorld] = [:]
  private var listeners: [Endpoint: SimulatedListener] = [:]
  private var cuts: Set<Link> = []
  private var held: [Link: [() -> Void]] = [:]
  private var nextPort: UInt16 = 40_000

  struct Link: Hashable {
    var from: String
    var to: String
  }

  public init(simulation: Simulation) { self.simulation = simulation }

  func delay() -> Int64 { minDelay + Int64(simulation.random.below(Int(maxDelay - minDelay))) }

  func delay(_ link: Link) -> Int64 {
    let more = slowness[link].map { Int64(simulation.random.below(Int($0))) } ?? 0
    return delay() + more
  }

  func ephemeralPort() -> UInt16 {
    nextPort = nextPort == .max ? 40_000 : nextPort + 1
    return nextPort
  }

  // MARK: Cuts

  /// Nothing passes from `from` to `to` until `heal`.
  public func cut(from: String, to: String) { cuts.insert(Link(from: from, to: to)) }

  public func isCut(from: String, to: String) -> Bool { cuts.contains(Link(from: from, to: to)) }

  public func heal(from: String, to: String) {
    let link = Link(from: from, to: to)
    cuts.remove(link)
    let bodies = held.removeValue(forKey: link) ?? []
    simulation.schedule(after: delay()) { for body in bodies { body() } }
  }

  public func healAll() {
    for link in cuts.sorted(by: { ($0.from, $0.to) < ($1.from, $1.to) }) { heal(from: link.from, to: link.to) }
  }

  /// Forgets what a cut held and resets the connections between two addresses, as when a machine's address moves.
  public func healByReset(_ a: String, _ b: String) {
    for link in [Link(from: a, to: b), Link(from: b, to: a)] {
      cuts.remove(link)
      held[link] = nil
    }
    for (from, to) in [(a, b), (b, a)] {
      for stream in worlds[from]?.streams ?? [] where stream.peer.host == to { stream.breakNow() }
    }
  }

  public func slow(from: String, to: String, maxDelay: Int64) { slowness[Link(from: from, to: to)] = maxDelay }
  public func unslow(from: String, to: String) { slowness[Link(from: from, to: to)] = nil }

  /// One send in `sends` from `from` to `to` breaks its connection somewhere within what it sends; nil for none.
  public func breakConnections(from: String, to: String, oneSendIn sends: Int?) {
    breakage[Link(from: from, to: to)] = sends
  }

  func breaks(_ link: Link) -> Bool {
    guard let sends = breakage[link], simulation.random.oneIn(sends) else { return false }
    brokenConnections += 1
    return true
  }

  /// Runs `body` now, or when the link is healed; those held keep their order.
  func pass(_ link: Link, _ body: @escaping () -> Void) {
    if cuts.contains(link) { held[link, default: []].append(body) } else { body() }
  }

  // MARK: Listening and connecting

  func register(_ listener: SimulatedListener) throws(WireFailure) {
    guard listeners[listener.local] == nil else { throw .addressInUse(listener.local) }
    listeners[listener.local] = listener
  }

  func unregister(_ listener: SimulatedListener) {
    if listeners[listener.local] === listener { listeners[listener.local] = nil }
  }

  func connect(_ client: SimulatedStream, to endpoint: Endpoint, timeout: Duration) {
    let there = Link(from: client.local.host, to: endpoint.host)
    let back = Link(from: endpoint.host, to: client.local.host)
    client.owner.schedule(after: timeout.wholeNanoseconds) { client.connectTimedOut() }
    simulation.schedule(after: delay()) { [self] in
      pass(there) { [self] in
        guard let listener = listeners[endpoint], !listener.owner.isOver else {
          pass(back) { client.owner.perform { client.end(.refused(endpoint)) } }
          return
        }
        listener.owner.perform { [self] in
          let server = SimulatedStream(owner: listener.owner, local: endpoint, peer: client.local)
          guard let handler = listener.accept(server) else {
            pass(back) { client.owner.perform { client.end(.reset) } }
            return
          }
          server.join(client, handler: handler)
          simulation.schedule(after: delay()) { [self] in
            pass(back) { client.owner.perform { client.connected() } }
          }
          handler.opened(server)
        }
      }
    }
  }
}

final class SimulatedListener: Listener {
  let local: Endpoint
  let owner: SimulatedWorld
  let accept: (any ByteStream) -> (any StreamHandler)?

  init(owner: SimulatedWorld, local: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?) {
    self.owner = owner
    self.local = local
    self.accept = accept
  }

  func close() { owner.network.unregister(self) }
}

final class SimulatedWire: Wire {
  private unowned let process: SimulatedWorld

  init(process: SimulatedWorld) { self.process = process }

  func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener {
    let listener = SimulatedListener(owner: process, local: endpoint, accept: accept)
    try process.network.register(listener)
    process.listeners.append(listener)
    return listener
  }

  func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream {
    let local = Endpoint(process.address, process.network.ephemeralPort())
    let stream = SimulatedStream(owner: process, local: local, peer: endpoint)
    stream.handler = handler
    process.network.connect(stream, to: endpoint, timeout: timeout)
    return stream
  }
}
