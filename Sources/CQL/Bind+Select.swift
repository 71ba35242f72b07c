// SELECT against its table: selectors, result columns, ordering, limits.

import Base
import Data

extension Binding {
  mutating func bind(_ statement: SelectStatement) throws(CQLFailure) -> BoundSelect {
    let table = try table(statement.table)
    let (columns, selectors) = try bindSelection(statement, table)
    let selectsStaticsAlone =
      fetched.contains { $0.kind == .static } && fetched.allSatisfy { $0.kind == .static || $0.kind == .partitionKey }
    let restrictions = try bindRestrictions(
      statement.restrictions, table, .select(allowsFiltering: statement.allowsFiltering))
    if selectsStaticsAlone, !statement.isDistinct, restrictsClustering(statement, table) {
      throw .invalid("Cannot restrict clustering columns when selecting only static columns")
    }
    let groupBySlots = try bindGroupBy(statement, table)
    if statement.isDistinct { try checkDistinct(statement, columns, restrictions, table) }
    let isReversed = try bindOrdering(statement, restrictions, table)
    var mergeOrder: [BoundSelect.MergeOrder] = []
    if !statement.ordering.isEmpty, !restrictions.namesOnePartition {
      for case .column(let name) in statement.ordering.map(\.key) {
        let column = try column(name, of: table)
        mergeOrder.append(.init(slot: slot(of: column), isDescending: column.isDescending != isReversed))
      }
    }
    var perPartitionLimit: BoundTerm?
    var limit: BoundTerm?
    if let term = statement.perPartitionLimit {
      if statement.isDistinct { throw .invalid("PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries") }
      if groupBySlots.isEmpty, selectors.contains(where: \.hasAggregate) {
        throw .invalid("PER PARTITION LIMIT is not allowed with aggregate queries.")
      }
      perPartitionLimit = try bind(term, Receiver(name: "[per_partition_limit]", type: .int, table: table))
    }
    if let term = statement.limit { limit = try bind(term, Receiver(name: "[limit]", type: .int, table: table)) }
    return BoundSelect(
      table: table, columns: columns, selectors: selectors, fetched: fetched, isDistinct: statement.isDistinct,
      isJSON: statement.isJSON, groupBySlots: groupBySlots, isReversed: isReversed, mergeOrder: mergeOrder,
      restrictions: restrictions, limit: limit, perPartitionLimit: perPartitionLimit)
  }

  private func restrictsClustering(_ statement: SelectStatement, _ table: Table) -> Bool {
    statement.restrictions.contains { relation in
      switch relation {
      case .comparison(let name, _, _), .membership(let name, _), .element(let name, _, _, _), .isNotNull(let name):
        table.column(named: name)?.kind == .clustering
      case .tuple, .tupleMembership: true
      case .token: false
      }
    }
  }

  // MARK: - Selection

  private mutating func bindSelection(
    _ statement: SelectStatement, _ table: Table
  ) throws(CQLFailure) -> ([SelectedColumn], [BoundSelector]) {
    guard case .items(let items) = statement.selection else {
      let shown = table.columns
      return (
        shown.map { SelectedColumn(name: $0.name, type: $0.type) },
        shown.map { .column(slot: slot(of: $0), $0.type) }
      )
    }
    var columns: [SelectedColumn] = []
    var selectors: [BoundSelector] = []
    for item in items {
      if case .term(.constant(let constant)) = item.selector {
        let term = Term.constant(constant)
        throw .invalid("Cannot infer type for term \(term) in selection clause (try using a cast to force a type)")
      }
      let selector = try bind(item.selector, table, expected: nil)
      selectors.append(selector)
      columns.append(SelectedColumn(name: item.alias ?? item.selector.resultName, type: selector.type))
    }
    return (columns, selectors)
  }

  private mutating func bind(
    _ selector: Selector, _ table: Table, expected: CQLType?
  ) throws(CQLFailure) -> BoundSelector {
    switch selector {
    case .column(let name):
      let column = try column(name, of: table)
      return .column(slot: slot(of: column), column.type)
    case .countRows:
      return .aggregate(AggregateFunction(body: .countRows, argument: nil, result: .bigint), nil)
    case .writeTime(let inner): return try bindTimes(inner, .writeTime, table)
    case .maxWriteTime(let inner): return try bindTimes(inner, .maxWriteTime, table)
    case .timeToLive(let inner): return try bindTimes(inner, .timeToLive, table)
    case .term(let term): return try bindSelected(term, table, expected: expected)
    case .cast(let inner, let name):
      let argument = try bind(inner, table, expected: nil)
      let type = try Binder.type(name)
      guard ScalarFunction.canCast(from: argument.type.unfrozen, to: type) else {
        throw .invalid("\(argument.type) cannot be cast to \(type)")
      }
      let body = ScalarFunction.Body.cast(from: argument.type.unfrozen, to: type)
      return .call(ScalarFunction(name: "cast", body: body, result: type), [argument])
    case .function(let name, let arguments): return try bindCall(name, arguments, table)
    case .element(let inner, let key): return try bindElement(inner, key, table)
    case .slice(let inner, let from, let to):
      let container = try bind(inner, table, expected: nil)
      let key = try elementKey(of: container, inner, "Slice")
      return .slice(
        container, from: try from.map { (term) throws(CQLFailure) in try bindSelected(term, table, expected: key) },
        to: try to.map { (term) throws(CQLFailure) in try bindSelected(term, table, expected: key) },
        container: container.type)
    case .field(let inner, _):
      let type = try bind(inner, table, expected: nil).type
      throw .invalid("Invalid field selection: \(inner.resultName) of type \(type) is not a user type")
    case .arithmetic(let sign, let left, let right): return try bindArithmetic(sign, left, right, table)
    case .negation(let inner):
      let argument = try bind(inner, table, expected: nil)
      guard ScalarFunction.isAnyNumber(argument.type) else {
        throw .invalid("the '-' operation is not supported for \(argument.type)")
      }
      return .call(ScalarFunction(name: "-", body: .negate(argument.type), result: argument.type), [argument])
    }
  }

  /// WRITETIME, MAXWRITETIME or TTL of a column, or of elements of a multi-cell collection.
  private mutating func bindTimes(
    _ inner: Selector, _ kind: ElementTimeSelector.Kind, _ table: Table
  ) throws(CQLFailure) -> BoundSelector {
    let word = kind.rawValue
    let name: String
    switch inner {
    case .column(let column), .element(.column(let column), _), .slice(.column(let column), _, _): name = column
    default: throw .invalid("Cannot use selection function \(word) on \(inner.resultName)")
    }
    let column = try column(name, of: table)
    if column.kind == .partitionKey || column.kind == .clustering {
      throw .invalid("Cannot use selection function \(word) on PRIMARY KEY part \(name)")
    }
    let slot = slot(of: column)
    guard column.type.isMultiCell else {
      guard case .column = inner else {
        throw .invalid("Cannot use selection function \(word) on \(inner.resultName)")
      }
      return kind == .timeToLive ? .timeToLive(slot: slot) : .writeTime(slot: slot)
    }
    var selector = ElementTimeSelector(kind: kind, part: .whole, container: column.type)
    let container = BoundSelector.column(slot: slot, column.type)
    switch inner {
    case .element(_, let term):
      let key = try elementKey(of: container, .column(name), "Element")
      selector.part = .element(try bindSelected(term, table, expected: key))
    case .slice(_, let from, let to):
      let key = try elementKey(of: container, .column(name), "Slice")
      selector.part = .slice(
        from: try from.map { (term) throws(CQLFailure) in try bindSelected(term, table, expected: key) },
        to: try to.map { (term) throws(CQLFailure) in try bindSelected(term, table, expected: key) })
    default: break
    }
    return .elementTimes(slot: slot, selector)
  }

  /// What selects elements of a set or a map.
  private func elementKey(
    of container: BoundSelector, _ inner: Selector, _ word: String
  ) throws(CQLFailure) -> CQLType {
    switch container.type.unfrozen {
    case .list: throw .invalid("\(word) selection is only allowed on sets and maps, but \(inner.resultName) is a list")
    case .set(let type), .map(let type, _): return type
    default:
      throw .invalid(
        "Invalid \(word.lowercased()) selection: \(inner.resultName) is of type \(container.type) is not a collection")
    }
  }

  private mutating func bindSelected(
    _ term: Term, _ table: Table, expected: CQLType?
  ) throws(CQLFailure) -> BoundSelector {
    guard let type = expected ?? inferredType(of: term, table) else {
      throw .invalid("Cannot infer type for term \(term) in selection clause (try using a cast to force a type)")
    }
    let bound = try bind(term, Receiver(name: "[selection]", type: type, table: table))
    if let bytes = bound.constantBytes { return .constant(bytes, type) }
    return .term(BoundTermBox(term: bound), type)
  }

  private mutating func bindElement(
    _ inner: Selector, _ key: Term, _ table: Table
  ) throws(CQLFailure) -> BoundSelector {
    let container = try bind(inner, table, expected: nil)
    let keyType = try elementKey(of: container, inner, "Element")
    let bound = try bindSelected(key, table, expected: keyType)
    return .element(container, key: bound, container: container.type)
  }

  private mutating func bindArithmetic(
    _ sign: ArithmeticOperator, _ left: Selector, _ right: Selector, _ table: Table
  ) throws(CQLFailure) -> BoundSelector {
    let a = try bind(left, table, expected: nil)
    let b = try bind(right, table, expected: nil)
    guard let function = ScalarFunction.operation(sign, a.type, b.type) else {
      throw .invalid(
        "the '\(sign.rawValue)' operation is not supported between \(left.resultName) and \(right.resultName)"
      )
    }
    return .call(function, [a, b])
  }

  private mutating func bindCall(
    _ name: QualifiedName, _ arguments: [Selector], _ table: Table
  ) throws(CQLFailure) -> BoundSelector {
    guard name.keyspace == nil || name.keyspace == "system" else { throw .invalid("Unknown function '\(name)'") }
    if AggregateFunction.names.contains(name.name) {
      guard arguments.count == 1 else {
        throw .invalid(
          "Invalid number of arguments in call to function system.\(name.name): 1 required but"
            + " \(arguments.count) provided"
        )
      }
      let argument = try bind(arguments[0], table, expected: nil)
      if argument.hasAggregate {
        throw .invalid("aggregate functions cannot be used as arguments of aggregate functions")
      }
      guard let function = AggregateFunction.resolve(name.name, argument.type) else {
        throw .invalid(
          "Invalid call to function \(name), none of its type signatures match (known type"
            + " signatures: system.\(name.name) : (number) -> number)"
        )
      }
      return .aggregate(function, argument)
    }
    if name.name == "tojson" || name.name == "to_json", arguments.count == 1 {
      let argument = try bind(arguments[0], table, expected: nil)
      return .call(ScalarFunction(name: name.name, body: .toJSON(argument.type), result: .text), [argument])
    }
    if ["fromjson", "from_json"].contains(name.name) {
      throw .invalid("\(name.name)() cannot be used in the selection clause of a SELECT statement")
    }
    if let call = try bindCollectionCall(name.name, arguments, table) { return call }
    let key = table.partitionKey.map(\.type)
    guard let overloads = ScalarFunction.overloads(of: name.name, partitionKey: key) else {
      throw .invalid("Unknown function '\(name.name)'")
    }
    for overload in overloads where overload.arguments.count == arguments.count {
      let saved = (variables, fetched, slots)
      var bound: [BoundSelector] = []
      do throws(CQLFailure) {
        for (argument, type) in zip(arguments, overload.arguments) {
          bound.append(try bind(argument, table, expected: type))
        }
      } catch {
        (variables, fetched, slots) = saved
        if overloads.count == 1 { throw error }
        continue
      }
      if zip(bound, overload.arguments).allSatisfy({ Self.isAssignable($0.type, to: $1) }) {
        return .call(overload.function, bound)
      }
      (variables, fetched, slots) = saved
      if overloads.count == 1,
        let index = bound.indices.first(where: { !Self.isAssignable(bound[$0].type, to: overload.arguments[$0]) })
      {
        throw .invalid(
          "Type error: \(arguments[index].resultName) cannot be passed as argument \(index) of function"
            + " system.\(name.name) of type \(overload.arguments[index])")
      }
    }
    let required = overloads.first?.arguments.count ?? 0
    if overloads.count == 1, overloads[0].arguments.count != arguments.count {
      throw .invalid(
        "Invalid number of arguments in call to function system.\(name.name): \(required) required but"
          + " \(arguments.count) provided"
      )
    }
    throw .invalid(
      "Invalid call to function \(name), none of its type signatures match (known type signatures:"
        + " \(ScalarFunction.signatures(name.name, overloads)))")
  }

  /// Functions whose result follows from their argument's type; nil for others.
  private mutating func bindCollectionCall(
    _ name: String, _ arguments: [Selector], _ table: Table
  ) throws(CQLFailure) -> BoundSelector? {
    if arguments.count == 1, ScalarFunction.CollectionOperation(rawValue: name) != nil {
      let argument = try bind(arguments[0], table, expected: nil)
      return try ScalarFunction.collectionFunction(name, of: argument.type, shown: arguments[0].resultName).map {
        .call($0, [argument])
      }
    }
    guard arguments.count == 2, ScalarFunction.Similarity(rawValue: name) != nil else { return nil }
    // A literal has the other argument's type, but as many elements as it has.
    var bound: [BoundSelector?] = [nil, nil]
    var expected: CQLType?
    for (index, argument) in arguments.enumerated() {
      if case .term(.list) = argument { continue }
      bound[index] = try bind(argument, table, expected: expected)
      expected = bound[index]?.type
    }
    for (index, argument) in arguments.enumerated() where bound[index] == nil {
      guard case .term(.list(let terms)) = argument, case .vector(let element, _)? = expected?.unfrozen, !terms.isEmpty
      else { throw .invalid("Cannot infer type for argument \(argument.resultName) of function system.\(name)") }
      bound[index] = try bind(argument, table, expected: .vector(element, dimension: terms.count))
    }
    let found = bound.compactMap { $0 }
    return try ScalarFunction.similarity(name, found.map(\.type)).map { .call($0, found) }
  }

  // MARK: - Clauses

  private func checkDistinct(
    _ statement: SelectStatement, _ columns: [SelectedColumn], _ restrictions: BoundRestrictions, _ table: Table
  ) throws(CQLFailure) {
    for column in fetched where column.kind == .regular || column.kind == .clustering {
      throw .invalid(
        "SELECT DISTINCT queries must only request partition key columns and/or static columns (not \(column.name))")
    }
    guard !restrictions.steps.isEmpty || !restrictions.slices.isEmpty else {
      guard case .items(let items) = statement.selection else { return }
      let named = items.compactMap { item in if case .column(let name) = item.selector { name } else { nil } }
      if let missing = table.partitionKey.first(where: { !named.contains($0.name) }), !restrictions.namesPartitions {
        throw .invalid(
          "SELECT DISTINCT queries must request all the partition key columns (missing \(missing.name))")
      }
      return
    }
    throw .invalid(
      "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.")
  }

  private mutating func bindGroupBy(_ statement: SelectStatement, _ table: Table) throws(CQLFailure) -> [Int] {
    var slots: [Int] = []
    var position = 0
    let key = table.partitionKey + table.clustering
    for selector in statement.groupBy {
      guard case .column(let name) = selector else {
        throw .invalid(
          "Group by currently only support groups of columns following their declared order in the PRIMARY KEY")
      }
      let column = try column(name, of: table)
      guard column.kind == .partitionKey || column.kind == .clustering else {
        throw .invalid("Group by is currently only supported on the columns of the PRIMARY KEY, got \(name)")
      }
      // Columns restricted by = may be left out.
      while position < key.count, key[position].name != name, isEqualRestricted(key[position].name, statement) {
        position += 1
      }
      guard position < key.count, key[position].name == name else {
        throw .invalid(
          "Group by currently only support groups of columns following their declared order in the PRIMARY KEY")
      }
      position += 1
      slots.append(slot(of: column))
    }
    if !slots.isEmpty, position < table.partitionKey.count {
      throw .invalid("Group by is not supported on only a part of the partition key")
    }
    return slots
  }

  private func isEqualRestricted(_ name: String, _ statement: SelectStatement) -> Bool {
    statement.restrictions.contains { if case .comparison(name, .equal, _) = $0 { true } else { false } }
  }

  private func bindOrdering(
    _ statement: SelectStatement, _ restrictions: BoundRestrictions, _ table: Table
  ) throws(CQLFailure) -> Bool {
    guard !statement.ordering.isEmpty else { return false }
    guard restrictions.namesPartitions else {
      throw .invalid("ORDER BY is only supported when the partition key is restricted by an EQ or an IN.")
    }
    var isReversed: Bool?
    var position = 0
    for ordering in statement.ordering {
      guard case .column(let name) = ordering.key else { throw .invalid("ANN ordering is not supported") }
      let column = try column(name, of: table)
      guard column.kind == .clustering else {
        throw .invalid("Order by is currently only supported on the clustered columns of the PRIMARY KEY, got \(name)")
      }
      // Columns restricted by = may be left out.
      while position < column.position, isEqualRestricted(table.clustering[position].name, statement) { position += 1 }
      guard position == column.position else {
        throw .invalid(
          "Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY")
      }
      position += 1
      let turns = ordering.isDescending != column.isDescending
      guard isReversed == nil || isReversed == turns else { throw .invalid("Unsupported order by relation") }
      isReversed = turns
    }
    return isReversed ?? false
  }
}

extension Selector {
  /// The name of a result's column without an alias.
  var resultName: String {
    switch self {
    case .column(let name): return name
    case .countRows: return "count"
    case .term(let term): return term.description
    case .function(let name, let arguments):
      return "system.\(name.name)(\(arguments.map(\.resultName).joined(separator: ", ")))"
    case .cast(let inner, let type): return "cast(\(inner.resultName) as \(type))"
    case .writeTime(let inner): return "writetime(\(inner.resultName))"
    case .maxWriteTime(let inner): return "maxwritetime(\(inner.resultName))"
    case .timeToLive(let inner): return "ttl(\(inner.resultName))"
    case .element(let inner, let key): return "\(inner.resultName)[\(key)]"
    case .slice(let inner, let from, let to):
      return "\(inner.resultName)[\(from.map(\.description) ?? "")..\(to.map(\.description) ?? "")]"
    case .field(let inner, let field): return "\(inner.resultName).\(field)"
    case .arithmetic(let sign, let left, let right): return "\(left.resultName) \(sign.rawValue) \(right.resultName)"
    case .negation(let inner): return "-\(inner.resultName)"
    }
  }
}
