// Segments: what carries frames in v5 once STARTUP is answered (v5.spec section 2.2, where they are called frames and
// frames envelopes).
//
//   header (3 bytes, with LZ4 5, little-endian):  payload length 17 bits, [uncompressed length 17 bits], self-contained
//                                                 1 bit, padding; then CRC-24 of these bytes, 3 bytes
//   payload:                                      at most 131,071 bytes
//   trailer:                                      CRC-32 of the payload as sent, begun with FA 2D 55 CA, 4 bytes
//
// A self-contained segment holds whole frames; a frame that is too long for one travels alone in several that are not.
// With LZ4 an uncompressed length of 0 marks a payload that is stored as it is.
//
// Deviation: a frame that came in several segments may be followed by others within its last one, which Cassandra does
// not send and does not accept. Nothing depends on it.

import Base
import Codec

/// The numbers of a segment's header.
struct SegmentHeader: Equatable {
  static let maxPayloadBytes = (1 << 17) - 1
  static let trailerBytes = 4

  /// As sent.
  var payloadBytes: Int
  /// 0 where the payload is stored as it is.
  var uncompressedBytes: Int
  var isSelfContained: Bool

  /// With its checksum.
  static func bytes(isCompressed: Bool) -> Int { isCompressed ? 8 : 6 }

  func encode(isCompressed: Bool, to writer: inout ByteWriter) {
    var bits = UInt64(payloadBytes)
    let selfContained: UInt64 = isSelfContained ? 1 : 0
    if isCompressed {
      bits |= UInt64(uncompressedBytes) << 17 | selfContained << 34
    } else {
      bits |= selfContained << 17
    }
    let length = Self.bytes(isCompressed: isCompressed) - 3
    let checksum = CRC24.checksum(bits, byteCount: length)
    writer.littleEndian(bits, byteCount: length)
    writer.littleEndian(UInt64(checksum), byteCount: 3)
  }

  /// Reads it out of exactly as many bytes as it takes.
  init(_ head: RawSpan, isCompressed: Bool) throws(SegmentReader.Problem) {
    var reader = ByteReader(head)
    let length = Self.bytes(isCompressed: isCompressed) - 3
    let bits: UInt64
    let read: UInt64
    do throws(DecodeError) {
      bits = try reader.littleEndian(byteCount: length)
      read = try reader.littleEndian(byteCount: 3)
    } catch { throw .header }
    guard UInt64(CRC24.checksum(bits, byteCount: length)) == read else { throw .header }
    payloadBytes = Int(truncatingIfNeeded: bits & UInt64(Self.maxPayloadBytes))
    if isCompressed {
      uncompressedBytes = Int(truncatingIfNeeded: bits >> 17 & UInt64(Self.maxPayloadBytes))
      isSelfContained = bits >> 34 & 1 == 1
    } else {
      uncompressedBytes = 0
      isSelfContained = bits >> 17 & 1 == 1
    }
  }

  init(payloadBytes: Int, uncompressedBytes: Int = 0, isSelfContained: Bool) {
    self.payloadBytes = payloadBytes
    self.uncompressedBytes = uncompressedBytes
    self.isSelfContained = isSelfContained
  }

  /// What the trailer must say of a payload.
  static func checksum(_ payload: RawSpan) -> UInt32 { CRC32.checksum(payload, continuing: begun) }
  private static let begun = CRC32.checksum([0xFA, 0x2D, 0x55, 0xCA])
}

extension ByteWriter {
  fileprivate mutating func littleEndian(_ value: UInt64, byteCount: Int) {
    for index in 0..<byteCount { uint8(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
  }
}

extension ByteReader {
  @_lifetime(self: copy self)
  fileprivate mutating func littleEndian(byteCount: Int) throws(DecodeError) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<byteCount { value |= UInt64(try uint8()) << UInt64(8 * index) }
    return value
  }
}

// MARK: - Reading

/// Cuts received bytes into segments and hands on their payloads, each checked and decompressed.
public struct SegmentReader: Sendable {
  /// What ends a connection: nothing behind it can be trusted.
  public enum Problem: Error, Equatable, Sendable {
    /// The header's checksum does not fit.
    case header
    /// The payload's checksum does not fit.
    case payload
    case compression
    /// A self-contained one begins or ends within a frame.
    case boundary

    public var message: String {
      switch self {
      case .header: "Corrupt segment: the header's CRC does not fit"
      case .payload: "Corrupt segment: the payload's CRC does not fit"
      case .compression: "Corrupt segment: the payload cannot be decompressed"
      case .boundary: "Corrupt segment: a self-contained one must hold whole frames"
      }
    }
  }

  private let isCompressed: Bool
  private var reassembler: Reassembler

  public init(isCompressed: Bool) {
    self.isCompressed = isCompressed
    reassembler = Reassembler(headBytes: SegmentHeader.bytes(isCompressed: isCompressed))
  }

  /// Bytes held back: less than a segment, or what was left when `take` stopped.
  public var heldBytes: Int { reassembler.heldBytes }

  /// - Parameter take: is given each payload and whether it is self-contained; false stops, the rest is held.
  public mutating func push(_ bytes: RawSpan, take: (RawSpan, Bool) -> Bool) throws(Problem) {
    var problem: Problem?
    let isCompressed = isCompressed
    reassembler.push(
      bytes, measure: { Self.measure($0, isCompressed, &problem) },
      take: { Self.open($0, isCompressed, &problem, take) })
    if let problem { throw problem }
  }

  /// Goes on after a stop.
  public mutating func resume(take: (RawSpan, Bool) -> Bool) throws(Problem) {
    var problem: Problem?
    let isCompressed = isCompressed
    reassembler.resume(
      measure: { Self.measure($0, isCompressed, &problem) }, take: { Self.open($0, isCompressed, &problem, take) })
    if let problem { throw problem }
  }

  private static func measure(_ head: RawSpan, _ isCompressed: Bool, _ problem: inout Problem?) -> Reassembler.Measure {
    do throws(Problem) {
      let header = try SegmentHeader(head, isCompressed: isCompressed)
      return .whole(head.byteCount + header.payloadBytes + SegmentHeader.trailerBytes)
    } catch {
      problem = error
      return .refuse
    }
  }

  private static func open(
    _ segment: RawSpan, _ isCompressed: Bool, _ problem: inout Problem?, _ take: (RawSpan, Bool) -> Bool
  ) -> Bool {
    do throws(Problem) {
      let headBytes = SegmentHeader.bytes(isCompressed: isCompressed)
      let header = try SegmentHeader(segment.extracting(0..<headBytes), isCompressed: isCompressed)
      let payload = segment.extracting(headBytes..<(headBytes + header.payloadBytes))
      var trailer = ByteReader(segment.extracting((headBytes + header.payloadBytes)..<segment.byteCount))
      let read: UInt32
      do throws(DecodeError) { read = UInt32(truncatingIfNeeded: try trailer.littleEndian(byteCount: 4)) } catch {
        throw .payload
      }
      guard SegmentHeader.checksum(payload) == read else { throw .payload }
      guard isCompressed, header.uncompressedBytes > 0 else { return take(payload, header.isSelfContained) }
      let bytes: [UInt8]
      do throws(DecodeError) {
        bytes = try LZ4.decompressed(payload, byteCount: header.uncompressedBytes)
      } catch { throw .compression }
      return unsafe take(bytes.span.bytes, header.isSelfContained)
    } catch {
      problem = error
      return false
    }
  }
}

// MARK: - Writing

public enum SegmentWriter {
  /// A shorter payload is stored as it is.
  static let minCompressedBytes = 512

  /// Wraps whole frames, as many in a segment as go in, and appends the segments.
  /// - Parameter frames: one after another, each with its true length in its header.
  public static func seal(_ frames: RawSpan, isCompressed: Bool, to writer: inout ByteWriter) {
    var start = 0
    var end = 0
    while end < frames.byteCount {
      let next = end + frameBytes(frames, at: end)
      if next - start <= SegmentHeader.maxPayloadBytes {
        end = next
        continue
      }
      if end > start {
        append(frames.extracting(start..<end), isSelfContained: true, isCompressed: isCompressed, to: &writer)
      } else {
        while end < next {
          let piece = min(SegmentHeader.maxPayloadBytes, next - end)
          append(
            frames.extracting(end..<(end + piece)), isSelfContained: false, isCompressed: isCompressed, to: &writer)
          end += piece
        }
      }
      start = end
    }
    if end > start {
      append(frames.extracting(start..<end), isSelfContained: true, isCompressed: isCompressed, to: &writer)
    }
  }

  private static func frameBytes(_ frames: RawSpan, at start: Int) -> Int {
    var reader = ByteReader(frames.extracting(start..<frames.byteCount))
    do throws(DecodeError) {
      try reader.skip(5)
      return min(FrameHeader.bytes + Int(max(0, try reader.int32())), frames.byteCount - start)
    } catch {
      return frames.byteCount - start
    }
  }

  /// Appends one segment.
  /// - Parameter payload: at most 131,071 bytes.
  static func append(
    _ payload: RawSpan, isSelfContained: Bool, isCompressed: Bool, to writer: inout ByteWriter
  ) {
    let length = payload.byteCount
    if isCompressed, length >= minCompressedBytes {
      let block = LZ4.compressed(payload)
      if block.count < length {
        SegmentHeader(payloadBytes: block.count, uncompressedBytes: length, isSelfContained: isSelfContained)
          .encode(isCompressed: true, to: &writer)
        writer.append(block)
        trailer(unsafe block.span.bytes, to: &writer)
        return
      }
    }
    SegmentHeader(payloadBytes: length, isSelfContained: isSelfContained)
      .encode(isCompressed: isCompressed, to: &writer)
    writer.append(payload)
    trailer(payload, to: &writer)
  }

  private static func trailer(_ payload: RawSpan, to writer: inout ByteWriter) {
    writer.littleEndian(UInt64(SegmentHeader.checksum(payload)), byteCount: SegmentHeader.trailerBytes)
  }
}
