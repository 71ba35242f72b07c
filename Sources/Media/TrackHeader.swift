// The moov of a one-track fragmented file: what a player must know before the first fragment, and what a
// manifest says of it (RFC 6381 codec strings from avcC and esds).

import Base

/// A track's kind and what only that kind has.
public enum TrackKind: Hashable, Sendable {
  case video(PixelSize)
  case audio(channels: Int, sampleRate: Int)
}

/// What a track's initialisation segment says.
public struct TrackHeader: Hashable, Sendable {
  /// Bytes of a moov that is read; ours have under a thousand.
  public static let maxMoovBytes = 1 << 20

  public var trackID: UInt32
  /// Ticks a second of the track's times.
  public var timescale: UInt32
  public var kind: TrackKind
  /// RFC 6381: `avc1.64001f`, `mp4a.40.2`.
  public var codec: String
  /// Ticks of the media that come before time 0: the encoder's priming.
  public var skippedTicks: Int64
  /// What a fragment takes where it says nothing (trex).
  var defaults: SampleDefaults

  /// Reads the contents of a `moov`.
  public init(moov span: RawSpan) throws(TrackError) {
    do throws(DecodeError) {
      var tracks = 0
      var walker = BoxWalker(span)
      while !walker.isAtEnd {
        var type = BoxType("moov")
        _ = try walker.next(&type)
        if type == BoxType("trak") { tracks += 1 }
      }
      guard tracks == 1 else { throw DecodeError.badValue("number of tracks") }
      self = try Self.parse(span)
    } catch {
      throw TrackError("moov", error)
    }
  }

  private static func need<T>(
    _ span: RawSpan, _ path: [BoxType], _ body: (RawSpan) throws(DecodeError) -> T
  ) throws(DecodeError) -> T {
    guard let value = try withBox(span, path[...], body) else { throw .badValue("moov: a box is missing") }
    return value
  }

  private static func parse(_ moov: RawSpan) throws(DecodeError) -> TrackHeader {
    let trak = BoxType("trak")
    let mdia = BoxType("mdia")
    let trackID = try need(moov, [trak, BoxType("tkhd")]) { span throws(DecodeError) in
      var reader = ByteReader(span)
      let (version, _) = try reader.versionAndFlags()
      try reader.skip(version == 1 ? 16 : 8)
      return try reader.uint32()
    }
    let timescale = try need(moov, [trak, mdia, BoxType("mdhd")]) { span throws(DecodeError) in
      var reader = ByteReader(span)
      let (version, _) = try reader.versionAndFlags()
      try reader.skip(version == 1 ? 16 : 8)
      return try reader.uint32()
    }
    guard timescale > 0 else { throw .badValue("timescale") }
    let path = [trak, mdia, BoxType("minf"), BoxType("stbl"), BoxType("stsd")]
    let (kind, codec) = try need(moov, path, sampleEntry)
    let defaults = try need(moov, [BoxType("mvex"), BoxType("trex")]) { span throws(DecodeError) in
      var reader = ByteReader(span)
      try reader.skip(12)
      return SampleDefaults(duration: try reader.uint32(), size: try reader.uint32(), flags: try reader.uint32())
    }
    let skipped = try withBox(moov, [trak, BoxType("edts"), BoxType("elst")], editedTicks) ?? 0
    return TrackHeader(
      trackID: trackID, timescale: timescale, kind: kind, codec: codec, skippedTicks: skipped, defaults: defaults)
  }

  init(
    trackID: UInt32, timescale: UInt32, kind: TrackKind, codec: String, skippedTicks: Int64, defaults: SampleDefaults
  ) {
    self.trackID = trackID
    self.timescale = timescale
    self.kind = kind
    self.codec = codec
    self.skippedTicks = skippedTicks
    self.defaults = defaults
  }

  /// One edit that begins within the media, or none: anything else would be a cut.
  private static func editedTicks(_ span: RawSpan) throws(DecodeError) -> Int64 {
    var reader = ByteReader(span)
    let (version, _) = try reader.versionAndFlags()
    let count = try reader.uint32()
    guard count == 1 else { throw .badValue("number of edits") }
    try reader.skip(version == 1 ? 8 : 4)
    let start = version == 1 ? try reader.int64() : Int64(try reader.int32())
    guard start >= 0 else { throw .badValue("edit") }
    return start
  }

  private static func sampleEntry(_ stsd: RawSpan) throws(DecodeError) -> (TrackKind, String) {
    var head = ByteReader(stsd)
    _ = try head.versionAndFlags()
    guard try head.uint32() == 1 else { throw .badValue("number of sample entries") }
    var walker = BoxWalker(head.rest())
    var type = BoxType("stsd")
    guard !walker.isAtEnd else { throw .truncated }
    let entry = try walker.next(&type)
    if type == BoxType("avc1") { return try videoEntry(entry) }
    if type == BoxType("mp4a") { return try audioEntry(entry) }
    throw .badValue("sample entry")
  }

  private static func videoEntry(_ entry: RawSpan) throws(DecodeError) -> (TrackKind, String) {
    var reader = ByteReader(entry)
    try reader.skip(24)
    let size = PixelSize(Int(try reader.uint16()), Int(try reader.uint16()))
    try reader.skip(50)
    guard
      let codec = try withBox(
        reader.rest(), [BoxType("avcC")],
        { span throws(DecodeError) in
          var reader = ByteReader(span)
          try reader.skip(1)
          return "avc1." + Hex.encode(try reader.bytes(3))
        })
    else { throw .badValue("avcC") }
    return (.video(size), codec)
  }

  /// The entry's own channel count is 2 whatever the sound is (older muxers), so it is the codec's that counts.
  private static func audioEntry(_ entry: RawSpan) throws(DecodeError) -> (TrackKind, String) {
    var reader = ByteReader(entry)
    try reader.skip(24)
    let rate = Int(try reader.uint32() >> 16)
    guard let (channels, codec) = try withBox(reader.rest(), [BoxType("esds")], audioConfig) else {
      throw .badValue("esds")
    }
    return (.audio(channels: channels, sampleRate: rate), codec)
  }

  /// esds: ES descriptor (3) > decoder config (4) > AudioSpecificConfig (5): five bits of object type, four of
  /// sampling frequency, four of channel configuration (ISO/IEC 14496-3, 1.6.2.1).
  private static func audioConfig(_ span: RawSpan) throws(DecodeError) -> (Int, String) {
    var reader = ByteReader(span)
    _ = try reader.versionAndFlags()
    try descriptor(3, &reader)
    try reader.skip(2)
    guard try reader.uint8() & 0xE0 == 0 else { throw .badValue("ES flags") }
    try descriptor(4, &reader)
    let object = try reader.uint8()
    try reader.skip(12)
    guard object == 0x40 else { throw .badValue("audio object type") }
    try descriptor(5, &reader)
    let config = try reader.uint16()
    guard config >> 11 != 31, config >> 7 & 0xF != 15 else { throw .badValue("AudioSpecificConfig") }
    return (Int(config >> 3 & 0xF), "mp4a.40.\(config >> 11)")
  }

  /// A descriptor's tag and its length in up to four bytes of seven bits.
  @_lifetime(reader: copy reader)
  private static func descriptor(_ tag: UInt8, _ reader: inout ByteReader) throws(DecodeError) {
    guard try reader.uint8() == tag else { throw .badValue("descriptor") }
    for _ in 0..<4 where try reader.uint8() < 0x80 { return }
    throw .badValue("descriptor length")
  }
}
