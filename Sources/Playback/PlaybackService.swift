// Starting to play, and remembering where one stopped. A manifest request is five reads side by side, each of one
// partition: the profile, the account, the title, its encode, the bookmark. A position is two writes side by side: the
// bookmark (one row a title, the latest wins) and the viewing history (one row a playback session).
//
// All of it is in the available column of the product's table: it answers as long as one replica does (see
// AvailableReads.swift). It writes bookmarks and viewing_history and no other table.

import Base
import Query
import World

/// Which nodes stand where; given by whoever knows the cluster.
public protocol NodeDirectory: AnyObject {
  /// `host:port` of a node's HTTP interface, by its host id in text; nil for a node that is not known or down.
  func liveHTTPAddress(ofNode hostID: String) -> String?
}

/// The playback service. Loop-bound.
public final class PlaybackService {
  /// A session's id may be this much younger than now (clocks differ) or older (a pause of days).
  static let maxSessionAheadMilliseconds: Int64 = 5 * 60_000
  static let maxSessionAgeMilliseconds: Int64 = 30 * 86_400_000

  private let session: AvailableSession
  private let world: World
  private let directory: any NodeDirectory

  public init(session: Session, world: World, directory: any NodeDirectory) {
    self.session = AvailableSession(session: session, clock: world.clock)
    self.world = world
    self.directory = directory
  }

  // MARK: manifests

  /// What this device needs to play the title.
  /// - Parameter localAddress: this node's `host:port` as the client reached it, preferred if the node itself holds
  ///   the title (its host id is `localHostID`).
  public func manifest(
    _ request: ManifestRequest, userID: UUID, localHostID: String, localAddress: String
  ) async throws(PlaybackFailure) -> Manifest {
    let rows = try await session.read([
      Self.readProfile(userID, request.profileID),
      Statement(text: "SELECT subscription FROM marquee.users WHERE user_id = ?", values: [.uuid(userID)]),
      Statement(
        text: "SELECT maturity_rating FROM marquee.videos WHERE video_id = ?", values: [.text(request.videoID)]),
      Statement(
        text: "SELECT dash_path, hls_path, variants, audio_tracks, subtitle_tracks, holders FROM marquee.encodes"
          + " WHERE video_id = ?", values: [.text(request.videoID)]),
      Statement(
        text: "SELECT position_ms, completed FROM marquee.bookmarks WHERE profile_id = ? AND video_id = ?",
        values: [.uuid(request.profileID), .text(request.videoID)]),
    ])
    guard let profile = rows[0].first else { throw .noProfile }
    guard let encode = rows[3].first, let dash = encode.text("dash_path"), let hls = encode.text("hls_path") else {
      throw .noTitle
    }
    let rating = Maturity(rating: rows[2].first?.text("maturity_rating"))
    guard rating <= Maturity(level: profile.text("maturity_level")) else { throw .notForProfile }

    let holders = encode.texts("holders")
    guard let address = liveAddress(holders, localHostID: localHostID, localAddress: localAddress) else {
      throw .noLiveHolder
    }
    // An account without a row has the least that there is.
    let plan = Plan(rawValue: rows[1].first?.text("subscription")?.lowercased() ?? "") ?? .basic
    return Manifest(
      videoID: request.videoID, sessionID: world.timeUUIDs.next(), dashURL: "http://\(address)/media/\(dash)",
      hlsURL: "http://\(address)/media/\(hls)", resumeMilliseconds: Self.resumePosition(rows[4].first),
      video: Self.videoTracks(encode.text("variants"), plan), audio: Self.tracks(encode.text("audio_tracks")),
      subtitles: Self.tracks(encode.text("subtitle_tracks")))
  }

  /// This node where it holds the title, else another live holder: drawn by lot, so that none gets all.
  private func liveAddress(_ holders: [String], localHostID: String, localAddress: String) -> String? {
    if holders.contains(localHostID) { return localAddress }
    let live = holders.sorted().compactMap { directory.liveHTTPAddress(ofNode: $0) }
    guard !live.isEmpty else { return nil }
    return live[Int(world.entropy.below(UInt64(live.count)))]
  }

  static func resumePosition(_ bookmark: ResultRow?) -> Int64 {
    guard let bookmark, bookmark.boolean("completed") != true else { return 0 }
    return max(0, bookmark.int("position_ms") ?? 0)
  }

  /// The published variants that the plan includes, the best first.
  static func videoTracks(_ text: String?, _ plan: Plan) -> [Manifest.VideoTrack] {
    guard let text, let items = (try? JSON(parsing: text))?.array else { return [] }
    let tracks = items.compactMap { item -> Manifest.VideoTrack? in
      guard let bitrate = item["bitrate"]?.integer, let resolution = item["resolution"]?.string,
        let lines = Plan.lines(resolution), lines <= plan.maxLines
      else { return nil }
      return Manifest.VideoTrack(bitrate: bitrate, resolution: resolution, hdr: item["hdr"]?.string)
    }
    return tracks.sorted { $0.bitrate > $1.bitrate }
  }

  static func tracks(_ text: String?) -> [Manifest.AudioTrack] {
    guard let text, let items = (try? JSON(parsing: text))?.array else { return [] }
    return items.compactMap { item in
      guard let language = item["language"]?.string, let format = item["format"]?.string else { return nil }
      return Manifest.AudioTrack(language: language, format: format)
    }
  }

  // MARK: what is published

  /// How a title is encoded, as the product shows it: `video_id`, `encoding_profile`, `variants`, `audio_tracks`,
  /// `subtitle_tracks`; the variants' manifest URLs on a live holder.
  public func encoding(
    _ videoID: String, localHostID: String, localAddress: String
  ) async throws(PlaybackFailure) -> JSON {
    let rows = try await session.read([
      Statement(
        text: "SELECT encoding_profile, variants, audio_tracks, subtitle_tracks, holders FROM marquee.encodes"
          + " WHERE video_id = ?", values: [.text(videoID)])
    ])
    guard let encode = rows[0].first else { throw .noTitle }
    let holders = encode.texts("holders")
    guard let address = liveAddress(holders, localHostID: localHostID, localAddress: localAddress) else {
      throw .noLiveHolder
    }
    func list(_ column: String) -> [JSON] { encode.text(column).flatMap { (try? JSON(parsing: $0))?.array } ?? [] }
    return .object([
      "video_id": .string(videoID), "encoding_profile": .string(encode.text("encoding_profile") ?? ""),
      "variants": .array(list("variants").map { Self.onHolder($0, address) }),
      "audio_tracks": .array(list("audio_tracks")), "subtitle_tracks": .array(list("subtitle_tracks")),
    ])
  }

  /// A variant with its manifest's path made a URL on this holder.
  private static func onHolder(_ variant: JSON, _ address: String) -> JSON {
    guard case .object(var members) = variant else { return variant }
    for (index, member) in members.enumerated() where member.key == "manifest_url" {
      guard let path = member.value.string, path.hasPrefix("/") else { continue }
      members[index].value = .string("http://\(address)\(path)")
    }
    return .object(members)
  }

  // MARK: positions

  /// Keeps where a profile is in a title.
  public func store(_ report: PositionReport, userID: UUID) async throws(PlaybackFailure) {
    let nowMilliseconds = world.clock.wallMicroseconds / 1000
    let watchedAt = try Self.watchedAt(report, nowMilliseconds: nowMilliseconds)
    let rows = try await session.read([Self.readProfile(userID, report.profileID)])
    guard !rows[0].isEmpty else { throw .noProfile }
    try await session.write([
      Statement(
        text: "INSERT INTO marquee.bookmarks (profile_id, video_id, episode_id, position_ms, completed, updated_at)"
          + " VALUES (?, ?, ?, ?, ?, ?)",
        values: [
          .uuid(report.profileID), .text(report.videoID), .text(report.episodeID),
          .bigint(report.positionMilliseconds), .boolean(report.isCompleted), .timestamp(nowMilliseconds),
        ]),
      Statement(
        text:
          "INSERT INTO marquee.viewing_history (profile_id, watched_at, video_id, episode_id, progress_ms, completed)"
          + " VALUES (?, ?, ?, ?, ?, ?)",
        values: [
          .uuid(report.profileID), .timestamp(watchedAt), .text(report.videoID), .text(report.episodeID),
          .bigint(report.positionMilliseconds), .boolean(report.isCompleted),
        ]),
    ])
  }

  /// When the session began, which is the history row's key: a player that reports every ten seconds writes one row
  /// and not hundreds. Without a session each report is a row of its own.
  static func watchedAt(_ report: PositionReport, nowMilliseconds: Int64) throws(PlaybackFailure) -> Int64 {
    guard let id = report.sessionID else { return nowMilliseconds }
    guard let began = timeMilliseconds(id),
      (nowMilliseconds - maxSessionAgeMilliseconds...nowMilliseconds + maxSessionAheadMilliseconds).contains(began)
    else {
      throw .malformed(pointer: "/playback_session_id", reason: "This is not a playback session of the last 30 days.")
    }
    return began
  }

  /// The time within a version 1 UUID (RFC 9562 section 5.1), milliseconds since the Unix epoch.
  static func timeMilliseconds(_ id: UUID) -> Int64? {
    guard id.version == 1 else { return nil }
    let ticks = (id.high & 0x0FFF) << 48 | (id.high >> 16 & 0xFFFF) << 32 | id.high >> 32
    return (Int64(bitPattern: ticks) - Int64(TimeUUIDs.gregorianOffset)) / 10_000
  }

  private static func readProfile(_ userID: UUID, _ profileID: UUID) -> Statement {
    Statement(
      text: "SELECT maturity_level FROM marquee.profiles WHERE user_id = ? AND profile_id = ?",
      values: [.uuid(userID), .uuid(profileID)])
  }
}
