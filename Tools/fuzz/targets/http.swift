// What HTTP/1.1 clients send: one connection's bytes, with pipelined requests, bodies and chunks. Fed in one piece and
// in small ones the parser must find the same.

import Base
import HTTP

func fuzz(_ bytes: [UInt8]) {
  let whole = pieces(of: bytes, piece: bytes.count)
  for piece in [1, 7] {
    require(pieces(of: bytes, piece: piece) == whole, "fed in pieces of \(piece) bytes the requests are others")
  }
}

/// What was found, the bodies' pieces joined.
private func pieces(of bytes: [UInt8], piece: Int) -> [String] {
  var limits = HTTPLimits()
  // Small, so that inputs of fuzzing's size meet them.
  limits.maxRequestLineBytes = 256
  limits.maxHeaderLineBytes = 256
  limits.maxHeaderBytes = 1024
  limits.maxHeaderCount = 12
  limits.maxChunkLineBytes = 64
  limits.maxTrailerBytes = 128
  limits.maxBodyBytes = 2048
  var parser = RequestParser(limits: limits)
  var found: [String] = []
  var body: [UInt8] = []
  var at = 0
  while at < bytes.count {
    let end = min(bytes.count, at + max(1, piece))
    parser.feed(Array(bytes[at..<end]).span.bytes)
    at = end
    do throws(HTTPRefusal) {
      while let next = try parser.next() {
        switch next {
        case .head(let head): found.append("\(head)")
        case .body(let more): body += more
        case .end:
          found.append("end of \(body)")
          body = []
        }
      }
    } catch {
      // Which of two rules is broken first may depend on how much is there.
      found.append("refused")
      return found
    }
  }
  found.append("open \(parser.isWithinRequest)")
  return found
}
