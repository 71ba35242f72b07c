import Base
import Testing

@testable import Data

/// The order of clustering bytes is Cassandra's order of the values, whatever the type and however nested.
@Suite struct OrderTests {
  private func encoded(_ value: [UInt8], _ type: CQLType, isDescending: Bool = false) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try ClusteringCodec.encode(value, type: type, isDescending: isDescending, to: &bytes)
    return bytes
  }

  @Test(arguments: 1...12) func bytesAreOrderedAsValuesAre(_ seed: UInt64) throws {
    var random = RandomValues(seed: seed)
    for _ in 0..<40 {
      let type = random.orderedType()
      #expect(ClusteringCodec.isSupported(type))
      for _ in 0..<12 {
        let (a, b) = (random.value(of: type), random.value(of: type))
        try type.validate(a)
        let (x, y) = (try encoded(a, type), try encoded(b, type))
        let byBytes = x == y ? 0 : (x.lexicographicallyPrecedes(y) ? -1 : 1)
        let byValue = type.compare(a, b).signum()
        #expect(byBytes == byValue, "seed \(seed), \(type): \(type.text(of: a)) and \(type.text(of: b))")
        let (p, q) = (try encoded(a, type, isDescending: true), try encoded(b, type, isDescending: true))
        #expect((p == q ? 0 : (p.lexicographicallyPrecedes(q) ? -1 : 1)) == -byValue, "seed \(seed), \(type) DESC")
        for (bytes, isDescending) in [(x, false), (p, true)] {
          let column = Column(name: "c", type: type, kind: .clustering, id: 0, isDescending: isDescending)
          let back = try #require(try ClusteringCodec.decode(bytes + bytes, columns: [column, column]).last)
          #expect(
            type.compare(back, a) == 0, "seed \(seed), \(type): \(type.text(of: a)) came back \(type.text(of: back))")
          try type.validate(back)
        }
      }
    }
  }

  @Test(arguments: 1...10) func jsonAndTypesComeBack(_ seed: UInt64) throws {
    var random = RandomValues(seed: seed)
    for _ in 0..<40 {
      let type = random.orderedType()
      var writer = ByteWriter()
      type.encode(to: &writer)
      let read = try writer.bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
        try CQLType(from: &reader)
      }
      #expect(read == type)
      let value = random.value(of: type)
      let json = type.json(of: value)
      // A map's key is JSON's or nothing: those of floating point have no form of their own there.
      guard !json.contains("null"), !json.contains("NaN") else { continue }
      let back = try #require(try type.value(fromJSON: try JSON(parsing: json)), "seed \(seed), \(type): \(json)")
      #expect(type.compare(back, value) == 0, "seed \(seed), \(type): \(json)")
    }
  }

  @Test func everyDecimalThatIsTakenComesBack() throws {
    let column = Column(name: "c", type: .decimal, kind: .clustering, id: 0)
    let long = BigInteger(decimal: String(repeating: "7", count: 9_990))
    for decimal in [
      BigDecimal(unscaled: BigInteger(isNegative: false, limbs: [10]), scale: .min),
      BigDecimal(unscaled: BigInteger(isNegative: true, limbs: [7]), scale: .min),
      BigDecimal(unscaled: BigInteger(isNegative: true, limbs: [1]), scale: .max),
      BigDecimal(unscaled: try #require(long), scale: -20),
    ] {
      guard let bytes = try? encoded(decimal.serialized, .decimal) else { continue }
      let back = try ClusteringCodec.decode(bytes, columns: [column])[0]
      #expect(CQLType.decimal.compare(back, decimal.serialized) == 0, "scale \(decimal.scale)")
    }
  }

  @Test func aDecimalsPowerOutOfRangeIsAnError() throws {
    let column = Column(name: "c", type: .decimal, kind: .clustering, id: 0)
    let bytes = try encoded(CQLType.decimal.value(fromText: "1"), .decimal)
    for byte: UInt8 in [0, 0xFF] {
      var wrong = bytes
      for index in 2..<10 { wrong[index] = byte }
      #expect(throws: DecodeError.self) { try ClusteringCodec.decode(wrong, columns: [column]) }
    }
  }

  @Test func decimalsOfOneValueAreOneRow() throws {
    func value(_ text: String) throws -> [UInt8] { try CQLType.decimal.value(fromText: text) }
    #expect(try encoded(value("1.0"), .decimal) == encoded(value("1.00"), .decimal))
    #expect(try encoded(value("1e3"), .decimal) == encoded(value("1000"), .decimal))
    let ordered = ["-1e10", "-10", "-9.99", "-1.5", "-1e-10", "0", "1e-10", "0.5", "1", "9.99", "10", "1e10"]
    let bytes = try ordered.map { try encoded(value($0), .decimal) }
    #expect(zip(bytes, bytes.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) })
    let column = Column(name: "c", type: .decimal, kind: .clustering, id: 0)
    let shown = try bytes.map { try CQLType.decimal.text(of: ClusteringCodec.decode($0, columns: [column])[0]) }
    #expect(
      shown == [
        "-10000000000", "-10", "-9.99", "-1.5", "-1E-10", "0", "1E-10", "0.5", "1", "9.99", "10", "10000000000",
      ])
  }

  /// VectorType.java: fixed elements stand alone, others behind their length.
  @Test func vectorsAreSerializedAsCassandraDoes() throws {
    let floats = CQLType.vector(.float, dimension: 2)
    #expect(floats.vector([Values.float(1), Values.float(2)]) == [0x3F, 0x80, 0, 0, 0x40, 0, 0, 0])
    let texts = CQLType.vector(.text, dimension: 2)
    let long = [UInt8](repeating: 7, count: 300)
    let bytes = texts.vector([[0x61], long])
    #expect(Array(bytes.prefix(4)) == [1, 0x61, 0x81, 0x2C] && bytes.count == 304)
    #expect(try texts.vectorElements(of: bytes) == [[0x61], long])
    #expect(CQLType.vector(.smallint, dimension: 1).vector([[0, 1]]) == [2, 0, 1])
    #expect(throws: ValueError.self) { try floats.validate([1, 2, 3]) }
    #expect(throws: ValueError.self) { try floats.validate([UInt8](repeating: 0, count: 9)) }
    #expect(throws: ValueError.self) { try texts.validate([200, 1]) }
  }
}
