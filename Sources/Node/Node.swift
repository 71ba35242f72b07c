// One node, assembled: the only place where the parts meet. Everything here runs on one loop's thread; the real world
// or a simulated one stands below it.
//
// Data goes down: connections -> query engine -> coordinator -> router -> this node's replica or a peer's -> store.
// What the cluster knows comes up: gossip -> membership -> metadata, whose changes the parts observe.

import Access
import Base
import Coordinator
import Data
import Gossip
import Messages
import Metadata
import Query
import Replica
import Ring
import Server
import Storage
import World

public final class Node {
  public let configuration: Configuration
  public let world: World
  public let log: Logger
  public let store: Store
  public let metadata: Metadata
  public let replica: LocalReplica
  public let hints: HintStore
  public let batchlog: Batchlog
  public let coordinator: RequestCoordinator
  public let engine: QueryEngine
  /// The services' door to data.
  public let session: Session
  let identity: NodeIdentity
  let membership: Membership
  let authority: SchemaAuthority
  let pool: PeerPool
  let cql: CQLListener
  private let handlers: PeerHandlers
  let peers: PeerListener
  private var secondTimer: RepeatingTimer?
  /// Why the store takes no writes, as last logged.
  private var storageTrouble: StorageFailure?
  private(set) var isServing = false

  /// Opens the store and reads who this node is; listens to nobody yet.
  /// - Parameter authenticator: asked before a driver is served; nil serves everybody.
  public init(
    configuration: Configuration, world: World, store: Store, log: Logger, authenticator: (any Authenticator)? = nil
  ) throws(NodeStartFailure) {
    self.configuration = configuration
    self.world = world
    self.store = store
    do throws(StorageFailure) { try store.open() } catch { throw .storage(error) }
    identity = try NodeIdentity(store: store, configuration: configuration, world: world)
    let local = identity.member(configuration)
    let hostID = local.hostID
    var log = log
    log.context.append(("node", local.address))
    self.log = log

    let known = identity.record.members.filter { $0.hostID != hostID }
    let metadata = Metadata(
      snapshot: ClusterSnapshot(
        clusterName: configuration.clusterName, localHostID: hostID, schema: identity.record.schema,
        ring: TokenRing(members: [local] + known)))
    self.metadata = metadata
    replica = LocalReplica(store: store) { metadata.snapshot.schema.table(id: $0) }

    let hello = Hello(
      clusterName: configuration.clusterName, hostID: hostID, schemaEpoch: 0, address: local.address,
      port: local.internodePort)
    let pool = PeerPool(world: world, identity: hello, configuration: configuration.peers, logger: log)
    self.pool = pool
    hints = Self.makeHints(configuration, world: world, store: store, metadata: metadata, pool: pool, log: log)
    let hints = hints
    let router = PeerRouter(localHostID: hostID, replica: replica, pool: pool) { mutation, host, stored in
      // What the own store has not taken, it would not take as a hint either; read repair brings it.
      host != hostID && hints.keep(mutation.encoded, for: host, stored: stored)
    }
    batchlog = Self.makeBatchlog(configuration, world: world, store: store, metadata: metadata, log: log)
    coordinator = RequestCoordinator(
      topology: ClusterTopology(metadata: metadata), transport: router,
      batchlog: BatchRouter(localHostID: hostID, batchlog: batchlog, pool: pool), clock: world.clock,
      timers: world.timers, configuration: configuration.coordinator)
    authority = SchemaAuthority(
      seeds: configuration.seeds, metadata: metadata, identity: identity, world: world, log: log)
    engine = QueryEngine(
      metadata: metadata, data: coordinator, changer: authority, clock: world.clock, entropy: world.entropy,
      configuration: configuration.engine)
    session = Session(runner: EngineRunner(engine: engine))
    membership = Membership(
      local: NodeState(
        member: local, generation: identity.record.generation, schemaEpoch: identity.record.schema.epoch),
      seeds: configuration.seeds, known: known, metadata: metadata, world: world)
    handlers = PeerHandlers(
      replica: replica, batchlog: batchlog, pool: pool, metadata: metadata, membership: membership,
      authority: authority, log: log)
    peers = PeerListener(
      world: world, identity: hello, service: handlers, configuration: configuration.peers, logger: log)
    cql = CQLListener(
      engine: engine, world: world, configuration: configuration.cqlServer, authenticator: authenticator, logger: log)
    try Self.count(hints, batchlog, log)
    batchlog.replay = { [unowned self] in replay($0, done: $1) }
    tendStore()
    connectParts(known: known)
  }

  private func connectParts(known: [Member]) {
    for member in known { pool.setEndpoint(Endpoint(member.address, member.internodePort), of: member.hostID) }
    pool.schemaEpoch = { [unowned self] in metadata.snapshot.schema.epoch }
    pool.onGreeted = { [unowned self] host, epoch in handlers.greeted(hostID: host, schemaEpoch: epoch) }
    pool.onLost = { [unowned self] host in membership.connectionLost(host) }
    membership.send = { [unowned self] endpoint, states in pool.gossip(states, to: endpoint) }
    membership.onNewerSchema = { [unowned self] _, host in authority.pull(from: host) }
    membership.onMembersChanged = { [unowned self] in rememberMembers() }
    engine.schemaVersion = { [unowned self] member in
      membership.schemaEpoch(of: member.hostID).map(Schema.version)
    }
    authority.links = SchemaAuthority.Links(
      push: { [unowned self] host, schema, done in
        pool.pushSchema(schema.encoded, to: host) { result in
          if case .success = result { done(true) } else { done(false) }
        }
      },
      pull: { [unowned self] host, done in
        pool.pullSchema(from: host) { result in done(try? Schema(encoded: result.get())) }
      },
      forward: { [unowned self] host, statement, keyspace, done in
        pool.changeSchema(statement, keyspace: keyspace, at: host) { done(Self.outcome($0)) }
      })
    metadata.observe { [unowned self] in changed($0) }
    world.tick.onTickEnd { [unowned self] in store.endTick() }
  }

  private static func outcome(_ result: Result<[UInt8], ReplicaFailure>) -> SchemaAuthority.Outcome {
    guard case .success(let bytes) = result else {
      return .failure(.server("the node that orders schema changes did not answer; the change may have been made"))
    }
    do throws(DecodeError) {
      return try SchemaOutcome.decode(bytes)
    } catch {
      return .failure(.server("the answer of the node that orders schema changes is not readable: \(error)"))
    }
  }

  /// Who is a member is known again after a restart, before anybody is heard of.
  private func rememberMembers() {
    do throws(StorageFailure) {
      try identity.persist(members: metadata.snapshot.members.filter { $0.hostID != metadata.snapshot.localHostID })
    } catch {
      log.error("the members cannot be stored", ["failure": "\(error)"])
    }
  }

  private func changed(_ change: Metadata.Change) {
    switch change {
    case .schema(let old): schemaChanged(from: old)
    case .memberAdded(let member):
      pool.setEndpoint(Endpoint(member.address, member.internodePort), of: member.hostID)
      cql.publish(.topologyChange(.newNode, member))
    case .memberChanged(let member):
      pool.setEndpoint(Endpoint(member.address, member.internodePort), of: member.hostID)
    case .alive(let member):
      log.info("a node is up", ["host": "\(member.hostID)", "address": member.address])
      pool.expect(member.hostID)
      hints.hostIsAlive(member.hostID)
      cql.publish(.statusChange(.up, member))
    case .dead(let member):
      log.warning("a node is down", ["host": "\(member.hostID)", "address": member.address])
      hints.hostIsDead(member.hostID)
      cql.publish(.statusChange(.down, member))
    }
  }

  private func schemaChanged(from old: Schema) {
    let new = metadata.snapshot.schema
    membership.schemaChanged(epoch: new.epoch)
    let kept = Set(new.tables.map(\.incarnation))
    do throws(StorageFailure) {
      for table in old.tables where !kept.contains(table.incarnation) {
        try store.drop(incarnation: table.incarnation)
      }
    } catch {
      // Its keys stay and are not read any more: space is lost, nothing else.
      log.error("a dropped table's rows cannot be deleted", ["failure": "\(error)"])
    }
    for event in SchemaChangeEvent.differences(from: old, to: new) { cql.publish(.schemaChange(event)) }
  }

  // MARK: Life

  /// Listens, first to other nodes, then to clients.
  public func start() throws(NodeStartFailure) {
    do throws(WireFailure) {
      try peers.listen(configuration.listen.internode)
      try cql.listen(configuration.listen.cql)
    } catch { throw .wire(error) }
    membership.start()
    secondTimer = world.timers.every(.seconds(1)) { [unowned self] in
      recover()
      logStorage()
    }
    isServing = true
    log.info("serving", ["cql": "\(configuration.listen.cql)", "host": "\(metadata.snapshot.localHostID)"])
  }

  /// Says once that the store takes no writes, and once that it does again.
  private func logStorage() {
    var trouble: StorageFailure?
    if case .failed(let failure) = store.admission { trouble = failure }
    guard trouble != storageTrouble else { return }
    storageTrouble = trouble
    if let trouble {
      log.error("storage takes no writes", ["why": "\(trouble)"])
    } else {
      log.info("storage takes writes again")
    }
  }

  /// What is under way when the node stops gets so long.
  static let drainTimeout = Duration.seconds(10)

  /// Takes no new requests, tells the others, lets what is under way end, then closes the store.
  public func stop(completion: @escaping () -> Void) {
    isServing = false
    membership.announceLeaving()
    membership.stop()
    secondTimer?.stop()
    // A client that never reads its answers must not keep the node from stopping.
    var isClosed = false
    let finish = { [self] in
      if isClosed { return }
      isClosed = true
      peers.close()
      pool.close()
      do throws(StorageFailure) {
        try store.close()
      } catch {
        log.error("the store did not close well", ["failure": "\(error)"])
      }
      completion()
    }
    let deadline = world.timers.schedule(after: Self.drainTimeout) { [log] in
      if !isClosed { log.warning("connections are busy still; they are cut off") }
      finish()
    }
    cql.drain { [world] in
      world.timers.cancel(deadline)
      finish()
    }
  }
}
