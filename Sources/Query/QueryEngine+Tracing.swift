// Tracing (tracing/Tracing.java, TraceKeyspace.java): a traced request takes notes on its way, and when it has ended
// they are written to system_traces, as data like any other: replicated, at ANY, with a day to live. The client has its
// answer by then; drivers ask for the session until its duration is there, which is why the events go before it.
//
// Deviation: notes are the coordinator's alone, so every event's source is the coordinator.

import Base
import CQL
import Coordinator
import Data
import Ring

extension QueryEngine {
  typealias Completion = (Result<QueryResult, QueryFailure>) -> Void

  /// Runs `body` with options that carry a trace, and writes the trace when it has ended.
  func traced(
    _ options: QueryOptions, _ request: String, _ parameters: [String: String], _ completion: @escaping Completion,
    _ body: (QueryOptions, @escaping Completion) -> Void
  ) {
    let trace = RequestTrace(id: timeUUID(clock.wallMicroseconds), clock: clock)
    var options = options
    options.trace = trace
    var parameters = parameters
    parameters["consistency_level"] = options.consistency.name
    parameters["serial_consistency_level"] = options.serialConsistency.name
    if let pageSize = options.pageSize { parameters["page_size"] = String(pageSize) }
    let notes = TraceNotes(request: request, client: options.client, parameters: parameters)
    body(options) { [self] result in
      switch result {
      case .success(var result):
        trace.record("Request complete")
        result.traceID = trace.id
        write(trace, notes)
        completion(.success(result))
      case .failure(let failure):
        trace.record("Request failed: \(failure.message)")
        write(trace, notes)
        completion(.failure(failure))
      }
    }
  }

  private func timeUUID(_ microseconds: Int64, low: UInt64? = nil) -> UUID {
    let ticks = UInt64(clamping: microseconds &* 10 &+ UUID.timeUUIDEpochTicks)
    return UUID(timeTicks: ticks & (1 << 60 - 1), low: low ?? random())
  }

  private func write(_ trace: RequestTrace, _ notes: TraceNotes) {
    guard let sessions = schema.table(Schema.traces.name, "sessions"),
      let events = schema.table(Schema.traces.name, "events")
    else { return }
    let keyBytes = trace.id.bytes
    let key = PartitionKey(token: Murmur3.token(of: keyBytes), bytes: keyBytes)
    let local = metadata.snapshot.local
    let source = InternetAddress.bytes(local.address)
    let low = random()
    let times = TraceRow.Times(
      timestampMicroseconds: trace.startedWallMicroseconds + trace.elapsedMicroseconds, nowInSeconds: clock.wallSeconds)
    var entries: [Entry] = []
    for (index, event) in trace.events.enumerated() {
      // The clock stands still within a tick: the place in the list keeps the order.
      let moment = trace.startedWallMicroseconds + event.elapsedMicroseconds
      var id = timeUUID(moment, low: low)
      id = UUID(timeTicks: id.timeUUIDTicks &+ UInt64(index % 10) &+ UInt64(index / 10) * 10, low: low)
      var row = TraceRow(table: events, times: times)
      row.set("activity", Values.text(event.activity))
      row.set("source", source)
      row.set("source_elapsed", Values.int(Int32(clamping: event.elapsedMicroseconds)))
      row.set("source_port", Values.int(Int32(local.internodePort)))
      row.set("thread", Values.text("loop-1"))
      if let entry = row.entry(clustering: id.bytes) { entries.append(entry) }
    }
    var row = TraceRow(table: sessions, times: times)
    row.set("client", notes.clientAddress)
    row.set("command", Values.text("QUERY"))
    row.set("coordinator", source)
    row.set("coordinator_port", Values.int(Int32(local.internodePort)))
    row.set("duration", Values.int(Int32(clamping: trace.elapsedMicroseconds)))
    row.set("parameters", notes.parameters)
    row.set("request", Values.text(notes.request))
    row.set("started_at", Values.bigint(trace.startedWallMicroseconds / 1000))
    let session = row.entry(clustering: nil).map { [$0] } ?? []
    let mutations = [(events, entries), (sessions, session)].filter { !$0.1.isEmpty }.map { table, entries in
      Mutation(table: table.id, incarnation: table.incarnation, partition: Partition(key: key, entries: entries))
    }
    counters.traces += 1
    data.write(
      WriteRequest(keyspace: Schema.traces.name, mutations: mutations, consistency: .any, kind: .unloggedBatch)
    ) { _ in
      // A trace that cannot be kept is lost, as in Cassandra.
    }
  }

  /// What a statement brings to its trace.
  func traceParameters(_ statement: PreparedStatement, _ options: QueryOptions) -> [String: String] {
    var parameters = ["query": statement.text]
    guard case .positional(let values) = options.values else { return parameters }
    for (index, (value, variable)) in zip(values, statement.variables.columns).enumerated() {
      let shown =
        switch value {
        case .bytes(let bytes): (try? variable.type.validate(bytes)) == nil ? "?" : variable.type.literal(of: bytes)
        case .null: "null"
        case .unset: "unset"
        }
      parameters["bound_var_\(index)_\(variable.name)"] = String(shown.prefix(TraceNotes.maxShownCharacters))
    }
    return parameters
  }
}

/// What a session's row says besides the events.
private struct TraceNotes {
  static let maxShownCharacters = 1000

  var request: String
  var client: String?
  var parameters: [String: String]

  /// Without a port behind it.
  var clientAddress: [UInt8]? {
    guard let client else { return nil }
    if let bytes = InternetAddress.bytes(client) { return bytes }
    guard let colon = client.lastIndex(of: ":") else { return nil }
    return InternetAddress.bytes(client[..<colon].filter { $0 != "[" && $0 != "]" })
  }
}

/// A row of a trace, its columns set by name.
private struct TraceRow {
  static let timeToLiveSeconds: Int32 = 24 * 3600

  struct Times {
    var timestampMicroseconds: Int64
    var nowInSeconds: Int64
  }

  let table: Table
  let times: Times
  private var row: Row

  init(table: Table, times: Times) {
    self.table = table
    self.times = times
    row = Row(
      liveness: Liveness(
        timestampMicroseconds: times.timestampMicroseconds, ttlSeconds: Self.timeToLiveSeconds,
        expirySeconds: times.nowInSeconds + Int64(Self.timeToLiveSeconds)))
  }

  private mutating func append(_ column: Column, path: [UInt8]?, _ value: [UInt8]) {
    row.cells.append(
      Cell(
        column: column.id, path: path, timestampMicroseconds: times.timestampMicroseconds,
        ttlSeconds: Self.timeToLiveSeconds,
        localDeletionSeconds: times.nowInSeconds + Int64(Self.timeToLiveSeconds), value: value))
  }

  mutating func set(_ name: String, _ value: [UInt8]?) {
    guard let value, let column = table.column(named: name) else { return }
    append(column, path: nil, value)
  }

  mutating func set(_ name: String, _ values: [String: String]) {
    guard let column = table.column(named: name) else { return }
    for (key, value) in values { append(column, path: Array(key.utf8), Array(value.utf8)) }
  }

  func entry(clustering: [UInt8]?) -> Entry? {
    var row = row
    row.normalize()
    var bytes: [UInt8] = []
    if let clustering, let column = table.clustering.first {
      do throws(DecodeError) {
        try ClusteringCodec.encode(clustering, type: column.type, isDescending: false, to: &bytes)
      } catch { return nil }
    }
    return .row(clustering: bytes, row)
  }
}
