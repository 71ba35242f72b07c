// The order of a type's values, where it is asked for outside of storage (filters, sets, min and max).
// Clustering columns are ordered by ClusteringCodec's bytes; both must agree.

import Base

extension CQLType {
  /// Below 0, 0 or above 0. Bytes must be valid; an empty value comes before any other.
  public func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a.isEmpty || b.isEmpty { return a.count - b.count }
    switch self {
    case .bigint, .counter, .int, .smallint, .tinyint, .time, .timestamp:
      return order(Values.integer(a) ?? 0, Values.integer(b) ?? 0)
    case .boolean: return order(a[0] == 0 ? 0 : 1, b[0] == 0 ? 0 : 1)
    case .float: return orderFloating(Double(Values.float(a) ?? 0), Double(Values.float(b) ?? 0))
    case .double: return orderFloating(Values.double(a) ?? 0, Values.double(b) ?? 0)
    case .varint: return BigInteger(twosComplement: a).compare(BigInteger(twosComplement: b))
    case .decimal: return BigDecimal(serialized: a).compare(BigDecimal(serialized: b))
    case .uuid: return orderUUID(a, b)
    case .timeuuid: return orderTimeUUID(a, b)
    case .list(let element): return orderParts(a, b) { _ in element }
    case .set(let element): return orderParts(a, b) { _ in element }
    case .map(let key, let value): return orderParts(a, b) { $0.isMultiple(of: 2) ? key : value }
    case .tuple(let types): return orderTuples(a, b, types)
    case .vector(let element, _): return orderVectors(a, b, element)
    case .frozen(let inner): return inner.compare(a, b)
    case .ascii, .blob, .date, .inet, .text, .duration: return orderBytes(a, b)
    }
  }

  private func order<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : (a == b ? 0 : 1) }

  /// Java's order: -0.0 below 0.0, NaN above all.
  private func orderFloating(_ a: Double, _ b: Double) -> Int {
    if a < b { return -1 }
    if a > b { return 1 }
    let x = a.isNaN ? Int64.max : Int64(bitPattern: a.bitPattern)
    let y = b.isNaN ? Int64.max : Int64(bitPattern: b.bitPattern)
    return order(x, y)
  }

  private func orderBytes(_ a: [UInt8], _ b: [UInt8]) -> Int {
    if a == b { return 0 }
    return a.lexicographicallyPrecedes(b) ? -1 : 1
  }

  /// Version first, then the time of version 1, then the bytes (UUIDType.java).
  private func orderUUID(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard let x = UUID(bytes: a), let y = UUID(bytes: b) else { return orderBytes(a, b) }
    if x.version != y.version { return order(x.version, y.version) }
    return x.version == 1 ? orderTimeUUID(a, b) : orderBytes(a, b)
  }

  /// The time, then the low half as signed bytes (TimeUUIDType.java keeps that for old data).
  private func orderTimeUUID(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard let x = UUID(bytes: a), let y = UUID(bytes: b) else { return orderBytes(a, b) }
    let byTime = order(x.timeUUIDTicks, y.timeUUIDTicks)
    if byTime != 0 { return byTime }
    let flip: UInt64 = 0x8080_8080_8080_8080
    return order(x.low ^ flip, y.low ^ flip)
  }

  private func orderParts(_ a: [UInt8], _ b: [UInt8], _ type: (Int) -> CQLType) -> Int {
    guard let x = try? collectionElements(of: a), let y = try? collectionElements(of: b) else {
      return orderBytes(a, b)
    }
    for index in 0..<min(x.count, y.count) {
      let result = type(index).compare(x[index], y[index])
      if result != 0 { return result }
    }
    return order(x.count, y.count)
  }

  private func orderVectors(_ a: [UInt8], _ b: [UInt8], _ element: CQLType) -> Int {
    guard let x = try? vectorElements(of: a), let y = try? vectorElements(of: b) else { return orderBytes(a, b) }
    for (left, right) in zip(x, y) {
      let result = element.compare(left, right)
      if result != 0 { return result }
    }
    return 0
  }

  private func orderTuples(_ a: [UInt8], _ b: [UInt8], _ types: [CQLType]) -> Int {
    guard let x = try? tupleParts(of: a), let y = try? tupleParts(of: b) else { return orderBytes(a, b) }
    for (index, type) in types.enumerated() {
      switch (x[index], y[index]) {
      case (nil, nil): continue
      case (nil, _): return -1
      case (_, nil): return 1
      case (let left?, let right?):
        let result = type.compare(left, right)
        if result != 0 { return result }
      }
    }
    return 0
  }
}

extension UUID {
  /// The time of a version 1 identifier: 100 ns steps since 1582-10-15.
  public var timeUUIDTicks: UInt64 {
    (high & 0xFFF) << 48 | (high >> 16 & 0xFFFF) << 32 | high >> 32
  }

  /// 100 ns steps between 1582-10-15 and 1970-01-01.
  public static let timeUUIDEpochTicks: Int64 = 0x01B2_1DD2_1381_4000

  /// A version 1 identifier; `low` gives clock sequence and node, its variant bits are set here unless
  /// `keepsLow` (the bounds of minTimeuuid and maxTimeuuid).
  public init(timeTicks ticks: UInt64, low: UInt64, keepsLow: Bool = false) {
    let high = ticks << 32 | (ticks >> 32 & 0xFFFF) << 16 | 0x1000 | (ticks >> 48 & 0xFFF)
    self.init(high: high, low: keepsLow ? low : low & ~(0b11 << 62) | (0b10 << 62))
  }

  /// Milliseconds since 1970 of a version 1 identifier.
  public var timeUUIDMilliseconds: Int64 {
    let ticks = Int64(bitPattern: timeUUIDTicks) - Self.timeUUIDEpochTicks
    return ticks >= 0 ? ticks / 10_000 : (ticks - 9_999) / 10_000
  }
}
