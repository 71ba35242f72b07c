// Names, qualified names, types, properties.

/// Words that are never names unless quoted (ReservedKeywords.java of Cassandra 5.0, and the words
/// that its lexer reads as constants).
private let reservedWords: Set<String> = [
  "add", "allow", "alter", "and", "apply", "asc", "authorize", "batch", "begin", "by", "columnfamily",
  "create", "delete", "desc", "describe", "drop", "entries", "execute", "false", "from", "full", "grant",
  "if", "in", "index", "infinity", "insert", "into", "is", "keyspace", "limit", "materialized", "modify",
  "nan", "norecursive", "not", "null", "of", "on", "or", "order", "primary", "rename", "replace", "revoke",
  "schema", "select", "set", "table", "to", "token", "true", "truncate", "unlogged", "update", "use",
  "using", "view", "where", "with",
]

/// Native types (CQL3Type.java).
let nativeTypeNames: Set<String> = [
  "ascii", "bigint", "blob", "boolean", "counter", "date", "decimal", "double", "duration", "empty", "float",
  "inet", "int", "smallint", "text", "time", "timestamp", "timeuuid", "tinyint", "uuid", "varchar", "varint",
]

extension Parser {
  func isName(_ token: Lexeme) -> Bool {
    switch token.kind {
    case .quotedIdentifier: true
    case .identifier: !reservedWords.contains(tokenText(token).lowercased())
    default: false
    }
  }

  /// A column's, field's, option's name.
  mutating func name() throws(CQLFailure) -> String {
    guard isName(current) else { throw noViableAlternative() }
    defer { position += 1 }
    return current.kind == .quotedIdentifier ? unquoted(current) : tokenText(current).lowercased()
  }

  mutating func name(of thing: String) throws(CQLFailure) -> String {
    if at("?") { throw .syntax("Bind variables cannot be used for \(thing) names") }
    return try name()
  }

  mutating func keyspaceName() throws(CQLFailure) -> String { try name(of: "keyspace") }

  /// What may stand behind a table's name anywhere in the grammar; Cassandra's parser looks that far at once, and
  /// blames whatever else is there.
  private static let tableFollowers = [
    ".", "(", ")", ";", "WHERE", "GROUP", "ORDER", "PER", "LIMIT", "ALLOW", "USING", "SET", "JSON", "ADD", "ALTER",
    "DROP", "RENAME", "WITH", "LIKE", "TO", "FROM", "AS", "APPLY", "INSERT", "UPDATE", "DELETE",
  ]

  mutating func tableName() throws(CQLFailure) -> QualifiedName {
    if isName(current), peek(1).kind != .end, !Self.tableFollowers.contains(where: { matches(peek(1), $0) }) {
      throw noViableAlternative(ahead: 1)
    }
    return try qualifiedName()
  }

  /// A column's name as a message shows it: in quotes where CQL needs them.
  static func shownName(_ name: String) -> String {
    let utf8 = name.utf8
    let isPlain =
      utf8.first.map { (0x61...0x7A).contains($0) } ?? false
      && utf8.allSatisfy { ASCII.isDigit($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_") }
      && !reservedWords.contains(name)
    return isPlain
      ? name : "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
  }

  mutating func qualifiedName(of thing: String = "table") throws(CQLFailure) -> QualifiedName {
    let first = try name(of: matches(peek(1), ".") ? "keyspace" : thing)
    guard take(".") else { return QualifiedName(keyspace: nil, name: first) }
    return QualifiedName(keyspace: first, name: try name(of: thing))
  }

  mutating func names() throws(CQLFailure) -> [String] {
    try expect("(")
    var names = [try name()]
    while take(",") { names.append(try name()) }
    try expect(")")
    return names
  }

  mutating func ifNotExists() throws(CQLFailure) -> Bool {
    guard take("IF") else { return false }
    try expect("NOT")
    try expect("EXISTS")
    return true
  }

  mutating func ifExists() throws(CQLFailure) -> Bool {
    guard take("IF") else { return false }
    try expect("EXISTS")
    return true
  }

  mutating func marker() throws(CQLFailure) -> Marker? {
    var markerName: String?
    if at(":") {
      guard isName(peek(1)) else { return nil }
      position += 1
      markerName = try name()
    } else if !take("?") {
      return nil
    }
    guard markers.count < CQLLimits.maxMarkers else {
      throw .syntax(
        "Too many markers(?). \(markers.count + 1) markers exceed the allowed maximum of \(CQLLimits.maxMarkers)")
    }
    let marker = Marker(index: markers.count, name: markerName)
    markers.append(marker)
    return marker
  }

  // MARK: - Types

  mutating func typeName() throws(CQLFailure) -> TypeName {
    try enter()
    defer { leave() }
    if current.kind == .string {
      defer { position += 1 }
      return .custom(unquoted(current))
    }
    guard current.kind == .identifier || current.kind == .quotedIdentifier else { throw noViableAlternative() }
    if matches(peek(1), "<"), let type = try parameterisedType() { return type }
    if current.kind == .identifier {
      let word = tokenText(current).lowercased()
      if nativeTypeNames.contains(word), !matches(peek(1), ".") {
        position += 1
        return .native(word)
      }
    }
    return .user(try qualifiedName(of: "type"))
  }

  private mutating func parameterisedType() throws(CQLFailure) -> TypeName? {
    let word = tokenText(current).lowercased()
    guard ["list", "set", "map", "tuple", "vector", "frozen"].contains(word) else { return nil }
    position += 2
    let type: TypeName
    switch word {
    case "list": type = .list(try typeName())
    case "set": type = .set(try typeName())
    case "frozen": type = .frozen(try typeName())
    case "map":
      let key = try typeName()
      try expect(",")
      type = .map(key, try typeName())
    case "vector":
      let element = try typeName()
      try expect(",")
      guard current.kind == .integer, let dimension = Int(tokenText(current)) else {
        throw mismatched(expecting: "INTEGER")
      }
      position += 1
      type = .vector(element, dimension: dimension)
    default:
      var parts = [try typeName()]
      while take(",") { parts.append(try typeName()) }
      type = .tuple(parts)
    }
    try expect(">")
    return type
  }

  // MARK: - Properties

  mutating func properties() throws(CQLFailure) -> Properties {
    var properties = Properties()
    repeat { try property(into: &properties) } while take("AND")
    return properties
  }

  mutating func property(into properties: inout Properties) throws(CQLFailure) {
    let key = try name()
    try expect("=")
    let value: Properties.Value
    if at("{") {
      value = .map(try propertyMap())
    } else if let constant = try constant() {
      value = .text(constant.text)
    } else if current.kind == .identifier, isName(current) {
      value = .text(tokenText(current).lowercased())
      position += 1
    } else {
      throw noViableAlternative()
    }
    guard properties[key] == nil else { throw .syntax("Multiple definition for property '\(key)'") }
    properties.entries.append(Properties.Entry(name: key, value: value))
  }

  private mutating func propertyMap() throws(CQLFailure) -> [String: String] {
    try expect("{")
    var map: [String: String] = [:]
    guard !take("}") else { return map }
    repeat {
      let key = try propertyConstant { marker in "Invalid property name: \(marker)" }
      try expect(":")
      let value = try propertyConstant { marker in "Invalid property value: \(marker) for property: '\(key)'" }
      guard map.updateValue(value, forKey: key) == nil else {
        throw .syntax("Multiple definition for property \(key)")
      }
    } while take(",")
    try expect("}")
    return map
  }

  private mutating func propertyConstant(_ refusal: (Term) -> String) throws(CQLFailure) -> String {
    if let constant = try constant() { return constant.text }
    guard let marker = try marker() else { throw noViableAlternative() }
    throw .syntax("\(refusal(.marker(marker))) (bind variables are not supported in DDL queries)")
  }
}
