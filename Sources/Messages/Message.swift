// What nodes say to one another: messages in a row on one connection, each with its length, verb, request id and
// checksum before it. Many requests are under way at once; an answer bears its request's id and comes on the same
// connection.
//
//     length 4 | verb 1 | request id 8 | checksum 8 | payload
//
// The length is the payload's. The checksum is XXH3 of the payload, seeded with all that stands before it, so that one
// pass covers everything. It is there against broken hardware, not against an adversary.

import Base
import Codec

/// What a message asks or answers. A number is never given to another meaning.
public enum Verb: UInt8, Sendable, CaseIterable {
  /// First on each connection, from both sides (`Hello`).
  case hello = 1
  /// A request was not done, and why (`MessageFailure`).
  case failure = 2
  /// `Mutation`; answered by `acknowledgement`.
  case mutation = 3
  /// Without payload.
  case acknowledgement = 4
  /// `ReadCommand`; answered by `readResponse`.
  case read = 5
  /// `ReadResponse`
  case readResponse = 6
  /// States of nodes; has no answer.
  case gossip = 7
  /// Without payload; answered by `schema`.
  case schemaPull = 8
  /// A whole schema.
  case schema = 9
  /// A whole schema, to be taken if it is newer; answered by `schemaEpoch`.
  case schemaPush = 10
  /// The epoch that the answering node has now, 4 bytes.
  case schemaEpoch = 11
  /// A statement that changes the schema, for who orders such changes (`SchemaStatement`); answered by `schemaChanged`.
  case schemaChange = 12
  /// The outcome, in the asking room's own form.
  case schemaChanged = 13
  /// Without payload; answered by `pong`.
  case ping = 14
  case pong = 15
  /// `ReadCommand`; answered by `digest`.
  case readDigest = 16
  /// The digest of the answer that `read` would have, 8 bytes.
  case digest = 17
  /// A mutation for a datacenter: whom the receiver passes it on to, then the `Mutation` (`ForwardedWrite`). Answered
  /// by one `forwardAnswer` for each replica, the receiver's own among them.
  case forward = 18
  /// Of one replica (`ForwardAnswer`).
  case forwardAnswer = 19
  /// A batch to be kept until it is done: its id, then `LoggedBatch.encodeMutations`; answered by `acknowledgement`.
  case batchStore = 20
  /// The id of a batch that is done; answered by `acknowledgement`.
  case batchRemove = 21
}

public struct MessageLimits: Sendable {
  /// Of one payload. A node that sends more is cut off.
  public var maxPayloadBytes = 64 << 20
  /// Of a payload before the hello was accepted.
  public var maxHelloBytes = 4096

  public init() {}
}

/// Why no message can be read from a connection any more.
public enum MessageProblem: Error, Equatable, Sendable {
  case tooLong(Int)
  case checksum
}

public struct MessageHeader: Equatable, Sendable {
  /// What stands before each payload.
  public static let bytes = 21

  /// nil where the verb is newer than this node.
  public var verb: Verb?
  public var rawVerb: UInt8
  /// Chosen by who asks; 0 where no answer is awaited.
  public var requestID: UInt64
  public var payloadBytes: Int
  var checksum: UInt64

  /// Reads the bytes before a payload.
  public init(_ head: RawSpan) throws(DecodeError) {
    var reader = ByteReader(head)
    guard let length = Int(exactly: try reader.uint32()) else { throw .badLength(.max) }
    payloadBytes = length
    rawVerb = try reader.uint8()
    verb = Verb(rawValue: rawVerb)
    requestID = try reader.uint64()
    checksum = try reader.uint64()
  }

  /// Whether the payload, and the header itself, are as they were sent.
  public func matches(_ payload: RawSpan) -> Bool {
    payload.byteCount == payloadBytes && Self.checksum(rawVerb, requestID, payload) == checksum
  }

  static func checksum(_ verb: UInt8, _ requestID: UInt64, _ payload: RawSpan) -> UInt64 {
    let seed = requestID &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(verb) << 56 ^ UInt64(payload.byteCount)
    return XXH3.hash(payload, seed: seed)
  }
}

/// Writes messages into a connection's output.
public enum MessageWriter {
  /// Appends a message around what `body` writes.
  public static func write(
    _ verb: Verb, requestID: UInt64, to writer: inout ByteWriter, _ body: (inout ByteWriter) -> Void
  ) {
    let start = writer.count
    writer.uint32(0)
    writer.uint8(verb.rawValue)
    writer.uint64(requestID)
    writer.uint64(0)
    body(&writer)
    let payloadStart = start + MessageHeader.bytes
    writer.setInt32(Int32(truncatingIfNeeded: writer.count - payloadStart), at: start)
    let checksum = checksum(verb, requestID, of: writer.bytes, from: payloadStart)
    writer.setInt32(Int32(truncatingIfNeeded: checksum >> 32), at: start + 13)
    writer.setInt32(Int32(truncatingIfNeeded: checksum), at: start + 17)
  }

  /// Apart, so that no second owner of the bytes is left when the checksum is put in.
  private static func checksum(_ verb: Verb, _ requestID: UInt64, of bytes: [UInt8], from start: Int) -> UInt64 {
    let span = unsafe bytes.span.bytes
    return MessageHeader.checksum(verb.rawValue, requestID, span.extracting(start..<span.byteCount))
  }

  /// Appends a message whose payload stands ready.
  public static func write(_ verb: Verb, requestID: UInt64, payload: [UInt8] = [], to writer: inout ByteWriter) {
    writer.uint32(UInt32(truncatingIfNeeded: payload.count))
    writer.uint8(verb.rawValue)
    writer.uint64(requestID)
    writer.uint64(unsafe MessageHeader.checksum(verb.rawValue, requestID, payload.span.bytes))
    writer.append(payload)
  }
}
