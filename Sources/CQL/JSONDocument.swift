// INSERT JSON: a document's members are the columns' values. With a marker the document comes with each execution.

import Base
import Data

/// What is known of the documents of one INSERT JSON.
final class JSONDocument: Sendable {
  private let table: Table
  /// `DEFAULT UNSET`: columns that a document leaves out stay as they are.
  private let defaultsToUnset: Bool

  init(table: Table, defaultsToUnset: Bool) {
    self.table = table
    self.defaultsToUnset = defaultsToUnset
  }

  /// The columns' values; those left out are not in it.
  func values(_ text: String) throws(CQLFailure) -> [String: BoundValue] {
    let document: JSON
    do throws(JSONError) {
      document = try JSON(parsing: text)
    } catch {
      throw .invalid("Could not decode JSON string as a map: \(error). (String was: \(text))")
    }
    guard case .object(let members) = document else {
      throw .invalid("Could not decode JSON string as a map. (String was: \(text))")
    }
    var values: [String: BoundValue] = [:]
    for member in members {
      let isQuoted = member.key.utf8.count >= 2 && member.key.hasPrefix("\"") && member.key.hasSuffix("\"")
      let name = isQuoted ? String(member.key.dropFirst().dropLast()) : member.key.lowercased()
      guard let column = table.column(named: name) else {
        throw .invalid("JSON values map contains unrecognized column: \(member.key)")
      }
      do throws(ValueError) {
        values[name] = try column.type.value(fromJSON: member.value).map { .bytes($0) } ?? .null
      } catch {
        throw .invalid("Error decoding JSON value for \(name): \(error.message)")
      }
    }
    return values
  }

  /// One column's value of the document that was bound.
  func value(of column: Column, in bound: BoundValue) throws(CQLFailure) -> BoundValue {
    guard case .bytes(let bytes) = bound, let text = Values.text(bytes) else {
      throw .invalid("Got null for INSERT JSON values")
    }
    return try values(text)[column.name] ?? absent(column)
  }

  func absent(_ column: Column) -> BoundValue {
    let isKey = column.kind == .partitionKey || column.kind == .clustering
    return defaultsToUnset && !isKey ? .unset : .null
  }
}
