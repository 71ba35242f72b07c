// The playback routes from their bytes to their documents, over a store that the test writes down.

import Base
import Data
import HTTP
import Query
import TestWorld
import Testing
import World

@testable import Playback
@testable import Web

private final class Rack: StatementRunner {
  var rows: [String: Rows] = [:]
  var failure: QueryFailure?
  func run(
    _ cql: String, _ values: [CQLValue], _ options: SessionOptions,
    completion: @escaping (Result<Rows, QueryFailure>) -> Void
  ) {
    if let failure {
      completion(.failure(failure))
    } else {
      completion(.success(rows.first { cql.contains(" FROM marquee.\($0.key) ") }?.value ?? .none))
    }
  }

  func set(_ table: String, _ columns: [(String, CQLType, CQLValue)]) throws {
    rows[table] = try Rows(
      columns: columns.map { ResultColumn(keyspace: "marquee", table: table, name: $0.0, type: $0.1) },
      rows: [columns.map(\.2)])
  }
}

private final class NoDirectory: NodeDirectory {
  func liveHTTPAddress(ofNode hostID: String) -> String? { nil }
}

@Suite struct PlaybackRouteTests {
  private let rack = Rack()
  private let profile = "00000000-0000-4000-8000-000000000002"

  private func ask(_ method: String, _ path: String, _ body: String, subject: String = userID) throws -> Read {
    let loop = TestLoop()
    let service = PlaybackService(session: Session(runner: rack), world: loop.world, directory: NoDirectory())
    let site = Site(routes: PlaybackRoutes.routes(service, localHostID: "here"))
    let token = try token(site.loop, subject: subject)
    return try site.ask(
      "\(method) \(path) HTTP/1.1\r\nHost: node:8080\r\nAuthorization: Bearer \(token)\r\nContent-Length: 1",
      body: RequestBody([UInt8](body.utf8)))
  }

  private func manifest(subject: String = userID) throws -> Read {
    try ask(
      "POST", "/api/v1/playback/manifest",
      #"{"video_id":"v","profile_id":"\#(profile)","device":{"type":"web"}}"#, subject: subject)
  }

  @Test func aManifest() throws {
    try rack.set("profiles", [("maturity_level", .text, "adult")])
    try rack.set(
      "encodes",
      [
        ("dash_path", .text, "a/m.mpd"), ("hls_path", .text, "a/m.m3u8"),
        ("holders", .set(.text), .texts(set: ["here"])),
      ])
    let answer = try manifest()
    #expect(answer.status == 200)
    #expect(answer.json?["manifests"]?["dash"]?.string == "http://node:8080/media/a/m.mpd")
    #expect(answer.json?["drm"] == .null)
    #expect(answer.header("Cache-Control") == "no-store")
  }

  @Test func problems() throws {
    #expect(try manifest().problem == "no-profile")
    rack.failure = .invalid("Keyspace marquee does not exist")
    let missing = try manifest()
    #expect(missing.status == 503)
    #expect(missing.problem == "no-keyspace")
    #expect(missing.json?["detail"]?.string?.contains("marquee.cql") == true)
    rack.failure = .unavailable(consistency: .localOne, required: 1, alive: 0)
    #expect(try manifest().problem == "unavailable")
    #expect(try manifest(subject: "studio").status == 403)
    let wrong = try ask("POST", "/api/v1/playback/manifest", #"{"video_id":"v"}"#)
    #expect(wrong.status == 400)
    #expect(wrong.json?["pointer"]?.string == "/profile_id")
    #expect(try ask("POST", "/api/v1/playback/manifest", "[1]").status == 400)
  }

  @Test func aPosition() throws {
    try rack.set("profiles", [("maturity_level", .text, "adult")])
    let answer = try ask(
      "PUT", "/api/v1/playback/position", #"{"video_id":"v","profile_id":"\#(profile)","position_ms":1823000}"#)
    #expect(answer.status == 200)
    #expect(
      answer.text
        == #"{"video_id":"v","profile_id":"\#(profile)","bookmarks":{"resume_position_ms":1823000}}"#)
  }
}
