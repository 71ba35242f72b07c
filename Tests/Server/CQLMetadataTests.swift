// What v5 adds to statements: ids of results' metadata, a keyspace and a moment for each, traces.

import Base
import Data
import Frames
import Query
import Ring
import Testing
import World

@testable import Server

@Suite struct CQLMetadataTests {
  private func rows(_ response: Response) throws -> RowsResponse {
    guard case .rows(let rows) = response else { throw NotPrepared(answer: response) }
    return rows
  }

  /// Answers the one read with nothing.
  private func ask(_ client: CQLClient, _ request: Request, _ bed: CQLBed) throws -> RowsResponse {
    client.send(frames: client.frame(request, stream: 77))
    bed.data.reads.removeFirst()(.success(ReadResponse(partitions: [], hasMore: false)))
    bed.net.pump()
    let frame = try #require(try client.frames().first)
    return try rows(frame.body.response)
  }

  @Test func v5IsToldWhenTheColumnsChange() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true, .v5)
    let select = try client.prepare("SELECT * FROM k.t WHERE a = ?")
    let first = try #require(select.resultMetadataID)
    #expect(first.count == 16)
    #expect(select.resultColumns.map(\.name) == ["a", "b"])
    func execute(_ metadataID: [UInt8], skips: Bool = true) -> Request {
      .execute(
        id: select.id, resultMetadataID: metadataID,
        QueryParameters(consistency: 1, values: [.bytes([0, 0, 0, 1])], skipsMetadata: skips))
    }
    let same = try ask(client, execute(first), bed)
    #expect(same.columns.isEmpty)
    #expect(same.newMetadataID == nil)
    #expect(try ask(client, execute(first, skips: false), bed).columns.count == 2)
    try client.query("ALTER TABLE k.t ADD c int")
    let changed = try ask(client, execute(first), bed)
    #expect(changed.columns.map(\.name) == ["a", "b", "c"])
    let second = try #require(changed.newMetadataID)
    #expect(second != first)
    let known = try ask(client, execute(second), bed)
    #expect(known.columns.isEmpty)
    #expect(known.columnCount == 3)
    #expect(known.newMetadataID == nil)
    // Who prepares now gets the new id; who never heard of it is told again.
    #expect(try client.prepare("SELECT * FROM k.t WHERE a = ?").resultMetadataID == second)
    #expect(try ask(client, execute(first), bed).newMetadataID == second)
    #expect(try ask(client, execute([]), bed).newMetadataID == second)
  }

  /// What DESCRIBE answers is not known when it is prepared.
  @Test func whatHasNoIDIsToldEachTime() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true, .v5)
    let describe = try client.prepare("DESCRIBE KEYSPACES")
    var known = try #require(describe.resultMetadataID)
    for _ in 0..<3 {
      let execute = Request.execute(
        id: describe.id, resultMetadataID: known, QueryParameters(consistency: 1, skipsMetadata: true))
      let answer = try rows(try client.ask(execute))
      #expect(answer.columns.count == answer.columnCount)
      #expect(answer.columnCount > 0)
      known = try #require(answer.newMetadataID)
    }
    let older = try bed.readyClient()
    let same = try older.prepare("DESCRIBE KEYSPACES")
    let execute = Request.execute(id: same.id, QueryParameters(consistency: 1, skipsMetadata: true))
    #expect(try rows(older.ask(execute)).columns.count == 3)
  }

  @Test func equalColumnsHaveEqualIDs() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true, .v5)
    let one = try client.prepare("SELECT a, b FROM k.t WHERE a = ?")
    let other = try client.prepare("SELECT a, b FROM k.t")
    #expect(one.id != other.id)
    #expect(one.resultMetadataID == other.resultMetadataID)
    #expect(try client.prepare("SELECT b, a FROM k.t").resultMetadataID != one.resultMetadataID)
    let insert = try client.prepare("INSERT INTO k.t (a) VALUES (?)")
    #expect(insert.resultMetadataID?.count == 16)
    #expect(insert.resultMetadataID != one.resultMetadataID)
  }

  /// Who skips metadata up to v4 reads rows by the columns of his PREPARE: once they are others he prepares again, on
  /// each connection.
  @Test(arguments: [ProtocolVersion.v3, .v4])
  func anOlderClientPreparesAgainWhenTheColumnsChange(version: ProtocolVersion) throws {
    let bed = try CQLBed()
    let clients = [try bed.readyClient(withTable: true, version), try bed.readyClient(version)]
    let text = "SELECT * FROM k.t WHERE a = ?"
    let select = try clients[0].prepare(text)
    func execute(_ client: CQLClient, skips: Bool = true) throws -> Response {
      let parameters = QueryParameters(consistency: 1, values: [.bytes([0, 0, 0, 1])], skipsMetadata: skips)
      client.send(frames: client.frame(.execute(id: select.id, parameters), stream: 77))
      bed.data.reads.removeFirst()(.success(ReadResponse(partitions: [], hasMore: false)))
      bed.net.pump()
      return try #require(try client.frames().first).body.response
    }
    #expect(try rows(execute(clients[0])).columns.isEmpty)
    try clients[0].query("CREATE TABLE k.u (a int PRIMARY KEY)")
    #expect(try rows(execute(clients[0])).columns.isEmpty)
    try clients[0].query("ALTER TABLE k.t ADD c int")
    for client in clients {
      guard case .error(let error) = try execute(client) else {
        Issue.record("rows of other columns without metadata")
        return
      }
      #expect(error.details == .unprepared(id: select.id))
      #expect(try rows(execute(client, skips: false)).columns.map(\.name) == ["a", "b", "c"])
      let again = try client.prepare(text)
      #expect(again.id == select.id)
      #expect(again.resultColumns.map(\.name) == ["a", "b", "c"])
      #expect(try rows(execute(client)).columns.isEmpty)
    }
    try clients[0].query("CREATE TABLE k.v (a int PRIMARY KEY)")
    #expect(try rows(execute(clients[0])).columns.isEmpty)
    try clients[0].query("ALTER TABLE k.t ADD d int")
    guard case .error = try execute(clients[0]) else {
      Issue.record("rows of other columns without metadata")
      return
    }
  }

  @Test func eachStatementMayNameItsKeyspace() throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    let client = try bed.readyClient(withTable: true, .v5)
    try client.query("CREATE KEYSPACE l WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    try client.query("CREATE TABLE l.t (a int PRIMARY KEY, z text)")
    #expect(try client.query("USE k") == .setKeyspace("k"))
    let text = "INSERT INTO t (a) VALUES (1)"
    #expect(try client.ask(.query(text, QueryParameters(consistency: 1))) == .void)
    #expect(try client.ask(.query(text, QueryParameters(consistency: 1, keyspace: "l"))) == .void)
    let batch = BatchRequest(kind: .unlogged, statements: [.init(.text(text))], consistency: 1, keyspace: "l")
    #expect(try client.ask(.batch(batch)) == .void)
    #expect(bed.data.requests.map(\.keyspace) == ["k", "l", "l"])
    guard case .prepared(let own) = try client.ask(.prepare("SELECT * FROM t")),
      case .prepared(let other) = try client.ask(.prepare("SELECT * FROM t", keyspace: "l"))
    else {
      Issue.record("not prepared")
      return
    }
    #expect(own.id != other.id)
    #expect(own.resultColumns.map(\.name) == ["a", "b"])
    #expect(other.resultColumns.map(\.name) == ["a", "z"])
    #expect(other.resultColumns.map(\.keyspace) == ["l", "l"])
  }

  @Test func theMomentTravelsToTheReplicas() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true, .v5)
    for moment in [1000, 0] as [Int32] {
      let query = Request.query(
        "SELECT * FROM k.t WHERE a = 1", QueryParameters(consistency: 1, nowInSeconds: moment))
      client.send(frames: client.frame(query, stream: 1))
      #expect(bed.data.commands.last?.nowInSeconds == Int64(moment))
      bed.data.reads.removeFirst()(.success(ReadResponse(partitions: [], hasMore: false)))
      bed.net.pump()
      _ = try client.frames()
    }
    let early = Request.query("SELECT * FROM k.t WHERE a = 1", QueryParameters(consistency: 1, nowInSeconds: -1))
    guard case .error(let error) = try client.ask(early) else {
      Issue.record("a moment before the epoch was taken")
      return
    }
    #expect(error.code == .invalid)
  }

  @Test(arguments: ProtocolVersion.allCases)
  func aTraceIsNamedInTheAnswer(version: ProtocolVersion) throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    let client = try bed.readyClient(withTable: true, version)
    let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))
    #expect(try client.asked(insert).traceID == nil)
    let traced = try client.asked(insert, flags: .tracing)
    #expect(traced.response == .void)
    #expect(traced.traceID != nil)
    // PREPARE is not traced, and must not break by being asked to.
    let prepared = try client.asked(.prepare("SELECT * FROM k.t"), flags: .tracing)
    guard case .prepared = prepared.response else {
      Issue.record("not prepared")
      return
    }
  }

  @Test(arguments: [ProtocolVersion.v4, .v5])
  func aCustomPayloadIsPassedOver(version: ProtocolVersion) throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(version)
    let plain = client.frame(.query("SELECT key FROM system.local", QueryParameters(consistency: 1)), stream: 9)
    var body = ByteWriter()
    body.uint16(1)
    body.shortString("key")
    body.longBytes([1, 2, 3])
    body.append(Array(plain[FrameHeader.bytes...]))
    var frame = ByteWriter()
    FrameHeader(
      version: version, isResponse: false, flags: .customPayload, stream: 9, opcode: .query, bodyBytes: body.count
    ).encode(to: &frame)
    frame.append(body.bytes)
    client.send(frames: frame.bytes)
    let answer = try #require(try client.frames().first)
    #expect(answer.header.flags == [])
    _ = try rows(answer.body.response)
  }

  @Test func namedAndUnsetValuesReachTheStatement() throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    for version in ProtocolVersion.allCases {
      let client = try bed.readyClient(withTable: version == .v3, version)
      let parameters = QueryParameters(
        consistency: 1, values: [.bytes(Array("x".utf8)), .bytes([0, 0, 0, 1])], names: ["text", "key"])
      #expect(try client.ask(.query("INSERT INTO k.t (a, b) VALUES (:key, :text)", parameters)) == .void)
      let unset = QueryParameters(consistency: 1, values: [.bytes([0, 0, 0, 1]), .unset])
      #expect(try client.ask(.query("INSERT INTO k.t (a, b) VALUES (?, ?)", unset)) == .void)
    }
    let entries = bed.data.requests.map { $0.mutations[0].partition.entries[0].value.count }
    #expect(bed.data.requests.allSatisfy { $0.mutations[0].partition.key.bytes == [0, 0, 0, 1] })
    // A null is a tombstone, an unset value nothing.
    #expect(entries.count == 6)
    #expect(entries[3] < entries[1])
    #expect(entries[5] == entries[3])
  }
}
