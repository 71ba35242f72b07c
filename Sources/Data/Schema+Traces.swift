// The keyspace that every cluster has from its birth and that is stored like a user's: system_traces, with the columns,
// ids and options of Cassandra 5.0 (tracing/TraceKeyspace.java). It stands in no schema record until somebody alters
// it; then the record's goes first.

import Base

extension Schema {
  /// Marks where in storage the built-in tables lie: above every epoch that a schema will reach, and fixed, so that
  /// nodes which have never spoken agree on it.
  private static let firstBuiltInIncarnation: UInt32 = 0xFFFF_FF00

  /// Kept with replicas, unlike the keyspaces that each node computes (room Query).
  public static let traces = Keyspace(
    name: "system_traces", replication: .simple(2),
    tables: [
      "sessions": builtIn(
        "sessions", "tracing sessions", UUID(high: 0xc5e9_9f16_8677_3914, low: 0xb17e_9606_1351_2345), place: 0,
        [
          ("session_id", .uuid, .partitionKey), ("client", .inet, .regular), ("command", .text, .regular),
          ("coordinator", .inet, .regular), ("coordinator_port", .int, .regular), ("duration", .int, .regular),
          ("parameters", .map(.text, .text), .regular), ("request", .text, .regular),
          ("started_at", .timestamp, .regular),
        ]),
      "events": builtIn(
        "events", "tracing events", UUID(high: 0x8826_e8e9_e16a_3728, low: 0x8753_3bc1_fc71_3c25), place: 1,
        [
          ("session_id", .uuid, .partitionKey), ("event_id", .timeuuid, .clustering), ("activity", .text, .regular),
          ("source", .inet, .regular), ("source_elapsed", .int, .regular), ("source_port", .int, .regular),
          ("thread", .text, .regular),
        ]),
    ])

  private static func builtIn(
    _ name: String, _ comment: String, _ id: UUID, place: UInt32,
    _ columns: [(name: String, type: CQLType, kind: ColumnKind)]
  ) -> Table {
    var options = TableOptions()
    options.comment = comment
    options.gcGraceSeconds = 0
    return Table(
      id: id, incarnation: firstBuiltInIncarnation + place, keyspace: "system_traces", name: name,
      columns: columns.enumerated().map { index, column in
        Column(name: column.name, type: column.type, kind: column.kind, id: UInt16(index))
      }, options: options, nextColumnID: UInt16(columns.count))
  }

  /// A keyspace that has replicas: a user's, or a built-in one.
  public func keyspace(_ name: String) -> Keyspace? {
    keyspaces[name] ?? (name == Self.traces.name ? Self.traces : nil)
  }
}
