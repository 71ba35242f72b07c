import Base
import Testing

@testable import Data

@Suite struct ValuesTests {
  /// Type, text, and the text it comes back as.
  static let texts: [(CQLType, String, String)] = [
    (.int, "-2147483648", "-2147483648"), (.bigint, "9223372036854775807", "9223372036854775807"),
    (.smallint, "-1", "-1"), (.tinyint, "127", "127"), (.boolean, "TRUE", "true"), (.text, "it's é", "it's é"),
    (.ascii, "abc", "abc"), (.float, "1.5", "1.5"), (.double, "-2.25e3", "-2250.0"), (.double, "NaN", "NaN"),
    (.double, "1e7", "1.0E7"), (.double, "1234567", "1234567.0"), (.double, "0.001", "0.001"),
    (.double, "1e-4", "1.0E-4"),
    (.double, "1.5e100", "1.5E100"), (.double, "123456789.125", "1.23456789125E8"), (.double, "-0.0", "-0.0"),
    (.double, "12.5", "12.5"), (.double, "100", "100.0"), (.float, "1e10", "1.0E10"),
    (.double, "-Infinity", "-Infinity"), (.blob, "0xCAFE", "0xcafe"), (.blob, "0x", "0x"),
    (.uuid, "123E4567-e89b-42d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000"),
    (.timeuuid, "50554d6e-29bb-11e5-b345-feff819cdc9f", "50554d6e-29bb-11e5-b345-feff819cdc9f"),
    (.varint, "0", "0"), (.varint, "-1", "-1"), (.varint, "128", "128"), (.varint, "-128", "-128"),
    (.varint, "-129", "-129"), (.varint, "65536", "65536"), (.varint, "-65536", "-65536"),
    (.varint, "340282366920938463463374607431768211456", "340282366920938463463374607431768211456"),
    (.varint, "-340282366920938463463374607431768211456", "-340282366920938463463374607431768211456"),
    (.varint, "123456789012345678901234567890", "123456789012345678901234567890"),
    (.decimal, "1.50", "1.50"), (.decimal, "-0.001", "-0.001"), (.decimal, "1e3", "1E+3"), (.decimal, "12", "12"),
    (.decimal, "1.23E-10", "1.23E-10"), (.inet, "127.0.0.1", "127.0.0.1"), (.inet, "::1", "0:0:0:0:0:0:0:1"),
    (.inet, "2001:db8::ff00:42:8329", "2001:db8:0:0:0:ff00:42:8329"),
    (.inet, "::ffff:10.0.0.1", "10.0.0.1"), (.inet, "1::", "1:0:0:0:0:0:0:0"),
    (.inet, "::", "0:0:0:0:0:0:0:0"),
    (.date, "2014-01-01", "2014-01-01"), (.date, "1582-10-15", "1582-10-15"), (.date, "2147483648", "1970-01-01"),
    (.date, "-0001-03-01", "-0001-03-01"), (.time, "08:12:54.123456789", "08:12:54.123456789"),
    (.time, "08:12:54", "08:12:54.000000000"), (.time, "86399999999999", "23:59:59.999999999"),
    (.timestamp, "0", "1970-01-01 00:00:00.000Z"), (.timestamp, "-1", "1969-12-31 23:59:59.999Z"),
    (.timestamp, "2011-02-03 04:05+0000", "2011-02-03 04:05:00.000Z"),
    (.timestamp, "2011-02-03T04:05:06.789+02:00", "2011-02-03 02:05:06.789Z"),
    (.timestamp, "2011-02-03", "2011-02-03 00:00:00.000Z"), (.timestamp, "2011-02-03-0130", "2011-02-03 01:30:00.000Z"),
    (.timestamp, "2011-02-03 04:05:06Z", "2011-02-03 04:05:06.000Z"),
    (.timestamp, "2011-02-03 04:05:06.1 UTC", "2011-02-03 04:05:06.100Z"),
    (.duration, "1h30m", "1h30m"), (.duration, "1y2mo3w4d5h6m7s8ms9us10ns", "1y2mo25d5h6m7s8ms9us10ns"),
    (.duration, "-1y", "-1y"), (.duration, "P1Y2M3DT4H5M6S", "1y2mo3d4h5m6s"), (.duration, "P2W", "14d"),
    (.duration, "P0001-02-03T04:05:06", "1y2mo3d4h5m6s"), (.duration, "0s", "0ns"),
  ]

  @Test(arguments: texts)
  func textAndBack(_ type: CQLType, _ text: String, _ shown: String) throws {
    let bytes = try type.value(fromText: text)
    try type.validate(bytes)
    #expect(type.text(of: bytes) == shown)
  }

  @Test(arguments: [
    (CQLType.int, "x", "Unable to make int from 'x'"), (.int, "2147483648", "Unable to make int from '2147483648'"),
    (.bigint, "1.5", "Unable to make long from '1.5'"), (.smallint, "40000", "Unable to make short from '40000'"),
    (.tinyint, "128", "Unable to make byte from '128'"), (.boolean, "yes", "Unable to make boolean from 'yes'"),
    (.float, "abc", "Unable to make float from 'abc'"), (.uuid, "123", "Unable to make UUID from '123'"),
    (.timeuuid, "123e4567-e89b-42d3-a456-426614174000", "TimeUUID supports only version 1 UUIDs"),
    (.inet, "1.2.3", "Unable to make inet address from '1.2.3'"),
    (.inet, "1.2.3.256", "Unable to make inet address from '1.2.3.256'"),
    (.inet, "1::2::3", "Unable to make inet address from '1::2::3'"),
    (.inet, ":1", "Unable to make inet address from ':1'"),
    (.date, "2014-13-01", "Unable to coerce '2014-13-01' to a formatted date (long)"),
    (.date, "2013-02-29", "Unable to coerce '2013-02-29' to a formatted date (long)"),
    (.time, "24:00:00", "(TimeType) Unable to coerce '24:00:00' to a formatted time (long)"),
    (.time, "08:12", "(TimeType) Unable to coerce '08:12' to a formatted time (long)"),
    (.timestamp, "2011-02-30", "Unable to parse a date/time from '2011-02-30'"),
    (.timestamp, "tomorrow", "Unable to parse a date/time from 'tomorrow'"),
    (.varint, "1.0", "unable to make BigInteger from '1.0'"), (.varint, "", "unable to make BigInteger from ''"),
    (.decimal, "1.2.3", "unable to make BigDecimal from '1.2.3'"),
    (.duration, "1x", "Unable to convert '1x' to a duration"), (.blob, "0xABC", "cannot parse 'ABC' as hex bytes"),
    (.ascii, "é", "Invalid ASCII character in string literal"),
  ])
  func refusesText(_ type: CQLType, _ text: String, _ message: String) {
    #expect(throws: ValueError(message)) { try type.value(fromText: text) }
  }

  @Test(arguments: [
    (CQLType.int, [UInt8](repeating: 0, count: 5), "Expected 4 or 0 byte int (5)"),
    (.bigint, [0], "Expected 8 or 0 byte long (1)"), (.smallint, [], "Expected 2 bytes for a smallint (0)"),
    (.tinyint, [0, 0], "Expected 1 byte for a tinyint (2)"), (.boolean, [0, 0], "Expected 1 or 0 byte value (2)"),
    (.uuid, [0], "UUID should be 16 or 0 bytes (1)"), (.text, [0xC3, 0x28], "String didn't validate."),
    (.ascii, [0x80], "Invalid byte for ascii: -128"), (.date, [0], "Expected 4 byte long for date (1)"),
    (.inet, [1, 2, 3], "Expected 4 or 16 byte inetaddress; got 010203"),
    (.list(.int), [0, 0, 0, 1], "Not enough bytes to read a list"),
    (.list(.int), [0x7F, 0xFF, 0xFF, 0xFF], "Not enough bytes to read a list"),
    (.list(.int), [0xFF, 0xFF, 0xFF, 0xFF], "The data cannot be deserialized as a list"),
    (.set(.int), [0, 0, 0, 0, 9], "Unexpected extraneous bytes after set value"),
    (.list(.int), [0, 0, 0, 1, 0, 0, 0, 1, 5], "Expected 4 or 0 byte int (1)"),
    (.list(.int), [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF], "Null value read when not allowed"),
    (.map(.int, .int), [0, 0, 0, 1, 0, 0, 0, 0], "Not enough bytes to read a map"),
    (.tuple([.int]), [0, 0], "Not enough bytes to read size of 0th component"),
    (.tuple([.int]), [0, 0, 0, 4, 1], "Not enough bytes to read 0th component"),
    (.tuple([.int]), [0, 0, 0, 4, 0, 0, 0, 1, 9], "Invalid remaining data after end of tuple value"),
    (.duration, [0, 0], "Expected at least 3 bytes for a duration (2)"),
  ])
  func refusesBytes(_ type: CQLType, _ bytes: [UInt8], _ message: String) {
    #expect(throws: ValueError(message)) { try type.validate(bytes) }
  }

  @Test(arguments: [
    (CQLType.int, ["-5", "0", "7"]), (.bigint, ["-9223372036854775808", "-1", "0", "9223372036854775807"]),
    (.varint, ["-100000000000000000000", "-129", "-1", "0", "1", "255", "256", "100000000000000000000"]),
    (.decimal, ["-1e10", "-1.5", "-1.49", "0", "1e-20", "1.5", "1.50001", "2", "1e5"]),
    (.double, ["-Infinity", "-1.5", "0.0", "1.5", "Infinity", "NaN"]), (.text, ["a", "ab", "b"]),
    (.date, ["1969-12-31", "1970-01-01", "2020-01-01"]), (.timestamp, ["-1", "0", "1"]),
    (
      .timeuuid,
      [
        "00000000-0000-1000-8000-000000000000", "ffffffff-0000-1000-8000-000000000000",
        "00000000-0001-1000-8000-000000000000", "00000000-0000-1001-8000-000000000000",
      ]
    ),
    (.boolean, ["false", "true"]),
  ])
  func orders(_ type: CQLType, _ ascending: [String]) throws {
    let values = try ascending.map { try type.value(fromText: $0) }
    for (i, a) in values.enumerated() {
      for (j, b) in values.enumerated() {
        let order = type.compare(a, b)
        #expect((i < j) == (order < 0) && (i == j) == (order == 0), "\(type): \(ascending[i]), \(ascending[j])")
      }
    }
    #expect(type.compare([], values[0]) < 0 && type.compare([], []) == 0)
  }

  /// The order here and the order of clustering bytes must be one.
  @Test(arguments: [
    CQLType.int, .bigint, .smallint, .varint, .double, .float, .text, .date, .timestamp, .uuid, .timeuuid,
  ])
  func agreesWithClustering(_ type: CQLType) throws {
    let seed: UInt64 = 42
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let pair = (0..<2).map { _ in Self.random(type, &generator) }
      var encoded: [[UInt8]] = [[], []]
      for index in 0..<2 {
        try ClusteringCodec.encode(pair[index], type: type, isDescending: false, to: &encoded[index])
      }
      let order = type.compare(pair[0], pair[1])
      #expect((order < 0) == encoded[0].lexicographicallyPrecedes(encoded[1]), "seed \(seed): \(type) \(pair)")
    }
  }

  static func random(_ type: CQLType, _ generator: inout SeededGenerator) -> [UInt8] {
    switch type {
    case .text: return (0..<generator.below(4)).map { _ in UInt8(generator.below(3)) }
    case .varint:
      let number = Int64(generator.below(70_000)) - 35_000
      return (try? CQLType.varint.value(fromText: String(number))) ?? []
    case .double: return Values.double(Double(generator.below(9) - 4) / 2)
    case .float: return Values.float(Float(generator.below(9) - 4) / 2)
    default:
      let count = type.fixedLengthBytes ?? 0
      var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() & 0x83) }
      if type == .timeuuid { bytes[6] = bytes[6] & 0x0F | 0x10 }
      if type == .uuid { bytes[6] = bytes[6] & 0x0F | (generator.oneIn(2) ? 0x10 : 0x40) }
      return bytes
    }
  }

  @Test func collectionsAndBack() throws {
    let map = CQLType.map(.text, .frozen(.list(.int)))
    let inner = Values.collection([Values.int(1), Values.int(2)])
    let bytes = Values.map(
      alternating: map.sortedMap([
        (Values.text("b"), inner), (Values.text("a"), Values.collection([])), (Values.text("b"), Values.collection([])),
      ]))
    try map.validate(bytes)
    #expect(map.text(of: bytes) == "{'a': [], 'b': []}")
    #expect(map.json(of: bytes) == #"{"a": [], "b": []}"#)
    let tuple = CQLType.tuple([.int, .text, .set(.int)])
    let value = Values.tuple([Values.int(1), nil, Values.collection([Values.int(3)])])
    try tuple.validate(value)
    #expect(tuple.text(of: value) == "(1, null, {3})")
    #expect(try tuple.tupleParts(of: Values.tuple([Values.int(1)])) == [Values.int(1), nil, nil])
    #expect(
      CQLType.set(.int).sortedSet([Values.int(2), Values.int(-1), Values.int(2)]) == [Values.int(-1), Values.int(2)])
    #expect(CQLType.text.literal(of: Values.text("it's")) == "'it''s'")
  }

  @Test func assemblesCollectionsOfCells() {
    func cell(_ path: [UInt8], _ value: [UInt8]?, ttl: Int32 = 0, at seconds: Int64 = 0) -> Cell {
      Cell(
        column: 1, path: path, timestampMicroseconds: 1, ttlSeconds: ttl, localDeletionSeconds: seconds, value: value)
    }
    let set = CQLType.set(.int)
    let cells = [
      cell(Values.int(3), []), cell(Values.int(-3), []), cell(Values.int(5), nil),
      cell(Values.int(6), [], ttl: 5, at: 10),
    ]
    #expect(set.text(of: set.collectionValue(of: cells, nowInSeconds: 10)) == "{-3, 3}")
    #expect(set.text(of: set.collectionValue(of: cells, nowInSeconds: 9)) == "{-3, 3, 6}")
    #expect(set.collectionValue(of: cells.suffix(1), nowInSeconds: 11) == nil)
  }

  @Test(arguments: [
    (CQLType.int, "5"), (.text, #""a\"b""#), (.list(.int), "[1, 2]"), (.map(.int, .text), #"{"1": "x"}"#),
    (.tuple([.int, .text]), #"[1, "x"]"#), (.boolean, "true"), (.double, "1.5"), (.blob, #""0xcafe""#),
    (.timestamp, #""2011-02-03 04:05:00.000Z""#), (.uuid, #""123e4567-e89b-42d3-a456-426614174000""#),
  ])
  func jsonAndBack(_ type: CQLType, _ text: String) throws {
    let bytes = try #require(try type.value(fromJSON: try JSON(parsing: text)))
    try type.validate(bytes)
    #expect(type.json(of: bytes) == text)
  }

  /// Whatever the bytes, nothing traps, and what is valid shows as text.
  @Test func survivesAnyBytes() throws {
    let seed: UInt64 = 20_251_125
    var generator = SeededGenerator(seed: seed)
    let types: [CQLType] =
      Array(CQLType.scalars.values) + [
        .list(.int), .set(.text), .map(.int, .varint), .tuple([.int, .list(.duration)]), .frozen(.list(.decimal)),
      ]
    for _ in 0..<1000 {
      let bytes = (0..<generator.below(24)).map { _ in
        generator.oneIn(3) ? UInt8(truncatingIfNeeded: generator.next()) : UInt8(generator.below(5))
      }
      let other = bytes.reversed() + [0]
      for type in types {
        _ = type.text(of: bytes)
        _ = type.literal(of: bytes)
        _ = type.json(of: bytes)
        if (try? type.validate(bytes)) != nil, (try? type.validate(other)) != nil {
          #expect(type.compare(bytes, other) == -type.compare(other, bytes), "seed \(seed): \(type) \(bytes)")
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      for type in types { _ = try? type.value(fromText: text) }
    }
  }

  @Test func numbersOfAnyLength() throws {
    let seed: UInt64 = 5
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let bytes = (0..<1 + generator.below(20)).map { _ in
        generator.oneIn(4) ? (generator.oneIn(2) ? 0xFF : 0) : UInt8(truncatingIfNeeded: generator.next())
      }
      let text = CQLType.varint.text(of: bytes)
      let back = try CQLType.varint.value(fromText: text)
      #expect(CQLType.varint.compare(bytes, back) == 0 && back.count <= bytes.count, "seed \(seed): \(bytes) \(text)")
    }
    #expect(throws: ValueError.self) { try CQLType.varint.value(fromText: String(repeating: "9", count: 20_000)) }
    #expect(throws: ValueError.self) { try CQLType.decimal.validate([UInt8](repeating: 1, count: 8_193)) }
  }

  @Test func sumsNumbersOfAnyLength() throws {
    func check(_ type: CQLType, _ numbers: [String], _ sum: String, _ average: String) throws {
      var total = NumberSum(type)
      for number in numbers { try total.add(try type.value(fromText: number)) }
      #expect(type.text(of: total.sum) == sum)
      #expect(type.text(of: total.average(of: Int64(numbers.count))) == average)
    }
    // The first two as a real Cassandra answered.
    try check(.varint, ["7", "-2", "100000000000000000000"], "100000000000000000005", "33333333333333333335")
    try check(.decimal, ["1.5", "1.25"], "2.75", "1.38")
    try check(.decimal, ["-1.5", "-1.25"], "-2.75", "-1.38")
    try check(.varint, ["5", "-5"], "0", "0")
    try check(.varint, ["4294967296", "-4294967297"], "-1", "0")
    try check(.varint, ["-7", "0"], "-7", "-3")
    try check(.decimal, ["1e3", "0.001"], "1000.001", "500.000")
    var wide = NumberSum(.decimal)
    try wide.add(try CQLType.decimal.value(fromText: "1"))
    #expect(throws: ValueError.self) { try wide.add(try CQLType.decimal.value(fromText: "1e-1000000")) }
  }

  @Test func aSumWhoseScaleClimbsFromRowToRowEnds() throws {
    var total = NumberSum(.decimal)
    #expect(throws: ValueError.self) {
      for step in 0..<12 {
        try total.add(Values.int(Int32(step * NumberSum.maxScaleSpan)) + [1])
      }
    }
  }

  @Test func vectorsOfVectorsLongerThanAnIntegerAreNoTrap() throws {
    var type = CQLType.float
    for _ in 0..<6 { type = .vector(type, dimension: CQLType.maxVectorDimension) }
    #expect(throws: ValueError.self) { try type.validate([1, 2, 3]) }
  }

  @Test func durationsRoundTrip() throws {
    for nanoseconds in [0, 1, 63, 64, 8191, 8192, 1 << 20, 1 << 40, 1 << 54, 1 << 55, 1 << 60, Int64.max] {
      for sign: Int64 in [1, -1] {
        let duration = CQLDuration(
          months: Int32(sign) * 300, days: Int32(sign) * 70_000, nanoseconds: sign * nanoseconds)
        #expect(try CQLDuration(serialized: duration.serialized) == duration)
      }
    }
    #expect(throws: ValueError.self) {
      try CQLDuration(serialized: CQLDuration(months: 1, days: -1, nanoseconds: 0).serialized)
    }
    // The example of native_protocol_v5.spec: small numbers take one byte each.
    #expect(CQLDuration(months: 1, days: 2, nanoseconds: -1).serialized == [2, 4, 1])
  }

  /// Quotient times divisor plus remainder is the dividend, and the remainder is less than the divisor.
  @Test(arguments: 1...6) func dividesNumbersOfAnyLength(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    func number(_ generator: inout SeededGenerator) -> BigInteger {
      let limbs = (0..<(1 + generator.below(6))).map { _ in
        [0, 1, .max, UInt32(truncatingIfNeeded: generator.next())][generator.below(4)]
      }
      return BigInteger(isNegative: generator.below(2) == 0, limbs: limbs)
    }
    for round in 0..<300 {
      let (a, b) = (number(&generator), number(&generator))
      guard !b.isZero else { continue }
      let (quotient, remainder) = a.divided(by: b)
      #expect(quotient.times(b).plus(remainder) == a, "seed \(seed), round \(round)")
      let less =
        BigInteger(isNegative: false, limbs: remainder.limbs)
        .compare(BigInteger(isNegative: false, limbs: b.limbs)) < 0
      #expect(less && (remainder.isZero || remainder.isNegative == a.isNegative), "seed \(seed), round \(round)")
    }
    #expect(throws: ValueError.self) {
      try BigArithmetic.apply(.add, [UInt8](repeating: 1, count: 600), [1], .varint)
    }
    let far = Values.int(.min) + [1]
    #expect(throws: ValueError.self) { try BigArithmetic.apply(.add, far, Values.int(.max) + [1], .decimal) }
    #expect(throws: ValueError.self) { try BigArithmetic.apply(.divide, far, Values.int(.max) + [1], .decimal) }
  }
}
