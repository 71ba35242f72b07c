// What a node tells an operator of its cluster: who is in it, who answers, who holds which tokens. The admin endpoint
// sends it as JSON under `/ring`; `marquee status` and `marquee ring` read it back and lay it out as nodetool does.

import Base
import Metadata
import Ring

public struct RingReport: Equatable, Sendable {
  /// The path of the admin endpoint.
  public static let path = "/ring"

  public struct Line: Equatable, Sendable {
    public var address: String
    public var hostID: String
    public var datacenter: String
    public var rack: String
    public var isUp: Bool
    /// Bytes of the node's store; nil where the node that was asked does not know.
    public var loadBytes: Int64?
    public var tokens: [Token]

    public init(
      address: String, hostID: String, datacenter: String, rack: String, isUp: Bool, loadBytes: Int64?, tokens: [Token]
    ) {
      self.address = address
      self.hostID = hostID
      self.datacenter = datacenter
      self.rack = rack
      self.isUp = isUp
      self.loadBytes = loadBytes
      self.tokens = tokens
    }
  }

  public var clusterName: String
  public var schemaEpoch: Int64
  /// By datacenter, then address.
  public var lines: [Line]

  public init(clusterName: String, schemaEpoch: Int64, lines: [Line]) {
    self.clusterName = clusterName
    self.schemaEpoch = schemaEpoch
    self.lines = lines
  }

  /// The cluster as `metadata` has it now.
  /// - Parameter loadBytes: a member's stored bytes, where known.
  public init(_ metadata: Metadata, loadBytes: (UUID) -> Int64?) {
    let snapshot = metadata.snapshot
    clusterName = snapshot.clusterName
    schemaEpoch = Int64(snapshot.schema.epoch)
    lines = snapshot.members.map { member in
      Line(
        address: member.address, hostID: "\(member.hostID)", datacenter: member.datacenter, rack: member.rack,
        isUp: metadata.isAlive(member.hostID), loadBytes: loadBytes(member.hostID), tokens: member.tokens.sorted())
    }
    lines.sort { ($0.datacenter, $0.address) < ($1.datacenter, $1.address) }
  }

  /// Addresses of the nodes that answer.
  public var addressesUp: Set<String> { Set(lines.filter(\.isUp).map(\.address)) }

  public var json: JSON {
    .object([
      "cluster": .string(clusterName), "schema_epoch": .integer(schemaEpoch),
      "nodes": .array(
        lines.map { line in
          .object([
            "address": .string(line.address), "host_id": .string(line.hostID), "datacenter": .string(line.datacenter),
            "rack": .string(line.rack), "status": .string(line.isUp ? "up" : "down"), "state": "normal",
            "load_bytes": line.loadBytes.map(JSON.integer) ?? .null, "tokens": .array(line.tokens.map(JSON.integer)),
          ])
        }),
    ])
  }

  /// Nil for JSON of another shape.
  public init?(_ json: JSON) {
    guard let clusterName = json["cluster"]?.string, let epoch = json["schema_epoch"]?.integer,
      let nodes = json["nodes"]?.array
    else { return nil }
    self.init(clusterName: clusterName, schemaEpoch: epoch, lines: [])
    for node in nodes {
      guard let address = node["address"]?.string, let hostID = node["host_id"]?.string,
        let datacenter = node["datacenter"]?.string, let rack = node["rack"]?.string,
        let status = node["status"]?.string, let tokens = node["tokens"]?.array
      else { return nil }
      lines.append(
        Line(
          address: address, hostID: hostID, datacenter: datacenter, rack: rack, isUp: status == "up",
          loadBytes: node["load_bytes"]?.integer, tokens: tokens.compactMap(\.integer)))
    }
  }
}
