// What this node does for other nodes: the peers' connections call it, it calls the replica, gossip and the schema.

import Base
import Data
import Messages
import Metadata
import Query
import Replica
import Server
import Storage

/// Loop-bound.
final class PeerHandlers: PeerService {
  private let replica: LocalReplica
  private let batchlog: Batchlog
  private let pool: PeerPool
  private let metadata: Metadata
  private let membership: Membership
  private let authority: SchemaAuthority
  private let log: Logger

  init(
    replica: LocalReplica, batchlog: Batchlog, pool: PeerPool, metadata: Metadata, membership: Membership,
    authority: SchemaAuthority, log: Logger
  ) {
    self.replica = replica
    self.batchlog = batchlog
    self.pool = pool
    self.metadata = metadata
    self.membership = membership
    self.authority = authority
    self.log = log
  }

  var schemaEpoch: UInt32 { metadata.snapshot.schema.epoch }

  func greeted(hostID: UUID, schemaEpoch: UInt32) {
    if schemaEpoch > self.schemaEpoch, metadata.snapshot.member(hostID) != nil { authority.pull(from: hostID) }
  }

  func apply(_ mutation: Mutation, from: UUID, completion: @escaping (ReplicaRefusal?) -> Void) {
    replica.apply(mutation) { [self] refusal in
      // The sender's schema is newer.
      if case .unknownTable = refusal { authority.pull(from: from) }
      completion(refusal)
    }
  }

  func applyAndForward(
    _ mutation: Mutation, encoded: [UInt8], to others: [UUID], from: UUID,
    answer: @escaping (UUID, MessageFailure?) -> Void
  ) {
    let local = metadata.snapshot.localHostID
    // The way to the others first: what this replica does takes its time at the tick's end.
    for hostID in others {
      pool.apply(encoded: encoded, at: hostID) { result in
        if case .failure(let failure) = result { answer(hostID, MessageFailure(failure)) } else { answer(hostID, nil) }
      }
    }
    apply(mutation, from: from) { refusal in answer(local, refusal.map(MessageFailure.init)) }
  }

  func storeBatch(_ id: UUID, body: [UInt8], from: UUID, completion: @escaping (ReplicaRefusal?) -> Void) {
    batchlog.store(id, body: body, completion: completion)
  }

  func removeBatch(_ id: UUID, from: UUID) { batchlog.remove(id) }

  func read(_ command: ReadCommand, from: UUID) throws(ReplicaRefusal) -> ReadResponse {
    do throws(ReplicaRefusal) {
      return try replica.read(command)
    } catch {
      if case .unknownTable = error { authority.pull(from: from) }
      throw error
    }
  }

  func gossip(_ states: [UInt8], from: UUID) {
    do throws(DecodeError) {
      try membership.received(states, from: from)
    } catch {
      log.warning("unreadable gossip", ["from": "\(from)", "why": "\(error)"])
    }
  }

  func schema() -> [UInt8] { metadata.snapshot.schema.encoded }

  func adopt(schema: [UInt8], from: UUID) throws(DecodeError) -> UInt32 {
    let decoded = try Schema(encoded: schema)
    do throws(StorageFailure) {
      try authority.adopt(decoded)
    } catch {
      log.error("a newer schema cannot be stored", ["failure": "\(error)"])
    }
    return schemaEpoch
  }

  func changeSchema(
    _ statement: String, keyspace: String?, from: UUID, completion: @escaping ([UInt8]) -> Void
  ) {
    authority.order(statement, keyspace: keyspace) { completion(SchemaOutcome.encode($0)) }
  }
}
