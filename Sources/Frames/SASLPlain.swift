// The token of AUTH_RESPONSE for Cassandra's PasswordAuthenticator: SASL PLAIN (RFC 4616), authzid NUL authcid NUL
// passwd. Deviation from the RFC, as in Cassandra: whom the client wants to act as (authzid) is not looked at.

import Base

/// A name and a password as a client sent them.
public struct PlainCredentials: Equatable, Sendable {
  public var name: String
  public var password: [UInt8]

  public init(name: String, password: [UInt8]) {
    self.name = name
    self.password = password
  }

  /// - Throws: for a token that is not three parts, or whose name is empty or no UTF-8, or whose password is empty.
  public init(token: [UInt8]) throws(DecodeError) {
    let parts = token.split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[1].isEmpty, !parts[2].isEmpty else { throw .badValue("credentials") }
    guard let name = String(validating: parts[1], as: UTF8.self) else { throw .badUTF8 }
    self.init(name: name, password: Array(parts[2]))
  }

  public var token: [UInt8] { [0] + Array(name.utf8) + [0] + password }
}
