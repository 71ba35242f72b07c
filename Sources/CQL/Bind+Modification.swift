// INSERT, UPDATE, DELETE and BATCH against their tables.

import Base
import Data

extension Binding {
  private mutating func bindAttributes(
    _ attributes: Attributes, _ table: Table
  ) throws(CQLFailure) -> (timestamp: BoundTerm?, timeToLive: BoundTerm?) {
    var timestamp: BoundTerm?
    var timeToLive: BoundTerm?
    if let term = attributes.timestamp {
      timestamp = try bind(term, Receiver(name: "[timestamp]", type: .bigint, table: table))
    }
    if let term = attributes.timeToLive {
      timeToLive = try bind(term, Receiver(name: "[ttl]", type: .int, table: table))
    }
    return (timestamp, timeToLive)
  }

  private func checkCounters(_ table: Table) throws(CQLFailure) {
    if (table.regulars + table.statics).contains(where: { $0.type == .counter }) {
      throw .invalid("Counter tables are not supported yet")
    }
  }

  /// Operations on single cells by column id, so that rows come out in order.
  private func sorted(_ operations: [BoundOperation]) -> [BoundOperation] {
    operations.sorted { $0.column.id < $1.column.id }
  }

  // MARK: - INSERT

  mutating func bind(_ statement: InsertStatement) throws(CQLFailure) -> BoundModification {
    let table = try table(statement.table)
    try checkCounters(table)
    guard case .values(let names, let terms) = statement.source else { return try bindJSON(statement, table) }
    guard names.count == terms.count else { throw .invalid("Unmatched column names/values") }
    var values: [String: BoundTerm] = [:]
    for (name, term) in zip(names, terms) {
      let column = try column(name, of: table)
      guard values[name] == nil else { throw .invalid("The column names contains duplicates") }
      values[name] = try bind(term, Receiver(name: name, type: column.type, table: table))
    }
    return try insert(statement, table, values)
  }

  private mutating func insert(
    _ statement: InsertStatement, _ table: Table, _ values: [String: BoundTerm]
  ) throws(CQLFailure) -> BoundModification {
    let missing = table.partitionKey.filter { values[$0.name] == nil }.map(\.name)
    guard missing.isEmpty else {
      throw .invalid("Some partition key parts are missing: \(missing.joined(separator: ", "))")
    }
    let operations = (table.statics + table.regulars).compactMap { column in
      values[column.name].map { BoundOperation(column: column, action: .set($0)) }
    }
    let lacking = table.clustering.filter { values[$0.name] == nil }
    let touchesStaticsAlone = !operations.isEmpty && operations.allSatisfy { $0.column.kind == .static }
    let isStaticOnly = !table.clustering.isEmpty && lacking.count == table.clustering.count && touchesStaticsAlone
    guard isStaticOnly || lacking.isEmpty else {
      throw .invalid("Some clustering keys are missing: \(lacking.map(\.name).joined(separator: ", "))")
    }
    let choices = table.partitionKey.compactMap { values[$0.name].map { BoundChoice.one($0) } }
    let steps = table.clustering.compactMap { values[$0.name].map { BoundClusteringStep.choice(.one($0)) } }
    let (timestamp, timeToLive) = try bindAttributes(statement.attributes, table)
    return BoundModification(
      kind: .insert, table: table, condition: statement.ifNotExists ? .notExists : .none,
      keys: BoundRestrictions(table: table, partition: .key(choices), steps: steps, slices: [], filters: []),
      operations: sorted(operations), timestamp: timestamp, timeToLive: timeToLive, deletesRows: false,
      isStaticOnly: isStaticOnly)
  }

  private mutating func bindJSON(_ statement: InsertStatement, _ table: Table) throws(CQLFailure) -> BoundModification {
    guard case .json(let term, let defaultsToUnset) = statement.source else {
      preconditionFailure("no JSON in \(statement)")
    }
    let document = JSONDocument(table: table, defaultsToUnset: defaultsToUnset)
    var values: [String: BoundTerm] = [:]
    switch term {
    case .marker(let marker):
      _ = variable(marker, "[json]", .text, table)
      for column in table.columns { values[column.name] = .member(marker.index, of: document, column) }
    case .constant(let constant):
      let given = try document.values(constant.text)
      for column in table.columns {
        switch given[column.name] ?? document.absent(column) {
        case .bytes(let bytes): values[column.name] = .constant(bytes)
        case .null: values[column.name] = .constant(nil)
        case .unset: continue
        }
      }
    default: preconditionFailure("JSON of \(term)")
    }
    return try insert(statement, table, values)
  }

  // MARK: - UPDATE

  mutating func bind(_ statement: UpdateStatement) throws(CQLFailure) -> BoundModification {
    let table = try table(statement.table)
    try checkCounters(table)
    let (timestamp, timeToLive) = try bindAttributes(statement.attributes, table)
    var operations: [BoundOperation] = []
    for assignment in statement.assignments {
      let operation = try bind(assignment, table)
      if let earlier = operations.first(where: { $0.column == operation.column }), earlier.isWhole || operation.isWhole
      {
        throw .syntax("Multiple incompatible setting of column \(operation.column.name)")
      }
      operations.append(operation)
    }
    let keys = try bindRestrictions(statement.restrictions, table, .update)
    let isStaticOnly = try checkKeys(keys, operations, table, "UPDATE")
    try bindCondition(statement.condition, table)
    return BoundModification(
      kind: .update, table: table, condition: statement.condition, keys: keys, operations: sorted(operations),
      timestamp: timestamp, timeToLive: timeToLive, deletesRows: false, isStaticOnly: isStaticOnly)
  }

  /// Whether only statics are touched and no clustering is given; throws where the clustering is not whole.
  private func checkKeys(
    _ keys: BoundRestrictions, _ operations: [BoundOperation], _ table: Table, _ statement: String
  ) throws(CQLFailure) -> Bool {
    let touchesStaticsAlone = operations.allSatisfy { $0.column.kind == .static }
    if touchesStaticsAlone, !table.clustering.isEmpty {
      guard keys.steps.isEmpty, keys.slices.isEmpty else {
        throw .invalid(
          "Invalid restrictions on clustering columns since the \(statement) statement modifies only static columns")
      }
      return true
    }
    guard keys.slices.isEmpty else {
      if statement == "DELETE" { throw .invalid("Range deletions are not supported for specific columns") }
      throw .invalid("Slice restrictions are not supported on the clustering columns in \(statement) statements")
    }
    let covered = keys.steps.reduce(0) { $0 + $1.width }
    guard covered == table.clustering.count else {
      let missing = table.clustering[covered...].map(\.name).joined(separator: ", ")
      if statement == "DELETE", covered > 0 || keys.steps.isEmpty {
        throw .invalid("Range deletions are not supported for specific columns")
      }
      throw .invalid("Some clustering keys are missing: \(missing)")
    }
    return false
  }

  private mutating func bind(_ assignment: Assignment, _ table: Table) throws(CQLFailure) -> BoundOperation {
    let column = try column(assignment.column, of: table)
    guard column.kind == .regular || column.kind == .static else {
      throw .invalid("PRIMARY KEY part \(column.name) found in SET part")
    }
    let receiver = Receiver(name: column.name, type: column.type, table: table)
    switch assignment.operation {
    case .set(let term): return BoundOperation(column: column, action: .set(try bind(term, receiver)))
    case .setField(let field, let term):
      throw .invalid("Invalid operation (\(column.name).\(field) = \(term)) for non-UDT column \(column.name)")
    case .setElement(let key, let term): return try bindSetElement(key, term, column, table)
    case .add(let term), .prepend(let term), .subtract(let term):
      try checkMultiCell(column, assignment, term)
      return try bindCollectionChange(assignment.operation, column, receiver)
    }
  }

  private func checkMultiCell(_ column: Column, _ assignment: Assignment, _ term: Term) throws(CQLFailure) {
    guard !column.type.isMultiCell else { return }
    let name = column.name
    let shown: String
    switch assignment.operation {
    case .prepend: shown = "\(name) = \(term) + \(name)"
    case .subtract: shown = "\(name) = \(name) - \(term)"
    default: shown = "\(name) = \(name) + \(term)"
    }
    if case .tuple = column.type.unfrozen { throw .invalid("Invalid operation (\(shown)) for tuple column \(name)") }
    if column.type.isCollection { throw .invalid("Invalid operation (\(shown)) for frozen collection column \(name)") }
    throw .invalid("Invalid operation (\(shown)) for non counter column \(name)")
  }

  private mutating func bindCollectionChange(
    _ operation: Assignment.Operation, _ column: Column, _ receiver: Receiver
  ) throws(CQLFailure) -> BoundOperation {
    switch (operation, column.type) {
    case (.add(let term), .map) where term.isCollection && !term.isMap:
      throw .invalid("Value for a map addition has to be a map, but was: '\(term)'")
    case (.subtract(let term), .map) where term.isCollection && !term.isSet:
      throw .invalid("Value for a map substraction has to be a set, but was: '\(term)'")
    case (.add(let term), _): return BoundOperation(column: column, action: .add(try bind(term, receiver)))
    case (.prepend(let term), .list):
      return BoundOperation(column: column, action: .prepend(try bind(term, receiver)))
    case (.prepend(let term), _):
      throw .invalid("Invalid operation (\(column.name) = \(term) + \(column.name)) for non list column \(column.name)")
    case (.subtract(let term), .list):
      return BoundOperation(column: column, action: .removeValues(try bind(term, receiver)))
    case (.subtract(let term), _):
      // What is taken from a map is a set of its keys.
      let type = column.type.keyType.map { CQLType.set($0) } ?? column.type
      return BoundOperation(column: column, action: .remove(try bind(term, receiver.with(column.name, type))))
    default: preconditionFailure("no change of a collection: \(operation)")
    }
  }

  private mutating func bindSetElement(
    _ key: Term, _ term: Term, _ column: Column, _ table: Table
  ) throws(CQLFailure) -> BoundOperation {
    let name = column.name
    switch column.type {
    case .map(let keyType, let valueType):
      let boundKey = try bind(key, Receiver(name: "key(\(name))", type: keyType, table: table))
      let value = try bind(term, Receiver(name: "value(\(name))", type: valueType, table: table))
      return BoundOperation(column: column, action: .setKey(boundKey, value))
    case .list(let element):
      let index = try bind(key, Receiver(name: "idx(\(name))", type: .int, table: table))
      let value = try bind(term, Receiver(name: "value(\(name))", type: element, table: table))
      return BoundOperation(column: column, action: .setIndex(index, value))
    case .set: throw .invalid("Invalid operation (\(name)[\(key)] = \(term)) for set column \(name)")
    case .frozen: throw .invalid("Invalid operation (\(name)[\(key)] = \(term)) for frozen collection column \(name)")
    default: throw .invalid("Invalid operation (\(name)[\(key)] = \(term)) for non collection column \(name)")
    }
  }

  // MARK: - DELETE

  mutating func bind(_ statement: DeleteStatement) throws(CQLFailure) -> BoundModification {
    let table = try table(statement.table)
    try checkCounters(table)
    let (timestamp, _) = try bindAttributes(statement.attributes, table)
    var operations: [BoundOperation] = []
    for target in statement.targets { operations.append(try bind(target, table)) }
    let keys = try bindRestrictions(statement.restrictions, table, .delete)
    let isStaticOnly = operations.isEmpty ? false : try checkKeys(keys, operations, table, "DELETE")
    try bindCondition(statement.condition, table)
    return BoundModification(
      kind: .delete, table: table, condition: statement.condition, keys: keys, operations: sorted(operations),
      timestamp: timestamp, timeToLive: nil, deletesRows: operations.isEmpty, isStaticOnly: isStaticOnly)
  }

  private mutating func bind(_ target: DeleteStatement.Target, _ table: Table) throws(CQLFailure) -> BoundOperation {
    switch target {
    case .column(let name):
      let column = try deletable(name, table)
      return BoundOperation(column: column, action: .deleteColumn)
    case .field(let name, _):
      _ = try deletable(name, table)
      throw .invalid("Invalid field deletion operation for non-UDT column \(name)")
    case .element(let name, let key):
      let column = try deletable(name, table)
      switch column.type {
      case .map(let type, _):
        let bound = try bind(key, Receiver(name: "key(\(name))", type: type, table: table))
        return BoundOperation(column: column, action: .deleteKey(bound))
      case .set(let type):
        let bound = try bind(key, Receiver(name: "value(\(name))", type: type, table: table))
        return BoundOperation(column: column, action: .deleteKey(bound))
      case .list:
        let index = try bind(key, Receiver(name: "idx(\(name))", type: .int, table: table))
        return BoundOperation(column: column, action: .deleteIndex(index))
      case .frozen: throw .invalid("Invalid deletion operation for frozen collection column \(name)")
      default: throw .invalid("Invalid deletion operation for non collection column \(name)")
      }
    }
  }

  private func deletable(_ name: String, _ table: Table) throws(CQLFailure) -> Column {
    let column = try column(name, of: table)
    guard column.kind == .regular || column.kind == .static else {
      throw .invalid("Invalid identifier \(name) for deletion (should not be a PRIMARY KEY part)")
    }
    return column
  }

  /// Names and types of a condition; conditional writes themselves are the caller's.
  private mutating func bindCondition(_ condition: Condition, _ table: Table) throws(CQLFailure) {
    guard case .columns(let conditions) = condition else { return }
    for condition in conditions {
      let name: String
      switch condition.target {
      case .column(let column), .element(let column, _), .field(let column, _): name = column
      }
      let column = try column(name, of: table)
      guard column.kind == .regular || column.kind == .static else {
        throw .invalid("PRIMARY KEY column '\(name)' cannot have IF conditions")
      }
      guard case .column = condition.target else { continue }
      switch condition.test {
      case .comparison(_, let term): _ = try bind(term, Receiver(name: name, type: column.type, table: table))
      case .membership(let values): _ = try bindValues(values, column, table)
      }
    }
  }

  private mutating func bindValues(_ values: InValues, _ column: Column, _ table: Table) throws(CQLFailure)
    -> [BoundTerm]
  {
    switch values {
    case .marker(let marker): return [variable(marker, "in(\(column.name))", .list(column.type), table)]
    case .terms(let terms):
      var bound: [BoundTerm] = []
      for term in terms { bound.append(try bind(term, Receiver(name: column.name, type: column.type, table: table))) }
      return bound
    }
  }

  // MARK: - BATCH

  mutating func bind(_ statement: BatchStatement) throws(CQLFailure) -> BoundBatch {
    var members: [BoundModification] = []
    var timestamp: BoundTerm?
    if statement.attributes.timeToLive != nil { throw .invalid("Global TTL on the BATCH statement is not supported.") }
    for (index, member) in statement.members.enumerated() {
      let bound: BoundModification
      switch member {
      case .insert(let insert): bound = try bind(insert)
      case .update(let update): bound = try bind(update)
      case .delete(let delete): bound = try bind(delete)
      }
      if index == 0, let term = statement.attributes.timestamp {
        timestamp = try bind(term, Receiver(name: "[timestamp]", type: .bigint, table: bound.table))
      }
      if statement.attributes.timestamp != nil, bound.hasTimestamp {
        throw .invalid("Timestamp must be set either on BATCH or individual statements")
      }
      members.append(bound)
    }
    if statement.kind == .counter, !members.isEmpty {
      throw .invalid("Cannot include non-counter statement in a counter batch")
    }
    return BoundBatch(kind: statement.kind, members: members, timestamp: timestamp)
  }
}

extension BoundOperation {
  /// Concerns the whole column, not some of its elements.
  var isWhole: Bool {
    switch action {
    case .set, .deleteColumn: true
    case .add, .prepend, .remove, .setKey, .deleteKey, .setIndex, .deleteIndex, .removeValues: false
    }
  }
}

extension Term {
  fileprivate var isMap: Bool {
    switch self {
    case .map: true
    case .set(let terms): terms.isEmpty
    default: false
    }
  }
  fileprivate var isSet: Bool { if case .set = self { true } else { false } }
  fileprivate var isCollection: Bool {
    switch self {
    case .list, .set, .map: true
    default: false
    }
  }
}
