// A driver's connection whose news come when it has just stopped reading, or just ended: TLS hands on what it has
// decrypted already, and a handshake may be over only after the listener began to drain.

import Base
import Frames
import Query
import Testing
import World

@testable import Server

@Suite struct CQLPauseTests {
  private let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))

  private static func stream(_ client: CQLClient) throws -> NetStream {
    try #require((client.stream as? NetStream)?.other)
  }

  /// "Bytes already in hand are still delivered" (`ByteStream.pauseReading`).
  @Test(arguments: [ProtocolVersion.v4, .v5], [1, 7, 60, 64 << 10])
  func bytesThatComeAfterAPauseAreTakenInOrder(version: ProtocolVersion, pieceBytes: Int) throws {
    var configuration = CQLConfiguration()
    configuration.maxInFlightPerConnection = 2
    let bed = try CQLBed(configuration)
    let client = try bed.readyClient(withTable: true, version)
    let handler = try #require(try Self.stream(client).handler)
    var bytes = ByteWriter()
    for start in [1, 5, 9] as [Int16] {
      let frames = (start..<(start + 4)).flatMap { client.frame(insert, stream: $0) }
      if version.hasSegments {
        SegmentWriter.seal(frames.span.bytes, isCompressed: false, to: &bytes)
      } else {
        bytes.append(frames)
      }
    }
    let all = bytes.bytes
    for start in stride(from: 0, to: all.count, by: pieceBytes) {
      let piece = Array(all[start..<min(all.count, start + pieceBytes)])
      piece.withReader { (reader: inout ByteReader) in handler.received(reader.rest()) }
    }
    #expect(bed.data.writes.count == 2)
    var answered: [Int16] = []
    while !bed.data.writes.isEmpty {
      bed.data.writes.removeFirst()(nil)
      bed.net.pump()
      answered += try client.frames().map(\.header.stream)
    }
    #expect(answered == Array(1...12))
    #expect(bed.listener.counters.protocolErrors == 0)
  }

  /// OPTIONS may come before STARTUP as often as a client likes, so the connection may be paused by then.
  @Test func segmentsBeginAlsoWhereStartupWasHeldBack() throws {
    var configuration = CQLConfiguration()
    configuration.maxUnsentBytes = 256 << 10
    let bed = try CQLBed(configuration)
    let client = bed.client(.v5)
    let server = try Self.stream(client)
    server.isBlocked = true
    let options = client.frame(.options, stream: 1)
    let count = 6000
    var segments = ByteWriter()
    SegmentWriter.seal(client.frame(.options, stream: 3).span.bytes, isCompressed: false, to: &segments)
    client.send(
      (0..<count).flatMap { _ in options } + client.frame(.startup(options: ["CQL_VERSION": "3.0.0"]), stream: 2)
        + segments.bytes)
    #expect(server.isPaused)
    server.unblock()
    bed.net.pump()
    #expect(!server.isPaused)
    #expect(bed.listener.counters.requests(.startup) == 1)
    #expect(bed.listener.counters.requests(.options) == UInt64(count + 1))
    client.send(segments.bytes)
    #expect(bed.listener.counters.requests(.options) == UInt64(count + 2))
    #expect(bed.listener.counters.protocolErrors == 0)
  }

  /// Under TLS a connection is accepted a while before it opens.
  @Test func whoOpensAfterDrainingBeganIsEnded() throws {
    let bed = try CQLBed()
    let stream = NetStream(net: bed.net, local: CQLBed.endpoint, peer: Endpoint("127.0.0.9", 50_000))
    let connection = CQLConnection(bed.listener)
    connection.drain()
    connection.opened(stream)
    #expect(stream.isFinishing)
    #expect(!stream.isPaused)
  }
}
