// SELECT and its selectors.

extension Parser {
  mutating func select() throws(CQLFailure) -> SelectStatement {
    try expect("SELECT")
    let isJSON = takeModifier("JSON")
    let isDistinct = takeModifier("DISTINCT")
    let selection = try selection()
    try expect("FROM")
    var statement = SelectStatement(table: try tableName(), selection: selection)
    statement.isJSON = isJSON
    statement.isDistinct = isDistinct
    if take("WHERE") { statement.restrictions = try whereClause() }
    if take("GROUP") {
      try expect("BY")
      repeat { statement.groupBy.append(try selector()) } while take(",")
    }
    if take("ORDER") {
      try expect("BY")
      repeat { statement.ordering.append(try ordering()) } while take(",")
    }
    if take("PER") {
      try expect("PARTITION")
      try expect("LIMIT")
      statement.perPartitionLimit = try integerTerm()
    }
    if take("LIMIT") { statement.limit = try integerTerm() }
    if take("ALLOW") {
      try expect("FILTERING")
      statement.allowsFiltering = true
    }
    return statement
  }

  /// JSON and DISTINCT are columns' names too: a modifier only if a selector follows.
  private mutating func takeModifier(_ word: String) -> Bool {
    guard at(word) else { return false }
    let next = peek(1)
    let follows: Bool
    switch next.kind {
    case .end: follows = false
    case .symbol: follows = matches(next, "*") || matches(next, "{")
    case .identifier: follows = !matches(next, "FROM") && !matches(next, "AS")
    default: follows = true
    }
    if follows { position += 1 }
    return follows
  }

  private mutating func selection() throws(CQLFailure) -> Selection {
    if take("*") { return .wildcard }
    var items: [SelectionItem] = []
    repeat {
      let selector = try selector()
      items.append(SelectionItem(selector: selector, alias: take("AS") ? try name() : nil))
    } while take(",")
    return .items(items)
  }

  private mutating func ordering() throws(CQLFailure) -> Ordering {
    let column = try name()
    if take("ANN") {
      try expect("OF")
      return Ordering(key: .nearest(column, try term()), isDescending: false)
    }
    if take("DESC") { return Ordering(key: .column(column), isDescending: true) }
    _ = take("ASC")
    return Ordering(key: .column(column), isDescending: false)
  }

  // MARK: - Selectors

  mutating func selector() throws(CQLFailure) -> Selector {
    try enter()
    var levels = 1
    defer { leave(levels) }
    var left = try selectorProduct(&levels)
    while let sign = takeOperator([.add, .subtract]) {
      try enter()
      levels += 1
      left = .arithmetic(sign, left, try selectorProduct(&levels))
    }
    return left
  }

  private mutating func selectorProduct(_ levels: inout Int) throws(CQLFailure) -> Selector {
    var left = try modifiedSelector(&levels)
    while let sign = takeOperator([.multiply, .divide, .modulo]) {
      try enter()
      levels += 1
      left = .arithmetic(sign, left, try modifiedSelector(&levels))
    }
    return left
  }

  private mutating func modifiedSelector(_ levels: inout Int) throws(CQLFailure) -> Selector {
    if let constant = try constant() { return .term(.constant(constant)) }
    if take("-") { return .negation(try nested { (parser) throws(CQLFailure) in try parser.modifiedSelector() }) }
    var inner = try simpleSelector()
    while true {
      if take(".") {
        inner = .field(inner, try name())
      } else if take("[") {
        inner = try subselection(of: inner)
      } else {
        return inner
      }
      try enter()
      levels += 1
    }
  }

  private mutating func modifiedSelector() throws(CQLFailure) -> Selector {
    var levels = 0
    defer { leave(levels) }
    return try modifiedSelector(&levels)
  }

  private mutating func subselection(of inner: Selector) throws(CQLFailure) -> Selector {
    let lower: Term? = at("..") ? nil : try term()
    defer { _ = take("]") }
    if take("..") {
      let upper: Term? = at("]") ? nil : try term()
      guard at("]") else { throw mismatched(expecting: "]") }
      return .slice(inner, from: lower, to: upper)
    }
    guard at("]"), let lower else { throw mismatched(expecting: "]") }
    return .element(inner, lower)
  }

  private mutating func simpleSelector() throws(CQLFailure) -> Selector {
    if at("NULL") || at("?") || at(":") || at("[") || at("{") { return .term(try simpleTerm()) }
    if at("(") { return try parenthesisedSelector() }
    let isCall = matches(peek(1), "(")
    if at("CAST"), isCall { return try castSelector() }
    if isCall, at("COUNT"), let count = try countRows() { return count }
    if at("TOKEN"), !isCall {
      position += 1
      throw mismatched(expecting: "(")
    }
    if isCall, at("WRITETIME") { return .writeTime(try metadataArgument()) }
    if isCall, at("MAXWRITETIME") { return .maxWriteTime(try metadataArgument()) }
    if isCall, at("TTL") { return .timeToLive(try metadataArgument()) }
    if isFunctionName(current), isCall || (matches(peek(1), ".") && matches(peek(3), "(")) {
      let function = try functionName()
      return .function(function, try selectorArguments())
    }
    if isName(current), peek(1).kind != .end, !Self.columnFollowers.contains(where: { matches(peek(1), $0) }) {
      throw noViableAlternative(ahead: 1)
    }
    return .column(try name())
  }

  /// What may stand behind a selected column (see `tableName`).
  private static let columnFollowers = [
    ",", "FROM", "AS", ".", "[", "]", "(", ")", "+", "-", "*", "/", "%", "..", ":", "}", ";", "ORDER", "PER", "LIMIT",
    "ALLOW",
  ]

  private mutating func countRows() throws(CQLFailure) -> Selector? {
    let argument = peek(2)
    let isOne = argument.kind == .integer && tokenText(argument) == "1" && matches(peek(3), ")")
    guard matches(argument, "*") || isOne else { return nil }
    position += 3
    try expect(")")
    return .countRows
  }

  private mutating func metadataArgument() throws(CQLFailure) -> Selector {
    position += 2
    let inner = try modifiedSelector()
    try expect(")")
    return inner
  }

  private mutating func castSelector() throws(CQLFailure) -> Selector {
    position += 2
    let inner = try selector()
    try expect("AS")
    let type = try typeName()
    try expect(")")
    return .cast(inner, type)
  }

  private mutating func selectorArguments() throws(CQLFailure) -> [Selector] {
    try expect("(")
    var arguments: [Selector] = []
    if at("FROM") { throw mismatched(expecting: ")") }
    guard !take(")") else { return arguments }
    repeat { arguments.append(try selector()) } while take(",")
    try expect(")")
    return arguments
  }

  /// `(type) term`, or a selector in parentheses.
  private mutating func parenthesisedSelector() throws(CQLFailure) -> Selector {
    let typed = attempt { (parser) throws(CQLFailure) -> Term? in
      parser.position += 1
      guard parser.current.kind != .string else { return nil }
      let type = try parser.typeName()
      guard parser.take(")") else { return nil }
      return .typed(type, try parser.simpleTerm())
    }
    if let typed { return .term(typed) }
    try expect("(")
    let inner = try selector()
    try expect(")")
    return inner
  }
}
