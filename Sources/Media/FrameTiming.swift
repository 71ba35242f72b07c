// The clip's exact number of frames and whether they come at one rate, from its packets' timestamps.
//
// A container's frame count and average rate are claims; the timestamps decide. One pass over the packets
// decodes nothing (BBB's ten minutes: well under a second). Packets marked "discard" by an edit list are
// left out, as decoders leave them out.
//
// Constant rate: every timestamp lies within a tick (or a tenth of a frame) of where the rate puts it, so
// a file with millisecond timestamps counts as constant, and one with a missing frame does not.

/// How a clip's frames lie in time.
public struct FrameTiming: Hashable, Sendable {
  /// Frames that a decoder will give.
  public var frameCount: Int
  /// The rate to encode at.
  public var rate: Rational
  /// Whether each frame is kept as it is; else frames are repeated or dropped to reach `rate`.
  public var isConstant: Bool
  /// From the first frame to the end of the last, microseconds.
  public var spanMicroseconds: Int64

  public init(frameCount: Int, rate: Rational, isConstant: Bool, spanMicroseconds: Int64) {
    self.frameCount = frameCount
    self.rate = rate
    self.isConstant = isConstant
    self.spanMicroseconds = spanMicroseconds
  }

  /// Frames that the encoder will be given: all, or as many as fill the time at `rate`.
  public var encodedFrames: Int {
    if isConstant { return frameCount }
    let perMicro = rate.double / 1e6
    return max(1, Int((Double(spanMicroseconds) * perMicro).rounded()))
  }
}

/// Collects ffprobe's packet lines (`Probe.packets`): `pts|flags` each.
public struct PacketScan: Sendable {
  /// Twelve hours at 60 frames a second.
  public static let maxPackets = 2_592_000
  /// Frames a second beyond which a clip counts as having no constant rate.
  static let maxRate = 120.0
  /// The rates a clip without one is brought to.
  static let standardRates: [Rational] = [
    (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1),
  ].compactMap { Rational($0.0, $0.1) }

  private var timestamps: [Int64] = []
  /// Packets without a timestamp (AVI with B-frames): only their number is known.
  private var untimed = 0
  private var isTooLong = false

  public init() {}

  /// Takes one line of ffprobe's output; what is no packet line is ignored.
  public mutating func take(line: String) {
    let fields = line.split(separator: "|", omittingEmptySubsequences: false)
    guard fields.count >= 2, !fields[1].contains("D") else { return }
    guard timestamps.count + untimed < Self.maxPackets else {
      isTooLong = true
      return
    }
    if let timestamp = Int64(fields[0]), abs(timestamp) < Int64(1) << 56 {
      timestamps.append(timestamp)
    } else if fields[0] == "N/A" {
      untimed += 1
    }
  }

  /// Judges what was collected.
  public consuming func finish(_ video: VideoSource) throws(MediaFailure) -> FrameTiming {
    guard !isTooLong else { throw .unsupported("more than \(Self.maxPackets) frames") }
    guard timestamps.count + untimed > 0 else { throw .unreadable("its video has no frames") }
    if untimed > 0 { return try untimedTiming(video) }
    timestamps.sort()
    let candidates = [video.averageRate, video.nominalRate].compactMap { $0 } + Self.standardRates
    for rate in candidates where rate.double <= Self.maxRate && isConstant(rate, video.timeBase) {
      return timing(rate, isConstant: true)
    }
    return variableTiming(video)
  }

  private func timing(_ rate: Rational, isConstant: Bool, span: Double? = nil) -> FrameTiming {
    let count = timestamps.count + untimed
    let seconds = span ?? Double(count) / rate.double
    return FrameTiming(
      frameCount: count, rate: rate, isConstant: isConstant, spanMicroseconds: Int64((seconds * 1e6).rounded()))
  }

  private func untimedTiming(_ video: VideoSource) throws(MediaFailure) -> FrameTiming {
    guard let rate = video.nominalRate ?? video.averageRate, rate.double <= Self.maxRate else {
      throw .unreadable("its video has neither timestamps nor a frame rate")
    }
    return timing(rate, isConstant: true)
  }

  private func isConstant(_ rate: Rational, _ timeBase: Rational) -> Bool {
    let ticks = 1 / (rate.double * timeBase.double)
    let tolerance = max(1.01, ticks * 0.1)
    guard ticks >= 1 else { return false }
    return timestamps.indices.allSatisfy { index in
      abs(Double(timestamps[index] - timestamps[0]) - Double(index) * ticks) <= tolerance
    }
  }

  /// ffprobe's rate that could hold all timestamps, where it is a usual one (a camera that left frames out); else
  /// the middle distance's rate, if a standard rate is within 2% of it; else the standard rate above that.
  private func variableTiming(_ video: VideoSource) -> FrameTiming {
    let distances = zip(timestamps.dropFirst(), timestamps).map { $0 - $1 }.sorted()
    let middle = distances.isEmpty ? 0 : distances[distances.count / 2]
    let typical = middle > 0 ? 1 / (Double(middle) * video.timeBase.double) : 25
    let nominal = video.nominalRate.flatMap { rate in Self.standardRates.first { $0 == rate } }
    let rate =
      nominal ?? Self.standardRates.first { abs($0.double - typical) <= typical * 0.02 }
      ?? Self.standardRates.first { $0.double >= typical } ?? Rational(60)
    let last = Double(timestamps[timestamps.count - 1] - timestamps[0]) * video.timeBase.double
    return timing(rate, isConstant: false, span: last + 1 / rate.double)
  }
}
