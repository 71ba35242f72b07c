// LZ4 and Snappy blocks, and CRC-24: against others' bytes, and against claims that are not true.

import Base
import Testing

@testable import Codec

@Suite struct BlockTests {
  /// python-lz4's, of 600 times "x".
  private let lz4: [UInt8] = [0x1F, 0x78, 1, 0, 0xFF, 0xFF, 0x41, 0x50, 0x78, 0x78, 0x78, 0x78, 0x78]
  private let text = [UInt8](repeating: 0x78, count: 600)

  @Test func aBlockMustBecomeWhatIsClaimed() throws {
    #expect(try LZ4.decompressed(lz4.span.bytes, byteCount: 600) == text)
    for claimed in [-1, 0, 1, 599, 601, 255 * 13, 255 * 13 + 1, .max] {
      #expect(throws: DecodeError.self) { try LZ4.decompressed(lz4.span.bytes, byteCount: claimed) }
    }
    #expect(throws: DecodeError.self) { try LZ4.decompressed([UInt8]().span.bytes, byteCount: 0) }
    #expect(try LZ4.decompressed([UInt8(0)].span.bytes, byteCount: 0) == [])
  }

  @Test func snappySaysItsOwnLength() throws {
    let block = Snappy.compressed(text.span.bytes)
    #expect(try Snappy.decompressed(block.span.bytes, maxBytes: 600) == text)
    #expect(throws: DecodeError.badLength(600)) { try Snappy.decompressed(block.span.bytes, maxBytes: 599) }
    for length in 0..<block.count {
      #expect(throws: DecodeError.self) {
        try Snappy.decompressed(Array(block.prefix(length)).span.bytes, maxBytes: 600)
      }
    }
  }

  @Test func nothingAtAllComesBack() throws {
    #expect(try LZ4.decompressed(LZ4.compressed([UInt8]().span.bytes).span.bytes, byteCount: 0) == [])
    #expect(try Snappy.decompressed(Snappy.compressed([UInt8]().span.bytes).span.bytes, maxBytes: 0) == [])
  }

  /// Bit by bit, as the specification's CRC-24 is written.
  @Test func crc24IsTheSpecifiedOne() {
    #expect(CRC24.checksum(0x020009, byteCount: 3) == 0xC1C8A4)
    let seed: UInt64 = 24
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      let bits = generator.next() & 0xFF_FFFF_FFFF
      var crc: UInt32 = 0x875060
      for index in 0..<5 {
        crc ^= UInt32(truncatingIfNeeded: bits >> UInt64(8 * index) & 0xFF) << 16
        for _ in 0..<8 {
          crc <<= 1
          if crc & 0x100_0000 != 0 { crc ^= 0x197_4F0B }
        }
      }
      #expect(CRC24.checksum(bits, byteCount: 5) == crc, "seed \(seed)")
    }
  }
}
