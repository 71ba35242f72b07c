// Who orders schema changes until the metadata log exists: the lowest-numbered live seed. It applies the statement to
// its schema (one epoch higher), syncs it, pushes it to every living node, and answers when they have it, so that the
// client's next statement finds the change everywhere. Nodes that were away pull when gossip tells them of the epoch.
//
// With no seed reachable a change is refused, and where the orderer sees no majority of the members: a seed that was
// away, or is cut off, would give an epoch's number to a second schema. Two seeds that both see a majority but not one
// another could still both order a change; the metadata log takes that away (issue of its own).

import Base
import Data
import Metadata
import Query
import Ring
import Storage
import World

/// Loop-bound.
final class SchemaAuthority: SchemaChanger {
  typealias Outcome = Result<SchemaChangeEvent?, QueryFailure>

  /// How the authority reaches other nodes; set by whoever assembles the node.
  struct Links {
    var push: (UUID, Schema, @escaping (Bool) -> Void) -> Void
    var pull: (UUID, @escaping (Schema?) -> Void) -> Void
    var forward: (UUID, String, String?, @escaping (Outcome) -> Void) -> Void
  }

  private struct Change {
    var statement: String
    var keyspace: String?
    var completion: (Outcome) -> Void
  }

  /// Changes that may wait for the one under way.
  private static let maxWaiting = 1024
  /// A living node that does not take the schema by then is left to pull it.
  private static let agreementTimeout = Duration.seconds(5)

  private let seeds: [Endpoint]
  private let metadata: Metadata
  private let identity: NodeIdentity
  private let world: World
  private let log: Logger
  var links: Links?
  private var waiting: [Change] = []
  private var isChanging = false
  private var isPulling = false

  init(seeds: [Endpoint], metadata: Metadata, identity: NodeIdentity, world: World, log: Logger) {
    self.seeds = seeds
    self.metadata = metadata
    self.identity = identity
    self.world = world
    self.log = log
  }

  /// The node that orders changes now; nil when no seed is alive.
  private var orderer: UUID? {
    for seed in seeds {
      let member = metadata.snapshot.members.first { $0.address == seed.host && $0.internodePort == seed.port }
      if let member, metadata.isAlive(member.hostID) { return member.hostID }
    }
    return nil
  }

  /// A client's statement at this node.
  func change(_ statement: String, keyspace: String?, completion: @escaping (Outcome) -> Void) {
    guard let orderer else {
      return completion(.failure(.unavailable(consistency: .one, required: 1, alive: 0)))
    }
    if orderer == metadata.snapshot.localHostID {
      order(statement, keyspace: keyspace, completion: completion)
    } else if let links {
      links.forward(orderer, statement, keyspace, completion)
    }
  }

  // MARK: Ordering

  /// A statement at the node that orders, from here or from another node.
  func order(_ statement: String, keyspace: String?, completion: @escaping (Outcome) -> Void) {
    guard waiting.count < Self.maxWaiting else {
      return completion(.failure(.overloaded("\(waiting.count) schema changes are waiting")))
    }
    let members = metadata.snapshot.members
    let alive = members.count { metadata.isAlive($0.hostID) }
    let required = Consistency.majority(of: members.count)
    guard alive >= required else {
      return completion(.failure(.unavailable(consistency: .quorum, required: required, alive: alive)))
    }
    waiting.append(Change(statement: statement, keyspace: keyspace, completion: completion))
    startNext()
  }

  private func startNext() {
    // What is built on a schema that is older than somebody's would be lost.
    guard !isChanging, !isPulling, !waiting.isEmpty else { return }
    isChanging = true
    let change = waiting.removeFirst()
    perform(change) { [self] outcome in
      isChanging = false
      change.completion(outcome)
      startNext()
    }
  }

  private func perform(_ change: Change, completion: @escaping (Outcome) -> Void) {
    let context = SchemaChange.Context(
      keyspace: change.keyspace, newTableID: world.entropy.uuid(),
      datacenters: Set(metadata.snapshot.members.map(\.datacenter)),
      newSecret: metadata.snapshot.schema.secret.isEmpty ? world.entropy.bytes(32) : [])
    let next: SchemaChange.Outcome
    do throws(QueryFailure) {
      next = try SchemaChange.apply(change.statement, to: metadata.snapshot.schema, context)
    } catch { return completion(.failure(error)) }
    guard next.schema.epoch > metadata.snapshot.schema.epoch else { return completion(.success(next.event)) }
    do throws(StorageFailure) {
      try adopt(next.schema)
    } catch { return completion(.failure(.server("the schema cannot be stored: \(error)"))) }
    log.info("schema changed", ["epoch": "\(next.schema.epoch)"])
    pushToAll(next.schema) { completion(.success(next.event)) }
  }

  private func pushToAll(_ schema: Schema, completion: @escaping () -> Void) {
    let local = metadata.snapshot.localHostID
    let others = metadata.snapshot.members.map(\.hostID).filter { $0 != local && metadata.isAlive($0) }
    guard let links, !others.isEmpty else { return completion() }
    var left = others.count
    var isDone = false
    let finish = {
      if !isDone {
        isDone = true
        completion()
      }
    }
    let timer = world.timers.schedule(after: Self.agreementTimeout, finish)
    for host in others {
      links.push(host, schema) { [self] _ in
        left -= 1
        if left == 0 {
          world.timers.cancel(timer)
          finish()
        }
      }
    }
  }

  // MARK: Following

  /// Stores and takes a schema if it is newer than the one here.
  func adopt(_ schema: Schema) throws(StorageFailure) {
    guard schema.epoch > metadata.snapshot.schema.epoch else { return }
    try identity.persist(schema: schema)
    metadata.adopt(schema)
  }

  /// Somebody has a newer schema: fetch it.
  func pull(from host: UUID) {
    guard !isPulling, let links else { return }
    isPulling = true
    links.pull(host) { [self] schema in
      isPulling = false
      defer { startNext() }
      guard let schema else { return }
      do throws(StorageFailure) {
        try adopt(schema)
      } catch {
        log.error("a newer schema cannot be stored", ["failure": "\(error)"])
      }
    }
  }
}
