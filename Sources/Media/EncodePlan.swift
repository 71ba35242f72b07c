// Everything that is decided before the encoder runs, from the clip's description alone: sizes, rate,
// segment length in frames, sound tracks. Pure, so the same clip gives the same plan on every node, and
// one binary then gives the same bytes: a duplicate attempt makes files of the same names.

/// How hard x264 works; the names are x264's.
public enum EncoderPreset: String, Hashable, Sendable, CaseIterable {
  case veryfast
  case faster
  case medium
}

/// What an operator may choose, within bounds.
public struct EncodeSettings: Hashable, Sendable {
  public var preset: EncoderPreset
  /// x264's constant rate factor under the rungs' caps: lower is better. 16 to 34.
  public var constantRateFactor: Int
  /// Threads of the top rung's encoder; the others have one each. 1 to 16.
  public var threads: Int
  /// A segment's length before it is rounded to whole frames. 1 to 10 s.
  public var segmentSeconds: Int

  /// Measured on a 720p film trailer: veryfast at 22 gives a mean VMAF of 94 for half a CPU second a second.
  public init(
    preset: EncoderPreset = .veryfast, constantRateFactor: Int = 22, threads: Int = 2, segmentSeconds: Int = 2
  ) {
    self.preset = preset
    self.constantRateFactor = min(max(constantRateFactor, 16), 34)
    self.threads = min(max(threads, 1), 16)
    self.segmentSeconds = min(max(segmentSeconds, 1), 10)
  }
}

/// A sound track to make.
public struct AudioPlan: Hashable, Sendable {
  public static let sampleRate = 48_000
  /// Samples a frame of AAC-LC.
  public static let frameSamples = 1024

  /// Stream number in the clip.
  public var sourceIndex: Int
  /// 1, 2 or 6 (5.1): what AAC decoders everywhere play.
  public var channels: Int
  public var bitrateKbps: Int
  /// BCP 47.
  public var language: String

  public init(_ source: AudioSource) {
    sourceIndex = source.index
    channels = source.channels >= 6 ? 6 : min(source.channels, 2)
    bitrateKbps = channels == 6 ? 384 : channels == 2 ? 128 : 64
    language = source.language
  }

  /// `5.1`, `stereo` or `mono`: ffmpeg's name of the layout, and the API's of the format.
  public var formatName: String { channels == 6 ? "5.1" : channels == 2 ? "stereo" : "mono" }
}

/// What the encoder is asked for.
public struct EncodePlan: Hashable, Sendable {
  public var source: SourceInfo
  public var timing: FrameTiming
  public var settings: EncodeSettings
  public var rungs: [Rung]
  public var audio: [AudioPlan]
  /// Ticks a second and ticks a frame of every video track: whole, so that no frame's time is rounded.
  public var timescale: Int64
  public var frameTicks: Int64
  /// A closed GOP, which is a segment: a whole number of frames near `segmentSeconds`.
  public var segmentFrames: Int

  /// - Throws: `unsupported` if the clip is beyond a limit.
  public init(_ source: SourceInfo, _ timing: FrameTiming, _ settings: EncodeSettings = EncodeSettings())
    throws(MediaFailure)
  {
    let rate = timing.rate
    guard rate.numerator <= 1_000_000, rate.denominator <= 1_000_000, rate.double <= PacketScan.maxRate else {
      throw .unsupported("\(rate) frames a second")
    }
    self.source = source
    self.timing = timing
    self.settings = settings
    rungs = Ladder.rungs(for: source.video.displaySize, rate: rate)
    audio = source.audio.map(AudioPlan.init)
    let scale: Int64 = rate.numerator >= 10_000 ? 1 : rate.numerator >= 1000 ? 10 : 1000
    timescale = rate.numerator * scale
    frameTicks = rate.denominator * scale
    segmentFrames = max(1, Int((Double(settings.segmentSeconds) * rate.double).rounded()))
  }

  /// Frames the encoder will write a rung.
  public var expectedFrames: Int { timing.encodedFrames }

  /// The title's length: the picture's, in the video's ticks.
  public func durationTicks(frames: Int) -> Int64 { Int64(frames) * frameTicks }

  /// Samples of sound that last as long as `frames` of picture, rounded up.
  public func audioSamples(frames: Int) -> Int64 {
    let ticks = durationTicks(frames: frames)
    return scaled(ticks, by: Int64(AudioPlan.sampleRate), over: timescale)
      + (ticks * Int64(AudioPlan.sampleRate) % timescale == 0 ? 0 : 1)
  }

  /// Names of the files the encoder writes in its directory.
  public func videoFile(_ rung: Int) -> String { "v\(rung).mp4" }
  public func audioFile(_ track: Int) -> String { "a\(track).mp4" }
}
