import Base
import Data
import Query
import Testing

@Suite struct SchemaChangeTests {
  @Test func eventsAndEpochs() {
    let bed = TestBed()
    #expect(bed.metadata.snapshot.schema.epoch == 1)
    #expect(bed.rows("CREATE TABLE t (a int PRIMARY KEY)") == ["CREATED TABLE k t"])
    #expect(bed.rows("CREATE TABLE IF NOT EXISTS t (a int PRIMARY KEY)") == ["void"])
    #expect(bed.metadata.snapshot.schema.epoch == 2)
    #expect(bed.rows("ALTER TABLE t ADD b text") == ["UPDATED TABLE k t"])
    #expect(bed.rows("ALTER KEYSPACE k WITH durable_writes = false") == ["UPDATED KEYSPACE k "])
    #expect(bed.rows("DROP TABLE t") == ["DROPPED TABLE k t"])
    #expect(bed.rows("DROP KEYSPACE IF EXISTS other") == ["void"])
    #expect(bed.rows("DROP KEYSPACE k") == ["DROPPED KEYSPACE k "])
    #expect(bed.metadata.snapshot.schema.epoch == 6)
    #expect(bed.metadata.snapshot.schema.keyspaces.isEmpty)
  }

  @Test(arguments: [
    (
      "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "exists: Cannot add existing keyspace \"k\""
    ),
    (
      "CREATE KEYSPACE a WITH replication = {'class': 'Nope'}",
      "configuration: Unable to find replication strategy class 'org.apache.cassandra.locator.Nope'"
    ),
    (
      "CREATE KEYSPACE a WITH replication = {'replication_factor': 1}",
      "configuration: Missing replication strategy class"
    ),
    (
      "CREATE KEYSPACE a WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 'x'}",
      "configuration: For input string: \"x\""
    ),
    (
      "CREATE KEYSPACE a WITH replication = {'class': 'NetworkTopologyStrategy', 'dc9': 1}",
      "configuration: Unrecognized strategy option {dc9} passed to NetworkTopologyStrategy for keyspace a"
    ),
    ("CREATE KEYSPACE a WITH durable_writes = true", "invalid: Missing mandatory option 'replication'"),
    (
      "CREATE KEYSPACE a WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1} AND x = 1",
      "syntax: Unknown property 'x'"
    ),
    ("ALTER KEYSPACE nope WITH durable_writes = true", "invalid: Keyspace 'nope' doesn't exist"),
    ("DROP KEYSPACE nope", "invalid: Keyspace 'nope' doesn't exist"),
    ("DROP KEYSPACE system", "unauthorized: system keyspace is not user-modifiable."),
    (
      "CREATE TABLE system_virtual_schema.x (a int PRIMARY KEY)",
      "invalid: Virtual keyspace 'system_virtual_schema' is not user-modifiable"
    ),
    ("CREATE TABLE nope.x (a int PRIMARY KEY)", "invalid: Keyspace 'nope' doesn't exist"),
    ("CREATE TABLE t (a int PRIMARY KEY)", "exists: Cannot add already existing table \"t\" to keyspace \"k\""),
    ("CREATE TABLE x (a int)", "invalid: No PRIMARY KEY specifed for table 'x' (exactly one required)"),
    ("CREATE TABLE x (a int, a text, PRIMARY KEY (a))", "invalid: Duplicate column 'a' declaration for table 'x'"),
    ("CREATE TABLE x (a int, PRIMARY KEY (b))", "invalid: Unknown column 'b' referenced in PRIMARY KEY for table 'x'"),
    ("CREATE TABLE x (a int, PRIMARY KEY (a, a))", "invalid: Duplicate column 'a' in PRIMARY KEY clause for table 'x'"),
    (
      "CREATE TABLE x (a list<int> PRIMARY KEY)",
      "invalid: Invalid non-frozen collection type list<int> for PRIMARY KEY column 'a'"
    ),
    ("CREATE TABLE x (a counter PRIMARY KEY)", "invalid: counter type is not supported for PRIMARY KEY column 'a'"),
    (
      "CREATE TABLE x (a int PRIMARY KEY, b int static)",
      "invalid: Static columns are only useful (and thus allowed) if the table has at least one clustering column"
    ),
    (
      "CREATE TABLE x (a int PRIMARY KEY, b int, c counter)",
      "invalid: Cannot mix counter and non counter columns in the same table"
    ),
    (
      "CREATE TABLE x (a int PRIMARY KEY, b map<text, list<int>>)",
      "invalid: Non-frozen collections are not allowed inside collections: map<text, list<int>>"
    ),
    (
      "CREATE TABLE x (a int, b int, c int, PRIMARY KEY (a, b)) WITH CLUSTERING ORDER BY (c DESC)",
      "invalid: Only clustering key columns can be defined in CLUSTERING ORDER directive: [c]"
        + " are not clustering columns"
    ),
    ("CREATE TABLE x (a int PRIMARY KEY) WITH nope = 1", "syntax: Unknown property 'nope'"),
    (
      "CREATE TABLE x (a int PRIMARY KEY) WITH gc_grace_seconds = -1",
      "configuration: gc_grace_seconds must be greater than or equal to 0 (got -1)"
    ),
    ("DROP TABLE nope", "invalid: Table 'k.nope' doesn't exist"),
    ("ALTER TABLE nope ADD x int", "invalid: Table 'k.nope' doesn't exist"),
    ("ALTER TABLE t ADD v int", "invalid: Column with name 'v' already exists"),
    ("ALTER TABLE t DROP nope", "invalid: Column nope was not found in table 'k.t'"),
    ("ALTER TABLE t DROP p", "invalid: Cannot drop PRIMARY KEY column p"),
    ("ALTER TABLE t RENAME v TO w", "invalid: Cannot rename non PRIMARY KEY column v"),
    ("ALTER TABLE t ALTER v TYPE blob", "invalid: Altering column types is no longer supported"),
    ("TRUNCATE nope", "invalid: table nope does not exist"),
    ("USE nope", "invalid: Keyspace 'nope' does not exist"),
  ])
  func refusals(_ statement: String, _ error: String) {
    let bed = TestBed("CREATE TABLE t (p int, c int, v text, PRIMARY KEY (p, c))")
    #expect(bed.error(statement) == error, "\(statement)")
    #expect(bed.metadata.snapshot.schema.epoch == 2, "a refused statement changed the schema")
  }

  @Test func aNameWithoutAKeyspace() {
    let bed = TestBed(keyspace: nil)
    #expect(
      bed.error("CREATE TABLE t (a int PRIMARY KEY)")
        == "invalid: No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename")
  }

  @Test func droppedColumnsDoNotComeBack() {
    let bed = TestBed("CREATE TABLE t (k int PRIMARY KEY, v text)")
    _ = bed.rows("INSERT INTO t (k, v) VALUES (1, 'old')")
    _ = bed.rows("ALTER TABLE t DROP v")
    #expect(bed.rows("SELECT * FROM t") == ["1"])
    _ = bed.rows("ALTER TABLE t ADD v text")
    #expect(bed.rows("SELECT * FROM t") == ["1|null"])
  }

  @Test func renamedKeyColumns() {
    let bed = TestBed("CREATE TABLE t (k int PRIMARY KEY, v text)")
    _ = bed.rows("INSERT INTO t (k, v) VALUES (1, 'x')")
    #expect(bed.rows("ALTER TABLE t RENAME k TO id") == ["UPDATED TABLE k t"])
    #expect(bed.rows("SELECT id, v FROM t WHERE id = 1") == ["1|x"])
  }

  @Test func truncatingIsANewIncarnation() throws {
    let bed = TestBed("CREATE TABLE t (k int PRIMARY KEY)")
    _ = bed.rows("INSERT INTO t (k) VALUES (1)")
    let before = try #require(bed.metadata.snapshot.schema.table("k", "t"))
    #expect(bed.rows("TRUNCATE t") == ["void"])
    let after = try #require(bed.metadata.snapshot.schema.table("k", "t"))
    #expect(after.id == before.id)
    #expect(after.incarnation == bed.metadata.snapshot.schema.epoch)
    #expect(bed.rows("SELECT * FROM t") == [])
  }

  @Test func everyDatacenterGetsTheCommonFactor() {
    let bed = TestBed()
    _ = bed.rows("CREATE KEYSPACE n WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 3}")
    #expect(bed.metadata.snapshot.schema.keyspaces["n"]?.replication.factors == ["datacenter1": 3])
  }

  @Test func tooFewNodesForTheFactorIsAWarning() throws {
    let bed = TestBed()
    let result = try bed.result(
      "CREATE KEYSPACE n WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 5}"
    ).get()
    #expect(
      result.warnings == ["Your replication factor 5 for keyspace n is higher than the number of nodes 3"])
  }

  /// What Cassandra 5.0.6 does, asked with one node of one datacenter, here with three.
  @Test func replicationHasDefaultsAndWarnings() throws {
    let bed = TestBed(keyspace: nil)
    func warnings(_ statement: String) throws -> [String] { try bed.result(statement).get().warnings }
    func replication(_ keyspace: String) -> String {
      bed.rows("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = '\(keyspace)'")[0]
    }
    let prefix = "{'class': 'org.apache.cassandra.locator."
    #expect(try warnings("CREATE KEYSPACE q2 WITH replication = {'class': 'SimpleStrategy'}") == [])
    #expect(replication("q2") == prefix + "SimpleStrategy', 'replication_factor': '1'}")
    #expect(try warnings("CREATE KEYSPACE q3 WITH replication = {'class': 'NetworkTopologyStrategy'}") == [])
    #expect(replication("q3") == prefix + "NetworkTopologyStrategy', 'datacenter1': '1'}")
    #expect(
      try warnings(
        "CREATE KEYSPACE q6 WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 5}")
        == [
          "Your replication factor 5 for keyspace q6 is higher than the number of nodes 3 for datacenter datacenter1"
        ])
    #expect(
      try warnings("ALTER KEYSPACE q2 WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}")
        == ["When increasing replication factor you need to run a full (-full) repair to distribute the data."])
    // Straight from the other strategy.
    #expect(try warnings("ALTER KEYSPACE q2 WITH replication = {'class': 'NetworkTopologyStrategy'}") == [])
    #expect(replication("q2") == prefix + "NetworkTopologyStrategy', 'datacenter1': '2'}")
    #expect(
      bed.error("CREATE KEYSPACE q9 WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 'x'}")
        == "configuration: For input string: \"x\"")
    #expect(
      bed.error("CREATE TABLE system_traces.x (k int PRIMARY KEY)")
        == "unauthorized: Cannot CREATE <all tables in system_traces>")
    #expect(
      bed.error("ALTER TABLE system_traces.events ADD x int")
        == "unauthorized: Cannot ALTER <table system_traces.events>")
  }
}
