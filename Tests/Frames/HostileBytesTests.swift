// Decoders against damaged bytes: they throw, or they decode something; they never trap, hang or take memory that the
// bytes do not account for.

import Base
import Data
import Testing

@testable import Frames

@Suite struct HostileBytesTests {
  @Test func everyTruncationIsRefusedOrDecodes() {
    for frame in driverFrames + otherDriverFrames {
      for length in 0..<frame.bytes.count {
        // Options has no body; all else must notice that something lacks.
        let cut = Array(frame.bytes.prefix(length))
        let decoded = try? decodeRequest(cut)
        #expect(decoded == nil || frame.request == .options, "\(frame.request) cut to \(length)")
      }
    }
    for (name, bytes, response, _) in ProtocolVersion.allCases.flatMap(allResponses) {
      for length in FrameHeader.bytes..<bytes.count {
        let decoded = try? decodeResponse(Array(bytes.prefix(length)))
        #expect(decoded?.1.response != response, "\(name) cut to \(length)")
      }
    }
  }

  @Test func mutatedFramesNeverTrap() {
    let seed: UInt64 = 0x4652_414D_4553
    var generator = SeededGenerator(seed: seed)
    let requests = (driverFrames + otherDriverFrames).map(\.bytes)
    let responses = ProtocolVersion.allCases.flatMap(allResponses).map(\.bytes)
    var refused = 0
    for round in 0..<30_000 {
      let isRequest = round.isMultiple(of: 2)
      var bytes = isRequest ? requests[generator.below(requests.count)] : responses[generator.below(responses.count)]
      mutate(&bytes, with: &generator, from: isRequest ? requests : responses)
      do {
        if isRequest { _ = try decodeRequest(bytes) } else { _ = try decodeResponse(bytes) }
      } catch {
        refused += 1
      }
    }
    #expect(refused > 10_000, "seed \(seed)")
  }

  private func mutate(_ bytes: inout [UInt8], with generator: inout SeededGenerator, from corpus: [[UInt8]]) {
    let interesting: [UInt8] = [0, 1, 2, 4, 0x7F, 0x80, 0xFE, 0xFF]
    for _ in 0...generator.below(4) {
      guard !bytes.isEmpty else { return }
      let at = generator.below(bytes.count)
      switch generator.below(7) {
      case 0: bytes[at] ^= 1 << UInt8(generator.below(8))
      case 1: bytes[at] = interesting[generator.below(interesting.count)]
      case 2: bytes.remove(at: at)
      case 3: bytes.insert(interesting[generator.below(interesting.count)], at: at)
      case 4: bytes.removeLast(generator.below(bytes.count))
      case 5:
        let other = corpus[generator.below(corpus.count)]
        bytes.replaceSubrange(at..., with: other.suffix(generator.below(other.count)))
      default:
        for offset in at..<min(at + 4, bytes.count) { bytes[offset] = interesting[generator.below(interesting.count)] }
      }
    }
  }

  /// A frame that says it holds as much as can be said takes no memory for it.
  @Test func lyingCountsReserveNothing() {
    let many = "ffff"
    for (opcode, hex) in [
      (Opcode.execute, "0000" + "0001" + "01" + many), (.batch, "00" + many),
      (.query, "00000000" + "0001" + "41" + many),
    ] {
      let body = Hex.decode(hex) ?? []
      let header = FrameHeader(isResponse: false, stream: 0, opcode: opcode, bodyBytes: body.count)
      #expect(throws: DecodeError.truncated) { try Request(header, body: body.span.bytes, limits: FrameLimits()) }
    }
  }

  @Test func typesDoNotNestWithoutEnd() {
    let deep = [UInt8](repeating: 0, count: 0) + (0..<100_000).flatMap { _ in [UInt8(0), 0x20] }
    #expect(throws: DecodeError.badValue("type depth")) {
      try deep.withReader { (reader: inout ByteReader) throws(DecodeError) in
        try CQLType.decodeOption(from: &reader, version: .v4)
      }
    }
  }
}
