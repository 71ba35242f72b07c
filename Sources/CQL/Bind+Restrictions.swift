// A WHERE clause against a table: each relation to its columns, then what may stand together
// (StatementRestrictions.java and its neighbours, for a table without indexes).

import Base
import Data

/// One column's relations, gathered.
private struct ColumnRelations {
  var choice: BoundChoice?
  var lower: (isInclusive: Bool, term: BoundTerm)?
  var upper: (isInclusive: Bool, term: BoundTerm)?
  var tests: [BoundFilter.Test] = []
  /// A relation that is no `=`, `IN` or slice.
  var hasOther = false

  var isSlice: Bool { lower != nil || upper != nil }
  var isEmpty: Bool { choice == nil && !isSlice && !hasOther }
}

/// A relation over several clustering columns.
private struct TupleRelation {
  enum Kind {
    case steps(BoundClusteringStep)
    case equal([BoundTerm])
    case packedEqual(BoundTuple)
    case slice(isLower: Bool, isInclusive: Bool, BoundTuple)
  }
  var columns: [Column]
  var kind: Kind

  var isSlice: Bool { boundWord != nil }
  var boundWord: String? { if case .slice(let isLower, _, _) = kind { isLower ? "start" : "end" } else { nil } }
}

/// For whom restrictions are bound: what is allowed differs.
enum RestrictionUse: Equatable {
  case select(allowsFiltering: Bool)
  case update
  case delete
  case insert

  var allowsFiltering: Bool { if case .select(true) = self { true } else { false } }
  var isSelect: Bool { if case .select = self { true } else { false } }
}

let allowFilteringMessage =
  "Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. If you"
  + " want to execute this query despite the performance unpredictability, use ALLOW FILTERING"

private struct Gathered {
  var columns: [String: ColumnRelations] = [:]
  var tuples: [TupleRelation] = []
  var tokens: [(isLower: Bool, isInclusive: Bool, bound: BoundTerm)] = []
}

extension Binding {
  mutating func bindRestrictions(
    _ relations: [Relation], _ table: Table, _ use: RestrictionUse
  ) throws(CQLFailure) -> BoundRestrictions {
    var gathered = Gathered()
    for relation in relations { try gather(relation, table, &gathered) }
    var filters: [BoundFilter] = []
    let partition = try bindPartition(table, gathered, use, &filters)
    let (steps, slices) = try bindClustering(table, gathered, use, &filters)
    try bindOthers(table, gathered, use, &filters)
    let hasClustering = !steps.isEmpty || !slices.isEmpty
    if use.isSelect, hasClustering, !use.allowsFiltering {
      if case .key = partition {} else { throw .invalid(allowFilteringMessage) }
    }
    if !filters.isEmpty, !use.allowsFiltering { throw .invalid(allowFilteringMessage) }
    return BoundRestrictions(
      table: table, partition: partition, tokens: gathered.tokens, steps: steps, slices: slices, filters: filters)
  }

  // MARK: - Gathering

  private mutating func gather(_ relation: Relation, _ table: Table, _ all: inout Gathered) throws(CQLFailure) {
    switch relation {
    case .comparison(let name, let comparison, let term):
      let column = try column(name, of: table)
      try checkRestrictable(column, relation)
      var own = all.columns[name] ?? ColumnRelations()
      try add(comparison, term, column, relation, table, to: &own)
      all.columns[name] = own
    case .membership(let name, let values):
      let column = try column(name, of: table)
      try checkRestrictable(column, relation)
      var own = all.columns[name] ?? ColumnRelations()
      try Self.checkChoice(own, name)
      own.choice = try bindChoice(values, column, table)
      all.columns[name] = own
    case .element(let name, let key, let comparison, let term):
      try gatherEntry(name, key, comparison, term, relation, table, &all)
    case .isNotNull: throw .invalid("Unsupported restriction: \(relation)")
    case .token(let columns, let comparison, let term):
      try gatherToken(columns, comparison, term, relation, table, &all)
    case .tuple(let columns, let comparison, let term):
      all.tuples.append(try bindTupleRelation(columns, comparison, term, relation, table))
    case .tupleMembership(let columns, let values):
      all.tuples.append(try bindTupleMembership(columns, values, relation, table))
    }
  }

  private static func moreThanOne(_ name: String, with choice: BoundChoice? = nil) -> CQLFailure {
    let word = choice?.isOne ?? true ? "an Equal" : "a IN"
    return .invalid("\(name) cannot be restricted by more than one relation if it includes \(word)")
  }

  /// Refuses a second `=` or `IN` on a column.
  private static func checkChoice(_ own: ColumnRelations, _ name: String) throws(CQLFailure) {
    if own.isSlice {
      throw .invalid("Column \"\(name)\" cannot be restricted by both an equality and an inequality relation")
    }
    guard own.isEmpty else { throw moreThanOne(name, with: own.choice) }
  }

  private func checkRestrictable(_ column: Column, _ relation: Relation) throws(CQLFailure) {
    switch relation {
    case .comparison(_, .contains, _), .comparison(_, .containsKey, _): return
    default: break
    }
    if column.type.isMultiCell {
      let word = if case .membership = relation { "IN" } else { comparisonWord(relation) }
      throw .invalid(
        "Collection column '\(column.name)' (\(column.type)) cannot be restricted by a '\(word)' relation")
    }
    if column.type == .duration, case .comparison(_, let comparison, _) = relation, comparison != .equal {
      throw .invalid("Slice restrictions are not supported on duration columns")
    }
  }

  private func comparisonWord(_ relation: Relation) -> String {
    if case .comparison(_, let comparison, _) = relation { comparison.rawValue } else { "=" }
  }

  private mutating func add(
    _ comparison: ComparisonOperator, _ term: Term, _ column: Column, _ relation: Relation, _ table: Table,
    to own: inout ColumnRelations
  ) throws(CQLFailure) {
    let receiver = Receiver(name: column.name, type: column.type, table: table)
    switch comparison {
    case .equal:
      try Self.checkChoice(own, column.name)
      own.choice = .one(try bind(term, receiver))
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      if let choice = own.choice { throw Self.moreThanOne(column.name, with: choice) }
      let bound = (
        isInclusive: comparison == .lessOrEqual || comparison == .greaterOrEqual, term: try bind(term, receiver)
      )
      if comparison == .greater || comparison == .greaterOrEqual {
        guard own.lower == nil else {
          throw .invalid("More than one restriction was found for the start bound on \(column.name)")
        }
        own.lower = bound
      } else {
        guard own.upper == nil else {
          throw .invalid("More than one restriction was found for the end bound on \(column.name)")
        }
        own.upper = bound
      }
    case .contains, .containsKey: try addContains(comparison, term, column, table, to: &own)
    case .notEqual: throw .invalid("Unsupported \"!=\" relation: \(relation)")
    case .like:
      _ = try bind(term, receiver)
      throw .invalid("LIKE restriction is only supported on properly indexed columns. \(relation) is not valid.")
    }
  }

  private mutating func addContains(
    _ comparison: ComparisonOperator, _ term: Term, _ column: Column, _ table: Table, to own: inout ColumnRelations
  ) throws(CQLFailure) {
    let type: CQLType
    if comparison == .containsKey {
      guard case .map(let key, _) = column.type.unfrozen else {
        throw .invalid("Cannot use CONTAINS KEY on non-map column \(column.name)")
      }
      type = key
    } else {
      guard let element = column.type.elementType else {
        throw .invalid("Cannot use CONTAINS on non-collection column \(column.name)")
      }
      type = element
    }
    let word = comparison == .containsKey ? "key" : "value"
    let bound = try bind(term, Receiver(name: "\(word)(\(column.name))", type: type, table: table))
    own.tests.append(.comparison(comparison, bound))
    own.hasOther = true
  }

  private mutating func gatherEntry(
    _ name: String, _ key: Term, _ comparison: ComparisonOperator, _ term: Term, _ relation: Relation, _ table: Table,
    _ all: inout Gathered
  ) throws(CQLFailure) {
    let column = try column(name, of: table)
    if case .list = column.type.unfrozen {
      throw .invalid("Indexes on list entries (\(name)[index] = value) are not currently supported.")
    }
    guard case .map(let keyType, let valueType) = column.type.unfrozen else {
      throw .invalid("Column \(name) cannot be used as a map")
    }
    guard comparison == .equal else {
      throw .invalid("Only EQ relations are supported on map entries")
    }
    var own = all.columns[name] ?? ColumnRelations()
    let boundKey = try bind(key, Receiver(name: "key(\(name))", type: keyType, table: table))
    own.tests.append(
      .entry(key: boundKey, try bind(term, Receiver(name: "value(\(name))", type: valueType, table: table))))
    own.hasOther = true
    all.columns[name] = own
  }

  private mutating func gatherToken(
    _ columns: [String], _ comparison: ComparisonOperator, _ term: Term, _ relation: Relation, _ table: Table,
    _ all: inout Gathered
  ) throws(CQLFailure) {
    for name in columns {
      guard try column(name, of: table).kind == .partitionKey else {
        throw .invalid("The token() function must be applied to all partition key components or none of them")
      }
    }
    guard columns == table.partitionKey.map(\.name) else {
      let expected = table.partitionKey.map(\.name).joined(separator: ", ")
      if columns.count == table.partitionKey.count {
        throw .invalid("The token function arguments must be in the partition key order: \(expected)")
      }
      throw .invalid("The token() function must be applied to all partition key components or none of them")
    }
    let bound = try bind(term, Receiver(name: "partition key token", type: .bigint, table: table))
    switch comparison {
    case .greater, .greaterOrEqual: all.tokens.append((true, comparison == .greaterOrEqual, bound))
    case .less, .lessOrEqual: all.tokens.append((false, comparison == .lessOrEqual, bound))
    case .equal:
      all.tokens.append((true, true, bound))
      all.tokens.append((false, true, bound))
    default: throw .invalid("Unsupported relation: \(relation)")
    }
  }

  private mutating func bindChoice(
    _ values: InValues, _ column: Column, _ table: Table
  ) throws(CQLFailure) -> BoundChoice {
    switch values {
    case .marker(let marker):
      let type = CQLType.list(column.type)
      return .listed(variable(marker, "in(\(column.name))", type, table), type)
    case .terms(let terms):
      var bound: [BoundTerm] = []
      for term in terms { bound.append(try bind(term, Receiver(name: column.name, type: column.type, table: table))) }
      return bound.count == 1 ? .one(bound[0]) : .several(bound)
    }
  }

  // MARK: - Tuples

  private func tupleColumns(
    _ names: [String], _ table: Table, _ relation: Relation
  ) throws(CQLFailure) -> [Column] {
    var columns: [Column] = []
    for name in names {
      let column = try column(name, of: table)
      guard column.kind == .clustering else {
        throw .invalid("Multi-column relations can only be applied to clustering columns but was applied to: \(name)")
      }
      if columns.contains(column) {
        throw .invalid("Column \"\(name)\" appeared twice in a relation: \(relation)")
      }
      if let previous = columns.last, column.position != previous.position + 1 {
        throw .invalid(
          "Clustering columns must appear in the PRIMARY KEY order in multi-column relations: \(relation)")
      }
      columns.append(column)
    }
    return columns
  }

  private mutating func bindTuple(
    _ term: Term, _ columns: [Column], _ table: Table
  ) throws(CQLFailure) -> BoundTuple {
    let type = CQLType.tuple(columns.map(\.type))
    let name = "(\(columns.map(\.name).joined(separator: ",")))"
    guard case .tuple(let terms) = term else {
      return .packed(try bind(term, Receiver(name: name, type: type, table: table)), type)
    }
    guard terms.count == columns.count else {
      throw .invalid("Expected \(columns.count) elements in value tuple, but got \(terms.count): \(term)")
    }
    var bound: [BoundTerm] = []
    for (term, column) in zip(terms, columns) {
      bound.append(try bind(term, Receiver(name: column.name, type: column.type, table: table)))
    }
    return .terms(bound)
  }

  private mutating func bindTupleRelation(
    _ names: [String], _ comparison: ComparisonOperator, _ term: Term, _ relation: Relation, _ table: Table
  ) throws(CQLFailure) -> TupleRelation {
    let columns = try tupleColumns(names, table, relation)
    let tuple = try bindTuple(term, columns, table)
    switch comparison {
    case .equal:
      if case .terms(let terms) = tuple { return TupleRelation(columns: columns, kind: .equal(terms)) }
      return TupleRelation(columns: columns, kind: .steps(.tuples([tuple], width: columns.count)))
    case .greater, .greaterOrEqual:
      let kind = TupleRelation.Kind.slice(isLower: true, isInclusive: comparison == .greaterOrEqual, tuple)
      return TupleRelation(columns: columns, kind: kind)
    case .less, .lessOrEqual:
      let kind = TupleRelation.Kind.slice(isLower: false, isInclusive: comparison == .lessOrEqual, tuple)
      return TupleRelation(columns: columns, kind: kind)
    default: throw .invalid("Unsupported \"\(comparison.rawValue)\" relation: \(relation)")
    }
  }

  private mutating func bindTupleMembership(
    _ names: [String], _ values: InValues, _ relation: Relation, _ table: Table
  ) throws(CQLFailure) -> TupleRelation {
    let columns = try tupleColumns(names, table, relation)
    let step: BoundClusteringStep
    switch values {
    case .marker(let marker):
      let element = CQLType.tuple(columns.map(\.type))
      let name = "in(\(columns.map(\.name).joined(separator: ",")))"
      let term = variable(marker, name, .list(element), table)
      step = .listedTuples(term, element: element, width: columns.count)
    case .terms(let terms):
      var tuples: [BoundTuple] = []
      for term in terms { tuples.append(try bindTuple(term, columns, table)) }
      step = .tuples(tuples, width: columns.count)
    }
    return TupleRelation(columns: columns, kind: .steps(step))
  }

  // MARK: - Partition key

  private mutating func bindPartition(
    _ table: Table, _ all: Gathered, _ use: RestrictionUse, _ filters: inout [BoundFilter]
  ) throws(CQLFailure) -> BoundRestrictions.PartitionPart {
    let restricted = table.partitionKey.filter { all.columns[$0.name] != nil }
    if !all.tokens.isEmpty {
      guard use.isSelect else {
        throw .invalid(
          "The token function cannot be used in WHERE clauses for \(use == .update ? "UPDATE" : "DELETE") statements")
      }
      for isLower in [true, false] where all.tokens.count(where: { $0.isLower == isLower }) > 1 {
        throw .invalid(
          "More than one restriction was found for the \(isLower ? "start" : "end") bound on "
            + table.partitionKey.map(\.name).joined(separator: ", "))
      }
      if restricted.isEmpty { return .all }
    }
    var choices: [BoundChoice] = []
    for column in table.partitionKey {
      guard let relations = all.columns[column.name] else { continue }
      if let choice = relations.choice, relations.tests.isEmpty {
        choices.append(choice)
      } else if !use.allowsFiltering {
        if use.isSelect { throw .invalid(allowFilteringMessage) }
        throw .invalid(
          "Only EQ and IN relation are supported on the partition key (unless you use the token() function) for"
            + " \(use == .update ? "UPDATE" : "DELETE") statements")
      }
    }
    if choices.count == table.partitionKey.count { return .key(choices) }
    let missing = table.partitionKey.filter { all.columns[$0.name] == nil }.map(\.name)
    if !use.isSelect { throw .invalid("Some partition key parts are missing: \(missing.joined(separator: ", "))") }
    if restricted.isEmpty { return .all }
    if !use.allowsFiltering { throw .invalid(allowFilteringMessage) }
    for column in restricted {
      if let relations = all.columns[column.name] { addFilters(column, relations, &filters) }
    }
    return .all
  }

  private mutating func addFilters(
    _ column: Column, _ relations: ColumnRelations, _ filters: inout [BoundFilter]
  ) {
    let slot = slot(of: column)
    var tests = relations.tests
    switch relations.choice {
    case .one(let term): tests.append(.comparison(.equal, term))
    case .some(let choice): tests.append(.membership(choice))
    case .none: break
    }
    if let lower = relations.lower {
      tests.append(.comparison(lower.isInclusive ? .greaterOrEqual : .greater, lower.term))
    }
    if let upper = relations.upper {
      tests.append(.comparison(upper.isInclusive ? .lessOrEqual : .less, upper.term))
    }
    filters += tests.map { BoundFilter(column: column, slot: slot, test: $0) }
  }

  // MARK: - Clustering

  private mutating func bindClustering(
    _ table: Table, _ all: Gathered, _ use: RestrictionUse, _ filters: inout [BoundFilter]
  ) throws(CQLFailure) -> ([BoundClusteringStep], [BoundSlice]) {
    try checkOverlap(table, all)
    var steps: [BoundClusteringStep] = []
    var slices: [BoundSlice] = []
    var position = 0
    var stopped: (column: Column, bySlice: Bool)?
    while position < table.clustering.count {
      let column = table.clustering[position]
      let starting = all.tuples.filter { $0.columns[0].position == column.position }
      guard all.columns[column.name] != nil || !starting.isEmpty else {
        stopped = stopped ?? (column, false)
        position += 1
        continue
      }
      if let stop = stopped {
        guard use.allowsFiltering, let relations = all.columns[column.name] else {
          throw Self.notRestrictable(column, after: stop, use)
        }
        addFilters(column, relations, &filters)
        position += 1
        continue
      }
      if !starting.isEmpty {
        if try take(starting, &steps, &slices) { stopped = (column, true) }
        if let relations = all.columns[column.name] { slices += Self.slices(column, relations) }
        position += starting.map(\.columns.count).max() ?? 1
        continue
      }
      guard let relations = all.columns[column.name] else { break }
      if let choice = relations.choice { steps.append(.choice(choice)) }
      addFiltersOfTests(column, relations, &filters)
      if relations.isSlice {
        slices += Self.slices(column, relations)
        stopped = (column, true)
      } else if relations.choice == nil {
        stopped = (column, false)
      }
      position += 1
    }
    return (steps, slices)
  }

  private mutating func addFiltersOfTests(
    _ column: Column, _ relations: ColumnRelations, _ filters: inout [BoundFilter]
  ) {
    var testsOnly = ColumnRelations()
    testsOnly.tests = relations.tests
    if !testsOnly.tests.isEmpty { addFilters(column, testsOnly, &filters) }
  }

  private static func slices(_ column: Column, _ relations: ColumnRelations) -> [BoundSlice] {
    var slices: [BoundSlice] = []
    if let lower = relations.lower {
      slices.append(
        BoundSlice(
          first: column.position, isLower: true, isInclusive: lower.isInclusive, bounds: .terms([lower.term])))
    }
    if let upper = relations.upper {
      slices.append(
        BoundSlice(
          first: column.position, isLower: false, isInclusive: upper.isInclusive, bounds: .terms([upper.term])))
    }
    return slices
  }

  /// Tuple relations that begin at one column; true if they are slices, after which nothing may follow.
  private func take(
    _ relations: [TupleRelation], _ steps: inout [BoundClusteringStep], _ slices: inout [BoundSlice]
  ) throws(CQLFailure) -> Bool {
    var isSlice = false
    for relation in relations {
      let names = relation.columns.map(\.name).joined(separator: " ,")
      if !isSlice, relations.count > 1, case .slice = relation.kind {
      } else if relations.count > 1, !isSlice {
        throw .invalid("(\(names)) cannot be restricted by more than one relation if it includes an Equal")
      }
      switch relation.kind {
      case .equal(let terms): steps += terms.map { .choice(.one($0)) }
      case .packedEqual(let tuple): steps.append(.tuples([tuple], width: relation.columns.count))
      case .steps(let step): steps.append(step)
      case .slice(let isLower, let isInclusive, let tuple):
        if slices.contains(where: { $0.isLower == isLower }) {
          throw .invalid("More than one restriction was found for the \(isLower ? "start" : "end") bound on \(names)")
        }
        slices.append(
          BoundSlice(
            first: relation.columns[0].position, isLower: isLower, isInclusive: isInclusive, bounds: tuple))
        isSlice = true
      }
    }
    return isSlice
  }

  /// Of relations that share a column only slices that begin at the same one may stand together.
  private func checkOverlap(_ table: Table, _ all: Gathered) throws(CQLFailure) {
    for tuple in all.tuples {
      for column in tuple.columns {
        guard let single = all.columns[column.name] else { continue }
        guard tuple.isSlice, single.choice == nil else {
          throw Self.moreThanOne(column.name, with: single.choice)
        }
        guard column == tuple.columns[0] else { throw Self.twoBeginnings(column) }
        if let word = tuple.boundWord, word == "start" ? single.lower != nil : single.upper != nil {
          throw .invalid("More than one restriction was found for the \(word) bound on \(column.name)")
        }
      }
    }
    for (index, tuple) in all.tuples.enumerated() {
      for other in all.tuples.dropFirst(index + 1) where other.columns[0] != tuple.columns[0] {
        guard let shared = tuple.columns.first(where: { other.columns.contains($0) }) else { continue }
        throw tuple.isSlice && other.isSlice ? Self.twoBeginnings(shared) : Self.moreThanOne(shared.name)
      }
    }
  }

  private static func twoBeginnings(_ column: Column) -> CQLFailure {
    .invalid(
      "Column \"\(column.name)\" cannot be restricted by two inequalities not starting with the same column")
  }

  private static func notRestrictable(
    _ column: Column, after stop: (column: Column, bySlice: Bool), _ use: RestrictionUse
  ) -> CQLFailure {
    if stop.bySlice {
      return .invalid(
        "Clustering column \"\(column.name)\" cannot be restricted (preceding column \"\(stop.column.name)\" is"
          + " restricted by a non-EQ relation)")
    }
    return .invalid(
      "PRIMARY KEY column \"\(column.name)\" cannot be restricted as preceding column \"\(stop.column.name)\" is not"
        + " restricted")
  }

  // MARK: - Other columns

  private mutating func bindOthers(
    _ table: Table, _ all: Gathered, _ use: RestrictionUse, _ filters: inout [BoundFilter]
  ) throws(CQLFailure) {
    let others = (table.statics + table.regulars).filter { all.columns[$0.name] != nil }
    guard !others.isEmpty else { return }
    let names = others.map(\.name).joined(separator: ", ")
    guard use.isSelect else { throw .invalid("Non PRIMARY KEY columns found in where clause: \(names) ") }
    for column in others {
      guard let relations = all.columns[column.name] else { continue }
      addFilters(column, relations, &filters)
    }
  }
}
