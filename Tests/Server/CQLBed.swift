// A server of drivers over the in-memory wire: the real listener and query engine, replicas that answer when told to,
// and a client that speaks in whole frames or raw bytes.

import Access
import Base
import Coordinator
import Data
import Frames
import Metadata
import Query
import Ring
import Server
import TestWorld
import Testing
import World

/// Replicas that hold their answers back.
final class HeldData: DataPath {
  var writes: [(RequestFailure?) -> Void] = []
  var reads: [(Result<ReadResponse, RequestFailure>) -> Void] = []
  var requests: [WriteRequest] = []
  var commands: [ReadCommand] = []
  /// Answers at once.
  var isPrompt = false
  var failure: RequestFailure?

  func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    requests.append(request)
    if isPrompt { completion(failure) } else { writes.append(completion) }
  }

  func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void) { completion(nil) }

  func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
    commands.append(request.command)
    reads.append(completion)
  }

  func answerWrites() {
    let waiting = writes
    writes = []
    for completion in waiting { completion(failure) }
  }
}

final class DirectChanger: SchemaChanger {
  let metadata: Metadata
  private var tables: UInt64 = 0
  init(metadata: Metadata) { self.metadata = metadata }

  func change(
    _ statement: String, keyspace: String?, completion: @escaping (Result<SchemaChangeEvent?, QueryFailure>) -> Void
  ) {
    tables += 1
    let context = SchemaChange.Context(
      keyspace: keyspace, newTableID: UUID(random: 42, tables), datacenters: ["datacenter1"])
    do throws(QueryFailure) {
      let outcome = try SchemaChange.apply(statement, to: metadata.snapshot.schema, context)
      metadata.adopt(outcome.schema)
      completion(.success(outcome.event))
    } catch { completion(.failure(error)) }
  }
}

final class CQLBed {
  static let endpoint = Endpoint("127.0.0.1", 9042)
  let net = TestNet()
  let data = HeldData()
  let metadata: Metadata
  let listener: CQLListener
  let member: Member

  init(_ configuration: CQLConfiguration = .init(), authenticator: (any Authenticator)? = nil) throws {
    let world = net.world()
    let id = UUID(random: 1, 1)
    member = Member(
      hostID: id, address: "127.0.0.1", datacenter: "datacenter1", rack: "rack1",
      tokens: Member.tokens(for: id, count: 4))
    metadata = Metadata(
      snapshot: ClusterSnapshot(
        clusterName: "Test Cluster", localHostID: id, schema: .empty, ring: TokenRing(members: [member])))
    let engine = QueryEngine(
      metadata: metadata, data: data, changer: DirectChanger(metadata: metadata), clock: net.clock,
      entropy: TestEntropy(seed: 3))
    listener = CQLListener(engine: engine, world: world, configuration: configuration, authenticator: authenticator)
    try listener.listen(Self.endpoint)
  }

  func client(_ version: ProtocolVersion = .v4) -> CQLClient {
    let client = CQLClient(net, version)
    net.pump()
    return client
  }

  /// A client that has said STARTUP, and a table k.t (a int primary key, b text).
  func readyClient(
    withTable: Bool = false, _ version: ProtocolVersion = .v4, compression: FrameCompression? = nil
  ) throws -> CQLClient {
    let client = client(version)
    #expect(try client.start(compression) == .ready)
    if withTable {
      try client.query("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
      try client.query("CREATE TABLE k.t (a int PRIMARY KEY, b text)")
    }
    return client
  }
}

/// A driver of few words.
final class CQLClient: StreamHandler {
  let net: TestNet
  let version: ProtocolVersion
  private(set) var stream: (any ByteStream)?
  /// Of frames, taken out of their segments.
  private(set) var bytes: [UInt8] = []
  private(set) var isClosed = false
  private(set) var failure: WireFailure?
  private var nextStream: Int16 = 0
  /// Of bodies up to v4.
  private(set) var compression: FrameCompression?
  private(set) var segments: SegmentReader?
  private(set) var areSegmentsCompressed = false
  /// Segments that came.
  private(set) var segmentCount = 0

  init(_ net: TestNet, _ version: ProtocolVersion = .v4) {
    self.net = net
    self.version = version
    let wire = NetWire(net: net, address: "127.0.0.9")
    stream = wire.connect(to: CQLBed.endpoint, handler: self, timeout: .seconds(1))
  }

  func opened(_ stream: any ByteStream) {}
  func received(_ bytes: RawSpan) {
    guard segments != nil else {
      self.bytes.append(contentsOf: bytes.copied())
      return
    }
    do {
      try segments?.push(bytes) { payload, _ in
        self.bytes.append(contentsOf: payload.copied())
        segmentCount += 1
        return true
      }
    } catch { Issue.record("a bad segment: \(error)") }
  }
  func closed(_ failure: WireFailure?) {
    isClosed = true
    self.failure = failure
  }

  func send(_ bytes: [UInt8]) {
    stream?.withOutput { $0.append(bytes) }
    net.pump()
  }

  static func frame(_ request: Request, stream: Int16) -> [UInt8] {
    var writer = ByteWriter()
    request.encode(stream: stream, to: &writer)
    return writer.bytes
  }

  /// In the client's version, its body compressed if that was agreed upon.
  func frame(_ request: Request, stream: Int16, flags: FrameFlags = []) -> [UInt8] {
    var writer = ByteWriter()
    request.encode(stream: stream, version: version, flags: flags, to: &writer)
    guard let compression else { return writer.bytes }
    let body = Array(writer.bytes[FrameHeader.bytes...])
    let compressed = compression.compressed(body.span.bytes)
    var frame = ByteWriter()
    FrameHeader(
      version: version, isResponse: false, flags: flags.union(.compressed), stream: stream, opcode: request.opcode,
      bodyBytes: compressed.count
    ).encode(to: &frame)
    frame.append(compressed)
    return frame.bytes
  }

  /// Sends whole frames, in segments if those are spoken.
  func send(frames: [UInt8]) {
    guard segments != nil else { return send(frames) }
    var writer = ByteWriter()
    SegmentWriter.seal(frames.span.bytes, isCompressed: areSegmentsCompressed, to: &writer)
    send(writer.bytes)
  }

  /// STARTUP, and all that is agreed upon by it.
  func start(_ compression: FrameCompression? = nil) throws -> Response {
    var options = ["CQL_VERSION": "3.0.0"]
    options["COMPRESSION"] = compression?.rawValue
    let answer = try ask(.startup(options: options))
    if version.hasSegments {
      segments = SegmentReader(isCompressed: compression != nil)
      areSegmentsCompressed = compression != nil
    } else {
      self.compression = compression
    }
    return answer
  }

  /// The frames that came since the last call.
  func frames() throws -> [(header: FrameHeader, body: ReceivedResponse)] {
    var all: [(header: FrameHeader, body: ReceivedResponse)] = []
    var at = 0
    while let next = try frame(at: at) {
      all.append((next.header, next.body))
      at += FrameHeader.bytes + next.header.bodyBytes
    }
    bytes.removeFirst(at)
    return all
  }

  private func frame(at start: Int) throws -> (header: FrameHeader, body: ReceivedResponse)? {
    let body = start + FrameHeader.bytes
    guard bytes.count >= body else { return nil }
    let header = try FrameHeader(bytes.span.bytes.extracting(start..<body), isRequest: false)
    let end = body + header.bodyBytes
    guard bytes.count >= end else { return nil }
    return try received(header, Array(bytes[body..<end]))
  }

  private func received(
    _ header: FrameHeader, _ sent: [UInt8]
  ) throws -> (header: FrameHeader, body: ReceivedResponse) {
    var body = sent
    if header.flags.contains(.compressed) {
      let agreed = try #require(compression)
      body = try agreed.decompressed(body.span.bytes, maxBytes: 64 << 20)
    }
    return (header, try ReceivedResponse(header, body: body.span.bytes))
  }

  /// Sends a request and takes the one answer to it.
  @discardableResult
  func ask(_ request: Request) throws -> Response { try asked(request).response }

  func asked(_ request: Request, flags: FrameFlags = []) throws -> ReceivedResponse {
    nextStream += 1
    send(frames: frame(request, stream: nextStream, flags: flags))
    let frames = try frames()
    let answer = try #require(frames.first)
    #expect(frames.count == 1)
    #expect(answer.header.stream == nextStream)
    #expect(answer.header.version == version)
    return answer.body
  }

  @discardableResult
  func query(_ text: String) throws -> Response { try ask(.query(text, QueryParameters(consistency: 1))) }

  func prepare(_ text: String) throws -> PreparedResponse {
    let answer = try ask(.prepare(text))
    guard case .prepared(let prepared) = answer else { throw NotPrepared(answer: answer) }
    return prepared
  }
}

struct NotPrepared: Error {
  var answer: Response
}
