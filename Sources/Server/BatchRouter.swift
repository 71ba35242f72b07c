// The coordinator's way to batch logs: this node's own is called directly, the others through their links.

import Base
import Coordinator
import Replica

/// Loop-bound.
public final class BatchRouter: BatchlogTransport {
  private let localHostID: UUID
  private let batchlog: Batchlog
  private let pool: PeerPool

  public init(localHostID: UUID, batchlog: Batchlog, pool: PeerPool) {
    self.localHostID = localHostID
    self.batchlog = batchlog
    self.pool = pool
  }

  public func storeBatch(
    _ batch: OutgoingBatch, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    guard hostID == localHostID else {
      return pool.storeBatch(batch.id, body: batch.body, at: hostID, completion: completion)
    }
    var isWithinCall = true
    batchlog.store(batch.id, body: batch.body) { [pool] refusal in
      let result: Result<Void, ReplicaFailure> = refusal.map { .failure(ReplicaFailure($0)) } ?? .success(())
      if isWithinCall { pool.atTickEnd { completion(result) } } else { completion(result) }
    }
    isWithinCall = false
  }

  public func removeBatch(_ id: UUID, at hostID: UUID) {
    if hostID == localHostID { batchlog.remove(id) } else { pool.removeBatch(id, at: hostID) }
  }
}
