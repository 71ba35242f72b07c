// Each version's connection: what is agreed upon at STARTUP, how requests and answers travel, and what ends it.

import Access
import Base
import Data
import Query
import Testing
import World

@testable import Frames
@testable import Server

@Suite struct CQLVersionTests {
  private static let ways: [(ProtocolVersion, FrameCompression?)] = [
    (.v3, nil), (.v3, .lz4), (.v3, .snappy), (.v4, nil), (.v4, .lz4), (.v4, .snappy), (.v5, nil), (.v5, .lz4),
  ]

  @Test(arguments: ways, [1, 5, 64 << 10])
  func speaksEachVersionAndCompression(way: (ProtocolVersion, FrameCompression?), pieceBytes: Int) throws {
    let bed = try CQLBed()
    bed.data.isPrompt = true
    bed.net.pieceBytes = pieceBytes
    let (version, compression) = way
    let client = try bed.readyClient(withTable: true, version, compression: compression)
    let insert = try client.prepare("INSERT INTO k.t (a, b) VALUES (?, ?)")
    #expect(insert.partitionKeyIndices == (version >= .v4 ? [0] : []))
    #expect(insert.resultMetadataID?.count == (version >= .v5 ? 16 : nil))
    let long = [UInt8](repeating: 0x61, count: pieceBytes < 100 ? 2000 : 300_000)
    let execute = Request.execute(
      id: insert.id, resultMetadataID: insert.resultMetadataID,
      QueryParameters(consistency: 4, values: [.bytes([0, 0, 0, 1]), .bytes(long)]))
    #expect(try client.ask(execute) == .void)
    #expect(bed.data.requests.count == 1)
    guard case .rows(let rows) = try client.query("SELECT * FROM system_schema.tables") else {
      Issue.record("no rows")
      return
    }
    #expect(rows.rows.count > 10)
    #expect(!client.isClosed)
    #expect(bed.listener.counters.protocolErrors == 0)
  }

  @Test(arguments: [ProtocolVersion.v3, .v4, .v5])
  func optionsMayComeBeforeInAnotherVersion(version: ProtocolVersion) throws {
    let bed = try CQLBed()
    let client = bed.client(version)
    for other in ProtocolVersion.allCases {
      var writer = ByteWriter()
      Request.options.encode(stream: 3, version: other, to: &writer)
      client.send(writer.bytes)
      #expect(try client.frames().map(\.header.version) == [other])
    }
    #expect(try client.start() == .ready)
  }

  @Test func theVersionStays() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient()
    var writer = ByteWriter()
    Request.options.encode(stream: 3, version: .v3, to: &writer)
    client.send(writer.bytes)
    let frame = try #require(try client.frames().first)
    let text = "Invalid message version. Got 3/v3 but previous messages on this connection had version 4/v4"
    #expect(frame.body.response == .error(ErrorMessage(.protocolError, text)))
    #expect(frame.header.version == .v4)
    #expect(frame.header.stream == 3)
    #expect(client.isClosed)
  }

  @Test func snappyIsRefusedInV5() throws {
    let bed = try CQLBed()
    let client = bed.client(.v5)
    let answer = try client.ask(.startup(options: ["CQL_VERSION": "3.0.0", "COMPRESSION": "snappy"]))
    let text = "Snappy compression is not supported in protocol V5"
    #expect(answer == .error(ErrorMessage(.protocolError, text)))
    #expect(client.isClosed)
  }

  @Test func aTickSharesASegment() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(withTable: true, .v5)
    let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))
    client.send(frames: (10..<30).flatMap { client.frame(insert, stream: $0) })
    #expect(bed.data.writes.count == 20)
    let before = client.segmentCount
    let sends = bed.net.sends
    bed.data.answerWrites()
    bed.net.pump()
    #expect(try client.frames().map(\.header.stream) == Array(10..<30))
    #expect(client.segmentCount == before + 1)
    #expect(bed.net.sends == sends + 1)
  }

  /// A client that does not wait for the answer to STARTUP.
  @Test func segmentsMayFollowStartupAtOnce() throws {
    let bed = try CQLBed()
    let client = bed.client(.v5)
    var segments = ByteWriter()
    let options = client.frame(.options, stream: 2)
    SegmentWriter.seal(options.span.bytes, isCompressed: false, to: &segments)
    client.send(client.frame(.startup(options: ["CQL_VERSION": "3.0.0"]), stream: 1) + segments.bytes)
    // READY stands bare before the segment of the other answer.
    #expect(Hex.encode(Array(client.bytes.prefix(9))) == "850000010200000000")
    #expect(client.bytes.count > 9)
    #expect(bed.listener.counters.requests(.options) == 1)
    #expect(!client.isClosed)
  }

  @Test func aDamagedSegmentEndsTheConnectionBehindTheRest() throws {
    for (at, message) in [(1, "header's CRC"), (10, "payload's CRC")] {
      let bed = try CQLBed()
      let client = try bed.readyClient(withTable: true, .v5)
      let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))
      var good = ByteWriter()
      SegmentWriter.seal(client.frame(insert, stream: 4).span.bytes, isCompressed: false, to: &good)
      var bad = ByteWriter()
      SegmentWriter.seal(client.frame(insert, stream: 5).span.bytes, isCompressed: false, to: &bad)
      var damaged = bad.bytes
      damaged[at] ^= 4
      client.send(good.bytes + damaged + good.bytes)
      let frame = try #require(try client.frames().first)
      guard case .error(let error) = frame.body.response else {
        Issue.record("no error")
        return
      }
      #expect(error.code == .protocolError)
      #expect(error.message == "Corrupt segment: the \(message) does not fit")
      #expect(frame.header.stream == 0)
      #expect(!client.isClosed)
      #expect(bed.data.writes.count == 1)
      bed.data.answerWrites()
      bed.net.pump()
      #expect(try client.frames().map(\.header.stream) == [4])
      #expect(client.isClosed)
      #expect(bed.listener.counters.corruptSegments == 1)
    }
  }

  @Test func aSelfContainedSegmentHoldsWholeFrames() throws {
    let bed = try CQLBed()
    for pieces in [[20], [5, 15], [9]] {
      let client = try bed.readyClient(.v5)
      let frame = client.frame(.prepare("SELECT * FROM system.local"), stream: 4)
      var at = 0
      for (index, length) in pieces.enumerated() {
        let piece = Array(frame[at..<(at + length)])
        at += length
        client.send(Self.segment(piece, isSelfContained: index == pieces.count - 1))
      }
      guard case .error(let error) = try client.frames().first?.body.response else {
        Issue.record("no error for \(pieces)")
        return
      }
      #expect(error.message == "Corrupt segment: a self-contained one must hold whole frames")
      #expect(client.isClosed)
    }
  }

  @Test func aLongFrameIsPutTogether() throws {
    let bed = try CQLBed()
    let client = try bed.readyClient(.v5)
    let frame = client.frame(.prepare("SELECT key FROM system.local"), stream: 4)
    client.send(Self.segment(Array(frame[..<5]), isSelfContained: false))
    client.send(Self.segment(Array(frame[5..<12]), isSelfContained: false))
    #expect(try client.frames().isEmpty)
    client.send(Self.segment(Array(frame[12...]), isSelfContained: false))
    #expect(try client.frames().map(\.header.stream) == [4])
    guard case .supported = try client.ask(.options) else {
      Issue.record("not supported")
      return
    }
  }

  @Test(arguments: [nil, FrameCompression.lz4])
  func passesOverABodyThatIsTooLongInSegments(compression: FrameCompression?) throws {
    var configuration = CQLConfiguration()
    configuration.limits.maxBodyBytes = 1000
    let bed = try CQLBed(configuration)
    bed.net.pieceBytes = 30_000
    let client = try bed.readyClient(.v5, compression: compression)
    let long = Request.query(String(repeating: "x", count: 500_000), QueryParameters(consistency: 1))
    client.send(frames: client.frame(long, stream: 8) + client.frame(.options, stream: 9))
    let frames = try client.frames()
    #expect(frames.map(\.header.stream) == [8, 9])
    let text = "Request is too big: length 500010 exceeds maximum allowed length 1000."
    #expect(frames.first?.body.response == .error(ErrorMessage(.invalid, text)))
    #expect(!client.isClosed)
  }

  private static func segment(_ payload: [UInt8], isSelfContained: Bool) -> [UInt8] {
    var writer = ByteWriter()
    SegmentWriter.append(payload.span.bytes, isSelfContained: isSelfContained, isCompressed: false, to: &writer)
    return writer.bytes
  }

  @Test func stopsReadingSegmentsAtTheLimitAndGoesOn() throws {
    var configuration = CQLConfiguration()
    configuration.maxInFlightPerConnection = 4
    let bed = try CQLBed(configuration)
    let client = try bed.readyClient(withTable: true, .v5, compression: .lz4)
    let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))
    for start in [1, 11, 21] as [Int16] {
      client.send(frames: (start..<(start + 10)).flatMap { client.frame(insert, stream: $0) })
    }
    #expect(bed.data.writes.count == 4)
    var answered: [Int16] = []
    while !bed.data.writes.isEmpty {
      #expect(bed.data.writes.count <= 4)
      bed.data.writes.removeFirst()(nil)
      bed.net.pump()
      answered += try client.frames().map(\.header.stream)
    }
    #expect(answered == Array(1...30))
  }

  private let select = Request.query("SELECT * FROM system_schema.columns", QueryParameters(consistency: 1))

  /// What one tick asks for is more than may wait, but LZ4 makes little of it: reading must go on by itself.
  @Test func goesOnWhenSealingMadeRoom() throws {
    var configuration = CQLConfiguration()
    configuration.maxUnsentBytes = 256 << 10
    let bed = try CQLBed(configuration)
    let client = try bed.readyClient(.v5, compression: .lz4)
    client.send(frames: (1...30).flatMap { client.frame(select, stream: Int16($0)) })
    #expect(bed.listener.counters.pauses > 0)
    #expect(try client.frames().count == 30)
  }

  @Test func doesNotReadWhoDoesNotReadSegments() throws {
    var configuration = CQLConfiguration()
    configuration.maxUnsentBytes = 256 << 10
    let bed = try CQLBed(configuration)
    let client = try bed.readyClient(.v5)
    let server = try #require((client.stream as? NetStream)?.other)
    server.isBlocked = true
    for stream in 1...40 { client.send(frames: client.frame(select, stream: Int16(stream))) }
    #expect(server.queuedBytes < 1 << 20)
    #expect(server.isPaused)
    server.unblock()
    bed.net.pump()
    #expect(try client.frames().count == 40)
    #expect(!server.isPaused)
  }

  @Test func damagedSessionsNeverTrapOrLinger() throws {
    let seed: UInt64 = 0x5635
    var generator = SeededGenerator(seed: seed)
    for round in 0..<400 {
      let bed = try CQLBed()
      let way = Self.ways[generator.below(Self.ways.count)]
      let client = try bed.readyClient(withTable: round.isMultiple(of: 2), way.0, compression: way.1)
      bed.net.pieceBytes = 1 + generator.below(60)
      let query = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))
      var bytes = client.frame(query, stream: 1) + client.frame(.options, stream: 2)
      if client.segments != nil {
        var writer = ByteWriter()
        SegmentWriter.seal(bytes.span.bytes, isCompressed: client.areSegmentsCompressed, to: &writer)
        bytes = writer.bytes
      }
      for _ in 0...generator.below(4) where !bytes.isEmpty {
        let at = generator.below(bytes.count)
        if generator.oneIn(2) { bytes[at] = UInt8(generator.below(256)) } else { bytes.remove(at: at) }
      }
      client.send(bytes)
      client.stream?.finish()
      bed.net.pump()
      bed.data.answerWrites()
      bed.net.pump()
      #expect(bed.listener.counters.connectionsNow == 0, "seed \(seed) round \(round)")
      #expect(bed.listener.counters.inFlightNow == 0, "seed \(seed) round \(round)")
    }
  }

  /// Whatever way frames are put into segments and bytes into pieces, and however few may be under way: each request is
  /// run once and answered once.
  @Test func everyRequestIsAnsweredOnce() throws {
    let seed: UInt64 = 0x4F4E_4345
    var generator = SeededGenerator(seed: seed)
    for round in 0..<60 {
      var configuration = CQLConfiguration()
      configuration.maxInFlightPerConnection = 1 + generator.below(6)
      let bed = try CQLBed(configuration)
      let way = Self.ways[generator.below(Self.ways.count)]
      let client = try bed.readyClient(withTable: true, way.0, compression: way.1)
      bed.net.pieceBytes = 1 + generator.below(300)
      let insert = Request.query("INSERT INTO k.t (a, b) VALUES (1, 'x')", QueryParameters(consistency: 1))
      let frames = (1...40).map { client.frame(insert, stream: Int16($0)) }
      client.send(way.0.hasSegments ? Self.segments(frames, way.1 != nil, &generator) : frames.flatMap { $0 })
      var answered: [Int16] = []
      while !bed.data.writes.isEmpty {
        #expect(bed.data.writes.count <= configuration.maxInFlightPerConnection, "seed \(seed) round \(round)")
        bed.data.writes.remove(at: generator.below(bed.data.writes.count))(nil)
        bed.net.pump()
        answered += try client.frames().map(\.header.stream)
      }
      #expect(answered.sorted() == Array(1...40), "seed \(seed) round \(round)")
      #expect(bed.data.requests.count == 40, "seed \(seed) round \(round)")
      #expect(!client.isClosed, "seed \(seed) round \(round)")
    }
  }

  /// Frames in turns many to a segment, and one in several.
  private static func segments(
    _ frames: [[UInt8]], _ isCompressed: Bool, _ generator: inout SeededGenerator
  ) -> [UInt8] {
    var writer = ByteWriter()
    var rest = frames[...]
    while let first = rest.first {
      if generator.oneIn(3) {
        rest.removeFirst()
        var at = 0
        while at < first.count {
          let count = min(1 + generator.below(first.count), first.count - at)
          SegmentWriter.append(
            Array(first[at..<(at + count)]).span.bytes, isSelfContained: false, isCompressed: isCompressed, to: &writer)
          at += count
        }
      } else {
        let some = rest.prefix(1 + generator.below(9))
        rest = rest.dropFirst(some.count)
        let joined = some.flatMap { $0 }
        SegmentWriter.append(joined.span.bytes, isSelfContained: true, isCompressed: isCompressed, to: &writer)
      }
    }
    return writer.bytes
  }

  @Test func aCompressedBodyThatLiesEndsTheConnection() throws {
    let bed = try CQLBed()
    for compression in FrameCompression.allCases {
      let client = try bed.readyClient(.v4, compression: compression)
      var writer = ByteWriter()
      FrameHeader(isResponse: false, flags: .compressed, stream: 5, opcode: .query, bodyBytes: 8).encode(to: &writer)
      writer.append([0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 1, 2, 3])
      client.send(writer.bytes)
      guard case .error(let error) = try client.frames().first?.body.response else {
        Issue.record("no error")
        return
      }
      #expect(error.code == .protocolError)
      #expect(error.message.hasPrefix("The body cannot be decompressed with \(compression.rawValue): "))
      #expect(client.isClosed)
    }
  }

  @Test func eventsComeInEachOnesVersion() throws {
    let bed = try CQLBed()
    let clients = try Self.ways.map { try bed.readyClient($0.0, compression: $0.1) }
    for client in clients {
      try client.ask(.register(eventTypes: ["SCHEMA_CHANGE", "STATUS_CHANGE", "TOPOLOGY_CHANGE"]))
    }
    let change = SchemaChangeEvent(change: .updated, target: .table, keyspace: "k", name: "t")
    bed.listener.publish(.schemaChange(change))
    bed.listener.publish(.statusChange(.up, bed.member))
    bed.listener.publish(.topologyChange(.removedNode, bed.member))
    bed.net.pump()
    let address = InetAddress(bytes: [127, 0, 0, 1], port: 9042)
    for client in clients {
      let frames = try client.frames()
      #expect(
        frames.map(\.body.response) == [
          .event(.schemaChange(SchemaChangeMessage(change))), .event(.statusChange(.up, address)),
          .event(.topologyChange(.removedNode, address)),
        ])
      #expect(frames.allSatisfy { $0.header.version == client.version && $0.header.stream == -1 })
    }
  }
}
