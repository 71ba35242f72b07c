// What a node knows of the cluster at one moment, unchangeable: members, ring, schema. Requests read one snapshot from
// begin to end; a change is a new snapshot.

import Base
import Data
import Ring

public final class ClusterSnapshot: Sendable {
  public let clusterName: String
  public let localHostID: UUID
  public let schema: Schema
  public let ring: TokenRing

  public init(clusterName: String, localHostID: UUID, schema: Schema, ring: TokenRing) {
    self.clusterName = clusterName
    self.localHostID = localHostID
    self.schema = schema
    self.ring = ring
  }

  /// By host id.
  public var members: [Member] { ring.members }

  public func member(_ hostID: UUID) -> Member? { ring.members.first { $0.hostID == hostID } }

  public var local: Member {
    guard let member = member(localHostID) else { preconditionFailure("\(localHostID) is not in its own ring") }
    return member
  }
}

extension Replication {
  /// The same rule in the ring's words; nil for keyspaces that every node computes for itself.
  public var placement: Placement? {
    switch strategy {
    case .simple: .simple(factors["replication_factor"] ?? 1)
    case .networkTopology: .networkTopology(factors)
    case .local: nil
    }
  }
}
