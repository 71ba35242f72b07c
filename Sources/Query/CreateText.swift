// Keyspaces and tables as the CQL that makes them (TableMetadata.java, KeyspaceMetadata.java: toCqlString): what
// DESCRIBE answers, and what loads again here and in Cassandra.

import CQL
import Data

enum CreateText {
  /// Words that a name must be quoted to be (Lexer.g's keywords without Parser.g's unreserved ones).
  private static let reserved: Set<String> = [
    "add", "allow", "alter", "and", "any", "apply", "asc", "authorize", "batch", "begin", "by", "columnfamily",
    "create", "default", "delete", "desc", "describe", "drop", "each_quorum", "entries", "execute", "from", "full",
    "grant", "if", "in", "index", "inet", "infinity", "insert", "into", "is", "keyspace", "limit", "local_one",
    "local_quorum", "materialized", "mbean", "mbeans", "modify", "nan", "norecursive", "not", "null", "of", "on", "one",
    "or", "order", "password", "primary", "quorum", "rename", "replace", "revoke", "schema", "select", "set", "table",
    "three", "to", "token", "truncate", "two", "unlogged", "unset", "update", "use", "using", "view", "where", "with",
  ]

  /// A name as CQL must write it to mean just this one.
  static func name(_ name: String) -> String {
    let bytes = Array(name.utf8)
    let isPlain =
      bytes.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
      && bytes.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || $0 == UInt8(ascii: "_")
      }
    if isPlain, !reserved.contains(name) { return name }
    return "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }

  static func text(_ keyspace: Keyspace) -> String {
    let full = keyspace.replication.className
    let short = full.split(separator: ".").last.map(String.init) ?? full
    var options = ["'class': '\(short)'"]
    for (key, factor) in keyspace.replication.factors.sorted(by: { $0.key < $1.key }) {
      options.append("\(TableOptionCatalog.quoted(key)): '\(factor)'")
    }
    return "CREATE KEYSPACE \(name(keyspace.name)) WITH replication = {\(options.joined(separator: ", "))}"
      + "  AND durable_writes = \(keyspace.durableWrites);"
  }

  /// - Parameter withInternals: shows the id as well, by which it is the same table again.
  static func text(_ table: Table, withInternals: Bool) -> String {
    var lines: [String] = []
    let hasInlineKey = table.partitionKey.count == 1 && table.clustering.isEmpty
    for column in table.columns {
      var line = "    \(name(column.name)) \(column.type.schemaText)"
      if column.kind == .static { line += " static" }
      if hasInlineKey, column.kind == .partitionKey { line += " PRIMARY KEY" }
      lines.append(line)
    }
    if !hasInlineKey {
      let partition = table.partitionKey.map { name($0.name) }.joined(separator: ", ")
      let key = table.partitionKey.count == 1 ? [partition] : ["(\(partition))"]
      lines.append("    PRIMARY KEY (\((key + table.clustering.map { name($0.name) }).joined(separator: ", ")))")
    }
    var clauses: [String] = []
    if withInternals { clauses.append("ID = \(table.id)") }
    if !table.clustering.isEmpty {
      let order = table.clustering.map { "\(name($0.name)) \($0.isDescending ? "DESC" : "ASC")" }
      clauses.append("CLUSTERING ORDER BY (\(order.joined(separator: ", ")))")
    }
    for option in TableOptionCatalog.options {
      clauses.append("\(option.name) = \(TableOptionCatalog.text(option, of: table.options))")
    }
    return "CREATE TABLE \(name(table.keyspace)).\(name(table.name)) (\n\(lines.joined(separator: ",\n"))\n) WITH "
      + clauses.joined(separator: "\n    AND ") + ";"
  }
}
