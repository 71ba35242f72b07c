// ALTER TABLE (AlterTableStatement.java): columns come, go and are renamed, options change. Nothing that is stored is
// touched: cells name columns by ids, which a new column never shares with an old one.

import CQL
import Data

extension SchemaChange {
  static func alter(
    _ statement: AlterTableStatement, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> Outcome {
    let keyspace = try keyspace(of: statement.table, "ALTER", context)
    let name = statement.table.name
    guard let owner = schema.keyspaces[keyspace], let table = owner.tables[name] else {
      if statement.ifExists { return Outcome(schema: schema, event: nil) }
      throw .invalid("Table '\(keyspace).\(name)' doesn't exist")
    }
    let changed = try altered(table, statement.change)
    return Outcome(
      schema: schema.setting(owner.setting(changed, named: name), named: keyspace),
      event: SchemaChangeEvent(change: .updated, target: .table, keyspace: keyspace, name: name))
  }

  private static func altered(_ table: Table, _ change: AlterTableStatement.Change) throws(QueryFailure) -> Table {
    switch change {
    case .add(let columns, let ifNotExists): return try adding(columns, ifNotExists: ifNotExists, to: table)
    case .drop(let names, _, let ifExists): return try dropping(names, ifExists: ifExists, from: table)
    case .rename(let renames, let ifExists): return try renaming(renames, ifExists: ifExists, in: table)
    case .alterType: throw .invalid("Altering column types is no longer supported")
    case .dropCompactStorage: throw .invalid("Cannot DROP COMPACT STORAGE on table without COMPACT STORAGE")
    case .mask: throw .invalid("Dynamic data masking is not supported")
    case .properties(let properties):
      let options = try TableOptionCatalog.options(properties, changing: table.options)
      if options.defaultTimeToLiveSeconds > 0, table.isCounter {
        throw .invalid("Cannot set default_time_to_live on a table with counters")
      }
      return table.changed(options: options)
    }
  }

  private static func adding(
    _ definitions: [ColumnDefinition], ifNotExists: Bool, to table: Table
  ) throws(QueryFailure) -> Table {
    var columns = table.columns
    var nextID = table.nextColumnID
    for definition in definitions {
      let type = try type(definition.type, table.keyspace)
      if columns.contains(where: { $0.name == definition.name }) {
        if ifNotExists { continue }
        throw .invalid("Column with name '\(definition.name)' already exists")
      }
      if definition.isStatic, table.clustering.isEmpty {
        throw .invalid(
          "Static columns are only useful (and thus allowed) if the table has at least one clustering column")
      }
      if columns.contains(where: { $0.kind == .regular || $0.kind == .static }), table.isCounter != (type == .counter) {
        throw .invalid("Cannot mix counter and non counter columns in the same table")
      }
      guard columns.count < maxColumns, nextID < .max else {
        throw .invalid("A table has at most \(maxColumns) columns and \(UInt16.max) in its lifetime")
      }
      columns.append(
        Column(name: definition.name, type: type, kind: definition.isStatic ? .static : .regular, id: nextID))
      nextID += 1
    }
    return table.changed(columns: columns, nextColumnID: nextID)
  }

  private static func dropping(_ names: [String], ifExists: Bool, from table: Table) throws(QueryFailure) -> Table {
    var columns = table.columns
    for name in names {
      guard let index = columns.firstIndex(where: { $0.name == name }) else {
        if ifExists { continue }
        throw .invalid("Column \(name) was not found in table '\(table.keyspace).\(table.name)'")
      }
      if columns[index].kind == .partitionKey || columns[index].kind == .clustering {
        throw .invalid("Cannot drop PRIMARY KEY column \(name)")
      }
      columns.remove(at: index)
    }
    return table.changed(columns: columns)
  }

  private static func renaming(
    _ renames: [AlterTableStatement.Rename], ifExists: Bool, in table: Table
  ) throws(QueryFailure) -> Table {
    var columns = table.columns
    let full = "\(table.keyspace).\(table.name)"
    for rename in renames {
      guard let index = columns.firstIndex(where: { $0.name == rename.from }) else {
        if ifExists { continue }
        throw .invalid("Column \(rename.from) was not found in table '\(full)'")
      }
      guard columns[index].kind == .partitionKey || columns[index].kind == .clustering else {
        throw .invalid("Cannot rename non PRIMARY KEY column \(rename.from)")
      }
      if columns.contains(where: { $0.name == rename.to }) {
        throw .invalid(
          "Cannot rename column \(rename.from) to \(rename.to) in table '\(full)'; another column with that name"
            + " already exists")
      }
      columns[index].name = rename.to
    }
    return table.changed(columns: columns)
  }
}

extension Table {
  /// All that is not its key are counters.
  var isCounter: Bool { (regulars + statics).contains { $0.type == .counter } }
}
