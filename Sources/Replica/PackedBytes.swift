// Bytes that lie on disk for a while, packed where that saves something: one byte says how, then the bytes or a
// Zstandard frame of them. A lone small hint gains nothing; those of a busy tick shrink to a half or a quarter.

import Base
import Codec

enum PackedBytes {
  /// Of what may come out of a packed record. A record is no larger than what two nodes may send one another.
  static let maxBytes = 64 << 20
  private static let plain: UInt8 = 0
  private static let zstd: UInt8 = 1

  /// - Parameter compressor: nil for bytes that are not worth the work.
  static func append(_ bytes: [UInt8], with compressor: ZstdCompressor?, to writer: inout ByteWriter) {
    if let compressor {
      let frame = compressor.compress(bytes)
      if frame.count < bytes.count - bytes.count / 8 {
        writer.uint8(zstd)
        writer.append(frame)
        return
      }
    }
    writer.uint8(plain)
    writer.append(bytes)
  }

  /// Reads all that is left.
  @_lifetime(reader: copy reader)
  static func take(from reader: inout ByteReader) throws(DecodeError) -> [UInt8] {
    switch try reader.uint8() {
    case plain: return try reader.bytes(reader.remaining)
    case zstd: return try Zstd.decompress(try reader.bytes(reader.remaining), maxBytes: maxBytes)
    default: throw .badValue("packing")
    }
  }
}
