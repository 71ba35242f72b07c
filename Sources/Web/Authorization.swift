// Who may: the one place that reads a bearer token (RFC 6750) and compares it with a route's rule.
//
// The network never grants a right: not the client's address, not a forwarded header. What only operators may is
// on a listener of its own.

import Crypto
import HTTP

/// Checks tokens under the cluster's secret.
public struct Authorization {
  private let authority: TokenAuthority?

  /// Without an authority (no secret is configured) only open routes are served.
  public init(authority: TokenAuthority?) { self.authority = authority }

  /// The claims of the request's bearer; nil on open routes.
  /// - Throws: 401 without a good token, 403 where it does not permit this.
  public func authorize(
    _ access: RouteAccess, _ head: RequestHead, nowSeconds: Int64
  ) throws(Problem) -> TokenClaims? {
    if access == .open { return nil }
    let claims = try bearer(head, nowSeconds: nowSeconds)
    switch access {
    case .open, .user: return claims
    case .scope(let scope):
      guard claims.scopes.contains(scope) else {
        var problem = Problem(403, "scope", "The token does not permit this", "It needs the scope \(scope).")
        problem.challenge = "Bearer realm=\"marquee\", error=\"insufficient_scope\", scope=\"\(scope)\""
        throw problem
      }
      return claims
    }
  }

  private func bearer(_ head: RequestHead, nowSeconds: Int64) throws(Problem) -> TokenClaims {
    guard let authority else {
      throw Self.unauthorized("This cluster has no token secret: nobody can be admitted.", error: nil)
    }
    guard let field = head.value(of: "authorization") else {
      throw Self.unauthorized("A bearer token is needed.", error: nil)
    }
    let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else {
      throw Self.unauthorized("A bearer token is needed.", error: "invalid_request")
    }
    do {
      return try authority.verify(String(parts[1]), nowSeconds: nowSeconds)
    } catch {
      let detail = error == .expired ? "The token has expired." : "The token is not valid."
      throw Self.unauthorized(detail, error: "invalid_token")
    }
  }

  private static func unauthorized(_ detail: String, error: String?) -> Problem {
    var problem = Problem(401, "token", "Not signed in", detail)
    problem.challenge = "Bearer realm=\"marquee\"" + (error.map { ", error=\"\($0)\"" } ?? "")
    return problem
  }
}
