// What is asked of the coordinator for a logged batch, and through what it reaches the batch's holders.

import Base
import Data
import Ring

/// Mutations of several partitions that all happen or none.
public struct LoggedBatchRequest {
  /// Unique in the cluster.
  public var id: UUID
  /// The mutations, by keyspace: replication belongs to a keyspace.
  public var parts: [(keyspace: String, mutations: [Mutation])]
  public var consistency: Consistency
  public var trace: RequestTrace?

  public init(
    id: UUID, parts: [(keyspace: String, mutations: [Mutation])], consistency: Consistency, trace: RequestTrace? = nil
  ) {
    self.id = id
    self.parts = parts
    self.consistency = consistency
    self.trace = trace
  }
}

/// A batch on its way to its holders: encoded once.
public final class OutgoingBatch {
  public let id: UUID
  /// Its mutations as `LoggedBatch.encodeMutations` writes them.
  public let body: [UInt8]

  public init(_ request: LoggedBatchRequest) {
    id = request.id
    var writer = ByteWriter()
    LoggedBatch(id: request.id, mutations: request.parts.flatMap(\.mutations)).encodeMutations(to: &writer)
    body = writer.take()
  }
}

/// The way to batch logs, this node's own included. Completions run on the loop, once each, never within the call.
public protocol BatchlogTransport: AnyObject {
  func storeBatch(
    _ batch: OutgoingBatch, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void)
  /// Tells a holder that the batch is done; where it is not heard, the holder does it again, which changes nothing.
  func removeBatch(_ id: UUID, at hostID: UUID)
}
