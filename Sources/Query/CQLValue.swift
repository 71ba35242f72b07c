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
  /// Any of CQL's whole numbers.
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
    var writer = ByteWriter()
    switch (self, type) {
    case (.text(let text), .text), (.text(let text), .ascii): return Array(text.utf8)
    case (.uuid(let id), .uuid), (.uuid(let id), .timeuuid): return id.bytes
    case (.boolean(let flag), .boolean): return [flag ? 1 : 0]
    case (.double(let value), .double): writer.uint64(value.bitPattern)
    case (.double(let value), .float): writer.uint32(Float(value).bitPattern)
    case (.blob(let bytes), _): return bytes
    case (.int(let value), _), (.timestamp(let value), .timestamp), (.timestamp(let value), .bigint):
      return try Self.encode(value, as: type)
    case (.list(let items), .list(let element)), (.set(let items), .set(let element)):
      writer.int32(Int32(clamping: items.count))
      for item in items { try item.append(as: element, to: &writer) }
    case (.map(let pairs), .map(let key, let value)):
      writer.int32(Int32(clamping: pairs.count))
      for pair in pairs {
        try pair.key.append(as: key, to: &writer)
        try pair.value.append(as: value, to: &writer)
      }
    case (.tuple(let parts), .tuple(let types)) where parts.count == types.count:
      for (part, type) in zip(parts, types) { try part.append(as: type, to: &writer) }
    default: throw .invalid("A value of type \(type) cannot be made of \(self)")
    }
    return writer.take()
  }

  private func append(as type: CQLType, to writer: inout ByteWriter) throws(QueryFailure) {
    if case .null = self {
      writer.int32(-1)
      return
    }
    let bytes = try encoded(as: type.unfrozen)
    writer.int32(Int32(clamping: bytes.count))
    writer.append(bytes)
  }

  private static func encode(_ value: Int64, as type: CQLType) throws(QueryFailure) -> [UInt8] {
    var writer = ByteWriter(reserving: 8)
    switch type {
    case .bigint, .counter, .timestamp, .time: writer.int64(value)
    case .int: writer.int32(try narrowed(value, type))
    case .smallint: writer.int16(try narrowed(value, type))
    case .tinyint: writer.uint8(UInt8(bitPattern: try narrowed(value, type) as Int8))
    case .date: writer.uint32(try narrowed(value, type))
    case .double: writer.uint64(Double(value).bitPattern)
    case .varint:
      writer.int64(value)
    default: throw .invalid("A value of type \(type) cannot be made of the whole number \(value)")
    }
    return writer.take()
  }

  private static func narrowed<T: FixedWidthInteger>(_ value: Int64, _ type: CQLType) throws(QueryFailure) -> T {
    guard let narrow = T(exactly: value) else { throw .invalid("\(value) is out of range for type \(type)") }
    return narrow
  }
}
