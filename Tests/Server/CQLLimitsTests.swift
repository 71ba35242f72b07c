// What a driver's connection does when bytes are cut, wrong, too many or too long.

import Base
import Data
import Frames
import Query
import Testing
import World

@testable import Server

@Suite struct CQLLimitsTests {
  private let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))

  /// A session's requests in bytes, streams 1 to 4.
  private var session: [UInt8] {
    CQLClient.frame(.options, stream: 1) + CQLClient.frame(.startup(options: ["CQL_VERSION": "3.0.0"]), stream: 2)
      + CQLClient.frame(.register(eventTypes: ["STATUS_CHANGE"]), stream: 3)
      + CQLClient.frame(
        .query("SELECT key FROM system.local WHERE key='local'", QueryParameters(consistency: 1)), stream: 4)
  }

  @Test(arguments: [1, 2, 3, 7, 8, 9, 10, 64, 1000])
  func answersAlikeHoweverBytesCome(pieceBytes: Int) throws {
    let bed = try CQLBed()
    bed.net.pieceBytes = pieceBytes
    let client = bed.client()
    client.send(session)
    #expect(try client.frames().map(\.header.stream) == [1, 2, 3, 4])
  }

  @Test func aSessionCutAnywhereEndsQuietly() throws {
    for length in 0..<session.count {
      let bed = try CQLBed()
      let client = bed.client()
      client.send(Array(session.prefix(length)))
      client.stream?.finish()
      bed.net.pump()
      #expect(bed.listener.counters.connectionsNow == 0, "cut at \(length)")
      #expect(bed.listener.counters.protocolErrors == 0, "cut at \(length)")
    }
  }

  @Test func damagedSessionsNeverTrapOrLinger() throws {
    let seed: UInt64 = 0x4351_4C
    var generator = SeededGenerator(seed: seed)
    for round in 0..<600 {
      let bed = try CQLBed()
      bed.net.pieceBytes = 1 + generator.below(40)
      var bytes = session + CQLClient.frame(insert, stream: 5)
      for _ in 0...generator.below(5) {
        let at = generator.below(bytes.count)
        if generator.oneIn(2) { bytes[at] = UInt8(generator.below(256)) } else { bytes.remove(at: at) }
      }
      let client = bed.client()
      client.send(bytes)
      client.stream?.finish()
      bed.net.pump()
      bed.data.answerWrites()
      bed.net.pump()
      #expect(bed.listener.counters.connectionsNow == 0, "seed \(seed) round \(round)")
      #expect(bed.listener.counters.inFlightNow == 0, "seed \(seed) round \(round)")
    }
  }

  @Test(arguments: [
    ("0400000507ffffffff", "Invalid frame length: -1 bytes"), ("040000056300000000", "Unknown opcode 99"),
    ("840000050500000000", "Wrong protocol direction, expected a request"),
    ("040100050500000000", "Received a compressed frame, but no compression has been agreed upon"),
    ("0400000507000000020000", "Invalid QUERY message: the bytes end too early"),
    ("04000005070000000900000002c328000100", "Invalid QUERY message: not valid UTF-8"),
  ])
  func aFrameThatCannotBeReadEndsTheConnectionBehindTheRest(hex: String, message: String) throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true)
    let broken = try #require(Hex.decode(hex))
    client.send(CQLClient.frame(insert, stream: 4) + broken + CQLClient.frame(insert, stream: 6))
    let first = try client.frames()
    #expect(first.map(\.body.response) == [.error(ErrorMessage(.protocolError, message))])
    #expect(first.map(\.header.stream) == [5])
    #expect(!client.isClosed)
    // What was asked before is still answered; what came behind is not run.
    #expect(bed.data.writes.count == 1)
    bed.data.answerWrites()
    bed.net.pump()
    #expect(try client.frames().map(\.header.stream) == [4])
    #expect(client.isClosed)
  }

  @Test func passesOverABodyThatIsTooLong() throws {
    var configuration = CQLConfiguration()
    configuration.limits.maxBodyBytes = 1000
    let bed = try CQLBed(configuration)
    bed.net.pieceBytes = 300
    let client = try bed.readyClient(withTable: true)
    let long = Request.query(String(repeating: "x", count: 5000), QueryParameters(consistency: 1))
    client.send(CQLClient.frame(long, stream: 8) + CQLClient.frame(.options, stream: 9))
    let frames = try client.frames()
    #expect(frames.map(\.header.stream) == [8, 9])
    let text = "Request is too big: length 5007 exceeds maximum allowed length 1000."
    #expect(frames.first?.body.response == .error(ErrorMessage(.invalid, text)))
    #expect(!client.isClosed)
  }

  @Test func readsLittleBeforeStartup() throws {
    let bed = try CQLBed()
    let client = bed.client()
    let header = FrameHeader(isResponse: false, stream: 3, opcode: .authResponse, bodyBytes: 256 << 20)
    var writer = ByteWriter()
    header.encode(to: &writer)
    client.send(writer.bytes)
    guard case .error(let error) = try client.frames().first?.body.response else {
      Issue.record("no answer")
      return
    }
    #expect(error.code == .protocolError)
    #expect(client.isClosed)
  }

  @Test func stopsReadingAtTheLimitAndGoesOn() throws {
    var configuration = CQLConfiguration()
    configuration.maxInFlightPerConnection = 4
    let bed = try CQLBed(configuration)
    let client = try bed.readyClient(withTable: true)
    client.send((1...20).flatMap { CQLClient.frame(insert, stream: $0) })
    #expect(bed.data.writes.count == 4)
    #expect(bed.listener.counters.pauses == 1)
    var answered: [Int16] = []
    while !bed.data.writes.isEmpty {
      #expect(bed.data.writes.count <= 4)
      bed.data.writes.removeFirst()(nil)
      bed.net.pump()
      answered += try client.frames().map(\.header.stream)
    }
    #expect(answered == Array(1...20))
  }

  @Test func answersThatComeAtOnceDoNotCountAsUnderWay() throws {
    var configuration = CQLConfiguration()
    configuration.maxInFlightPerConnection = 1
    let bed = try CQLBed(configuration)
    bed.data.isPrompt = true
    let client = try bed.readyClient(withTable: true)
    client.send((1...2000).flatMap { CQLClient.frame(insert, stream: $0) })
    #expect(try client.frames().count == 2000)
  }

  @Test func aNodeWithTooMuchUnderWaySaysSo() throws {
    var configuration = CQLConfiguration()
    configuration.maxInFlight = 3
    let bed = try CQLBed(configuration)
    let client = try bed.readyClient(withTable: true)
    client.send((1...4).flatMap { CQLClient.frame(insert, stream: $0) })
    guard case .error(let error) = try client.frames().first?.body.response else {
      Issue.record("no answer")
      return
    }
    #expect(error.code == .overloaded)
    bed.data.answerWrites()
    bed.net.pump()
    #expect(try client.frames().map(\.header.stream) == [1, 2, 3])
  }

  @Test func doesNotReadWhoDoesNotRead() throws {
    var configuration = CQLConfiguration()
    configuration.maxUnsentBytes = 300 << 10
    let bed = try CQLBed(configuration)
    let client = try bed.readyClient()
    let server = try #require((client.stream as? NetStream)?.other)
    server.isBlocked = true
    let select = Request.query("SELECT * FROM system_schema.columns", QueryParameters(consistency: 1))
    for stream in 1...200 { client.send(CQLClient.frame(select, stream: Int16(stream))) }
    let queued = server.queuedBytes
    #expect(queued < 2 << 20)
    #expect(server.isPaused)
    server.unblock()
    bed.net.pump()
    #expect(try client.frames().count == 200)
    #expect(!server.isPaused)
  }

  @Test func refusesConnectionsOverTheLimit() throws {
    var configuration = CQLConfiguration()
    configuration.maxConnections = 2
    let bed = try CQLBed(configuration)
    let first = try bed.readyClient()
    _ = try bed.readyClient()
    let third = bed.client()
    #expect(third.isClosed)
    #expect(bed.listener.counters.connectionsRefused == 1)
    first.stream?.finish()
    bed.net.pump()
    _ = try bed.readyClient()
  }

  @Test func endsAConnectionThatNeverStarts() throws {
    let bed = try CQLBed()
    let idle = bed.client()
    idle.send([4, 0, 0])
    let started = try bed.readyClient()
    bed.net.pass(.seconds(61))
    #expect(idle.isClosed)
    #expect(!started.isClosed)
    #expect(bed.net.timers.count == 0)
  }

  @Test func drains() throws {
    let bed = try CQLBed()
    let busy = try bed.readyClient(withTable: true)
    let idle = try bed.readyClient()
    busy.send(CQLClient.frame(insert, stream: 5))
    var isDrained = false
    bed.listener.drain { isDrained = true }
    bed.net.pump()
    #expect(idle.isClosed)
    #expect(!isDrained)
    busy.send(CQLClient.frame(insert, stream: 6))
    #expect(bed.data.writes.count == 1)
    bed.data.answerWrites()
    bed.net.pump()
    #expect(try busy.frames().map(\.header.stream) == [5])
    #expect(busy.isClosed)
    #expect(isDrained)
    #expect(bed.client().failure == .refused(CQLBed.endpoint))
  }
}
