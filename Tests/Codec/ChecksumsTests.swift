import Base
import Codec
import Testing

@Suite struct ChecksumsTests {
  /// The check value of CRC-32/ISO-HDLC.
  @Test func crc32OfTheCheckString() {
    #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(CRC32.checksum([]) == 0)
  }

  @Test func crc32InPieces() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    let whole = CRC32.checksum(bytes)
    for cut in [0, 1, 7, 500, 999, 1000] {
      let head = CRC32.checksum(Array(bytes[..<cut]))
      #expect(CRC32.checksum(Array(bytes[cut...]), continuing: head) == whole)
    }
  }

  /// Of no bytes and seed 0, as xxHash's own test vectors have it.
  @Test func xxh3OfNothing() {
    #expect(XXH3.hash([]) == 0x2D06_8005_38D3_94C2)
  }

  @Test func everyFlippedBitChangesBoth() {
    let bytes = (0..<67).map { UInt8($0) }
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        #expect(CRC32.checksum(damaged) != CRC32.checksum(bytes))
        #expect(XXH3.hash(damaged) != XXH3.hash(bytes))
      }
    }
    #expect(XXH3.hash(bytes, seed: 1) != XXH3.hash(bytes))
  }
}
