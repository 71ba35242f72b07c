// Values as services write them, turned into the native protocol's serialized form (v4.spec section 6) by the type of
// the marker they are bound to, so that `.int(3)` suits an int, a bigint and a timestamp alike.

import Base
import Data

/// A value for a bind marker.
public indirect enum CQLValue: Equatable, Sendable {
  case null
  /// Leaves the column as it is.
  case unset
  case text(String)
  case uuid(UUID)
  /// Any of CQL's whole numbers; for a date the days since 1970.
  case int(Int64)
  case boolean(Bool)
  case double(Double)
  /// Milliseconds since 1970.
  case timestamp(Int64)
  case blob([UInt8])
  case list([CQLValue])
  case set([CQLValue])
  case map([Pair])
  case tuple([CQLValue])

  public struct Pair: Equatable, Sendable {
    public var key: CQLValue
    public var value: CQLValue

    public init(_ key: CQLValue, _ value: CQLValue) {
      self.key = key
      self.value = value
    }
  }

  /// The same under CQL's name.
  public static func bigint(_ value: Int64) -> CQLValue { .int(value) }

  public static func text(_ value: String?) -> CQLValue { value.map { .text($0 as String) } ?? .null }
  public static func uuid(_ value: UUID?) -> CQLValue { value.map { .uuid($0 as UUID) } ?? .null }
  public static func int(_ value: Int64?) -> CQLValue { value.map { .int($0 as Int64) } ?? .null }
  public static func int(_ value: Int) -> CQLValue { .int(Int64(value)) }

  public static func texts(list: [String]) -> CQLValue { .list(list.map { .text($0 as String) }) }
  public static func texts(set: some Sequence<String>) -> CQLValue { .set(set.sorted().map { .text($0 as String) }) }
  public static func texts(map: [String: String]) -> CQLValue {
    .map(map.sorted { $0.key < $1.key }.map { Pair(.text($0.key as String), .text($0.value as String)) })
  }
}

extension CQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  public init(stringLiteral value: String) { self = .text(value as String) }
  public init(integerLiteral value: Int64) { self = .int(value as Int64) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension CQLValue {
  /// The serialized form for a marker of `type`.
  /// - Throws: `.invalid` where the value does not suit the type.
  func bound(as type: CQLType) throws(QueryFailure) -> BoundValue {
    switch self {
    case .null: return .null
    case .unset: return .unset
    default: return .bytes(try encoded(as: type.unfrozen))
    }
  }

  private func encoded(as type: CQLType) throws(QueryFailure) -> [UInt8] {
    switch (self, type) {
    case (.text(let text), .text), (.text(let text), .ascii): return Values.text(text)
    case (.uuid(let id), .uuid), (.uuid(let id), .timeuuid): return Values.uuid(id)
    case (.boolean(let flag), .boolean): return Values.boolean(flag)
    case (.double(let value), .double): return Values.double(value)
    case (.double(let value), .float): return Values.float(Float(value))
    case (.blob(let bytes), _): return bytes
    case (.int(let value), _), (.timestamp(let value), .timestamp), (.timestamp(let value), .bigint):
      return try Self.encode(value, as: type)
    case (.list(let items), .list(let element)): return Values.collection(try Self.elements(items, element))
    case (.set(let items), .set(let element)):
      return Values.collection(type.sortedSet(try Self.elements(items, element)))
    case (.map(let pairs), .map(let key, let value)):
      let keys = try Self.elements(pairs.map(\.key), key)
      let values = try Self.elements(pairs.map(\.value), value)
      return Values.map(alternating: type.sortedMap(zip(keys, values).map { (key: $0, value: $1) }))
    case (.tuple(let parts), .tuple(let types)) where parts.count == types.count:
      var encoded: [[UInt8]?] = []
      for (part, type) in zip(parts, types) {
        if case .null = part { encoded.append(nil) } else { encoded.append(try part.encoded(as: type.unfrozen)) }
      }
      return Values.tuple(encoded)
    default: throw .invalid("A value of type \(type) cannot be made of \(self)")
    }
  }

  private static func elements(_ items: [CQLValue], _ type: CQLType) throws(QueryFailure) -> [[UInt8]] {
    var elements: [[UInt8]] = []
    for item in items { elements.append(try item.encoded(as: type.unfrozen)) }
    return elements
  }

  private static func encode(_ value: Int64, as type: CQLType) throws(QueryFailure) -> [UInt8] {
    switch type {
    case .bigint, .counter, .timestamp, .time, .varint: return Values.bigint(value)
    case .int: return Values.int(try narrowed(value, type) as Int32)
    case .smallint: return Values.smallint(try narrowed(value, type))
    case .tinyint: return Values.tinyint(try narrowed(value, type))
    case .date: return Values.date(days: try narrowed(value, type))
    case .double: return Values.double(Double(value))
    default: throw .invalid("A value of type \(type) cannot be made of the whole number \(value)")
    }
  }

  private static func narrowed<T: FixedWidthInteger>(_ value: Int64, _ type: CQLType) throws(QueryFailure) -> T {
    guard let narrow = T(exactly: value) else { throw .invalid("\(value) is out of range for type \(type)") }
    return narrow
  }
}
