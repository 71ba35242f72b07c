// A request's head: the request line and the header fields (RFC 9112 sections 3 and 5), kept as the bytes
// they came in with the places of names and values, so that a head costs one allocation and not two a field.

/// Methods that are served; all others are refused with 501.
public enum HTTPMethod: String, Sendable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"
  case options = "OPTIONS"
  case patch = "PATCH"
}

/// HTTP/1.0 or HTTP/1.1: others are refused with 505.
public enum HTTPVersion: Sendable {
  case http10, http11
}

/// Where a request's body ends (RFC 9112 section 6).
public enum BodyFraming: Equatable, Sendable {
  case none
  case length(UInt64)
  case chunked
}

/// One parsed head. Its bytes have passed every check of `HeadParser`.
public struct RequestHead: Sendable {
  struct Field: Sendable {
    var name: Range<Int>
    var value: Range<Int>
  }

  public internal(set) var method: HTTPMethod
  public internal(set) var version: HTTPVersion
  public internal(set) var target: HTTPTarget
  /// Host and port the client meant: of the target where it names them, else of the Host field; empty for an
  /// HTTP/1.0 request without either.
  public internal(set) var authority = ""
  public internal(set) var framing = BodyFraming.none
  /// The client waits for `100 Continue` before it sends the body.
  public internal(set) var expectsContinue = false
  /// The client would use the connection again.
  public internal(set) var keepsAlive = true
  var bytes: [UInt8]
  var fields: [Field] = []

  /// The value of a field, by its name in any case: the first one's where there are several.
  /// Fields of which a second would be dangerous (Host, Content-Length, Authorization, ...) stand at most once.
  public func value(of name: String) -> String? {
    for field in fields where matches(field.name, name) { return text(field.value) }
    return nil
  }

  /// The values of all fields of this name, in order.
  public func values(of name: String) -> [String] {
    fields.filter { matches($0.name, name) }.map { text($0.value) }
  }

  public var fieldCount: Int { fields.count }

  private func matches(_ range: Range<Int>, _ name: String) -> Bool {
    guard range.count == name.utf8.count else { return false }
    var index = range.lowerBound
    for byte in name.utf8 {
      if bytes[index].asciiLowercased != byte.asciiLowercased { return false }
      index += 1
    }
    return true
  }

  /// Bytes from 0x80 on are read as Latin-1, which is what they meant when they were allowed.
  private func text(_ range: Range<Int>) -> String {
    if bytes[range].allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes[range], as: UTF8.self) }
    var text = ""
    for byte in bytes[range] { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
  }
}

extension UInt8 {
  /// RFC 9110 section 5.6.2: what names and methods are made of.
  var isTokenCharacter: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// RFC 9110 section 5.5: a visible character, a space, a tab, or one of the old 8-bit ones.
  var isFieldValueCharacter: Bool { self == 0x09 || (self >= 0x20 && self != 0x7F) }

  var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  var asciiLowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
}
