import Base
import Coordinator
import Data
import Frames
import Query
import Ring
import Testing
import World

@testable import Server

@Suite struct CQLConnectionTests {
  @Test func startsAsDriversDo() throws {
    let bed = try CQLBed()
    let client = bed.client()
    guard case .supported(let options) = try client.ask(.options) else {
      Issue.record("not supported")
      return
    }
    #expect(options["CQL_VERSION"] == ["3.4.7"])
    #expect(options["COMPRESSION"] == ["lz4", "snappy"])
    #expect(options["PROTOCOL_VERSIONS"] == ["3/v3", "4/v4", "5/v5"])
    #expect(try client.ask(.startup(options: ["CQL_VERSION": "4.0.0", "DRIVER_NAME": "x"])) == .ready)
    #expect(try client.ask(.register(eventTypes: ["SCHEMA_CHANGE", "STATUS_CHANGE"])) == .ready)
    guard case .rows(let rows) = try client.query("SELECT * FROM system.local WHERE key='local'") else {
      Issue.record("no rows")
      return
    }
    #expect(rows.rows.count == 1)
    #expect(rows.columns.contains { $0.name == "release_version" })
    // The heartbeat of an idle connection.
    guard case .supported = try client.ask(.options) else {
      Issue.record("not supported")
      return
    }
    #expect(bed.listener.counters.requests(.options) == 2)
    #expect(bed.listener.counters.latency.total == 1)
  }

  /// cassandra-driver 3.30 tries 0x42 and 0x41 before 4, each on a connection of its own.
  @Test(arguments: [UInt8(0x42), 0x41, 6, 2, 1])
  func refusesAnotherVersionInItsOwn(version: UInt8) throws {
    let bed = try CQLBed()
    let client = bed.client()
    client.send([version, 0, 0, 9, 5, 0, 0, 0, 0])
    let frame = try #require(try client.frames().first)
    #expect(frame.header.version == .v5)
    #expect(frame.header.stream == 9)
    #expect(frame.header.flags == [])
    let text = "Invalid or unsupported protocol version (\(version)); supported versions are (3/v3, 4/v4, 5/v5)"
    #expect(frame.body.response == .error(ErrorMessage(.protocolError, text)))
    #expect(client.isClosed)
    #expect(bed.listener.counters.connectionsNow == 0)
  }

  @Test(arguments: [
    (
      Request.query("SELECT", QueryParameters(consistency: 1)), "Unexpected message QUERY, expecting STARTUP or OPTIONS"
    ),
    (.startup(options: [:]), "Missing value CQL_VERSION in STARTUP message"),
    (.startup(options: ["CQL_VERSION": "3.0.0", "COMPRESSION": "zip"]), "Unknown compression algorithm: zip"),
    (.authResponse([0]), "Unexpected message AUTH_RESPONSE, expecting STARTUP or OPTIONS"),
  ])
  func refusesWhatMayNotComeFirst(request: Request, message: String) throws {
    let bed = try CQLBed()
    let client = bed.client()
    #expect(try client.ask(request) == .error(ErrorMessage(.protocolError, message)))
    #expect(client.isClosed)
  }

  @Test func refusesASecondStartup() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient()
    guard case .error(let error) = try client.ask(.startup(options: ["CQL_VERSION": "3.0.0"])) else {
      Issue.record("started twice")
      return
    }
    #expect(error.code == .protocolError)
    #expect(client.isClosed)
  }

  @Test func preparesAndExecutes() throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    let client = try bed.readyClient(withTable: true)
    let insert = try client.prepare("INSERT INTO k.t (a, b) VALUES (?, ?)")
    #expect(insert.id.count == 16)
    #expect(insert.markers.map(\.name) == ["a", "b"])
    #expect(insert.markers.map(\.type) == [.int, .text])
    #expect(insert.partitionKeyIndices == [0])
    #expect(insert.resultColumns.isEmpty)
    let values: [BoundValue] = [.bytes([0, 0, 0, 1]), .bytes(Array("x".utf8))]
    let execute = Request.execute(id: insert.id, QueryParameters(consistency: 4, values: values))
    #expect(try client.ask(execute) == .void)
    #expect(bed.data.requests.count == 1)
    #expect(bed.data.requests[0].consistency == .quorum)
    #expect(bed.data.requests[0].mutations[0].partition.key.bytes == [0, 0, 0, 1])
    // Another connection may run it too.
    let other = try bed.readyClient()
    #expect(try other.ask(execute) == .void)
  }

  @Test func leavesMetadataOutWhenAsked() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient()
    let select = try client.prepare("SELECT key, cluster_name FROM system.local")
    #expect(select.resultColumns.map(\.name) == ["key", "cluster_name"])
    for skips in [true, false] {
      let parameters = QueryParameters(consistency: 1, skipsMetadata: skips)
      guard case .rows(let rows) = try client.ask(.execute(id: select.id, parameters)) else {
        Issue.record("no rows")
        return
      }
      #expect(rows.columns == (skips ? [] : select.resultColumns))
      #expect(rows.rows == [[Array("local".utf8), Array("Test Cluster".utf8)]])
    }
  }

  @Test func anUnknownIDIsUnprepared() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient()
    for id in [[UInt8](repeating: 7, count: 16), [1, 2, 3], []] {
      guard case .error(let error) = try client.ask(.execute(id: id, QueryParameters(consistency: 1))) else {
        Issue.record("executed")
        return
      }
      #expect(error.code == .unprepared)
      #expect(error.details == .unprepared(id: id))
    }
    #expect(!client.isClosed)
  }

  @Test func failuresComeWithTheirBodies() throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    let client = try bed.readyClient(withTable: true)
    bed.data.failure = .unavailable(.quorum, required: 2, alive: 1)
    #expect(
      try client.query("INSERT INTO k.t (a, b) VALUES (1, 'x')")
        == .error(
          ErrorMessage(
            .unavailable, "Cannot achieve consistency level QUORUM",
            details: .unavailable(consistency: 4, required: 2, alive: 1))))
    bed.data.failure = .writeTimeout(.quorum, received: 1, required: 2, .simple)
    guard case .error(let error) = try client.query("INSERT INTO k.t (a, b) VALUES (1, 'x')") else {
      Issue.record("written")
      return
    }
    #expect(error.details == .writeTimeout(consistency: 4, received: 1, required: 2, writeType: "SIMPLE"))
    guard case .error(let exists) = try client.query("CREATE TABLE k.t (a int PRIMARY KEY)") else {
      Issue.record("made twice")
      return
    }
    #expect(exists.details == .alreadyExists(keyspace: "k", table: "t"))
    #expect(bed.listener.counters.errors.map(\.code) == [0x1000, 0x1100, 0x2400])
  }

  @Test func useIsOfOneConnection() throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    let client = try bed.readyClient(withTable: true)
    let other = try bed.readyClient()
    #expect(try client.query("USE k") == .setKeyspace("k"))
    #expect(try client.query("INSERT INTO t (a, b) VALUES (1, 'x')") == .void)
    guard case .error(let error) = try other.query("INSERT INTO t (a, b) VALUES (1, 'x')") else {
      Issue.record("the keyspace of another connection was used")
      return
    }
    #expect(error.code == .invalid)
  }

  @Test func runsBatches() throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    let client = try bed.readyClient(withTable: true)
    let insert = try client.prepare("INSERT INTO k.t (a, b) VALUES (?, ?)")
    let batch = BatchRequest(
      kind: .unlogged,
      statements: [
        .init(.text("INSERT INTO k.t (a, b) VALUES (1, 'x')")),
        .init(.prepared(insert.id), values: [.bytes([0, 0, 0, 1]), .null]),
      ], consistency: 1, defaultTimestampMicroseconds: 5)
    #expect(try client.ask(.batch(batch)) == .void)
    #expect(bed.data.requests[0].mutations.count == 1)
  }

  @Test func answersAsTheyAreDone() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true)
    let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))
    let sends = bed.net.sends
    client.send((10..<30).flatMap { CQLClient.frame(insert, stream: $0) })
    #expect(bed.data.writes.count == 20)
    #expect(try client.frames().isEmpty)
    for completion in bed.data.writes.reversed() { completion(nil) }
    bed.data.writes = []
    bed.net.pump()
    #expect(try client.frames().map(\.header.stream) == (10..<30).reversed())
    // One send for the twenty requests, one for the twenty answers.
    #expect(bed.net.sends == sends + 2)
  }

  @Test func anAnswerAfterTheEndGoesNowhere() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true)
    client.send(
      CQLClient.frame(
        .query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1)), stream: 1))
    client.stream?.close()
    bed.net.pump()
    #expect(bed.listener.counters.connectionsNow == 0)
    #expect(bed.listener.counters.inFlightNow == 1)
    bed.data.answerWrites()
    bed.net.pump()
    #expect(bed.listener.counters.inFlightNow == 0)
  }

  @Test func tellsEventsToWhoRegistered() throws {
    let bed = try CQLBed()
    let deaf = try bed.readyClient()
    let client = try bed.readyClient()
    try client.ask(.register(eventTypes: ["SCHEMA_CHANGE", "STATUS_CHANGE"]))
    bed.listener.publish(.schemaChange(SchemaChangeEvent(change: .created, target: .table, keyspace: "k", name: "t")))
    bed.listener.publish(.statusChange(.down, bed.member))
    bed.listener.publish(.topologyChange(.newNode, bed.member))
    bed.net.pump()
    let address = InetAddress(bytes: [127, 0, 0, 1], port: 9042)
    let change = SchemaChangeMessage(change: "CREATED", target: "TABLE", keyspace: "k", name: "t")
    let frames = try client.frames()
    #expect(frames.map(\.body.response) == [.event(.schemaChange(change)), .event(.statusChange(.down, address))])
    #expect(frames.allSatisfy { $0.header.stream == -1 })
    #expect(try deaf.frames().isEmpty)
    guard case .error(let error) = try client.ask(.register(eventTypes: ["NONSENSE"])) else {
      Issue.record("registered")
      return
    }
    #expect(error.message == "Invalid value 'NONSENSE' for Type")
  }
}
