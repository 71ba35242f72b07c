// CRC-24 of the native protocol's segment headers (v5.spec section 2.2): polynomial 0x1974F0B, initial value 0x875060,
// over the header's bytes in the order they are sent. It is not OpenPGP's.

/// For the three or five bytes of a segment's header.
public enum CRC24 {
  static let initial: UInt32 = 0x875060
  static let polynomial: UInt32 = 0x197_4F0B

  private static let table: [UInt32] = (0..<256).map { index in
    var crc = UInt32(index) << 16
    for _ in 0..<8 {
      crc <<= 1
      if crc & 0x100_0000 != 0 { crc ^= polynomial }
    }
    return crc & 0xFF_FFFF
  }

  /// - Parameters:
  ///   - header: its bytes, the first one sent lowest.
  ///   - byteCount: how many of them, at most 8.
  /// - Returns: 24 bits.
  public static func checksum(_ header: UInt64, byteCount: Int) -> UInt32 {
    var crc = initial
    var rest = header
    for _ in 0..<byteCount {
      let index = (crc >> 16 ^ UInt32(truncatingIfNeeded: rest)) & 0xFF
      crc = (crc << 8 ^ table[Int(index)]) & 0xFF_FFFF
      rest >>= 8
    }
    return crc
  }
}
