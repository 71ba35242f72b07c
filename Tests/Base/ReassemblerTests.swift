import Testing

@testable import Base

/// Pieces: a length of two bytes, then as many bytes; a length over 200 is skipped, 65,535 is refused.
private struct Pieces {
  var reassembler = Reassembler(headBytes: 2)
  var taken: [[UInt8]] = []
  /// Stops after each piece where true.
  var stops = false

  static func measure(_ head: RawSpan) -> Reassembler.Measure {
    let bytes = head.copied()
    let length = Int(bytes[0]) << 8 | Int(bytes[1])
    return length == 65_535 ? .refuse : length > 200 ? .skip(2 + length) : .whole(2 + length)
  }

  mutating func push(_ bytes: [UInt8]) {
    var taken = taken
    let stops = stops
    reassembler.push(bytes.span.bytes, measure: Self.measure) { piece in
      taken.append(piece.copied())
      return !stops
    }
    self.taken = taken
  }

  mutating func resume() {
    var taken = taken
    let stops = stops
    reassembler.resume(measure: Self.measure) { piece in
      taken.append(piece.copied())
      return !stops
    }
    self.taken = taken
  }
}

private func piece(_ length: Int, _ fill: UInt8 = 7) -> [UInt8] {
  [UInt8(length >> 8), UInt8(length & 0xFF)] + [UInt8](repeating: fill, count: length)
}

@Suite struct ReassemblerTests {
  private let stream = piece(3, 1) + piece(0) + piece(100, 2) + piece(1000, 3) + piece(5, 4)
  private let pieces = [piece(3, 1), piece(0), piece(100, 2), [0x03, 0xE8], piece(5, 4)]

  @Test func cutsWhatComesAtOnceAndHoldsNothing() {
    var pieces = Pieces()
    pieces.push(stream)
    #expect(pieces.taken == self.pieces)
    #expect(pieces.reassembler.heldBytes == 0)
  }

  @Test func cutsAlikeHoweverItComes() {
    for size in [1, 2, 3, 5, 7, 50, 101, 500] {
      var pieces = Pieces()
      for start in stride(from: 0, to: stream.count, by: size) {
        pieces.push(Array(stream[start..<min(start + size, stream.count)]))
        #expect(pieces.reassembler.heldBytes <= 102)
      }
      #expect(pieces.taken == self.pieces, "\(size) bytes at a time")
    }
  }

  @Test func cutsAlikeAtEverySplit() {
    for split in 0...stream.count {
      var pieces = Pieces()
      pieces.push(Array(stream[..<split]))
      pieces.push(Array(stream[split...]))
      #expect(pieces.taken == self.pieces, "split at \(split)")
    }
  }

  @Test func stopsAndGoesOn() {
    var pieces = Pieces()
    pieces.stops = true
    pieces.push(stream)
    #expect(pieces.taken.count == 1)
    #expect(pieces.reassembler.heldBytes == stream.count - 5)
    for _ in 0..<4 { pieces.resume() }
    #expect(pieces.taken == self.pieces)
    #expect(pieces.reassembler.heldBytes == 0)
  }

  @Test func keepsOrderWhenBytesComeDuringAStop() {
    for split in 1..<stream.count {
      var pieces = Pieces()
      pieces.stops = true
      pieces.push(Array(stream[..<split]))
      pieces.push(Array(stream[split...]))
      pieces.stops = false
      pieces.resume()
      #expect(pieces.taken == self.pieces, "split at \(split)")
    }
  }

  @Test func refusesForGood() {
    var pieces = Pieces()
    pieces.push(piece(1) + [0xFF, 0xFF] + piece(1))
    pieces.push(piece(1))
    #expect(pieces.taken == [piece(1)])
    #expect(pieces.reassembler.heldBytes == 0)
  }
}
