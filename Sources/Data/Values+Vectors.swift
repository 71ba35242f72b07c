// Vectors (Cassandra 5.0, db/marshal/VectorType.java): as many elements as the type says, none of them null. Elements
// of a fixed length stand one behind the other; others have their length before them as an unsigned vint.

import Base

extension CQLType {
  /// Guards memory; Cassandra has no bound of its own, its indexes take at most as many.
  public static let maxVectorDimension = 8_192

  /// The class's own notion of a fixed length, narrower than `fixedLengthBytes`: a smallint, tinyint, date or time has
  /// none in Cassandra, and a vector of a fixed type is fixed itself.
  var vectorElementBytes: Int? {
    switch self {
    case .boolean: 1
    case .float, .int: 4
    case .bigint, .counter, .double, .timestamp: 8
    case .timeuuid, .uuid: 16
    case .vector(let element, let dimension): element.vectorElementBytes.map { Self.product($0, dimension) }
    case .frozen(let inner): inner.vectorElementBytes
    default: nil
    }
  }

  /// Vectors of vectors may be longer than an integer; no value is.
  private static func product(_ length: Int, _ dimension: Int) -> Int {
    let (bytes, overflow) = length.multipliedReportingOverflow(by: dimension)
    return overflow ? .max : bytes
  }

  /// The elements of a serialized vector.
  public func vectorElements(of bytes: [UInt8]) throws(ValueError) -> [[UInt8]] {
    guard case .vector(let element, let dimension) = unfrozen else { preconditionFailure("\(self) is no vector") }
    if let length = element.vectorElementBytes {
      let wanted = Self.product(length, dimension)
      guard bytes.count >= wanted else {
        throw ValueError("Not enough bytes to read a \(self): \(bytes.count) of \(wanted)")
      }
      guard bytes.count == wanted else {
        throw ValueError("Unexpected extraneous bytes after vector value")
      }
      return (0..<dimension).map { Array(bytes[($0 * length)..<(($0 + 1) * length)]) }
    }
    var elements: [[UInt8]] = []
    var offset = 0
    for _ in 0..<dimension {
      guard let length = Self.unsignedVInt(bytes, &offset), length <= UInt64(bytes.count - offset) else {
        throw ValueError("Not enough bytes to read a \(self)")
      }
      elements.append(Array(bytes[offset..<(offset + Int(length))]))
      offset += Int(length)
    }
    guard offset == bytes.count else { throw ValueError("Unexpected extraneous bytes after vector value") }
    return elements
  }

  /// A vector of these elements, which are as many as the type has.
  public func vector(_ elements: [[UInt8]]) -> [UInt8] {
    guard case .vector(let element, let dimension) = unfrozen else { preconditionFailure("\(self) is no vector") }
    precondition(elements.count == dimension, "\(elements.count) elements for \(self)")
    var bytes: [UInt8] = []
    for part in elements {
      if element.vectorElementBytes == nil { Self.appendUnsignedVInt(UInt64(part.count), to: &bytes) }
      bytes += part
    }
    return bytes
  }

  /// Cassandra's unsigned vint: as many leading ones in the first byte as bytes follow it.
  private static func unsignedVInt(_ bytes: [UInt8], _ offset: inout Int) -> UInt64? {
    guard offset < bytes.count else { return nil }
    let first = bytes[offset]
    let extra = (~first).leadingZeroBitCount
    guard offset + extra < bytes.count else { return nil }
    var value = extra >= 7 ? 0 : UInt64(first) & (0xFF >> UInt64(extra))
    for index in 0..<extra { value = value << 8 | UInt64(bytes[offset + 1 + index]) }
    offset += 1 + extra
    return value
  }

  private static func appendUnsignedVInt(_ value: UInt64, to bytes: inout [UInt8]) {
    var extra = 0
    while extra < 8, value >> UInt64(7 * (extra + 1)) != 0 { extra += 1 }
    let big = Values.bigEndian(value, bytes: 8).suffix(extra)
    let mark: UInt64 = extra == 0 ? 0 : ~(0xFF >> UInt64(extra)) & 0xFF
    let top = extra == 8 ? 0 : value >> UInt64(8 * extra)
    bytes.append(UInt8(truncatingIfNeeded: mark | top))
    bytes += big
  }

  func validateVector(_ bytes: [UInt8]) throws(ValueError) {
    guard case .vector(let element, _) = self else { preconditionFailure("\(self) is no vector") }
    if bytes.isEmpty { return }
    for part in try vectorElements(of: bytes) { try element.validate(part) }
  }
}
