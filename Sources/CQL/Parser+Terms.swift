// Terms, relations, conditions, `USING`.

extension Parser {
  // MARK: - Constants

  /// The constant that begins here, its sign included; nil if none does.
  mutating func constant() throws(CQLFailure) -> Constant? {
    let isNegative = at("-")
    let token = isNegative ? peek(1) : current
    guard let constant = constant(from: token, isNegative: isNegative) else { return nil }
    position += isNegative ? 2 : 1
    return constant
  }

  private func constant(from token: Lexeme, isNegative: Bool) -> Constant? {
    let sign = isNegative ? "-" : ""
    switch token.kind {
    case .string, .dollarString: return isNegative ? nil : Constant(.string, unquoted(token))
    case .uuid: return isNegative ? nil : Constant(.uuid, tokenText(token))
    case .hex: return isNegative ? nil : Constant(.hex, tokenText(token))
    case .integer: return Constant(.integer, sign + tokenText(token))
    case .float: return Constant(.float, sign + tokenText(token))
    case .duration: return Constant(.duration, sign + tokenText(token))
    case .identifier:
      if matches(token, "NAN") { return Constant(.float, "NaN") }
      if matches(token, "INFINITY") { return Constant(.float, "\(sign)Infinity") }
      guard !isNegative, matches(token, "TRUE") || matches(token, "FALSE") else { return nil }
      return Constant(.boolean, tokenText(token))
    case .quotedIdentifier, .symbol, .end: return nil
    }
  }

  // MARK: - Terms

  mutating func term() throws(CQLFailure) -> Term {
    try enter()
    var levels = 1
    defer { leave(levels) }
    var left = try product(&levels)
    while let sign = takeOperator([.add, .subtract]) {
      // A chain grows to the left: each link is a level of the tree.
      try enter()
      levels += 1
      left = .arithmetic(sign, left, try product(&levels))
    }
    guard current.kind == .end || Self.termFollowers.contains(where: at) else { throw noViableAlternative() }
    return left
  }

  /// What may stand behind a term anywhere in the grammar (see `tableName`).
  private static let termFollowers = [
    ",", ")", "]", "}", ":", "..", ";", "AND", "IF", "WHERE", "ORDER", "GROUP", "PER", "LIMIT", "ALLOW", "AS", "APPLY",
    "INSERT", "UPDATE", "DELETE", "FROM",
  ]

  mutating func takeOperator(_ operators: [ArithmeticOperator]) -> ArithmeticOperator? {
    for candidate in operators where take(candidate.rawValue) { return candidate }
    return nil
  }

  private mutating func product(_ levels: inout Int) throws(CQLFailure) -> Term {
    var left = try signedTerm()
    while let sign = takeOperator([.multiply, .divide, .modulo]) {
      try enter()
      levels += 1
      left = .arithmetic(sign, left, try signedTerm())
    }
    return left
  }

  private mutating func signedTerm() throws(CQLFailure) -> Term {
    if let constant = try constant() { return .constant(constant) }
    if take("-") { return .negation(try simpleTerm()) }
    return try simpleTerm()
  }

  mutating func simpleTerm() throws(CQLFailure) -> Term {
    try enter()
    defer { leave() }
    if let constant = try constant() { return .constant(constant) }
    if take("NULL") { return .null }
    if let marker = try marker() { return .marker(marker) }
    if at("[") { return .list(try terms(from: "[", to: "]")) }
    if at("{") { return try braces() }
    if at("(") { return try typedOrTuple() }
    if at("CAST", "(") { return try castTerm() }
    return try functionTerm()
  }

  private mutating func castTerm() throws(CQLFailure) -> Term {
    position += 2
    let inner = try signedTerm()
    try expect("AS")
    let type = try typeName()
    try expect(")")
    return .cast(inner, type)
  }

  mutating func terms(from open: String, to close: String) throws(CQLFailure) -> [Term] {
    try expect(open)
    var terms: [Term] = []
    guard !take(close) else { return terms }
    repeat { terms.append(try term()) } while take(",")
    try expect(close)
    return terms
  }

  /// `{}`, a set, a map, or a user type's fields.
  private mutating func braces() throws(CQLFailure) -> Term {
    position += 1
    if take("}") { return .set([]) }
    if isName(current), matches(peek(1), ":") { return try fields() }
    let first = try term()
    if take(":") {
      var entries = [Term.MapEntry(key: first, value: try term())]
      while take(",") {
        let key = try term()
        try expect(":")
        entries.append(Term.MapEntry(key: key, value: try term()))
      }
      try expect("}")
      return .map(entries)
    }
    var members = [first]
    while take(",") { members.append(try term()) }
    try expect("}")
    return .set(members)
  }

  private mutating func fields() throws(CQLFailure) -> Term {
    var entries: [Term.FieldEntry] = []
    repeat {
      let field = try name()
      try expect(":")
      entries.append(Term.FieldEntry(name: field, value: try term()))
    } while take(",")
    try expect("}")
    return .userType(entries)
  }

  private mutating func typedOrTuple() throws(CQLFailure) -> Term {
    let type = attempt { (parser) throws(CQLFailure) -> TypeName? in
      parser.position += 1
      // A quoted class name is a string first: ('a', 'b') is a tuple.
      guard parser.current.kind != .string else { return nil }
      let type = try parser.typeName()
      return parser.take(")") ? type : nil
    }
    if let type { return .typed(type, try simpleTerm()) }
    return .tuple(try tupleMembers())
  }

  mutating func tupleMembers() throws(CQLFailure) -> [Term] {
    try expect("(")
    var members = [try term()]
    while take(",") { members.append(try term()) }
    try expect(")")
    return members
  }

  func isFunctionName(_ token: Lexeme) -> Bool { isName(token) || matches(token, "TOKEN") }

  /// `[keyspace.]name` before a parenthesis; `token` is a function's name though it is reserved.
  mutating func functionName() throws(CQLFailure) -> QualifiedName {
    guard isFunctionName(current) else { throw noViableAlternative() }
    if matches(current, "TOKEN") {
      position += 1
      return QualifiedName(keyspace: nil, name: "token")
    }
    return try qualifiedName(of: "function")
  }

  private mutating func functionTerm() throws(CQLFailure) -> Term {
    let function = try functionName()
    guard at("(") else { throw noViableAlternative() }
    return .function(function, try terms(from: "(", to: ")"))
  }

  /// `LIMIT`, `TIMESTAMP`, `TTL`: an integer or a marker.
  mutating func integerTerm() throws(CQLFailure) -> Term {
    if let marker = try marker() { return .marker(marker) }
    guard (at("-") ? peek(1) : current).kind == .integer, let constant = try constant() else {
      throw noViableAlternative()
    }
    return .constant(constant)
  }

  // MARK: - Relations

  mutating func whereClause() throws(CQLFailure) -> [Relation] {
    var relations: [Relation] = []
    repeat { relations.append(try relation()) } while take("AND")
    return relations
  }

  mutating func comparisonOperator() throws(CQLFailure) -> ComparisonOperator {
    for candidate in [
      ComparisonOperator.equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .notEqual,
    ] where take(candidate.rawValue) {
      return candidate
    }
    throw noViableAlternative()
  }

  private mutating func relation() throws(CQLFailure) -> Relation {
    if at("TOKEN") {
      position += 1
      let columns = try names()
      return .token(columns: columns, try comparisonOperator(), try term())
    }
    if at("(") { return try parenthesisedRelation() }
    let column = try name()
    if take("[") {
      let key = try term()
      try expect("]")
      return .element(column: column, key: key, try comparisonOperator(), try term())
    }
    if take("IN") { return .membership(column: column, try inValues()) }
    if take("CONTAINS") {
      let comparison: ComparisonOperator = take("KEY") ? .containsKey : .contains
      return .comparison(column: column, comparison, try term())
    }
    if take("LIKE") { return .comparison(column: column, .like, try term()) }
    if take("IS") {
      try expect("NOT")
      try expect("NULL")
      return .isNotNull(column: column)
    }
    return .comparison(column: column, try comparisonOperator(), try term())
  }

  private mutating func parenthesisedRelation() throws(CQLFailure) -> Relation {
    let isTuple = isName(peek(1)) && (matches(peek(2), ",") || matches(peek(2), ")"))
    guard isTuple else {
      position += 1
      let inner = try nested { (parser) throws(CQLFailure) in try parser.relation() }
      try expect(")")
      return inner
    }
    let columns = try names()
    if take("IN") { return .tupleMembership(columns: columns, try inValues()) }
    let comparison = try comparisonOperator()
    if let marker = try marker() { return .tuple(columns: columns, comparison, .marker(marker)) }
    return .tuple(columns: columns, comparison, .tuple(try tupleMembers()))
  }

  mutating func inValues() throws(CQLFailure) -> InValues {
    if let marker = try marker() { return .marker(marker) }
    guard at("(") else { throw noViableAlternative() }
    return .terms(try terms(from: "(", to: ")"))
  }

  // MARK: - Conditions

  mutating func condition() throws(CQLFailure) -> Condition {
    guard take("IF") else { return .none }
    if take("EXISTS") { return .exists }
    var conditions: [ColumnCondition] = []
    repeat { conditions.append(try columnCondition()) } while take("AND")
    return .columns(conditions)
  }

  private mutating func columnCondition() throws(CQLFailure) -> ColumnCondition {
    let column = try name()
    let target: ColumnCondition.Target
    if take("[") {
      target = .element(column: column, key: try term())
      try expect("]")
    } else if take(".") {
      target = .field(column: column, try name())
    } else {
      target = .column(column)
    }
    if take("IN") { return ColumnCondition(target: target, test: .membership(try inValues())) }
    if take("CONTAINS") {
      let comparison: ComparisonOperator = take("KEY") ? .containsKey : .contains
      return ColumnCondition(target: target, test: .comparison(comparison, try term()))
    }
    return ColumnCondition(target: target, test: .comparison(try comparisonOperator(), try term()))
  }

  // MARK: - USING

  mutating func using() throws(CQLFailure) -> Attributes {
    var attributes = Attributes()
    guard take("USING") else { return attributes }
    repeat {
      if take("TIMESTAMP") {
        attributes.timestamp = try integerTerm()
      } else if take("TTL") {
        attributes.timeToLive = try integerTerm()
      } else {
        throw noViableAlternative()
      }
    } while take("AND")
    return attributes
  }
}
