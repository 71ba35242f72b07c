// A strict HTTP/1.1 request parser (RFC 9112): bytes in, heads and pieces of bodies out. A value type without
// IO or clock, so that every hostile byte string is a line in a table of tests.
//
// It refuses and never repairs: after a refusal it answers the same refusal for ever. Line ends are CRLF and
// nothing else. One empty line before a request is skipped (section 2.2), more are refused.

import Base

/// What the parser found next.
public enum ParsedPiece: Sendable {
  case head(RequestHead)
  /// A piece of the body, chunk framing taken off; never empty.
  case body([UInt8])
  /// The request is complete; the next one may follow.
  case end
}

/// Parses one connection's requests one after another.
public struct RequestParser {
  private enum State {
    case requestLine(skippedEmptyLine: Bool)
    case fields(HeadParser)
    case fixedBody(remaining: UInt64)
    case chunkSize
    case chunkData(remaining: UInt64)
    case chunkDataEnd
    case trailers(bytesTaken: Int)
    case end
    case refused(HTTPRefusal)
  }

  private let limits: HTTPLimits
  private var state = State.requestLine(skippedEmptyLine: false)
  private var buffer: [UInt8] = []
  /// The first byte not yet taken, and the first not yet searched for a line's end.
  private var start = 0
  private var searched = 0
  private var maxBodyBytes: UInt64
  private var bodyBytes: UInt64 = 0

  public init(limits: HTTPLimits = HTTPLimits()) {
    self.limits = limits
    maxBodyBytes = limits.maxBodyBytes
  }

  /// Bytes received and not yet parsed.
  public var bufferedBytes: Int { buffer.count - start }

  /// Whether a request has begun: some byte of it is here.
  public var isWithinRequest: Bool {
    if case .requestLine = state { return bufferedBytes > 0 }
    return true
  }

  /// Adds received bytes; `next()` takes them.
  public mutating func feed(_ bytes: RawSpan) {
    if case .refused = state { return }
    if start > 0 {
      buffer.removeFirst(start)
      searched -= start
      start = 0
    }
    unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
  }

  /// Sets what the body of the request whose head was just returned may hold.
  /// - Throws: 413, also where the head says already that it will be more.
  public mutating func limitBody(toBytes bytes: UInt64) throws(HTTPRefusal) {
    maxBodyBytes = bytes
    let announced = if case .fixedBody(let remaining) = state { remaining } else { UInt64(0) }
    guard bodyBytes <= bytes, announced <= bytes - bodyBytes else { throw refuse(Self.tooLarge) }
  }

  private static let tooLarge = HTTPRefusal(413, "the body is larger than is taken here")

  /// What of a body framed by its length is still to come, bytes; nil where it cannot be known.
  public var remainingBodyBytes: UInt64? {
    switch state {
    case .fixedBody(let remaining): remaining
    case .end, .requestLine: 0
    default: nil
    }
  }

  /// The next piece, or nil until more bytes come.
  public mutating func next() throws(HTTPRefusal) -> ParsedPiece? {
    do {
      return try step()
    } catch {
      throw refuse(error)
    }
  }

  private mutating func refuse(_ refusal: HTTPRefusal) -> HTTPRefusal {
    state = .refused(refusal)
    buffer = []
    start = 0
    searched = 0
    return refusal
  }

  private mutating func step() throws(HTTPRefusal) -> ParsedPiece? {
    while true {
      switch state {
      case .requestLine(let skipped):
        let over = HTTPRefusal(414, "the request line is longer than is taken here")
        guard let line = try line(maxBytes: limits.maxRequestLineBytes, over: over) else { return nil }
        if line.isEmpty {
          guard !skipped else { throw HTTPRefusal(400, "empty lines instead of a request") }
          state = .requestLine(skippedEmptyLine: true)
          continue
        }
        var parser = HeadParser(limits: limits)
        try parser.requestLine(line)
        state = .fields(parser)
      case .fields(var parser):
        let over = HTTPRefusal(431, "a header line is longer than is taken here")
        guard let line = try line(maxBytes: limits.maxHeaderLineBytes, over: over) else { return nil }
        if line.isEmpty { return .head(try beginBody(try parser.finish())) }
        // The state must not hold a second reference while the parser grows.
        state = .chunkSize
        try parser.field(line)
        state = .fields(parser)
      case .fixedBody(let remaining):
        guard remaining > 0 else {
          state = .end
          continue
        }
        guard remaining <= maxBodyBytes, bodyBytes <= maxBodyBytes - remaining else { throw Self.tooLarge }
        guard let piece = takeBody(upTo: remaining) else { return nil }
        state = .fixedBody(remaining: remaining - UInt64(piece.count))
        return .body(piece)
      case .chunkSize:
        let over = HTTPRefusal(400, "a chunk's size line is longer than is taken here")
        guard let line = try line(maxBytes: limits.maxChunkLineBytes, over: over) else { return nil }
        try beginChunk(line)
      case .chunkData(let remaining):
        guard let piece = takeBody(upTo: remaining) else { return nil }
        let left = remaining - UInt64(piece.count)
        state = left > 0 ? .chunkData(remaining: left) : .chunkDataEnd
        return .body(piece)
      case .chunkDataEnd:
        guard bufferedBytes >= 1 else { return nil }
        guard buffer[start] == 0x0D else { throw HTTPRefusal(400, "a chunk is longer than it says") }
        guard bufferedBytes >= 2 else { return nil }
        guard buffer[start + 1] == 0x0A else { throw HTTPRefusal(400, "a chunk is longer than it says") }
        take(2)
        state = .chunkSize
      case .trailers(let taken):
        let over = HTTPRefusal(431, "the trailers are longer than is taken here")
        guard let line = try line(maxBytes: limits.maxTrailerBytes - taken, over: over) else { return nil }
        if line.isEmpty {
          state = .end
          continue
        }
        try Self.checkTrailer(line)
        state = .trailers(bytesTaken: taken + line.count + 2)
      case .end:
        state = .requestLine(skippedEmptyLine: false)
        return .end
      case .refused(let refusal): throw refusal
      }
    }
  }

  private mutating func beginBody(_ head: RequestHead) throws(HTTPRefusal) -> RequestHead {
    bodyBytes = 0
    maxBodyBytes = limits.maxBodyBytes
    switch head.framing {
    case .none: state = .end
    case .length(let bytes): state = .fixedBody(remaining: bytes)
    case .chunked: state = .chunkSize
    }
    return head
  }

  // MARK: chunks (RFC 9112 section 7.1)

  private mutating func beginChunk(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) {
    let digits = line.prefix { Hex.digit($0) != nil }
    // 15 digits are an exabyte and cannot overflow.
    guard !digits.isEmpty, digits.count <= 15 else { throw HTTPRefusal(400, "a chunk's size is malformed") }
    try Self.checkExtensions(line[digits.endIndex...])
    var size: UInt64 = 0
    for digit in digits { size = size << 4 | UInt64(Hex.digit(digit) ?? 0) }
    guard size > 0 else {
      state = .trailers(bytesTaken: 0)
      return
    }
    guard size <= maxBodyBytes, bodyBytes <= maxBodyBytes - size else { throw Self.tooLarge }
    state = .chunkData(remaining: size)
  }

  /// `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`: checked, and of no meaning here.
  private static func checkExtensions(_ text: ArraySlice<UInt8>) throws(HTTPRefusal) {
    let malformed = HTTPRefusal(400, "a chunk's extension is malformed")
    var rest = text
    while !rest.isEmpty {
      rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
      guard rest.first == UInt8(ascii: ";") else { throw malformed }
      rest = rest.dropFirst().drop { $0 == 0x20 || $0 == 0x09 }
      let name = rest.prefix { $0.isTokenCharacter }
      guard !name.isEmpty else { throw malformed }
      rest = rest[name.endIndex...]
      let value = rest.drop { $0 == 0x20 || $0 == 0x09 }
      guard value.first == UInt8(ascii: "=") else { continue }
      rest = value.dropFirst().drop { $0 == 0x20 || $0 == 0x09 }
      if rest.first == UInt8(ascii: "\"") {
        rest = rest.dropFirst()
        while let byte = rest.first, byte != UInt8(ascii: "\"") {
          guard byte.isFieldValueCharacter else { throw malformed }
          rest = rest.dropFirst(byte == UInt8(ascii: "\\") ? 2 : 1)
        }
        guard rest.first == UInt8(ascii: "\"") else { throw malformed }
        rest = rest.dropFirst()
      } else {
        let token = rest.prefix { $0.isTokenCharacter }
        guard !token.isEmpty else { throw malformed }
        rest = rest[token.endIndex...]
      }
    }
  }

  /// Trailers are checked and thrown away; those that would change how the request is read are refused.
  private static func checkTrailer(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) {
    let (name, _) = try HeadParser.split(line)
    let lowered = String(decoding: name.map(\.asciiLowercased), as: UTF8.self)
    let forbidden = [
      "content-length", "transfer-encoding", "host", "authorization", "content-type", "content-encoding",
      "content-range", "trailer", "te", "connection", "expect", "range", "cookie",
    ]
    guard !forbidden.contains(lowered) else { throw HTTPRefusal(400, "the header \(lowered) in a trailer") }
  }

  // MARK: the buffer

  /// The next line without its CRLF, or nil until it is here whole.
  private mutating func line(maxBytes: Int, over: HTTPRefusal) throws(HTTPRefusal) -> ArraySlice<UInt8>? {
    var index = max(start, searched)
    while index < buffer.count, buffer[index] != 0x0A {
      // A CR is only good before its LF, which may not be here yet.
      if buffer[index] == 0x0D, index + 1 < buffer.count, buffer[index + 1] != 0x0A {
        throw HTTPRefusal(400, "a bare carriage return")
      }
      index += 1
    }
    guard index - start <= maxBytes + 1 else { throw over }
    guard index < buffer.count else {
      // A CR at the end of what is here is looked at again.
      searched = max(start, index - 1)
      return nil
    }
    guard index > start, buffer[index - 1] == 0x0D else { throw HTTPRefusal(400, "a bare line feed") }
    let line = buffer[start..<(index - 1)]
    start = index + 1
    searched = start
    return line
  }

  private mutating func take(_ count: Int) {
    start += count
    searched = start
  }

  private mutating func takeBody(upTo remaining: UInt64) -> [UInt8]? {
    guard bufferedBytes > 0 else { return nil }
    let count = Int(min(remaining, UInt64(bufferedBytes)))
    bodyBytes += UInt64(count)
    // A large body's usual case: the whole buffer is body, and is handed over without a copy.
    if start == 0, count == buffer.count {
      var piece: [UInt8] = []
      swap(&piece, &buffer)
      searched = 0
      return piece
    }
    let piece = Array(buffer[start..<(start + count)])
    take(count)
    return piece
  }
}
