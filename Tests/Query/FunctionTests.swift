import Data
import Query
import Testing

/// What Cassandra 5.0.6 answered, asked on 2026-11-25.
@Suite struct FunctionTests {
  static func bed() -> TestBed {
    TestBed(
      "CREATE TABLE t (k int PRIMARY KEY, a ascii, bi bigint, de decimal, do double, n int, t text, ts timestamp,"
        + " vi varint, tn tinyint, ln list<int>, st set<text>, mp map<text, int>, fl frozen<list<int>>,"
        + " fs frozen<set<int>>, ve vector<float, 3>, vn vector<text, 2>, tp tuple<int, text>)",
      "INSERT INTO t (k, a, bi, de, do, n, t, ts, vi, tn, ln, st, mp, fl, fs, ve, vn, tp) VALUES (1, 'abc', 123, 12.50,"
        + " 1.5, 7, 'text', '2020-02-29 10:00:00+0000', -12345678901234567890, -2, [1, 2, 3], {'x', 'y'},"
        + " {'a': 1, 'b': 2}, [3, 1], {5, 4}, [1, 2, 3], ['p', 'q'], (1, 'one'))", "INSERT INTO t (k) VALUES (2)")
  }

  @Test(arguments: [
    ("n / 0", "0x1400: the operation 'int / int' failed: / by zero"),
    ("n % 0", "0x1400: the operation 'int % int' failed: / by zero"), ("do / 0", "Infinity"),
    ("t + 'x'", "textx"), ("t + t", "texttext"), ("a + t", "abctext"),
    ("n + t", "invalid: the '+' operation is not supported between n and t"),
    ("toJson(ln), to_json(ve), toJson(mp)", "[1, 2, 3]|[1.0, 2.0, 3.0]|{\"a\": 1, \"b\": 2}"),
    ("fromJson('5')", "invalid: fromjson() cannot be used in the selection clause of a SELECT statement"),
    ("map_keys(mp), map_values(mp)", "{'a', 'b'}|[1, 2]"),
    ("collection_count(ln), collection_count(st), collection_count(mp)", "3|2|2"),
    ("collection_min(ln), collection_max(st), collection_sum(ln), collection_avg(ln)", "1|y|6|2"),
    ("collection_sum(fl), collection_avg(fs)", "4|4"),
    (
      "map_keys(ln)",
      "invalid: Function system.map_keys requires a map argument, but found argument ln of type list<int>"
    ),
    (
      "collection_sum(st)",
      "invalid: Function system.collection_sum requires a numeric set/list argument, but found argument st of type"
        + " set<text>"
    ),
    (
      "collection_count(n)",
      "invalid: Function system.collection_count requires a collection argument, but found argument n of type int"
    ),
    ("similarity_cosine(ve, [1, 2, 3]), similarity_euclidean(ve, [1, 2, 4])", "1.0|0.5"),
    ("similarity_dot_product(ve, ve)", "7.5"),
    ("similarity_cosine(ve, [1, 2])", "invalid: All arguments must have the same vector dimensions"),
    ("abs(tn), abs(vi), abs(do), round(do), round(n)", "2|12345678901234567890|1.5|2.0|7"),
    ("ve, vn", "[1.0, 2.0, 3.0]|['p', 'q']"),
    ("n + bi, n - bi, n * bi, n / tn, bi / n, n % 4", "130|-116|861|-3|17|3"),
    ("n + de, de - vi, de * de", "19.50|12345678901234567902.50|156.2500"),
    ("de / n, de / 3", "1.78571428571428571428571428571429|4.16666666666666666666666666666667"),
    ("de * tn, de - tn, -(do - do), n * de", "-25.000|14.50|-0.0|87.500"),
    ("vi * vi", "152415787532388367501905199875019052100"),
    ("vi / n, vi % n, vi + n, do + de", "-1763668414462081127|-1|-12345678901234567883|14.00"),
    ("-bi, -vi, -de, -do", "-123|12345678901234567890|-12.50|-1.5"), ("de % n, de / de, de / 0.125", "5.50|1|1E+2"),
    ("vi / vi, vi % -1, vi / -10000000000", "1|0|1234567890"),
    ("de / 0", "0x1400: the operation 'decimal / int' failed: BigInteger divide by zero"),
    ("vi % 0", "0x1400: the operation 'varint % int' failed: BigInteger divide by zero"),
    ("ts + 1d, ts - 2mo, ts + 1mo2d3h", "2020-03-01 10:00:00.000Z|2019-12-29 10:00:00.000Z|2020-03-31 13:00:00.000Z"),
    ("toDate(ts) + 1mo, toDate(ts) - 1d, toDate(ts) + 1y", "2020-03-29|2020-02-28|2021-02-28"),
    (
      "toDate(ts) + 1h",
      "0x1400: the operation 'date + duration' failed: The duration must have a day precision. Was: 1h"
    ),
    ("CAST(vi AS int), CAST(de AS int), CAST(de AS varint), CAST(do AS decimal)", "350287150|12|12|1.5"),
    (
      "CAST(n AS decimal), CAST(do AS varint), CAST(vi AS double), CAST(vi AS decimal)",
      "7|1|-1.2345678901234567E19|-12345678901234567890"
    ),

    ("mp['a'], mp['a'..'a'], mp[..'a'], mp['b'..]", "1|{'a': 1}|{'a': 1}|{'b': 2}"),
    ("st['x'], st['nope'], st['a'..'x']", "x|null|{'x'}"),
    ("ln[0..1]", "invalid: Slice selection is only allowed on sets and maps, but ln is a list"),
    ("max(ve), max(mp), min(tp)", "[1.0, 2.0, 3.0]|{'a': 1, 'b': 2}|(1, 'one')"),
  ])
  func selected(_ selectors: String, _ expected: String) {
    #expect(Self.bed().rows("SELECT \(selectors) FROM t WHERE k = 1") == [expected], "\(selectors)")
  }

  @Test(arguments: [
    ("t = 'a' + 'b'", "t", "ab"), ("t = toJson(5)", "t", "5"), ("t = to_json((int) 5)", "t", "5"),
    ("n = fromJson('5')", "n", "5"), ("mp = from_json('{\"a\": 9}')", "mp", "{'a': 9}"),
    ("ve = fromJson('[1.5, 2, 3]')", "ve", "[1.5, 2.0, 3.0]"),
    (
      "n = fromJson('\"x\"')", "",
      "0x1400: org.apache.cassandra.serializers.MarshalException: Unable to make int from 'x'"
    ),
    (
      "ve = fromJson('[1.5, 2]')", "",
      "0x1400: org.apache.cassandra.serializers.MarshalException: List had incorrect size: expected 3 but given 2;"
        + " [1.5, 2]"
    ),
    ("n = 1 / 0", "", "0x1400: the operation 'int / int' failed: / by zero"),
    (
      "ve = [1, 2]", "",
      "invalid: Invalid vector literal for ve of type vector<float, 3>; expected 3 elements, but given 2"
    ),
    ("ve = [1, 2, null]", "", "invalid: null is not supported inside vectors"),
    ("ve = ['a', 2, 3]", "", "invalid: Invalid vector literal for ve: value 'a' is not of type float"),
    ("ve = {1, 2}", "", "invalid: Invalid set literal for ve of type vector<float, 3>"),
    ("ve = 5", "", "invalid: Invalid INTEGER constant (5) for \"ve\" of type vector<float, 3>"),
    ("ve = ve + [1, 2, 3]", "", "invalid: Invalid operation (ve = ve + [1, 2, 3]) for non counter column ve"),
    ("ve[0] = 1", "", "invalid: Invalid operation (ve[0] = 1) for non collection column ve"),
  ])
  func written(_ assignment: String, _ column: String, _ expected: String) {
    let bed = Self.bed()
    let answer = bed.rows("UPDATE t SET \(assignment) WHERE k = 3")
    guard !column.isEmpty else {
      #expect(answer == [expected], "\(assignment)")
      return
    }
    #expect(answer == ["void"], "\(assignment)")
    #expect(bed.rows("SELECT \(column) FROM t WHERE k = 3") == [expected])
  }

  @Test func timesOfCollectionsAreLists() {
    let bed = TestBed(
      "CREATE TABLE c (p int, c int, v int, m map<int, text>, l list<int>, PRIMARY KEY (p, c))",
      "INSERT INTO c (p, c, v) VALUES (1, 1, 10) USING TIMESTAMP 1000",
      "INSERT INTO c (p, c, v, l, m) VALUES (1, 2, 20, [1, 2], {1: 'a', 2: 'b'}) USING TIMESTAMP 2000",
      "UPDATE c USING TIMESTAMP 3000 AND TTL 100 SET m[2] = 'c' WHERE p = 1 AND c = 2")
    func row(_ selectors: String) -> [String] { bed.rows("SELECT \(selectors) FROM c WHERE p = 1") }
    #expect(row("writetime(v), writetime(l), writetime(m)") == ["1000|null|null", "2000|[2000, 2000]|[2000, 3000]"])
    #expect(row("maxwritetime(m), maxwritetime(v)") == ["null|1000", "3000|2000"])
    #expect(
      row("writetime(m[2]), ttl(m[2]), ttl(m[1]), writetime(m[9])") == ["null|null|null|null", "3000|100|null|null"])
    #expect(row("writetime(m[1..2]), writetime(m[..1])") == ["null|null", "[2000, 3000]|[2000]"])
    #expect(
      bed.error("SELECT maxwritetime(c) FROM c")
        == "invalid: Cannot use selection function maxwritetime on PRIMARY KEY part c")
  }

  @Test func frozenValuesDecimalsAndVectorsAreClusterings() {
    let bed = TestBed(
      "CREATE TABLE d (p int, d decimal, v int, PRIMARY KEY (p, d))",
      "CREATE TABLE l (p int, d frozen<list<int>>, v int, PRIMARY KEY (p, d)) WITH CLUSTERING ORDER BY (d DESC)",
      "CREATE TABLE e (p int, d vector<float, 2>, PRIMARY KEY (p, d))")
    for (text, v) in [("1.0", 1), ("1.00", 2), ("10", 3), ("-1.5", 4), ("0", 5), ("1e-10", 6)] {
      _ = bed.rows("INSERT INTO d (p, d, v) VALUES (1, \(text), \(v))")
    }
    #expect(bed.rows("SELECT d, v FROM d WHERE p = 1") == ["-1.5|4", "0|5", "1E-10|6", "1|2", "10|3"])
    #expect(bed.rows("SELECT d, v FROM d WHERE p = 1 AND d > 0.5 AND d <= 10.0") == ["1|2", "10|3"])
    for (text, v) in [("[2]", 1), ("[1, 5]", 2), ("[1]", 3), ("[]", 4), ("[-1, 7, 9]", 5)] {
      _ = bed.rows("INSERT INTO l (p, d, v) VALUES (1, \(text), \(v))")
    }
    #expect(bed.rows("SELECT d, v FROM l WHERE p = 1") == ["[2]|1", "[1, 5]|2", "[1]|3", "[-1, 7, 9]|5", "[]|4"])
    #expect(bed.rows("SELECT v FROM l WHERE p = 1 AND d > [1]") == ["1", "2"])
    for text in ["[1, -2]", "[-1, 2]", "[1, 2]"] { _ = bed.rows("INSERT INTO e (p, d) VALUES (1, \(text))") }
    #expect(bed.rows("SELECT d FROM e WHERE p = 1") == ["[-1.0, 2.0]", "[1.0, -2.0]", "[1.0, 2.0]"])
    #expect(
      bed.error("CREATE TABLE x (p int, d frozen<list<duration>>, PRIMARY KEY (p, d))")
        == "invalid: duration type is not supported for PRIMARY KEY column 'd'")
    #expect(
      bed.error("CREATE TABLE x (k int PRIMARY KEY, v vector<float, 0>)")
        == "invalid: vectors may only have positive dimensions; given 0")
    _ = bed.rows("CREATE TABLE w (k vector<int, 2> PRIMARY KEY, w vector<list<int>, 2>, l list<vector<float, 2>>)")
    #expect(
      bed.rows("SELECT type FROM system_schema.columns WHERE keyspace_name = 'k' AND table_name = 'w'")
        == ["vector<int, 2>", "list<vector<float, 2>>", "vector<list<int>, 2>"])
  }

  /// Up to v4 a client that asked for no metadata reads rows by the columns of its PREPARE: the connection must know.
  @Test func aChangedResultSaysSo() throws {
    let bed = TestBed("CREATE TABLE p (id int PRIMARY KEY)")
    let statement = try bed.engine.prepare("SELECT * FROM p WHERE id = 1", keyspace: "k")
    func columns() throws -> ResultColumns? { try bed.engine.preparedStatement(id: statement.id.bytes).resultColumns }
    #expect(try columns()?.changedStatement == nil)
    _ = bed.rows("CREATE TABLE other (id int PRIMARY KEY)")
    #expect(try columns() === statement.resultColumns)
    _ = bed.rows("ALTER TABLE p ADD val text")
    #expect(try columns()?.count == 2)
    #expect(try columns()?.changedStatement == statement.id.bytes)
    #expect(try columns()?.id != statement.resultColumns?.id)
    let again = try bed.engine.prepare("SELECT * FROM p WHERE id = 1", keyspace: "k").resultColumns
    #expect(try again === columns())
  }
}
