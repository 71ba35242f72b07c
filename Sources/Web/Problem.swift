// Problem documents (RFC 9457): the one shape of every error the HTTP side gives.
//
// `type` is a URN of ours, stable for programs; `title` and `detail` are for people. Neither says anything of the
// inside: no paths, no statements, no stack.

import Base
import HTTP

/// An error as a client sees it.
public struct Problem: Error, Equatable, Sendable {
  public var status: Int
  /// The last part of its type, `urn:marquee:problem:<name>`.
  public var name: String
  public var title: String
  /// What was wrong this time; empty where the title says it all.
  public var detail: String
  /// The member of the request's JSON that is meant, as a JSON pointer (RFC 6901).
  public var pointer: String?
  /// Seconds after which trying again makes sense.
  public var retryAfterSeconds: Int?
  /// The value of WWW-Authenticate (RFC 6750 section 3), with 401 and 403.
  public var challenge: String?
  /// The value of Allow, with 405.
  public var allow: String?

  public init(
    _ status: Int, _ name: String, _ title: String, _ detail: String = "", pointer: String? = nil,
    retryAfterSeconds: Int? = nil
  ) {
    self.status = status
    self.name = name
    self.title = title
    self.detail = detail
    self.pointer = pointer
    self.retryAfterSeconds = retryAfterSeconds
  }

  public static let contentType = "application/problem+json"

  public var json: JSON {
    var members: [JSON.Member] = [
      JSON.Member("type", .string("urn:marquee:problem:\(name)")), JSON.Member("title", .string(title)),
      JSON.Member("status", .integer(Int64(status))),
    ]
    if !detail.isEmpty { members.append(JSON.Member("detail", .string(detail))) }
    if let pointer { members.append(JSON.Member("pointer", .string(pointer))) }
    return .object(members)
  }

  public var response: WebResponse {
    var response = WebResponse(status, contentType: Self.contentType, bytes: json.utf8)
    response.head.add("Cache-Control", "no-store")
    if let retryAfterSeconds { response.head.add("Retry-After", String(retryAfterSeconds)) }
    if let challenge { response.head.add("WWW-Authenticate", challenge) }
    if let allow { response.head.add("Allow", allow) }
    return response
  }
}

extension Problem {
  /// What the parser refused.
  public init(_ refusal: HTTPRefusal) {
    self.init(refusal.status, "request", ResponseHead.reason(refusal.status), refusal.reason)
  }

  public static func badRequest(_ detail: String, pointer: String? = nil) -> Problem {
    Problem(400, "request", "The request is malformed", detail, pointer: pointer)
  }

  public static func notFound(_ detail: String = "") -> Problem {
    Problem(404, "not-found", "There is nothing here", detail)
  }

  /// Something failed that is none of the client's doing.
  public static func inside(_ detail: String = "") -> Problem {
    Problem(500, "internal", "The node failed", detail)
  }

  public static func busy(_ detail: String) -> Problem {
    Problem(503, "busy", "The node is busy", detail, retryAfterSeconds: 1)
  }
}
