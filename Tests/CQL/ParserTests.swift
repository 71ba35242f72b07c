import Testing

@testable import CQL

@Suite struct ParserTests {
  /// Also what the mutations of FuzzTests begin with.
  static let statements = [
    "SELECT * FROM t",
    "select a, b as c, count(*), COUNT(1), writetime(v), ttl(v), token(a, b), max(x) from ks.t;",
    "SELECT DISTINCT a FROM t", "SELECT distinct FROM t", "SELECT json FROM t", "SELECT JSON a FROM t",
    "SELECT JSON * FROM t", "SELECT DISTINCT FROM FROM_t",
    "SELECT * FROM t WHERE a = 1 AND b > -2 AND c <= 3.5e-3 AND d IN (1, 2, ?) AND e CONTAINS 'x' AND f CONTAINS KEY 4",
    "SELECT * FROM t WHERE (a, b) > (1, 2) AND (a, b) IN ((1, 2), (3, 4)) AND token(k) >= -9223372036854775808",
    "SELECT * FROM t WHERE (a = 1) AND b IN ? AND c IN :name AND m['x'] = 2",
    "SELECT * FROM t ORDER BY a DESC, b PER PARTITION LIMIT 2 LIMIT ? ALLOW FILTERING",
    "SELECT a + b * 2, -c, (int) 5, cast(a as text), m['k'], l[1..2], u.f FROM t GROUP BY a, b",
    "SELECT cast, type, language, key, value, ttl, timestamp, date, \"Quoted \"\"name\" FROM t",
    "INSERT INTO t (a, b) VALUES (1, 'it''s') IF NOT EXISTS USING TIMESTAMP 1 AND TTL ?",
    "INSERT INTO t JSON '{\"a\": 1}' DEFAULT UNSET",
    "INSERT INTO t (a) VALUES ($$a 'string' $ here$$)",
    "INSERT INTO t (a, b, c, d, e) VALUES (0xCAFE, 123e4567-e89b-12d3-a456-426614174000, 1h30m, P1Y2M, true)",
    "INSERT INTO t (a, b, c) VALUES (NaN, -Infinity, -NaN)",
    "INSERT INTO t (a, b, c, d) VALUES ([1, 2], {1, 2}, {'a': 1}, (1, 'x', null))",
    "INSERT INTO t (a) VALUES ({x: 1, y: 2})",
    "UPDATE t USING TTL 5 AND TIMESTAMP 6 SET a = 1, l = l + [1], l = [2] + l, m['k'] = 2, c = c - 1, s += {1}, u.f = 3"
      + " WHERE k = 0 IF EXISTS",
    "UPDATE t SET a = ? WHERE k = :key IF a = 1 AND b[1] > 2 AND c IN (1, 2)",
    "DELETE FROM t WHERE k = 1", "DELETE a, m['x'], u.f FROM t USING TIMESTAMP 5 WHERE k = 1 IF EXISTS",
    "BEGIN BATCH INSERT INTO t (a) VALUES (1); UPDATE t SET a = 1 WHERE k = 1; DELETE FROM t WHERE k = 1; APPLY BATCH",
    "BEGIN UNLOGGED BATCH USING TIMESTAMP ? APPLY BATCH",
    "BEGIN COUNTER BATCH UPDATE t SET c = c + 1 WHERE k = 1"
      + " APPLY BATCH;;",
    "USE ks", "USE \"MixedCase\"", "TRUNCATE t", "TRUNCATE TABLE ks.t",
    "CREATE KEYSPACE IF NOT EXISTS ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3} AND"
      + " durable_writes = true",
    "ALTER KEYSPACE ks WITH durable_writes = false", "DROP KEYSPACE IF EXISTS ks",
    "CREATE TABLE t (a int PRIMARY KEY, b frozen<map<text, list<int>>>, c tuple<int, text>, d vector<float, 3>)",
    "CREATE TABLE IF NOT EXISTS ks.t (a int, b int, c int, s text static, PRIMARY KEY ((a, b), c)) WITH CLUSTERING"
      + " ORDER BY (c DESC) AND comment = 'x' AND compaction = {'class': 'LeveledCompactionStrategy'}",
    "CREATE TABLE t (a int, PRIMARY KEY (a),) WITH COMPACT STORAGE AND id = 123e4567-e89b-12d3-a456-426614174000",
    "ALTER TABLE t ADD a int, b text static", "ALTER TABLE t ADD (a int, b text)", "ALTER TABLE t DROP a, b",
    "ALTER TABLE t RENAME a TO b AND c TO d", "ALTER TABLE IF EXISTS t WITH comment = 'x'",
    "ALTER TABLE t ALTER a TYPE int",
    "DROP TABLE IF EXISTS t", "DROP COLUMNFAMILY t",
    "DESCRIBE CLUSTER", "DESC KEYSPACES", "DESCRIBE KEYSPACE", "DESCRIBE ONLY KEYSPACE ks WITH INTERNALS",
    "DESCRIBE TABLES", "DESCRIBE TABLE ks.t", "DESCRIBE SCHEMA", "DESCRIBE FULL SCHEMA", "DESCRIBE TYPES",
    "DESCRIBE FUNCTIONS", "DESCRIBE AGGREGATES", "DESCRIBE ks.t", "DESCRIBE \"T\"", "DESCRIBE INDEX i",
    "DESCRIBE MATERIALIZED VIEW v", "DESCRIBE TYPE u",
    "LIST ROLES", "LIST USERS", "LIST ALL PERMISSIONS OF x", "CREATE INDEX ON t (a)", "CREATE TYPE u (a int)",
    "CREATE MATERIALIZED VIEW v AS SELECT * FROM t WHERE a IS NOT NULL PRIMARY KEY (a)", "GRANT SELECT ON t TO x",
    "CREATE ROLE r WITH PASSWORD = 'x' AND LOGIN = true", "CREATE CUSTOM INDEX ON t (a) USING 'X'",
    "-- a comment\nSELECT /* another */ * // a third\nFROM t -- the last",
  ]

  @Test(arguments: statements)
  func accepts(_ text: String) {
    #expect(outcome { _ = try CQLParser.parse(text) } == "ok", "\(text)")
  }

  @Test(arguments: [
    ("", "line 0:-1 no viable alternative at input '<EOF>'"),
    ("SELEC * FROM t", "line 1:0 no viable alternative at input 'SELEC' ([SELEC]...)"),
    ("SELECT", "line 0:-1 no viable alternative at input '<EOF>'"),
    ("SELECT * FORM t", "line 1:9 mismatched input 'FORM' expecting K_FROM (SELECT * [FORM]...)"),
    ("SELECT * FROM t WHERE", "line 0:-1 no viable alternative at input '<EOF>'"),
    ("SELECT * FROM t x", "line 1:16 no viable alternative at input 'x' (SELECT * FROM [t] x)"),
    ("INSERT INTO t (a) VALUES (1", "line 0:-1 mismatched input '<EOF>' expecting ')'"),
    ("SELECT * FROM t\nWHERE a == 1", "line 2:9 no viable alternative at input '=' (... FROM tWHERE a =[=]...)"),
    ("SELECT 'abc FROM t", "line 1:18 mismatched character '<EOF>' expecting '''"),
    ("SELECT # FROM t", "line 1:7 no viable alternative at character '#'"),
    ("SELECT * FROM ?", "Bind variables cannot be used for table names"),
    ("USE ?", "Bind variables cannot be used for keyspace names"),
    ("UPDATE t SET a = b + 1 WHERE k = 1", "Only expressions of the form X = X +<value> are supported."),
    ("DROP foo", "line 1:5 no viable alternative at input 'foo' ([DROP] foo)"),
  ])
  func wordsMistakes(_ text: String, _ expected: String) {
    #expect(outcome { _ = try CQLParser.parse(text) } == expected, "\(text)")
  }

  @Test func namesAreFolded() throws {
    guard case .select(let statement) = try CQLParser.parse("SELECT Title, \"Cast\" FROM KS.\"T\"").statement,
      case .items(let items) = statement.selection
    else {
      Issue.record("no select")
      return
    }
    #expect(statement.table == QualifiedName(keyspace: "ks", name: "T"))
    #expect(items.map { $0.selector.resultName } == ["title", "Cast"])
  }

  @Test func numbersMarkersInOrder() throws {
    let parsed = try CQLParser.parse("UPDATE t USING TTL ? SET a = :x, b = ? WHERE k IN (?, :y)")
    #expect(parsed.markers.map(\.index) == [0, 1, 2, 3, 4])
    #expect(parsed.markers.map(\.name) == [nil, "x", nil, nil, "y"])
  }

  @Test func subtractsWithoutBlanks() throws {
    guard case .update(let statement) = try CQLParser.parse("UPDATE t SET c = c -3 WHERE k = 1").statement,
      case .subtract(.constant(let constant)) = statement.assignments[0].operation
    else {
      Issue.record("no subtraction")
      return
    }
    #expect(constant == Constant(.integer, "3"))
  }

  @Test(arguments: [
    String(repeating: "(", count: 100_000), "SELECT " + String(repeating: "(", count: 50_000) + "a FROM t",
    "SELECT * FROM t WHERE " + String(repeating: "(", count: 50_000) + "a = 1",
    "INSERT INTO t (a) VALUES (" + String(repeating: "[", count: 50_000),
    "INSERT INTO t (a) VALUES (" + String(repeating: "{1:", count: 50_000),
    "CREATE TABLE t (a " + String(repeating: "list<", count: 50_000),
    "SELECT " + String(repeating: "-", count: 3) + " 1" + String(repeating: "+1", count: 50_000) + " FROM t",
    "SELECT " + String(repeating: "f(", count: 50_000) + " FROM t",
    "SELECT a" + String(repeating: "[0]", count: 50_000) + " FROM t",
    "SELECT a" + String(repeating: ".a", count: 50_000) + " FROM t",
    "INSERT INTO t (a) VALUES (" + String(repeating: "(int)", count: 50_000) + "1)",
    "SELECT " + String(repeating: "- ", count: 50_000) + "a FROM t",
  ])
  func refusesDepth(_ text: String) {
    #expect(throws: CQLFailure.self) { try CQLParser.parse(text) }
  }

  @Test func refusesBytesThatAreNoText() {
    #expect(throws: CQLFailure.syntax("Cannot decode string as UTF8")) {
      try CQLParser.parse(utf8: [0x53, 0xFF, 0xFE])
    }
  }

  @Test func boundsTokens() {
    let text = String(repeating: "(", count: CQLLimits.maxTokens + 1)
    #expect(outcome { _ = try CQLParser.parse(text) } == "Statement has more than the limit of 2000000 tokens")
  }

  @Test func boundsMarkers() {
    let markers = [String](repeating: "?", count: CQLLimits.maxMarkers + 1).joined(separator: ",")
    let text = "SELECT * FROM t WHERE a IN (\(markers))"
    #expect(outcome { _ = try CQLParser.parse(text) }.hasPrefix("Too many markers(?)"))
  }
}
