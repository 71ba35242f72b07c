// Who is let in, and what may be said before that.

import Access
import Base
import Data
import Frames
import Query
import Testing
import World

@testable import Server

/// Knows one name and password; answers when told to, unless it is prompt.
private final class TestAuthenticator: Authenticator {
  let className = "org.apache.cassandra.auth.PasswordAuthenticator"
  var isPrompt = true
  var isOverloaded = false
  var waiting: [() -> Void] = []
  var asked = 0

  func authenticate(
    name: String, password: [UInt8], completion: @escaping (Result<Principal, AuthenticationFailure>) -> Void
  ) {
    asked += 1
    let result: Result<Principal, AuthenticationFailure> =
      if isOverloaded {
        .failure(AuthenticationFailure(.overloaded, "too many"))
      } else if name == "user" && password == Array("pass".utf8) {
        .success(Principal(name: name))
      } else {
        .failure(
          AuthenticationFailure(
            .badCredentials, "Provided username \(name) and/or password are incorrect"))
      }
    if isPrompt { completion(result) } else { waiting.append { completion(result) } }
  }
}

@Suite struct CQLAuthenticationTests {
  private let good = Request.authResponse(PlainCredentials(name: "user", password: Array("pass".utf8)).token)
  private let bad = Request.authResponse(PlainCredentials(name: "user", password: Array("x".utf8)).token)
  private let query = Request.query("SELECT key FROM system.local", QueryParameters(consistency: 1))

  private func start(
    _ bed: CQLBed, _ version: ProtocolVersion = .v4, _ compression: FrameCompression? = nil
  ) throws -> CQLClient {
    let client = bed.client(version)
    #expect(
      try client.start(compression) == .authenticate("org.apache.cassandra.auth.PasswordAuthenticator"))
    return client
  }

  @Test(arguments: ProtocolVersion.allCases, [nil, FrameCompression.lz4])
  func letsInWhoKnowsThePassword(version: ProtocolVersion, compression: FrameCompression?) throws {
    let bed = try CQLBed(authenticator: TestAuthenticator())
    let client = try start(bed, version, compression)
    guard case .supported = try client.ask(.options) else {
      Issue.record("not supported")
      return
    }
    #expect(try client.ask(good) == .authSuccess(nil))
    guard case .rows = try client.ask(query) else {
      Issue.record("no rows")
      return
    }
    bed.net.pass(.seconds(61))
    #expect(!client.isClosed)
  }

  @Test func aWrongPasswordIsRefusedAndCounted() throws {
    let bed = try CQLBed(authenticator: TestAuthenticator())
    let client = try start(bed)
    let text = "Provided username user and/or password are incorrect"
    #expect(try client.ask(bad) == .error(ErrorMessage(.authenticationError, text)))
    #expect(!client.isClosed)
    guard case .error(let error) = try client.ask(.authResponse([0, 1])) else {
      Issue.record("let in")
      return
    }
    #expect(error.code == .authenticationError)
    #expect(try client.ask(bad) == .error(ErrorMessage(.authenticationError, text)))
    #expect(client.isClosed)
    #expect(bed.listener.counters.authenticationFailures == 3)
    // One more try than none may succeed.
    let other = try start(bed)
    try other.ask(bad)
    #expect(try other.ask(good) == .authSuccess(nil))
  }

  @Test func nothingElseMayBeSaidBefore() throws {
    let requests: [Request] = [
      query, .prepare("SELECT key FROM system.local"), .register(eventTypes: ["STATUS_CHANGE"]),
      .execute(id: [1], QueryParameters(consistency: 1)),
      .batch(BatchRequest(kind: .logged, statements: [], consistency: 1)), .startup(options: ["CQL_VERSION": "3.0.0"]),
    ]
    for request in requests {
      let bed = try CQLBed(authenticator: TestAuthenticator())
      let client = try start(bed)
      let text = "Unexpected message \(request.opcode.name), expecting SASL_RESPONSE"
      #expect(try client.ask(request) == .error(ErrorMessage(.protocolError, text)))
      #expect(client.isClosed)
    }
    let bed = try CQLBed(authenticator: TestAuthenticator())
    let client = bed.client()
    guard case .error = try client.ask(good) else {
      Issue.record("let in before STARTUP")
      return
    }
    #expect(client.isClosed)
  }

  @Test func oneCheckAtATime() throws {
    let authenticator = TestAuthenticator()
    authenticator.isPrompt = false
    let bed = try CQLBed(authenticator: authenticator)
    let client = try start(bed)
    client.send(client.frame(good, stream: 1) + client.frame(good, stream: 2))
    #expect(authenticator.asked == 1)
    #expect(try client.frames().map(\.header.stream) == [2])
    // What was asked is not answered any more with success: the connection is ending.
    authenticator.waiting[0]()
    bed.net.pump()
    #expect(try client.frames().isEmpty)
    #expect(client.isClosed)
  }

  @Test func aConnectionThatEndsDuringTheCheckIsForgotten() throws {
    let authenticator = TestAuthenticator()
    authenticator.isPrompt = false
    let bed = try CQLBed(authenticator: authenticator)
    let client = try start(bed)
    client.send(client.frame(good, stream: 1))
    client.stream?.close()
    bed.net.pump()
    #expect(bed.listener.counters.connectionsNow == 0)
    authenticator.waiting[0]()
    bed.net.pump()
  }

  @Test func whoNeverAnswersIsClosed() throws {
    let bed = try CQLBed(authenticator: TestAuthenticator())
    let client = try start(bed)
    bed.net.pass(.seconds(61))
    #expect(client.isClosed)
  }

  @Test func anOverloadedCheckMayBeTriedAgain() throws {
    let authenticator = TestAuthenticator()
    authenticator.isOverloaded = true
    let bed = try CQLBed(authenticator: authenticator)
    let client = try start(bed)
    for _ in 0..<5 { #expect(try client.ask(good) == .error(ErrorMessage(.overloaded, "too many"))) }
    authenticator.isOverloaded = false
    #expect(try client.ask(good) == .authSuccess(nil))
  }

  /// 256 MiB are announced before anybody is known.
  @Test func aLongTokenIsNotRead() throws {
    let bed = try CQLBed(authenticator: TestAuthenticator())
    let client = try start(bed)
    var writer = ByteWriter()
    FrameHeader(isResponse: false, stream: 3, opcode: .authResponse, bodyBytes: 256 << 20).encode(to: &writer)
    client.send(writer.bytes)
    guard case .error(let error) = try client.frames().first?.body.response else {
      Issue.record("no answer")
      return
    }
    #expect(error.code == .protocolError)
    #expect(client.isClosed)
  }

  @Test func noEventsReachWhoIsNotKnown() throws {
    let bed = try CQLBed(authenticator: TestAuthenticator())
    let client = try start(bed)
    bed.listener.publish(.statusChange(.up, bed.member))
    bed.net.pump()
    #expect(try client.frames().isEmpty)
  }
}
