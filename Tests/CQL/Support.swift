import Base
import Data

@testable import CQL

/// A schema made of CREATE statements, as a test writes them.
func schema(_ statements: String...) throws -> Schema {
  var tables: [String: Table] = [:]
  for (number, text) in statements.enumerated() {
    guard case .createTable(let statement) = try CQLParser.parse(text).statement else {
      fatalError("\(text) is no table")
    }
    var columns: [Column] = []
    for definition in statement.columns {
      var column = Column(
        name: definition.name, type: try Binder.type(definition.type), kind: definition.isStatic ? .static : .regular,
        id: UInt16(columns.count))
      if let position = statement.partitionKey.firstIndex(of: definition.name) {
        column.kind = .partitionKey
        column.position = position
      } else if let position = statement.clusteringKey.firstIndex(of: definition.name) {
        column.kind = .clustering
        column.position = position
        column.isDescending = statement.clusteringOrder.contains { $0.column == definition.name && $0.isDescending }
      }
      columns.append(column)
    }
    tables[statement.table.name] = Table(
      id: UUID(high: 1, low: UInt64(number)), incarnation: UInt32(number + 1), keyspace: "ks",
      name: statement.table.name, columns: columns, options: TableOptions(), nextColumnID: UInt16(columns.count))
  }
  return Schema(
    epoch: 1, keyspaces: ["ks": Keyspace(name: "ks", replication: .simple(1), tables: tables)])
}

func standardSchema() throws -> Schema {
  try schema(
    "CREATE TABLE t (a int, b int, c int, d int, v text, s text static, PRIMARY KEY ((a), b, c, d))",
    "CREATE TABLE kv (k text PRIMARY KEY, v text, n int, big bigint)",
    "CREATE TABLE two (p int, q text, c timestamp, v int, PRIMARY KEY ((p, q), c)) WITH CLUSTERING ORDER BY (c DESC)",
    "CREATE TABLE mixed (k int, a int, b int, v int, PRIMARY KEY (k, a, b)) WITH CLUSTERING ORDER BY (a ASC, b DESC)",
    "CREATE TABLE coll (k int PRIMARY KEY, l list<text>, s set<int>, m map<text, int>, f frozen<list<int>>,"
      + " t tuple<int, text>)",
    "CREATE TABLE all_types (k int PRIMARY KEY, ascii_c ascii, bigint_c bigint, blob_c blob, boolean_c boolean,"
      + " date_c date, decimal_c decimal, double_c double, duration_c duration, float_c float, inet_c inet,"
      + " smallint_c smallint, text_c text, time_c time, timestamp_c timestamp, timeuuid_c timeuuid,"
      + " tinyint_c tinyint, uuid_c uuid, varint_c varint)")
}

func context(_ values: [BoundValue] = [], seed: UInt64 = 7) -> EvaluationContext {
  var generator = SeededGenerator(seed: seed)
  return EvaluationContext(
    values: values, timestampMicroseconds: 1_000_000, nowMicroseconds: 1_700_000_000_000_000,
    random: { generator.next() },
    token: { key in key.reduce(Int64(key.count)) { ($0 &* 31) &+ Int64($1) } })
}

func bind(_ text: String, _ schema: Schema, keyspace: String? = "ks") throws -> BoundStatement {
  try Binder.bind(try CQLParser.parse(text), source: schema, keyspace: keyspace)
}

/// "ok", or the failure's text.
func outcome(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "ok"
  } catch let failure as CQLFailure {
    return failure.message
  } catch {
    return "unexpected: \(error)"
  }
}
