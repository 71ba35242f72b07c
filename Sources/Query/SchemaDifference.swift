// What differs between two schemas, as the events that drivers listen for: a node that took over a newer schema tells
// its clients what changed, whichever node made the change.

import Data

extension SchemaChangeEvent {
  /// In the order of names; a keyspace's own change before its tables'.
  public static func differences(from old: Schema, to new: Schema) -> [SchemaChangeEvent] {
    var events: [SchemaChangeEvent] = []
    for name in Set(old.keyspaces.keys).union(new.keyspaces.keys).sorted() {
      let before = old.keyspace(name)
      let after = new.keyspace(name)
      guard before !== after else { continue }
      guard let after else {
        events.append(SchemaChangeEvent(change: .dropped, target: .keyspace, keyspace: name))
        continue
      }
      if let before {
        if before.replication != after.replication || before.durableWrites != after.durableWrites {
          events.append(SchemaChangeEvent(change: .updated, target: .keyspace, keyspace: name))
        }
      } else {
        events.append(SchemaChangeEvent(change: .created, target: .keyspace, keyspace: name))
      }
      events += tableDifferences(keyspace: name, from: before?.tables ?? [:], to: after.tables)
    }
    return events
  }

  private static func tableDifferences(
    keyspace: String, from old: [String: Table], to new: [String: Table]
  ) -> [SchemaChangeEvent] {
    Set(old.keys).union(new.keys).sorted().compactMap { name in
      let change: Change
      switch (old[name], new[name]) {
      case (nil, _): change = .created
      case (_, nil): change = .dropped
      case (let before?, let after?):
        // A truncated table has another incarnation and is the same to clients.
        if before.columns == after.columns, before.options == after.options, before.id == after.id { return nil }
        change = before.id == after.id ? .updated : .created
      }
      return SchemaChangeEvent(change: change, target: .table, keyspace: keyspace, name: name)
    }
  }
}
