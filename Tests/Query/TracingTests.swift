import Base
import Data
import Query
import Testing

@Suite struct TracingTests {
  private func traced(_ bed: TestBed, _ statement: String) -> UUID? {
    let result = bed.result(statement) {
      $0.isTraced = true
      $0.client = "127.0.0.9:4242"
    }
    guard case .success(let result) = result else { return nil }
    return result.traceID
  }

  @Test func aTracedStatementLeavesASessionAndItsEvents() throws {
    let bed = TestBed("CREATE TABLE t (p int PRIMARY KEY, v text)")
    let id = try #require(traced(bed, "INSERT INTO t (p, v) VALUES (1, 'a')"))
    let session = bed.rows(
      "SELECT client, command, coordinator, duration, request, started_at FROM system_traces.sessions"
        + " WHERE session_id = \(id)")
    #expect(session == ["127.0.0.9|QUERY|127.0.0.1|0|Execute CQL3 query|2023-11-14 22:13:20.000Z"])
    let parameters = bed.rows("SELECT parameters FROM system_traces.sessions WHERE session_id = \(id)")[0]
    #expect(parameters.contains("'query': 'INSERT INTO t (p, v) VALUES (1, ''a'')'"), "\(parameters)")
    #expect(parameters.contains("'consistency_level': 'ONE'"))
    let events = bed.rows(
      "SELECT activity, source, source_elapsed, thread FROM system_traces.events WHERE session_id = \(id)")
    #expect(events.first == "Parsing INSERT INTO t (p, v) VALUES (1, 'a')|127.0.0.1|0|loop-1")
    #expect(events.last == "Request complete|127.0.0.1|0|loop-1")
    #expect(events.count == 5, "\(events)")
    // A day to live.
    #expect(bed.rows("SELECT TTL(duration) FROM system_traces.sessions WHERE session_id = \(id)") == ["86400"])
  }

  @Test func preparedStatementsAndBatchesAreTracedToo() throws {
    let bed = TestBed("CREATE TABLE t (p int PRIMARY KEY, v text)")
    let statement = try bed.engine.prepare("SELECT v FROM t WHERE p = ?", keyspace: "k")
    let options = QueryOptions(values: .positional([.bytes([0, 0, 0, 7])]), keyspace: "k", isTraced: true)
    var id: UUID?
    bed.engine.execute(id: statement.id.bytes, options) { id = try? $0.get().traceID }
    let parameters = bed.rows("SELECT parameters FROM system_traces.sessions WHERE session_id = \(try #require(id))")[0]
    #expect(parameters.contains("'bound_var_0_p': '7'"), "\(parameters)")
    bed.engine.batch(
      .unlogged, [.text("INSERT INTO t (p) VALUES (1)", .positional([]))], QueryOptions(keyspace: "k", isTraced: true)
    ) { id = try? $0.get().traceID }
    #expect(
      bed.rows("SELECT request FROM system_traces.sessions WHERE session_id = \(try #require(id))")
        == ["Execute batch of CQL3 queries"])
  }

  @Test func whatFailsIsTracedAndWhatIsNotTracedWritesNothing() {
    let bed = TestBed("CREATE TABLE t (p int PRIMARY KEY, v text)")
    _ = bed.rows("INSERT INTO t (p) VALUES (1)")
    #expect(bed.replica.writes.count == 1)
    #expect(bed.error("SELECT * FROM missing", { $0.isTraced = true }) == "invalid: table missing does not exist")
    #expect(
      bed.rows("SELECT activity FROM system_traces.events").last == "Request failed: table missing does not exist")
  }

  @Test func tracesCanBeAlteredAsAKeyspaceAlone() {
    let bed = TestBed()
    let change = "ALTER KEYSPACE system_traces WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}"
    #expect(bed.rows(change) == ["UPDATED KEYSPACE system_traces "])
    #expect(
      bed.rows("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = 'system_traces'")[0]
        .contains("'replication_factor': '3'"))
    #expect(bed.error("DROP KEYSPACE system_traces") == "unauthorized: Cannot DROP <keyspace system_traces>")
    #expect(bed.error("TRUNCATE system_traces.events") == "invalid: Cannot truncate system tables")
    #expect(bed.error("CREATE TABLE system_traces.x (k int PRIMARY KEY)").hasPrefix("unauthorized: "))
    // A schema that carries it reads as it was written.
    let schema = bed.metadata.snapshot.schema
    let again = try? Schema(encoded: schema.encoded)
    #expect(again?.encoded == schema.encoded)
    #expect(again?.secret == schema.secret && schema.secret.count == 32)
  }
}
