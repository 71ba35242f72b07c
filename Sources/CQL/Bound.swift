// Bound statements: every name looked up, every type known, once when a statement is prepared. They
// are immutable and shared by all executions; an execution brings an `EvaluationContext` and gets a
// `SelectPlan` or mutations. Nothing here looks anything up by name at execution.

import Base
import Data

/// Where the binder looks tables up: the schema, with the system keyspaces that the caller computes.
public protocol TableSource {
  func hasKeyspace(_ name: String) -> Bool
  func table(_ keyspace: String, _ name: String) -> Table?
}

extension Schema: TableSource {
  public func hasKeyspace(_ name: String) -> Bool { keyspaces[name] != nil }
}

/// A bind marker's place in the statement, as PREPARED metadata tells drivers.
public struct BindVariable: Hashable, Sendable {
  public var keyspace: String
  public var table: String
  /// The column's, or one of "[limit]", "[ttl]", "in(c)", "partition key token", ...
  public var name: String
  public var type: CQLType
}

public struct BoundStatement: Sendable {
  public enum Body: Sendable {
    case select(BoundSelect)
    case modification(BoundModification)
    case batch(BoundBatch)
    case use(keyspace: String)
    case truncate(Table)
    /// CREATE, ALTER, DROP: run from the syntax tree, with `keyspace` for unqualified names.
    case schemaChange(Statement, keyspace: String?)
    case describe(DescribeStatement, keyspace: String?)
  }
  public var body: Body
  /// In the order of the markers.
  public var variables: [BindVariable]
  /// For each partition key column, the marker that gives its value; empty unless all are so given.
  public var partitionKeyIndexes: [UInt16]

  /// Values by position out of values by name; names not asked for are ignored.
  /// Throws `.invalid` where one is missing.
  public func positional(named values: [String: BoundValue]) throws(CQLFailure) -> [BoundValue] {
    var positional: [BoundValue] = []
    for variable in variables {
      guard let value = values[variable.name] else {
        throw .invalid("Missing value for bind variable :\(variable.name)")
      }
      positional.append(value)
    }
    return positional
  }

  /// Throws `.invalid` unless there is one value for each marker.
  public func check(valueCount: Int) throws(CQLFailure) {
    guard valueCount == variables.count else {
      throw .invalid("there were \(variables.count) markers(?) in CQL but \(valueCount) bound variables")
    }
  }
}

/// What an execution brings with it.
public struct EvaluationContext {
  /// One for each marker (`BoundStatement.check(valueCount:)`).
  public var values: [BoundValue]
  /// Of writes without USING TIMESTAMP.
  public var timestampMicroseconds: Int64
  /// The wall clock, for now() and the places of list elements.
  public var nowMicroseconds: Int64
  /// What expiry is judged by: the wall clock's, or what the client has sent.
  public var nowInSeconds: Int64
  /// For uuid(), now() and the places of list elements.
  public var random: () -> UInt64
  /// The token of a partition key in serialized form.
  public var token: ([UInt8]) -> Token

  public init(
    values: [BoundValue] = [], timestampMicroseconds: Int64, nowMicroseconds: Int64,
    nowInSeconds: Int64? = nil, random: @escaping () -> UInt64, token: @escaping ([UInt8]) -> Token
  ) {
    self.values = values
    self.timestampMicroseconds = timestampMicroseconds
    self.nowMicroseconds = nowMicroseconds
    self.nowInSeconds = nowInSeconds ?? nowMicroseconds / 1_000_000
    self.random = random
    self.token = token
  }
}

// MARK: - Select

/// A column of a select's result.
public struct SelectedColumn: Hashable, Sendable {
  public var name: String
  public var type: CQLType

  public init(name: String, type: CQLType) {
    self.name = name
    self.type = type
  }
}

public final class BoundSelect: Sendable {
  public let table: Table
  /// The result's columns; with `isJSON` the caller shows one column "[json]" of type text instead.
  public let columns: [SelectedColumn]
  /// One for each of `columns`, over the slots of `fetched`.
  public let selectors: [BoundSelector]
  /// What a row must bring: the columns that selectors, filters and orderings speak of, in slots.
  public let fetched: [Column]
  /// Where every selector is a plain column: its slot.
  public let plainSlots: [Int]?
  public let isDistinct: Bool
  public let isJSON: Bool
  /// Rows are folded into one (or one a group) by `Aggregation`.
  public let isAggregate: Bool
  /// Slots of the GROUP BY columns; empty without one.
  public let groupBySlots: [Int]
  /// Some selector asks for WRITETIME or TTL: `RowValues` must bring the cells' times.
  public let needsCellTimes: Bool
  public let isReversed: Bool
  /// ORDER BY over several partitions: rows are sorted by these slots, in the clustering's direction
  /// or against it (`isReversed`); empty where the partitions' own order is the answer's.
  public let mergeOrder: [MergeOrder]
  public let restrictions: BoundRestrictions
  let limit: BoundTerm?
  let perPartitionLimit: BoundTerm?

  /// A column to sort merged partitions by.
  public struct MergeOrder: Sendable {
    public var slot: Int
    public var isDescending: Bool
  }

  /// Storage ids of the regular and static columns to fetch.
  public let fetchedIDs: [UInt16]
  public let wantsStatics: Bool

  init(
    table: Table, columns: [SelectedColumn], selectors: [BoundSelector], fetched: [Column],
    isDistinct: Bool, isJSON: Bool, groupBySlots: [Int], isReversed: Bool, mergeOrder: [MergeOrder],
    restrictions: BoundRestrictions, limit: BoundTerm?, perPartitionLimit: BoundTerm?
  ) {
    self.table = table
    self.columns = columns
    self.selectors = selectors
    self.fetched = fetched
    var slots: [Int] = []
    for case .column(let slot, _) in selectors { slots.append(slot) }
    plainSlots = slots.count == selectors.count ? slots : nil
    self.isDistinct = isDistinct
    self.isJSON = isJSON
    self.groupBySlots = groupBySlots
    isAggregate = selectors.contains { $0.hasAggregate } || !groupBySlots.isEmpty
    needsCellTimes = selectors.contains { $0.needsCellTimes }
    self.isReversed = isReversed
    self.mergeOrder = mergeOrder
    self.restrictions = restrictions
    self.limit = limit
    self.perPartitionLimit = perPartitionLimit
    fetchedIDs = fetched.filter { $0.kind == .regular || $0.kind == .static }.map(\.id)
    wantsStatics =
      fetched.contains { $0.kind == .static } || (!table.statics.isEmpty && table.clustering.isEmpty == false)
  }
}

/// What an execution of a select reads.
public struct SelectPlan {
  public enum Scope {
    /// Each once, in the order in which their rows are answered. Empty: nothing.
    case partitions([PartitionKey])
    /// All partitions with these tokens; sorted and disjoint. Empty: nothing.
    case tokens([TokenRange])
  }
  public var scope: Scope
  /// Sorted and disjoint; `[.all]` without a restriction; empty: no row can match.
  public var ranges: [ClusteringRange]
  public var isReversed: Bool
  public var limit: Int?
  public var perPartitionLimit: Int?
  /// What is left to check of each row.
  public var filter: RowFilter
}

/// Of one element of a multi-cell collection.
public struct ElementTimes: Equatable, Sendable {
  /// The element's key, a set's element, a list's place.
  public var path: [UInt8]
  public var writeTimeMicroseconds: Int64
  /// Seconds left; nil where it does not expire.
  public var timeToLiveSeconds: Int32?

  public init(path: [UInt8], writeTimeMicroseconds: Int64, timeToLiveSeconds: Int32?) {
    self.path = path
    self.writeTimeMicroseconds = writeTimeMicroseconds
    self.timeToLiveSeconds = timeToLiveSeconds
  }
}

/// A row's values in the slots of `BoundSelect.fetched`.
public struct RowValues {
  public var values: [[UInt8]?]
  /// Empty unless `needsCellTimes`; of the column's cell, nil where there is none.
  public var writeTimesMicroseconds: [Int64?]
  /// Seconds left; nil where the cell does not expire.
  public var timesToLiveSeconds: [Int32?]
  /// By slot, of a multi-cell collection with live elements: theirs, in the collection's order. Empty unless
  /// `needsCellTimes`.
  public var elementTimes: [Int: [ElementTimes]] = [:]

  public init(values: [[UInt8]?], writeTimesMicroseconds: [Int64?] = [], timesToLiveSeconds: [Int32?] = []) {
    self.values = values
    self.writeTimesMicroseconds = writeTimesMicroseconds
    self.timesToLiveSeconds = timesToLiveSeconds
  }
}

// MARK: - Modifications

public final class BoundModification: Sendable {
  public enum Kind: Sendable { case insert, update, delete }
  public let kind: Kind
  public let table: Table
  /// `IF ...`: a conditional write. `mutations` ignores it.
  public let condition: Condition
  let keys: BoundRestrictions
  let operations: [BoundOperation]
  let timestamp: BoundTerm?
  let timeToLive: BoundTerm?
  /// A delete of whole rows, of a range of them or of the partition.
  let deletesRows: Bool
  /// An insert or update of statics alone, without a clustering.
  let isStaticOnly: Bool
  /// One row, and every operation sets one cell of it, in the order of column ids.
  let isPlainRow: Bool

  /// Rows must be read before they are written: `readCommands`, then `mutations(_:current:)`.
  public let needsRead: Bool
  /// USING TIMESTAMP was written.
  public var hasTimestamp: Bool { timestamp != nil }

  init(
    kind: Kind, table: Table, condition: Condition, keys: BoundRestrictions, operations: [BoundOperation],
    timestamp: BoundTerm?, timeToLive: BoundTerm?, deletesRows: Bool, isStaticOnly: Bool
  ) {
    self.kind = kind
    self.table = table
    self.condition = condition
    self.keys = keys
    self.operations = operations
    self.timestamp = timestamp
    self.timeToLive = timeToLive
    self.deletesRows = deletesRows
    self.isStaticOnly = isStaticOnly
    needsRead = operations.contains(where: \.needsRead)
    let setsCells = operations.allSatisfy { operation in
      if case .set = operation.action {
        operation.column.kind == .regular && !operation.column.type.isMultiCell
      } else {
        false
      }
    }
    isPlainRow =
      setsCells && !isStaticOnly && !deletesRows
      && (keys.namesOneRow || (keys.namesOnePartition && table.clustering.isEmpty))
  }
}

public final class BoundBatch: Sendable {
  public let kind: BatchStatement.Kind
  public let members: [BoundModification]
  let timestamp: BoundTerm?

  init(kind: BatchStatement.Kind, members: [BoundModification], timestamp: BoundTerm?) {
    self.kind = kind
    self.members = members
    self.timestamp = timestamp
  }
}

/// What happens to one column of the rows that a modification names.
struct BoundOperation: Sendable {
  enum Action: Sendable {
    /// `c = t`; of a multi-cell collection, the old one is deleted first.
    case set(BoundTerm)
    /// A set's elements, a map's entries, at a list's end.
    case add(BoundTerm)
    case prepend(BoundTerm)
    /// A set's elements, a map's keys (a set of them).
    case remove(BoundTerm)
    /// `m[k] = t`
    case setKey(BoundTerm, BoundTerm)
    case deleteColumn
    /// A map's key, a set's element.
    case deleteKey(BoundTerm)
    /// `l[i] = t`
    case setIndex(BoundTerm, BoundTerm)
    case deleteIndex(BoundTerm)
    /// `l = l - [t]`: every element equal to one of the list's.
    case removeValues(BoundTerm)
  }
  var column: Column
  var action: Action

  /// A list's elements are found by their place or value, so the list must be read first.
  var needsRead: Bool {
    switch action {
    case .setIndex, .deleteIndex, .removeValues: true
    default: false
    }
  }
}
