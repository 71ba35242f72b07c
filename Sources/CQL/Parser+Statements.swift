// The first words of a statement decide which it is. DESCRIBE, and the statements that are known and
// refused, are here too.

extension Parser {
  mutating func wholeStatement() throws(CQLFailure) -> Statement {
    let statement = try statement()
    while take(";") {}
    guard current.kind == .end else { throw mismatched(expecting: "EOF") }
    return statement
  }

  private mutating func statement() throws(CQLFailure) -> Statement {
    guard current.kind == .identifier else { throw noViableAlternative() }
    switch tokenText(current).lowercased() {
    case "select": return .select(try select())
    case "insert": return .insert(try insert())
    case "update": return .update(try update())
    case "delete": return .delete(try delete())
    case "begin": return .batch(try batch())
    case "use":
      position += 1
      return .use(keyspace: try keyspaceName())
    case "truncate":
      position += 1
      // TABLE is optional; it is reserved, so never a table's name.
      _ = take("TABLE") || take("COLUMNFAMILY")
      return .truncate(try tableName())
    case "create": return try create()
    case "alter": return try alter()
    case "drop": return try drop()
    case "describe", "desc":
      position += 1
      return .describe(try describe())
    case "list", "grant", "revoke", "add", "copy": return try refused()
    default: throw noViableAlternative()
    }
  }

  private mutating func create() throws(CQLFailure) -> Statement {
    let next = peek(1)
    if matches(next, "KEYSPACE") || matches(next, "SCHEMA") { return .createKeyspace(try createKeyspace()) }
    if matches(next, "TABLE") || matches(next, "COLUMNFAMILY") { return try createTable() }
    return try refused()
  }

  private mutating func alter() throws(CQLFailure) -> Statement {
    let next = peek(1)
    if matches(next, "KEYSPACE") || matches(next, "SCHEMA") { return .alterKeyspace(try alterKeyspace()) }
    if matches(next, "TABLE") || matches(next, "COLUMNFAMILY") { return .alterTable(try alterTable()) }
    return try refused()
  }

  private mutating func drop() throws(CQLFailure) -> Statement {
    let next = peek(1)
    if matches(next, "KEYSPACE") || matches(next, "SCHEMA") { return .dropKeyspace(try dropKeyspace()) }
    if matches(next, "TABLE") || matches(next, "COLUMNFAMILY") { return .dropTable(try dropTable()) }
    return try refused()
  }

  // MARK: - Known and refused

  /// First words of the statements that Marquee does not run, longest first where one begins another.
  private static let refusedStatements: [[String]] = [
    ["CREATE", "CUSTOM", "INDEX"], ["CREATE", "INDEX"], ["CREATE", "MATERIALIZED", "VIEW"], ["CREATE", "TYPE"],
    ["CREATE", "TRIGGER"], ["CREATE", "OR", "REPLACE", "FUNCTION"], ["CREATE", "OR", "REPLACE", "AGGREGATE"],
    ["CREATE", "FUNCTION"], ["CREATE", "AGGREGATE"], ["CREATE", "ROLE"], ["CREATE", "USER"],
    ["CREATE", "GENERATED", "ROLE"], ["ALTER", "TYPE"], ["ALTER", "MATERIALIZED", "VIEW"], ["ALTER", "ROLE"],
    ["ALTER", "USER"], ["DROP", "INDEX"], ["DROP", "MATERIALIZED", "VIEW"], ["DROP", "TYPE"], ["DROP", "TRIGGER"],
    ["DROP", "FUNCTION"], ["DROP", "AGGREGATE"], ["DROP", "ROLE"], ["DROP", "USER"], ["DROP", "IDENTITY"],
    ["LIST", "ROLES"], ["LIST", "USERS"], ["LIST", "SUPERUSERS"], ["GRANT"], ["REVOKE"], ["ADD", "IDENTITY"],
  ]

  private mutating func refused() throws(CQLFailure) -> Statement {
    for words in Self.refusedStatements where follows(words) {
      return .unsupported(takeRest(words.joined(separator: " ")))
    }
    if at("LIST"), peek(1).kind == .identifier { return .unsupported(takeRest("LIST PERMISSIONS")) }
    throw noViableAlternative(ahead: at("CREATE") || at("ALTER") || at("DROP") ? 1 : 0)
  }

  private func follows(_ words: [String]) -> Bool {
    for (offset, word) in words.enumerated() where !matches(peek(offset), word) { return false }
    return true
  }

  /// Skips to the end of the statement.
  mutating func takeRest(_ name: String) -> UnsupportedStatement {
    while current.kind != .end, !at(";") { position += 1 }
    return UnsupportedStatement(name: name)
  }

  // MARK: - DESCRIBE

  private mutating func describe() throws(CQLFailure) -> DescribeStatement {
    var statement = DescribeStatement(target: try describedTarget(), withInternals: false)
    if take("WITH") {
      try expect("INTERNALS")
      statement.withInternals = true
    }
    return statement
  }

  private mutating func describedTarget() throws(CQLFailure) -> DescribeStatement.Target {
    if let list = describedList() { return list }
    if take("FULL") {
      try expect("SCHEMA")
      return .schema(isFull: true)
    }
    if take("SCHEMA") { return .schema(isFull: false) }
    let isOnly = at("ONLY", "KEYSPACE") && take("ONLY")
    if take("KEYSPACE") { return .keyspace(isName(current) ? try keyspaceName() : nil, isOnly: isOnly) }
    if take("TABLE") || take("COLUMNFAMILY") { return .table(try tableName()) }
    if take("INDEX") { return .index(try qualifiedName(of: "index")) }
    if take("MATERIALIZED") {
      try expect("VIEW")
      return .materializedView(try tableName())
    }
    if isName(peek(1)) {
      if take("TYPE") { return .type(try qualifiedName(of: "type")) }
      if take("FUNCTION") { return .function(try qualifiedName(of: "function")) }
      if take("AGGREGATE") { return .aggregate(try qualifiedName(of: "aggregate")) }
    }
    return .generic(try tableName())
  }

  private mutating func describedList() -> DescribeStatement.Target? {
    // `DESCRIBE tables.x` would be a table of a keyspace of that name.
    guard !matches(peek(1), ".") else { return nil }
    if take("CLUSTER") { return .cluster }
    if take("KEYSPACES") { return .keyspaces }
    if take("TABLES") || take("COLUMNFAMILIES") { return .tables }
    if take("TYPES") { return .types }
    if take("FUNCTIONS") { return .functions }
    if take("AGGREGATES") { return .aggregates }
    return nil
  }
}
