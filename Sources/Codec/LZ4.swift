// LZ4 blocks (liblz4), as the native protocol has them in bodies (v4.spec section 5) and segments (v5.spec 2.2). One
// does not say how long it was: who frames it does. What is claimed is bounded before memory is taken for it.

import Base
import CLZ4

public enum LZ4 {
  /// More than this a block's byte cannot become.
  private static let maxExpansion = 255

  /// One block of all the bytes; at most a 255th longer than they are, and 16 bytes.
  public static func compressed(_ bytes: RawSpan) -> [UInt8] {
    let capacity = bytes.byteCount + bytes.byteCount / 255 + 16
    return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      unsafe bytes.withUnsafeBytes { source in
        let from = unsafe source.baseAddress?.assumingMemoryBound(to: CChar.self)
        let to = unsafe UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self)
        let written = unsafe LZ4_compress_default(from, to, Int32(clamping: source.count), Int32(clamping: capacity))
        precondition(written > 0, "LZ4 did not fit \(source.count) bytes into \(capacity)")
        count = Int(written)
      }
    }
  }

  /// - Parameter byteCount: what the block must become, bounded by the caller.
  /// - Throws: `.badLength` where it cannot or does not become that, `.badValue` where it is no block.
  public static func decompressed(_ block: RawSpan, byteCount: Int) throws(DecodeError) -> [UInt8] {
    guard byteCount >= 0, byteCount <= block.byteCount * maxExpansion, let capacity = Int32(exactly: byteCount) else {
      throw .badLength(byteCount)
    }
    var written: Int32 = -1
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, byteCount)) { target, count in
      unsafe block.withUnsafeBytes { source in
        let from = unsafe source.baseAddress?.assumingMemoryBound(to: CChar.self)
        let to = unsafe UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self)
        written = unsafe LZ4_decompress_safe(from, to, Int32(clamping: source.count), capacity)
      }
      count = written == capacity ? byteCount : 0
    }
    guard written >= 0 else { throw .badValue("LZ4 block") }
    guard written == capacity else { throw .badLength(Int(written)) }
    return bytes
  }
}
