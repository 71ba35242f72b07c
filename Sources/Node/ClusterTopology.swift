// The coordinator's view of the cluster, out of the node's metadata.

import Base
import Coordinator
import Metadata
import Ring

final class ClusterTopology: Topology {
  private let metadata: Metadata

  init(metadata: Metadata) { self.metadata = metadata }

  var localHostID: UUID { metadata.snapshot.localHostID }

  func replicaMap(keyspace: String) -> ReplicaMap? {
    guard let placement = metadata.snapshot.schema.keyspace(keyspace)?.replication.placement else { return nil }
    return metadata.replicaMap(placement)
  }

  func isAlive(_ hostID: UUID) -> Bool { metadata.isAlive(hostID) }

  func address(of hostID: UUID) -> String { metadata.snapshot.member(hostID).map { "/\($0.address)" } ?? "\(hostID)" }
}
