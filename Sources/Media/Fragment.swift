// One movie fragment (moof) of a one-track file: when it starts, how long it is, and where each of its
// samples' bytes lie.

import Base

/// What applies to a sample where neither its run nor its fragment says otherwise.
struct SampleDefaults: Hashable, Sendable {
  var duration: UInt32
  var size: UInt32
  var flags: UInt32
}

/// One coded frame.
struct Sample: Hashable, Sendable {
  var sizeBytes: UInt32
  var durationTicks: UInt32
}

/// A fragment's contents.
struct Fragment: Hashable, Sendable {
  /// Bytes of a moof that is read: 65,536 samples' worth.
  static let maxMoofBytes = 1 << 20
  /// Bit of a sample's flags: it is not a key frame.
  private static let isNonSync: UInt32 = 0x1_0000

  /// Decode time of the first sample, ticks.
  var decodeTime: Int64
  var samples: [Sample]
  var durationTicks: Int64
  /// Whether the first sample is a key frame, and how many are.
  var startsWithSync: Bool
  var syncCount: Int
  /// Smallest composition offset of the first sample's time: its presentation time is `decodeTime` plus this.
  var firstCompositionOffset: Int64
  /// Bytes of sample data, and where they start, counted from the moof's first byte.
  var dataOffset: Int64
  var dataBytes: Int64

  /// Reads the contents of a `moof` (without its 8 bytes of header).
  init(moof span: RawSpan, track: TrackHeader) throws(TrackError) {
    do throws(DecodeError) {
      guard
        let fragment = try withBox(span, [BoxType("traf")], { traf throws(DecodeError) in try Self(traf: traf, track) })
      else { throw DecodeError.badValue("traf") }
      self = fragment
    } catch {
      throw TrackError("moof", error)
    }
  }

  private init(traf span: RawSpan, _ track: TrackHeader) throws(DecodeError) {
    var defaults = track.defaults
    let base = try withBox(span, [BoxType("tfhd")]) { contents throws(DecodeError) in
      try Self.fragmentHeader(contents, track, &defaults)
    }
    guard base == true else { throw .badValue("tfhd") }
    let time = try withBox(span, [BoxType("tfdt")]) { contents throws(DecodeError) in
      var reader = ByteReader(contents)
      let (version, _) = try reader.versionAndFlags()
      return version == 1 ? try reader.uint64() : UInt64(try reader.uint32())
    }
    guard let time, let start = Int64(exactly: time), start < Int64(1) << 56 else { throw .badValue("tfdt") }
    decodeTime = start
    samples = []
    durationTicks = 0
    startsWithSync = false
    syncCount = 0
    firstCompositionOffset = 0
    dataOffset = 0
    dataBytes = 0
    var runs = 0
    var walker = BoxWalker(span)
    while !walker.isAtEnd {
      var type = BoxType("traf")
      let contents = try walker.next(&type)
      guard type == BoxType("trun") else { continue }
      runs += 1
      guard runs == 1 else { throw .badValue("number of runs") }
      try readRun(contents, defaults)
    }
    guard !samples.isEmpty else { throw .badValue("number of samples") }
  }

  /// tfhd; true if data offsets count from the moof, as CMAF has it.
  private static func fragmentHeader(
    _ span: RawSpan, _ track: TrackHeader, _ defaults: inout SampleDefaults
  ) throws(DecodeError) -> Bool {
    var reader = ByteReader(span)
    let (_, flags) = try reader.versionAndFlags()
    guard try reader.uint32() == track.trackID else { throw .badValue("track id") }
    guard flags & 0x1 == 0 else { return false }
    if flags & 0x2 != 0 { try reader.skip(4) }
    if flags & 0x8 != 0 { defaults.duration = try reader.uint32() }
    if flags & 0x10 != 0 { defaults.size = try reader.uint32() }
    if flags & 0x20 != 0 { defaults.flags = try reader.uint32() }
    return flags & 0x2_0000 != 0
  }

  private mutating func readRun(_ span: RawSpan, _ defaults: SampleDefaults) throws(DecodeError) {
    var reader = ByteReader(span)
    let (version, flags) = try reader.versionAndFlags()
    guard let count = Int(exactly: try reader.uint32()) else { throw .badLength(.max) }
    guard flags & 0x1 != 0 else { throw .badValue("trun data offset") }
    dataOffset = Int64(try reader.int32())
    let firstFlags = flags & 0x4 != 0 ? try reader.uint32() : nil
    let fields = (flags >> 8 & 0xF).nonzeroBitCount
    // A count is believed only as far as there are bytes for it, or as a moof of ours can have samples.
    guard fields == 0 ? count <= 65_536 : count <= reader.remaining / (4 * fields) else { throw .badLength(count) }
    samples.reserveCapacity(count)
    for index in 0..<count {
      let duration = flags & 0x100 != 0 ? try reader.uint32() : defaults.duration
      let size = flags & 0x200 != 0 ? try reader.uint32() : defaults.size
      var own = flags & 0x400 != 0 ? try reader.uint32() : defaults.flags
      if index == 0, let firstFlags { own = firstFlags }
      var offset: Int64 = 0
      if flags & 0x800 != 0 {
        offset = version == 0 ? Int64(try reader.uint32()) : Int64(try reader.int32())
      }
      if index == 0 { firstCompositionOffset = offset }
      let isSync = own & Self.isNonSync == 0
      if index == 0 { startsWithSync = isSync }
      if isSync { syncCount += 1 }
      samples.append(Sample(sizeBytes: size, durationTicks: duration))
      durationTicks += Int64(duration)
      dataBytes += Int64(size)
    }
  }
}
