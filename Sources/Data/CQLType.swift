// CQL's data types (CQL.textile "Data Types"; native protocol v4 section 4.2.5.2 [option]).

import Base

/// A type of a column, a bind marker or a result.
public indirect enum CQLType: Hashable, Sendable {
  case ascii, bigint, blob, boolean, counter, date, decimal, double, duration, float, inet, int, smallint, text, time,
    timestamp, timeuuid, tinyint, uuid, varint
  case list(CQLType)
  case set(CQLType)
  case map(CQLType, CQLType)
  case tuple([CQLType])
  /// Never frozen by name, and never of cells of its own.
  case vector(CQLType, dimension: Int)
  case frozen(CQLType)

  /// A collection whose elements are cells of their own.
  public var isMultiCell: Bool {
    switch self {
    case .list, .set, .map: true
    default: false
    }
  }

  /// The type without `frozen` around it.
  public var unfrozen: CQLType { if case .frozen(let inner) = self { inner.unfrozen } else { self } }

  public var isCollection: Bool { unfrozen.isMultiCell }

  /// Length in bytes of every value that is neither null nor empty; nil where lengths differ.
  public var fixedLengthBytes: Int? {
    switch self {
    case .bigint, .counter, .double, .time, .timestamp: 8
    case .boolean, .tinyint: 1
    case .date, .float, .int: 4
    case .smallint: 2
    case .timeuuid, .uuid: 16
    default: nil
    }
  }

  /// The scalar types by their names in CQL.
  public static let scalars: [String: CQLType] = [
    "ascii": .ascii, "bigint": .bigint, "blob": .blob, "boolean": .boolean, "counter": .counter, "date": .date,
    "decimal": .decimal, "double": .double, "duration": .duration, "float": .float, "inet": .inet, "int": .int,
    "smallint": .smallint, "text": .text, "varchar": .text, "time": .time, "timestamp": .timestamp,
    "timeuuid": .timeuuid, "tinyint": .tinyint, "uuid": .uuid, "varint": .varint,
  ]
}

extension CQLType: CustomStringConvertible {
  /// As CQL writes it: `map<text, frozen<list<int>>>`.
  public var description: String {
    switch self {
    case .ascii: "ascii"
    case .bigint: "bigint"
    case .blob: "blob"
    case .boolean: "boolean"
    case .counter: "counter"
    case .date: "date"
    case .decimal: "decimal"
    case .double: "double"
    case .duration: "duration"
    case .float: "float"
    case .inet: "inet"
    case .int: "int"
    case .smallint: "smallint"
    case .text: "text"
    case .time: "time"
    case .timestamp: "timestamp"
    case .timeuuid: "timeuuid"
    case .tinyint: "tinyint"
    case .uuid: "uuid"
    case .varint: "varint"
    case .list(let element): "list<\(element)>"
    case .set(let element): "set<\(element)>"
    case .map(let key, let value): "map<\(key), \(value)>"
    case .tuple(let parts): "tuple<\(parts.map(\.description).joined(separator: ", "))>"
    case .vector(let element, let dimension): "vector<\(element), \(dimension)>"
    case .frozen(let inner): "frozen<\(inner)>"
    }
  }
}

extension CQLType {
  private static let codes: [CQLType] = [
    .ascii, .bigint, .blob, .boolean, .counter, .date, .decimal, .double, .duration, .float, .inet, .int, .smallint,
    .text, .time, .timestamp, .timeuuid, .tinyint, .uuid, .varint,
  ]
  static let maxDepth = 16
  static let maxTupleParts = 1024

  /// Our own form, for the schema record and between nodes.
  public func encode(to writer: inout ByteWriter) {
    switch self {
    case .list(let element):
      writer.uint8(100)
      element.encode(to: &writer)
    case .set(let element):
      writer.uint8(101)
      element.encode(to: &writer)
    case .map(let key, let value):
      writer.uint8(102)
      key.encode(to: &writer)
      value.encode(to: &writer)
    case .tuple(let parts):
      writer.uint8(103)
      writer.count(parts.count)
      for part in parts { part.encode(to: &writer) }
    case .vector(let element, let dimension):
      writer.uint8(105)
      writer.count(dimension)
      element.encode(to: &writer)
    case .frozen(let inner):
      writer.uint8(104)
      inner.encode(to: &writer)
    default:
      guard let code = Self.codes.firstIndex(of: self) else { preconditionFailure("no code for \(self)") }
      writer.uint8(UInt8(code))
    }
  }

  public init(from reader: inout ByteReader, depth: Int = 0) throws(DecodeError) {
    guard depth < Self.maxDepth else { throw .badValue("type depth") }
    let code = Int(try reader.uint8())
    switch code {
    case 100: self = .list(try CQLType(from: &reader, depth: depth + 1))
    case 101: self = .set(try CQLType(from: &reader, depth: depth + 1))
    case 102:
      let key = try CQLType(from: &reader, depth: depth + 1)
      self = .map(key, try CQLType(from: &reader, depth: depth + 1))
    case 103:
      var parts: [CQLType] = []
      for _ in 0..<(try reader.count(max: Self.maxTupleParts)) {
        parts.append(try CQLType(from: &reader, depth: depth + 1))
      }
      self = .tuple(parts)
    case 104: self = .frozen(try CQLType(from: &reader, depth: depth + 1))
    case 105:
      let dimension = try reader.count(max: Self.maxVectorDimension)
      guard dimension > 0 else { throw .badValue("vector dimension") }
      self = .vector(try CQLType(from: &reader, depth: depth + 1), dimension: dimension)
    default:
      guard Self.codes.indices.contains(code) else { throw .badValue("type code") }
      self = Self.codes[code]
    }
  }
}
