// What a device is given to play a title: where its manifests are, where it left off, which tracks it may expect.

import Base

/// The answer to a manifest request.
public struct Manifest: Equatable, Sendable {
  public struct VideoTrack: Equatable, Sendable {
    /// Kilobits a second.
    public var bitrate: Int64
    /// `4k`, `1080p`, `720p`, ...
    public var resolution: String
    public var hdr: String?
  }

  public struct AudioTrack: Equatable, Sendable {
    public var language: String
    public var format: String
  }

  public var videoID: String
  public var sessionID: UUID
  /// The bases of the published files on a live holder.
  public var dashURL: String
  public var hlsURL: String
  /// 0 where the profile never began the title, or watched it to its end.
  public var resumeMilliseconds: Int64
  public var video: [VideoTrack]
  public var audio: [AudioTrack]
  public var subtitles: [AudioTrack]

  public var json: JSON {
    .object([
      "video_id": .string(videoID), "playback_session_id": .string(sessionID.description),
      "manifests": .object(["dash": .string(dashURL), "hls": .string(hlsURL)]),
      // A clear title has no licence to fetch.
      "drm": .null,
      "bookmarks": .object(["resume_position_ms": .integer(resumeMilliseconds)]),
      "available_tracks": .object([
        "video": .array(video.map(Self.json)), "audio": .array(audio.map(Self.json)),
        "subtitles": .array(subtitles.map(Self.json)),
      ]),
    ])
  }

  private static func json(_ track: VideoTrack) -> JSON {
    var members = [
      JSON.Member("bitrate", .integer(track.bitrate)), JSON.Member("resolution", .string(track.resolution)),
    ]
    if let hdr = track.hdr { members.append(JSON.Member("hdr", .string(hdr))) }
    return .object(members)
  }

  private static func json(_ track: AudioTrack) -> JSON {
    .object(["language": .string(track.language), "format": .string(track.format)])
  }
}
