// Checksums over bytes: CRC-32 (zlib's, as native protocol v5 frames have it) and XXH3 (xxHash's 64 bits, for
// formats of our own: several times faster, and better mixed).

import Base
import CXXHash
import CZ

/// CRC-32 with the polynomial of IEEE 802.3 (zlib's `crc32`).
public enum CRC32 {
  /// Continues `running`, which is 0 for the first piece: the checksum of all pieces joined.
  public static func checksum(_ bytes: RawSpan, continuing running: UInt32 = 0) -> UInt32 {
    if bytes.isEmpty { return running }
    return unsafe bytes.withUnsafeBytes { buffer in
      UInt32(truncatingIfNeeded: unsafe crc32_z(UInt(running), buffer.baseAddress, buffer.count))
    }
  }

  public static func checksum(_ bytes: [UInt8], continuing running: UInt32 = 0) -> UInt32 {
    checksum(unsafe bytes.span.bytes, continuing: running)
  }
}

/// XXH3, 64 bits: for finding damage and for spreading keys, not against an adversary.
public enum XXH3 {
  public static func hash(_ bytes: RawSpan, seed: UInt64 = 0) -> UInt64 {
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe XXH3_64bits_withSeed(buffer.baseAddress, buffer.count, seed)
    }
  }

  public static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 { hash(unsafe bytes.span.bytes, seed: seed) }
}
