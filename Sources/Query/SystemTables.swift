// The rows of the system tables, out of one snapshot of the cluster. They are partitions like any other, so that a
// SELECT on them knows no difference.

import Base
import CQL
import Data
import Metadata
import Ring

/// What the rows are computed from.
struct SystemView {
  var snapshot: ClusterSnapshot
  /// The schema that a member is known to have.
  var schemaVersion: (Member) -> UUID
  /// When the node started, in seconds since 1970.
  var generation: Int32
}

/// One row by column names; what is left out is null.
struct SystemRow {
  enum Value {
    case bytes([UInt8])
    /// A set of text that is not frozen.
    case texts([String])
  }
  var values: [String: Value] = [:]

  mutating func text(_ name: String, _ value: String) { values[name] = .bytes(Array(value.utf8)) }
  mutating func int(_ name: String, _ value: Int32) { values[name] = .bytes(Values.int(value)) }
  mutating func uuid(_ name: String, _ value: UUID) { values[name] = .bytes(value.bytes) }
  mutating func boolean(_ name: String, _ value: Bool) { values[name] = .bytes(Values.boolean(value)) }
  mutating func double(_ name: String, _ value: Double) { values[name] = .bytes(Values.double(value)) }
  mutating func address(_ name: String, _ value: String) {
    values[name] = InternetAddress.bytes(value).map(Value.bytes)
  }
  mutating func texts(_ name: String, _ value: [String]) { values[name] = .texts(value) }
  mutating func map(_ name: String, _ value: [String: String]) {
    let parts = value.sorted { $0.key < $1.key }.flatMap { [Array($0.key.utf8), Array($0.value.utf8)] }
    values[name] = .bytes(Values.map(alternating: parts))
  }
}

extension SystemView {
  /// All rows of a system table.
  func rows(of table: Table) -> [SystemRow] {
    switch (table.keyspace, table.name) {
    case ("system", "local"): [localRow]
    case ("system", "peers"): peers.map(peerRow)
    case ("system", "peers_v2"): peers.map(peerV2Row)
    case ("system_schema", "keyspaces"): keyspaces(isVirtual: false).map(Self.keyspaceRow)
    case ("system_schema", "tables"): tables(isVirtual: false).map(Self.tableRow)
    case ("system_schema", "columns"): tables(isVirtual: false).flatMap(Self.columnRows)
    case ("system_virtual_schema", "keyspaces"): keyspaces(isVirtual: true).map(Self.virtualKeyspaceRow)
    case ("system_virtual_schema", "tables"): tables(isVirtual: true).map(Self.virtualTableRow)
    case ("system_virtual_schema", "columns"): tables(isVirtual: true).flatMap(Self.columnRows)
    default: []
    }
  }

  // MARK: - Nodes

  private var peers: [Member] { snapshot.members.filter { $0.hostID != snapshot.localHostID } }

  private var localRow: SystemRow {
    let local = snapshot.local
    var row = SystemRow()
    row.text("key", "local")
    row.text("bootstrapped", "COMPLETED")
    row.text("cluster_name", snapshot.clusterName)
    row.text("cql_version", ServerIdentity.cqlVersion)
    row.text("native_protocol_version", ServerIdentity.nativeProtocolVersion)
    row.text("partitioner", ServerIdentity.partitioner)
    row.int("gossip_generation", generation)
    for name in ["broadcast_address", "listen_address", "rpc_address"] { row.address(name, local.address) }
    row.int("broadcast_port", Int32(local.internodePort))
    row.int("listen_port", Int32(local.internodePort))
    row.int("rpc_port", Int32(local.cqlPort))
    describe(local, in: &row, version: snapshot.schema.version)
    return row
  }

  private func describe(_ member: Member, in row: inout SystemRow, version: UUID) {
    row.text("data_center", member.datacenter)
    row.text("rack", member.rack)
    row.uuid("host_id", member.hostID)
    row.text("release_version", ServerIdentity.releaseVersion)
    row.uuid("schema_version", version)
    row.texts("tokens", member.tokens.map(String.init))
  }

  private func peerRow(_ member: Member) -> SystemRow {
    var row = SystemRow()
    row.address("peer", member.address)
    row.address("rpc_address", member.address)
    describe(member, in: &row, version: schemaVersion(member))
    return row
  }

  private func peerV2Row(_ member: Member) -> SystemRow {
    var row = SystemRow()
    row.address("peer", member.address)
    row.int("peer_port", Int32(member.internodePort))
    row.address("native_address", member.address)
    row.int("native_port", Int32(member.cqlPort))
    describe(member, in: &row, version: schemaVersion(member))
    return row
  }

  // MARK: - Schema

  private func keyspaces(isVirtual: Bool) -> [Keyspace] {
    AllKeyspaces(schema: snapshot.schema).all.filter { SystemSchema.virtualNames.contains($0.name) == isVirtual }
  }

  private func tables(isVirtual: Bool) -> [Table] {
    keyspaces(isVirtual: isVirtual).flatMap { $0.tables.values.sorted { $0.name < $1.name } }
  }

  private static func keyspaceRow(_ keyspace: Keyspace) -> SystemRow {
    var row = SystemRow()
    row.text("keyspace_name", keyspace.name)
    row.boolean("durable_writes", keyspace.durableWrites)
    var replication = keyspace.replication.factors.mapValues { String($0) }
    replication["class"] = keyspace.replication.className
    row.map("replication", replication)
    return row
  }

  private static func tableRow(_ table: Table) -> SystemRow {
    var row = SystemRow()
    row.text("keyspace_name", table.keyspace)
    row.text("table_name", table.name)
    row.uuid("id", table.id)
    let flags = table.isCounter ? ["compound", "counter"] : ["compound"]
    row.values["flags"] = .bytes(Values.collection(flags.map { Array($0.utf8) }))
    row.double("dclocal_read_repair_chance", 0)
    row.double("read_repair_chance", 0)
    for option in TableOptionCatalog.options {
      let text = TableOptionCatalog.text(option, of: table.options)
      switch option.kind {
      case .text: row.text(option.name, TableOptionCatalog.strings(text).first ?? "")
      case .boolean: row.boolean(option.name, text == "true")
      case .int: row.int(option.name, Int32(text) ?? 0)
      case .double: row.double(option.name, Double(text) ?? 0)
      case .map: row.map(option.name, TableOptionCatalog.map(text))
      }
    }
    return row
  }

  private static func columnRows(_ table: Table) -> [SystemRow] {
    table.columns.map { column in
      var row = SystemRow()
      row.text("keyspace_name", table.keyspace)
      row.text("table_name", table.name)
      row.text("column_name", column.name)
      row.values["column_name_bytes"] = .bytes(Array(column.name.utf8))
      row.text("type", column.type.schemaText)
      let isKey = column.kind == .partitionKey || column.kind == .clustering
      row.int("position", isKey ? Int32(column.position) : -1)
      switch column.kind {
      case .partitionKey: row.text("kind", "partition_key")
      case .clustering: row.text("kind", "clustering")
      case .static: row.text("kind", "static")
      case .regular: row.text("kind", "regular")
      }
      row.text(
        "clustering_order", column.kind == .clustering ? (column.isDescending ? "desc" : "asc") : "none")
      return row
    }
  }

  private static func virtualKeyspaceRow(_ keyspace: Keyspace) -> SystemRow {
    var row = SystemRow()
    row.text("keyspace_name", keyspace.name)
    return row
  }

  private static func virtualTableRow(_ table: Table) -> SystemRow {
    var row = SystemRow()
    row.text("keyspace_name", table.keyspace)
    row.text("table_name", table.name)
    row.text("comment", table.options.comment)
    return row
  }
}
