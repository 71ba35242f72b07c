// What clients send, read strictly: a member that is missing, of another type, too long or not known is named.

import Base

/// `POST /api/v1/playback/manifest`.
public struct ManifestRequest: Equatable, Sendable {
  public struct Device: Equatable, Sendable {
    /// Such as `smart_tv`, `phone`, `web`.
    public var type: String
    /// The device's serial number; nothing is granted by it.
    public var esn: String?
    /// Such as `widevine_l1`, `clearkey`.
    public var drmCapabilities: [String]
  }

  public var videoID: String
  public var profileID: UUID
  public var device: Device

  public init(videoID: String, profileID: UUID, device: Device) {
    self.videoID = videoID
    self.profileID = profileID
    self.device = device
  }

  public init(json: JSON) throws(PlaybackFailure) {
    var reader = try MemberReader(json, at: "", allowed: ["video_id", "profile_id", "device"])
    videoID = try reader.identifier("video_id")
    profileID = try reader.uuid("profile_id")
    var device = try MemberReader(
      json["device"] ?? .null, at: "/device", allowed: ["type", "esn", "drm_capabilities"])
    self.device = Device(
      type: try device.text("type"), esn: try device.optionalText("esn"),
      drmCapabilities: try device.texts("drm_capabilities"))
  }
}

/// `PUT /api/v1/playback/position`.
public struct PositionReport: Equatable, Sendable {
  public var videoID: String
  public var profileID: UUID
  public var positionMilliseconds: Int64
  /// Of a series' title: which episode.
  public var episodeID: String?
  /// Watched to its end.
  public var isCompleted: Bool
  /// The manifest's; reports of one session are one row of the viewing history.
  public var sessionID: UUID?

  /// A position may not be later than this: 30 days.
  public static let maxPositionMilliseconds: Int64 = 30 * 86_400_000

  public init(
    videoID: String, profileID: UUID, positionMilliseconds: Int64, episodeID: String? = nil,
    isCompleted: Bool = false, sessionID: UUID? = nil
  ) {
    self.videoID = videoID
    self.profileID = profileID
    self.positionMilliseconds = positionMilliseconds
    self.episodeID = episodeID
    self.isCompleted = isCompleted
    self.sessionID = sessionID
  }

  public init(json: JSON) throws(PlaybackFailure) {
    var reader = try MemberReader(
      json, at: "",
      allowed: ["video_id", "profile_id", "position_ms", "episode_id", "completed", "playback_session_id"])
    videoID = try reader.identifier("video_id")
    profileID = try reader.uuid("profile_id")
    positionMilliseconds = try reader.integer("position_ms", in: 0...Self.maxPositionMilliseconds)
    episodeID = json["episode_id"] == nil ? nil : try reader.identifier("episode_id")
    isCompleted = try reader.optionalBoolean("completed") ?? false
    sessionID = json["playback_session_id"] == nil ? nil : try reader.uuid("playback_session_id")
  }
}

/// Reads the members of a JSON object, naming what is wrong.
struct MemberReader {
  /// Longest text taken, bytes of UTF-8.
  static let maxTextBytes = 256
  static let maxItems = 32

  private let json: JSON
  private let path: String

  init(_ json: JSON, at path: String, allowed: Set<String>) throws(PlaybackFailure) {
    guard let members = json.members else { throw .malformed(pointer: path, reason: "An object is needed.") }
    for member in members where !allowed.contains(member.key) {
      throw .malformed(pointer: "\(path)/\(member.key)", reason: "This member is not known.")
    }
    self.json = json
    self.path = path
  }

  mutating func text(_ name: String) throws(PlaybackFailure) -> String {
    guard let text = json[name]?.string, !text.isEmpty, text.utf8.count <= Self.maxTextBytes else {
      throw .malformed(
        pointer: "\(path)/\(name)", reason: "A text of 1 to \(Self.maxTextBytes) bytes is needed.")
    }
    return text
  }

  /// A title's or an episode's id: printable, without space.
  mutating func identifier(_ name: String) throws(PlaybackFailure) -> String {
    let text = try text(name)
    guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
      throw .malformed(pointer: "\(path)/\(name)", reason: "An identifier has no spaces or control characters.")
    }
    return text
  }

  mutating func optionalText(_ name: String) throws(PlaybackFailure) -> String? {
    json[name] == nil || json[name] == .null ? nil : try text(name)
  }

  mutating func uuid(_ name: String) throws(PlaybackFailure) -> UUID {
    guard let text = json[name]?.string, let id = UUID(text) else {
      throw .malformed(pointer: "\(path)/\(name)", reason: "A UUID is needed.")
    }
    return id
  }

  mutating func integer(_ name: String, in range: ClosedRange<Int64>) throws(PlaybackFailure) -> Int64 {
    guard let value = json[name]?.integer, range.contains(value) else {
      throw .malformed(
        pointer: "\(path)/\(name)",
        reason: "A whole number from \(range.lowerBound) to \(range.upperBound) is needed.")
    }
    return value
  }

  mutating func optionalBoolean(_ name: String) throws(PlaybackFailure) -> Bool? {
    guard let value = json[name] else { return nil }
    guard let flag = value.bool else {
      throw .malformed(pointer: "\(path)/\(name)", reason: "true or false is needed.")
    }
    return flag
  }

  mutating func texts(_ name: String) throws(PlaybackFailure) -> [String] {
    guard let value = json[name] else { return [] }
    guard let items = value.array, items.count <= Self.maxItems else {
      throw .malformed(pointer: "\(path)/\(name)", reason: "A list of at most \(Self.maxItems) texts is needed.")
    }
    var texts: [String] = []
    for (index, item) in items.enumerated() {
      guard let text = item.string, text.utf8.count <= Self.maxTextBytes else {
        throw .malformed(pointer: "\(path)/\(name)/\(index)", reason: "A text is needed.")
      }
      texts.append(text)
    }
    return texts
  }
}
