// The coordinator's view of the cluster, out of the node's metadata.

import Base
import Coordinator
import Metadata
import Ring

final class ClusterTopology: Topology {
  private let metadata: Metadata
  let localDatacenter: String

  init(metadata: Metadata) {
    self.metadata = metadata
    localDatacenter = metadata.snapshot.local.datacenter
  }

  var localHostID: UUID { metadata.snapshot.localHostID }

  func speculativeRetry(table: UUID) -> String? {
    // Kept as CQL writes it.
    metadata.snapshot.schema.table(id: table)?.options.others["speculative_retry"].map { text in
      text.hasPrefix("'") ? String(text.dropFirst().dropLast()) : text
    }
  }

  func replicaMap(keyspace: String) -> ReplicaMap? {
    guard let placement = metadata.snapshot.schema.keyspace(keyspace)?.replication.placement else { return nil }
    return metadata.replicaMap(placement)
  }

  func isAlive(_ hostID: UUID) -> Bool { metadata.isAlive(hostID) }

  func endpoint(of hostID: UUID) -> (address: String, port: UInt16)? {
    metadata.snapshot.member(hostID).map { ($0.address, $0.internodePort) }
  }

  func address(of hostID: UUID) -> String { metadata.snapshot.member(hostID).map { "/\($0.address)" } ?? "\(hostID)" }
}
