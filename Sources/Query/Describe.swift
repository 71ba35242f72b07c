// DESCRIBE, answered by the server (cql3/statements/DescribeStatement.java): cqlsh 6 sends it as typed.
//
// Its paging state is a row's number in the listing and the schema's epoch, since the listing is made anew a page.

import Base
import CQL
import Data
import Metadata
import Ring

struct Description {
  struct Element {
    var keyspace: String
    var type: String
    var name: String
    var text: String
  }

  let keyspaces: AllKeyspaces
  /// The session's, for unqualified names.
  let keyspace: String?
  let withInternals: Bool

  // MARK: - Rows

  private static func columns(_ columns: [(String, CQLType)]) -> ResultColumns {
    ResultColumns(columns.map { ResultColumn(keyspace: "system", table: "describe", name: $0.0, type: $0.1) })
  }

  private static let listColumns = columns([("keyspace_name", .text), ("type", .text), ("name", .text)])
  private static let elementColumns = columns([
    ("keyspace_name", .text), ("type", .text), ("name", .text), ("create_statement", .text),
  ])

  /// The whole answer: its columns, and its rows' values.
  static func answer(
    _ statement: DescribeStatement, keyspace: String?, _ snapshot: ClusterSnapshot, ranges: ReplicaMap?
  ) throws(QueryFailure) -> (columns: ResultColumns, rows: [[[UInt8]]]) {
    let description = Description(
      keyspaces: AllKeyspaces(schema: snapshot.schema), keyspace: keyspace, withInternals: statement.withInternals)
    if statement.target == .cluster { return cluster(snapshot, ranges: ranges) }
    if let list = try description.list(statement.target) {
      return (listColumns, list.map { [$0.keyspace, $0.type, $0.name].map { Array($0.utf8) } })
    }
    let elements = try description.elements(statement.target)
    return (elementColumns, elements.map { [$0.keyspace, $0.type, $0.name, $0.text].map { Array($0.utf8) } })
  }

  private static func cluster(
    _ snapshot: ClusterSnapshot, ranges: ReplicaMap?
  ) -> (columns: ResultColumns, rows: [[[UInt8]]]) {
    let partitioner = ServerIdentity.partitioner.split(separator: ".").last.map(String.init) ?? ""
    var columns: [(String, CQLType)] = [("cluster", .text), ("partitioner", .text), ("snitch", .text)]
    var row = [snapshot.clusterName, partitioner, ServerIdentity.snitch].map { Array($0.utf8) }
    if let ranges {
      columns.append(("range_ownership", .map(.text, .frozen(.list(.text)))))
      let parts = ranges.parts(of: .all).map { (end: String($0.range.last), replicas: $0.replicas) }
      let entries = parts.sorted { $0.end < $1.end }.flatMap { part -> [[UInt8]] in
        let addresses = part.replicas.map { index -> [UInt8] in
          let member = ranges.members[index]
          return Array("\(member.address):\(member.internodePort)".utf8)
        }
        return [Array(part.end.utf8), Values.collection(addresses)]
      }
      row.append(Values.map(alternating: entries))
    }
    return (Self.columns(columns), [row])
  }

  // MARK: - Lists

  private func list(_ target: DescribeStatement.Target) throws(QueryFailure) -> [Element]? {
    switch target {
    case .keyspaces: return keyspaces.all.map { element($0) }
    case .tables:
      let shown = if let keyspace { [try found(keyspace)] } else { keyspaces.all }
      return shown.flatMap { $0.tables.values.sorted { $0.name < $1.name }.map(element) }
    case .types, .functions, .aggregates:
      if let keyspace { _ = try found(keyspace) }
      return []
    default: return nil
    }
  }

  private func element(_ keyspace: Keyspace) -> Element {
    Element(
      keyspace: CreateText.name(keyspace.name), type: "keyspace", name: CreateText.name(keyspace.name),
      text: CreateText.text(keyspace))
  }

  private func element(_ table: Table) -> Element {
    Element(
      keyspace: CreateText.name(table.keyspace), type: "table", name: CreateText.name(table.name),
      text: CreateText.text(table, withInternals: withInternals))
  }

  // MARK: - Elements

  private func elements(_ target: DescribeStatement.Target) throws(QueryFailure) -> [Element] {
    switch target {
    case .schema(let isFull):
      return keyspaces.all.filter { isFull || !SystemSchema.isSystem($0.name) }.flatMap(elements)
    case .keyspace(let name, let isOnly):
      let owner = try found(try named(name))
      return isOnly ? [element(owner)] : elements(owner)
    case .table(let name): return [element(try table(name))]
    case .generic(let name): return try generic(name)
    case .index(let name):
      throw .invalid(
        "Table for existing index '\(name.name)' not found in '\(try found(try named(name.keyspace)).name)'")
    case .materializedView(let name): throw try missing("Materialized view", name)
    case .type(let name): throw try missing("User defined type", name)
    case .function(let name): throw try missing("User defined function", name)
    case .aggregate(let name): throw try missing("User defined aggregate", name)
    case .cluster, .keyspaces, .tables, .types, .functions, .aggregates: return []
    }
  }

  private func elements(_ keyspace: Keyspace) -> [Element] {
    [element(keyspace)] + keyspace.tables.values.sorted { $0.name < $1.name }.map(element)
  }

  private func generic(_ name: QualifiedName) throws(QueryFailure) -> [Element] {
    if name.keyspace == nil, let keyspace = keyspaces.keyspace(name.name) { return elements(keyspace) }
    let owner = try found(name.keyspace ?? keyspace ?? name.name)
    guard let table = owner.tables[name.name] else {
      throw .invalid("'\(name.name)' not found in keyspace '\(owner.name)'")
    }
    return [element(table)]
  }

  private func table(_ name: QualifiedName) throws(QueryFailure) -> Table {
    let owner = try found(try named(name.keyspace))
    guard let table = owner.tables[name.name] else {
      throw .invalid("Table '\(name.name)' not found in keyspace '\(owner.name)'")
    }
    return table
  }

  private func missing(_ kind: String, _ name: QualifiedName) throws(QueryFailure) -> QueryFailure {
    .invalid("\(kind) '\(name.name)' not found in '\(try found(try named(name.keyspace)).name)'")
  }

  private func named(_ name: String?) throws(QueryFailure) -> String {
    guard let name = name ?? keyspace else { throw .invalid("No keyspace specified and no current keyspace") }
    return name
  }

  private func found(_ name: String) throws(QueryFailure) -> Keyspace {
    guard let keyspace = keyspaces.keyspace(name) else { throw .invalid("'\(name)' not found in keyspaces") }
    return keyspace
  }
}

extension Description {
  private static let stateVersion: UInt8 = 1

  /// One page of an answer.
  static func page(
    _ answer: (columns: ResultColumns, rows: [[[UInt8]]]), pageSize: Int?, state: [UInt8]?, epoch: UInt32
  ) throws(QueryFailure) -> ResultRows {
    let first = try state.map { bytes throws(QueryFailure) in try offset(bytes, epoch: epoch) } ?? 0
    guard first <= answer.rows.count else { throw .badPagingState }
    let last = min(answer.rows.count, first + (pageSize ?? answer.rows.count))
    var result = ResultRows(columns: answer.columns)
    for row in answer.rows[first..<last] {
      for value in row {
        result.cells.int32(Int32(value.count))
        result.cells.append(value)
      }
      result.rowCount += 1
    }
    if last < answer.rows.count {
      var writer = ByteWriter()
      writer.uint8(stateVersion)
      writer.uint32(epoch)
      writer.uint32(UInt32(last))
      result.pagingState = writer.take()
    }
    return result
  }

  private static func offset(_ state: [UInt8], epoch: UInt32) throws(QueryFailure) -> Int {
    let fields = state.withReader { (reader: inout ByteReader) -> (UInt32, UInt32)? in
      guard (try? reader.uint8()) == stateVersion, let epoch = try? reader.uint32(), let row = try? reader.uint32(),
        reader.isAtEnd
      else { return nil }
      return (epoch, row)
    }
    guard let fields else { throw .badPagingState }
    guard fields.0 == epoch else {
      throw .invalid(
        "The schema has changed since the previous page of the DESCRIBE statement result. Please retry the DESCRIBE"
          + " statement.")
    }
    return Int(fields.1)
  }
}
