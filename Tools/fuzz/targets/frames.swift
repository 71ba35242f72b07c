// The native protocol: requests as a node reads them, and answers and events as this binary's own clients do. An input
// is a frame: nine bytes of header and the body; whatever length the header says, what follows is the body.

import Base
import Data
import Frames

func fuzz(_ bytes: [UInt8]) {
  guard bytes.count >= FrameHeader.bytes else {
    let read = try? FrameHeader(bytes.span.bytes, isRequest: true)
    require(read == nil, "a header of \(bytes.count) bytes is taken")
    return
  }
  let head = Array(bytes[..<FrameHeader.bytes])
  let body = Array(bytes[FrameHeader.bytes...])
  _ = (FrameHeader.stream(ofHead: head.span.bytes), FrameHeader.version(ofHead: head.span.bytes))
  do throws(HeaderProblem) {
    readRequest(try FrameHeader(head.span.bytes, isRequest: true), body)
  } catch {
    _ = error.message
  }
  if let header = try? FrameHeader(head.span.bytes, isRequest: false) { readResponse(header, body) }
}

private func readRequest(_ header: FrameHeader, _ body: [UInt8]) {
  // A million statements are no more interesting than a thousand, and slower.
  var limits = FrameLimits()
  limits.maxBatchValues = 1000
  guard let request = try? Request(header, body: body.span.bytes, limits: limits) else { return }
  if case .authResponse(let token?) = request, let credentials = try? PlainCredentials(token: token) {
    require((try? PlainCredentials(token: credentials.token)) == credentials, "credentials are read as others")
  }
  var writer = ByteWriter()
  request.encode(stream: header.stream, version: header.version, to: &writer)
  let again = writer.take()
  guard let head = try? FrameHeader(Array(again.prefix(FrameHeader.bytes)).span.bytes, isRequest: true) else {
    return require(false, "a header of ours is refused")
  }
  require(head.bodyBytes == again.count - FrameHeader.bytes, "a length that is not the body's")
  let rest = Array(again.dropFirst(FrameHeader.bytes))
  let read = try? Request(head, body: rest.span.bytes, limits: limits)
  require(read == request, "a request is read as another after it was written")
}

private func readResponse(_ header: FrameHeader, _ body: [UInt8]) {
  guard let received = try? ReceivedResponse(header, body: body.span.bytes) else { return }
  switch received.response {
  case .error(let message):
    // Older versions are told less, but that much must stay as it is.
    let once = written(message, header.version)
    let again = try? once.withReader { (reader: inout ByteReader) throws(DecodeError) in
      try ErrorMessage(from: &reader, version: header.version)
    }
    require(again.map { written($0, header.version) == once } ?? false, "an error is read as another")
  case .rows(let rows):
    for column in rows.columns {
      requireRoundTrip(
        column.type, encode: { $0.encodeOption(version: header.version, to: &$1) },
        decode: { (reader: inout ByteReader) throws(DecodeError) in
          try CQLType.decodeOption(from: &reader, version: header.version)
        })
    }
  default: break
  }
  guard let again = answer(received.response, header) else { return }
  let rest = Array(again.dropFirst(FrameHeader.bytes))
  let head = try? FrameHeader(Array(again.prefix(FrameHeader.bytes)).span.bytes, isRequest: false)
  require(head?.opcode == header.opcode, "\(header.opcode.name) is written as \(head?.opcode.name ?? "nothing")")
  let read = head.flatMap { try? ReceivedResponse($0, body: rest.span.bytes) }
  require(read?.response == received.response, "\(header.opcode.name) is read as another after it was written")
}

/// An answer as a node writes it; nil for those whose writers want more than what was read.
private func answer(_ response: Response, _ header: FrameHeader) -> [UInt8]? {
  let writer = ResponseWriter(stream: header.stream, version: header.version)
  var out = ByteWriter()
  switch response {
  case .ready: writer.ready(to: &out)
  case .authenticate(let name): writer.authenticate(name, to: &out)
  case .supported(let options): writer.supported(options, to: &out)
  case .void: writer.void(to: &out)
  case .setKeyspace(let name): writer.setKeyspace(name, to: &out)
  case .schemaChange(let change): writer.schemaChange(change, to: &out)
  case .event(let event): writer.event(event, to: &out)
  case .authChallenge(let token): writer.authChallenge(token, to: &out)
  case .authSuccess(let token): writer.authSuccess(token, to: &out)
  case .error, .rows, .prepared: return nil
  }
  return out.take()
}

private func written(_ message: ErrorMessage, _ version: ProtocolVersion) -> [UInt8] {
  var writer = ByteWriter()
  message.encode(version: version, to: &writer)
  return writer.take()
}
