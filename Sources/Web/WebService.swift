// From a request's head to its answer: finds the route, says what CORS asks, checks the token, runs the handler,
// and turns whatever it throws into a problem document. It is what a connection talks to.

import Base
import Crypto
import Encoding
import HTTP
import Playback
import Query
import World

/// A request whose route and bearer are known.
public struct AdmittedRequest {
  public var route: Route
  public var parameters: [String: String]
  public var claims: TokenClaims?
}

/// What becomes of a request once its head is read.
public enum WebDecision {
  /// Answer this; its body is of no interest.
  case answer(WebResponse)
  /// Read its body up to the route's limit and `serve` it.
  case serve(AdmittedRequest)
}

/// Counters for metrics. `byRoute` is keyed by operation and status: never by URL.
public struct WebCounters {
  public struct Key: Hashable {
    public var operation: String
    public var status: Int
  }
  public var byRoute: [Key: UInt64] = [:]
  public var requestsInFlight = 0
}

/// One listener's routes with everything around them. Loop-bound.
public final class WebService {
  /// Requests whose handlers may run at once; more are answered 503.
  public static let maxRequestsInFlight = 2048

  public let table: RouteTable
  public private(set) var counters = WebCounters()
  private let authorization: Authorization
  private let clock: any Clock
  private let logger: Logger
  private var dateSeconds: Int64 = -1
  private var dateText = ""

  public init(table: RouteTable, authorization: Authorization, clock: any Clock, logger: Logger = .silent) {
    self.table = table
    self.authorization = authorization
    self.clock = clock
    self.logger = logger
  }

  /// The Date field's value, formatted once a second.
  public var date: String {
    let seconds = clock.wallSeconds
    if seconds != dateSeconds {
      dateSeconds = seconds
      dateText = HTTPDate.format(seconds)
    }
    return dateText
  }

  /// What to do about a request, before its body is read.
  public func decide(_ head: RequestHead) -> WebDecision {
    if head.method == .options { return .answer(counted("options", preflight(head))) }
    switch table.find(head.method, head.target.segments) {
    case .nothing: return .answer(refused(.notFound(), head))
    case .methods(let methods):
      var problem = Problem(405, "method", "The method does not suit this path")
      problem.allow = Self.list(methods)
      return .answer(refused(problem, head))
    case .route(let route, let parameters):
      guard counters.requestsInFlight < Self.maxRequestsInFlight else {
        return .answer(refused(.busy("Too many requests are under way."), head))
      }
      do throws(Problem) {
        let claims = try authorization.authorize(route.access, head, nowSeconds: clock.wallSeconds)
        if route.access == .user, UUID(claims?.subject ?? "") == nil {
          throw Problem(403, "subject", "Not a user's token", "The token's subject is not a user's UUID.")
        }
        return .serve(AdmittedRequest(route: route, parameters: parameters, claims: claims))
      } catch {
        return .answer(counted(route.operation, withCORS(error.response)))
      }
    }
  }

  /// Runs the route's handler. Always answers.
  public func serve(
    _ admitted: AdmittedRequest, _ head: RequestHead, body: RequestBody, local: Endpoint
  ) async -> WebResponse {
    counters.requestsInFlight += 1
    defer { counters.requestsInFlight -= 1 }
    let request = WebRequest(
      head: head, parameters: admitted.parameters, claims: admitted.claims, body: body, local: local)
    let response: WebResponse
    do {
      response = try await admitted.route.handler(request)
    } catch {
      let problem = Self.problem(error)
      if problem.status == 500 {
        logger.error("a request failed", ["operation": admitted.route.operation, "error": "\(error)"])
      }
      response = problem.response
    }
    return counted(admitted.route.operation, withCORS(response))
  }

  /// The answer to what the parser refused.
  public func answer(to refusal: HTTPRefusal) -> WebResponse { counted("refused", Problem(refusal).response) }

  private func refused(_ problem: Problem, _ head: RequestHead) -> WebResponse {
    counted("none", withCORS(problem.response))
  }

  /// Any error a handler may throw as a problem document.
  static func problem(_ error: any Error) -> Problem {
    switch error {
    case let problem as Problem: problem
    case let refusal as HTTPRefusal: Problem(refusal)
    case let failure as PlaybackFailure: Problem(failure)
    case let failure as QueryFailure: Problem(failure)
    case let failure as DiskFailure: Problem(failure)
    case let failure as EncodingFailure: Problem(failure)
    default: .inside()
    }
  }

  private func counted(_ operation: String, _ response: WebResponse) -> WebResponse {
    counters.byRoute[WebCounters.Key(operation: operation, status: response.head.status), default: 0] += 1
    return response
  }

  // MARK: CORS (Fetch standard, section 3.3)

  // Any origin may: nothing here is granted by a cookie, and a token is the page's own to send.

  private func withCORS(_ response: WebResponse) -> WebResponse {
    var response = response
    response.head.add("Access-Control-Allow-Origin", "*")
    response.head.add(
      "Access-Control-Expose-Headers", "Content-Length, Content-Range, Accept-Ranges, ETag, Retry-After, Date")
    response.head.add("X-Content-Type-Options", "nosniff")
    return response
  }

  private func preflight(_ head: RequestHead) -> WebResponse {
    var methods: [HTTPMethod] = [.get, .head, .post, .put, .delete]
    if !head.target.segments.isEmpty {
      switch table.find(.options, head.target.segments) {
      case .nothing: return withCORS(Problem.notFound().response)
      case .methods(let found): methods = found
      case .route: break
      }
    }
    var response = withCORS(WebResponse(204))
    response.head.add("Allow", Self.list(methods))
    response.head.add("Access-Control-Allow-Methods", Self.list(methods))
    response.head.add("Access-Control-Allow-Headers", "Authorization, Content-Type, Range, If-Range, If-None-Match")
    response.head.add("Access-Control-Max-Age", "86400")
    return response
  }

  private static func list(_ methods: [HTTPMethod]) -> String {
    (methods + [.options]).map(\.rawValue).joined(separator: ", ")
  }
}
