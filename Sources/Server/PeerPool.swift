// The ways from this node to all others: one link for each address, found by host id for requests and by address for
// gossip, which may go to a seed whose host id is not known yet.

import Base
import Coordinator
import Data
import Messages
import World

/// Loop-bound. Completions run on the loop, once each, never within the call.
public final class PeerPool {
  let world: World
  let configuration: PeerConfiguration
  private let logger: Logger
  private let identity: Hello
  public internal(set) var counters = PeerCounters()
  /// For the hello: the epoch this node has.
  public var schemaEpoch: () -> UInt32 = { 0 }
  /// A node said hello; with the epoch it has.
  public var onGreeted: (_ hostID: UUID, _ schemaEpoch: UInt32) -> Void = { _, _ in }
  /// A connection that stood is no more, or one to a node that was known could not be made.
  public var onLost: (_ hostID: UUID) -> Void = { _ in }

  private var links: [Endpoint: PeerLink] = [:]
  private var linkOf: [UUID: PeerLink] = [:]
  private var lastRequestID: UInt64 = 0
  private var sweeper: RepeatingTimer?
  private(set) var isClosed = false
  /// Completions of what failed at once, for the tick's end.
  private var deferred: [() -> Void] = []

  /// - Parameter identity: who this node is.
  public init(
    world: World, identity: Hello, configuration: PeerConfiguration = .init(), logger: Logger = .silent
  ) {
    self.world = world
    self.identity = identity
    self.configuration = configuration
    self.logger = logger
    world.tick.onTickEnd { [weak self] in self?.runDeferred() ?? false }
  }

  /// Says where a node is. It is connected to when something is to be sent.
  public func setEndpoint(_ endpoint: Endpoint, of hostID: UUID) {
    guard hostID != identity.hostID else { return }
    linkOf[hostID] = link(endpoint)
  }

  /// The node was heard of by other ways: connecting is worth another attempt at once.
  public func expect(_ hostID: UUID) { linkOf[hostID]?.forgetBackoff() }

  /// Ends all connections; what is unanswered fails.
  public func close() {
    isClosed = true
    sweeper?.stop()
    for link in sortedLinks { link.close() }
  }

  /// Requests that wait for an answer.
  public var pendingCount: Int { links.values.reduce(0) { $0 + $1.pendingCount } }
  public var connectedCount: Int { links.values.reduce(0) { $0 + ($1.isReady ? 1 : 0) } }
  /// Ways known, whether they stand or not.
  public var linkCount: Int { links.count }
  public var queuedBytes: Int { links.values.reduce(0) { $0 + $1.queuedBytes } }
  public func isConnected(_ hostID: UUID) -> Bool { linkOf[hostID]?.isReady ?? false }

  // MARK: Requests

  /// - Parameter mutation: as `Mutation.encode` writes it; the same bytes go to every replica.
  public func apply(
    encoded mutation: [UInt8], at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    request(.mutation, to: hostID, .acknowledgement(completion)) { $0.append(mutation) }
  }

  public func read(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<ReadResponse, ReplicaFailure>) -> Void
  ) {
    request(.read, to: hostID, .response(completion)) { command.encode(to: &$0) }
  }

  /// The digest of what `read` would answer.
  public func readDigest(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<UInt64, ReplicaFailure>) -> Void
  ) {
    request(.readDigest, to: hostID, .digest(completion)) { command.encode(to: &$0) }
  }

  /// - Parameters:
  ///   - mutation: as `Mutation.encode` writes it.
  ///   - hostIDs: the one that it goes to, then those that it is passed on to.
  ///   - completion: once for each of them.
  public func forward(
    encoded mutation: [UInt8], through hostIDs: [UUID],
    completion: @escaping (UUID, Result<Void, ReplicaFailure>) -> Void
  ) {
    counters.forwardsSent += 1
    request(.forward, to: hostIDs[0], .forward(ForwardWait(hostIDs, completion))) {
      ForwardedWrite.encode(to: hostIDs.dropFirst(), mutation: mutation, into: &$0)
    }
  }

  /// - Parameter body: as `LoggedBatch.encodeMutations` writes it.
  public func storeBatch(
    _ id: UUID, body: [UInt8], at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    request(.batchStore, to: hostID, .acknowledgement(completion)) {
      $0.uuid(id)
      $0.append(body)
    }
  }

  public func removeBatch(_ id: UUID, at hostID: UUID) {
    request(.batchRemove, to: hostID, .acknowledgement { _ in }) { $0.uuid(id) }
  }

  /// Sends states of nodes; if there is no way now, they are dropped.
  public func gossip(_ states: [UInt8], to endpoint: Endpoint) {
    if link(endpoint).send(.gossip, states) { counters.gossipSent += 1 } else { counters.gossipDropped += 1 }
  }

  /// Asks for a node's schema, as `Schema.encode` writes it.
  public func pullSchema(from hostID: UUID, completion: @escaping (Result<[UInt8], ReplicaFailure>) -> Void) {
    request(.schemaPull, to: hostID, .bytes(.schema, completion)) { _ in }
  }

  /// Hands a node this node's schema; answers the epoch it then has.
  public func pushSchema(
    _ schema: [UInt8], to hostID: UUID, completion: @escaping (Result<UInt32, ReplicaFailure>) -> Void
  ) {
    let decode: (Result<[UInt8], ReplicaFailure>) -> Void = { result in
      completion(
        result.flatMap { bytes in
          let epoch = bytes.withReader { (reader: inout ByteReader) in try? reader.uint32() }
          return epoch.map { .success($0) } ?? .failure(.failed("not an epoch"))
        })
    }
    request(.schemaPush, to: hostID, .bytes(.schemaEpoch, decode)) { $0.append(schema) }
  }

  /// Asks the node that orders schema changes to make one; answers its outcome in that room's form.
  public func changeSchema(
    _ statement: String, keyspace: String?, at hostID: UUID,
    completion: @escaping (Result<[UInt8], ReplicaFailure>) -> Void
  ) {
    request(.schemaChange, to: hostID, .bytes(.schemaChanged, completion)) {
      SchemaStatement(text: statement, keyspace: keyspace).encode(to: &$0)
    }
  }

  private func request(
    _ verb: Verb, to hostID: UUID, _ completion: PeerCompletion, _ body: (inout ByteWriter) -> Void
  ) {
    guard let link = linkOf[hostID] else {
      failed(completion, .unreachable)
      return
    }
    link.request(verb, to: hostID, completion, body)
  }

  private func link(_ endpoint: Endpoint) -> PeerLink {
    if let link = links[endpoint] { return link }
    let link = PeerLink(endpoint, self)
    links[endpoint] = link
    if sweeper == nil { sweeper = world.timers.every(.seconds(1)) { [weak self] in self?.sweep() } }
    return link
  }

  /// In an order that does not depend on hashing: a simulation must do the same each time.
  private var sortedLinks: [PeerLink] {
    links.values.sorted { ($0.endpoint.host, $0.endpoint.port) < ($1.endpoint.host, $1.endpoint.port) }
  }

  private func sweep() {
    let now = world.clock.now
    for link in sortedLinks { link.sweep(now: now) }
    let owned = Set(linkOf.values.map(ObjectIdentifier.init))
    for link in sortedLinks
    where !owned.contains(ObjectIdentifier(link)) && now >= link.lastUsed + configuration.forgetAfter {
      links[link.endpoint] = nil
      link.close()
    }
  }

  // MARK: For links

  var hello: Hello {
    var hello = identity
    hello.schemaEpoch = schemaEpoch()
    return hello
  }

  func nextRequestID() -> UInt64 {
    lastRequestID += 1
    return lastRequestID
  }

  func greeted(_ link: PeerLink, _ theirs: Hello) {
    logger.info("connected to a node", ["host": "\(theirs.hostID)", "address": "\(link.endpoint)"])
    onGreeted(theirs.hostID, theirs.schemaEpoch)
  }

  func lost(_ link: PeerLink, wasReady: Bool, reason: String) {
    if wasReady {
      counters.connectionsLost += 1
      logger.warning("lost a node", ["address": "\(link.endpoint)", "why": reason])
    } else {
      logger.debug("cannot reach a node", ["address": "\(link.endpoint)", "why": reason])
    }
    // An old way to a node that is reached on another one by now says nothing of it.
    if let hostID = link.hostID, linkOf[hostID] === link { onLost(hostID) }
  }

  /// Fails a request at this tick's end, so that nothing completes within the call that asked for it.
  func failed(_ completion: PeerCompletion, _ failure: ReplicaFailure) {
    counters.requestsFailed += 1
    atTickEnd { completion.fail(failure) }
  }

  /// Runs a completion at this tick's end.
  func atTickEnd(_ body: @escaping () -> Void) { deferred.append(body) }

  private func runDeferred() -> Bool {
    guard !deferred.isEmpty else { return false }
    let bodies = deferred
    deferred = []
    for body in bodies { body() }
    return true
  }
}
