// The keyspaces that every node computes for itself, with the columns of Cassandra 5.0 (SystemKeyspace.java,
// SchemaKeyspace.java, virtual/VirtualSchemaKeyspace.java): drivers and cqlsh read the cluster and
// its schema from them. They are written down as the CQL that would make them, and made by the same code as all others.

import Base
import CQL
import Crypto
import Data

/// What a node says it is.
public enum ServerIdentity {
  /// cqlsh 6.2.2 is built for exactly this one.
  public static let releaseVersion = "5.0.0"
  public static let cqlVersion = "3.4.7"
  public static let nativeProtocolVersion = "4"
  public static let partitioner = "org.apache.cassandra.dht.Murmur3Partitioner"
  public static let snitch = "SimpleSnitch"
}

public enum SystemSchema {
  /// Local and virtual keyspaces together; none of them can be changed.
  public static let names: Set<String> = Set(keyspaces.keys)
  public static let virtualNames: Set<String> = ["system_virtual_schema"]

  /// Not made by a user: computed, or stored as traces are.
  public static func isSystem(_ keyspace: String) -> Bool {
    names.contains(keyspace) || keyspace == Schema.traces.name
  }

  public static let keyspaces: [String: Keyspace] = {
    var all: [String: Keyspace] = [:]
    for (name, definitions) in definitions {
      var tables: [String: Table] = [:]
      for definition in definitions {
        let table = made(definition, keyspace: name)
        tables[table.name] = table
      }
      all[name] = Keyspace(name: name, replication: Replication(strategy: .local, factors: [:]), tables: tables)
    }
    return all
  }()

  private static func made(_ definition: String, keyspace: String) -> Table {
    do throws(QueryFailure) {
      guard case .createTable(let statement) = try SchemaChange.parsed(definition).statement else {
        preconditionFailure("not CREATE TABLE: \(definition)")
      }
      let options = try TableOptionCatalog.options(statement.properties, changing: TableOptions())
      let columns = try SchemaChange.columns(of: statement, keyspace, options)
      let digest = SHA256.digest(Array("\(keyspace).\(statement.table.name)".utf8))
      guard let id = UUID(bytes: Array(digest[..<16])) else { preconditionFailure("a digest of \(digest.count) bytes") }
      return Table(
        id: UUID(random: id.high, id.low), incarnation: 0, keyspace: keyspace, name: statement.table.name,
        columns: columns, options: options, nextColumnID: UInt16(columns.count))
    } catch {
      preconditionFailure("\(error.message) in \(definition)")
    }
  }

  private static let definitions: [String: [String]] = [
    "system": local, "system_schema": schema, "system_virtual_schema": virtualSchema,
  ]

  private static let local = [
    """
    CREATE TABLE local (key text PRIMARY KEY, bootstrapped text, broadcast_address inet, broadcast_port int,
      cluster_name text, cql_version text, data_center text, gossip_generation int, host_id uuid, listen_address inet,
      listen_port int, native_protocol_version text, partitioner text, rack text, release_version text,
      rpc_address inet, rpc_port int, schema_version uuid, tokens set<text>, truncated_at map<uuid, blob>)
      WITH comment = 'information about the local node'
    """,
    """
    CREATE TABLE peers (peer inet PRIMARY KEY, data_center text, host_id uuid, preferred_ip inet, rack text,
      release_version text, rpc_address inet, schema_version uuid, tokens set<text>)
      WITH comment = 'information about known peers in the cluster'
    """,
    """
    CREATE TABLE peers_v2 (peer inet, peer_port int, data_center text, host_id uuid, native_address inet,
      native_port int, preferred_ip inet, preferred_port int, rack text, release_version text, schema_version uuid,
      tokens set<text>, PRIMARY KEY (peer, peer_port))
      WITH comment = 'information about known peers in the cluster'
    """,
    """
    CREATE TABLE size_estimates (keyspace_name text, table_name text, range_start text, range_end text,
      mean_partition_size bigint, partitions_count bigint,
      PRIMARY KEY (keyspace_name, table_name, range_start, range_end))
      WITH comment = 'per-table primary range size estimates'
    """,
  ]

  private static let tableParameters = """
    additional_write_policy text, allow_auto_snapshot boolean, bloom_filter_fp_chance double,
    caching frozen<map<text, text>>, cdc boolean, comment text, compaction frozen<map<text, text>>,
    compression frozen<map<text, text>>, crc_check_chance double, dclocal_read_repair_chance double,
    default_time_to_live int, extensions frozen<map<text, blob>>, gc_grace_seconds int, id uuid,
    incremental_backups boolean, max_index_interval int, memtable text, memtable_flush_period_in_ms int,
    min_index_interval int, read_repair text, read_repair_chance double, speculative_retry text
    """

  private static let schema = [
    """
    CREATE TABLE keyspaces (keyspace_name text PRIMARY KEY, durable_writes boolean,
      replication frozen<map<text, text>>) WITH comment = 'keyspace definitions'
    """,
    """
    CREATE TABLE tables (keyspace_name text, table_name text, flags frozen<set<text>>, \(tableParameters),
      PRIMARY KEY (keyspace_name, table_name)) WITH comment = 'table definitions'
    """,
    """
    CREATE TABLE columns (keyspace_name text, table_name text, column_name text, clustering_order text,
      column_name_bytes blob, kind text, position int, type text,
      PRIMARY KEY (keyspace_name, table_name, column_name)) WITH comment = 'column definitions'
    """,
    """
    CREATE TABLE column_masks (keyspace_name text, table_name text, column_name text,
      function_argument_nulls frozen<list<boolean>>, function_argument_types frozen<list<text>>,
      function_argument_values frozen<list<text>>, function_keyspace text, function_name text,
      PRIMARY KEY (keyspace_name, table_name, column_name)) WITH comment = 'dynamic data masks'
    """,
    """
    CREATE TABLE dropped_columns (keyspace_name text, table_name text, column_name text, dropped_time timestamp,
      kind text, type text, PRIMARY KEY (keyspace_name, table_name, column_name))
      WITH comment = 'dropped column registry'
    """,
    """
    CREATE TABLE triggers (keyspace_name text, table_name text, trigger_name text,
      options frozen<map<text, text>>, PRIMARY KEY (keyspace_name, table_name, trigger_name))
      WITH comment = 'trigger definitions'
    """,
    """
    CREATE TABLE views (keyspace_name text, view_name text, base_table_id uuid, base_table_name text,
      include_all_columns boolean, where_clause text, \(tableParameters), PRIMARY KEY (keyspace_name, view_name))
      WITH comment = 'view definitions'
    """,
    """
    CREATE TABLE indexes (keyspace_name text, table_name text, index_name text, kind text,
      options frozen<map<text, text>>, PRIMARY KEY (keyspace_name, table_name, index_name))
      WITH comment = 'secondary index definitions'
    """,
    """
    CREATE TABLE types (keyspace_name text, type_name text, field_names frozen<list<text>>,
      field_types frozen<list<text>>, PRIMARY KEY (keyspace_name, type_name))
      WITH comment = 'user defined type definitions'
    """,
    """
    CREATE TABLE functions (keyspace_name text, function_name text, argument_types frozen<list<text>>,
      argument_names frozen<list<text>>, body text, called_on_null_input boolean, language text, return_type text,
      PRIMARY KEY (keyspace_name, function_name, argument_types)) WITH comment = 'user defined function definitions'
    """,
    """
    CREATE TABLE aggregates (keyspace_name text, aggregate_name text, argument_types frozen<list<text>>,
      final_func text, initcond text, return_type text, state_func text, state_type text,
      PRIMARY KEY (keyspace_name, aggregate_name, argument_types))
      WITH comment = 'user defined aggregate definitions'
    """,
  ]

  private static let virtualSchema = [
    "CREATE TABLE keyspaces (keyspace_name text PRIMARY KEY) WITH comment = 'virtual keyspace definitions'",
    """
    CREATE TABLE tables (keyspace_name text, table_name text, comment text,
      PRIMARY KEY (keyspace_name, table_name)) WITH comment = 'virtual table definitions'
    """,
    """
    CREATE TABLE columns (keyspace_name text, table_name text, column_name text, clustering_order text,
      column_name_bytes blob, kind text, position int, type text,
      PRIMARY KEY (keyspace_name, table_name, column_name)) WITH comment = 'virtual column definitions'
    """,
  ]
}

/// Users' keyspaces, the built-in and the computed ones: where statements look names up.
struct AllKeyspaces: TableSource {
  var schema: Schema

  func keyspace(_ name: String) -> Keyspace? { schema.keyspace(name) ?? SystemSchema.keyspaces[name] }
  func hasKeyspace(_ name: String) -> Bool { keyspace(name) != nil }
  func table(_ keyspace: String, _ name: String) -> Table? { self.keyspace(keyspace)?.tables[name] }

  /// Sorted by name.
  var all: [Keyspace] {
    var all = Array(schema.keyspaces.values) + Array(SystemSchema.keyspaces.values)
    if schema.keyspaces[Schema.traces.name] == nil { all.append(Schema.traces) }
    return all.sorted { $0.name < $1.name }
  }
}
