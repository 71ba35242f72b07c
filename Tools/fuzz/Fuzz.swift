// The libFuzzer target over what clients send: the CQL parser with the binder and the values behind it, and the
// native protocol's request decoder. Built by Tools/fuzz/run with swiftc, since SwiftPM renames the entry point.
//
// An input's first byte says which: even for CQL, odd for a frame. Nothing may trap, overflow the stack or hang.

import Base
import CQL
import Data
import Frames

private let schema: Schema = makeSchema()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let first = bytes.first else { return 0 }
  let rest = Array(bytes.dropFirst())
  if first.isMultiple(of: 2) { runStatement(rest) } else { runFrame(rest) }
  return 0
}

/// The text up to a zero byte; what is behind it is bound to the markers.
private func runStatement(_ bytes: [UInt8]) {
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

/// Nine bytes of header, then the body; a header that is refused gives way to one that suits the body.
private func runFrame(_ bytes: [UInt8]) {
  let head = Array(bytes.prefix(FrameHeader.bytes))
  let body = Array(bytes.dropFirst(FrameHeader.bytes))
  let read = try? FrameHeader(head.span.bytes, isRequest: true)
  guard let opcode = bytes.first.flatMap(Opcode.init(rawValue:)) ?? read?.opcode else { return }
  let header = FrameHeader(
    isResponse: false, flags: read?.flags ?? FrameFlags(rawValue: head.last ?? 0), stream: 0, opcode: opcode,
    bodyBytes: body.count)
  _ = try? Request(header, body: body.span.bytes, limits: FrameLimits())
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
