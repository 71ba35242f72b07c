import Base
import Data
import Testing

@testable import CQL

@Suite struct BinderTests {
  static let filtering = allowFilteringMessage

  /// Statement and what a client is told; every message was looked up in Cassandra 5's source.
  static let outcomes: [(String, String)] = [
    ("SELECT * FROM t WHERE a = 1", "ok"),
    ("SELECT * FROM t WHERE a = 1 AND b = 2 AND c > 3", "ok"),
    ("SELECT * FROM t WHERE a = 1 AND b IN (1, 2) AND c = 3 AND d >= 1 AND d < 4", "ok"),
    ("SELECT * FROM t WHERE a = 1 AND (b, c) > (1, 2) AND (b, c, d) <= (5, 6, 7)", "ok"),
    ("SELECT * FROM t", "ok"),
    ("SELECT * FROM nope", "table nope does not exist"),
    ("SELECT * FROM other.t", "keyspace other does not exist"),
    ("SELECT x FROM t", "Undefined column name x in table ks.t"),
    ("SELECT * FROM t WHERE x = 1", "Undefined column name x in table ks.t"),
    ("SELECT * FROM t WHERE v = 'x'", filtering),
    ("SELECT * FROM t WHERE v = 'x' ALLOW FILTERING", "ok"),
    ("SELECT * FROM t WHERE a = 1 AND v = 'x'", filtering),
    ("SELECT * FROM t WHERE b = 1", filtering),
    (
      "SELECT * FROM t WHERE a = 1 AND c = 1",
      "PRIMARY KEY column \"c\" cannot be restricted as preceding column \"b\" is not restricted"
    ),
    (
      "SELECT * FROM t WHERE a = 1 AND b > 1 AND c = 1",
      "Clustering column \"c\" cannot be restricted (preceding column \"b\" is restricted by a non-EQ relation)"
    ),
    ("SELECT * FROM t WHERE a = 1 AND c = 1 ALLOW FILTERING", "ok"),
    ("SELECT * FROM t WHERE a > 1", filtering),
    ("SELECT * FROM t WHERE token(a) > 1 AND token(a) <= 100", "ok"),
    (
      "SELECT * FROM two WHERE token(p) > 1",
      "The token() function must be applied to all partition key components or none of them"
    ),
    (
      "SELECT * FROM two WHERE token(q, p) > 1",
      "The token function arguments must be in the partition key order: p, q"
    ),
    ("SELECT * FROM two WHERE p = 1", filtering),
    (
      "SELECT * FROM t WHERE a = 1 AND a = 2",
      "a cannot be restricted by more than one relation if it includes an Equal"
    ),
    (
      "SELECT * FROM t WHERE a = 1 AND b > 1 AND b >= 2", "More than one restriction was found for the start bound on b"
    ),
    ("SELECT * FROM t WHERE a = 1 AND b != 1", "Unsupported \"!=\" relation: b != 1"),
    ("SELECT * FROM t WHERE a = 'x'", "Invalid STRING constant (x) for \"a\" of type int"),
    ("SELECT * FROM kv WHERE k = 1", "Invalid INTEGER constant (1) for \"k\" of type text"),
    ("SELECT * FROM t WHERE a = 1 ORDER BY b DESC, c DESC", "ok"),
    ("SELECT * FROM t WHERE a = 1 ORDER BY b DESC, c ASC", "Unsupported order by relation"),
    (
      "SELECT * FROM t WHERE a = 1 ORDER BY c",
      "Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY"
    ),
    ("SELECT * FROM t WHERE a = 1 AND b = 2 ORDER BY c", "ok"),
    (
      "SELECT * FROM t ORDER BY b", "ORDER BY is only supported when the partition key is restricted by an EQ or an IN."
    ),
    (
      "SELECT * FROM t WHERE a = 1 ORDER BY v",
      "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got v"
    ),
    ("SELECT DISTINCT a, s FROM t", "ok"),
    (
      "SELECT DISTINCT a, v FROM t",
      "SELECT DISTINCT queries must only request partition key columns and/or static columns (not v)"
    ),
    ("SELECT count(*), max(v), min(b), avg(b), sum(b) FROM t", "ok"),
    ("SELECT nope(v) FROM t", "Unknown function 'nope'"),
    ("SELECT writetime(a) FROM t", "Cannot use selection function writetime on PRIMARY KEY part a"),
    (
      "SELECT * FROM coll WHERE k = 1 AND s = {1} ALLOW FILTERING",
      "Collection column 's' (set<int>) cannot be restricted by a '=' relation"
    ),
    ("SELECT * FROM coll WHERE s CONTAINS 1 ALLOW FILTERING", "ok"),
    ("SELECT * FROM coll WHERE m CONTAINS KEY 'x' AND m['y'] = 2 ALLOW FILTERING", "ok"),
    ("SELECT * FROM kv WHERE v CONTAINS 1 ALLOW FILTERING", "Cannot use CONTAINS on non-collection column v"),
    ("SELECT * FROM kv WHERE k = 'x' LIMIT ?", "ok"),
    ("SELECT k, toTimestamp(now()), uuid(), blobAsInt(0x00000001), token(k), token('x') FROM kv", "ok"),
    ("SELECT m['x'], cast(k AS text), (int) 5, -k, k + 1, toJson(l) FROM coll", "ok"),

    ("INSERT INTO t (a, b, c, d, v) VALUES (1, 2, 3, 4, 'x')", "ok"),
    ("INSERT INTO t (a, s) VALUES (1, 'x')", "ok"),
    ("INSERT INTO t (b, c, d) VALUES (1, 2, 3)", "Some partition key parts are missing: a"),
    ("INSERT INTO t (a, b, v) VALUES (1, 2, 'x')", "Some clustering keys are missing: c, d"),
    ("INSERT INTO t (a, b) VALUES (1)", "Unmatched column names/values"),
    ("INSERT INTO kv (k, k) VALUES ('x', 'y')", "The column names contains duplicates"),
    ("INSERT INTO kv (k, n) VALUES ('x', 3000000000)", "Unable to make int from '3000000000'"),
    ("INSERT INTO kv (k, n) VALUES ('x', 1.5)", "Invalid FLOAT constant (1.5) for \"n\" of type int"),
    (
      "INSERT INTO kv (k, n) VALUES ('x', now())",
      "Type error: cannot assign result of function system.now (type timeuuid) to n (type int)"
    ),
    ("INSERT INTO kv (k, n) VALUES ('x', foo())", "Unknown function foo called"),
    ("INSERT INTO kv (k, n) VALUES ('x', 1 + 2)", "ok"),
    ("INSERT INTO coll (k, l) VALUES (1, {'x'})", "Invalid set literal for l of type list<text>"),
    ("INSERT INTO coll (k, l) VALUES (1, [1])", "Invalid list literal for l: value 1 is not of type text"),
    ("INSERT INTO coll (k, s) VALUES (1, {null})", "null is not supported inside collections"),
    ("INSERT INTO coll (k, m) VALUES (1, {'a': 1})", "ok"),
    ("INSERT INTO coll (k, m) VALUES (1, {})", "ok"),
    ("INSERT INTO coll (k, t) VALUES (1, (1, 'x'))", "ok"),
    (
      "INSERT INTO coll (k, t) VALUES (1, (1, 'x', 2))",
      "Invalid tuple literal for t: too many elements. Type frozen<tuple<int, text>> expects 2 but got 3"
    ),
    ("INSERT INTO coll JSON '{\"k\": 1, \"l\": [\"a\"], \"m\": {\"x\": 1}}'", "ok"),
    ("INSERT INTO coll JSON '{\"k\": 1, \"zz\": 2}'", "JSON values map contains unrecognized column: zz"),

    ("UPDATE t SET v = 'x' WHERE a = 1 AND b = 2 AND c = 3 AND d = 4", "ok"),
    ("UPDATE t SET s = 'x' WHERE a = 1", "ok"),
    ("UPDATE t SET v = 'x' WHERE a = 1", "Some clustering keys are missing: b, c, d"),
    ("UPDATE t SET v = 'x' WHERE b = 1", "Some partition key parts are missing: a"),
    ("UPDATE t SET a = 1 WHERE a = 1", "PRIMARY KEY part a found in SET part"),
    ("UPDATE kv SET n = n + 1 WHERE k = 'x'", "Invalid operation (n = n + 1) for non counter column n"),
    ("UPDATE coll SET f = f + [1] WHERE k = 1", "Invalid operation (f = f + [1]) for frozen collection column f"),
    ("UPDATE coll SET s = s + {1}, m = m - {'x'}, l = ['a'] + l WHERE k = 1", "ok"),
    ("UPDATE coll SET s += {1}, s = {2} WHERE k = 1", "Multiple incompatible setting of column s"),
    ("UPDATE kv SET v = 'x' WHERE k = 'a' AND n = 1", "Non PRIMARY KEY columns found in where clause: n "),

    ("DELETE FROM t WHERE a = 1 AND b = 2", "ok"),
    ("DELETE FROM t WHERE a = 1 AND b > 2", "ok"),
    ("DELETE v FROM t WHERE a = 1 AND b > 2", "Range deletions are not supported for specific columns"),
    ("DELETE a FROM t WHERE a = 1", "Invalid identifier a for deletion (should not be a PRIMARY KEY part)"),
    ("DELETE FROM two WHERE p = 1", "Some partition key parts are missing: q"),
    (
      "BEGIN BATCH USING TIMESTAMP 5 INSERT INTO kv (k) VALUES ('x') USING TIMESTAMP 6; APPLY BATCH",
      "Timestamp must be set either on BATCH or individual statements"
    ),
    ("TRUNCATE kv", "ok"), ("USE nope", "Keyspace 'nope' does not exist"),
    ("CREATE INDEX ON t (v)", "CREATE INDEX is not supported"),
    ("LIST ROLES", "You have to be logged in and not anonymous to perform this request"),
  ]

  @Test(arguments: outcomes)
  func bindsOrRefuses(_ text: String, _ expected: String) throws {
    let schema = try standardSchema()
    #expect(outcome { _ = try bind(text, schema) } == expected, "\(text)")
  }

  @Test func needsAKeyspace() throws {
    let schema = try standardSchema()
    #expect(
      outcome { _ = try bind("SELECT * FROM kv", schema, keyspace: nil) }
        == "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename")
    #expect(outcome { _ = try bind("SELECT * FROM ks.kv", schema, keyspace: nil) } == "ok")
  }

  @Test func tellsMarkersAndPartitionKeyIndexes() throws {
    let schema = try standardSchema()
    let select = try bind("SELECT * FROM two WHERE q = ? AND p = :pp AND c IN ? LIMIT ?", schema)
    #expect(select.variables.map(\.name) == ["q", "pp", "in(c)", "[limit]"])
    #expect(select.variables.map(\.type) == [.text, .int, .list(.timestamp), .int])
    #expect(select.partitionKeyIndexes == [1, 0])
    let insert = try bind("INSERT INTO two (v, c, q, p) VALUES (?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?", schema)
    #expect(insert.variables.map(\.name) == ["v", "c", "q", "p", "[timestamp]", "[ttl]"])
    #expect(insert.partitionKeyIndexes == [3, 2])
    #expect(try bind("SELECT * FROM two WHERE q = 'x' AND p = ?", schema).partitionKeyIndexes == [])
    let batch = try bind("BEGIN BATCH INSERT INTO kv (k, v) VALUES (?, ?); APPLY BATCH", schema)
    #expect(batch.partitionKeyIndexes == [0])
    #expect(try bind("SELECT * FROM t WHERE token(a) > ?", schema).variables[0].name == "partition key token")
    #expect(
      try bind("UPDATE coll SET m[?] = ? WHERE k = ?", schema).variables.map(\.name) == ["key(m)", "value(m)", "k"])
  }

  @Test func namesResultColumns() throws {
    let schema = try standardSchema()
    let text =
      "SELECT k, v AS x, count(*), max(n), writetime(v), ttl(v), cast(n as text), toTimestamp(now()), token(k) FROM kv"
    guard case .select(let select) = try bind(text, schema).body else {
      Issue.record("no select")
      return
    }
    #expect(
      select.columns.map(\.name) == [
        "k", "x", "count", "system.max(n)", "writetime(v)", "ttl(v)", "cast(n as text)",
        "system.totimestamp(system.now())", "system.token(k)",
      ])
    #expect(
      select.columns.map(\.type) == [.text, .text, .bigint, .int, .bigint, .int, .text, .timestamp, .bigint])
    #expect(select.isAggregate && select.needsCellTimes && select.plainSlots == nil)
  }

  @Test func takesNamedValues() throws {
    let schema = try standardSchema()
    let bound = try bind("INSERT INTO kv (k, v) VALUES (:k, :v)", schema)
    #expect(try bound.positional(named: ["v": .null, "k": .bytes([1])]) == [.bytes([1]), .null])
    #expect(outcome { _ = try bound.positional(named: ["v": .null]) } == "Missing value for bind variable :k")
    #expect(
      outcome { try bound.check(valueCount: 1) } == "there were 2 markers(?) in CQL but 1 bound variables")
  }
}
