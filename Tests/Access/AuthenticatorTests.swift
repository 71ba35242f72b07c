import Access
import Testing

@Suite struct AuthenticatorTests {
  @Test func aFailureTellsItsReason() {
    let failure = AuthenticationFailure(.badCredentials, "no")
    #expect(failure != AuthenticationFailure(.overloaded, "no"))
  }
}
