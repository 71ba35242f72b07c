// The web without a wire: heads go in, answers come out.

import Base
import Crypto
import HTTP
import Query
import TestWorld
import Testing
import World

@testable import Playback
@testable import Web

let secret = [UInt8]("0123456789abcdef0123456789abcdef".utf8)
let userID = "8a6ff4c2-3a5e-4b8f-9d34-0f5a2f6d1c11"

func head(_ text: String) throws -> RequestHead {
  var parser = RequestParser()
  parser.feed([UInt8]((text.contains("\r\n\r\n") ? text : text + "\r\n\r\n").utf8).span.bytes)
  guard case .head(let head)? = try parser.next() else { throw NeverEnded() }
  return head
}

func token(_ loop: TestLoop, subject: String = userID, scopes: [String] = [], lasts: Int64 = 60) throws -> String {
  let authority = try #require(TokenAuthority(secret: secret))
  let now = loop.clock.wallSeconds
  return authority.mint(
    TokenClaims(subject: subject, audience: "marquee", issuedAt: now, expiresAt: now + lasts, scopes: scopes))
}

/// An answer, read.
struct Read {
  var status: Int
  var head: ResponseHead
  var text: String
  var json: JSON? { try? JSON(parsing: text) }
  var problem: String? { json?["type"]?.string.map { String($0.dropFirst("urn:marquee:problem:".count)) } }
  func header(_ name: String) -> String? { head.value(of: name) }
}

/// A service over a few files and the routes of a node.
struct Site {
  let loop = TestLoop()
  let service: WebService
  let files: MediaFiles

  init(isSecretSet: Bool = true, routes more: [Route] = []) {
    files = MediaFiles(disk: loop.disk, directory: "media")
    let uploads = Uploads(world: loop.world, directory: "uploads")
    let copies = FileReceiver(world: loop.world, directory: "media")
    let table = NodeRoutes.api(
      [
        MediaRoutes.media(files), MediaRoutes.copies(copies, maxBytes: 1 << 30),
      ] + MediaRoutes.uploads(uploads, maxBytes: 1 << 30) + more, version: "1", isReady: { true })
    service = WebService(
      table: table, authorization: Authorization(authority: isSecretSet ? TokenAuthority(secret: secret) : nil),
      clock: loop.clock)
  }

  func ask(_ text: String, body: RequestBody = .empty) throws -> Read {
    let head = try head(text)
    let service = service
    let response: WebResponse
    switch service.decide(head) {
    case .answer(let answer): response = answer
    case .serve(let admitted):
      response = try loop.run {
        await service.serve(admitted, head, body: body, local: Endpoint("127.0.0.1", 8080))
      }
    }
    var bytes: [UInt8] = []
    for part in response.parts {
      switch part {
      case .bytes(let more): bytes += more
      case .file(let file, let offset, let count):
        let memory = try #require(file as? MemoryFile)
        bytes += memory.contents.bytes[Int(offset)..<Int(offset + count)]
      }
    }
    #expect(UInt64(bytes.count) == response.lengthBytes)
    return Read(status: response.head.status, head: response.head, text: String(decoding: bytes, as: UTF8.self))
  }

  func get(_ path: String, _ fields: String = "") throws -> Read {
    try ask("GET \(path) HTTP/1.1\r\nHost: a:1\r\n\(fields)\r\n\r\n".replacing("\r\n\r\n\r\n", with: "\r\n\r\n"))
  }
}

@Suite struct RoutingTests {
  @Test(arguments: [
    ("/", 404), ("/api", 404), ("/api/v1/nothing", 404), ("/media/", 404), ("/media", 404), ("/health", 200),
    ("/api/v1/openapi.json", 200), ("/metrics", 404), ("/status", 404), ("/Health", 404), ("/health/", 404),
    ("//health", 404),
  ])
  func paths(path: String, status: Int) throws { #expect(try Site().get(path).status == status) }

  @Test func anotherMethod() throws {
    let answer = try Site().ask("DELETE /health HTTP/1.1\r\nHost: a")
    #expect(answer.status == 405)
    #expect(answer.header("Allow") == "GET, HEAD, OPTIONS")
    #expect(answer.problem == "method")
  }

  @Test func patterns() throws {
    func route(_ pattern: String) -> Route {
      Route(.get, pattern, access: .open, operation: pattern, summary: "", answers: []) { _ in WebResponse(200) }
    }
    #expect(route("/a/{b}/c").match(["a", "x", "c"]) == ["b": "x"])
    #expect(route("/a/{b}/c").match(["a", "", "c"]) == nil)
    #expect(route("/a/{b}/c").match(["a", "x"]) == nil)
    #expect(route("/a/{b}").match(["a", "x", "c"]) == nil)
    #expect(route("/a/{b...}").match(["a", "x", "c"]) == ["b": "x/c"])
    #expect(route("/a/{b...}").match(["a"]) == nil)
    #expect(route("/").match([""]) == [:])
  }

  @Test func problemsAreDocuments() throws {
    let answer = try Site().get("/nothing")
    #expect(answer.header("Content-Type") == "application/problem+json")
    #expect(answer.json?["status"]?.integer == 404)
    #expect(answer.problem == "not-found")
    #expect(answer.json?["title"]?.string?.isEmpty == false)
  }

  @Test func corsIsEverywhere() throws {
    let site = Site()
    for path in ["/health", "/nothing", "/media/x.mpd", "/api/v1/openapi.json"] {
      #expect(try site.get(path).header("Access-Control-Allow-Origin") == "*", "\(path)")
    }
    let preflight = try site.ask(
      "OPTIONS /media/a/b.m4s HTTP/1.1\r\nHost: a\r\nOrigin: http://p\r\nAccess-Control-Request-Method: GET")
    #expect(preflight.status == 204)
    #expect(preflight.header("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS")
    #expect(preflight.header("Access-Control-Allow-Headers")?.contains("Range") == true)
    #expect(try site.ask("OPTIONS /nothing HTTP/1.1\r\nHost: a").status == 404)
    #expect(try site.ask("OPTIONS * HTTP/1.1\r\nHost: a").status == 204)
  }

  @Test func whatHandlersThrow() throws {
    struct Odd: Error {}
    let errors: [(any Error, Int)] = [
      (Problem(418, "x", "y"), 418), (HTTPRefusal(413, "big"), 413), (Odd(), 500), (PlaybackFailure.noTitle, 404),
      (PlaybackFailure.schemaMissing, 503), (PlaybackFailure.noLiveHolder, 503), (PlaybackFailure.notForProfile, 403),
      (PlaybackFailure.malformed(pointer: "/a", reason: "b"), 400), (QueryFailure.invalid("secret"), 500),
      (QueryFailure.invalid("Keyspace marquee does not exist"), 503), (QueryFailure.overloaded("x"), 503),
      (QueryFailure.unavailable(consistency: .quorum, required: 2, alive: 1), 503),
      (DiskFailure.notFound("/secret"), 404),
      (DiskFailure.full("x"), 507), (DiskFailure.system(path: "/secret", call: "open", errno: 5), 500),
    ]
    for (error, status) in errors {
      let site = Site(routes: [
        Route(.get, "/fail", access: .open, operation: "fail", summary: "", answers: []) { _ in throw error }
      ])
      let answer = try site.get("/fail")
      #expect(answer.status == status, "\(error)")
      #expect(!answer.text.contains("secret"), "\(error)")
    }
  }

  @Test func answersAreCountedByRoute() throws {
    let site = Site()
    _ = try site.get("/health")
    _ = try site.get("/media/none")
    _ = try site.get("/x")
    #expect(
      site.service.counters.byRoute == [
        .init(operation: "health", status: 200): 1, .init(operation: "media", status: 404): 1,
        .init(operation: "none", status: 404): 1,
      ])
    #expect(site.service.counters.requestsInFlight == 0)
  }

  @Test func theDateMovesWithTheClock() {
    let site = Site()
    let first = site.service.date
    #expect(first == HTTPDate.format(1_800_000_000))
    site.loop.pass(.seconds(1))
    #expect(site.service.date != first)
  }
}

@Suite struct AuthorizationTests {
  /// Every route of a node with every kind of token: who may is what its rule says, and nothing else.
  @Test func everyRouteWithEveryToken() throws {
    let site = Site(routes: [
      Route(.get, "/user", access: .user, operation: "user", summary: "", answers: []) { _ in WebResponse(200) }
    ])
    let loop = site.loop
    let other = try #require(TokenAuthority(secret: [UInt8](repeating: 1, count: 32)))
    let now = loop.clock.wallSeconds
    let tokens: [String: String?] = [
      "none": nil, "user": try token(loop), "content": try token(loop, subject: "studio", scopes: ["content"]),
      "node": try token(loop, subject: "node", scopes: ["node"]), "expired": try token(loop, lasts: 0),
      "forged": other.mint(TokenClaims(subject: userID, audience: "marquee", issuedAt: now, expiresAt: now + 60)),
      "elsewhere": try #require(TokenAuthority(secret: secret)).mint(
        TokenClaims(subject: userID, audience: "other", issuedAt: now, expiresAt: now + 60)),
    ]
    for route in site.service.table.routes {
      let path = route.pattern.replacing("{path...}", with: "a/b").replacing("{upload_id}", with: userID)
      for (kind, token) in tokens {
        let field = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let head = try head("\(route.method.rawValue) \(path) HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
        var status = 0
        if case .answer(let answer) = site.service.decide(head) { status = answer.head.status }
        let expected =
          switch (route.access, kind) {
          case (.open, _), (.user, "user"), (.scope("content"), "content"), (.scope("node"), "node"): 0
          case (_, "none"), (_, "expired"), (_, "forged"), (_, "elsewhere"): 401
          default: 403
          }
        #expect(status == expected, "\(route.operation) with the token \(kind)")
      }
    }
  }

  @Test(arguments: ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a.b.c", "bearer", "Bearer  x"])
  func malformed(field: String) throws {
    let site = Site()
    let answer = try site.ask(
      "PUT /api/v1/uploads/\(userID) HTTP/1.1\r\nHost: a\r\nAuthorization: \(field)\r\nContent-Length: 0")
    #expect(answer.status == 401)
    #expect(answer.header("WWW-Authenticate")?.hasPrefix("Bearer realm=\"marquee\"") == true)
  }

  @Test func theSchemesNameHasNoCase() throws {
    let site = Site()
    let good = try token(site.loop, scopes: ["content"])
    let answer = try site.ask(
      "PUT /api/v1/uploads/\(userID) HTTP/1.1\r\nHost: a\r\nAuthorization: bEaReR \(good)\r\nContent-Length: 1",
      body: RequestBody([1]))
    #expect(answer.status == 201)
  }

  @Test func withoutASecretNobodyMay() throws {
    let site = Site(isSecretSet: false)
    let good = try token(site.loop, scopes: ["content"])
    let answer = try site.ask(
      "PUT /api/v1/uploads/\(userID) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(good)\r\nContent-Length: 1")
    #expect(answer.status == 401)
    #expect(try site.get("/health").status == 200)
  }
}

@Suite struct OpenAPITests {
  @Test func itIsTrue() throws {
    let site = Site()
    let document = try #require(try site.get("/api/v1/openapi.json").json)
    #expect(document["openapi"]?.string == "3.1.0")
    let shown = (document["paths"]?.members ?? []).flatMap { path in
      (path.value.members ?? []).map { "\($0.key.uppercased()) \(path.key)" }
    }
    let served = site.service.table.routes.map {
      "\($0.method.rawValue) \($0.pattern.replacing("...", with: ""))"
    }
    #expect(Set(shown) == Set(served))
    #expect(shown.count == served.count)
    let upload = document["paths"]?["/api/v1/uploads/{upload_id}"]?["put"]
    #expect(upload?["security"]?[0]?["bearer"]?[0]?.string == "content")
    #expect(upload?["parameters"]?[0]?["name"]?.string == "upload_id")
    #expect(document["paths"]?["/health"]?["get"]?["security"] == .array([]))
  }

  @Test func operatorsRoutesAreElsewhere() throws {
    let loop = TestLoop()
    let table = NodeRoutes.admin(
      metrics: { "up 1\n" }, isReady: { false },
      documents: [("/status", "status", "", { .object(["nodes": .array([])]) })])
    let service = WebService(table: table, authorization: Authorization(authority: nil), clock: loop.clock)
    func get(_ path: String) throws -> WebResponse {
      let head = try head("GET \(path) HTTP/1.1\r\nHost: a")
      guard case .serve(let admitted) = service.decide(head) else { throw NeverEnded() }
      return try loop.run { await service.serve(admitted, head, body: .empty, local: Endpoint("::1", 1)) }
    }
    let metrics = try get("/metrics")
    #expect(metrics.head.value(of: "Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
    #expect(try get("/health").head.status == 503)
    #expect(try get("/status").head.status == 200)
    #expect(table.openAPI(version: "1")["paths"] == .object([]))
  }
}
