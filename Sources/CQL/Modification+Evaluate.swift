// Modifications with their values: mutations of Data's rows and cells, ready for the coordinator.
//
// An INSERT leaves a row marker (liveness), an UPDATE does not. Setting a multi-cell collection deletes
// the old one a microsecond earlier. A list element's place is 16 bytes that sort as the list does: the
// wall clock (mirrored for a prepend), a counter within the execution, random bits; Cassandra has
// timeuuids there (Lists.java).

import Base
import Data

/// Collects what statements of one execution do, so that a partition is one mutation and a row one entry.
struct MutationBuilder {
  /// What several statements do to one row; merged once, since a batch may change a row very often.
  struct RowChanges {
    private var first = Row()
    private var others: [Row] = []

    mutating func add(_ row: Row) { if first.isEmpty { first = row } else { others.append(row) } }

    var merged: Row { others.isEmpty ? first : Row.merged([first] + others) }
  }
  struct Target {
    var table: Table
    var key: PartitionKey
    var staticRow = RowChanges()
    var rows: [[UInt8]: RowChanges] = [:]
    var deletions: [Entry] = []
  }
  struct TargetID: Hashable {
    var table: UUID
    var key: PartitionKey
  }
  private var targets: [Target] = []
  private var byID: [TargetID: Int] = [:]
  var listSequence: UInt32 = 0

  mutating func withTarget<Value>(
    _ table: Table, _ key: PartitionKey, _ body: (inout Target) throws(CQLFailure) -> Value
  ) throws(CQLFailure) -> Value {
    let id = TargetID(table: table.id, key: key)
    let index = byID[id] ?? targets.count
    if index == targets.count {
      targets.append(Target(table: table, key: key))
      byID[id] = index
    }
    return try body(&targets[index])
  }

  func mutations() -> [Mutation] {
    targets.map { target in
      var entries = target.deletions
      let staticRow = target.staticRow.merged
      if !staticRow.isEmpty { entries.append(.staticRow(staticRow)) }
      for (clustering, row) in target.rows.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
        entries.append(.row(clustering: clustering, row.merged))
      }
      return Mutation(
        table: target.table.id, incarnation: target.table.incarnation,
        partition: Partition(key: target.key, entries: entries))
    }.filter { !$0.partition.entries.isEmpty }
  }
}

/// The times of one modification's cells.
struct WriteTimes {
  var timestampMicroseconds: Int64
  var timeToLiveSeconds: Int32
  var nowInSeconds: Int64

  var expirySeconds: Int64 { timeToLiveSeconds > 0 ? nowInSeconds + Int64(timeToLiveSeconds) : 0 }

  func deletion(offset: Int64 = 0) -> Deletion {
    Deletion(timestampMicroseconds: timestampMicroseconds &+ offset, localDeletionSeconds: nowInSeconds)
  }

  func cell(_ column: Column, path: [UInt8]? = nil, _ value: [UInt8]?) -> Cell {
    value == nil
      ? Cell(
        column: column.id, path: path, timestampMicroseconds: timestampMicroseconds,
        localDeletionSeconds: nowInSeconds, value: nil)
      : Cell(
        column: column.id, path: path, timestampMicroseconds: timestampMicroseconds,
        ttlSeconds: timeToLiveSeconds, localDeletionSeconds: expirySeconds, value: value)
  }
}

extension BoundModification {
  /// The longest time to live: 20 years of 365 days.
  static let maxTimeToLiveSeconds: Int32 = 20 * 365 * 24 * 3600

  /// What this execution writes: one mutation for each partition. `condition` is not looked at.
  public func mutations(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [Mutation] {
    if let mutation = try plainInsert(context) { return [mutation] }
    return try mutations(context, lists: nil)
  }

  func mutations(_ context: borrowing EvaluationContext, lists: CurrentLists?) throws(CQLFailure) -> [Mutation] {
    var builder = MutationBuilder()
    try add(to: &builder, context, batchTimestamp: nil, lists: lists)
    return builder.mutations()
  }

  /// The common case without a builder: one row, each cell in its order.
  private func plainInsert(_ context: borrowing EvaluationContext) throws(CQLFailure) -> Mutation? {
    guard kind != .delete, isPlainRow else { return nil }
    let times = try writeTimes(context, batchTimestamp: nil)
    let keys = try keys.partitionKeys(context)
    let clustering = try self.keys.oneClustering(context)
    var row = Row()
    if kind == .insert { row.liveness = liveness(times) }
    row.cells.reserveCapacity(operations.count)
    for operation in operations {
      guard case .set(let term) = operation.action else { preconditionFailure("not plain: \(operation)") }
      switch try term.evaluate(context) {
      case .unset: continue
      case .null: row.cells.append(times.cell(operation.column, nil))
      case .bytes(let bytes): row.cells.append(times.cell(operation.column, bytes))
      }
    }
    if row.isEmpty { return nil }
    let partition = Partition(key: keys[0], entries: [.row(clustering: clustering, row)])
    return Mutation(table: table.id, incarnation: table.incarnation, partition: partition)
  }

  private func liveness(_ times: WriteTimes) -> Liveness {
    Liveness(
      timestampMicroseconds: times.timestampMicroseconds, ttlSeconds: times.timeToLiveSeconds,
      expirySeconds: times.expirySeconds)
  }

  // MARK: - Times

  func writeTimes(
    _ context: borrowing EvaluationContext, batchTimestamp: Int64?
  ) throws(CQLFailure) -> WriteTimes {
    var times = WriteTimes(
      timestampMicroseconds: batchTimestamp ?? context.timestampMicroseconds, timeToLiveSeconds: 0,
      nowInSeconds: context.nowInSeconds)
    if let timestamp, let own = try Self.timestamp(timestamp, context) { times.timestampMicroseconds = own }
    if kind != .delete { times.timeToLiveSeconds = try resolvedTimeToLive(context) }
    return times
  }

  static func timestamp(
    _ term: BoundTerm, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> Int64? {
    switch try term.evaluate(context) {
    case .unset: return nil
    case .null: throw .invalid("Invalid null value of timestamp")
    case .bytes(let bytes):
      guard let value = Values.bigint(bytes), value != .min else { throw .invalid("Invalid timestamp value") }
      return value
    }
  }

  private func resolvedTimeToLive(_ context: borrowing EvaluationContext) throws(CQLFailure) -> Int32 {
    let ownDefault = table.options.defaultTimeToLiveSeconds
    guard let timeToLive else { return ownDefault }
    switch try timeToLive.evaluate(context) {
    case .unset: return ownDefault
    case .null: return 0
    case .bytes(let bytes):
      guard let value = Values.int(bytes) else { throw .invalid("Invalid timestamp value") }
      guard value >= 0 else { throw .invalid("A TTL must be greater or equal to 0, but was \(value)") }
      guard value <= Self.maxTimeToLiveSeconds else {
        throw .invalid("ttl is too large. requested (\(value)) maximum (\(Self.maxTimeToLiveSeconds))")
      }
      return value
    }
  }

  // MARK: - General

  func add(
    to builder: inout MutationBuilder, _ context: borrowing EvaluationContext, batchTimestamp: Int64?,
    lists: CurrentLists? = nil
  ) throws(CQLFailure) {
    precondition(!needsRead || lists != nil, "rows of \(table.name) were not read")
    let times = try writeTimes(context, batchTimestamp: batchTimestamp)
    let partitionKeys = try keys.partitionKeys(context)
    if deletesRows {
      let deletions = try rowDeletions(times, context)
      for key in partitionKeys {
        try builder.withTarget(table, key) { (target) throws(CQLFailure) in
          target.deletions += deletions.entries
          for clustering in deletions.rows {
            target.rows[clustering, default: MutationBuilder.RowChanges()].add(Row(deletion: times.deletion()))
          }
        }
      }
      return
    }
    var statics = Row()
    var regular = Row()
    for operation in operations {
      if operation.needsRead { continue }
      if operation.column.kind == .static {
        try apply(operation, times, &builder.listSequence, context, to: &statics)
      } else {
        try apply(operation, times, &builder.listSequence, context, to: &regular)
      }
    }
    if kind == .insert, !isStaticOnly { regular.liveness = liveness(times) }
    statics.normalize()
    regular.normalize()
    let clusterings =
      isStaticOnly || (regular.isEmpty && !statics.isEmpty && keys.steps.isEmpty)
      ? [] : try keys.clusteringPrefixes(context)
    if let lists {
      try addListChanges(lists, partitionKeys, clusterings, times, context, to: &builder)
    }
    for key in partitionKeys {
      try builder.withTarget(table, key) { (target) throws(CQLFailure) in
        if !statics.isEmpty { target.staticRow.add(statics) }
        guard !regular.isEmpty else { return }
        for clustering in clusterings { target.rows[clustering, default: MutationBuilder.RowChanges()].add(regular) }
      }
    }
  }

  /// Elements by place or value: what changes differs from row to row.
  private func addListChanges(
    _ lists: CurrentLists, _ partitionKeys: [PartitionKey], _ clusterings: [[UInt8]], _ times: WriteTimes,
    _ context: borrowing EvaluationContext, to builder: inout MutationBuilder
  ) throws(CQLFailure) {
    for operation in operations where operation.needsRead {
      let isStatic = operation.column.kind == .static
      for key in partitionKeys {
        for clustering in isStatic ? [[]] : clusterings {
          var row = Row()
          row.cells = try lists.changes(of: operation, key: key, clustering: clustering, times, context)
          if row.isEmpty { continue }
          row.normalize()
          try builder.withTarget(table, key) { (target) throws(CQLFailure) in
            if isStatic {
              target.staticRow.add(row)
            } else {
              target.rows[clustering, default: MutationBuilder.RowChanges()].add(row)
            }
          }
        }
      }
    }
  }

  private func rowDeletions(
    _ times: WriteTimes, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> (entries: [Entry], rows: [[UInt8]]) {
    let deletion = times.deletion()
    if keys.steps.isEmpty, keys.slices.isEmpty { return ([.partitionDeletion(deletion)], []) }
    let covered = keys.steps.reduce(0) { $0 + $1.width }
    if keys.slices.isEmpty, covered == table.clustering.count { return ([], try keys.clusteringPrefixes(context)) }
    let entries = try keys.clusteringRanges(context).map {
      Entry.rangeDeletion(RangeDeletion(start: $0.start, end: $0.end, deletion: deletion))
    }
    return (entries, [])
  }

  // MARK: - Operations

  private func apply(
    _ operation: BoundOperation, _ times: WriteTimes, _ sequence: inout UInt32,
    _ context: borrowing EvaluationContext, to row: inout Row
  ) throws(CQLFailure) {
    let column = operation.column
    switch operation.action {
    case .set(let term):
      let value = try term.evaluate(context)
      if case .unset = value { return }
      guard column.type.isMultiCell else {
        row.cells.append(times.cell(column, value.bytes))
        return
      }
      row.collectionDeletions.append(CollectionDeletion(column: column.id, deletion: times.deletion(offset: -1)))
      try addElements(value.bytes, column, times, &sequence, context, isPrepend: false, to: &row)
    case .add(let term):
      try addElements(try term.evaluate(context).bytes, column, times, &sequence, context, isPrepend: false, to: &row)
    case .prepend(let term):
      try addElements(try term.evaluate(context).bytes, column, times, &sequence, context, isPrepend: true, to: &row)
    case .remove(let term):
      guard let bytes = try term.evaluate(context).bytes, let key = column.type.keyType else { return }
      for element in try Self.parts(bytes, .set(key)) { row.cells.append(times.cell(column, path: element, nil)) }
    case .setKey(let key, let term):
      let value = try term.evaluate(context)
      if case .unset = value { return }
      row.cells.append(times.cell(column, path: try Self.path(key, column, context), value.bytes))
    case .deleteColumn:
      if column.type.isMultiCell {
        row.collectionDeletions.append(CollectionDeletion(column: column.id, deletion: times.deletion()))
      } else {
        row.cells.append(times.cell(column, nil))
      }
    case .deleteKey(let key):
      row.cells.append(times.cell(column, path: try Self.path(key, column, context), nil))
    case .setIndex, .deleteIndex, .removeValues: preconditionFailure("\(column.name) was not read")
    }
  }

  private static func path(
    _ term: BoundTerm, _ column: Column, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [UInt8] {
    switch try term.evaluate(context) {
    case .bytes(let bytes): return bytes
    case .null: throw .invalid("Invalid null map key")
    case .unset: throw .invalid("Invalid unset map key")
    }
  }

  private static func parts(_ bytes: [UInt8], _ type: CQLType) throws(CQLFailure) -> [[UInt8]] {
    do throws(ValueError) { return try type.collectionElements(of: bytes) } catch { throw .invalid(error.message) }
  }

  private func addElements(
    _ bytes: [UInt8]?, _ column: Column, _ times: WriteTimes, _ sequence: inout UInt32,
    _ context: borrowing EvaluationContext, isPrepend: Bool, to row: inout Row
  ) throws(CQLFailure) {
    guard let bytes else { return }
    let parts = try Self.parts(bytes, column.type)
    switch column.type {
    case .set: for part in parts { row.cells.append(times.cell(column, path: part, [])) }
    case .map:
      for index in stride(from: 0, to: parts.count, by: 2) {
        row.cells.append(times.cell(column, path: parts[index], parts[index + 1]))
      }
    default:
      let count = UInt32(truncatingIfNeeded: parts.count)
      for (index, part) in parts.enumerated() {
        let offset = UInt32(truncatingIfNeeded: index)
        let place = isPrepend ? UInt32.max &- (sequence &+ count &- 1 &- offset) : sequence &+ offset
        row.cells.append(times.cell(column, path: Self.listPath(place, isPrepend: isPrepend, context), part))
      }
      sequence = sequence &+ count
    }
  }

  private static func listPath(_ place: UInt32, isPrepend: Bool, _ context: borrowing EvaluationContext) -> [UInt8] {
    let middle: Int64 = 1 << 62
    var writer = ByteWriter(reserving: 16)
    writer.int64(isPrepend ? middle - context.nowMicroseconds : middle + context.nowMicroseconds)
    writer.uint32(place)
    writer.uint32(UInt32(truncatingIfNeeded: context.random()))
    return writer.take()
  }
}

extension BoundModification {
  fileprivate func lists(in current: [ReadResponse], _ context: borrowing EvaluationContext) -> CurrentLists {
    CurrentLists(current, nowInSeconds: context.nowInSeconds)
  }
}

extension BoundBatch {
  /// What this execution writes: one mutation for each partition of each table.
  /// - Parameter current: the answers to all members' `readCommands`.
  public func mutations(
    _ context: borrowing EvaluationContext, current: [ReadResponse] = []
  ) throws(CQLFailure) -> [Mutation] {
    let own = try timestamp.map { (term) throws(CQLFailure) in try BoundModification.timestamp(term, context) } ?? nil
    var builder = MutationBuilder()
    for member in members {
      let lists = member.needsRead ? member.lists(in: current, context) : nil
      try member.add(to: &builder, context, batchTimestamp: own, lists: lists)
    }
    return builder.mutations()
  }
}

/// Joins the mutations of statements that are bound apart (a BATCH frame): one for each partition.
public struct BatchMutations {
  private var builder = MutationBuilder()

  public init() {}

  public mutating func add(
    _ modification: BoundModification, _ context: borrowing EvaluationContext, current: [ReadResponse] = []
  ) throws(CQLFailure) {
    let lists = modification.needsRead ? modification.lists(in: current, context) : nil
    try modification.add(to: &builder, context, batchTimestamp: nil, lists: lists)
  }

  public func mutations() -> [Mutation] { builder.mutations() }
}

extension BoundValue {
  var bytes: [UInt8]? { if case .bytes(let bytes) = self { bytes } else { nil } }
}
