// The service against a store that is written down in the test: what it asks, at which level, and what it makes of the
// answers. That its statements are good CQL is checked where a real engine is at hand.

import Base
import Data
import Query
import Ring
import TestWorld
import Testing
import World

@testable import Playback

private let user = UUID(high: 1, low: 1)
private let profile = UUID(high: 2, low: 2)

/// Answers by table; each table may have a failure for a level.
private final class Store: StatementRunner {
  struct Run: Equatable {
    var table: String
    var verb: String
    var values: [CQLValue]
    var consistency: Consistency
    var timestamp: Int64?
  }

  var rows: [String: Rows] = [:]
  var failures: [String: [Consistency: QueryFailure]] = [:]
  var runs: [Run] = []
  /// Held back until `release`, to see what runs side by side.
  var isHeld = false
  private var held: [() -> Void] = []

  func run(
    _ cql: String, _ values: [CQLValue], _ options: SessionOptions,
    completion: @escaping (Result<Rows, QueryFailure>) -> Void
  ) {
    let words = cql.split(separator: " ")
    let table = words.first { $0.hasPrefix("marquee.") }.map { String($0.dropFirst(8)) } ?? "?"
    #expect(cql.filter { $0 == "?" }.count == values.count, "\(cql)")
    runs.append(
      Run(
        table: table, verb: String(words[0]), values: values, consistency: options.consistency,
        timestamp: options.timestampMicroseconds))
    let answer = { [rows, failures] in
      if let failure = failures[table]?[options.consistency] ?? failures["*"]?[options.consistency] {
        completion(.failure(failure))
      } else {
        completion(.success(words[0] == "SELECT" ? rows[table] ?? .none : .none))
      }
    }
    if isHeld { held.append(answer) } else { answer() }
  }

  func release() {
    let ready = held
    held = []
    for answer in ready { answer() }
  }

  func set(_ table: String, _ columns: [(String, CQLType, CQLValue)]) throws {
    rows[table] = try Rows(
      columns: columns.map { ResultColumn(keyspace: "marquee", table: table, name: $0.0, type: $0.1) },
      rows: [columns.map(\.2)])
  }

  func fill() throws {
    try set("profiles", [("maturity_level", .text, "adult")])
    try set("users", [("subscription", .text, "premium")])
    try set("videos", [("maturity_rating", .text, "TV-14")])
    try set(
      "encodes",
      [
        ("dash_path", .text, "a1/manifest.mpd"), ("hls_path", .text, "a1/master.m3u8"),
        (
          "variants", .text,
          .text(
            #"[{"bitrate":800,"resolution":"360p","codec":"h264"},{"bitrate":9000,"resolution":"4k","hdr":"hdr10"},"#
              + #"{"bitrate":5000,"resolution":"1080p"},{"bitrate":3000,"resolution":"720p"},{"resolution":"x"},7]"#)
        ), ("audio_tracks", .text, #"[{"language":"en","format":"aac"},{"language":"es"}]"#),
        ("subtitle_tracks", .text, "[]"), ("holders", .set(.text), .texts(set: ["node-1", "node-2"])),
      ])
    try set("bookmarks", [("position_ms", .bigint, 1_823_000), ("completed", .boolean, false)])
  }
}

private final class Directory: NodeDirectory {
  var live = ["node-1": "10.0.0.1:8080", "node-2": "10.0.0.2:8080"]
  func liveHTTPAddress(ofNode hostID: String) -> String? { live[hostID] }
}

private struct Setup {
  let loop = TestLoop()
  let store = Store()
  let directory = Directory()
  let service: PlaybackService

  init(filled: Bool = true) throws {
    if filled { try store.fill() }
    service = PlaybackService(session: Session(runner: store), world: loop.world, directory: directory)
  }

  func manifest(on host: String = "node-3") throws -> Manifest {
    let request = ManifestRequest(
      videoID: "v", profileID: profile, device: .init(type: "web", esn: nil, drmCapabilities: []))
    return try loop.run {
      try await service.manifest(request, userID: user, localHostID: host, localAddress: "localhost:8080")
    }
  }

  func failure(_ body: () throws -> Manifest) -> PlaybackFailure? {
    do {
      _ = try body()
      return nil
    } catch { return error as? PlaybackFailure }
  }

  func store(_ report: PositionReport) throws {
    try loop.run { try await service.store(report, userID: user) }
  }
}

private let unavailable = QueryFailure.unavailable(consistency: .localQuorum, required: 2, alive: 1)

@Suite struct ManifestTests {
  @Test func everythingIsThere() throws {
    let setup = try Setup()
    let manifest = try setup.manifest(on: "node-2")
    #expect(manifest.dashURL == "http://localhost:8080/media/a1/manifest.mpd")
    #expect(manifest.hlsURL == "http://localhost:8080/media/a1/master.m3u8")
    #expect(manifest.resumeMilliseconds == 1_823_000)
    #expect(manifest.video.map(\.resolution) == ["4k", "1080p", "720p", "360p"])
    #expect(manifest.audio == [Manifest.AudioTrack(language: "en", format: "aac")])
    #expect(manifest.subtitles == [])
    #expect(manifest.sessionID.version == 1)
    #expect(
      manifest.json.text
        == #"{"video_id":"v","playback_session_id":"\#(manifest.sessionID)","#
        + #""manifests":{"dash":"http://localhost:8080/media/a1/manifest.mpd","#
        + #""hls":"http://localhost:8080/media/a1/master.m3u8"},"drm":null,"#
        + #""bookmarks":{"resume_position_ms":1823000},"available_tracks":{"video":["#
        + #"{"bitrate":9000,"resolution":"4k","hdr":"hdr10"},{"bitrate":5000,"resolution":"1080p"},"#
        + #"{"bitrate":3000,"resolution":"720p"},{"bitrate":800,"resolution":"360p"}],"#
        + #""audio":[{"language":"en","format":"aac"}],"subtitles":[]}}"#)
  }

  @Test func readsSideBySideAtQuorum() throws {
    let setup = try Setup()
    setup.store.isHeld = true
    // It waits: nothing is answered yet, and all is asked.
    #expect(throws: NeverEnded.self) { try setup.manifest() }
    #expect(setup.store.runs.map(\.table) == ["profiles", "users", "videos", "encodes", "bookmarks"])
    #expect(setup.store.runs.allSatisfy { $0.consistency == .localQuorum && $0.verb == "SELECT" })
    setup.store.release()
    setup.loop.drain()
  }

  @Test func aLiveHolderIsNamed() throws {
    let setup = try Setup()
    setup.directory.live["node-1"] = nil
    for _ in 0..<5 { #expect(try setup.manifest().dashURL.hasPrefix("http://10.0.0.2:8080/")) }
    setup.directory.live = [:]
    #expect(setup.failure { try setup.manifest() } == .noLiveHolder)
  }

  @Test func holdersShareTheLoad() throws {
    let setup = try Setup()
    let bases = try (0..<50).map { _ in String(try setup.manifest().dashURL.prefix(23)) }
    #expect(Set(bases) == ["http://10.0.0.1:8080/me", "http://10.0.0.2:8080/me"])
  }

  @Test func withoutAQuorumOneReplicaAnswers() throws {
    let setup = try Setup()
    setup.store.failures["*"] = [.localQuorum: unavailable]
    #expect(try setup.manifest().resumeMilliseconds == 1_823_000)
    #expect(setup.store.runs.count == 10)
    setup.store.failures["*"]?[.localOne] = unavailable
    #expect(setup.failure { try setup.manifest() } == .store(unavailable))
  }

  @Test func aWrongStatementIsNotTriedTwice() throws {
    let setup = try Setup()
    setup.store.failures["bookmarks"] = [.localQuorum: .syntax("no")]
    #expect(setup.failure { try setup.manifest() } == .store(.syntax("no")))
    #expect(setup.store.runs.count == 5)
  }

  @Test func nothingIsThere() throws {
    let setup = try Setup(filled: false)
    #expect(setup.failure { try setup.manifest() } == .noProfile)
    try setup.store.set("profiles", [("maturity_level", .text, .null)])
    #expect(setup.failure { try setup.manifest() } == .noTitle)
    setup.store.failures["*"] = [.localQuorum: .invalid("keyspace marquee does not exist")]
    #expect(setup.failure { try setup.manifest() } == .schemaMissing)
  }

  @Test func theEncodingIsShown() throws {
    let setup = try Setup()
    try setup.store.set(
      "encodes",
      [
        ("encoding_profile", .text, "fixed_ladder"),
        ("variants", .text, #"[{"bitrate":800,"codec":"h264","manifest_url":"/media/a1/v0.m3u8"}]"#),
        ("audio_tracks", .text, #"[{"language":"en","format":"aac"}]"#), ("subtitle_tracks", .text, .null),
        ("holders", .set(.text), .texts(set: ["node-1"])),
      ])
    let service = setup.service
    let json = try setup.loop.run {
      try await service.encoding("v", localHostID: "node-3", localAddress: "localhost:8080")
    }
    #expect(
      json.text
        == #"{"video_id":"v","encoding_profile":"fixed_ladder","variants":[{"bitrate":800,"codec":"h264","#
        + #""manifest_url":"http://10.0.0.1:8080/media/a1/v0.m3u8"}],"#
        + #""audio_tracks":[{"language":"en","format":"aac"}],"subtitle_tracks":[]}"#)
    setup.store.rows["encodes"] = nil
    #expect(throws: PlaybackFailure.noTitle) {
      try setup.loop.run { try await service.encoding("v", localHostID: "", localAddress: "") }
    }
  }

  @Test func aFinishedTitleBeginsAnew() throws {
    let setup = try Setup()
    try setup.store.set("bookmarks", [("position_ms", .bigint, 5), ("completed", .boolean, true)])
    #expect(try setup.manifest().resumeMilliseconds == 0)
    setup.store.rows["bookmarks"] = nil
    #expect(try setup.manifest().resumeMilliseconds == 0)
  }

  @Test(
    arguments: [
      ("kids", "TV-PG", true), ("kids", "PG-13", false), ("kids", "R", false), ("teen", "R", false),
      ("teen", "PG-13", true), ("adult", "NC-17", true), ("kids", nil, false), ("teen", nil, true),
      (nil, "R", true), ("KIDS", "g", true),
    ] as [(String?, String?, Bool)])
  func maturity(level: String?, rating: String?, admitted: Bool) throws {
    let setup = try Setup()
    try setup.store.set("profiles", [("maturity_level", .text, .text(level))])
    try setup.store.set("videos", [("maturity_rating", .text, .text(rating))])
    #expect(setup.failure { try setup.manifest() } == (admitted ? nil : .notForProfile))
  }

  @Test(
    arguments: [("basic", 720), ("standard", 1080), ("premium", 2160), (nil, 720), ("other", 720)] as [(String?, Int)])
  func plans(subscription: String?, lines: Int) throws {
    let setup = try Setup()
    try setup.store.set("users", [("subscription", .text, .text(subscription))])
    let shown = try setup.manifest().video.compactMap { Plan.lines($0.resolution) }
    #expect(shown.max() == lines)
  }
}

@Suite struct PositionTests {
  let report = PositionReport(videoID: "v", profileID: profile, positionMilliseconds: 5000)

  @Test func bookmarkAndHistoryAreWritten() throws {
    let setup = try Setup()
    try setup.store(report)
    let writes = setup.store.runs.filter { $0.verb == "INSERT" }
    #expect(writes.map(\.table) == ["bookmarks", "viewing_history"])
    #expect(writes[0].values == [.uuid(profile), "v", .null, 5000, false, .timestamp(1_800_000_000_000)])
    #expect(writes[1].values == [.uuid(profile), .timestamp(1_800_000_000_000), "v", .null, 5000, false])
    #expect(writes.allSatisfy { $0.consistency == .localQuorum && $0.timestamp == 1_800_000_000_000_000 })
  }

  @Test func aSecondTryHasTheTimestampOfTheFirst() throws {
    let setup = try Setup()
    setup.store.failures["*"] = [.localQuorum: unavailable]
    try setup.store(report)
    try setup.store(report)
    let writes = setup.store.runs.filter { $0.table == "bookmarks" }
    #expect(writes.map(\.consistency) == [.localQuorum, .localOne, .localQuorum, .localOne])
    #expect(writes.map { ($0.timestamp ?? 0) - 1_800_000_000_000_000 } == [0, 0, 1, 1])
  }

  @Test func onlyTheAccountsOwnProfiles() throws {
    let setup = try Setup()
    setup.store.rows["profiles"] = nil
    #expect(throws: PlaybackFailure.noProfile) { try setup.store(report) }
    #expect(setup.store.runs.map(\.verb) == ["SELECT"])
  }

  @Test func reportsOfOneSessionAreOneRow() throws {
    let setup = try Setup()
    var report = report
    report.sessionID = try setup.manifest().sessionID
    let began = setup.loop.clock.wallMicroseconds / 1000
    for _ in 0..<3 {
      setup.loop.pass(.seconds(10))
      try setup.store(report)
    }
    let keys = setup.store.runs.filter { $0.table == "viewing_history" }.map { $0.values[1] }
    #expect(keys == Array(repeating: CQLValue.timestamp(began), count: 3))
  }

  @Test func sessionsOfAnotherTimeAreRefused() throws {
    let setup = try Setup()
    var report = report
    for (high, low) in [(UInt64(0), UInt64(0)), (0x4000, 1 << 63), (0x1000, 1 << 63), (~0xE000, 1 << 63)] {
      report.sessionID = UUID(high: high, low: low)
      #expect(throws: PlaybackFailure.self) { try setup.store(report) }
    }
    report.sessionID = try setup.manifest().sessionID
    setup.loop.pass(.seconds(31 * 86_400))
    #expect(throws: PlaybackFailure.self) { try setup.store(report) }
  }
}

@Suite struct PlaybackRequestTests {
  func pointer(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      guard case .malformed(let pointer, _)? = error as? PlaybackFailure else { return "another failure" }
      return pointer
    }
  }

  @Test func theProductsExampleIsRead() throws {
    let json = try JSON(
      parsing: #"{"video_id": "80100172", "profile_id": "8a6ff4c2-3a5e-4b8f-9d34-0f5a2f6d1c11", "device":"#
        + #"{"type": "smart_tv", "esn": "NFANDROID2-1", "drm_capabilities": ["widevine_l1"]}}"#)
    let request = try ManifestRequest(json: json)
    #expect(request.videoID == "80100172")
    #expect(request.device == .init(type: "smart_tv", esn: "NFANDROID2-1", drmCapabilities: ["widevine_l1"]))
  }

  @Test(arguments: [
    (#"{"profile_id":"P","device":{"type":"web"}}"#, "/video_id"),
    (#"{"video_id":7,"profile_id":"P","device":{"type":"web"}}"#, "/video_id"),
    (#"{"video_id":"","profile_id":"P","device":{"type":"web"}}"#, "/video_id"),
    (#"{"video_id":"a b","profile_id":"P","device":{"type":"web"}}"#, "/video_id"),
    (#"{"video_id":"v","profile_id":"no","device":{"type":"web"}}"#, "/profile_id"),
    (#"{"video_id":"v","profile_id":"P"}"#, "/device"), (#"{"video_id":"v","profile_id":"P","device":[]}"#, "/device"),
    (#"{"video_id":"v","profile_id":"P","device":{}}"#, "/device/type"),
    (#"{"video_id":"v","profile_id":"P","device":{"type":"web","x":1}}"#, "/device/x"),
    (
      #"{"video_id":"v","profile_id":"P","device":{"type":"web","drm_capabilities":[1]}}"#, "/device/drm_capabilities/0"
    ),
    (#"{"video_id":"v","profile_id":"P","device":{"type":"web"},"user_id":"x"}"#, "/user_id"),
    (#"{"video_id":"v","profile_id":"P","device":{"type":"web"}}"#, nil),
    (#"{"video_id":"v","profile_id":"P","device":{"type":"web","esn":null}}"#, nil),
  ])
  func manifests(text: String, expected: String?) throws {
    let json = try JSON(parsing: text.replacing("\"P\"", with: "\"\(profile)\""))
    #expect(pointer { _ = try ManifestRequest(json: json) } == expected)
  }

  @Test(arguments: [
    (#"{"video_id":"v","profile_id":"P","position_ms":0}"#, nil),
    (#"{"video_id":"v","profile_id":"P","position_ms":5,"completed":true,"episode_id":"e"}"#, nil),
    (#"{"video_id":"v","profile_id":"P"}"#, "/position_ms"),
    (#"{"video_id":"v","profile_id":"P","position_ms":-1}"#, "/position_ms"),
    (#"{"video_id":"v","profile_id":"P","position_ms":1.5}"#, "/position_ms"),
    (#"{"video_id":"v","profile_id":"P","position_ms":"5"}"#, "/position_ms"),
    (#"{"video_id":"v","profile_id":"P","position_ms":2592000001}"#, "/position_ms"),
    (#"{"video_id":"v","profile_id":"P","position_ms":5,"completed":1}"#, "/completed"),
    (#"{"video_id":"v","profile_id":"P","position_ms":5,"episode_id":null}"#, "/episode_id"),
    (#"{"video_id":"v","profile_id":"P","position_ms":5,"playback_session_id":"x"}"#, "/playback_session_id"),
    (#"{"video_id":"v","profile_id":"P","position_ms":5,"watched_at":1}"#, "/watched_at"), ("{}", "/video_id"),
    ("[]", ""),
  ])
  func positions(text: String, expected: String?) throws {
    let json = try JSON(parsing: text.replacing("\"P\"", with: "\"\(profile)\""))
    #expect(pointer { _ = try PositionReport(json: json) } == expected)
  }
}
