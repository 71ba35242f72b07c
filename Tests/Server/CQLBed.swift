// A server of drivers over the in-memory wire: the real listener and query engine, replicas that answer when told to,
// and a client that speaks in whole frames or raw bytes.

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
  /// Answers at once.
  var isPrompt = false
  var failure: RequestFailure?

  func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    requests.append(request)
    if isPrompt { completion(failure) } else { writes.append(completion) }
  }

  func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void) { completion(nil) }

  func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
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

  init(_ configuration: CQLConfiguration = .init()) throws {
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
    listener = CQLListener(engine: engine, world: world, configuration: configuration)
    try listener.listen(Self.endpoint)
  }

  func client() -> CQLClient {
    let client = CQLClient(net)
    net.pump()
    return client
  }

  /// A client that has said STARTUP, and a table k.t (a int primary key, b text).
  func readyClient(withTable: Bool = false) throws -> CQLClient {
    let client = client()
    #expect(try client.ask(.startup(options: ["CQL_VERSION": "3.0.0"])) == .ready)
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
  private(set) var stream: (any ByteStream)?
  private(set) var bytes: [UInt8] = []
  private(set) var isClosed = false
  private(set) var failure: WireFailure?
  private var nextStream: Int16 = 0

  init(_ net: TestNet) {
    self.net = net
    let wire = NetWire(net: net, address: "127.0.0.9")
    stream = wire.connect(to: CQLBed.endpoint, handler: self, timeout: .seconds(1))
  }

  func opened(_ stream: any ByteStream) {}
  func received(_ bytes: RawSpan) { self.bytes.append(contentsOf: bytes.copied()) }
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

  /// The frames that came since the last call.
  func frames() throws -> [(header: FrameHeader, body: ReceivedResponse)] {
    var all: [(header: FrameHeader, body: ReceivedResponse)] = []
    while let next = try Self.first(of: bytes) {
      all.append((next.header, next.body))
      bytes.removeFirst(FrameHeader.bytes + next.header.bodyBytes)
    }
    return all
  }

  private static func first(of bytes: [UInt8]) throws -> (header: FrameHeader, body: ReceivedResponse)? {
    guard bytes.count >= FrameHeader.bytes else { return nil }
    let span = bytes.span.bytes
    let header = try FrameHeader(span.extracting(0..<FrameHeader.bytes), isRequest: false)
    let end = FrameHeader.bytes + header.bodyBytes
    guard bytes.count >= end else { return nil }
    return (header, try ReceivedResponse(header, body: span.extracting(FrameHeader.bytes..<end)))
  }

  /// Sends a request and takes the one answer to it.
  @discardableResult
  func ask(_ request: Request) throws -> Response {
    nextStream += 1
    send(Self.frame(request, stream: nextStream))
    let frames = try frames()
    let answer = try #require(frames.first)
    #expect(frames.count == 1)
    #expect(answer.header.stream == nextStream)
    return answer.body.response
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
