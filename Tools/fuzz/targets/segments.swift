// Segments of protocol v5. The first byte of an input chooses: bit 0 LZ4, bit 1 whether the checksums are put right
// before the reader sees them, or the fuzzer would see little behind them; 4 and 5 that the bytes are frames to be
// sealed and read again instead.

import Base
import Codec
import Frames

private let maxPieceBytes = 5

func fuzz(_ bytes: [UInt8]) {
  guard let kind = bytes.first else { return }
  let rest = Array(bytes.dropFirst())
  let isCompressed = kind & 1 != 0
  if kind & 0xFC == 4 { return sealAndRead(rest, isCompressed) }
  let stream = kind & 2 != 0 ? withChecksums(rest, isCompressed) : rest
  let whole = payloads(of: stream, isCompressed, piece: stream.count)
  require(
    payloads(of: stream, isCompressed, piece: maxPieceBytes) == whole, "fed in small pieces the payloads are others")
}

private struct Found: Equatable {
  var payloads: [[UInt8]] = []
  var areSelfContained: [Bool] = []
  var problem: String?

  static func == (a: Found, b: Found) -> Bool {
    a.payloads.count == b.payloads.count && a.areSelfContained == b.areSelfContained && a.problem == b.problem
      && zip(a.payloads, b.payloads).allSatisfy { areSame($0, $1) }
  }
}

private func payloads(of stream: [UInt8], _ isCompressed: Bool, piece: Int) -> Found {
  var reader = SegmentReader(isCompressed: isCompressed)
  var found = Found()
  var at = 0
  while at < stream.count {
    let end = min(stream.count, at + max(1, piece))
    do throws(SegmentReader.Problem) {
      // As a connection that has too much under way: it stops at each payload, and goes on later.
      let take = { (payload: RawSpan, isSelfContained: Bool) in
        found.payloads.append(payload.copied())
        found.areSelfContained.append(isSelfContained)
        return piece > maxPieceBytes
      }
      try reader.push(Array(stream[at..<end]).span.bytes, take: take)
      var held = -1
      while reader.heldBytes != held {
        held = reader.heldBytes
        try reader.resume(take: take)
      }
    } catch {
      found.problem = error.message
      return found
    }
    at = end
  }
  return found
}

/// The same segments, each header and payload with the checksum that it should have.
private func withChecksums(_ stream: [UInt8], _ isCompressed: Bool) -> [UInt8] {
  var stream = stream
  let count = isCompressed ? 5 : 3
  var at = 0
  while at + count + 3 <= stream.count {
    let bits = stream[at..<(at + count)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    put(UInt64(CRC24.checksum(bits, byteCount: count)), 3, at: at + count, in: &stream)
    let payload = at + count + 3
    let end = payload + Int(bits & 0x1FFFF)
    guard end + 4 <= stream.count else { break }
    let checksum = CRC32.checksum(
      Array(stream[payload..<end]), continuing: CRC32.checksum([0xFA, 0x2D, 0x55, 0xCA]))
    put(UInt64(checksum), 4, at: end, in: &stream)
    at = end + 4
  }
  return stream
}

private func put(_ value: UInt64, _ count: Int, at: Int, in stream: inout [UInt8]) {
  for index in 0..<count { stream[at + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
}

/// Lengths, two bytes each, say how long the frames are that are sealed together, up to some segments;
/// their bytes come from the input again and again.
private func sealAndRead(_ bytes: [UInt8], _ isCompressed: Bool) {
  var frames = ByteWriter()
  for index in stride(from: 0, to: min(bytes.count, 6) - 1, by: 2) {
    let number = Int(bytes[index]) << 8 | Int(bytes[index + 1])
    // Seldom more than a segment holds, or few inputs a second would be all.
    let length = number >= 0xF000 ? number * 3 : number & 0x3FF
    FrameHeader(isResponse: true, stream: 1, opcode: .result, bodyBytes: length).encode(to: &frames)
    var body = bytes
    while body.count < length { body += body.prefix(length - body.count) }
    frames.append(Array(body.prefix(length)))
  }
  let all = frames.take()
  var sealed = ByteWriter()
  SegmentWriter.seal(all.span.bytes, isCompressed: isCompressed, to: &sealed)
  var read: [UInt8] = []
  var reader = SegmentReader(isCompressed: isCompressed)
  try? reader.push(sealed.take().span.bytes) { payload, _ in
    read += payload.copied()
    return true
  }
  require(areSame(read, all), "frames are read as others after they were sealed")
}
