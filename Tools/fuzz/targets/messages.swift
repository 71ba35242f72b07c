// What other nodes send: messages in a row, each a header and a payload by verb. A checksum that does not fit is
// passed over, or the fuzzer would see nothing behind it.

import Base
import Data
import Gossip
import Messages
import Ring

func fuzz(_ bytes: [UInt8]) {
  var rest = bytes[...]
  while rest.count >= MessageHeader.bytes {
    let head = Array(rest.prefix(MessageHeader.bytes))
    guard let header = try? MessageHeader(head.span.bytes) else { return }
    rest = rest.dropFirst(MessageHeader.bytes)
    // As a node does with what comes after the last whole message: it is a payload here, however long it says it is.
    let payload = Array(rest.prefix(header.payloadBytes))
    rest = rest.dropFirst(payload.count)
    _ = header.matches(payload.span.bytes)
    if let verb = header.verb { read(verb, payload) }
  }
}

private func read(_ verb: Verb, _ payload: [UInt8]) {
  switch verb {
  case .hello:
    let hello = decoded(payload, encode: { $0.encode(to: &$1) }, decode: Hello.init(from:))
    let own = Hello(
      clusterName: "fuzz", hostID: UUID(high: 1, low: 2), schemaEpoch: 1, address: "127.0.0.1", port: 7000)
    if let hello { _ = try? own.agreedVersion(with: hello) }
  case .failure: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: MessageFailure.init(from:))
  case .mutation: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: Mutation.init(from:))
  case .read: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: ReadCommand.init(from:))
  case .readResponse: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: ReadResponse.init(from:))
  case .gossip:
    guard let states = try? NodeState.decode(payload) else { return }
    require((try? NodeState.decode(NodeState.encode(states))) == states, "states of nodes are read as others")
  case .schema, .schemaPush: readSchema(payload)
  case .schemaChange: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: SchemaStatement.init(from:))
  case .schemaEpoch:
    _ = try? payload.withReader { (reader: inout ByteReader) throws(DecodeError) in try reader.uint32() }
  default: break
  }
}

private func readSchema(_ bytes: [UInt8]) {
  guard let schema = try? Schema(encoded: bytes) else { return }
  let again = try? Schema(encoded: schema.encoded)
  require(again?.encoded == schema.encoded, "a schema is read as another after it was written")
}
