// Segments against cassandra-driver's own (segment.py), against any cut of the stream, and against damage.

import Base
import Codec
import Data
import Testing

@testable import Frames

@Suite struct SegmentTests {
  private let options = "050000000500000000"

  private func sealed(_ frames: [UInt8], isCompressed: Bool) -> [UInt8] {
    var writer = ByteWriter()
    SegmentWriter.seal(frames.span.bytes, isCompressed: isCompressed, to: &writer)
    return writer.bytes
  }

  private func frame(_ bodyBytes: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    var writer = ByteWriter()
    let header = FrameHeader(version: .v5, isResponse: true, stream: 1, opcode: .result, bodyBytes: bodyBytes)
    header.encode(to: &writer)
    let alphabet = generator.oneIn(3) ? 256 : 5
    for _ in 0..<bodyBytes { writer.uint8(UInt8(generator.below(alphabet))) }
    return writer.bytes
  }

  /// What a reader makes of bytes in pieces.
  private func read(
    _ bytes: [UInt8], isCompressed: Bool, piece: (Int) -> Int
  ) throws(SegmentReader.Problem) -> [(payload: [UInt8], isSelfContained: Bool)] {
    var reader = SegmentReader(isCompressed: isCompressed)
    var all: [(payload: [UInt8], isSelfContained: Bool)] = []
    var at = 0
    while at < bytes.count {
      let count = min(max(1, piece(bytes.count - at)), bytes.count - at)
      let next = Array(bytes[at..<(at + count)])
      at += count
      try reader.push(next.span.bytes) {
        all.append(($0.copied(), $1))
        return true
      }
    }
    return all
  }

  @Test func writesTheDriversBytes() throws {
    let frame = try #require(Hex.decode(options))
    #expect(Hex.encode(sealed(frame, isCompressed: false)) == "090002a4c8c10500000005000000001086284d")
    #expect(Hex.encode(sealed(frame, isCompressed: true)) == "0900000004c2b8950500000005000000001086284d")
    #expect(CRC24.checksum(0x020009, byteCount: 3) == 0xC1C8A4)
  }

  @Test func readsTheDriversLZ4() throws {
    let hex = "1a00d00404212c52ef05000000070000025f00000258780100ffff44507878000100e0a6be30"
    let query = try #require(Hex.decode("05000000070000025f00000258" + String(repeating: "78", count: 600) + "000100"))
    let read = try read(try #require(Hex.decode(hex)), isCompressed: true) { $0 }
    #expect(read.map(\.payload) == [query])
    #expect(read.map(\.isSelfContained) == [true])
  }

  @Test func framesComeBackHoweverTheStreamIsCut() throws {
    let seed: UInt64 = 0x5345_474D
    var generator = SeededGenerator(seed: seed)
    for round in 0..<60 {
      let isCompressed = generator.oneIn(2)
      var frames: [UInt8] = []
      for _ in 0..<(1 + generator.below(8)) {
        let length = generator.oneIn(8) ? generator.below(400_000) : generator.below(3000)
        frames += frame(length, &generator)
      }
      let segments = sealed(frames, isCompressed: isCompressed)
      let mostBytes = 1 + generator.below(100_000)
      let all = try read(segments, isCompressed: isCompressed) { _ in 1 + generator.below(mostBytes) }
      #expect(all.flatMap(\.payload) == frames, "seed \(seed) round \(round)")
      #expect(all.allSatisfy { $0.payload.count <= 131_071 }, "seed \(seed) round \(round)")
    }
  }

  @Test func manyFramesShareASegmentAndALongOneHasItsOwn() throws {
    var generator = SeededGenerator(seed: 7)
    let small = frame(100, &generator)
    let long = frame(300_000, &generator)
    let all = try read(sealed(small + small + long + small, isCompressed: false), isCompressed: false) { $0 }
    #expect(all.map(\.isSelfContained) == [true, false, false, false, true])
    #expect(all.map(\.payload.count) == [218, 131_071, 131_071, 300_009 - 262_142, 109])
    let full = frame(131_071 - FrameHeader.bytes, &generator)
    let exact = try read(sealed(full + small, isCompressed: false), isCompressed: false) { $0 }
    #expect(exact.map(\.payload.count) == [131_071, 109])
    #expect(exact.map(\.isSelfContained) == [true, true])
  }

  @Test func everyFlippedBitIsNoticed() throws {
    let frame = try #require(Hex.decode(options))
    for isCompressed in [false, true] {
      let segments = sealed(frame, isCompressed: isCompressed) + sealed(frame, isCompressed: isCompressed)
      let first = segments.count / 2
      for bit in 0..<(8 * first) {
        var bytes = segments
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(throws: SegmentReader.Problem.self, "bit \(bit)") {
          try read(bytes, isCompressed: isCompressed) { $0 }
        }
      }
    }
  }

  @Test func everyTruncationWaits() throws {
    var generator = SeededGenerator(seed: 9)
    let segments = sealed(frame(700, &generator), isCompressed: true)
    for length in 0..<segments.count {
      let all = try read(Array(segments.prefix(length)), isCompressed: true) { $0 }
      #expect(all.isEmpty)
    }
  }

  /// A true checksum over a payload that is no block of the length that is said.
  @Test func aLyingLengthIsRefused() throws {
    let block = LZ4.compressed([UInt8](repeating: 1, count: 1000).span.bytes)
    for claimed in [1, 999, 1001, 131_071] {
      var writer = ByteWriter()
      SegmentHeader(payloadBytes: block.count, uncompressedBytes: claimed, isSelfContained: true)
        .encode(isCompressed: true, to: &writer)
      writer.append(block)
      let checksum = SegmentHeader.checksum(block.span.bytes)
      for index in 0..<4 { writer.uint8(UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))) }
      #expect(throws: SegmentReader.Problem.compression) { try read(writer.bytes, isCompressed: true) { $0 } }
    }
  }

  @Test func stopsAndGoesOn() throws {
    let frame = try #require(Hex.decode(options))
    let segments = (0..<5).flatMap { _ in sealed(frame, isCompressed: false) }
    var reader = SegmentReader(isCompressed: false)
    var taken = 0
    try reader.push(segments.span.bytes) { _, _ in
      taken += 1
      return taken != 2
    }
    #expect(taken == 2)
    #expect(reader.heldBytes == 3 * segments.count / 5)
    try reader.resume { _, _ in
      taken += 1
      return true
    }
    #expect(taken == 5)
    #expect(reader.heldBytes == 0)
  }
}
