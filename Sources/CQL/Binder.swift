// Looks every name of a parsed statement up in a schema and gives every term its type. Messages are
// Cassandra 5's.

import Base
import Data

public enum Binder {
  /// - Parameter keyspace: of unqualified names; nil where the connection has chosen none.
  /// - Throws: `.invalid` for names, types and restrictions that cannot be; `.syntax` never.
  public static func bind(
    _ parsed: ParsedStatement, source: some TableSource, keyspace: String?
  ) throws(CQLFailure) -> BoundStatement {
    var binding = Binding(source: source, keyspace: keyspace, markerCount: parsed.markers.count)
    let body: BoundStatement.Body
    switch parsed.statement {
    case .select(let statement): body = .select(try binding.bind(statement))
    case .insert(let statement): body = .modification(try binding.bind(statement))
    case .update(let statement): body = .modification(try binding.bind(statement))
    case .delete(let statement): body = .modification(try binding.bind(statement))
    case .batch(let statement): body = .batch(try binding.bind(statement))
    case .use(let keyspace):
      guard source.hasKeyspace(keyspace) else { throw .invalid("Keyspace '\(keyspace)' does not exist") }
      body = .use(keyspace: keyspace)
    case .truncate(let name): body = .truncate(try binding.table(name))
    case .describe(let statement): body = .describe(statement, keyspace: keyspace)
    case .unsupported(let statement): throw refusal(of: statement)
    case .createKeyspace, .alterKeyspace, .dropKeyspace, .createTable, .alterTable, .dropTable:
      body = .schemaChange(parsed.statement, keyspace: keyspace)
    }
    return BoundStatement(
      body: body, variables: try binding.finishedVariables(parsed.markers),
      partitionKeyIndexes: binding.partitionKeyIndexes(of: body))
  }

  /// There are no roles yet, so everybody is anonymous: what Cassandra says then.
  private static func refusal(of statement: UnsupportedStatement) -> CQLFailure {
    let words = statement.name.split(separator: " ")
    let isAboutRoles =
      ["GRANT", "REVOKE", "LIST"].contains(words[0]) || ["ROLE", "USER", "IDENTITY"].contains(words[words.count - 1])
    if isAboutRoles {
      return CQLFailure(.unauthorized, "You have to be logged in and not anonymous to perform this request")
    }
    return .invalid("\(statement.name) is not supported")
  }

  /// A type as written, in a table's definition or a cast.
  /// - Parameter keyspace: shown where a name is no type.
  public static func type(_ name: TypeName, keyspace: String? = nil) throws(CQLFailure) -> CQLType {
    try name.resolved(keyspace: keyspace)
  }
}

/// The state of binding one statement.
struct Binding<Source: TableSource> {
  let source: Source
  let keyspace: String?
  var variables: [BindVariable?]
  /// Of the fetched columns of a select.
  var fetched: [Column] = []
  var slots: [String: Int] = [:]

  init(source: Source, keyspace: String?, markerCount: Int) {
    self.source = source
    self.keyspace = keyspace
    variables = [BindVariable?](repeating: nil, count: markerCount)
  }

  func table(_ name: QualifiedName) throws(CQLFailure) -> Table {
    guard let keyspace = name.keyspace ?? keyspace else {
      throw .invalid("No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename")
    }
    guard source.hasKeyspace(keyspace) else { throw .invalid("keyspace \(keyspace) does not exist") }
    guard let table = source.table(keyspace, name.name) else { throw .invalid("table \(name.name) does not exist") }
    return table
  }

  func column(_ name: String, of table: Table) throws(CQLFailure) -> Column {
    guard let column = table.column(named: name) else {
      throw .invalid("Undefined column name \(Parser.shownName(name)) in table \(table.keyspace).\(table.name)")
    }
    return column
  }

  /// Where a fetched column's value stands.
  mutating func slot(of column: Column) -> Int {
    if let slot = slots[column.name] { return slot }
    fetched.append(column)
    slots[column.name] = fetched.count - 1
    return fetched.count - 1
  }

  // MARK: - Variables

  mutating func variable(_ marker: Marker, _ name: String, _ type: CQLType, _ table: Table) -> BoundTerm {
    variables[marker.index] = BindVariable(
      keyspace: table.keyspace, table: table.name, name: marker.name ?? name, type: type)
    return .variable(marker.index, type)
  }

  func finishedVariables(_ markers: [Marker]) throws(CQLFailure) -> [BindVariable] {
    var finished: [BindVariable] = []
    for (index, variable) in variables.enumerated() {
      guard let variable else {
        throw .invalid("Cannot determine the type of bind marker \(markers[index].name.map { ":\($0)" } ?? "?")")
      }
      finished.append(variable)
    }
    return finished
  }

  func partitionKeyIndexes(of body: BoundStatement.Body) -> [UInt16] {
    switch body {
    case .select(let select): return partitionKeyIndexes(of: select.restrictions)
    case .modification(let modification): return partitionKeyIndexes(of: modification.keys)
    case .batch(let batch):
      // As Cassandra: the markers of the first statement, if it names its partition by markers alone.
      return batch.members.first.map { partitionKeyIndexes(of: $0.keys) } ?? []
    case .use, .truncate, .schemaChange, .describe: return []
    }
  }

  private func partitionKeyIndexes(of restrictions: BoundRestrictions) -> [UInt16] {
    guard case .key(let choices) = restrictions.partition else { return [] }
    var indexes: [UInt16] = []
    for choice in choices {
      guard case .one(.variable(let index, _)) = choice, let short = UInt16(exactly: index) else { return [] }
      indexes.append(short)
    }
    return indexes
  }
}
