// INSERT, UPDATE, DELETE, BATCH.

extension Parser {
  mutating func insert() throws(CQLFailure) -> InsertStatement {
    try expect("INSERT")
    try expect("INTO")
    let table = try tableName()
    var statement: InsertStatement
    if take("JSON") {
      statement = InsertStatement(table: table, source: try jsonSource())
    } else {
      guard at("(") else { throw noViableAlternative() }
      let columns = try names()
      try expect("VALUES")
      guard at("(") else { throw mismatched(expecting: "(") }
      let terms = try tupleMembers()
      statement = InsertStatement(table: table, source: .values(columns: columns, terms: terms))
    }
    statement.ifNotExists = try ifNotExists()
    statement.attributes = try using()
    return statement
  }

  private mutating func jsonSource() throws(CQLFailure) -> InsertStatement.Source {
    let document: Term
    if let marker = try marker() {
      document = .marker(marker)
    } else if let constant = try constant(), constant.kind == .string {
      document = .constant(constant)
    } else {
      throw noViableAlternative()
    }
    var defaultsToUnset = false
    if take("DEFAULT") {
      defaultsToUnset = at("UNSET")
      guard take("UNSET") || take("NULL") else { throw noViableAlternative() }
    }
    return .json(document, defaultsToUnset: defaultsToUnset)
  }

  mutating func update() throws(CQLFailure) -> UpdateStatement {
    try expect("UPDATE")
    let table = try tableName()
    let attributes = try using()
    try expect("SET")
    var assignments: [Assignment] = []
    repeat { assignments.append(try assignment()) } while take(",")
    try expect("WHERE")
    var statement = UpdateStatement(table: table, assignments: assignments, restrictions: try whereClause())
    statement.attributes = attributes
    statement.condition = try condition()
    return statement
  }

  private mutating func assignment() throws(CQLFailure) -> Assignment {
    let column = try name()
    if take("[") {
      let key = try term()
      try expect("]")
      try expect("=")
      return Assignment(column: column, operation: .setElement(key: key, try term()))
    }
    if take(".") {
      let field = try name()
      try expect("=")
      return Assignment(column: column, operation: .setField(field, try term()))
    }
    if take("+=") { return Assignment(column: column, operation: .add(try term())) }
    if take("-=") { return Assignment(column: column, operation: .subtract(try term())) }
    guard take("=") else { throw noViableAlternative() }
    return Assignment(column: column, operation: try assignedValue(to: column))
  }

  /// What follows `c =`: a term, `c + term`, `c - term` or `term + c`.
  private mutating func assignedValue(to column: String) throws(CQLFailure) -> Assignment.Operation {
    let next = peek(1)
    if isName(current), matches(next, "+") || matches(next, "-") {
      let isAddition = matches(next, "+")
      let other = try name()
      position += 1
      guard other == column else {
        throw .syntax("Only expressions of the form X = X \(isAddition ? "+" : "-")<value> are supported.")
      }
      return isAddition ? .add(try term()) : .subtract(try term())
    }
    // `[1] + c`: the name would be read as a term, so the sum is looked for first.
    let prepended = attempt { (parser) throws(CQLFailure) -> (Term, String)? in
      let value = try parser.simpleTerm()
      guard parser.take("+"), parser.isName(parser.current) else { return nil }
      let next = parser.peek(1)
      guard !parser.matches(next, "("), !parser.matches(next, ".") else { return nil }
      return (value, try parser.name())
    }
    guard let (value, other) = prepended else { return .set(try term()) }
    guard other == column else {
      throw .syntax("Only expressions of the form X = <value> + X are supported.")
    }
    return .prepend(value)
  }

  mutating func delete() throws(CQLFailure) -> DeleteStatement {
    try expect("DELETE")
    var targets: [DeleteStatement.Target] = []
    if isName(current) {
      repeat { targets.append(try deletion()) } while take(",")
    }
    try expect("FROM")
    let table = try tableName()
    var attributes = Attributes()
    if take("USING") {
      try expect("TIMESTAMP")
      attributes.timestamp = try integerTerm()
    }
    try expect("WHERE")
    var statement = DeleteStatement(table: table, targets: targets, restrictions: try whereClause())
    statement.attributes = attributes
    statement.condition = try condition()
    return statement
  }

  private mutating func deletion() throws(CQLFailure) -> DeleteStatement.Target {
    if isName(current), peek(1).kind != .end, ![",", "[", ".", "FROM"].contains(where: { matches(peek(1), $0) }) {
      throw noViableAlternative(ahead: 1)
    }
    let column = try name()
    if take("[") {
      let key = try term()
      try expect("]")
      return .element(column: column, key)
    }
    if take(".") { return .field(column: column, try name()) }
    return .column(column)
  }

  mutating func batch() throws(CQLFailure) -> BatchStatement {
    try expect("BEGIN")
    var kind = BatchStatement.Kind.logged
    if take("UNLOGGED") {
      kind = .unlogged
    } else if take("COUNTER") {
      kind = .counter
    }
    try expect("BATCH")
    let attributes = try using()
    var members: [BatchStatement.Member] = []
    while !at("APPLY") {
      if at("INSERT") {
        members.append(.insert(try insert()))
      } else if at("UPDATE") {
        members.append(.update(try update()))
      } else if at("DELETE") {
        members.append(.delete(try delete()))
      } else {
        throw mismatched(expecting: "APPLY")
      }
      while take(";") {}
      guard members.count <= CQLLimits.maxBatchMembers else {
        throw .syntax("A batch may hold at most \(CQLLimits.maxBatchMembers) statements")
      }
    }
    try expect("APPLY")
    try expect("BATCH")
    return BatchStatement(kind: kind, attributes: attributes, members: members)
  }
}
