import Testing

@testable import Base

@Suite struct ByteTests {
  @Test func whatIsWrittenIsRead() throws {
    var writer = ByteWriter()
    writer.uint8(1)
    writer.uint16(0xABCD)
    writer.int32(-5)
    writer.int64(.min)
    writer.uuid(UUID(high: 1, low: 2))
    for value in [0, 127, 128, 300, .max] as [UInt64] { writer.varint(value) }
    for value in [0, -1, 1, .min, .max] as [Int64] { writer.signedVarint(value) }
    writer.lengthPrefixed("häh")
    try writer.bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      #expect(try reader.uint8() == 1)
      #expect(try reader.uint16() == 0xABCD)
      #expect(try reader.int32() == -5)
      #expect(try reader.int64() == .min)
      #expect(try reader.uuid() == UUID(high: 1, low: 2))
      for value in [0, 127, 128, 300, .max] as [UInt64] { #expect(try reader.varint() == value) }
      for value in [0, -1, 1, .min, .max] as [Int64] { #expect(try reader.signedVarint() == value) }
      #expect(try reader.lengthPrefixedString() == "häh")
      try reader.expectEnd()
    }
  }

  @Test(arguments: [[0x80], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]] as [[UInt8]])
  func badVarintsThrow(bytes: [UInt8]) {
    #expect(throws: DecodeError.self) {
      try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in try reader.varint() }
    }
  }

  @Test func invalidUTF8Throws() {
    #expect(throws: DecodeError.badUTF8) {
      try [0xC3, 0x28].withReader { (reader: inout ByteReader) throws(DecodeError) in try reader.string(2) }
    }
  }

  @Test func aLengthIsSetAfterwards() {
    var writer = ByteWriter()
    writer.uint32(0)
    writer.setInt32(0x0102_0304, at: 0)
    #expect(writer.bytes == [1, 2, 3, 4])
  }
}

@Suite struct UUIDTests {
  @Test func textAndBytes() throws {
    let text = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    let uuid = try #require(UUID(text))
    #expect(uuid.description == text)
    #expect(UUID(bytes: uuid.bytes) == uuid)
    #expect(uuid.version == 4)
  }

  @Test(arguments: [
    "", "f47ac10b58cc4372a5670e02b2c3d479", "f47ac10b-58cc-4372-a567-0e02b2c3d47",
    "g47ac10b-58cc-4372-a567-0e02b2c3d479",
  ])
  func malformed(text: String) { #expect(UUID(text) == nil) }
}

@Suite struct JSONTests {
  @Test(arguments: [
    #"{"a":[1,-2.5,true,null,"x\"\n"],"b":{}}"#, "[]", "0", #""\u00e4""#,
  ])
  func survives(text: String) throws {
    let value = try JSON(parsing: text)
    #expect(try JSON(parsing: value.utf8) == value)
  }

  @Test func surrogatesAreJoined() throws {
    #expect(try JSON(parsing: #""\ud83d\ude00""#) == .string("😀"))
  }

  @Test(arguments: [
    "", "{", "[1,]", #"{"a":1,"a":2}"#, "01", "1.", "nul", #""\x""#, "\"\u{1}\"", "[1] 2", #""\ud83d""#, "1e999",
    String(repeating: "[", count: 10_000),
  ])
  func malformed(text: String) { #expect(throws: JSONError.self) { try JSON(parsing: text) } }
}

@Suite struct HistogramTests {
  @Test func quantilesAreWithinABucket() {
    var histogram = Histogram()
    for value in 1...10_000 { histogram.record(microseconds: Int64(value)) }
    for (share, exact) in [(0.5, 5000.0), (0.99, 9900.0)] {
      let found = Double(histogram.quantile(share))
      #expect(found >= exact && found <= exact * 1.13)
    }
  }

  @Test func extremesStayInBounds() {
    var histogram = Histogram()
    histogram.record(microseconds: .max)
    histogram.record(microseconds: -5)
    #expect(histogram.total == 2)
  }
}

@Suite struct BoundedCacheTests {
  @Test func theLeastRecentlyUsedGoes() {
    var cache = BoundedCache<Int, Int>(capacity: 2)
    cache.set(1, 1)
    cache.set(2, 2)
    #expect(cache.get(1) == 1)
    #expect(cache.set(3, 3)?.0 == 2)
    #expect(cache.get(2) == nil)
    cache.remove(1)
    cache.set(4, 4)
    #expect(cache.count == 2)
    #expect(cache.get(3) == 3)
  }

  @Test func agreesWithAPlainModel() {
    var random = SeededGenerator(seed: 3)
    var cache = BoundedCache<Int, Int>(capacity: 5)
    var model: [(Int, Int)] = []
    for step in 0..<10_000 {
      let key = random.below(10)
      switch random.below(3) {
      case 0:
        cache.set(key, step)
        model.removeAll { $0.0 == key }
        model.append((key, step))
        if model.count > 5 { model.removeFirst() }
      case 1:
        let known = model.first { $0.0 == key }
        #expect(cache.get(key) == known?.1)
        if let known {
          model.removeAll { $0.0 == key }
          model.append(known)
        }
      default:
        cache.remove(key)
        model.removeAll { $0.0 == key }
      }
      #expect(cache.count == model.count)
    }
  }
}
