// Writes the two kinds of boxes that are ours: a fragment's head for recut sound, and the segment index
// (ISO/IEC 14496-12, 8.8 and 8.16.3).

import Base

enum FragmentWriter {
  /// A moof with one run, and the header of the mdat behind it.
  /// - Precondition: there are samples, and `dataBytes` is their sizes' sum, below 2^31.
  static func head(
    sequence: UInt32, trackID: UInt32, decodeTime: Int64, samples: [Sample], dataBytes: Int64
  ) -> [UInt8] {
    precondition(!samples.isEmpty && dataBytes < 1 << 31, "\(samples.count) samples of \(dataBytes) bytes")
    let duration = samples[0].durationTicks
    let isEven = samples.allSatisfy { $0.durationTicks == duration }
    // default-base-is-moof, default duration and flags: every AAC frame is a sync sample.
    let header = full("tfhd", flags: 0x2_0028) { writer in
      writer.uint32(trackID)
      writer.uint32(duration)
      writer.uint32(0x0200_0000)
    }
    let time = full("tfdt", version: 1, flags: 0) { $0.uint64(decodeTime.magnitude) }
    // Data offset and sizes; durations only where the last frame is shorter.
    let runFlags: UInt32 = isEven ? 0x201 : 0x301
    let run = full("trun", flags: runFlags) { writer in
      writer.uint32(UInt32(clamping: samples.count))
      writer.uint32(0)
      for sample in samples {
        if !isEven { writer.uint32(sample.durationTicks) }
        writer.uint32(sample.sizeBytes)
      }
    }
    let number = full("mfhd", flags: 0) { $0.uint32(sequence) }
    var bytes = box("moof") { $0.append(number + box("traf") { $0.append(header + time + run) }) }
    // The offset counts from the moof's first byte to the first byte behind the mdat's header.
    let offsetAt = bytes.count - run.count + 16
    var writer = ByteWriter()
    writer.uint32(UInt32(clamping: bytes.count + 8))
    bytes.replaceSubrange(offsetAt..<(offsetAt + 4), with: writer.bytes)
    writer.removeAll()
    writer.uint32(UInt32(clamping: dataBytes + 8))
    writer.append("mdat")
    return bytes + writer.bytes
  }

  /// A styp: what follows is a segment of a DASH representation.
  static let segmentType = box("styp") { writer in
    writer.append("msdh")
    writer.uint32(0)
    writer.append("msdhmsix")
  }

  /// A sidx that stands right before the first segment; every segment starts with a key frame.
  static func index(trackID: UInt32, timescale: UInt32, segments: [Segment]) -> [UInt8] {
    full("sidx", version: 1, flags: 0) { writer in
      writer.uint32(trackID)
      writer.uint32(timescale)
      writer.uint64((segments.first?.startTicks ?? 0).magnitude)
      writer.uint64(0)
      writer.uint16(0)
      writer.uint16(UInt16(clamping: segments.count))
      for segment in segments {
        writer.uint32(UInt32(clamping: segment.range.count))
        writer.uint32(UInt32(clamping: segment.durationTicks))
        writer.uint32(0x9000_0000)
      }
    }
  }

  private static func box(_ type: StaticString, _ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    writer.uint32(0)
    writer.append(type)
    body(&writer)
    writer.setInt32(Int32(clamping: writer.count), at: 0)
    return writer.take()
  }

  private static func full(
    _ type: StaticString, version: UInt8 = 0, flags: UInt32, _ body: (inout ByteWriter) -> Void
  ) -> [UInt8] {
    box(type) { writer in
      writer.uint32(UInt32(version) << 24 | flags)
      body(&writer)
    }
  }
}
