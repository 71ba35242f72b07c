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
    guard let (bytes, type) = typed(name), type == .boolean, bytes.count == 1 else { return nil }
    return bytes[0] != 0
  }

  public func double(_ name: String) -> Double? {
    guard let (bytes, type) = typed(name) else { return nil }
    let bits = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch type {
    case .double: return bytes.count == 8 ? Double(bitPattern: bits) : nil
    case .float: return bytes.count == 4 ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) : nil
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
      return RowDecoding.elements(bytes, perEntry: 1).compactMap { RowDecoding.text($0[0], element.unfrozen) }
    default: return []
    }
  }

  /// Of a map of text to text; empty where the column is null.
  public func textMap(_ name: String) -> [String: String] {
    guard let (bytes, type) = typed(name), case .map(let key, let value) = type else { return [:] }
    var map: [String: String] = [:]
    for entry in RowDecoding.elements(bytes, perEntry: 2) {
      guard let name = RowDecoding.text(entry[0], key.unfrozen) else { continue }
      map[name] = RowDecoding.text(entry[1], value.unfrozen)
    }
    return map
  }

  /// Of a list or a set of whole numbers.
  public func ints(_ name: String) -> [Int64] {
    guard let (bytes, type) = typed(name) else { return [] }
    switch type {
    case .list(let element), .set(let element):
      return RowDecoding.elements(bytes, perEntry: 1).compactMap { RowDecoding.integer($0[0], element.unfrozen) }
    default: return []
    }
  }
}

enum RowDecoding {
  static func text(_ bytes: [UInt8], _ type: CQLType) -> String? {
    type == .text || type == .ascii ? String(validating: bytes, as: UTF8.self) : nil
  }

  static func integer(_ bytes: [UInt8], _ type: CQLType) -> Int64? {
    switch type {
    case .bigint, .counter, .int, .smallint, .tinyint, .timestamp, .time:
      guard bytes.count == type.fixedLengthBytes ?? bytes.count, let first = bytes.first else { return nil }
      let head = Int64(Int8(bitPattern: first))
      return bytes.dropFirst().reduce(head) { $0 << 8 | Int64($1) }
    case .date:
      guard bytes.count == 4 else { return nil }
      return bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) }
    default: return nil
    }
  }

  /// A serialized collection's entries; what is malformed is left out.
  static func elements(_ bytes: [UInt8], perEntry: Int) -> [[[UInt8]]] {
    bytes.withReader { (reader: inout ByteReader) -> [[[UInt8]]] in
      guard let count = try? reader.int32(), count > 0 else { return [] }
      var entries: [[[UInt8]]] = []
      for _ in 0..<count {
        var entry: [[UInt8]] = []
        for _ in 0..<perEntry {
          guard let length = try? reader.int32() else { return entries }
          guard length >= 0 else {
            entry.append([])
            continue
          }
          guard let part = try? reader.bytes(Int(length)) else { return entries }
          entry.append(part)
        }
        entries.append(entry)
      }
      return entries
    }
  }
}
