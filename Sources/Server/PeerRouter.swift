// The coordinator's way to replicas: this node's own is called directly, the others through their links.

import Base
import Coordinator
import Data
import Replica
import World

/// Loop-bound.
public final class PeerRouter: ReplicaTransport {
  private let localHostID: UUID
  private let replica: LocalReplica
  private let pool: PeerPool
  private let hint: (OutgoingMutation, UUID, ((Bool) -> Void)?) -> Bool
  /// True while the local replica is being asked: what it answers then is answered at the tick's end.
  private var isWithinCall = false

  /// - Parameter hint: keeps a mutation for a replica that missed it; says whether it did, and later, where it is
  ///   asked, whether that is stored.
  public init(
    localHostID: UUID, replica: LocalReplica, pool: PeerPool,
    hint: @escaping (OutgoingMutation, UUID, ((Bool) -> Void)?) -> Bool
  ) {
    self.localHostID = localHostID
    self.replica = replica
    self.pool = pool
    self.hint = hint
  }

  public func apply(
    _ mutation: OutgoingMutation, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    guard hostID == localHostID else {
      pool.apply(encoded: mutation.encoded, at: hostID, completion: completion)
      return
    }
    isWithinCall = true
    replica.apply(mutation.mutation) { [self] refusal in
      let result: Result<Void, ReplicaFailure> = refusal.map { .failure(ReplicaFailure($0)) } ?? .success(())
      if isWithinCall { pool.atTickEnd { completion(result) } } else { completion(result) }
    }
    isWithinCall = false
  }

  public func read(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<ReadResponse, ReplicaFailure>) -> Void
  ) {
    guard hostID == localHostID else {
      pool.read(command, at: hostID, completion: completion)
      return
    }
    let result = readHere(command)
    pool.atTickEnd { completion(result) }
  }

  public func readDigest(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<UInt64, ReplicaFailure>) -> Void
  ) {
    guard hostID == localHostID else {
      pool.readDigest(command, at: hostID, completion: completion)
      return
    }
    let result = readHere(command).map(\.digest)
    pool.atTickEnd { completion(result) }
  }

  private func readHere(_ command: ReadCommand) -> Result<ReadResponse, ReplicaFailure> {
    do throws(ReplicaRefusal) {
      return .success(try replica.read(command))
    } catch {
      return .failure(ReplicaFailure(error))
    }
  }

  public func forward(
    _ mutation: OutgoingMutation, through hostIDs: [UUID],
    completion: @escaping (UUID, Result<Void, ReplicaFailure>) -> Void
  ) {
    pool.forward(encoded: mutation.encoded, through: hostIDs, completion: completion)
  }

  public func keepHint(_ mutation: OutgoingMutation, for hostID: UUID, stored: ((Bool) -> Void)?) -> Bool {
    hint(mutation, hostID, stored)
  }
}

extension ReplicaFailure {
  init(_ refusal: ReplicaRefusal) {
    switch refusal {
    case .overloaded: self = .overloaded
    case .unknownTable(let table): self = .failed("table \(table) is not known to this replica")
    case .failed(let text): self = .failed(text)
    }
  }
}
