// Who may come in: the one question that every door of the node asks before it serves anybody.

import Base

/// Whom a connection speaks for.
public struct Principal: Hashable, Sendable {
  public var name: String

  public init(name: String) { self.name = name }
}

/// Why a client was not let in; the words are for the client and tell nothing of what is known.
public struct AuthenticationFailure: Error, Equatable, Sendable {
  public enum Reason: Sendable {
    case badCredentials
    /// Too many checks wait; the client may try again.
    case overloaded
  }
  public var reason: Reason
  public var message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }
}

/// Checks a name and a password. Loop-bound; the completion runs on the loop, once, possibly within the call.
public protocol Authenticator: AnyObject {
  /// As AUTHENTICATE names it to drivers (v4.spec section 4.2.3).
  var className: String { get }
  func authenticate(
    name: String, password: [UInt8], completion: @escaping (Result<Principal, AuthenticationFailure>) -> Void)
}
