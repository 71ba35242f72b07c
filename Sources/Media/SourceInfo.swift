// What ffprobe says of a clip, read strictly: what is missing or odd is a failure with a reason, or an
// honest default named here.

import Base

/// A size in pixels.
public struct PixelSize: Hashable, Sendable, CustomStringConvertible {
  public var width: Int
  public var height: Int

  public init(_ width: Int, _ height: Int) {
    self.width = width
    self.height = height
  }

  public var description: String { "\(width)x\(height)" }
}

/// The clip's picture. The first video stream that is not a cover image.
public struct VideoSource: Hashable, Sendable {
  /// The stream's number in the file.
  public var index: Int
  public var codec: String
  /// As stored, before rotation and pixel shape.
  public var storedSize: PixelSize
  /// Width over height of one pixel.
  public var sampleAspect: Rational
  /// Clockwise turn for display: 0, 90, 180 or 270 degrees.
  public var rotation: Int
  public var pixelFormat: String
  public var isInterlaced: Bool
  /// Whether its transfer curve is PQ or HLG, which H.264 in 8 bits cannot carry.
  public var isHighDynamicRange: Bool
  /// ffprobe's average, and the lowest rate that could hold all timestamps; nil where it does not know.
  public var averageRate: Rational?
  public var nominalRate: Rational?
  /// Seconds a tick of the stream's timestamps.
  public var timeBase: Rational
  /// First timestamp, microseconds.
  public var startMicroseconds: Int64

  public init(
    index: Int, codec: String, storedSize: PixelSize, sampleAspect: Rational, rotation: Int, pixelFormat: String,
    isInterlaced: Bool, isHighDynamicRange: Bool, averageRate: Rational?, nominalRate: Rational?, timeBase: Rational,
    startMicroseconds: Int64
  ) {
    self.index = index
    self.codec = codec
    self.storedSize = storedSize
    self.sampleAspect = sampleAspect
    self.rotation = rotation
    self.pixelFormat = pixelFormat
    self.isInterlaced = isInterlaced
    self.isHighDynamicRange = isHighDynamicRange
    self.averageRate = averageRate
    self.nominalRate = nominalRate
    self.timeBase = timeBase
    self.startMicroseconds = startMicroseconds
  }

  /// The picture as it is looked at: square pixels (wide ones widen it), turned upright.
  public var displaySize: PixelSize {
    let aspect = sampleAspect
    let width = Int((Double(storedSize.width) * aspect.double).rounded())
    return rotation % 180 == 0 ? PixelSize(width, storedSize.height) : PixelSize(storedSize.height, width)
  }
}

/// One of the clip's sound tracks.
public struct AudioSource: Hashable, Sendable {
  public var index: Int
  public var codec: String
  public var channels: Int
  public var sampleRate: Int
  /// BCP 47; `und` where the clip does not say.
  public var language: String

  public init(index: Int, codec: String, channels: Int, sampleRate: Int, language: String) {
    self.index = index
    self.codec = codec
    self.channels = channels
    self.sampleRate = sampleRate
    self.language = language
  }
}

/// What there is to know of a clip before it is decoded.
public struct SourceInfo: Hashable, Sendable {
  /// Sound tracks looked at; more are left out.
  public static let maxAudioTracks = 8
  /// Pixels of the longer side.
  public static let maxSidePixels = 8192
  /// Pixels of the shorter side; x264 wants at least a macroblock.
  public static let minSidePixels = 16

  public var format: String
  /// The clip's first timestamp over all streams, microseconds: what ffmpeg subtracts from all of them.
  public var startMicroseconds: Int64
  /// The container's word for it; the frames decide in the end.
  public var durationMicroseconds: Int64?
  public var video: VideoSource
  public var audio: [AudioSource]
  /// Subtitle tracks seen (not carried over yet).
  public var subtitleCount: Int

  public init(
    format: String, startMicroseconds: Int64, durationMicroseconds: Int64?, video: VideoSource, audio: [AudioSource],
    subtitleCount: Int
  ) {
    self.format = format
    self.startMicroseconds = startMicroseconds
    self.durationMicroseconds = durationMicroseconds
    self.video = video
    self.audio = audio
    self.subtitleCount = subtitleCount
  }
}

extension SourceInfo {
  /// Reads ffprobe's answer to `Probe.streams`.
  public init(ffprobe text: String) throws(MediaFailure) {
    let document: JSON
    do throws(JSONError) {
      document = try JSON(parsing: text)
    } catch {
      throw .unreadable("ffprobe's answer is no JSON (\(error))")
    }
    guard let streams = document["streams"]?.array, let format = document["format"] else {
      throw .unreadable("ffprobe found no streams")
    }
    let pictures = streams.filter { $0["codec_type"]?.string == "video" && !Self.isStill($0) }
    guard let picture = pictures.first else { throw .noVideo }
    let sounds = streams.filter { $0["codec_type"]?.string == "audio" && $0["codec_name"]?.string != nil }
    self.init(
      format: format["format_name"]?.string ?? "unknown",
      startMicroseconds: Self.microseconds(format["start_time"]) ?? 0,
      durationMicroseconds: Self.microseconds(format["duration"]).flatMap { $0 > 0 ? $0 : nil },
      video: try VideoSource(ffprobe: picture),
      audio: sounds.prefix(Self.maxAudioTracks).compactMap(AudioSource.init(ffprobe:)),
      subtitleCount: streams.count { $0["codec_type"]?.string == "subtitle" })
  }

  /// A cover image travels as a video stream of one frame.
  private static func isStill(_ stream: JSON) -> Bool {
    guard let disposition = stream["disposition"] else { return false }
    return disposition["attached_pic"]?.integer == 1 || disposition["timed_thumbnails"]?.integer == 1
  }

  /// ffprobe writes seconds as decimals in strings; nil for `N/A` and the absurd.
  static func microseconds(_ value: JSON?) -> Int64? {
    guard let text = value?.string, let seconds = Double(text), seconds.isFinite, abs(seconds) < 1e9 else { return nil }
    return Int64(exactly: (seconds * 1e6).rounded())
  }
}

extension VideoSource {
  init(ffprobe stream: JSON) throws(MediaFailure) {
    guard let index = Self.int(stream["index"]), let codec = stream["codec_name"]?.string else {
      throw .unsupported("its video codec is not known")
    }
    guard let width = Self.int(stream["width"]), let height = Self.int(stream["height"]), width > 0, height > 0 else {
      throw .unreadable("its picture has no size")
    }
    guard max(width, height) <= SourceInfo.maxSidePixels, min(width, height) >= SourceInfo.minSidePixels else {
      throw .unsupported("\(width)x\(height) pixels; \(SourceInfo.minSidePixels) to \(SourceInfo.maxSidePixels) are")
    }
    guard let timeBase = stream["time_base"]?.string.flatMap(Rational.init(parsing:)) else {
      throw .unreadable("its video has no time base")
    }
    let fields = stream["field_order"]?.string ?? "progressive"
    let transfer = stream["color_transfer"]?.string ?? ""
    self.init(
      index: index, codec: codec, storedSize: PixelSize(width, height),
      sampleAspect: Self.sampleAspect(stream["sample_aspect_ratio"]?.string),
      rotation: Self.rotation(stream), pixelFormat: stream["pix_fmt"]?.string ?? "unknown",
      isInterlaced: ["tt", "bb", "tb", "bt"].contains(fields),
      isHighDynamicRange: ["smpte2084", "arib-std-b67"].contains(transfer),
      averageRate: stream["avg_frame_rate"]?.string.flatMap(Rational.init(parsing:)),
      nominalRate: stream["r_frame_rate"]?.string.flatMap(Rational.init(parsing:)),
      timeBase: timeBase, startMicroseconds: SourceInfo.microseconds(stream["start_time"]) ?? 0)
    guard max(displaySize.width, displaySize.height) <= SourceInfo.maxSidePixels,
      min(displaySize.width, displaySize.height) >= SourceInfo.minSidePixels
    else { throw .unsupported("it would be shown at \(displaySize) pixels") }
  }

  /// Pixels are square where nothing is said; a ratio over 4 is damage, not a film.
  private static func sampleAspect(_ text: String?) -> Rational {
    guard let aspect = text.flatMap(Rational.init(parsing:)), (0.25...4).contains(aspect.double) else {
      return Rational(1)
    }
    return aspect
  }

  /// ffprobe gives the display matrix's turn counterclockwise, in degrees; only right angles are kept.
  private static func rotation(_ stream: JSON) -> Int {
    for item in stream["side_data_list"]?.array ?? [] {
      guard let degrees = item["rotation"]?.number, degrees.isFinite, abs(degrees) <= 360 else { continue }
      let quarter = (Int((-degrees / 90).rounded()) % 4 + 4) % 4
      return quarter * 90
    }
    return 0
  }

  static func int(_ value: JSON?) -> Int? {
    if let number = value?.integer { return Int(exactly: number) }
    return value?.string.flatMap { Int($0) }
  }
}

extension AudioSource {
  /// Nil for a track without channels, which no decoder makes sound of.
  init?(ffprobe stream: JSON) {
    guard let index = VideoSource.int(stream["index"]), let codec = stream["codec_name"]?.string,
      let channels = VideoSource.int(stream["channels"]), (1...64).contains(channels),
      let rate = VideoSource.int(stream["sample_rate"]), (1000...768_000).contains(rate)
    else { return nil }
    self.init(
      index: index, codec: codec, channels: channels, sampleRate: rate,
      language: Language.tag(stream["tags"]?["language"]?.string))
  }
}

/// Language tags for manifests.
enum Language {
  /// The languages whose two letters are not the first two of their three (ISO 639-2 to 639-1), and some that are.
  private static let short: [String: String] = [
    "eng": "en", "spa": "es", "fra": "fr", "fre": "fr", "deu": "de", "ger": "de", "ita": "it", "por": "pt", "jpn": "ja",
    "kor": "ko", "zho": "zh", "chi": "zh", "rus": "ru", "ukr": "uk", "pol": "pl", "nld": "nl", "dut": "nl", "swe": "sv",
    "dan": "da", "nor": "no", "fin": "fi", "tur": "tr", "ara": "ar", "heb": "he", "hin": "hi", "tha": "th", "vie": "vi",
    "ind": "id", "ces": "cs", "cze": "cs", "ell": "el", "gre": "el", "hun": "hu", "ron": "ro", "rum": "ro",
  ]

  /// BCP 47 of what a container says: letters, digits and hyphens only, since it goes into manifests.
  static func tag(_ text: String?) -> String {
    guard let text = text?.lowercased(), (2...16).contains(text.utf8.count),
      text.utf8.allSatisfy({ ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D })
    else { return "und" }
    return short[text] ?? text
  }
}
