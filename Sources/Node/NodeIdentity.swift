// The record by which a node knows itself again after a restart: read at the start, written (and synced) before what is
// in it is announced.

import Base
import Data
import Metadata
import Ring
import Storage
import World

public enum NodeStartFailure: Error, CustomStringConvertible {
  /// The data directory belongs to another cluster or is damaged.
  case record(String)
  case storage(StorageFailure)
  case wire(WireFailure)
  case configuration(String)

  public var description: String {
    switch self {
    case .record(let text), .configuration(let text): text
    case .storage(let failure): failure.description
    case .wire(let failure): failure.description
    }
  }
}

/// Loop-bound.
final class NodeIdentity {
  private static let key = Array("node".utf8)

  private let store: Store
  private(set) var record: NodeRecord

  /// Reads the record, or makes one with a new host id; either way a new generation is written.
  init(store: Store, configuration: Configuration, world: World) throws(NodeStartFailure) {
    self.store = store
    do throws(StorageFailure) {
      if let bytes = try store.getLocal(Self.key) {
        record = try Self.decoded(bytes)
      } else {
        let hostID = world.entropy.uuid()
        record = NodeRecord(
          clusterName: configuration.clusterName, hostID: hostID,
          tokens: Member.tokens(for: hostID, count: configuration.tokenCount), generation: 0, schema: .empty,
          members: [])
      }
    } catch { throw .storage(error) }
    guard record.clusterName == configuration.clusterName else {
      throw .record(
        "the data directory belongs to cluster \"\(record.clusterName)\", not \"\(configuration.clusterName)\"")
    }
    record.generation = max(record.generation + 1, world.clock.wallSeconds)
    do throws(StorageFailure) { try write() } catch { throw .storage(error) }
  }

  private static func decoded(_ bytes: [UInt8]) throws(StorageFailure) -> NodeRecord {
    do throws(DecodeError) {
      return try NodeRecord(decoding: bytes)
    } catch {
      throw .corrupt("the node's own record: \(error)")
    }
  }

  /// The local node as others know it.
  func member(_ configuration: Configuration) -> Member {
    Member(
      hostID: record.hostID, address: configuration.listen.internode.host, cqlPort: configuration.listen.cql.port,
      httpPort: configuration.listen.http.port, internodePort: configuration.listen.internode.port,
      datacenter: configuration.datacenter, rack: configuration.rack, tokens: record.tokens)
  }

  func persist(schema: Schema) throws(StorageFailure) {
    let old = record.schema
    record.schema = schema
    do throws(StorageFailure) {
      try write()
    } catch {
      record.schema = old
      throw error
    }
  }

  func persist(members: [Member]) throws(StorageFailure) {
    record.members = members
    try write()
  }

  private func write() throws(StorageFailure) { try store.persistLocal(Self.key, record.encoded) }
}
