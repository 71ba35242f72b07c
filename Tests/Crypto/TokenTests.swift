import Base
import Testing

@testable import Crypto

@Suite struct TokenTests {
  static let secret = [UInt8]("0123456789abcdef0123456789abcdef".utf8)
  let now: Int64 = 1_800_000_000
  var authority: TokenAuthority { get throws { try #require(TokenAuthority(secret: Self.secret)) } }

  func claims(issued: Int64 = 0, notBefore: Int64? = nil, lasts: Int64 = 3600, scopes: [String] = []) -> TokenClaims {
    TokenClaims(
      subject: "8a6ff4c2-3a5e-4b8f-9d34-0f5a2f6d1c11", audience: "marquee", issuedAt: now + issued,
      notBefore: notBefore.map { now + $0 }, expiresAt: now + lasts, scopes: scopes)
  }

  /// A token signed under the right secret whatever its header and payload say.
  func signed(_ header: String, _ payload: String) -> String {
    let text = Base64URL.encode([UInt8](header.utf8)) + "." + Base64URL.encode([UInt8](payload.utf8))
    return text + "." + Base64URL.encode(hmacSHA256(key: Self.secret, [UInt8](text.utf8)))
  }

  func verdict(_ token: String, at seconds: Int64? = nil) throws -> TokenFailure? {
    let authority = try self.authority
    do {
      _ = try authority.verify(token, nowSeconds: seconds ?? now)
      return nil
    } catch { return error }
  }

  @Test func roundTrip() throws {
    for claims in [claims(), claims(notBefore: -5), claims(scopes: ["content", "node"])] {
      #expect(try authority.verify(authority.mint(claims), nowSeconds: now) == claims)
    }
  }

  /// The example of RFC 7515 appendix A.1 has the same signature here (its header is spaced otherwise).
  @Test func signsAsTheRFCDoes() throws {
    let key = try #require(
      Base64URL.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow".utf8))
    let signed =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      + "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    #expect(
      Base64URL.encode(hmacSHA256(key: key, [UInt8](signed.utf8))) == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
  }

  @Test func timeIsChecked() throws {
    let token = try authority.mint(claims())
    #expect(try verdict(token, at: now + 3599) == nil)
    #expect(try verdict(token, at: now + 3600) == .expired)
    #expect(try verdict(authority.mint(claims(issued: 61))) == .notYetValid)
    #expect(try verdict(authority.mint(claims(issued: 60))) == nil)
    #expect(try verdict(authority.mint(claims(notBefore: 61))) == .notYetValid)
    #expect(try verdict(token, at: .max) == .expired)
    #expect(try verdict(token, at: .min) == .notYetValid)
  }

  @Test func anotherAudienceIsRefused() throws {
    var other = claims()
    other.audience = "elsewhere"
    #expect(try verdict(authority.mint(other)) == .wrongAudience)
  }

  @Test func anotherSecretIsRefused() throws {
    let other = try #require(TokenAuthority(secret: [UInt8](repeating: 7, count: 32)))
    #expect(try verdict(other.mint(claims())) == .badSignature)
    #expect(TokenAuthority(secret: [UInt8](repeating: 7, count: 31)) == nil)
  }

  @Test(arguments: [
    (#"{"alg":"none"}"#, TokenFailure.wrongAlgorithm), (#"{"alg":"None"}"#, .wrongAlgorithm),
    (#"{"alg":"HS512"}"#, .wrongAlgorithm), (#"{"alg":"RS256"}"#, .wrongAlgorithm), (#"{}"#, .wrongAlgorithm),
    (#"{"alg":"HS256","alg":"none"}"#, .malformed), (#"{"alg":"HS256","crit":["x"]}"#, .malformed),
    (#"{"alg":"HS256","jwk":{}}"#, .malformed), (#"{"alg":"HS256","kid":"../../dev/null"}"#, .malformed),
    (#"{"alg":"HS256","typ":"other"}"#, .malformed), ("HS256", .malformed), ("[]", .malformed),
  ])
  func headers(header: String, failure: TokenFailure) throws {
    let payload = #"{"sub":"a","aud":"marquee","iat":1799999999,"exp":1800000001}"#
    #expect(try verdict(signed(#"{"alg":"HS256"}"#, payload)) == nil)
    #expect(try verdict(signed(header, payload)) == failure)
  }

  @Test(arguments: [
    #"{}"#, #"{"sub":"","aud":"marquee","iat":1799999999,"exp":1800000001}"#,
    #"{"sub":"a","aud":["marquee"],"iat":1799999999,"exp":1800000001}"#,
    #"{"sub":"a","aud":"marquee","iat":1799999999}"#, #"{"sub":"a","aud":"marquee","exp":1800000001}"#,
    #"{"sub":"a","aud":"marquee","iat":1799999999,"exp":"1800000001"}"#,
    #"{"sub":"a","aud":"marquee","iat":1799999999,"exp":1.8e99}"#,
    #"{"sub":"a","aud":"marquee","iat":1799999999,"exp":1800000001,"nbf":null}"#,
    #"{"sub":"a","aud":"marquee","iat":1799999999,"exp":1800000001,"scope":["node"]}"#, "not json", "",
  ])
  func payloads(payload: String) throws {
    #expect(try verdict(signed(#"{"alg":"HS256","typ":"JWT"}"#, payload)) == .malformed)
  }

  @Test func everyChangedCharacterIsRefused() throws {
    let token = [UInt8](try authority.mint(claims()).utf8)
    for index in token.indices {
      var changed = token
      changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(try verdict(String(decoding: changed, as: UTF8.self)) != nil, "changed at \(index)")
    }
    for cut in 0..<token.count { #expect(try verdict(String(decoding: token[..<cut], as: UTF8.self)) != nil) }
  }

  @Test func shapes() throws {
    let token = try authority.mint(claims())
    for text in ["", ".", "..", "...", "a.b.c.d", token + ".", token + "=", "." + token, " " + token, token + "\n"] {
      #expect(try verdict(text) != nil, "\(text)")
    }
    #expect(try verdict(String(repeating: "A", count: 5000)) == .malformed)
  }
}
