// A request's target (RFC 9112 section 3.2, RFC 3986): split, decoded and checked once, so that no route and
// no file below can be reached by another spelling.
//
// Refused rather than repaired: "." and ".." segments in any spelling, encoded slashes and backslashes,
// control characters and NUL, bytes that are not UTF-8, half escapes, fragments, user names.

import Base

/// Path and query of a request.
public struct HTTPTarget: Equatable, Sendable {
  /// How many query parameters are taken.
  public static let maxParameterCount = 64

  /// The path's segments, decoded: `/a/b%20c` is ["a", "b c"], `/` is [""], `*` is none.
  public internal(set) var segments: [String]
  /// The query's parameters in order, decoded.
  public internal(set) var parameters: [Parameter]

  public struct Parameter: Equatable, Sendable {
    public var name: String
    public var value: String
  }

  /// The decoded path. Not to be parsed again: use `segments`.
  public var path: String { segments.isEmpty ? "*" : "/" + segments.joined(separator: "/") }

  /// The one value of a query parameter; nil where there is none or more than one.
  public func parameter(_ name: String) -> String? {
    let found = parameters.filter { $0.name == name }
    return found.count == 1 ? found[0].value : nil
  }

  /// A target out of its path and query as they stand in the request line, from the first slash on.
  init(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal) {
    for byte in bytes { guard byte.isTargetCharacter else { throw HTTPRefusal(400, "a character in the target") } }
    let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
    guard bytes.first == UInt8(ascii: "/") else { throw HTTPRefusal(400, "the target does not begin with a slash") }
    segments = []
    for raw in bytes[..<mark].dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      let segment = try percentDecoded(raw, plusIsSpace: false)
      guard segment != ".", segment != "..", !segment.utf8.contains(UInt8(ascii: "/")),
        !segment.utf8.contains(UInt8(ascii: "\\"))
      else { throw HTTPRefusal(400, "a path that leads elsewhere") }
      segments.append(segment)
    }
    parameters = []
    guard mark < bytes.endIndex else { return }
    for raw in bytes[(mark + 1)...].split(separator: UInt8(ascii: "&")) {
      guard parameters.count < Self.maxParameterCount else { throw HTTPRefusal(400, "too many query parameters") }
      let equals = raw.firstIndex(of: UInt8(ascii: "=")) ?? raw.endIndex
      let name = try percentDecoded(raw[..<equals], plusIsSpace: true)
      let value = try percentDecoded(raw[equals...].dropFirst(), plusIsSpace: true)
      parameters.append(Parameter(name: name, value: value))
    }
  }

  private init() {
    segments = []
    parameters = []
  }

  /// `*`, which OPTIONS alone may ask for.
  static let asterisk = HTTPTarget()
}

/// The text that `raw` spells with its %XX escapes.
private func percentDecoded(_ raw: ArraySlice<UInt8>, plusIsSpace: Bool) throws(HTTPRefusal) -> String {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(raw.count)
  var index = raw.startIndex
  while index < raw.endIndex {
    var byte = raw[index]
    index += 1
    if byte == UInt8(ascii: "%") {
      guard index + 1 < raw.endIndex, let high = Hex.digit(raw[index]), let low = Hex.digit(raw[index + 1]) else {
        throw HTTPRefusal(400, "half an escape in the target")
      }
      byte = high << 4 | low
      index += 2
      guard byte >= 0x20, byte != 0x7F else { throw HTTPRefusal(400, "a control character in the target") }
    } else if byte == UInt8(ascii: "+"), plusIsSpace {
      byte = 0x20
    }
    bytes.append(byte)
  }
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw HTTPRefusal(400, "the target is not UTF-8")
  }
  return text
}

extension UInt8 {
  /// RFC 3986's characters without "#" (no fragment is sent) and without brackets; browsers send "|" and "^"
  /// unescaped in queries now and then, which is refused all the same.
  var isTargetCharacter: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "!"),
      UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"),
      UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="),
      UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "%"):
      true
    default: false
    }
  }
}
