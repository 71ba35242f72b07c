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
    guard let verb = header.verb else { continue }
    read(verb, payload)
    var writer = ByteWriter()
    MessageWriter.write(verb, requestID: header.requestID, payload: payload, to: &writer)
    let one = writer.take()
    MessageWriter.write(verb, requestID: header.requestID, to: &writer) { $0.append(payload) }
    let other = writer.take()
    require(one == other, "a message is written in two ways")
    let sent = try? MessageHeader(Array(one.prefix(MessageHeader.bytes)).span.bytes)
    require(sent?.matches(payload.span.bytes) == true, "a message of ours does not fit its checksum")
  }
}

private func read(_ verb: Verb, _ payload: [UInt8]) {
  switch verb {
  case .hello:
    let hello = decoded(payload, encode: { $0.encode(to: &$1) }, decode: Hello.init(from:))
    if let hello { greet(hello) }
  case .failure: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: MessageFailure.init(from:))
  case .mutation:
    let mutation = decoded(payload, encode: { $0.encode(to: &$1) }, decode: Mutation.init(from:))
    if let mutation { readEntries(of: mutation.partition) }
  case .read, .readDigest: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: ReadCommand.init(from:))
  case .readResponse:
    let response = decoded(payload, encode: { $0.encode(to: &$1) }, decode: ReadResponse.init(from:))
    for partition in response?.partitions ?? [] {
      readEntries(of: partition)
      _ = partition.liveRows(nowInSeconds: 1_700_000_000)
    }
  case .gossip:
    guard let states = try? NodeState.decode(payload) else { return }
    require((try? NodeState.decode(NodeState.encode(states))) == states, "states of nodes are read as others")
  case .schema, .schemaPush: readSchema(payload)
  case .schemaChange: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: SchemaStatement.init(from:))
  case .schemaEpoch:
    _ = try? payload.withReader { (reader: inout ByteReader) throws(DecodeError) in try reader.uint32() }
  case .forward: readForwarded(payload)
  case .forwardAnswer: _ = decoded(payload, encode: { $0.encode(to: &$1) }, decode: ForwardAnswer.init(from:))
  case .batchStore: readBatch(payload)
  case .batchRemove, .digest:
    _ = try? payload.withReader { (reader: inout ByteReader) throws(DecodeError) in try reader.uuid() }
  case .acknowledgement, .schemaPull, .schemaChanged, .ping, .pong: break
  }
}

private func greet(_ hello: Hello) {
  for name in [hello.clusterName, "another"] {
    let own = Hello(
      clusterName: name, hostID: UUID(high: 1, low: 2), schemaEpoch: 1, address: "127.0.0.1", port: 7000)
    guard let version = try? own.agreedVersion(with: hello) else { continue }
    require(version >= hello.minVersion && version <= hello.maxVersion, "a version is agreed that one does not speak")
  }
}

/// As who stores and who merges them does.
private func readEntries(of partition: Partition) {
  for entry in partition.entries {
    switch entry.kind {
    case .partitionDeletion:
      guard let deletion = try? entry.deletion() else { continue }
      require((try? Entry.partitionDeletion(deletion).deletion()) == deletion, "a deletion is read as another")
    case .rangeDeletion:
      guard let range = try? entry.rangeDeletion() else { continue }
      require((try? Entry.rangeDeletion(range).rangeDeletion()) == range, "a range deletion is read as another")
    case .staticRow:
      guard let row = try? entry.row() else { continue }
      require((try? Entry.staticRow(row).row()) == row, "a static row is read as another")
    case .row:
      guard let row = try? entry.row() else { continue }
      require((try? Entry.row(clustering: entry.clustering, row).row()) == row, "a row is read as another")
    }
  }
}

/// A mutation is passed on as the bytes that came, so they must be what the receiver itself reads.
private func readForwarded(_ bytes: [UInt8]) {
  let read = try? bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
    (
      hosts: try ForwardedWrite.decodeHosts(from: &reader), encoded: reader.rest().copied(),
      mutation: try Mutation(from: &reader)
    )
  }
  guard let read else { return }
  var writer = ByteWriter()
  ForwardedWrite.encode(to: read.hosts[...], mutation: read.encoded, into: &writer)
  let again = try? writer.take().withReader { (reader: inout ByteReader) throws(DecodeError) in
    (try ForwardedWrite.decodeHosts(from: &reader), try Mutation(from: &reader))
  }
  require(again?.0 == read.hosts && again?.1 == read.mutation, "a forwarded write is another after it was written")
}

private func readBatch(_ bytes: [UInt8]) {
  let mutations = try? bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
    _ = try reader.uuid()
    return try LoggedBatch.decodeMutations(from: &reader)
  }
  guard let mutations else { return }
  requireRoundTrip(
    mutations, encode: { LoggedBatch(id: UUID(high: 1, low: 1), mutations: $0).encodeMutations(to: &$1) },
    decode: { (reader: inout ByteReader) throws(DecodeError) in try LoggedBatch.decodeMutations(from: &reader) })
}

private func readSchema(_ bytes: [UInt8]) {
  guard let schema = try? Schema(encoded: bytes) else { return }
  let again = try? Schema(encoded: schema.encoded)
  require(again?.encoded == schema.encoded, "a schema is read as another after it was written")
}
