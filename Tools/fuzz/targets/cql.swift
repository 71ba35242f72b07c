// CQL's text: the lexer, the parser, the binder, and what a statement's values become. The text goes up to a zero byte;
// what is behind it is bound to the markers.

import Base
import CQL
import Data

private let schema: Schema = makeSchema()

func fuzz(_ bytes: [UInt8]) {
  let text = Array(bytes.prefix { $0 != 0 })
  let rest = bytes.dropFirst(text.count + 1)
  guard let parsed = try? CQLParser.parse(utf8: text),
    let bound = try? Binder.bind(parsed, source: schema, keyspace: "ks")
  else { return }
  let values = bound.variables.indices.map { index -> BoundValue in
    let share = rest.count / max(1, bound.variables.count)
    return .bytes(Array(rest.dropFirst(index * share).prefix(share)))
  }
  let context = EvaluationContext(
    values: values, timestampMicroseconds: 1, nowMicroseconds: 1_700_000_000_000_000, random: { 4 },
    token: { Int64($0.count) })
  switch bound.body {
  case .select(let select): _ = try? select.plan(context)
  case .modification(let modification): _ = try? modification.mutations(context)
  case .batch(let batch): _ = try? batch.mutations(context)
  case .use, .truncate, .schemaChange, .describe: break
  }
}

private func makeSchema() -> Schema {
  var columns: [Column] = []
  func add(
    _ name: String, _ type: CQLType, _ kind: ColumnKind = .regular, position: Int = 0, isDescending: Bool = false
  ) {
    columns.append(
      Column(
        name: name, type: type, kind: kind, position: position, id: UInt16(columns.count), isDescending: isDescending))
  }
  add("k", .text, .partitionKey)
  add("k2", .int, .partitionKey, position: 1)
  add("a", .timestamp, .clustering, isDescending: true)
  add("b", .varint, .clustering, position: 1)
  add("c", .text, .clustering, position: 2)
  add("s", .text, .static)
  add("l", .list(.text))
  add("set", .set(.int))
  add("m", .map(.text, .int))
  add("f", .frozen(.map(.int, .frozen(.list(.text)))))
  add("t", .tuple([.int, .text]))
  for (name, type) in CQLType.scalars.sorted(by: { $0.key < $1.key }) where type != .counter { add("v_\(name)", type) }
  let table = Table(
    id: UUID(high: 1, low: 1), incarnation: 1, keyspace: "ks", name: "t", columns: columns, options: TableOptions(),
    nextColumnID: UInt16(columns.count))
  return Schema(epoch: 1, keyspaces: ["ks": Keyspace(name: "ks", replication: .simple(1), tables: ["t": table])])
}
