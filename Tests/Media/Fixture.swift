// Fragmented MP4 as ffmpeg writes it, made by hand: small, and with a knob for each thing that may be wrong.

import Base

@testable import Media

enum Fixture {
  static func box(_ type: String, _ contents: [UInt8]...) -> [UInt8] {
    let body = contents.flatMap { $0 }
    return be32(body.count + 8) + Array(type.utf8) + body
  }

  static func be16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }
  static func be32(_ value: Int) -> [UInt8] { be16(value >> 16 & 0xFFFF) + be16(value & 0xFFFF) }
  static func be64(_ value: Int) -> [UInt8] { be32(value >> 32 & 0xFFFF_FFFF) + be32(value & 0xFFFF_FFFF) }
  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  static func header(timescale: Int, entry: [UInt8], edit: Int? = nil) -> [UInt8] {
    let edits = edit.map { box("edts", box("elst", be32(0), be32(1), be32(0), be32($0), be32(0x1_0000))) } ?? []
    let table = box("stbl", box("stsd", be32(0), be32(1), entry))
    let media = box("mdia", box("mdhd", zeros(12), be32(timescale), zeros(8)), box("minf", table))
    let track = box("trak", box("tkhd", zeros(12), be32(1), zeros(68)), edits, media)
    let extends = box("mvex", box("trex", be32(0), be32(1), be32(1), zeros(12)))
    return box("ftyp", Array("iso5".utf8), be32(512), Array("cmfc".utf8))
      + box("moov", box("mvhd", zeros(100)), track, extends)
  }

  static func avc1(_ width: Int, _ height: Int) -> [UInt8] {
    box("avc1", zeros(24), be16(width), be16(height), zeros(50), box("avcC", [1, 0x64, 0x00, 0x1F, 0xFF]))
  }

  static func mp4a(channels: Int) -> [UInt8] {
    // AAC-LC (2), 48 kHz (3).
    let config = be16(2 << 11 | 3 << 7 | channels << 3)
    let specific: [UInt8] = [5, UInt8(config.count)] + config
    let decoder = [UInt8(0x40)] + zeros(12) + specific
    let descriptor = [UInt8(4), 0x80, UInt8(decoder.count)] + decoder
    let stream = be16(1) + [0] + descriptor
    let esds = box("esds", be32(0), [3, 0x80, 0x80, UInt8(stream.count)], stream)
    return box("mp4a", zeros(16), be16(2), zeros(6), be32(48_000 << 16), esds)
  }

  /// A fragment of samples of the given sizes, the first a key frame if asked.
  static func fragment(
    _ sizes: [Int], duration: Int, at time: Int, isSync: Bool = true, lastDuration: Int? = nil
  ) -> [UInt8] {
    let count = sizes.count
    let head = box("tfhd", be32(0x2_0038), be32(1), be32(duration), be32(0), be32(isSync ? 0x101_0000 : 0x200_0000))
    let clock = box("tfdt", be32(0x100_0000), be64(time))
    func run(_ offset: Int) -> [UInt8] {
      var bytes = be32(isSync ? 0x305 : 0x301) + be32(count) + be32(offset)
      if isSync { bytes += be32(0x200_0000) }
      for (index, size) in sizes.enumerated() {
        bytes += be32(index == count - 1 ? lastDuration ?? duration : duration) + be32(size)
      }
      return box("trun", bytes)
    }
    func moof(_ offset: Int) -> [UInt8] {
      box("moof", box("mfhd", be32(0), be32(1)), box("traf", head, clock, run(offset)))
    }
    let bytes = sizes.enumerated().flatMap { [UInt8](repeating: UInt8($0.offset & 0xFF), count: $0.element) }
    return moof(moof(0).count + 8) + box("mdat", bytes)
  }

  /// A picture track as a plan wants it: key frame first in each segment.
  static func video(_ plan: EncodePlan, _ rung: Rung, frames: Int) -> [UInt8] {
    var file = header(timescale: Int(plan.timescale), entry: avc1(rung.size.width, rung.size.height))
    for start in stride(from: 0, to: frames, by: plan.segmentFrames) {
      let count = min(plan.segmentFrames, frames - start)
      let sizes = (0..<count).map { $0 == 0 ? 900 : 100 + (start + $0) % 7 }
      file += pictureFragment(sizes, duration: Int(plan.frameTicks), at: start * Int(plan.frameTicks))
    }
    return file
  }

  /// Key frame, then others.
  static func pictureFragment(_ sizes: [Int], duration: Int, at time: Int) -> [UInt8] {
    let head = box("tfhd", be32(0x2_0038), be32(1), be32(duration), be32(0), be32(0x101_0000))
    let clock = box("tfdt", be32(0x100_0000), be64(time))
    func run(_ offset: Int) -> [UInt8] {
      box("trun", be32(0x205), be32(sizes.count), be32(offset), be32(0x200_0000), sizes.flatMap(be32))
    }
    func moof(_ offset: Int) -> [UInt8] {
      box("moof", box("mfhd", be32(0), be32(1)), box("traf", head, clock, run(offset)))
    }
    return moof(moof(0).count + 8) + box("mdat", zeros(sizes.reduce(0, +)))
  }

  /// A sound track of AAC frames in fragments of 94, as ffmpeg cuts them.
  static func sound(channels: Int, frames: Int) -> [UInt8] {
    var file = header(timescale: 48_000, entry: mp4a(channels: channels), edit: 1024)
    for start in stride(from: 0, to: frames, by: 94) {
      let sizes = (start..<min(start + 94, frames)).map { 200 + $0 % 13 }
      file += fragment(sizes, duration: 1024, at: start * 1024, isSync: false)
    }
    return file
  }

  static func scan(_ file: [UInt8]) throws(TrackError) -> TrackFile {
    var scan = TrackScan(sizeBytes: Int64(file.count))
    while let wanted = scan.wanted {
      try scan.take(Array(file[Int(wanted.offset)..<Int(wanted.end)]))
    }
    return try scan.finish()
  }

  /// The published file.
  static func carryOut(_ track: PackedTrack, _ source: [UInt8]) -> [UInt8] {
    track.pieces.flatMap { piece -> [UInt8] in
      switch piece {
      case .bytes(let bytes): bytes
      case .source(let range): Array(source[Int(range.offset)..<Int(range.end)])
      }
    }
  }
}
