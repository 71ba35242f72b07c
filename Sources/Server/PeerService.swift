// What a node does for other nodes, as the connections see it; the node puts its replica, gossip and schema behind it.

import Base
import Data
import Messages
import Replica

/// Loop-bound. `from` is the asking node's host id. A completion is called once, within the call or later; what it
/// answers after the connection is gone goes nowhere.
public protocol PeerService: AnyObject {
  /// For the hello: the schema this node has.
  var schemaEpoch: UInt32 { get }
  /// A node has said hello, on either side's connection.
  func greeted(hostID: UUID, schemaEpoch: UInt32)
  /// Nil when the mutation is stored.
  func apply(_ mutation: Mutation, from: UUID, completion: @escaping (ReplicaRefusal?) -> Void)
  /// As `apply`, and passes the mutation on to other nodes; `answer` comes once for each, this node among them.
  /// - Parameter encoded: the mutation as it came.
  func applyAndForward(
    _ mutation: Mutation, encoded: [UInt8], to others: [UUID], from: UUID,
    answer: @escaping (_ hostID: UUID, _ failure: MessageFailure?) -> Void)
  /// Keeps a batch until it is done (`LoggedBatch.encodeMutations`). Nil when it is stored.
  func storeBatch(_ id: UUID, body: [UInt8], from: UUID, completion: @escaping (ReplicaRefusal?) -> Void)
  /// The batch is done.
  func removeBatch(_ id: UUID, from: UUID)
  func read(_ command: ReadCommand, from: UUID) throws(ReplicaRefusal) -> ReadResponse
  /// States of nodes, as `NodeState.encode` writes them.
  func gossip(_ states: [UInt8], from: UUID)
  /// This node's schema, as `Schema.encode` writes it.
  func schema() -> [UInt8]
  /// Takes a schema if it is newer; answers the epoch this node then has.
  func adopt(schema: [UInt8], from: UUID) throws(DecodeError) -> UInt32
  /// Runs a statement that changes the schema, if this node orders such changes; answers the outcome in the form that
  /// the asking node's same room reads.
  func changeSchema(
    _ statement: String, keyspace: String?, from: UUID, completion: @escaping (_ outcome: [UInt8]) -> Void)
}
