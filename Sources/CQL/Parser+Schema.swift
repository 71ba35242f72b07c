// CREATE, ALTER, DROP of keyspaces and tables.

extension Parser {
  mutating func createKeyspace() throws(CQLFailure) -> CreateKeyspaceStatement {
    position += 2
    let isConditional = try ifNotExists()
    let name = try keyspaceName()
    try expect("WITH")
    return CreateKeyspaceStatement(name: name, ifNotExists: isConditional, properties: try properties())
  }

  mutating func alterKeyspace() throws(CQLFailure) -> AlterKeyspaceStatement {
    position += 2
    let isConditional = try ifExists()
    let name = try keyspaceName()
    try expect("WITH")
    return AlterKeyspaceStatement(name: name, ifExists: isConditional, properties: try properties())
  }

  mutating func dropKeyspace() throws(CQLFailure) -> DropKeyspaceStatement {
    position += 2
    let isConditional = try ifExists()
    return DropKeyspaceStatement(name: try keyspaceName(), ifExists: isConditional)
  }

  mutating func dropTable() throws(CQLFailure) -> DropTableStatement {
    position += 2
    let isConditional = try ifExists()
    return DropTableStatement(table: try tableName(), ifExists: isConditional)
  }

  // MARK: - CREATE TABLE

  mutating func createTable() throws(CQLFailure) -> Statement {
    position += 2
    let isConditional = try ifNotExists()
    let table = try tableName()
    if take("LIKE") { return .unsupported(takeRest("CREATE TABLE LIKE")) }
    var statement = CreateTableStatement(
      table: table, ifNotExists: isConditional, columns: [], partitionKey: [], clusteringKey: [],
      clusteringOrder: [], isCompactStorage: false, id: nil, properties: Properties())
    guard take("(") else { throw mismatched(expecting: "(") }
    var hasPrimaryKey = false
    if at(")") { throw noViableAlternative() }
    repeat {
      // Commas may stand alone.
      if at(")") || at(",") { continue }
      if at("PRIMARY") {
        guard !hasPrimaryKey else { throw Self.multiplePrimaryKeys }
        hasPrimaryKey = true
        try primaryKey(into: &statement)
      } else if try columnDefinition(into: &statement) {
        guard !hasPrimaryKey else { throw Self.multiplePrimaryKeys }
        hasPrimaryKey = true
      }
    } while take(",")
    try expect(")")
    if take("WITH") {
      repeat { try tableProperty(into: &statement) } while take("AND")
    }
    return .createTable(statement)
  }

  private static var multiplePrimaryKeys: CQLFailure {
    .invalid("Multiple PRIMARY KEY specifed (exactly one required)")
  }

  private mutating func definition() throws(CQLFailure) -> ColumnDefinition {
    let column = try name()
    let type = try typeName()
    return ColumnDefinition(name: column, type: type, isStatic: take("STATIC"))
  }

  private mutating func columnDefinition(into statement: inout CreateTableStatement) throws(CQLFailure) -> Bool {
    let column = try definition()
    statement.columns.append(column)
    if at("MASKED") { throw .invalid("Dynamic data masking is not supported") }
    guard take("PRIMARY") else { return false }
    try expect("KEY")
    statement.partitionKey = [column.name]
    return true
  }

  private mutating func primaryKey(into statement: inout CreateTableStatement) throws(CQLFailure) {
    position += 1
    try expect("KEY")
    try expect("(")
    if at("(") {
      statement.partitionKey = try names()
    } else {
      statement.partitionKey = [try name()]
    }
    while take(",") { statement.clusteringKey.append(try name()) }
    try expect(")")
  }

  private mutating func tableProperty(into statement: inout CreateTableStatement) throws(CQLFailure) {
    if take("COMPACT", "STORAGE") {
      statement.isCompactStorage = true
    } else if take("CLUSTERING", "ORDER") {
      try expect("BY")
      try expect("(")
      repeat {
        let column = try name()
        let isDescending = at("DESC")
        guard take("DESC") || take("ASC") else { throw noViableAlternative() }
        statement.clusteringOrder.append(.init(column: column, isDescending: isDescending))
      } while take(",")
      try expect(")")
    } else if at("ID", "=") {
      position += 2
      guard let constant = try constant() else { throw noViableAlternative() }
      statement.id = constant.text
    } else {
      try property(into: &statement.properties)
    }
  }

  // MARK: - ALTER TABLE

  mutating func alterTable() throws(CQLFailure) -> AlterTableStatement {
    position += 2
    let isConditional = try ifExists()
    let table = try tableName()
    return AlterTableStatement(table: table, ifExists: isConditional, change: try alteration())
  }

  private mutating func alteration() throws(CQLFailure) -> AlterTableStatement.Change {
    if take("ADD") {
      let isConditional = try ifNotExists()
      return .add(try addedColumns(), ifNotExists: isConditional)
    }
    if take("DROP") { return try droppedColumns() }
    if take("RENAME") {
      let isConditional = try ifExists()
      var renames: [AlterTableStatement.Rename] = []
      repeat {
        let from = try name()
        try expect("TO")
        renames.append(.init(from: from, to: try name()))
      } while take("AND")
      return .rename(renames, ifExists: isConditional)
    }
    if take("ALTER") {
      _ = try ifExists()
      let column = try name()
      if at("MASKED") || at("DROP") {
        _ = takeRest("")
        return .mask(column: column)
      }
      try expect("TYPE")
      return .alterType(column: column, try typeName())
    }
    if take("WITH") { return .properties(try properties()) }
    throw noViableAlternative()
  }

  private mutating func addedColumns() throws(CQLFailure) -> [ColumnDefinition] {
    guard take("(") else {
      var columns = [try definition()]
      while take(",") { columns.append(try definition()) }
      return columns
    }
    var columns = [try definition()]
    while take(",") { columns.append(try definition()) }
    try expect(")")
    return columns
  }

  private mutating func droppedColumns() throws(CQLFailure) -> AlterTableStatement.Change {
    if take("COMPACT", "STORAGE") { return .dropCompactStorage }
    let isConditional = try ifExists()
    let columns: [String]
    if at("(") {
      columns = try names()
    } else {
      var bare = [try name()]
      while take(",") { bare.append(try name()) }
      columns = bare
    }
    var timestamp: String?
    if take("USING") {
      try expect("TIMESTAMP")
      guard let constant = try constant(), constant.kind == .integer else { throw mismatched(expecting: "INTEGER") }
      timestamp = constant.text
    }
    return .drop(columns, timestamp: timestamp, ifExists: isConditional)
  }
}
