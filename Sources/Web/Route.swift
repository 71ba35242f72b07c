// Routes as one list: method, path, who may, how large, what for, and what is done. The router, the middleware
// that authenticates, the OpenAPI document and the test that walks every route with every kind of token are all
// derived from it, so none of them can know of a route that the others do not.

import Base
import HTTP

/// Who may use a route.
public enum RouteAccess: Equatable, Sendable {
  /// Anybody, without a token.
  case open
  /// The bearer of a valid token whose subject is a user.
  case user
  /// The bearer of a valid token with this scope.
  case scope(String)
}

/// Where a route is served.
public enum RouteListener: Equatable, Sendable {
  /// The API's listener, to which clients come.
  case api
  /// The operator's listener alone, which must not be reachable by clients.
  case admin
}

/// A member of a route's JSON body or query, as the OpenAPI document shows it.
public struct RouteField: Sendable {
  public enum Kind: String, Sendable {
    case string, integer, boolean, object, array
  }
  public var name: String
  public var kind: Kind
  /// Such as `uuid` or `int64`.
  public var format: String?
  public var isRequired: Bool
  public var note: String

  public init(_ name: String, _ kind: Kind, format: String? = nil, isRequired: Bool = true, _ note: String = "") {
    self.name = name
    self.kind = kind
    self.format = format
    self.isRequired = isRequired
    self.note = note
  }
}

/// What a route's body is.
public enum RouteBody: Sendable {
  case none
  case json([RouteField])
  /// Bytes of any kind.
  case binary
}

/// One route.
public struct Route {
  public typealias Handler = (WebRequest) async throws -> WebResponse

  public var method: HTTPMethod
  /// Segments; `{name}` takes one, `{name...}`, which comes last, all that are left.
  public var pattern: String
  public var access: RouteAccess
  public var listener: RouteListener
  public var maxBodyBytes: UInt64
  /// What OpenAPI calls it; unique.
  public var operation: String
  public var summary: String
  public var body: RouteBody
  /// Statuses it answers with, and what each means; 2xx first.
  public var answers: [(status: Int, meaning: String)]
  public var handler: Handler

  let segments: [Segment]

  enum Segment: Equatable {
    case literal(String)
    case one(String)
    case rest(String)
  }

  public init(
    _ method: HTTPMethod, _ pattern: String, access: RouteAccess, listener: RouteListener = .api,
    maxBodyBytes: UInt64 = UInt64(WebRequest.maxJSONBytes), operation: String, summary: String,
    body: RouteBody = .none, answers: [(status: Int, meaning: String)], handler: @escaping Handler
  ) {
    self.method = method
    self.pattern = pattern
    self.access = access
    self.listener = listener
    self.maxBodyBytes = maxBodyBytes
    self.operation = operation
    self.summary = summary
    self.body = body
    self.answers = answers
    self.handler = handler
    segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { text in
      guard text.hasPrefix("{"), text.hasSuffix("}") else { return .literal(String(text)) }
      let name = text.dropFirst().dropLast()
      return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .one(String(name))
    }
    precondition(pattern.hasPrefix("/"), "a route's path \(pattern)")
  }

  /// The parameters if the path is this route's.
  func match(_ path: [String]) -> [String: String]? {
    var parameters: [String: String] = [:]
    for (index, segment) in segments.enumerated() {
      switch segment {
      case .rest(let name):
        guard index < path.count else { return nil }
        parameters[name] = path[index...].joined(separator: "/")
        return parameters
      case .one(let name):
        guard index < path.count, !path[index].isEmpty else { return nil }
        parameters[name] = path[index]
      case .literal(let text):
        guard index < path.count, path[index] == text else { return nil }
      }
    }
    return segments.count == path.count ? parameters : nil
  }
}

/// All routes of one listener.
public struct RouteTable {
  public private(set) var routes: [Route] = []

  public init(_ routes: [Route]) {
    for route in routes { add(route) }
  }

  /// Adds a route; two that the same request could mean, or two operations of one name, are a bug.
  public mutating func add(_ route: Route) {
    for other in routes {
      precondition(other.operation != route.operation, "two routes are called \(route.operation)")
      precondition(
        other.method != route.method || other.pattern != route.pattern,
        "two routes for \(route.method) \(route.pattern)")
    }
    routes.append(route)
  }

  enum Found {
    case route(Route, [String: String])
    /// The path is known, the method is not among these.
    case methods([HTTPMethod])
    case nothing
  }

  func find(_ method: HTTPMethod, _ path: [String]) -> Found {
    // HEAD is GET without a body.
    let wanted = method == .head ? .get : method
    var methods: [HTTPMethod] = []
    for route in routes {
      guard let parameters = route.match(path) else { continue }
      if route.method == wanted { return .route(route, parameters) }
      methods.append(route.method)
      if route.method == .get { methods.append(.head) }
    }
    return methods.isEmpty ? .nothing : .methods(methods)
  }
}
