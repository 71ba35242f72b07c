import Base
import Data
import Query
import Testing

@Suite struct SystemTablesTests {
  static func bed() -> TestBed {
    TestBed(

      "CREATE TABLE t (p int, c timestamp, v map<text, int>, s text static, PRIMARY KEY (p, c)) WITH "
        + "CLUSTERING ORDER BY (c DESC) AND comment = 'it''s'",
      "CREATE TABLE n (k uuid PRIMARY KEY, hits counter)")
  }

  /// The statements that stock drivers and cqlsh send when they connect, each by its rows' number and width.
  @Test(arguments: [
    ("SELECT * FROM system.peers_v2", 2, 12),
    ("SELECT * FROM system.peers", 2, 9),
    ("SELECT * FROM system.local WHERE key='local'", 1, 20),
    ("select * from system.local where key = 'local'", 1, 20),
    ("SELECT * FROM system.local", 1, 20),
    ("SELECT * FROM system_schema.keyspaces", 4, 3),
    ("SELECT * FROM system_schema.types", 0, 4),
    ("SELECT * FROM system_schema.functions", 0, 8),
    ("SELECT * FROM system_schema.aggregates", 0, 8),
    ("SELECT * FROM system_schema.triggers", 0, 4),
    ("SELECT * FROM system_schema.indexes", 0, 5),
    ("SELECT * FROM system_schema.views", 0, 28),
    ("SELECT * FROM system_schema.dropped_columns", 0, 6),
    ("SELECT * from system_virtual_schema.keyspaces", 1, 1),
    ("SELECT * from system_virtual_schema.tables", 3, 3),
    ("SELECT * FROM system_traces.events WHERE session_id = 123e4567-e89b-12d3-a456-426614174000", 0, 7),
    ("SELECT * FROM system_traces.sessions WHERE session_id = 123e4567-e89b-12d3-a456-426614174000", 0, 9),
    (

      "SELECT host_id, cluster_name, data_center, rack, partitioner, release_version, schema_version FROM "
        + "system.local WHERE key='local'",
      1, 7
    ),
    (

      "SELECT host_id, peer, peer_port, data_center, rack, native_address, native_port, release_version, "
        + "schema_version FROM system.peers_v2",
      2, 9
    ),
    ("SELECT schema_version FROM system.local WHERE key='local'", 1, 1),
    ("SELECT host_id, peer, peer_port, native_address, native_port, schema_version FROM system.peers_v2", 2, 6),
    ("select host_id, rpc_address, data_center, rack, tokens from system.peers", 2, 5),
    ("select host_id, rpc_address, data_center, rack, tokens from system.local", 1, 5),
    ("select keyspace_name, replication from system_schema.keyspaces", 4, 2),
    ("SELECT * FROM system_schema.tables WHERE keyspace_name = 'k' AND table_name = 't'", 1, 25),
    ("SELECT * FROM system_schema.columns WHERE keyspace_name = 'k' AND table_name = 't'", 4, 8),
    ("SELECT * FROM system_schema.indexes WHERE keyspace_name = 'k' AND table_name = 't'", 0, 5),
    ("SELECT * FROM system_schema.triggers WHERE keyspace_name = 'k' AND table_name = 't'", 0, 4),
    ("SELECT * FROM system_schema.views WHERE keyspace_name = 'k' AND view_name = 't'", 0, 28),
    ("SELECT * FROM system_schema.keyspaces WHERE keyspace_name = 'k'", 1, 3),
    (

      "SELECT broadcast_address, cluster_name, data_center, host_id, listen_address, partitioner, rack, "
        + "release_version, rpc_address, schema_version, tokens FROM system.local WHERE key='local'",
      1, 11
    ),
  ])
  func connectQueries(_ statement: String, _ rows: Int, _ columns: Int) throws {
    guard case .rows(let answer) = try Self.bed().result(statement).get().body else {
      Issue.record("no rows: \(statement)")
      return
    }
    #expect(answer.rowCount == rows, "\(statement)")
    #expect(answer.columns.count == columns, "\(statement): \(answer.columns.columns.map(\.name))")
  }

  @Test func aTableThatIsNotThereIsInvalid() {
    #expect(
      Self.bed().error("SELECT * FROM system_schema.scylla_tables") == "invalid: table scylla_tables does not exist")
  }

  @Test func whatDriversReadOfTheNode() {
    let bed = Self.bed()
    #expect(
      bed.rows(

        "SELECT key, cluster_name, partitioner, release_version, cql_version, rpc_address, rpc_port, "
          + "data_center, rack FROM system.local"
      )
        == [
          "local|Test Cluster|org.apache.cassandra.dht.Murmur3Partitioner|5.0.0|3.4.7|127.0.0.1|9042|datacenter1|rack1"
        ])
    let versions =
      bed.rows("SELECT schema_version FROM system.peers_v2")
      + bed.rows("SELECT schema_version FROM system.local")
    #expect(Set(versions).count == 1 && versions.count == 3 && versions[0] != "null")
    #expect(
      bed.rows("SELECT peer, peer_port, native_address, native_port FROM system.peers_v2").sorted()
        == ["127.0.0.2|7000|127.0.0.2|9042", "127.0.0.3|7000|127.0.0.3|9042"])
    let tokens = TestBed.members[0].tokens.map { "'\($0)'" }.sorted().joined(separator: ", ")
    #expect(bed.rows("SELECT tokens FROM system.local") == ["{\(tokens)}"])
  }

  @Test func whatDriversReadOfTheSchema() {
    let bed = Self.bed()
    #expect(
      bed.rows(

        "SELECT column_name, kind, position, type, clustering_order FROM system_schema.columns WHERE "
          + "keyspace_name = 'k' AND table_name = 't'"
      )
        == [
          "c|clustering|0|timestamp|desc", "p|partition_key|0|int|none", "s|static|-1|text|none",
          "v|regular|-1|map<text, int>|none",
        ])
    #expect(
      bed.rows(

        "SELECT flags, comment, compaction, default_time_to_live FROM system_schema.tables WHERE keyspace_name "
          + "= 'k' AND table_name = 't'"
      )
        == [

          "{'compound'}|it's|{'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', "
            + "'max_threshold': '32', 'min_threshold': '4'}|0"
        ])
    #expect(
      bed.rows("SELECT flags FROM system_schema.tables WHERE keyspace_name = 'k' AND table_name = 'n'")
        == ["{'compound', 'counter'}"])
    #expect(
      bed.rows("SELECT * FROM system_schema.keyspaces WHERE keyspace_name = 'k'")
        == ["k|True|{'class': 'org.apache.cassandra.locator.SimpleStrategy', 'replication_factor': '1'}"]
        || bed.rows("SELECT * FROM system_schema.keyspaces WHERE keyspace_name = 'k'")
          == ["k|true|{'class': 'org.apache.cassandra.locator.SimpleStrategy', 'replication_factor': '1'}"]
    )
  }

  @Test func systemTablesAreQueriedLikeAllOthers() {
    let bed = Self.bed()
    #expect(bed.rows("SELECT count(*) FROM system.peers") == ["2"])
    #expect(
      bed.rows("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'k' ORDER BY table_name DESC") == [
        "t", "n",
      ])
    #expect(
      bed.rows("SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'k' AND table_name > 'n'") == ["t"])
    #expect(
      bed.rows("SELECT rack FROM system.peers WHERE data_center = 'datacenter1' ALLOW FILTERING") == ["rack1", "rack1"])
    #expect(bed.rows("SELECT key FROM system.local WHERE key = 'other'") == [])
    let whole = bed.rows("SELECT keyspace_name, table_name, column_name FROM system_schema.columns")
    for size in [1, 7, 50] {
      #expect(
        bed.pages("SELECT keyspace_name, table_name, column_name FROM system_schema.columns", size: size).flatMap { $0 }
          == whole)
    }
    #expect(whole.contains("system|local|tokens"))
  }

  @Test func peersTellTheirOwnSchemaVersion() {
    let bed = Self.bed()
    let older = UUID(random: 1, 2)
    bed.engine.schemaVersion = { $0.hostID == TestBed.members[1].hostID ? older : nil }
    #expect(
      bed.rows("SELECT peer, schema_version FROM system.peers WHERE peer = '127.0.0.2'") == ["127.0.0.2|\(older)"])
  }
}

@Suite struct DescribeTests {
  @Test func lists() {
    let bed = SystemTablesTests.bed()
    #expect(bed.rows("DESCRIBE KEYSPACES").first == "k|keyspace|k")
    #expect(bed.rows("DESCRIBE KEYSPACES").count == 5)
    #expect(bed.rows("DESC TABLES") == ["k|table|n", "k|table|t"])
    #expect(bed.rows("DESCRIBE TYPES") == [])
    #expect(bed.rows("DESCRIBE CLUSTER")[0].hasPrefix("Test Cluster|Murmur3Partitioner|SimpleSnitch|{"))
    bed.keyspace = nil
    #expect(bed.rows("DESCRIBE CLUSTER") == ["Test Cluster|Murmur3Partitioner|SimpleSnitch"])
    #expect(bed.rows("DESCRIBE TABLES").contains("system|table|local"))
  }

  @Test func createStatementsLoadAgain() throws {
    let bed = SystemTablesTests.bed()
    _ = bed.rows(

      "CREATE TABLE \"Odd Name\" (\"Key\" int, \"order\" text, v frozen<list<int>>, t tuple<int, text>, "
        + "PRIMARY KEY ((\"Key\", \"order\"))) WITH compaction = {'class': 'LeveledCompactionStrategy'} AND "
        + "gc_grace_seconds = 5"
    )
    guard
      bed.error(

        "CREATE TABLE odd (\"Key\" int, \"order\" text, l frozen<list<int>>, t tuple<int, text>, PRIMARY KEY "
          + "((\"Key\", \"order\"))) WITH compaction = {'class': 'LeveledCompactionStrategy'} AND gc_grace_seconds "
          + "= 5"
      ).isEmpty
    else {
      Issue.record("the odd table was refused")
      return
    }
    let described = bed.rows("DESCRIBE KEYSPACE k").map { String($0.split(separator: "|", maxSplits: 3)[3]) }
    #expect(described.count == 4)
    let copy = TestBed(keyspace: nil)
    for statement in described { #expect(copy.error(statement) == "", "\(statement)") }
    copy.keyspace = "k"
    #expect(copy.rows("DESCRIBE SCHEMA") == bed.rows("DESCRIBE SCHEMA"))
    #expect(
      described[3] == bed.rows("DESCRIBE TABLE t").map { String($0.split(separator: "|", maxSplits: 3)[3]) }[0])
    #expect(
      described[3].hasPrefix(
        """
        CREATE TABLE k.t (
            p int,
            c timestamp,
            s text static,
            v map<text, int>,
            PRIMARY KEY (p, c)
        ) WITH CLUSTERING ORDER BY (c DESC)
            AND additional_write_policy = '99p'
        """))
    #expect(described[3].contains("AND comment = 'it''s'"))
  }

  @Test(arguments: [
    ("DESCRIBE TABLE nope", "invalid: Table 'nope' not found in keyspace 'k'"),
    ("DESCRIBE KEYSPACE nope", "invalid: 'nope' not found in keyspaces"),
    ("DESCRIBE nope", "invalid: 'nope' not found in keyspace 'k'"),
    ("DESCRIBE nope.t", "invalid: 'nope' not found in keyspaces"),
    ("DESCRIBE TYPE x", "invalid: User defined type 'x' not found in 'k'"),
  ])
  func refusals(_ statement: String, _ error: String) {
    #expect(SystemTablesTests.bed().error(statement) == error)
  }

  @Test func genericNames() {
    let bed = SystemTablesTests.bed()
    #expect(bed.rows("DESCRIBE k").count == 3)
    #expect(bed.rows("DESCRIBE t").count == 1)
    #expect(bed.rows("DESCRIBE k.t").count == 1)
    #expect(bed.rows("DESCRIBE ONLY KEYSPACE k").count == 1)
    bed.keyspace = nil
    #expect(bed.error("DESCRIBE TABLE t") == "invalid: No keyspace specified and no current keyspace")
    #expect(bed.rows("DESCRIBE FULL SCHEMA").count > 20)
  }

  @Test func pages() throws {
    let bed = SystemTablesTests.bed()
    let whole = bed.rows("DESCRIBE KEYSPACES")
    for size in [1, 2, 5, 10] { #expect(bed.pages("DESCRIBE KEYSPACES", size: size).flatMap { $0 } == whole) }
    guard case .rows(let first) = try bed.result("DESCRIBE KEYSPACES", { $0.pageSize = 2 }).get().body else { return }
    let state = try #require(first.pagingState)
    _ = bed.rows("CREATE TABLE more (k int PRIMARY KEY)")
    #expect(
      bed.error(
        "DESCRIBE KEYSPACES",
        {
          $0.pageSize = 2
          $0.pagingState = state
        }
      )
      .hasPrefix("invalid: The schema has changed since the previous page"))
    #expect(
      bed.error("DESCRIBE KEYSPACES", { $0.pagingState = [1, 2, 3] }) == "protocol: Invalid value for the paging state")
  }
}
