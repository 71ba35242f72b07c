// A result as services read it. Nothing here traps: a column that is not there, is null or has another type is nil,
// since who made the tables is not who wrote the service.

import Base
import Data

/// Rows of one page.
public struct Rows: RandomAccessCollection, Sendable {
  public let columns: ResultColumns
  /// Each row's values one after the other.
  private let values: [[UInt8]?]
  public let count: Int
  /// To be handed in again for the rows behind these; nil when there are none.
  public let pagingState: [UInt8]?

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  public subscript(position: Int) -> ResultRow {
    let start = position * columns.count
    return ResultRow(columns: columns, values: values[start..<(start + columns.count)])
  }

  public static let none = Rows(columns: .none, values: [], count: 0, pagingState: nil)

  init(columns: ResultColumns, values: [[UInt8]?], count: Int, pagingState: [UInt8]?) {
    self.columns = columns
    self.values = values
    self.count = count
    self.pagingState = pagingState
  }

  /// Rows made by hand, for tests of services.
  public init(columns: [ResultColumn], rows: [[CQLValue]]) throws(QueryFailure) {
    var values: [[UInt8]?] = []
    for row in rows {
      precondition(row.count == columns.count, "a row of \(row.count) values for \(columns.count) columns")
      for (value, column) in zip(row, columns) {
        if case .bytes(let bytes) = try value.bound(as: column.type) {
          values.append(bytes)
        } else {
          values.append(nil)
        }
      }
    }
    self.init(columns: ResultColumns(columns), values: values, count: rows.count, pagingState: nil)
  }

  init(_ result: QueryResult) {
    guard case .rows(let rows) = result.body else {
      self = .none
      return
    }
    var values: [[UInt8]?] = []
    values.reserveCapacity(rows.rowCount * rows.columns.count)
    let isWhole = rows.cells.bytes.withReader { (reader: inout ByteReader) -> Bool in
      for _ in 0..<(rows.rowCount * rows.columns.count) {
        guard let length = try? reader.int32() else { return false }
        guard length >= 0 else {
          values.append(nil)
          continue
        }
        guard let bytes = try? reader.bytes(Int(length)) else { return false }
        values.append(bytes)
      }
      return reader.isAtEnd
    }
    precondition(isWhole, "a result's cells do not match \(rows.rowCount) rows of \(rows.columns.count) columns")
    self.init(columns: rows.columns, values: values, count: rows.rowCount, pagingState: rows.pagingState)
  }
}

/// One row; values by name.
public struct ResultRow: Sendable {
  public let columns: ResultColumns
  private let values: ArraySlice<[UInt8]?>

  init(columns: ResultColumns, values: ArraySlice<[UInt8]?>) {
    self.columns = columns
    self.values = values
  }

  /// The serialized value.
  public func bytes(_ name: String) -> [UInt8]? { typed(name)?.bytes }

  private func typed(_ name: String) -> (bytes: [UInt8], type: CQLType)? {
    guard let index = columns.index(of: name), let bytes = values[values.startIndex + index] else { return nil }
    return (bytes, columns.columns[index].type.unfrozen)
  }

  public func text(_ name: String) -> String? {
    guard let (bytes, type) = typed(name) else { return nil }
    return RowDecoding.text(bytes, type)
  }

  public func uuid(_ name: String) -> UUID? {
    guard let (bytes, type) = typed(name), type == .uuid || type == .timeuuid else { return nil }
    return UUID(bytes: bytes)
  }

  /// Any of CQL's whole numbers.
  public func int(_ name: String) -> Int64? {
    guard let (bytes, type) = typed(name) else { return nil }
    return RowDecoding.integer(bytes, type)
  }

  public func bigint(_ name: String) -> Int64? { int(name) }

  /// Milliseconds since 1970.
  public func timestamp(_ name: String) -> Int64? {
    guard let (bytes, type) = typed(name), type == .timestamp else { return nil }
    return RowDecoding.integer(bytes, type)
  }

  public func boolean(_ name: String) -> Bool? {
    guard let (bytes, type) = typed(name), type == .boolean else { return nil }
    return Values.boolean(bytes)
  }

  public func double(_ name: String) -> Double? {
    guard let (bytes, type) = typed(name) else { return nil }
    switch type {
    case .double: return Values.double(bytes)
    case .float: return Values.float(bytes).map(Double.init)
    default: return nil
    }
  }

  public func blob(_ name: String) -> [UInt8]? {
    guard let (bytes, type) = typed(name), type == .blob else { return nil }
    return bytes
  }

  /// Of a list or a set of text, in its order; empty where the column is null, as CQL has no empty collections.
  public func texts(_ name: String) -> [String] {
    guard let (bytes, type) = typed(name) else { return [] }
    switch type {
    case .list(let element), .set(let element):
      return RowDecoding.parts(bytes, type).compactMap { RowDecoding.text($0, element.unfrozen) }
    default: return []
    }
  }

  /// Of a map of text to text; empty where the column is null.
  public func textMap(_ name: String) -> [String: String] {
    guard let (bytes, type) = typed(name), case .map(let key, let value) = type else { return [:] }
    var map: [String: String] = [:]
    let parts = RowDecoding.parts(bytes, type)
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      guard let name = RowDecoding.text(parts[index], key.unfrozen) else { continue }
      map[name] = RowDecoding.text(parts[index + 1], value.unfrozen)
    }
    return map
  }

  /// Of a list or a set of whole numbers.
  public func ints(_ name: String) -> [Int64] {
    guard let (bytes, type) = typed(name) else { return [] }
    switch type {
    case .list(let element), .set(let element):
      return RowDecoding.parts(bytes, type).compactMap { RowDecoding.integer($0, element.unfrozen) }
    default: return []
    }
  }
}

enum RowDecoding {
  static func text(_ bytes: [UInt8], _ type: CQLType) -> String? {
    type == .text || type == .ascii ? Values.text(bytes) : nil
  }

  static func integer(_ bytes: [UInt8], _ type: CQLType) -> Int64? {
    switch type {
    case .bigint, .counter, .int, .smallint, .tinyint, .timestamp, .time, .varint: Values.integer(bytes)
    case .date: Values.date(bytes).map(Int64.init)
    default: nil
    }
  }

  /// A serialized collection's elements, or keys and values in turn; none where it is malformed.
  static func parts(_ bytes: [UInt8], _ type: CQLType) -> [[UInt8]] { (try? type.collectionElements(of: bytes)) ?? [] }
}
