// A statement that was parsed and bound once. Immutable: any connection of the node may run it.

import Base
import CQL
import Crypto
import Data

public final class PreparedStatement: Sendable {
  /// 16 bytes out of keyspace and text: the same on every node, so that a driver may prepare on one and run on another.
  public let id: UUID
  public let text: String
  /// Of unqualified names when it was prepared.
  public let keyspace: String?
  /// The epoch of the schema it was bound to.
  public let epoch: UInt32
  public let statement: BoundStatement
  /// Bind markers in order.
  public let variables: ResultColumns
  /// For each partition key column, the marker with its value; empty unless all are so given.
  public let partitionKeyIndexes: [UInt16]
  /// Of a SELECT; nil for others.
  public let resultColumns: ResultColumns?
  let layout: RowLayout?
  /// A SELECT on a table that this node computes.
  let readsSystemTable: Bool
  /// Why a modification cannot run, whatever its values.
  let refusal: QueryFailure?

  /// - Parameter previous: its columns as they were under an older schema.
  init(
    id: UUID, text: String, keyspace: String?, epoch: UInt32, statement: BoundStatement,
    previous: ResultColumns? = nil
  ) {
    self.id = id
    self.text = text
    self.keyspace = keyspace
    self.epoch = epoch
    self.statement = statement
    variables = ResultColumns(
      statement.variables.map {
        ResultColumn(keyspace: $0.keyspace, table: $0.table, name: $0.name, type: $0.type)
      })
    partitionKeyIndexes = statement.partitionKeyIndexes
    refusal = Self.refusal(of: statement.body)
    guard case .select(let select) = statement.body else {
      resultColumns = nil
      layout = nil
      readsSystemTable = false
      return
    }
    layout = RowLayout(select)
    readsSystemTable = SystemSchema.names.contains(select.table.keyspace)
    let table = select.table
    func column(_ name: String, _ type: CQLType) -> ResultColumn {
      ResultColumn(keyspace: table.keyspace, table: table.name, name: name, type: type)
    }
    let columns = select.isJSON ? [column("[json]", .text)] : select.columns.map { column($0.name, $0.type) }
    if let previous, previous.columns == columns {
      resultColumns = previous
    } else {
      resultColumns = ResultColumns(
        columns, isPrepared: id != Self.unkept, changedStatement: previous == nil ? nil : id.bytes)
    }
  }

  /// Memory it holds, roughly: the text, the bound terms (which grow with the text) and the columns.
  var estimatedBytes: Int { 1024 + 4 * text.utf8.count + 128 * (variables.count + (resultColumns?.count ?? 0)) }

  private static func refusal(of body: BoundStatement.Body) -> QueryFailure? {
    switch body {
    case .modification(let modification): refusal(of: modification)
    case .batch(let batch): batch.members.lazy.compactMap(refusal).first
    default: nil
    }
  }

  private static func refusal(of modification: BoundModification) -> QueryFailure? {
    if SystemSchema.names.contains(modification.table.keyspace) {
      return .unauthorized("\(modification.table.keyspace) keyspace is not user-modifiable.")
    }
    if !modification.condition.isNone { return .invalid("Conditional writes (IF ...) are not supported yet") }
    return modification.table.isCounter ? .invalid("Counter tables are not supported yet") : nil
  }

  /// The same for a text that is run and one that is prepared.
  var pagingID: UUID { id == Self.unkept ? Self.id(text: text, keyspace: keyspace) : id }

  /// Of a statement that is run once.
  static let unkept = UUID(high: 0, low: 0)

  static func id(text: String, keyspace: String?) -> UUID {
    let digest = SHA256.digest(Array((keyspace ?? "").utf8) + [0] + Array(text.utf8))
    guard let id = UUID(bytes: Array(digest[..<16])) else { preconditionFailure("a digest of \(digest.count) bytes") }
    return id
  }
}
