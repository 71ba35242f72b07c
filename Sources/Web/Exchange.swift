// A request and its answer as handlers see them: no bytes of the protocol, no connection.

import Base
import Crypto
import HTTP
import World

/// A request's body, pulled piece by piece. Loop-bound.
public final class RequestBody {
  /// One piece, nil at the end, or why there is none; called once, on this loop.
  public typealias Completion = (Result<[UInt8]?, HTTPRefusal>) -> Void
  private let pull: (@escaping Completion) -> Void

  /// `pull` is never called again before its completion was, nor after the end or a refusal.
  public init(pull: @escaping (@escaping Completion) -> Void) { self.pull = pull }

  /// No body.
  public static var empty: RequestBody { RequestBody { $0(.success(nil)) } }

  /// A body that is here already.
  public convenience init(_ bytes: [UInt8]) {
    var rest: [UInt8]? = bytes.isEmpty ? nil : bytes
    self.init { completion in
      let piece = rest
      rest = nil
      completion(.success(piece))
    }
  }

  /// The next piece, not empty; nil at the end.
  public func next() async throws(HTTPRefusal) -> [UInt8]? {
    try await suspend { self.pull($0) }.get()
  }

  /// The whole body.
  /// - Throws: 413 where it is longer than `maxBytes`.
  public func collect(maxBytes: Int) async throws(HTTPRefusal) -> [UInt8] {
    var bytes: [UInt8] = []
    while let piece = try await next() {
      guard bytes.count + piece.count <= maxBytes else {
        throw HTTPRefusal(413, "the body is longer than \(maxBytes) bytes")
      }
      bytes = bytes.isEmpty ? piece : bytes + piece
    }
    return bytes
  }
}

/// A request on its way to a handler.
public struct WebRequest {
  public var head: RequestHead
  /// What the route's pattern names, such as `video_id` or `path`.
  public var parameters: [String: String]
  /// Whose request it is; nil only on routes that need no token.
  public var claims: TokenClaims?
  public var body: RequestBody
  /// This node's address as the client reached it.
  public var local: Endpoint

  public init(
    head: RequestHead, parameters: [String: String], claims: TokenClaims?, body: RequestBody, local: Endpoint
  ) {
    self.head = head
    self.parameters = parameters
    self.claims = claims
    self.body = body
    self.local = local
  }

  /// How long a JSON body may be, bytes.
  public static let maxJSONBytes = 64 * 1024

  /// The body as one JSON object.
  public func json() async throws(Problem) -> JSON {
    let type = head.value(of: "content-type")?.lowercased() ?? "application/json"
    let essence = type.prefix { $0 != ";" && $0 != " " }
    guard essence == "application/json" else {
      throw Problem(415, "media-type", "Unsupported media type", "The body must be application/json.")
    }
    let bytes: [UInt8]
    do { bytes = try await body.collect(maxBytes: Self.maxJSONBytes) } catch { throw Problem(error) }
    let json: JSON
    do { json = try JSON(parsing: bytes) } catch { throw .badRequest("The body is not JSON: \(error).") }
    guard json.members != nil else { throw .badRequest("The body is not a JSON object.") }
    return json
  }

  /// The bearer as a user.
  public func userID() throws(Problem) -> UUID {
    guard let subject = claims?.subject, let id = UUID(subject) else {
      throw Problem(403, "subject", "Not a user's token", "The token's subject is not a user's UUID.")
    }
    return id
  }
}

/// A part of an answer's body.
public enum WebBodyPart {
  case bytes([UInt8])
  /// `count` bytes of a file.
  case file(any DiskFile, offset: Int64, count: Int64)

  public var byteCount: UInt64 {
    switch self {
    case .bytes(let bytes): UInt64(bytes.count)
    case .file(_, _, let count): UInt64(max(0, count))
    }
  }
}

/// An answer. Its length is always known.
public struct WebResponse {
  public var head: ResponseHead
  public var parts: [WebBodyPart]

  public init(head: ResponseHead, parts: [WebBodyPart] = []) {
    self.head = head
    self.parts = parts
  }

  public init(_ status: Int) { self.init(head: ResponseHead(status)) }

  public init(_ status: Int, contentType: String, bytes: [UInt8]) {
    self.init(status)
    head.add("Content-Type", contentType)
    parts = [.bytes(bytes)]
  }

  public init(_ status: Int = 200, json: JSON) {
    self.init(status, contentType: "application/json", bytes: json.utf8)
    head.add("Cache-Control", "no-store")
  }

  public var lengthBytes: UInt64 { parts.reduce(0) { $0 + $1.byteCount } }
}
