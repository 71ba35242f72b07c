// Snappy blocks (libsnappy's C interface), as the native protocol up to v4 has them in bodies (v4.spec section 5). A
// block says itself how long it was, which is bounded before memory is taken for it.

import Base
import CSnappy

public enum Snappy {
  /// More than this a block's byte cannot become: a copy of at most 64 bytes takes at least two.
  private static let maxExpansion = 64

  /// One block of all the bytes.
  public static func compressed(_ bytes: RawSpan) -> [UInt8] {
    let capacity = snappy_max_compressed_length(bytes.byteCount)
    return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      unsafe bytes.withUnsafeBytes { source in
        let from = unsafe source.baseAddress?.assumingMemoryBound(to: CChar.self)
        let to = unsafe UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self)
        var written = capacity
        let status = unsafe snappy_compress(from, source.count, to, &written)
        precondition(status == SNAPPY_OK, "Snappy did not fit \(source.count) bytes into \(capacity)")
        count = written
      }
    }
  }

  /// - Throws: `.badLength` where it says more than `maxBytes` or than it can become, `.badValue` where it is no block.
  public static func decompressed(_ block: RawSpan, maxBytes: Int) throws(DecodeError) -> [UInt8] {
    var byteCount = 0
    let isSaid = unsafe block.withUnsafeBytes { source in
      let from = unsafe source.baseAddress?.assumingMemoryBound(to: CChar.self)
      return unsafe snappy_uncompressed_length(from, source.count, &byteCount) == SNAPPY_OK
    }
    guard isSaid else { throw .badValue("Snappy block") }
    guard byteCount >= 0, byteCount <= maxBytes, byteCount <= block.byteCount * maxExpansion else {
      throw .badLength(byteCount)
    }
    var isWhole = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, byteCount)) { target, count in
      var written = byteCount
      unsafe block.withUnsafeBytes { source in
        let from = unsafe source.baseAddress?.assumingMemoryBound(to: CChar.self)
        let to = unsafe UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(to: CChar.self)
        isWhole = unsafe snappy_uncompress(from, source.count, to, &written) == SNAPPY_OK && written == byteCount
      }
      count = isWhole ? byteCount : 0
    }
    guard isWhole else { throw .badValue("Snappy block") }
    return bytes
  }
}
