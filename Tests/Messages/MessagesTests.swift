import Base
import Data
import Testing

@testable import Messages

private let hello = Hello(
  clusterName: "c", hostID: UUID(high: 1, low: 2), schemaEpoch: 7, address: "127.0.0.1", port: 7000)

private func message(_ verb: Verb, _ payload: [UInt8]) -> [UInt8] {
  var writer = ByteWriter()
  MessageWriter.write(verb, requestID: 99, payload: payload, to: &writer)
  return writer.bytes
}

private func bytes(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
  var writer = ByteWriter()
  body(&writer)
  return writer.bytes
}

/// Reads a message and, by its verb, its payload.
@discardableResult
private func decode(_ bytes: [UInt8]) throws -> MessageHeader {
  guard bytes.count >= MessageHeader.bytes else { throw DecodeError.truncated }
  let span = bytes.span.bytes
  let header = try MessageHeader(span.extracting(0..<MessageHeader.bytes))
  let payload = span.extracting(MessageHeader.bytes..<bytes.count)
  guard header.matches(payload) else { throw MessageProblem.checksum }
  try decodePayload(header.verb, payload)
  return header
}

private func decodePayload(_ verb: Verb?, _ payload: RawSpan) throws(DecodeError) {
  var reader = ByteReader(payload)
  switch verb {
  case .hello: _ = try Hello(from: &reader)
  case .failure: _ = try MessageFailure(from: &reader)
  case .mutation: _ = try Mutation(from: &reader)
  case .read, .readDigest: _ = try ReadCommand(from: &reader)
  case .forward:
    _ = try ForwardedWrite.decodeHosts(from: &reader)
    _ = try Mutation(from: &reader)
  case .forwardAnswer: _ = try ForwardAnswer(from: &reader)
  case .readResponse: _ = try ReadResponse(from: &reader)
  case .schemaChange: _ = try SchemaStatement(from: &reader)
  case .schema, .schemaPush: _ = try Schema(from: &reader)
  default: break
  }
}

private let key = PartitionKey(token: -5, bytes: [1, 2, 3])
private let partition = Partition(
  key: key,
  entries: [
    .row(
      clustering: [0x40, 1],
      Row(
        liveness: Liveness(timestampMicroseconds: 5),
        cells: [
          Cell(column: 3, timestampMicroseconds: 5, value: [1]), Cell(column: 4, timestampMicroseconds: 5, value: nil),
        ])
    )
  ])

private let corpus: [(Verb, [UInt8])] = [
  (.hello, bytes { hello.encode(to: &$0) }),
  (.failure, bytes { MessageFailure(.overloaded, "too much").encode(to: &$0) }),
  (.mutation, bytes { Mutation(table: UUID(high: 3, low: 4), incarnation: 1, partition: partition).encode(to: &$0) }),
  (
    .read,
    bytes {
      ReadCommand(
        table: UUID(high: 3, low: 4), incarnation: 1, scope: .partition(key),
        ranges: [ClusteringRange(start: [1], end: [2])], rowLimit: 10, nowInSeconds: 9
      ).encode(to: &$0)
    }
  ),
  (.readResponse, bytes { ReadResponse(partitions: [partition], hasMore: true).encode(to: &$0) }),
  (.schemaChange, bytes { SchemaStatement(text: "CREATE TABLE t", keyspace: "k").encode(to: &$0) }),
  (.schema, bytes { Schema(epoch: 3, keyspaces: ["k": Keyspace(name: "k", replication: .simple(3))]).encode(to: &$0) }),
  (
    .forward,
    bytes { writer in
      let mutation = Mutation(table: UUID(high: 3, low: 4), incarnation: 1, partition: partition)
      let hosts = [UUID(high: 1, low: 1), UUID(high: 2, low: 2)]
      ForwardedWrite.encode(to: hosts[...], mutation: bytes { mutation.encode(to: &$0) }, into: &writer)
    }
  ),
  (.forwardAnswer, bytes { ForwardAnswer(hostID: UUID(high: 1, low: 1), failure: nil).encode(to: &$0) }),
  (
    .forwardAnswer,
    bytes {
      ForwardAnswer(hostID: UUID(high: 1, low: 1), failure: MessageFailure(.unreachable, "gone")).encode(to: &$0)
    }
  ),
  (.ping, []),
]

@Suite struct MessageTests {
  @Test func readsBackWhatItWrites() throws {
    for (verb, payload) in corpus {
      let header = try decode(message(verb, payload))
      #expect(header.verb == verb)
      #expect(header.requestID == 99)
      #expect(header.payloadBytes == payload.count)
      let inPlace = bytes { writer in
        writer.uint8(1)
        MessageWriter.write(verb, requestID: 99, to: &writer) { $0.append(payload) }
      }
      #expect(Array(inPlace.dropFirst()) == message(verb, payload))
    }
  }

  @Test func everyFlippedBitIsNoticed() {
    for (verb, payload) in corpus {
      let whole = message(verb, payload)
      for bit in 0..<(whole.count * 8) {
        var damaged = whole
        damaged[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(throws: (any Error).self, "\(verb) bit \(bit)") { try decode(damaged) }
      }
    }
  }

  @Test func aTruncatedPayloadThrows() {
    for (verb, payload) in corpus {
      for length in 0..<payload.count {
        #expect(throws: (any Error).self, "\(verb) cut to \(length)") {
          try decode(message(verb, Array(payload.prefix(length))))
        }
      }
    }
  }

  @Test func mutatedPayloadsNeverTrap() {
    let seed: UInt64 = 0x4D45_5353
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for _ in 0..<30_000 {
      let (verb, payload) = corpus[generator.below(corpus.count)]
      var damaged = payload
      for _ in 0...generator.below(3) where !damaged.isEmpty {
        let at = generator.below(damaged.count)
        switch generator.below(4) {
        case 0: damaged[at] ^= 1 << UInt8(generator.below(8))
        case 1: damaged[at] = generator.oneIn(2) ? 0xFF : 0
        case 2: damaged.remove(at: at)
        default: damaged.insert(UInt8(generator.below(256)), at: at)
        }
      }
      do { try decode(message(verb, damaged)) } catch { refused += 1 }
    }
    #expect(refused > 1_000, "seed \(seed)")
  }

  @Test func aNewVerbIsKnownAsUnknown() throws {
    var whole = message(.ping, [])
    whole[4] = 200
    let header = try whole.withReader { (reader: inout ByteReader) throws(DecodeError) in
      try MessageHeader(reader.rest())
    }
    #expect(header.verb == nil)
    #expect(header.rawVerb == 200)
  }
}

@Suite struct HelloTests {
  private func other(_ change: (inout Hello) -> Void) -> Hello {
    var other = hello
    other.hostID = UUID(high: 9, low: 9)
    change(&other)
    return other
  }

  @Test func agreesOnTheHighestCommonVersion() throws {
    #expect(try hello.agreedVersion(with: other { _ in }) == 1)
    #expect(
      try hello.agreedVersion(
        with: other {
          $0.minVersion = 0
          $0.maxVersion = 9
        }) == 1)
  }

  @Test func saysWhyNot() {
    let refusals: [(Hello, String)] = [
      (other { $0.clusterName = "d" }, "this is cluster \"c\", not \"d\""),
      (hello, "host id \(hello.hostID) is this node's own"),
      (
        other {
          $0.minVersion = 2
          $0.maxVersion = 3
        }, "versions 1 to 1 are spoken here, not 2 to 3"
      ),
    ]
    for (other, reason) in refusals {
      #expect(throws: HelloRefusal(reason)) { try hello.agreedVersion(with: other) }
    }
  }

  @Test func aNewerHelloMayBeLonger() throws {
    let longer = bytes { hello.encode(to: &$0) } + [1, 2, 3]
    let decoded = try longer.withReader { (reader: inout ByteReader) throws(DecodeError) in try Hello(from: &reader) }
    #expect(decoded == hello)
  }

  @Test func aLongFailureIsCut() throws {
    let failure = MessageFailure(.failed, String(repeating: "ü", count: 10_000))
    let decoded = try bytes { failure.encode(to: &$0) }.withReader { (reader: inout ByteReader) throws(DecodeError) in
      try MessageFailure(from: &reader)
    }
    #expect(decoded.text == String(repeating: "ü", count: 1000))
  }
}
