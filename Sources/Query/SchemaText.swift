// Types as the schema's tables and DESCRIBE show them.

import Data

extension CQLType {
  var mentionsDuration: Bool {
    switch self {
    case .duration: true
    case .list(let element), .set(let element), .frozen(let element): element.mentionsDuration
    case .map(let key, let value): key.mentionsDuration || value.mentionsDuration
    case .vector(let element, _): element.mentionsDuration
    case .tuple(let parts): parts.contains(where: \.mentionsDuration)
    default: false
    }
  }

  /// As `system_schema` and DESCRIBE write it: a tuple is always frozen, and says so; the parts of something frozen
  /// say it as well.
  var schemaText: String {
    switch self {
    case .list(let element): "list<\(element.schemaText)>"
    case .set(let element): "set<\(element.schemaText)>"
    case .map(let key, let value): "map<\(key.schemaText), \(value.schemaText)>"
    case .tuple(let parts): "frozen<tuple<\(parts.map(\.schemaText).joined(separator: ", "))>>"
    case .vector(let element, let dimension): "vector<\(element.schemaText), \(dimension)>"
    case .frozen(.tuple(let parts)): CQLType.tuple(parts).schemaText
    case .frozen(let inner): "frozen<\(inner.schemaText)>"
    default: description
    }
  }
}
