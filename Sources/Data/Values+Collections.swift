// How collections and tuples are serialized (native_protocol_v4.spec, sections 6.16 to 6.21): a count
// of elements as int, then each element as int length and bytes; a map's keys and values alternate; a
// tuple has no count and may leave out its last parts, a negative length is null.

import Base

extension CQLType {
  /// The key's, element's or value's type of a collection, frozen or not: element for a list or set,
  /// value for a map; nil for another type.
  public var elementType: CQLType? {
    switch unfrozen {
    case .list(let element), .set(let element), .map(_, let element): element
    default: nil
    }
  }

  /// A map's key type, a set's element type.
  public var keyType: CQLType? {
    switch unfrozen {
    case .set(let key), .map(let key, _): key
    default: nil
    }
  }

  private var collectionWord: String {
    switch unfrozen {
    case .list: "list"
    case .set: "set"
    default: "map"
    }
  }

  /// The parts of a serialized list, set or map, in their order; a map's keys and values alternate.
  public func collectionElements(of bytes: [UInt8]) throws(ValueError) -> [[UInt8]] {
    let word = collectionWord
    let parts: [[UInt8]]
    do throws(DecodeError) {
      parts = try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) -> [[UInt8]] in
        let count = Int(try reader.int32())
        let perElement = word == "map" ? 2 : 1
        guard count >= 0 else { throw .badLength(count) }
        var parts: [[UInt8]] = []
        // Each part takes at least its length, so a lying count reserves no memory.
        parts.reserveCapacity(min(count * perElement, reader.remaining / 4))
        for _ in 0..<(count * perElement) {
          let length = Int(try reader.int32())
          guard length >= 0 else { throw .badValue("null element") }
          parts.append(try reader.bytes(length))
        }
        guard reader.isAtEnd else { throw .badValue("end") }
        return parts
      }
    } catch {
      switch error {
      case .badValue where error == .badValue("end"):
        throw ValueError("Unexpected extraneous bytes after \(word) value")
      case .badValue: throw ValueError("Null value read when not allowed")
      case .badLength: throw ValueError("The data cannot be deserialized as a \(word)")
      default: throw ValueError("Not enough bytes to read a \(word)")
      }
    }
    return parts
  }

  /// A tuple's parts, as many as its type has; those left out are null.
  public func tupleParts(of bytes: [UInt8]) throws(ValueError) -> [[UInt8]?] {
    guard case .tuple(let types) = unfrozen else { preconditionFailure("\(self) is no tuple") }
    var parts: [[UInt8]?] = []
    var offset = 0
    for index in types.indices { parts.append(try Self.tuplePart(index, of: bytes, &offset)) }
    try Self.expectEnd(of: bytes, offset)
    return parts
  }

  /// The part that begins at `offset`, which moves behind it; nil where it is null or left out.
  static func tuplePart(_ index: Int, of bytes: [UInt8], _ offset: inout Int) throws(ValueError) -> [UInt8]? {
    guard offset < bytes.count else { return nil }
    guard offset + 4 <= bytes.count, let length = Values.integer(bytes[offset..<offset + 4]) else {
      throw ValueError("Not enough bytes to read size of \(index)th component")
    }
    offset += 4
    guard length >= 0 else { return nil }
    guard length <= bytes.count - offset else { throw ValueError("Not enough bytes to read \(index)th component") }
    defer { offset += Int(length) }
    return Array(bytes[offset..<offset + Int(length)])
  }

  static func expectEnd(of bytes: [UInt8], _ offset: Int) throws(ValueError) {
    guard offset == bytes.count else { throw ValueError("Invalid remaining data after end of tuple value") }
  }
}

extension Values {
  /// A list or set of these elements, as they stand.
  public static func collection(_ elements: [[UInt8]]) -> [UInt8] {
    collection(count: elements.count, parts: elements)
  }

  /// A list of which some elements are null: only what times to live look like, no value that may be stored.
  public static func listWithNulls(_ elements: [[UInt8]?]) -> [UInt8] {
    var writer = ByteWriter()
    writer.int32(Int32(clamping: elements.count))
    writer.append(tuple(elements))
    return writer.bytes
  }

  /// A map of keys and values in turn.
  public static func map(alternating parts: [[UInt8]]) -> [UInt8] {
    precondition(parts.count.isMultiple(of: 2), "a map of \(parts.count) parts")
    return collection(count: parts.count / 2, parts: parts)
  }

  private static func collection(count: Int, parts: [[UInt8]]) -> [UInt8] {
    var writer = ByteWriter(reserving: 4 + parts.reduce(0) { $0 + 4 + $1.count })
    writer.int32(Int32(clamping: count))
    for part in parts {
      writer.int32(Int32(clamping: part.count))
      writer.append(part)
    }
    return writer.bytes
  }

  public static func tuple(_ parts: [[UInt8]?]) -> [UInt8] {
    var writer = ByteWriter()
    for part in parts {
      writer.int32(part.map { Int32(clamping: $0.count) } ?? -1)
      if let part { writer.append(part) }
    }
    return writer.bytes
  }
}

extension CQLType {
  /// Values of this type in its order, each once.
  public func sortedDistinct(_ values: [[UInt8]]) -> [[UInt8]] {
    var sorted: [[UInt8]] = []
    for value in values.sorted(by: { compare($0, $1) < 0 }) where sorted.last != value { sorted.append(value) }
    return sorted
  }

  /// A set's elements in its order, each once.
  public func sortedSet(_ elements: [[UInt8]]) -> [[UInt8]] {
    guard let key = keyType else { preconditionFailure("\(self) is no set") }
    return key.sortedDistinct(elements)
  }

  /// A map's entries in the order of its keys, keys and values in turn; of equal keys the last stays.
  public func sortedMap(_ entries: [(key: [UInt8], value: [UInt8])]) -> [[UInt8]] {
    guard let key = keyType else { preconditionFailure("\(self) is no map") }
    let ordered = entries.enumerated().sorted { a, b in
      let order = key.compare(a.element.key, b.element.key)
      return order != 0 ? order < 0 : a.offset < b.offset
    }
    var parts: [[UInt8]] = []
    for (_, entry) in ordered {
      if parts.count >= 2, parts[parts.count - 2] == entry.key { parts.removeLast(2) }
      parts.append(entry.key)
      parts.append(entry.value)
    }
    return parts
  }

  /// The serialized value of a multi-cell collection out of its live cells; nil if there is none,
  /// since an empty one is null.
  public func collectionValue(of cells: some Sequence<Cell>, nowInSeconds: Int64) -> [UInt8]? {
    var elements: [(key: [UInt8], value: [UInt8])] = []
    for cell in cells where cell.isLive(nowInSeconds: nowInSeconds) {
      guard let path = cell.path, let value = cell.value else { continue }
      elements.append((path, value))
    }
    guard !elements.isEmpty else { return nil }
    switch unfrozen {
    case .list:
      // A list's paths sort as bytes.
      elements.sort { $0.key.lexicographicallyPrecedes($1.key) }
      return Values.collection(elements.map(\.value))
    case .set: return Values.collection(sortedSet(elements.map(\.key)))
    default: return Values.map(alternating: sortedMap(elements))
    }
  }
}
