// Compressed bodies: what goes in comes out, and what lies about its length takes no memory.

import Base
import Codec
import Data
import Testing

@testable import Frames

@Suite struct CompressionTests {
  /// python-lz4's and python-snappy's, of 600 times "x".
  private let lz4Block = "1f780100ffff41507878787878"
  private let snappyBlock = "d8040078fe0100fe0100fe0100fe0100fe0100fe0100fe0100fe0100fe01005a0100"
  private let text = [UInt8](repeating: 0x78, count: 600)

  @Test func readsWhatOthersWrite() throws {
    let lz4 = try #require(Hex.decode("00000258" + lz4Block))
    #expect(try FrameCompression.lz4.decompressed(lz4.span.bytes, maxBytes: 600) == text)
    let snappy = try #require(Hex.decode(snappyBlock))
    #expect(try FrameCompression.snappy.decompressed(snappy.span.bytes, maxBytes: 600) == text)
  }

  @Test(arguments: FrameCompression.allCases)
  func whatGoesInComesOut(compression: FrameCompression) throws {
    let seed: UInt64 = 0x4C5A_34
    var generator = SeededGenerator(seed: seed)
    for round in 0..<300 {
      let alphabet = 1 + generator.below(256)
      let bytes = (0..<generator.below(round < 10 ? 3 : 5000)).map { _ in UInt8(generator.below(alphabet)) }
      let compressed = compression.compressed(bytes.span.bytes)
      let back = try compression.decompressed(compressed.span.bytes, maxBytes: bytes.count)
      #expect(back == bytes, "seed \(seed) round \(round)")
      if bytes.count > 1 {
        #expect(throws: DecodeError.self) {
          try compression.decompressed(compressed.span.bytes, maxBytes: bytes.count - 1)
        }
      }
    }
  }

  /// A block that says it becomes far more than it can is refused before memory is taken for it.
  @Test func bombsAreRefused() throws {
    for hex in ["7fffffff" + lz4Block, "ffffffff" + lz4Block, "00ffffff" + lz4Block, "00000259" + lz4Block] {
      let bytes = try #require(Hex.decode(hex))
      #expect(throws: DecodeError.self) {
        try FrameCompression.lz4.decompressed(bytes.span.bytes, maxBytes: 16 << 20)
      }
    }
    for hex in ["ffffff07" + "0078", "ffffffff0f" + "0078", "ffffffffffffffff7f" + "0078", ""] {
      let bytes = Hex.decode(hex) ?? []
      #expect(throws: DecodeError.self) {
        try FrameCompression.snappy.decompressed(bytes.span.bytes, maxBytes: 16 << 20)
      }
    }
  }

  @Test(arguments: FrameCompression.allCases)
  func damagedBlocksNeverTrap(compression: FrameCompression) {
    let seed: UInt64 = 0x424C_4F43_4B
    var generator = SeededGenerator(seed: seed)
    let original = (0..<2000).map { _ in UInt8(generator.below(4)) }
    let compressed = compression.compressed(original.span.bytes)
    var refused = 0
    for _ in 0..<3000 {
      var bytes = compressed
      for _ in 0...generator.below(4) {
        let at = generator.below(bytes.count)
        bytes[at] = UInt8(generator.below(256))
        if generator.oneIn(4) { bytes.removeLast(generator.below(bytes.count)) }
        if bytes.isEmpty { break }
      }
      if (try? compression.decompressed(bytes.span.bytes, maxBytes: 4000)) == nil { refused += 1 }
    }
    #expect(refused > 500, "seed \(seed)")
  }

  @Test(arguments: FrameCompression.allCases)
  func longAnswersAreCompressed(compression: FrameCompression) throws {
    let writer = ResponseWriter(stream: 5, compression: compression)
    for length in [10, 5000] {
      var output = ByteWriter()
      writer.ready(to: &output)
      let start = output.count
      let error = ErrorMessage(.invalid, String(repeating: "x", count: length))
      writer.error(error, warnings: ["w"], to: &output)
      let frame = Array(output.bytes[start...])
      let header = try FrameHeader(frame.span.bytes.extracting(0..<FrameHeader.bytes), isRequest: false)
      #expect(header.bodyBytes == frame.count - FrameHeader.bytes)
      #expect(header.flags == (length > 10 ? [.warning, .compressed] : .warning))
      var body = Array(frame[FrameHeader.bytes...])
      if header.flags.contains(.compressed) {
        #expect(body.count < length)
        body = try compression.decompressed(body.span.bytes, maxBytes: 1 << 20)
      }
      let received = try ReceivedResponse(header, body: body.span.bytes)
      #expect(received.response == .error(error))
      #expect(received.warnings == ["w"])
    }
  }
}
