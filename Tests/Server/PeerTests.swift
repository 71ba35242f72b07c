// Two nodes over the in-memory wire: the pool of one, the listener of the other, and what lies between.

import Base
import Codec
import Coordinator
import Data
import Messages
import Replica
import Testing
import World

@testable import Server

private let cluster = "Test Cluster"
private let addressA = Endpoint("127.0.0.1", 7000)
private let addressB = Endpoint("127.0.0.2", 7000)
private let hostA = UUID(random: 1, 1)
private let hostB = UUID(random: 2, 2)

private func identity(_ host: UUID, _ endpoint: Endpoint, cluster: String = cluster) -> Hello {
  Hello(clusterName: cluster, hostID: host, schemaEpoch: 0, address: endpoint.host, port: endpoint.port)
}

private func mutation(_ number: UInt8, bytes: Int = 1) -> OutgoingMutation {
  let row = Row(cells: [
    Cell(column: 1, timestampMicroseconds: 1, value: [UInt8](repeating: number, count: bytes))
  ])
  let key = PartitionKey(token: Int64(number), bytes: [number])
  return OutgoingMutation(
    Mutation(
      table: UUID(random: 9, 9), incarnation: 1, partition: Partition(key: key, entries: [.row(clustering: [], row)])))
}

private let command = ReadCommand(
  table: UUID(random: 9, 9), incarnation: 1, scope: .partition(PartitionKey(token: 1, bytes: [1])), nowInSeconds: 7)

/// What a node does for others, under the test's hand.
private final class TestService: PeerService {
  var schemaEpoch: UInt32 = 5
  var greetings: [(UUID, UInt32)] = []
  var applied: [Mutation] = []
  var held: [(ReplicaRefusal?) -> Void] = []
  var holds = false
  var refusal: ReplicaRefusal?
  var gossiped: [[UInt8]] = []
  var statements: [(String, String?)] = []

  func greeted(hostID: UUID, schemaEpoch: UInt32) { greetings.append((hostID, schemaEpoch)) }

  func apply(_ mutation: Mutation, from: UUID, completion: @escaping (ReplicaRefusal?) -> Void) {
    applied.append(mutation)
    if holds { held.append(completion) } else { completion(refusal) }
  }

  func read(_ command: ReadCommand, from: UUID) throws(ReplicaRefusal) -> ReadResponse {
    if let refusal { throw refusal }
    return ReadResponse(partitions: applied.map(\.partition), hasMore: true)
  }

  var forwarded: [(others: [UUID], encoded: [UInt8])] = []
  var answers: [(UUID, MessageFailure?)] = []

  func applyAndForward(
    _ mutation: Mutation, encoded: [UInt8], to others: [UUID], from: UUID,
    answer: @escaping (UUID, MessageFailure?) -> Void
  ) {
    applied.append(mutation)
    forwarded.append((others, encoded))
    for (host, failure) in answers { answer(host, failure) }
  }

  var batches: [UUID: [UInt8]] = [:]

  func storeBatch(_ id: UUID, body: [UInt8], from: UUID, completion: @escaping (ReplicaRefusal?) -> Void) {
    if refusal == nil { batches[id] = body }
    completion(refusal)
  }

  func removeBatch(_ id: UUID, from: UUID) { batches[id] = nil }

  func gossip(_ states: [UInt8], from: UUID) { gossiped.append(states) }
  func schema() -> [UInt8] { [1, 2, 3] }
  func adopt(schema: [UInt8], from: UUID) throws(DecodeError) -> UInt32 {
    guard schema != [0xFF] else { throw .badUTF8 }
    return 9
  }
  func changeSchema(_ statement: String, keyspace: String?, from: UUID, completion: @escaping ([UInt8]) -> Void) {
    statements.append((statement, keyspace))
    completion([7])
  }
}

private final class PeerBed {
  let net = TestNet()
  let service = TestService()
  let pool: PeerPool
  private(set) var listener: PeerListener
  var lost: [UUID] = []
  var greeted: [(UUID, UInt32)] = []

  init(_ configuration: PeerConfiguration = .init(), clusterOfB: String = cluster) throws {
    pool = PeerPool(
      world: net.world(address: addressA.host), identity: identity(hostA, addressA), configuration: configuration)
    listener = PeerListener(
      world: net.world(address: addressB.host), identity: identity(hostB, addressB, cluster: clusterOfB),
      service: service, configuration: configuration)
    try listener.listen(addressB)
    pool.setEndpoint(addressB, of: hostB)
    pool.schemaEpoch = { 3 }
    pool.onLost = { [unowned self] in lost.append($0) }
    pool.onGreeted = { [unowned self] in greeted.append(($0, $1)) }
  }

  /// Another process at B's address.
  func restart(as host: UUID = hostB) throws {
    listener.close()
    net.pump()
    listener = PeerListener(
      world: net.world(address: addressB.host), identity: identity(host, addressB), service: service)
    try listener.listen(addressB)
  }

  func apply(_ mutation: OutgoingMutation, at host: UUID = hostB) -> Box<Result<Void, ReplicaFailure>> {
    let box = Box<Result<Void, ReplicaFailure>>()
    pool.apply(encoded: mutation.encoded, at: host) { box.set($0) }
    #expect(box.value == nil, "completed within the call")
    return box
  }
}

private final class Box<Value> {
  private(set) var value: Value?
  private(set) var count = 0
  func set(_ value: Value) {
    self.value = value
    count += 1
  }
}

extension Box where Value == Result<Void, ReplicaFailure> {
  fileprivate var isSuccess: Bool { if case .success = value { true } else { false } }
  fileprivate var failure: ReplicaFailure? { if case .failure(let failure) = value { failure } else { nil } }
}

/// Speaks raw bytes to a listener.
private final class RawPeer: StreamHandler {
  var bytes: [UInt8] = []
  var isClosed = false
  var stream: (any ByteStream)?
  let net: TestNet

  init(_ net: TestNet, to endpoint: Endpoint) {
    self.net = net
    stream = NetWire(net: net, address: "127.0.0.9").connect(to: endpoint, handler: self, timeout: .seconds(1))
    net.pump()
  }

  func opened(_ stream: any ByteStream) {}
  func received(_ bytes: RawSpan) { self.bytes += bytes.copied() }
  func closed(_ failure: WireFailure?) { isClosed = true }

  func send(_ verb: Verb, id: UInt64 = 0, _ payload: [UInt8] = [], _ change: (inout [UInt8]) -> Void = { _ in }) {
    var writer = ByteWriter()
    MessageWriter.write(verb, requestID: id, payload: payload, to: &writer)
    var bytes = writer.take()
    change(&bytes)
    stream?.withOutput { $0.append(bytes) }
    net.pump()
  }

  func greet(_ hello: Hello = identity(hostA, addressA)) {
    var writer = ByteWriter()
    hello.encode(to: &writer)
    send(.hello, writer.bytes)
  }

  /// Verb and payload of the messages that came since the last call.
  func messages() -> [(Verb?, UInt64, [UInt8])] {
    var all: [(Verb?, UInt64, [UInt8])] = []
    while bytes.count >= MessageHeader.bytes {
      let header = bytes.withReader { (reader: inout ByteReader) -> MessageHeader? in
        do { return try MessageHeader(try reader.slice(MessageHeader.bytes)) } catch { return nil }
      }
      guard let header, bytes.count >= MessageHeader.bytes + header.payloadBytes else { break }
      let end = MessageHeader.bytes + header.payloadBytes
      all.append((header.verb, header.requestID, Array(bytes[MessageHeader.bytes..<end])))
      bytes.removeFirst(end)
    }
    return all
  }
}

/// A write that one node passes on to others of its datacenter.
@Suite struct PeerForwardTests {
  private static let others = [UUID(random: 3, 3), UUID(random: 4, 4)]

  private func forward(_ bed: PeerBed) -> Answers {
    let answers = Answers()
    bed.pool.forward(encoded: mutation(1).encoded, through: [hostB] + Self.others) { answers.all.append(($0, $1)) }
    return answers
  }

  private final class Answers {
    var all: [(host: UUID, outcome: Result<Void, ReplicaFailure>)] = []

    var failures: [UUID: ReplicaFailure] {
      var failures: [UUID: ReplicaFailure] = [:]
      for (host, outcome) in all { if case .failure(let failure) = outcome { failures[host] = failure } }
      return failures
    }
  }

  @Test func oneMessageIsAnsweredOnceForEachReplica() throws {
    let bed = try PeerBed()
    bed.service.answers = [
      (Self.others[0], MessageFailure(.unreachable, "")), (hostB, nil),
      (Self.others[1], MessageFailure(.failed, "full")),
    ]
    let answers = forward(bed)
    bed.net.pump()
    #expect(answers.all.map(\.host) == [Self.others[0], hostB, Self.others[1]])
    #expect(answers.failures == [Self.others[0]: .unreachable, Self.others[1]: .failed("full")])
    #expect(bed.service.applied == [mutation(1).mutation])
    #expect(bed.service.forwarded.map(\.others) == [Self.others])
    #expect(bed.service.forwarded.map(\.encoded) == [mutation(1).encoded])
    #expect(bed.pool.pendingCount == 0)
    #expect(bed.pool.counters.forwardsSent == 1)
    #expect(bed.listener.counters.forwardsServed == 1)
  }

  @Test func theEndOfTheConnectionIsTheEndOfAllThatDidNotAnswer() throws {
    let bed = try PeerBed()
    bed.service.answers = [(hostB, nil)]
    let answers = forward(bed)
    bed.net.pump()
    #expect(answers.all.count == 1)
    bed.listener.close()
    bed.net.pump()
    #expect(answers.failures == [Self.others[0]: .unreachable, Self.others[1]: .unreachable])
  }

  @Test func anAnswerThatComesTwiceOrFromAStrangerIsNone() throws {
    let bed = try PeerBed()
    bed.service.answers = [(hostB, nil), (hostB, nil), (UUID(random: 8, 8), nil)]
    let answers = forward(bed)
    bed.net.pump()
    #expect(answers.all.map(\.host) == [hostB])
    #expect(bed.pool.isConnected(hostB))
  }

  @Test func aDigestIsThatOfTheAnswer() throws {
    let bed = try PeerBed()
    _ = bed.apply(mutation(1))
    bed.net.pump()
    let digest = Box<Result<UInt64, ReplicaFailure>>()
    bed.pool.readDigest(command, at: hostB) { digest.set($0) }
    bed.net.pump()
    let expected = ReadResponse(partitions: [mutation(1).mutation.partition], hasMore: true).digest
    #expect(try digest.value?.get() == expected)
  }
}

@Suite struct PeerPoolTests {
  @Test func aWayToAnAddressThatNobodyHasAnyMoreIsForgotten() throws {
    let bed = try PeerBed()
    _ = bed.apply(mutation(1))
    bed.net.pump()
    #expect(bed.pool.isConnected(hostB))
    bed.pool.setEndpoint(Endpoint("127.0.0.7", 7000), of: hostB)
    bed.pool.gossip([1], to: Endpoint("127.0.0.8", 7000))
    #expect(bed.pool.linkCount == 3)
    for _ in 0..<130 { bed.net.pass(.milliseconds(500)) }
    #expect(bed.pool.linkCount == 1)
    #expect(bed.lost.isEmpty)
    #expect(bed.pool.connectedCount == 0)
  }

  @Test func carriesAMutationAndItsAcknowledgement() throws {
    let bed = try PeerBed()
    let box = bed.apply(mutation(1))
    bed.net.pump()
    #expect(box.isSuccess)
    #expect(bed.service.applied == [mutation(1).mutation])
    #expect(bed.service.greetings.map(\.0) == [hostA])
    #expect(bed.service.greetings.map(\.1) == [3])
    #expect(bed.greeted.map(\.0) == [hostB])
    #expect(bed.greeted.map(\.1) == [5])
    #expect(bed.pool.isConnected(hostB))
  }

  @Test func carriesBatchesAndTheirEnd() throws {
    let bed = try PeerBed()
    let stored = Box<Result<Void, ReplicaFailure>>()
    let id = UUID(high: 3, low: 4)
    bed.pool.storeBatch(id, body: [1, 2, 3], at: hostB) { stored.set($0) }
    bed.net.pump()
    guard case .success? = stored.value else {
      Issue.record("not stored: \(String(describing: stored.value))")
      return
    }
    #expect(bed.service.batches == [id: [1, 2, 3]])
    bed.pool.removeBatch(id, at: hostB)
    bed.net.pump()
    #expect(bed.service.batches.isEmpty)
    bed.service.refusal = .overloaded
    let refused = Box<Result<Void, ReplicaFailure>>()
    bed.pool.storeBatch(id, body: [], at: hostB) { refused.set($0) }
    bed.net.pump()
    guard case .failure(.overloaded)? = refused.value else {
      Issue.record("no refusal: \(String(describing: refused.value))")
      return
    }
  }

  @Test func carriesReadsAndSchemas() throws {
    let bed = try PeerBed()
    _ = bed.apply(mutation(1))
    bed.net.pump()
    let response = Box<Result<ReadResponse, ReplicaFailure>>()
    bed.pool.read(command, at: hostB) { response.set($0) }
    let schema = Box<Result<[UInt8], ReplicaFailure>>()
    bed.pool.pullSchema(from: hostB) { schema.set($0) }
    let epoch = Box<Result<UInt32, ReplicaFailure>>()
    bed.pool.pushSchema([4], to: hostB) { epoch.set($0) }
    let outcome = Box<Result<[UInt8], ReplicaFailure>>()
    bed.pool.changeSchema("CREATE", keyspace: "k", at: hostB) { outcome.set($0) }
    bed.pool.gossip([8, 8], to: addressB)
    let bad = Box<Result<UInt32, ReplicaFailure>>()
    bed.pool.pushSchema([0xFF], to: hostB) { bad.set($0) }
    bed.net.pump()
    #expect(response.value == .success(ReadResponse(partitions: [mutation(1).mutation.partition], hasMore: true)))
    #expect(schema.value == .success([1, 2, 3]))
    #expect(epoch.value == .success(9))
    #expect(outcome.value == .success([7]))
    #expect(bed.service.statements.map(\.0) == ["CREATE"])
    #expect(bed.service.statements.map(\.1) == ["k"])
    #expect(bed.service.gossiped == [[8, 8]])
    #expect(bad.value == .failure(.failed("schemaPush: not valid UTF-8")))
  }

  @Test func refusalsComeBack() throws {
    let bed = try PeerBed()
    let table = UUID(random: 9, 9)
    let cases: [(ReplicaRefusal, ReplicaFailure)] = [
      (.overloaded, .overloaded), (.failed("disk full"), .failed("disk full")),
      (.unknownTable(table), .failed("table \(table) is not known here")),
    ]
    for (refusal, failure) in cases {
      bed.service.refusal = refusal
      let written = bed.apply(mutation(1))
      let read = Box<Result<ReadResponse, ReplicaFailure>>()
      bed.pool.read(command, at: hostB) { read.set($0) }
      bed.net.pump()
      #expect(written.failure == failure)
      #expect(read.value == .failure(failure))
    }
  }

  @Test func sendsOnceATick() throws {
    let bed = try PeerBed()
    _ = bed.apply(mutation(0))
    bed.net.pump()
    let sends = bed.net.sends
    let boxes = (0..<100).map { bed.apply(mutation($0)) }
    bed.net.pump()
    #expect(!boxes.contains { !$0.isSuccess })
    #expect(bed.net.sends == sends + 2)
  }

  @Test(arguments: [1, 5, 20, 21, 22, 100]) func worksHoweverBytesCome(pieceBytes: Int) throws {
    let bed = try PeerBed()
    bed.net.pieceBytes = pieceBytes
    let boxes = (0..<10).map { bed.apply(mutation($0, bytes: 300)) }
    bed.net.pump()
    #expect(!boxes.contains { !$0.isSuccess })
    #expect(bed.service.applied.count == 10)
  }

  @Test func answersInAnyOrder() throws {
    let bed = try PeerBed()
    bed.service.holds = true
    let boxes = (0..<3).map { bed.apply(mutation($0)) }
    bed.net.pump()
    bed.service.held[1](nil)
    bed.net.pump()
    #expect(boxes.map(\.isSuccess) == [false, true, false])
    bed.service.held[2](.overloaded)
    bed.service.held[0](nil)
    bed.net.pump()
    #expect(boxes.map(\.count) == [1, 1, 1])
    #expect(boxes[2].failure == .overloaded)
  }

  @Test func whatIsUnansweredFailsWhenTheConnectionEnds() throws {
    let bed = try PeerBed()
    bed.service.holds = true
    let boxes = (0..<3).map { bed.apply(mutation($0)) }
    bed.net.pump()
    bed.listener.close()
    bed.net.pump()
    #expect(boxes.map(\.failure) == [.unreachable, .unreachable, .unreachable])
    #expect(bed.lost == [hostB])
    #expect(bed.pool.counters.connectionsLost == 1)
    // Answers to nobody.
    for completion in bed.service.held { completion(nil) }
    bed.net.pump()
    #expect(boxes.map(\.count) == [1, 1, 1])
  }

  @Test func connectsAgainAfterAPause() throws {
    let bed = try PeerBed()
    _ = bed.apply(mutation(0))
    bed.net.pump()
    try bed.restart()
    bed.net.pump()
    let early = bed.apply(mutation(1))
    bed.net.pump()
    #expect(early.failure == .unreachable)
    bed.net.pass(.milliseconds(60))
    let late = bed.apply(mutation(2))
    bed.net.pump()
    #expect(late.isSuccess)
    #expect(bed.pool.counters.connectionsMade == 2)
  }

  @Test func pausesGrowWhileNobodyIsThere() throws {
    let bed = try PeerBed()
    bed.listener.close()
    var attempts = 0
    var last = bed.pool.counters.requestsSent
    for _ in 0..<1000 {
      _ = bed.apply(mutation(1))
      if bed.pool.counters.requestsSent != last { attempts += 1 }
      last = bed.pool.counters.requestsSent
      bed.net.pass(.milliseconds(10))
    }
    // Ten seconds in pauses of 50 ms that double up to 2 s, each shortened by up to a half.
    #expect(attempts > 7)
    #expect(attempts < 20)
    #expect(bed.pool.pendingCount == 0)
    // Being heard of ends the pause.
    try bed.restart()
    bed.pool.expect(hostB)
    let box = bed.apply(mutation(1))
    bed.net.pump()
    #expect(box.isSuccess)
  }

  @Test func anUnknownHostIsUnreachable() throws {
    let bed = try PeerBed()
    let box = bed.apply(mutation(1), at: UUID(random: 77, 77))
    bed.net.pump()
    #expect(box.failure == .unreachable)
  }

  @Test func aFullQueueFailsAtOnce() throws {
    var configuration = PeerConfiguration()
    configuration.maxQueuedBytes = 10_000
    let bed = try PeerBed(configuration)
    let boxes = (0..<20).map { bed.apply(mutation($0, bytes: 1000)) }
    bed.net.pump()
    #expect(boxes.filter(\.isSuccess).count == 10)
    #expect(boxes.compactMap(\.failure) == [ReplicaFailure](repeating: .overloaded, count: 10))
    let after = bed.apply(mutation(1))
    bed.net.pump()
    #expect(after.isSuccess)
  }

  @Test func anotherClusterIsRefused() throws {
    let bed = try PeerBed(clusterOfB: "Another")
    let box = bed.apply(mutation(1))
    bed.net.pump()
    #expect(box.failure == .unreachable)
    #expect(bed.service.applied.isEmpty)
    #expect(bed.listener.counters.connectionsRefused == 1)
    #expect(bed.listener.connectionCount == 0)
  }

  @Test func anotherHostAtTheAddressGetsNothingMeantForTheOld() throws {
    let bed = try PeerBed()
    _ = bed.apply(mutation(0))
    bed.net.pump()
    let other = UUID(random: 3, 3)
    try bed.restart(as: other)
    bed.net.pass(.seconds(1))
    let box = bed.apply(mutation(1))
    bed.net.pump()
    let later = bed.apply(mutation(2))
    bed.net.pump()
    #expect(box.failure == .unreachable)
    #expect(later.failure == .unreachable)
    #expect(bed.service.applied.count == 1)
    // It is heard of by gossip, and then asked by its own id.
    bed.pool.gossip([1], to: addressB)
    bed.pool.setEndpoint(addressB, of: other)
    let right = bed.apply(mutation(3), at: other)
    bed.net.pump()
    #expect(right.isSuccess)
    #expect(bed.service.gossiped == [[1]])
  }

  @Test func anotherHostAtAnAddressNeverConnectedToAcknowledgesNothing() throws {
    let bed = try PeerBed()
    let other = UUID(random: 3, 3)
    try bed.restart(as: other)
    // As after a restart of A, which remembers both the host that was there and the one that is.
    bed.pool.setEndpoint(addressB, of: other)
    let old = bed.apply(mutation(1))
    let new = bed.apply(mutation(1), at: other)
    bed.net.pump()
    #expect(old.failure == .unreachable)
    #expect(new.failure == .unreachable)
    #expect(bed.service.applied.isEmpty)
    let again = bed.apply(mutation(2), at: other)
    bed.net.pump()
    #expect(again.isSuccess)
  }

  @Test func aSilentPeerIsPingedThenGivenUp() throws {
    let bed = try PeerBed()
    _ = bed.apply(mutation(0))
    bed.net.pump()
    bed.net.pass(seconds: 60)
    #expect(bed.pool.isConnected(hostB))
    // Its process is stopped: it reads and says nothing.
    bed.service.holds = true
    let box = bed.apply(mutation(1))
    bed.net.pump()
    bed.net.isSilent = true
    bed.net.pass(seconds: 17)
    #expect(box.failure == .unreachable)
    #expect(!bed.pool.isConnected(hostB))
    #expect(bed.lost == [hostB])
  }

  @Test func whatIsNotAnsweredIsGivenUp() throws {
    let bed = try PeerBed()
    bed.service.holds = true
    let box = bed.apply(mutation(1))
    bed.net.pump()
    bed.net.pass(seconds: 16)
    #expect(box.failure == .unreachable)
    #expect(bed.pool.isConnected(hostB))
    #expect(bed.pool.pendingCount == 0)
    bed.service.held[0](nil)
    bed.net.pump()
    #expect(box.count == 1)
    #expect(bed.pool.isConnected(hostB))
  }

  @Test func closes() throws {
    let bed = try PeerBed()
    bed.service.holds = true
    let box = bed.apply(mutation(1))
    bed.net.pump()
    bed.pool.close()
    bed.net.pump()
    #expect(box.failure == .unreachable)
    let after = bed.apply(mutation(2))
    bed.net.pump()
    #expect(after.failure == .unreachable)
    #expect(bed.listener.connectionCount == 0)
    bed.net.pass(seconds: 2)
    #expect(bed.net.timers.count == 0)
  }
}

@Suite struct PeerListenerTests {
  /// Under TLS a connection is accepted a while before it opens.
  @Test func whoOpensAfterTheEndIsNotServed() throws {
    let bed = try PeerBed()
    let stream = NetStream(net: bed.net, local: addressB, peer: addressA)
    let connection = PeerInbound(bed.listener, number: 0)
    connection.finish()
    connection.opened(stream)
    #expect(stream.isFinishing)
  }

  @Test func answersAHelloWithItsOwn() throws {
    let bed = try PeerBed()
    let peer = RawPeer(bed.net, to: addressB)
    peer.greet()
    let answer = try #require(peer.messages().first)
    #expect(answer.0 == .hello)
    let hello = try answer.2.withReader { (reader: inout ByteReader) throws(DecodeError) in try Hello(from: &reader) }
    #expect(hello.hostID == hostB)
    #expect(hello.schemaEpoch == 5)
    peer.send(.ping, id: 4)
    #expect(peer.messages().map(\.0) == [.pong])
  }

  @Test func saysWhyItRefuses() throws {
    var newer = identity(hostA, addressA)
    newer.minVersion = 8
    newer.maxVersion = 9
    let cases: [(Hello, String)] = [
      (identity(hostA, addressA, cluster: "x"), "this is cluster \"Test Cluster\", not \"x\""),
      (identity(hostB, addressA), "host id \(hostB) is this node's own"),
      (newer, "versions 1 to 1 are spoken here, not 8 to 9"),
    ]
    for (hello, reason) in cases {
      let bed = try PeerBed()
      let peer = RawPeer(bed.net, to: addressB)
      peer.greet(hello)
      let answer = try #require(peer.messages().first)
      #expect(answer.0 == .failure)
      let failure = try answer.2.withReader { (reader: inout ByteReader) throws(DecodeError) in
        try MessageFailure(from: &reader)
      }
      #expect(failure == MessageFailure(.refused, reason))
      #expect(peer.isClosed)
    }
  }

  @Test func closesOnWhatIsNoHello() throws {
    for bytes in [Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), [4, 0, 0, 0, 5] + [UInt8](repeating: 0, count: 40)] {
      let bed = try PeerBed()
      let peer = RawPeer(bed.net, to: addressB)
      peer.stream?.withOutput { $0.append(bytes) }
      bed.net.pump()
      #expect(peer.isClosed)
      #expect(bed.listener.connectionCount == 0)
    }
    let bed = try PeerBed()
    let peer = RawPeer(bed.net, to: addressB)
    peer.send(.mutation, id: 1, mutation(1).encoded)
    #expect(peer.isClosed)
    #expect(bed.service.applied.isEmpty)
  }

  @Test func connectionsOverTheLimitAreClosedAtOnce() throws {
    var configuration = PeerConfiguration()
    configuration.maxConnections = 2
    let bed = try PeerBed(configuration)
    let peers = (0..<3).map { _ in RawPeer(bed.net, to: addressB) }
    #expect(peers.map(\.isClosed) == [false, false, true])
    #expect(bed.listener.counters.connectionsRefused == 1)
  }

  @Test func closesWithoutAHelloInTime() throws {
    let bed = try PeerBed()
    let silent = RawPeer(bed.net, to: addressB)
    let greeted = RawPeer(bed.net, to: addressB)
    greeted.greet()
    bed.net.pass(.seconds(6))
    #expect(silent.isClosed)
    #expect(!greeted.isClosed)
  }

  @Test func aDamagedMessageEndsTheConnection() throws {
    let bed = try PeerBed()
    let peer = RawPeer(bed.net, to: addressB)
    peer.greet()
    peer.send(.mutation, id: 1, mutation(1).encoded) { $0[$0.count - 1] ^= 1 }
    #expect(peer.isClosed)
    #expect(bed.service.applied.isEmpty)
    #expect(bed.listener.counters.damagedMessages == 1)
  }

  @Test func refusesUnknownVerbsAndBadPayloadsAndGoesOn() throws {
    let bed = try PeerBed()
    let peer = RawPeer(bed.net, to: addressB)
    peer.greet()
    _ = peer.messages()
    peer.send(.acknowledgement, id: 7)
    peer.send(.mutation, id: 8, [1, 2, 3])
    peer.send(.ping, id: 9)
    let messages = peer.messages()
    #expect(messages.map(\.0) == [.failure, .failure, .pong])
    #expect(messages.map(\.1) == [7, 8, 9])
    #expect(messages[0].2.first == MessageFailure.Code.unknownVerb.rawValue)
    #expect(messages[1].2.first == MessageFailure.Code.malformed.rawValue)
    #expect(!peer.isClosed)
  }

  /// A verb of a newer version: refused in words, and the connection goes on.
  @Test func refusesAVerbThatDoesNotExistYet() throws {
    let bed = try PeerBed()
    let peer = RawPeer(bed.net, to: addressB)
    peer.greet()
    _ = peer.messages()
    let payload: [UInt8] = [1, 2, 3]
    peer.send(.mutation, id: 7, payload) { message in
      message[4] = 250
      let seed = 7 &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(250) << 56 ^ UInt64(payload.count)
      let checksum = XXH3.hash(payload, seed: seed)
      for byte in 0..<8 { message[13 + byte] = UInt8(truncatingIfNeeded: checksum >> UInt64(56 - 8 * byte)) }
    }
    peer.send(.ping, id: 9)
    let messages = peer.messages()
    #expect(messages.map(\.0) == [.failure, .pong])
    #expect(messages.first?.1 == 7)
    #expect(messages.first?.2.first == MessageFailure.Code.unknownVerb.rawValue)
  }

  @Test func aMessageThatIsTooLongEndsTheConnection() throws {
    let bed = try PeerBed()
    let peer = RawPeer(bed.net, to: addressB)
    peer.greet()
    peer.send(.mutation, id: 1) { $0.replaceSubrange(0..<4, with: [0xFF, 0xFF, 0xFF, 0xFF]) }
    #expect(peer.isClosed)
  }

  @Test func stopsReadingAtTheLimitAndGoesOn() throws {
    var configuration = PeerConfiguration()
    configuration.maxInFlight = 2
    let bed = try PeerBed(configuration)
    bed.service.holds = true
    let boxes = (0..<10).map { bed.apply(mutation($0)) }
    bed.net.pump()
    #expect(bed.service.held.count == 2)
    while !bed.service.held.isEmpty {
      #expect(bed.service.held.count <= 2)
      bed.service.held.removeFirst()(nil)
      bed.net.pump()
    }
    #expect(!boxes.contains { !$0.isSuccess })
  }

  @Test func anyCutOfASessionEndsQuietly() throws {
    var writer = ByteWriter()
    MessageWriter.write(.hello, requestID: 0, to: &writer) { identity(hostA, addressA).encode(to: &$0) }
    MessageWriter.write(.mutation, requestID: 1, payload: mutation(1).encoded, to: &writer)
    for length in 0..<writer.count {
      let bed = try PeerBed()
      let peer = RawPeer(bed.net, to: addressB)
      peer.stream?.withOutput { $0.append(writer.bytes[..<length]) }
      peer.stream?.finish()
      bed.net.pump()
      #expect(bed.listener.connectionCount == 0)
      #expect(bed.service.applied.isEmpty)
    }
  }
}
