// From the encoder's files to the files that are published: one file a track (CMAF), an index (sidx) right
// behind the initialisation segment, segments cut at the same times in every track.
//
// Byte ranges of one file rather than thousands of small files: a title is a handful of content-named
// objects to copy and to cache, and all players and ffmpeg read it (DASH on-demand profile, HLS
// EXT-X-BYTERANGE).
//
// Pictures keep the encoder's fragments to the byte. Sound is cut anew: an AAC frame lasts 21.3 ms, so a
// muxer that cuts after two seconds drifts from the picture by 5 ms a segment; here each sound segment
// starts with the frame that plays when the picture's segment starts.
//
// Nothing is copied here: the plan is a list of pieces, literal bytes and ranges of the encoder's file, that
// whoever has the files carries out, hashing as it goes.

import Base

/// A piece of a published file.
public enum PackPiece: Hashable, Sendable {
  case bytes([UInt8])
  /// Of the encoder's file.
  case source(FileRange)

  var count: Int64 {
    switch self {
    case .bytes(let bytes): Int64(bytes.count)
    case .source(let range): range.count
    }
  }
}

/// A segment of a published file.
public struct Segment: Hashable, Sendable {
  /// With the segment type box (styp) that it begins with.
  public var range: FileRange
  /// Bytes of that box.
  public var typeBytes: Int64
  /// When it is shown, ticks of the track.
  public var startTicks: Int64
  public var durationTicks: Int64

  /// Its fragment alone, as HLS names it. A styp is not needed there, and ranges that do not touch keep ffmpeg 9.0
  /// from joining them into one request, in which it loses its place after the first segment.
  public var fragment: FileRange {
    FileRange(offset: range.offset + typeBytes, count: range.count - typeBytes)
  }
}

/// A track ready to be written.
public struct PackedTrack: Sendable {
  public var header: TrackHeader
  public var pieces: [PackPiece]
  /// ftyp and moov.
  public var initialisation: FileRange
  /// The sidx.
  public var index: FileRange
  public var segments: [Segment]
  public var frameCount: Int

  public var timescale: Int64 { Int64(header.timescale) }
  public var sizeBytes: Int64 { pieces.reduce(0) { $0 + $1.count } }
  public var durationTicks: Int64 { segments.reduce(0) { $0 + $1.durationTicks } }

  /// Bits a second over the whole track.
  public var averageBitrate: Int64 {
    Self.bitrate(segments.reduce(0) { $0 + $1.range.count }, durationTicks, timescale)
  }

  /// Bits a second of the heaviest segment (one shorter than half the first says nothing of the rate), and never
  /// less than the average.
  public var peakBitrate: Int64 {
    let least = (segments.first?.durationTicks ?? 0) / 2
    return segments.filter { $0.durationTicks >= least }
      .map { Self.bitrate($0.range.count, $0.durationTicks, timescale) }.reduce(averageBitrate, max)
  }

  private static func bitrate(_ bytes: Int64, _ ticks: Int64, _ timescale: Int64) -> Int64 {
    ticks > 0 ? scaled(bytes * 8, by: timescale, over: ticks) : 0
  }
}

extension TrackFile {
  /// Bytes a sidx reference can count.
  private static let maxSegmentBytes = Int64(0x7FFF_FFFF)

  /// The picture's file: the encoder's fragments as they are, each held against the plan.
  /// - Parameter expectedFrames: of all rungs; nil for the first, which sets it.
  public func packedVideo(_ plan: EncodePlan, rung: Rung, expectedFrames: Int?) throws(TrackError) -> PackedTrack {
    guard case .video(let size) = header.kind, size == rung.size else {
      throw TrackError("not a video of \(rung.size)")
    }
    guard Int64(header.timescale) == plan.timescale, header.skippedTicks == 0 else {
      throw TrackError("timescale \(header.timescale), edit \(header.skippedTicks)")
    }
    if let expectedFrames, sampleCount != expectedFrames {
      throw TrackError("\(sampleCount) frames where another rung has \(expectedFrames)")
    }
    for (number, fragment) in fragments.enumerated() {
      let contents = fragment.contents
      let isLast = number == fragments.count - 1
      let count = isLast ? min(contents.samples.count, plan.segmentFrames) : plan.segmentFrames
      guard contents.samples.count == count, contents.startsWithSync, contents.syncCount == 1,
        contents.firstCompositionOffset == 0
      else { throw TrackError("segment \(number): \(contents.samples.count) frames, \(contents.syncCount) key frames") }
      guard contents.durationTicks == Int64(count) * plan.frameTicks,
        contents.decodeTime == Int64(number * plan.segmentFrames) * plan.frameTicks
      else { throw TrackError("segment \(number) is at \(contents.decodeTime), \(contents.durationTicks) ticks long") }
    }
    return try assembled(
      fragments.map { fragment in
        Cut(
          media: [.source(fragment.range)], startTicks: fragment.contents.decodeTime,
          durationTicks: fragment.contents.durationTicks)
      }, frameCount: sampleCount)
  }

  /// The sound's file: fragments cut where the picture's segments start, and ended where the picture ends.
  /// - Parameters:
  ///   - starts: the picture's segments' starts, and its end, in ticks of `timescale`.
  public func packedAudio(_ track: AudioPlan, starts: [Int64], timescale: Int64) throws(TrackError) -> PackedTrack {
    guard case .audio(let channels, let rate) = header.kind, rate == AudioPlan.sampleRate, channels == track.channels,
      Int64(header.timescale) == Int64(AudioPlan.sampleRate)
    else { throw TrackError("not a sound track of \(track.channels) channels at \(AudioPlan.sampleRate) Hz") }
    let samples = flattened()
    guard samples.allSatisfy({ $0.duration > 0 && $0.duration <= Int64(AudioPlan.frameSamples) }) else {
      throw TrackError("a sound frame's length")
    }
    let cuts = cuts(samples, starts.map { scaled($0, by: Int64(header.timescale), over: timescale) })
    var segments: [Cut] = []
    for (number, bounds) in zip(cuts, cuts.dropFirst()).enumerated() where bounds.0 < bounds.1 {
      let run = samples[bounds.0..<bounds.1]
      let data = Self.merged(run)
      let bytes = data.reduce(0) { $0 + $1.count }
      guard bytes < Self.maxSegmentBytes else { throw TrackError("a segment of \(bytes) bytes") }
      let head = FragmentWriter.head(
        sequence: UInt32(clamping: number + 1), trackID: header.trackID, decodeTime: run[run.startIndex].time,
        samples: run.map { Sample(sizeBytes: $0.size, durationTicks: UInt32(clamping: $0.duration)) }, dataBytes: bytes)
      let start = max(0, run[run.startIndex].time - header.skippedTicks)
      let end = run[run.endIndex - 1].time + run[run.endIndex - 1].duration - header.skippedTicks
      segments.append(
        Cut(media: [.bytes(head)] + data.map(PackPiece.source), startTicks: start, durationTicks: end - start))
    }
    guard !segments.isEmpty, segments.allSatisfy({ $0.durationTicks > 0 }) else { throw TrackError("no sound") }
    return try assembled(segments, frameCount: cuts.last ?? 0)
  }

  /// One sound frame: its decode time and its bytes in the encoder's file.
  private struct Frame {
    var time: Int64
    var duration: Int64
    var offset: Int64
    var size: UInt32
  }

  private func flattened() -> [Frame] {
    var frames: [Frame] = []
    frames.reserveCapacity(sampleCount)
    for fragment in fragments {
      var time = fragment.contents.decodeTime
      var offset = fragment.data.offset
      for sample in fragment.contents.samples {
        frames.append(
          Frame(time: time, duration: Int64(sample.durationTicks), offset: offset, size: sample.sizeBytes))
        time += Int64(sample.durationTicks)
        offset += Int64(sample.sizeBytes)
      }
    }
    return frames
  }

  /// For each start, the frame that plays then; for the last (the end), the frames before it.
  private func cuts(_ frames: [Frame], _ starts: [Int64]) -> [Int] {
    var cuts = [0]
    var at = 0
    for (number, start) in starts.enumerated().dropFirst() {
      let media = start + header.skippedTicks
      let isEnd = number == starts.count - 1
      while at < frames.count, isEnd ? frames[at].time < media : frames[at].time + frames[at].duration <= media {
        at += 1
      }
      cuts.append(at)
    }
    return cuts
  }

  /// Ranges of the file that hold the frames, neighbours as one.
  private static func merged(_ frames: ArraySlice<Frame>) -> [FileRange] {
    var ranges: [FileRange] = []
    for frame in frames {
      if let last = ranges.last, last.end == frame.offset {
        ranges[ranges.count - 1].count += Int64(frame.size)
      } else {
        ranges.append(FileRange(offset: frame.offset, count: Int64(frame.size)))
      }
    }
    return ranges
  }

  /// A segment before it has its place.
  private struct Cut {
    var media: [PackPiece]
    var startTicks: Int64
    var durationTicks: Int64
  }

  /// Puts a styp before each segment, and the initialisation segment and the index in front of all.
  private func assembled(_ cuts: [Cut], frameCount: Int) throws(TrackError) -> PackedTrack {
    let styp = FragmentWriter.segmentType
    var segments: [Segment] = []
    var offset: Int64 = 0
    for cut in cuts {
      let count = Int64(styp.count) + cut.media.reduce(0) { $0 + $1.count }
      segments.append(
        Segment(
          range: FileRange(offset: offset, count: count), typeBytes: Int64(styp.count), startTicks: cut.startTicks,
          durationTicks: cut.durationTicks))
      offset += count
    }
    guard segments.count <= 65_535, segments.allSatisfy({ $0.range.count <= Self.maxSegmentBytes }) else {
      throw TrackError("too many or too large segments for an index")
    }
    let index = FragmentWriter.index(trackID: header.trackID, timescale: header.timescale, segments: segments)
    for number in segments.indices { segments[number].range.offset += Int64(initialisation.count + index.count) }
    return PackedTrack(
      header: header, pieces: [.bytes(initialisation + index)] + cuts.flatMap { [.bytes(styp)] + $0.media },
      initialisation: FileRange(offset: 0, count: Int64(initialisation.count)),
      index: FileRange(offset: Int64(initialisation.count), count: Int64(index.count)), segments: segments,
      frameCount: frameCount)
  }
}
