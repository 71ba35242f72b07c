// Values as JSON (doc/cql3 "JSON Support"): what SELECT JSON and toJson() show, what INSERT JSON takes.

import Base

extension CQLType {
  /// The value as JSON text; bytes that are no value of the type show as a string.
  public func json(of bytes: [UInt8]?) -> String {
    guard let bytes else { return "null" }
    switch self {
    case .bigint, .counter, .int, .smallint, .tinyint, .varint, .decimal, .boolean:
      return bytes.isEmpty ? "\"\"" : text(of: bytes)
    case .float, .double:
      let shown = text(of: bytes)
      return shown.isEmpty || shown == "NaN" || shown.hasSuffix("Infinity") ? "null" : shown
    case .frozen(let inner): return inner.json(of: bytes)
    case .list(let element), .set(let element):
      let parts = (try? collectionElements(of: bytes)) ?? []
      return "[\(parts.map { element.json(of: $0) }.joined(separator: ", "))]"
    case .map(let key, let value):
      let parts = (try? collectionElements(of: bytes)) ?? []
      let entries = stride(from: 0, to: parts.count, by: 2).map {
        "\(key.jsonKey(of: parts[$0])): \(value.json(of: parts[$0 + 1]))"
      }
      return "{\(entries.joined(separator: ", "))}"
    case .vector(let element, _):
      let parts = (try? vectorElements(of: bytes)) ?? []
      return "[\(parts.map { element.json(of: $0) }.joined(separator: ", "))]"
    case .tuple(let types):
      let parts = (try? tupleParts(of: bytes)) ?? []
      return "[\(zip(types, parts).map { $0.json(of: $1) }.joined(separator: ", "))]"
    case .ascii, .blob, .date, .duration, .inet, .text, .time, .timestamp, .timeuuid, .uuid:
      return Self.quoted(text(of: bytes))
    }
  }

  private func jsonKey(of bytes: [UInt8]) -> String {
    let shown = json(of: bytes)
    return shown.hasPrefix("\"") ? shown : Self.quoted(shown)
  }

  private static func quoted(_ text: String) -> String { JSON.string(text).text }

  /// The value that a JSON value stands for; nil for null.
  public func value(fromJSON json: JSON) throws(ValueError) -> [UInt8]? {
    switch (self, json) {
    case (_, .null): return nil
    case (.frozen(let inner), _): return try inner.value(fromJSON: json)
    case (.list(let element), .array(let items)):
      return Values.collection(try element.elements(fromJSON: items, "list"))
    case (.set(let element), .array(let items)):
      return Values.collection(sortedSet(try element.elements(fromJSON: items, "set")))
    case (.tuple(let types), .array(let items)):
      guard items.count <= types.count else {
        throw ValueError("Tuple contains extra items (expected \(types.count)): \(json.text)")
      }
      var parts: [[UInt8]?] = []
      for (type, item) in zip(types, items) { parts.append(try type.value(fromJSON: item)) }
      return Values.tuple(parts)
    case (.map(let key, let value), .object(let members)):
      var pairs: [(key: [UInt8], value: [UInt8])] = []
      for member in members {
        guard let bytes = try value.value(fromJSON: member.value) else {
          throw ValueError("Invalid null value in map")
        }
        pairs.append((try key.value(fromJSONKey: member.key), bytes))
      }
      return Values.map(alternating: sortedMap(pairs))
    case (.vector(let element, let dimension), .array(let items)):
      guard items.count == dimension else {
        throw ValueError(
          "List had incorrect size: expected \(dimension) but given \(items.count);"
            + " [\(items.map(\.text).joined(separator: ", "))]")
      }
      return vector(try element.elements(fromJSON: items, "list"))
    case (.list, _), (.set, _), (.map, _), (.tuple, _), (.vector, _):
      throw ValueError("Expected \(self), but got a different JSON value: \(json.text)")
    default: return try scalar(fromJSON: json)
    }
  }

  private func elements(fromJSON items: [JSON], _ word: String) throws(ValueError) -> [[UInt8]] {
    var elements: [[UInt8]] = []
    for item in items {
      guard let bytes = try value(fromJSON: item) else { throw ValueError("Invalid null element in \(word)") }
      elements.append(bytes)
    }
    return elements
  }

  /// A map's key is always a JSON string: of a scalar its text, of a collection its JSON.
  private func value(fromJSONKey key: String) throws(ValueError) -> [UInt8] {
    switch unfrozen {
    case .list, .set, .map, .tuple, .vector:
      guard let json = try? JSON(parsing: key), let bytes = try value(fromJSON: json) else {
        throw ValueError("Unable to make \(self) from '\(key)'")
      }
      return bytes
    case let type: return try type.value(fromText: key)
    }
  }

  private func scalar(fromJSON json: JSON) throws(ValueError) -> [UInt8] {
    switch (self, json) {
    case (_, .string(let text)): return try value(fromText: text)
    case (.boolean, .bool(let flag)): return Values.boolean(flag)
    case (.text, _), (.ascii, _), (.blob, _), (.uuid, _), (.timeuuid, _), (.inet, _), (.duration, _):
      throw ValueError("Expected a UTF-8 string, but got a different JSON value: \(json.text)")
    case (_, .integer), (.float, _), (.double, _), (.decimal, _): return try value(fromText: json.text)
    default: throw ValueError("Unable to make \(self) from '\(json.text)'")
    }
  }
}
