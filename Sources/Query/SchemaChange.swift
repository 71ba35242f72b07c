// Statements that change the schema, as pure functions from one schema to the next: the seed runs them in order, the
// simulator as well, and every node that replays them gets the same. The checks and their words are those of
// Cassandra's cql3/statements/schema/*.java.
//
// Deviation: DROP of a column needs no timestamp, since cells carry a column's id and an id is never used again.

import Base
import CQL
import Data

public enum SchemaChange {
  /// What a schema becomes.
  public struct Outcome: Sendable {
    /// The same object where nothing changed (IF NOT EXISTS and the like).
    public var schema: Schema
    /// What clients are told; nil for TRUNCATE and where nothing changed.
    public var event: SchemaChangeEvent?
  }

  /// What a change needs to know besides the schema.
  public struct Context: Sendable {
    /// Of unqualified names.
    public var keyspace: String?
    /// The id of a table that is made.
    public var newTableID: UUID
    /// Of the cluster's members, for NetworkTopologyStrategy.
    public var datacenters: Set<String>
    /// Random bytes for a schema that has no secret yet.
    public var newSecret: [UInt8]

    public init(keyspace: String?, newTableID: UUID, datacenters: Set<String>, newSecret: [UInt8] = []) {
      self.keyspace = keyspace
      self.newTableID = newTableID
      self.datacenters = datacenters
      self.newSecret = newSecret
    }
  }

  /// Whether the statement is one of these.
  public static func changesSchema(_ statement: Statement) -> Bool {
    switch statement {
    case .createKeyspace, .alterKeyspace, .dropKeyspace, .createTable, .alterTable, .dropTable, .truncate: true
    default: false
    }
  }

  /// The schema after the statement, one epoch higher.
  public static func apply(_ statement: Statement, to schema: Schema, _ context: Context) throws(QueryFailure)
    -> Outcome
  {
    var outcome = try change(statement, schema, context)
    if outcome.schema !== schema { outcome.schema = outcome.schema.sharing(secret: context.newSecret) }
    return outcome
  }

  private static func change(
    _ statement: Statement, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> Outcome {
    switch statement {
    case .createKeyspace(let statement): return try create(statement, schema, context)
    case .alterKeyspace(let statement): return try alter(statement, schema, context)
    case .dropKeyspace(let statement): return try drop(statement, schema)
    case .createTable(let statement): return try create(statement, schema, context)
    case .alterTable(let statement): return try alter(statement, schema, context)
    case .dropTable(let statement): return try drop(statement, schema, context)
    case .truncate(let name): return try truncate(name, schema, context)
    default: throw .invalid("The statement does not change the schema")
    }
  }

  /// The same from a statement's text.
  public static func apply(_ text: String, to schema: Schema, _ context: Context) throws(QueryFailure) -> Outcome {
    try apply(try parsed(text).statement, to: schema, context)
  }

  static func parsed(_ text: String) throws(QueryFailure) -> ParsedStatement {
    do throws(CQLFailure) { return try CQLParser.parse(text) } catch { throw QueryFailure(error) }
  }

  static func type(_ name: TypeName, _ keyspace: String) throws(QueryFailure) -> CQLType {
    do throws(CQLFailure) { return try Binder.type(name, keyspace: keyspace) } catch { throw QueryFailure(error) }
  }

  // MARK: - Names

  static let maxNameLength = 48

  static func isValidName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= maxNameLength
      && name.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || $0 == UInt8(ascii: "_")
      }
  }

  /// - Parameter action: what is to be done, as Cassandra names the permission; altering the keyspace itself is allowed
  ///   of traces.
  static func checkModifiable(_ keyspace: String, _ action: String? = nil) throws(QueryFailure) {
    if keyspace == Schema.traces.name, let action { throw .unauthorized("Cannot \(action)") }
    if SystemSchema.virtualNames.contains(keyspace) {
      throw .invalid("Virtual keyspace '\(keyspace)' is not user-modifiable")
    }
    if SystemSchema.names.contains(keyspace) {
      throw .unauthorized("\(keyspace) keyspace is not user-modifiable.")
    }
  }

  /// - Parameter action: `CREATE`, `ALTER` or `DROP`.
  static func keyspace(
    of name: QualifiedName, _ action: String, _ context: Context
  ) throws(QueryFailure) -> String {
    guard let keyspace = name.keyspace ?? context.keyspace else { throw .noKeyspace }
    let resource = action == "CREATE" ? "all tables in \(keyspace)" : "table \(keyspace).\(name.name)"
    try checkModifiable(keyspace, "\(action) <\(resource)>")
    return keyspace
  }

  private static func truncate(
    _ name: QualifiedName, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> Outcome {
    guard let keyspace = name.keyspace ?? context.keyspace else { throw .noKeyspace }
    if SystemSchema.isSystem(keyspace) { throw .invalid("Cannot truncate system tables") }
    guard let owner = schema.keyspaces[keyspace] else { throw .invalid("keyspace \(keyspace) does not exist") }
    guard let table = owner.tables[name.name] else { throw .invalid("table \(name.name) does not exist") }
    let emptied = table.changed(incarnation: schema.epoch + 1)
    return Outcome(schema: schema.setting(owner.setting(emptied, named: table.name), named: keyspace), event: nil)
  }
}

extension QueryFailure {
  init(_ failure: CQLFailure) {
    switch failure.kind {
    case .syntax: self = .syntax(failure.message)
    case .unauthorized: self = .unauthorized(failure.message)
    case .invalid: self = .invalid(failure.message)
    case .configuration: self = .configuration(failure.message)
    case .function: self = .functionFailure(failure.message)
    }
  }

  static var noKeyspace: QueryFailure {
    .invalid("No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename")
  }
}
