import Base
import CQL
import Data
import Query
import TestWorld
import Testing

@Suite struct WriteTests {
  static func bed() -> TestBed {
    TestBed(
      "CREATE TABLE t (p int, c int, v text, PRIMARY KEY (p, c))",
      "CREATE TABLE u (k int PRIMARY KEY, v text) WITH default_time_to_live = 50")
  }

  @Test func statementsOfOneNodeHaveGrowingTimestamps() {
    let bed = Self.bed()
    for value in ["a", "b", "c"] { _ = bed.rows("INSERT INTO t (p, c, v) VALUES (1, 1, '\(value)')") }
    #expect(bed.rows("SELECT v FROM t") == ["c"])
    bed.clock.wallMicroseconds -= 5_000_000
    _ = bed.rows("INSERT INTO t (p, c, v) VALUES (1, 1, 'd')")
    #expect(bed.rows("SELECT v FROM t") == ["d"])
  }

  @Test func timestampsAreTheStatementsThenTheDrivers() {
    let bed = Self.bed()
    _ = bed.rows("INSERT INTO t (p, c, v) VALUES (1, 1, 'a')", { $0.defaultTimestampMicroseconds = 500 })
    #expect(bed.rows("SELECT v, writetime(v) FROM t") == ["a|500"])
    _ = bed.rows(
      "INSERT INTO t (p, c, v) VALUES (1, 1, 'b') USING TIMESTAMP 400", { $0.defaultTimestampMicroseconds = 600 })
    #expect(bed.rows("SELECT v, writetime(v) FROM t") == ["a|500"])
  }

  @Test func aDriverWithABrokenClockIsRefused() {
    let bed = Self.bed()
    let error = bed.error(
      "INSERT INTO t (p, c) VALUES (1, 1)", { $0.defaultTimestampMicroseconds = 1_700_000_000_000_000_000 })
    #expect(error.hasPrefix("invalid: The default timestamp 1700000000000000000 is more than"))
    #expect(bed.replica.writes.isEmpty)
  }

  @Test func aTablesTimeToLive() {
    let bed = Self.bed()
    _ = bed.rows("INSERT INTO u (k, v) VALUES (1, 'x')")
    _ = bed.rows("INSERT INTO u (k, v) VALUES (2, 'x') USING TTL 0")
    #expect(bed.rows("SELECT ttl(v) FROM u WHERE k = 1") == ["50"])
    #expect(bed.rows("SELECT ttl(v) FROM u WHERE k = 2") == ["null"])
  }

  @Test func deletes() {
    let bed = Self.bed()
    for c in 0..<6 { _ = bed.rows("INSERT INTO t (p, c, v) VALUES (1, \(c), 'x')") }
    _ = bed.rows("DELETE FROM t WHERE p = 1 AND c = 0")
    _ = bed.rows("DELETE FROM t WHERE p = 1 AND c > 3")
    _ = bed.rows("DELETE v FROM t WHERE p = 1 AND c = 2")
    #expect(bed.rows("SELECT c, v FROM t") == ["1|x", "2|null", "3|x"])
    _ = bed.rows("DELETE FROM t WHERE p = 1")
    #expect(bed.rows("SELECT * FROM t") == [])
  }

  @Test func unsetLeavesAndNullDeletes() {
    let bed = Self.bed()
    let statement = "INSERT INTO t (p, c, v) VALUES (1, 1, ?)"
    _ = bed.rows(statement, { $0.values = .positional([.bytes(Array("a".utf8))]) })
    _ = bed.rows(statement, { $0.values = .positional([.unset]) })
    #expect(bed.rows("SELECT v FROM t") == ["a"])
    _ = bed.rows(statement, { $0.values = .positional([.null]) })
    #expect(bed.rows("SELECT v FROM t") == ["null"])
  }

  @Test func namedValues() {
    let bed = Self.bed()
    let one = Values.int(Int32(1))
    _ = bed.rows(
      "INSERT INTO t (p, c, v) VALUES (:p, :c, :v)",
      { $0.values = .named(["p": .bytes(one), "c": .bytes(one), "v": .bytes(Array("n".utf8))]) })
    #expect(bed.rows("SELECT * FROM t") == ["1|1|n"])
  }

  @Test(arguments: [
    ("INSERT INTO t (p, c) VALUES (1, 1) IF NOT EXISTS", "invalid: Conditional writes (IF ...) are not supported yet"),
    (
      "UPDATE t SET v = 'a' WHERE p = 1 AND c = 1 IF v = 'b'",
      "invalid: Conditional writes (IF ...) are not supported yet"
    ),
    ("INSERT INTO system.local (key) VALUES ('x')", "unauthorized: system keyspace is not user-modifiable."),
    ("INSERT INTO nope (p) VALUES (1)", "invalid: table nope does not exist"),
    ("INSERT INTO nope.t (p) VALUES (1)", "invalid: keyspace nope does not exist"),
    ("INSERT INTO t (p, c, x) VALUES (1, 1, 1)", "invalid: Undefined column name x in table k.t"),
    ("TRUNCATE system.local", "invalid: Cannot truncate system tables"),
  ])
  func refusals(_ statement: String, _ error: String) {
    #expect(Self.bed().error(statement) == error)
  }

  @Test func countersAreRefused() {
    let bed = TestBed("CREATE TABLE n (k int PRIMARY KEY, hits counter)")
    #expect(bed.error("UPDATE n SET hits = hits + 1 WHERE k = 1") == "invalid: Counter tables are not supported yet")
  }

  @Test func serialLevelsAreForConditions() {
    #expect(
      Self.bed().error("INSERT INTO t (p, c) VALUES (1, 1)", { $0.consistency = .serial })
        == "invalid: You must use conditional updates for serializable writes")
  }

  /// Cassandra does not look at a batch's level (BatchStatement.executeWithoutConditions in 5.0).
  @Test func batchesTakeSerialLevels() throws {
    let bed = Self.bed()
    for kind in ["", "UNLOGGED "] {
      for keys in [(1, 1), (1, 2)] {
        _ = try bed.result(
          "BEGIN \(kind)BATCH INSERT INTO t (p, c) VALUES (\(keys.0), 1); INSERT INTO t (p, c) VALUES (\(keys.1), 2);"
            + " APPLY BATCH", { $0.consistency = .serial }
        ).get()
      }
    }
    #expect(bed.rows("SELECT p, c FROM t").count == 3)
  }

  // MARK: - Batches

  @Test func statementsOnOnePartitionAreOneMutation() throws {
    let bed = Self.bed()
    let result = try bed.result(
      """
      BEGIN BATCH INSERT INTO t (p, c, v) VALUES (1, 1, 'a'); INSERT INTO t (p, c, v) VALUES (1, 2, 'b');
      DELETE FROM t WHERE p = 1 AND c = 3; APPLY BATCH
      """
    ).get()
    #expect(result.warnings.isEmpty)
    #expect(bed.replica.writes.count == 1)
    #expect(bed.replica.writes[0].mutations.count == 1)
    #expect(bed.replica.writes[0].kind == .simple)
    #expect(bed.rows("SELECT c, v FROM t") == ["1|a", "2|b"])
  }

  @Test func aLoggedBatchOverPartitionsGoesThroughTheBatchLog() throws {
    let bed = Self.bed()
    let result = try bed.result(
      "BEGIN BATCH INSERT INTO t (p, c) VALUES (1, 1); INSERT INTO t (p, c) VALUES (2, 1); APPLY BATCH"
    ).get()
    #expect(result.warnings.isEmpty)
    #expect(bed.replica.batches.map { $0.parts.map(\.keyspace) } == [["k"]])
    #expect(bed.replica.batches[0].parts[0].mutations.count == 2)
    #expect(bed.replica.writes[0].kind == .batch)
    #expect(bed.rows("SELECT p FROM t").sorted() == ["1", "2"])
  }

  @Test func batchFramesMixTextAndPrepared() throws {
    let bed = Self.bed()
    let prepared = try bed.engine.prepare("INSERT INTO t (p, c, v) VALUES (?, ?, ?)", keyspace: "k")
    func values(_ c: Int32, _ v: String) -> QueryOptions.Values {
      .positional([.bytes(Values.int(Int32(1))), .bytes(Values.int(c)), .bytes(Array(v.utf8))])
    }
    var outcome: Result<QueryResult, QueryFailure>?
    bed.engine.batch(
      .unlogged,
      [
        .prepared(id: prepared.id.bytes, values(1, "a")), .prepared(id: prepared.id.bytes, values(2, "b")),
        .text("INSERT INTO u (k, v) VALUES (9, 'z')", .positional([])),
      ], QueryOptions(keyspace: "k")
    ) { outcome = $0 }
    _ = try #require(outcome).get()
    #expect(bed.rows("SELECT c, v FROM t") == ["1|a", "2|b"])
    #expect(bed.rows("SELECT v FROM u") == ["z"])
    bed.engine.batch(.logged, [.text("SELECT * FROM t", .positional([]))], QueryOptions(keyspace: "k")) { outcome = $0 }
    #expect(
      outcome.map { if case .failure(let failure) = $0 { failure.message } else { "" } }
        == "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.")
  }

  @Test func largeBatches() throws {
    let bed = Self.bed()
    func batch(_ bytes: Int) -> String {
      let text = String(repeating: "x", count: bytes)
      return "BEGIN UNLOGGED BATCH INSERT INTO t (p, c, v) VALUES (1, 1, '\(text)');"
        + " INSERT INTO t (p, c) VALUES (2, 1); APPLY BATCH"
    }
    #expect(try bed.result(batch(10)).get().warnings == [])
    #expect(try bed.result(batch(6_000)).get().warnings.first?.hasPrefix("Batch for [k.t] is of size") == true)
    #expect(bed.error(batch(60_000)) == "invalid: Batch too large")
  }

  // MARK: - Prepared statements

  @Test func preparedStatementsFollowTheSchema() throws {
    let bed = Self.bed()
    let select = try bed.engine.prepare("SELECT * FROM t WHERE p = ?", keyspace: "k")
    #expect(select.partitionKeyIndexes == [0])
    #expect(select.variables.columns.map(\.name) == ["p"])
    #expect(select.resultColumns?.columns.map(\.name) == ["p", "c", "v"])
    let again = try bed.engine.prepare("SELECT * FROM t WHERE p = ?", keyspace: "k")
    #expect(again === select)
    _ = bed.rows("INSERT INTO t (p, c, v) VALUES (1, 1, 'a')")
    _ = bed.rows("ALTER TABLE t ADD w int")
    func run() -> [String] {
      var lines: [String] = []
      let options = QueryOptions(values: .positional([.bytes(Values.int(Int32(1)))]), keyspace: "k")
      bed.engine.execute(id: select.id.bytes, options) { result in
        switch result {
        case .success(let answer): lines = TestBed.lines(answer)
        case .failure(let failure): lines = [failure.message]
        }
      }
      return lines
    }
    #expect(run() == ["1|1|a|null"])
    _ = bed.rows("DROP TABLE t")
    #expect(run() == ["table t does not exist"])
  }

  @Test func unknownIdsAreToldAsUnprepared() {
    let bed = Self.bed()
    let id = [UInt8](repeating: 7, count: 16)
    var failure: QueryFailure?
    bed.engine.execute(id: id, QueryOptions()) { if case .failure(let reason) = $0 { failure = reason } }
    #expect(failure == .unprepared(id: id))
    #expect(failure?.code == 0x2500)
  }

  @Test func theCacheIsBounded() throws {
    let bed = Self.bed()
    var configuration = QueryEngine.Configuration()
    configuration.maxPreparedStatements = 10
    configuration.maxPreparedBytes = 1 << 20
    let engine = QueryEngine(
      metadata: bed.metadata, data: bed.replica, changer: LocalChanger(metadata: bed.metadata), clock: bed.clock,
      entropy: TestEntropy(seed: 7), configuration: configuration)
    let first = try engine.prepare("SELECT c FROM t WHERE p = 0", keyspace: "k")
    for number in 1..<20 { _ = try engine.prepare("SELECT c FROM t WHERE p = \(number)", keyspace: "k") }
    #expect(engine.preparedCount == 10)
    #expect(throws: QueryFailure.unprepared(id: first.id.bytes)) { try engine.preparedStatement(id: first.id.bytes) }
    let long = String(repeating: "x", count: 200_000)
    for number in 0..<4 {
      _ = try engine.prepare("SELECT c FROM t WHERE p = \(number) AND v = '\(long)' ALLOW FILTERING", keyspace: "k")
    }
    #expect(engine.preparedCount == 1)
  }

  @Test func wrongCountsOfValues() {
    #expect(
      Self.bed().error("SELECT * FROM t WHERE p = ?")
        == "invalid: there were 1 markers(?) in CQL but 0 bound variables")
  }

  /// v5's now-in-seconds is what expiry is judged by, and nothing else.
  @Test func nowInSecondsJudgesExpiryAlone() {
    let bed = TestBed("CREATE TABLE n (p int PRIMARY KEY, v int, l list<int>)")
    let start = bed.clock.wallMicroseconds / 1_000_000
    func at(_ seconds: Int64, _ statement: String) -> [String] { bed.rows(statement) { $0.nowInSeconds = seconds } }
    for number in 1...8 { _ = at(start, "UPDATE n SET l = l + [\(number)] WHERE p = 1") }
    #expect(bed.rows("SELECT l FROM n WHERE p = 1") == ["[1, 2, 3, 4, 5, 6, 7, 8]"])
    _ = at(start + 1000, "UPDATE n USING TTL 10 SET v = 1 WHERE p = 1")
    #expect(at(start + 1009, "SELECT v, ttl(v) FROM n WHERE p = 1") == ["1|1"])
    #expect(at(start + 1010, "SELECT v FROM n WHERE p = 1") == ["null"])
    #expect(bed.rows("SELECT ttl(v) FROM n WHERE p = 1") == ["1010"])
    #expect(at(-1, "SELECT v FROM n WHERE p = 1") == ["invalid: now-in-seconds is out of range"])
  }

  @Test func batchesAreWarnedOfInCassandrasWords() throws {
    let bed = TestBed(
      "CREATE TABLE n (p int PRIMARY KEY, v text) WITH gc_grace_seconds = 0", "CREATE TABLE o (p int PRIMARY KEY)")
    func warnings(_ kind: String, _ statements: [String]) throws -> [String] {
      try bed.result("BEGIN \(kind) BATCH \(statements.joined(separator: "; ")); APPLY BATCH").get().warnings
    }
    let long = String(repeating: "x", count: 1200)
    let wide = try warnings("UNLOGGED", (0..<5).map { "INSERT INTO n (p, v) VALUES (\($0), '\(long)')" })
    #expect(wide.count == 1 && wide[0].hasPrefix("Batch for [k.n] is of size 6"), "\(wide)")
    #expect(wide.first?.contains(", exceeding specified threshold of 5120 by ") == true)
    #expect(
      try warnings(
        "UNLOGGED", (0..<6).flatMap { ["INSERT INTO n (p) VALUES (\($0))", "INSERT INTO o (p) VALUES (\($0 + 10))"] })
        == [
          "Unlogged batch covering 12 partitions detected against tables [k.n, k.o]. You should use a logged batch for"
            + " atomicity, or asynchronous writes for performance."
        ])
    let short = try warnings("", ["INSERT INTO n (p) VALUES (1)"])
    #expect(
      short.count == 1
        && short[0].hasPrefix("Executing a LOGGED BATCH on table [k.n], configured with a gc_grace_seconds of 0."))
    #expect(try warnings("", ["INSERT INTO o (p) VALUES (1)", "INSERT INTO o (p) VALUES (2)"]) == [])
  }
}
