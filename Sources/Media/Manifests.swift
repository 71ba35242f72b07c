// What both manifests are written from: the packed tracks under the names they are published by.

/// A published picture track.
public struct PublishedVideo: Sendable {
  /// File name, relative to the manifest.
  public var name: String
  public var rung: Rung
  public var track: PackedTrack

  public init(name: String, rung: Rung, track: PackedTrack) {
    self.name = name
    self.rung = rung
    self.track = track
  }
}

/// A published sound track.
public struct PublishedAudio: Sendable {
  public var name: String
  public var plan: AudioPlan
  public var track: PackedTrack

  public init(name: String, plan: AudioPlan, track: PackedTrack) {
    self.name = name
    self.plan = plan
    self.track = track
  }
}

/// A title's tracks; at least one video.
public struct PublishedTitle: Sendable {
  public var rate: Rational
  /// Largest first.
  public var videos: [PublishedVideo]
  public var audios: [PublishedAudio]

  /// - Precondition: there is a video.
  public init(rate: Rational, videos: [PublishedVideo], audios: [PublishedAudio]) {
    precondition(!videos.isEmpty, "a title has a picture")
    self.rate = rate
    self.videos = videos
    self.audios = audios
  }

  /// The picture's length.
  public var durationMicroseconds: Int64 {
    scaled(videos[0].track.durationTicks, by: 1_000_000, over: videos[0].track.timescale)
  }

  /// The longest segment, microseconds.
  public var segmentMicroseconds: Int64 {
    let track = videos[0].track
    return scaled(track.segments.map(\.durationTicks).max() ?? 0, by: 1_000_000, over: track.timescale)
  }
}

/// Seconds with six decimals, exactly: Double's text would be neither bounded nor the same everywhere.
func decimalSeconds(microseconds: Int64) -> String {
  decimal(microseconds, unit: 1_000_000)
}

/// `value / unit` with as many decimals as `unit`, a power of ten, has zeros. `value` is not negative.
func decimal(_ value: Int64, unit: Int64) -> String {
  "\(value / unit).\(String(unit + value % unit).dropFirst())"
}
