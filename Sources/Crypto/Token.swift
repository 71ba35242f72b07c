// Bearer tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA256 (RFC 7515, HS256), read strictly as
// RFC 8725 advises. The algorithm is pinned before the signature is looked at, the header may hold nothing
// but `alg` and `typ` (no keys, no key addresses, no `crit`), and every claim that is read has one shape.
//
// Deviations from RFC 7519: `sub`, `aud`, `iat` and `exp` must be there, `aud` is one string, times are whole
// seconds. The time comes in as an argument; there is no clock here.

import Base

/// What a token says of its bearer. Times are seconds since the Unix epoch.
public struct TokenClaims: Equatable, Sendable {
  /// Who bears it: a user's UUID, or a node's or tool's name.
  public var subject: String
  /// What it is for: a token minted for another audience is refused.
  public var audience: String
  public var issuedAt: Int64
  /// Not valid before this, where set.
  public var notBefore: Int64?
  /// Not valid from this on.
  public var expiresAt: Int64
  /// What it permits beyond being its subject (RFC 8693's `scope`), such as `content` or `node`.
  public var scopes: [String]

  public init(
    subject: String, audience: String, issuedAt: Int64, notBefore: Int64? = nil, expiresAt: Int64,
    scopes: [String] = []
  ) {
    self.subject = subject
    self.audience = audience
    self.issuedAt = issuedAt
    self.notBefore = notBefore
    self.expiresAt = expiresAt
    self.scopes = scopes
  }
}

/// Why a token is refused. A client is told no more than "expired" or "not valid".
public enum TokenFailure: Error, Equatable, Sendable {
  case malformed
  case wrongAlgorithm
  case badSignature
  case notYetValid
  case expired
  case wrongAudience
}

/// Mints and verifies tokens under one secret, which all nodes of a cluster share.
public struct TokenAuthority: Sendable {
  /// The shortest secret taken, bytes (RFC 7518 section 3.2: as long as the digest).
  public static let minSecretBytes = 32
  /// The longest token read, bytes.
  public static let maxTokenBytes = 4096
  /// How far two nodes' clocks may be apart, seconds.
  public static let clockSkewSeconds: Int64 = 60
  /// The audience of tokens for this HTTP interface.
  public static let apiAudience = "marquee"

  private static let header = Base64URL.encode([UInt8](#"{"alg":"HS256","typ":"JWT"}"#.utf8))
  private let secret: [UInt8]

  /// Nil where the secret is shorter than `minSecretBytes`.
  public init?(secret: [UInt8]) {
    guard secret.count >= Self.minSecretBytes else { return nil }
    self.secret = secret
  }

  /// The compact form of a token with these claims.
  public func mint(_ claims: TokenClaims) -> String {
    var members: [JSON.Member] = [
      JSON.Member("sub", .string(claims.subject)), JSON.Member("aud", .string(claims.audience)),
      JSON.Member("iat", .integer(claims.issuedAt)), JSON.Member("exp", .integer(claims.expiresAt)),
    ]
    if let notBefore = claims.notBefore { members.append(JSON.Member("nbf", .integer(notBefore))) }
    if !claims.scopes.isEmpty {
      members.append(JSON.Member("scope", .string(claims.scopes.joined(separator: " "))))
    }
    let signed = Self.header + "." + Base64URL.encode(JSON.object(members).utf8)
    return signed + "." + Base64URL.encode(hmacSHA256(key: secret, [UInt8](signed.utf8)))
  }

  /// The claims of a token that is signed under this secret, for `audience`, and valid at `nowSeconds`
  /// (seconds since the Unix epoch).
  public func verify(
    _ token: String, audience: String = Self.apiAudience, nowSeconds: Int64
  ) throws(TokenFailure) -> TokenClaims {
    let text = [UInt8](token.utf8)
    guard text.count <= Self.maxTokenBytes else { throw .malformed }
    let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 3, let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
      let signature = Base64URL.decode(parts[2])
    else { throw .malformed }
    try Self.checkHeader(header)
    let signed = Array(text[..<parts[1].endIndex])
    guard equalInConstantTime(signature, hmacSHA256(key: secret, signed)) else { throw .badSignature }

    let claims = try Self.claims(payload)
    guard claims.audience == audience else { throw .wrongAudience }
    guard nowSeconds < claims.expiresAt else { throw .expired }
    let latest = nowSeconds.addingReportingOverflow(Self.clockSkewSeconds).partialValue
    guard claims.issuedAt <= latest, claims.notBefore ?? .min <= latest else { throw .notYetValid }
    return claims
  }

  private static func checkHeader(_ bytes: [UInt8]) throws(TokenFailure) {
    guard let header = try? JSON(parsing: bytes), let members = header.members else { throw .malformed }
    guard header["alg"]?.string == "HS256" else { throw .wrongAlgorithm }
    for member in members where member.key != "alg" {
      guard member.key == "typ", member.value.string == "JWT" else { throw .malformed }
    }
  }

  private static func claims(_ bytes: [UInt8]) throws(TokenFailure) -> TokenClaims {
    guard let json = try? JSON(parsing: bytes), let subject = json["sub"]?.string, !subject.isEmpty,
      let audience = json["aud"]?.string, let issuedAt = json["iat"]?.integer, let expiresAt = json["exp"]?.integer
    else { throw .malformed }
    var notBefore: Int64?
    if let value = json["nbf"] {
      guard let seconds = value.integer else { throw .malformed }
      notBefore = seconds
    }
    var scopes: [String] = []
    if let value = json["scope"] {
      guard let text = value.string else { throw .malformed }
      scopes = text.split(separator: " ").map(String.init)
    }
    return TokenClaims(
      subject: subject, audience: audience, issuedAt: issuedAt, notBefore: notBefore, expiresAt: expiresAt,
      scopes: scopes)
  }
}
