// Reads a head line by line: the request line, the fields, and what they say of the body (RFC 9112 sections 3,
// 5 and 6, RFC 9110). Every rule that two parsers could read differently is read in the narrow way and
// anything else refused, since a request that a proxy and a node split at different places is an attack.
//
// Narrower than the RFC, on purpose: equal repeated Content-Length fields, any Transfer-Encoding but one
// "chunked", HTTP versions other than 1.0 and 1.1, empty hosts, a second Authorization, Content-Type, Range.

/// Builds a `RequestHead` out of lines without their CRLF.
struct HeadParser {
  private let limits: HTTPLimits
  private(set) var head: RequestHead?
  private var bytesTaken = 0
  private var targetAuthority: String?

  init(limits: HTTPLimits) { self.limits = limits }

  /// Fields that would be read differently by different readers if they stood twice.
  private static let singletons = [
    "host", "content-length", "transfer-encoding", "expect", "authorization", "content-type", "range", "if-range",
    "if-modified-since", "origin", "content-encoding", "content-range",
  ]

  // MARK: the request line

  mutating func requestLine(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) {
    let parts = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy({ $0.isTokenCharacter }) else {
      throw HTTPRefusal(400, "the request line is malformed")
    }
    let version = try Self.version(parts[2])
    guard let method = HTTPMethod(rawValue: String(decoding: parts[0], as: UTF8.self)) else {
      throw HTTPRefusal(501, "the method is not known here")
    }
    let target = try requestTarget(parts[1], method: method)
    head = RequestHead(method: method, version: version, target: target, bytes: [])
    head?.bytes.reserveCapacity(512)
  }

  private static func version(_ text: ArraySlice<UInt8>) throws(HTTPRefusal) -> HTTPVersion {
    let bytes = Array(text)
    guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[5].isASCIIDigit, bytes[6] == UInt8(ascii: "."),
      bytes[7].isASCIIDigit
    else { throw HTTPRefusal(400, "the version is malformed") }
    guard bytes[5] == UInt8(ascii: "1"), bytes[7] <= UInt8(ascii: "1") else {
      throw HTTPRefusal(505, "HTTP/1.0 and HTTP/1.1 are spoken here")
    }
    return bytes[7] == UInt8(ascii: "1") ? .http11 : .http10
  }

  private mutating func requestTarget(
    _ text: ArraySlice<UInt8>, method: HTTPMethod
  ) throws(HTTPRefusal) -> HTTPTarget {
    if text.first == UInt8(ascii: "/") { return try HTTPTarget(text) }
    if text.elementsEqual("*".utf8) {
      guard method == .options else { throw HTTPRefusal(400, "the target * is for OPTIONS") }
      return .asterisk
    }
    for scheme in ["http://", "https://"] where text.count > scheme.utf8.count {
      let end = text.startIndex + scheme.utf8.count
      guard text[..<end].elementsEqual(scheme.utf8, by: { $0.asciiLowercased == $1 }) else { continue }
      let rest = text[end...]
      let slash = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
      targetAuthority = try Self.authority(rest[..<slash])
      if rest[slash...].first == UInt8(ascii: "/") { return try HTTPTarget(rest[slash...]) }
      return try HTTPTarget(ArraySlice([UInt8(ascii: "/")] + rest[slash...]))
    }
    throw HTTPRefusal(400, "the target is malformed")
  }

  /// `host[:port]` (RFC 3986 section 3.2) without a user name, and not empty (RFC 9110 section 4.2.1).
  private static func authority(_ text: ArraySlice<UInt8>) throws(HTTPRefusal) -> String {
    var host = text
    if text.first == UInt8(ascii: "[") {
      guard let bracket = text.firstIndex(of: UInt8(ascii: "]")) else { throw HTTPRefusal(400, "a malformed host") }
      host = text[text.startIndex...bracket]
      let address = host.dropFirst().dropLast()
      let isAddress = address.allSatisfy {
        $0.isASCIIDigit || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0.asciiLowercased)
      }
      guard !address.isEmpty, isAddress else { throw HTTPRefusal(400, "a malformed host") }
    } else if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
      host = text[..<colon]
    }
    let isName = text.first == UInt8(ascii: "[") || host.allSatisfy(isHostNameCharacter)
    let port = text[host.endIndex...]
    let isPort =
      port.isEmpty
      || (port.first == UInt8(ascii: ":") && port.count <= 6 && port.dropFirst().allSatisfy(\.isASCIIDigit))
    guard !host.isEmpty, isName, isPort else { throw HTTPRefusal(400, "a malformed host") }
    return String(decoding: text, as: UTF8.self)
  }

  private static func isHostNameCharacter(_ byte: UInt8) -> Bool {
    byte.isASCIIDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte.asciiLowercased)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
  }

  // MARK: fields

  /// One header line.
  mutating func field(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) {
    bytesTaken += line.count + 2
    guard bytesTaken <= limits.maxHeaderBytes, head?.fields.count ?? 0 < limits.maxHeaderCount else {
      throw HTTPRefusal(431, "more header fields than are taken here")
    }
    let (name, value) = try Self.split(line)
    guard let start = head?.bytes.count else { preconditionFailure("a header field before its request line") }
    let nameEnd = start + name.count
    head?.bytes.append(contentsOf: name)
    head?.bytes.append(contentsOf: value)
    head?.fields.append(RequestHead.Field(name: start..<nameEnd, value: nameEnd..<(nameEnd + value.count)))
  }

  /// Name and value of a field line (RFC 9112 section 5), without the space around the value.
  static func split(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
    if line.first == 0x20 || line.first == 0x09 { throw HTTPRefusal(400, "a folded or indented header line") }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
      throw HTTPRefusal(400, "a header line without a name")
    }
    let name = line[..<colon]
    guard name.allSatisfy(\.isTokenCharacter) else { throw HTTPRefusal(400, "a character in a header's name") }
    var value = line[(colon + 1)...]
    while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
    while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
    guard value.allSatisfy(\.isFieldValueCharacter) else { throw HTTPRefusal(400, "a character in a header's value") }
    return (name, value)
  }

  // MARK: what the fields say together

  /// The finished head, after its empty line.
  mutating func finish() throws(HTTPRefusal) -> RequestHead {
    guard var head else { preconditionFailure("a head without a request line") }
    for name in Self.singletons where head.values(of: name).count > 1 {
      throw HTTPRefusal(400, "the header \(name) stands twice")
    }
    try readHost(&head)
    try Self.readFraming(&head)
    try Self.readExpectation(&head)
    Self.readConnection(&head)
    return head
  }

  private func readHost(_ head: inout RequestHead) throws(HTTPRefusal) {
    var authority = ""
    if let host = head.value(of: "host") {
      authority = try Self.authority(Array(host.utf8)[...])
    } else if head.version == .http11 {
      throw HTTPRefusal(400, "the header host is missing")
    }
    // An absolute target's own host is the one that counts (RFC 9112 section 3.2.2).
    head.authority = targetAuthority ?? authority
  }

  private static func readFraming(_ head: inout RequestHead) throws(HTTPRefusal) {
    let length = head.value(of: "content-length")
    if let coding = head.value(of: "transfer-encoding") {
      guard length == nil else { throw HTTPRefusal(400, "a body framed in two ways") }
      guard head.version == .http11 else { throw HTTPRefusal(400, "a transfer encoding in HTTP/1.0") }
      guard coding.lowercased() == "chunked" else {
        // Where chunked is among them but not alone, the end of the body is in doubt (section 6.3).
        let isMixed = coding.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains("chunked")
        throw HTTPRefusal(isMixed ? 400 : 501, "the only transfer encoding known here is one chunked")
      }
      head.framing = .chunked
    } else if let length {
      guard !length.isEmpty, length.utf8.count <= 19, length.utf8.allSatisfy(\.isASCIIDigit), let bytes = UInt64(length)
      else { throw HTTPRefusal(400, "the content length is not a number") }
      head.framing = .length(bytes)
    }
  }

  private static func readExpectation(_ head: inout RequestHead) throws(HTTPRefusal) {
    guard head.version == .http11, let expectation = head.value(of: "expect") else { return }
    guard expectation.lowercased() == "100-continue" else { throw HTTPRefusal(417, "an unknown expectation") }
    head.expectsContinue = head.framing == .chunked || head.framing != .none && head.framing != .length(0)
  }

  private static func readConnection(_ head: inout RequestHead) {
    var options: [Substring] = []
    for value in head.values(of: "connection") {
      options += value.lowercased().split(separator: ",").map { $0.drop { $0 == " " || $0 == "\t" } }
    }
    let words = options.map { String($0.prefix { $0 != " " && $0 != "\t" }) }
    if words.contains("close") {
      head.keepsAlive = false
    } else {
      head.keepsAlive = head.version == .http11 || words.contains("keep-alive")
    }
  }
}
