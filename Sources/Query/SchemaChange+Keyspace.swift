// CREATE, ALTER and DROP KEYSPACE (KeyspaceAttributes.java, SimpleStrategy.java, NetworkTopologyStrategy.java).

import CQL
import Data

extension SchemaChange {
  static let maxReplicationFactor = 100
  /// Where a statement names none (`default_keyspace_rf`).
  static let defaultReplicationFactor = 1

  static func create(
    _ statement: CreateKeyspaceStatement, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> Outcome {
    try checkModifiable(statement.name)
    guard isValidName(statement.name) else {
      throw .invalid(
        "Keyspace name must not be empty, more than \(maxNameLength) characters long, or contain"
          + " non-alphanumeric-underscore characters (got \"\(statement.name)\")")
    }
    if schema.keyspace(statement.name) != nil {
      if statement.ifNotExists { return Outcome(schema: schema, event: nil) }
      throw .alreadyExists(keyspace: statement.name, table: "")
    }
    try checkProperties(statement.properties)
    guard let replication = try replication(statement.properties, statement.name, context, old: nil) else {
      throw .invalid("Missing mandatory option 'replication'")
    }
    let made = Keyspace(
      name: statement.name, replication: replication,
      durableWrites: try durableWrites(statement.properties) ?? true)
    return Outcome(
      schema: schema.setting(made, named: made.name),
      event: SchemaChangeEvent(change: .created, target: .keyspace, keyspace: made.name))
  }

  static func alter(
    _ statement: AlterKeyspaceStatement, _ schema: Schema, _ context: Context
  ) throws(QueryFailure) -> Outcome {
    try checkModifiable(statement.name)
    guard let old = schema.keyspace(statement.name) else {
      if statement.ifExists { return Outcome(schema: schema, event: nil) }
      throw .invalid("Keyspace '\(statement.name)' doesn't exist")
    }
    try checkProperties(statement.properties)
    let changed = Keyspace(
      name: old.name,
      replication: try replication(statement.properties, statement.name, context, old: old.replication)
        ?? old.replication,
      durableWrites: try durableWrites(statement.properties) ?? old.durableWrites, tables: old.tables)
    return Outcome(
      schema: schema.setting(changed, named: old.name),
      event: SchemaChangeEvent(change: .updated, target: .keyspace, keyspace: old.name))
  }

  static func drop(_ statement: DropKeyspaceStatement, _ schema: Schema) throws(QueryFailure) -> Outcome {
    try checkModifiable(statement.name, "DROP <keyspace \(statement.name)>")
    guard schema.keyspaces[statement.name] != nil else {
      if statement.ifExists { return Outcome(schema: schema, event: nil) }
      throw .invalid("Keyspace '\(statement.name)' doesn't exist")
    }
    return Outcome(
      schema: schema.setting(nil, named: statement.name),
      event: SchemaChangeEvent(change: .dropped, target: .keyspace, keyspace: statement.name))
  }

  // MARK: - Properties

  private static func checkProperties(_ properties: Properties) throws(QueryFailure) {
    var seen: Set<String> = []
    for entry in properties.entries {
      guard seen.insert(entry.name).inserted else { throw .syntax("Multiple definition for property '\(entry.name)'") }
      guard ["replication", "durable_writes"].contains(entry.name) else {
        throw .syntax("Unknown property '\(entry.name)'")
      }
    }
  }

  private static func durableWrites(_ properties: Properties) throws(QueryFailure) -> Bool? {
    switch properties["durable_writes"] {
    case nil: return nil
    case .text(let text): return ["1", "true", "yes"].contains(text.lowercased())
    case .map: throw .syntax("Invalid value for property 'durable_writes'. It should be a string")
    }
  }

  private static func replication(
    _ properties: Properties, _ keyspace: String, _ context: Context, old: Replication?
  ) throws(QueryFailure) -> Replication? {
    guard let value = properties["replication"] else { return nil }
    guard case .map(var options) = value else {
      throw .syntax("Invalid value for property 'replication'. It should be a map.")
    }
    guard let name = options.removeValue(forKey: "class") else {
      throw .configuration("Missing replication strategy class")
    }
    let prefix = "org.apache.cassandra.locator."
    switch name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name {
    case "SimpleStrategy": return try simple(options, keyspace)
    case "NetworkTopologyStrategy": return try networkTopology(options, keyspace, context, old: old)
    case "LocalStrategy", "EverywhereStrategy", "MetaStrategy":
      throw .configuration("Unable to use given strategy class: LocalStrategy is reserved for internal use.")
    default:
      let full = name.contains(".") ? name : prefix + name
      throw .configuration("Unable to find replication strategy class '\(full)'")
    }
  }

  private static func simple(_ options: [String: String], _ keyspace: String) throws(QueryFailure) -> Replication {
    for option in options.keys.sorted() where option != "replication_factor" {
      throw .configuration(
        "Unrecognized strategy option {\(option)} passed to SimpleStrategy for keyspace \(keyspace)")
    }
    return .simple(try options["replication_factor"].map(factor) ?? defaultReplicationFactor)
  }

  private static func networkTopology(
    _ options: [String: String], _ keyspace: String, _ context: Context, old: Replication?
  ) throws(QueryFailure) -> Replication {
    var factors: [String: Int] = [:]
    var common = try options["replication_factor"].map(factor)
    // A default for every datacenter; those that have a factor keep it, as Cassandra expands it. Without any option,
    // what SimpleStrategy had before.
    if common != nil, old?.strategy == .networkTopology { factors = old?.factors ?? [:] }
    if options.isEmpty { common = old?.factors["replication_factor"] ?? defaultReplicationFactor }
    if let common {
      for datacenter in context.datacenters where factors[datacenter] == nil { factors[datacenter] = common }
    }
    for (datacenter, text) in options where datacenter != "replication_factor" {
      guard context.datacenters.contains(datacenter) else {
        throw .configuration(
          "Unrecognized strategy option {\(datacenter)} passed to NetworkTopologyStrategy for keyspace \(keyspace)")
      }
      factors[datacenter] = try factor(text)
    }
    factors = factors.filter { $0.value > 0 }
    guard !factors.isEmpty else {
      throw .configuration("Configuration for at least one datacenter must be present")
    }
    return Replication(strategy: .networkTopology, factors: factors)
  }

  private static func factor(_ text: String) throws(QueryFailure) -> Int {
    if text.contains("/") { throw .configuration("Transient replication is not supported") }
    guard let value = Int(text) else { throw .configuration("For input string: \"\(text)\"") }
    guard value >= 0 else { throw .configuration("Replication factor must be non-negative; found \(value)") }
    guard value <= maxReplicationFactor else {
      throw .configuration("Replication factor must be at most \(maxReplicationFactor); found \(value)")
    }
    return value
  }
}
