// Answers on their way to bytes (RFC 9112 sections 4 and 7, RFC 9110).
//
// Field values may come from data, so what could end a line is written as %XX and cannot begin another field
// (the class of CVE-2022-3215). Field names are the program's own: a bad one is a bug and traps.

import Base

/// A status and the fields of an answer; Date, Connection and the body's framing are the connection's to add.
public struct ResponseHead: Sendable {
  public var status: Int
  public private(set) var fields: [(name: String, value: String)] = []

  public init(_ status: Int) {
    precondition((100...599).contains(status), "status \(status)")
    self.status = status
  }

  /// Appends a field.
  public mutating func add(_ name: String, _ value: String) {
    precondition(!name.isEmpty && name.utf8.allSatisfy(\.isTokenCharacter), "a header named \(name)")
    fields.append((name, value.utf8.allSatisfy { $0.isFieldValueCharacter && $0 < 0x80 } ? value : Self.escaped(value)))
  }

  /// Replaces the fields of this name.
  public mutating func set(_ name: String, _ value: String) {
    fields.removeAll { $0.name.lowercased() == name.lowercased() }
    add(name, value)
  }

  public func value(of name: String) -> String? {
    fields.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  private static func escaped(_ value: String) -> String {
    var text: [UInt8] = []
    for byte in value.utf8 {
      if byte.isFieldValueCharacter, byte < 0x80 {
        text.append(byte)
      } else {
        text.append(UInt8(ascii: "%"))
        text.append(contentsOf: Hex.encode([byte]).utf8)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether an answer with this status has no body whatever its head says (RFC 9112 section 6.3).
  public var neverHasBody: Bool { status < 200 || status == 204 || status == 304 }

  /// The words behind a status in the status line.
  public static func reason(_ status: Int) -> String {
    switch status {
    case 100: "Continue"
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 206: "Partial Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 416: "Range Not Satisfiable"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    default: "Unknown"
    }
  }
}

/// How an answer's body is marked off.
public enum ResponseFraming: Equatable, Sendable {
  /// There is none, and none is announced (1xx, 204, 304).
  case none
  /// So many bytes; announced also where HEAD lets them away.
  case length(UInt64)
  case chunked
  /// It ends with the connection (HTTP/1.0, length unknown).
  case untilClose
}

extension ByteWriter {
  /// The status line and all fields with the empty line behind them. `date` is the Date field's value.
  public mutating func responseHead(
    _ head: ResponseHead, framing: ResponseFraming, closes: Bool, saysKeepAlive: Bool = false, date: String
  ) {
    append("HTTP/1.1 " as StaticString)
    append(utf8: "\(head.status) \(ResponseHead.reason(head.status))\r\n")
    append("Date: " as StaticString)
    append(utf8: date)
    append("\r\n" as StaticString)
    for field in head.fields {
      append(utf8: field.name)
      append(": " as StaticString)
      append(utf8: field.value)
      append("\r\n" as StaticString)
    }
    switch framing {
    case .none, .untilClose: break
    case .length(let bytes): append(utf8: "Content-Length: \(bytes)\r\n")
    case .chunked: append("Transfer-Encoding: chunked\r\n" as StaticString)
    }
    if closes {
      append("Connection: close\r\n" as StaticString)
    } else if saysKeepAlive {
      append("Connection: keep-alive\r\n" as StaticString)
    }
    append("\r\n" as StaticString)
  }

  /// One chunk; an empty one would end the body and is not written.
  public mutating func chunk(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    append(utf8: String(bytes.count, radix: 16))
    append("\r\n" as StaticString)
    append(bytes)
    append("\r\n" as StaticString)
  }

  /// The end of a chunked body.
  public mutating func lastChunk() { append("0\r\n\r\n" as StaticString) }
}
