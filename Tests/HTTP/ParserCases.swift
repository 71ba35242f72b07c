// Runs a parser over bytes and writes down what came out, so that a case is a line of a table.

@testable import HTTP

/// What came out: heads as `METHOD path`, bodies in brackets, `.` for a request's end, a status for a refusal.
/// A body's pieces are joined. `split` is how many bytes are fed at a time.
func outcome(of bytes: [UInt8], split: Int = .max, limits: HTTPLimits = HTTPLimits(), bodyLimit: UInt64? = nil)
  -> String
{
  var parser = RequestParser(limits: limits)
  var words: [String] = []
  var body: [UInt8] = []
  var start = 0
  func flush() {
    if !body.isEmpty { words.append("[" + String(decoding: body, as: UTF8.self) + "]") }
    body = []
  }
  do {
    repeat {
      let end = split == .max ? bytes.count : min(bytes.count, start + split)
      parser.feed(bytes[start..<end].span.bytes)
      start = end
      while let piece = try parser.next() {
        switch piece {
        case .head(let head):
          words.append("\(head.method.rawValue) \(head.target.path)")
          if let bodyLimit { try parser.limitBody(toBytes: bodyLimit) }
        case .body(let bytes): body += bytes
        case .end:
          flush()
          words.append(".")
        }
      }
    } while start < bytes.count
    flush()
    return words.joined(separator: " ")
  } catch {
    flush()
    return (words + ["\(error.status)"]).joined(separator: " ")
  }
}

/// Every way of cutting the bytes must give the same: whole, byte by byte, in threes, and once at each place
/// for short cases.
func outcomeHoweverCut(_ text: String, limits: HTTPLimits = HTTPLimits(), bodyLimit: UInt64? = nil) -> Set<String> {
  let bytes = latin1(text)
  return Set(
    [.max, 1, 2, 3, 7, 64].map { outcome(of: bytes, split: $0, limits: limits, bodyLimit: bodyLimit) })
}

/// Scalars up to U+00FF as one byte each: raw bytes in a Swift literal.
func latin1(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

/// Finds a head, or nil where it is refused.
func parsedHead(_ text: String) -> RequestHead? {
  var parser = RequestParser()
  parser.feed(latin1(text).span.bytes)
  guard case .head(let head)? = try? parser.next() else { return nil }
  return head
}
