import Base
import Testing

@testable import Codec

@Suite struct ZstdTests {
  @Test func whatWentInComesOut() throws {
    for bytes in [
      [], [7], Array(repeating: 65, count: 100_000), (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* $0) },
    ] {
      #expect(try Zstd.decompress(Zstd.compress(bytes), maxBytes: 100_000) == bytes)
    }
  }

  @Test func aFrameThatSaysTooMuchIsRefusedBeforeMemoryIsTaken() {
    let frame = Zstd.compress(Array(repeating: 0, count: 1 << 20))
    #expect(frame.count < 1000)
    #expect(throws: DecodeError.badLength(1 << 20)) { try Zstd.decompress(frame, maxBytes: (1 << 20) - 1) }
  }

  @Test func damagedFramesAreRefusedAndNeverTrap() {
    let frame = Zstd.compress((0..<2000).map { UInt8(truncatingIfNeeded: $0 / 7) })
    for length in 0..<frame.count {
      #expect(throws: DecodeError.self) { try Zstd.decompress(Array(frame[..<length]), maxBytes: 1 << 20) }
    }
    for place in frame.indices {
      var damaged = frame
      damaged[place] ^= 0x41
      _ = try? Zstd.decompress(damaged, maxBytes: 1 << 20)
    }
    #expect(throws: DecodeError.self) { try Zstd.decompress([1, 2, 3, 4, 5, 6, 7, 8, 9], maxBytes: 100) }
  }
}
