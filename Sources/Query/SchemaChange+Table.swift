// CREATE, ALTER and DROP TABLE (CreateTableStatement.java, AlterTableStatement.java, DropTableStatement.java).

import Base
import CQL
import Data

extension SchemaChange {
  static let maxColumns = 10_000
  static let maxTables = 10_000

  static func create(
    _ statement: CreateTableStatement, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> Outcome {
    let name = statement.table.name
    let keyspace = try keyspace(of: statement.table, "CREATE", context)
    try checkDefinition(statement)
    guard let owner = schema.keyspaces[keyspace] else { throw .invalid("Keyspace '\(keyspace)' doesn't exist") }
    if owner.tables[name] != nil {
      if statement.ifNotExists { return Outcome(schema: schema, event: nil) }
      throw .alreadyExists(keyspace: keyspace, table: name)
    }
    guard isValidName(name) else {
      throw .configuration(
        "\(keyspace).\(name): Table name must not be empty, more than \(maxNameLength) characters long, or contain"
          + " non-alphanumeric-underscore characters (got \"\(name)\")")
    }
    guard schema.keyspaces.values.reduce(0, { $0 + $1.tables.count }) < maxTables else {
      throw .invalid("A cluster holds at most \(maxTables) tables")
    }
    if statement.isCompactStorage { throw .invalid("COMPACT STORAGE tables are not supported") }
    let options = try TableOptionCatalog.options(statement.properties, changing: TableOptions())
    let columns = try columns(of: statement, keyspace, options)
    let table = Table(
      id: try tableID(statement, schema, context), incarnation: schema.epoch + 1, keyspace: keyspace, name: name,
      columns: columns, options: options, nextColumnID: UInt16(columns.count))
    return Outcome(
      schema: schema.setting(owner.setting(table, named: name), named: keyspace),
      event: SchemaChangeEvent(change: .created, target: .table, keyspace: keyspace, name: name))
  }

  private static func tableID(
    _ statement: CreateTableStatement, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> UUID {
    guard let text = statement.id else { return context.newTableID }
    guard let id = UUID(text) else { throw .configuration("Invalid table id") }
    guard schema.table(id: id) == nil else { throw .configuration("Table with id \(id) already exists") }
    return id
  }

  private static func checkDefinition(_ statement: CreateTableStatement) throws(QueryFailure) {
    let table = statement.table.name
    var names: Set<String> = []
    for column in statement.columns where !names.insert(column.name).inserted {
      throw .invalid("Duplicate column '\(column.name)' declaration for table '\(table)'")
    }
    guard !statement.partitionKey.isEmpty else {
      throw .invalid("No PRIMARY KEY specifed for table '\(table)' (exactly one required)")
    }
    guard statement.columns.count <= maxColumns else { throw .invalid("A table has at most \(maxColumns) columns") }
  }

  static func columns(
    of statement: CreateTableStatement, _ keyspace: String, _ options: TableOptions
  ) throws(QueryFailure) -> [Column] {
    var types: [String: CQLType] = [:]
    for column in statement.columns { types[column.name] = try type(column.type, keyspace) }
    try checkPrimaryKey(statement, types)
    try checkOrder(statement)
    let keys = Set(statement.partitionKey + statement.clusteringKey)
    if statement.clusteringKey.isEmpty, statement.columns.contains(where: \.isStatic) {
      throw .invalid(
        "Static columns are only useful (and thus allowed) if the table has at least one clustering column")
    }
    let plain = statement.columns.filter { !keys.contains($0.name) }
    if types.values.contains(.counter) {
      guard plain.allSatisfy({ types[$0.name] == .counter }) else {
        throw .invalid("Cannot mix counter and non counter columns in the same table")
      }
      if options.defaultTimeToLiveSeconds > 0 {
        throw .invalid("Cannot set default_time_to_live on a table with counters")
      }
    }
    var columns: [Column] = []
    func add(_ name: String, _ kind: ColumnKind, _ position: Int, isDescending: Bool = false) {
      guard let type = types[name] else { preconditionFailure("no type of column \(name)") }
      columns.append(
        Column(
          name: name, type: type, kind: kind, position: position, id: UInt16(columns.count), isDescending: isDescending)
      )
    }
    for (index, name) in statement.partitionKey.enumerated() { add(name, .partitionKey, index) }
    for (index, name) in statement.clusteringKey.enumerated() {
      let order = statement.clusteringOrder.first { $0.column == name }
      add(name, .clustering, index, isDescending: order?.isDescending ?? false)
    }
    for column in plain.sorted(by: { $0.name < $1.name }) { add(column.name, column.isStatic ? .static : .regular, 0) }
    return columns
  }

  private static func checkPrimaryKey(
    _ statement: CreateTableStatement, _ types: [String: CQLType]
  ) throws(QueryFailure) {
    let table = statement.table.name
    var seen: Set<String> = []
    for name in statement.partitionKey + statement.clusteringKey {
      guard let type = types[name] else {
        throw .invalid("Unknown column '\(name)' referenced in PRIMARY KEY for table '\(table)'")
      }
      guard seen.insert(name).inserted else {
        throw .invalid("Duplicate column '\(name)' in PRIMARY KEY clause for table '\(table)'")
      }
      if type.isMultiCell {
        throw .invalid("Invalid non-frozen collection type \(type) for PRIMARY KEY column '\(name)'")
      }
      if type == .counter { throw .invalid("counter type is not supported for PRIMARY KEY column '\(name)'") }
      if type.mentionsDuration { throw .invalid("duration type is not supported for PRIMARY KEY column '\(name)'") }
      if statement.columns.contains(where: { $0.name == name && $0.isStatic }) {
        throw .invalid("Static column '\(name)' cannot be part of the PRIMARY KEY")
      }
    }
    for name in statement.clusteringKey {
      guard let type = types[name], !ClusteringCodec.isSupported(type) else { continue }
      throw .invalid("Type \(type) of clustering column '\(name)' is not supported yet")
    }
  }

  private static func checkOrder(_ statement: CreateTableStatement) throws(QueryFailure) {
    let ordered = statement.clusteringOrder.map(\.column)
    let others = ordered.filter { !statement.clusteringKey.contains($0) }
    guard others.isEmpty else {
      throw .invalid(
        "Only clustering key columns can be defined in CLUSTERING ORDER directive:"
          + " [\(others.joined(separator: ", "))] are not clustering columns")
    }
    guard ordered.count <= statement.clusteringKey.count else {
      throw .invalid("Only clustering columns can be defined in CLUSTERING ORDER directive")
    }
    for (column, expected) in zip(ordered, statement.clusteringKey) where column != expected {
      guard ordered.contains(expected) else { throw .invalid("Missing CLUSTERING ORDER for column \(expected)") }
      throw .invalid(
        "The order of columns in the CLUSTERING ORDER directive must match that of the clustering columns (\(expected)"
          + " must appear before \(column))")
    }
  }

  static func drop(
    _ statement: DropTableStatement, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> Outcome {
    let keyspace = try keyspace(of: statement.table, "DROP", context)
    guard let owner = schema.keyspaces[keyspace], owner.tables[statement.table.name] != nil else {
      if statement.ifExists { return Outcome(schema: schema, event: nil) }
      throw .invalid("Table '\(keyspace).\(statement.table.name)' doesn't exist")
    }
    return Outcome(
      schema: schema.setting(owner.setting(nil, named: statement.table.name), named: keyspace),
      event: SchemaChangeEvent(change: .dropped, target: .table, keyspace: keyspace, name: statement.table.name))
  }
}
