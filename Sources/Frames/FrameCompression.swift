// Compressed bodies of v3 and v4 (v4.spec section 5), and which algorithm segments of v5 may have.
//
// A body in LZ4 is its length in four bytes, big-endian, then one block; in Snappy it is one block. STARTUP and what
// comes before its answer are never compressed. Cassandra compresses every answer; here small ones stay as they are,
// which the flag of each frame tells.

import Base
import Codec

/// As STARTUP names it.
public enum FrameCompression: String, Sendable, CaseIterable {
  case lz4, snappy

  /// A shorter body is sent as it is.
  public static let minBodyBytes = 512

  public func compressed(_ body: RawSpan) -> [UInt8] {
    switch self {
    case .snappy: return Snappy.compressed(body)
    case .lz4:
      let block = LZ4.compressed(body)
      var writer = ByteWriter(reserving: block.count + 4)
      writer.int32(Int32(clamping: body.byteCount))
      writer.append(block)
      return writer.take()
    }
  }

  /// - Parameter maxBytes: a body that says it becomes longer is refused before memory is taken for it.
  public func decompressed(_ body: RawSpan, maxBytes: Int) throws(DecodeError) -> [UInt8] {
    switch self {
    case .snappy: return try Snappy.decompressed(body, maxBytes: maxBytes)
    case .lz4:
      var reader = ByteReader(body)
      let byteCount = Int(try reader.int32())
      guard byteCount >= 0, byteCount <= maxBytes else { throw .badLength(byteCount) }
      return try LZ4.decompressed(reader.rest(), byteCount: byteCount)
    }
  }
}
