// One read while it runs: walks a partition's keys, merges versions, applies deletions, counts live rows.
//
// The order of keys (StorageKey) puts a partition's deletions and its static row before its rows, so one seek serves
// both wherever the first row wanted is the first there is; in incarnations that never had any of these the seek goes
// straight to the row. A row of one version that no deletion touches is passed through as the bytes it was written as.

import Base
import Data

struct ReadRun {
  /// Where an iterator stands before a partition is read.
  enum Position {
    case anywhere
    /// On the partition's first key.
    case atFirst
  }

  let command: ReadCommand
  let options: StoreOptions
  let hasHeads: Bool
  /// Whether live rows have to be counted at all.
  private let isLimited: Bool

  private(set) var partitions: [Partition] = []
  private(set) var hasMore = false
  /// The row limit is reached.
  private(set) var isFull = false
  private(set) var rowsRead = 0
  private(set) var versionsMerged = 0
  private(set) var responseBytes = 0
  private(set) var folds: [Fold] = []
  /// Whether the same bytes would be the answer at any other now-in-seconds.
  private(set) var isTimeless = true
  private var liveRows = 0
  private var deadRows = 0

  // Of the partition being read.
  private var entries: [Entry] = []
  private var deletion: Deletion?
  private var rangeDeletions: [RangeDeletion] = []
  private var staticRow: Entry?
  private var liveRowsHere = 0
  private var isStopped = false

  init(command: ReadCommand, options: StoreOptions, hasHeads: Bool) {
    self.command = command
    self.options = options
    self.hasHeads = hasHeads
    isLimited = command.rowLimit != .max || command.rowLimitPerPartition != .max
  }

  /// What is left of `ranges` behind a row, in the command's direction.
  static func ranges(_ ranges: [ClusteringRange], behind clustering: [UInt8], isReversed: Bool) -> [ClusteringRange] {
    let after = clustering + [ClusteringCodec.afterPrefix]
    return ranges.compactMap { range in
      var left = range
      if isReversed {
        if range.end.isEmpty || clustering.lexicographicallyPrecedes(range.end) { left.end = clustering }
        return left.start.lexicographicallyPrecedes(left.end) ? left : nil
      }
      if range.start.lexicographicallyPrecedes(after) { left.start = after }
      return left.end.isEmpty || left.start.lexicographicallyPrecedes(left.end) ? left : nil
    }
  }

  /// Reads one partition into `partitions`.
  /// - Parameters:
  ///   - prefix: what its keys begin with.
  ///   - isContinued: an earlier page gave its first rows, and counted its static row.
  mutating func readPartition(
    _ iterator: inout DatabaseIterator, _ key: PartitionKey, prefix: [UInt8], ranges: [ClusteringRange],
    position: Position, isContinued: Bool = false
  ) throws(StorageFailure) {
    entries = []
    deletion = nil
    rangeDeletions = []
    staticRow = nil
    liveRowsHere = 0
    isStopped = false
    var isPositioned = position == .atFirst
    if hasHeads {
      if !isPositioned { try iterator.seek(prefix) }
      isPositioned = true
      try readHead(&iterator, prefix: prefix)
    }
    let rowPrefix = prefix + [EntryKind.row.rawValue]
    if command.isReversed {
      for range in ranges.reversed() where !isStopped {
        try readBackwards(&iterator, rowPrefix: rowPrefix, range, isLast: range == ranges.first)
      }
      entries.reverse()
    } else {
      for range in ranges where !isStopped {
        let start = rowPrefix + range.start
        let isThere = isPositioned && (!iterator.isValid || iterator.compareKey(start) >= 0)
        if !isThere { try iterator.seek(start) }
        isPositioned = true
        try readForwards(&iterator, rowPrefix: rowPrefix, range, isLast: range == ranges.last)
      }
    }
    finishPartition(key, ranges: ranges, isContinued: isContinued)
  }

  private mutating func finishPartition(_ key: PartitionKey, ranges: [ClusteringRange], isContinued: Bool) {
    var head: [Entry] = []
    if let deletion { head.append(.partitionDeletion(deletion)) }
    for range in rangeDeletions {
      for part in Self.clip(range, to: ranges) { head.append(.rangeDeletion(part)) }
    }
    let hasRows = isLimited ? liveRowsHere > 0 : !entries.isEmpty
    if let staticRow, command.wantsStatics, hasRows || !isContinued {
      head.append(staticRow)
      if isLimited, liveRowsHere == 0, !isContinued, isLive(staticRow.value, isWhole: false) {
        liveRows += 1
        if liveRows >= command.rowLimit { isFull = true }
      }
    }
    responseBytes += key.bytes.count
    for entry in head { responseBytes += entry.clustering.count + entry.value.count }
    if head.isEmpty, entries.isEmpty { return }
    partitions.append(Partition(key: key, entries: head.isEmpty ? entries : head + entries))
  }

  /// The parts of a deletion that lie within what was asked for: replicas that differ elsewhere answer alike.
  private static func clip(_ deletion: RangeDeletion, to ranges: [ClusteringRange]) -> [RangeDeletion] {
    ranges.compactMap { range in
      var part = deletion
      if part.start.lexicographicallyPrecedes(range.start) { part.start = range.start }
      if !range.end.isEmpty, range.end.lexicographicallyPrecedes(part.end) { part.end = range.end }
      return part.start.lexicographicallyPrecedes(part.end) ? part : nil
    }
  }

  // MARK: In front of the rows

  private mutating func readHead(_ iterator: inout DatabaseIterator, prefix: [UInt8]) throws(StorageFailure) {
    var versions = Versions(prefix: prefix, kind: .partitionDeletion, clustering: [])
    var statics = Versions(prefix: prefix, kind: .staticRow, clustering: [])
    var rangeKeys: [[UInt8]] = []
    while iterator.isValid, iterator.keyHasPrefix(prefix) {
      let end = iterator.keyCount - StorageKey.sequenceBytes
      guard end > prefix.count, let kind = EntryKind(rawValue: iterator.keyByte(prefix.count)) else {
        throw .corrupt("a key in front of the rows")
      }
      if kind == .row { break }
      switch kind {
      case .partitionDeletion: versions.append(iterator.invertedSequence, iterator.value)
      case .staticRow: statics.append(iterator.invertedSequence, iterator.value)
      default:
        let entry = Entry(
          kind: kind, clustering: iterator.key(from: prefix.count + 1, to: end), value: iterator.value)
        rangeDeletions.append(try decoded { () throws(DecodeError) in try entry.rangeDeletion() })
        rangeKeys.append(iterator.key)
      }
      try iterator.next()
    }
    if versions.count > 0 {
      let merged = try decoded { () throws(DecodeError) in try versions.mergedDeletion() }
      deletion = merged
      noteVersions(versions) { Entry.partitionDeletion(merged).value }
    }
    if !rangeKeys.isEmpty {
      rangeDeletions = RangeDeletion.disjoint(rangeDeletions, above: deletion)
      if rangeKeys.count >= options.foldAtVersions, rangeDeletions.count <= rangeKeys.count / 2 {
        folds.append(.ranges(prefix: prefix, oldKeys: rangeKeys, merged: rangeDeletions))
      }
    }
    if statics.count > 0, command.wantsStatics {
      staticRow = try merge(statics, under: deletion)
    }
  }

  // MARK: Rows

  private mutating func readForwards(
    _ iterator: inout DatabaseIterator, rowPrefix: [UInt8], _ range: ClusteringRange, isLast: Bool
  ) throws(StorageFailure) {
    while iterator.isValid, iterator.keyHasPrefix(rowPrefix) {
      let end = try clusteringEnd(iterator, rowPrefix)
      if !range.end.isEmpty, iterator.compareKey(from: rowPrefix.count, to: end, range.end) >= 0 { break }
      if isStopped {
        hasMore = hasMore || reportsMore
        return
      }
      try readRow(&iterator, rowPrefix: rowPrefix, end: end, isReversed: false)
    }
    if isStopped, !isLast { hasMore = hasMore || reportsMore }
  }

  private mutating func readBackwards(
    _ iterator: inout DatabaseIterator, rowPrefix: [UInt8], _ range: ClusteringRange, isLast: Bool
  ) throws(StorageFailure) {
    var bound = rowPrefix
    if range.end.isEmpty { bound[bound.count - 1] += 1 } else { bound += range.end }
    try iterator.seekBefore(bound)
    while iterator.isValid, iterator.keyHasPrefix(rowPrefix) {
      let end = try clusteringEnd(iterator, rowPrefix)
      if iterator.compareKey(from: rowPrefix.count, to: end, range.start) < 0 { break }
      if isStopped {
        hasMore = hasMore || reportsMore
        return
      }
      try readRow(&iterator, rowPrefix: rowPrefix, end: end, isReversed: true)
    }
    if isStopped, !isLast { hasMore = hasMore || reportsMore }
  }

  /// A partition's own limit ends a scan's answer nowhere.
  private var reportsMore: Bool {
    if isFull { return true }
    if case .partition = command.scope { return true }
    return false
  }

  private func clusteringEnd(_ iterator: borrowing DatabaseIterator, _ rowPrefix: [UInt8]) throws(StorageFailure) -> Int
  {
    let end = iterator.keyCount - StorageKey.sequenceBytes
    guard end >= rowPrefix.count else { throw .corrupt("a row's key of \(iterator.keyCount) bytes") }
    return end
  }

  private mutating func readRow(
    _ iterator: inout DatabaseIterator, rowPrefix: [UInt8], end: Int, isReversed: Bool
  ) throws(StorageFailure) {
    let clustering = iterator.key(from: rowPrefix.count, to: end)
    let value = iterator.value
    let sequence = iterator.invertedSequence
    var versions: Versions?
    while true {
      if isReversed { try iterator.previous() } else { try iterator.next() }
      guard iterator.isValid, iterator.keyCount == end + StorageKey.sequenceBytes, iterator.keyHasPrefix(rowPrefix),
        iterator.compareKey(from: rowPrefix.count, to: end, clustering) == 0
      else { break }
      if versions == nil {
        versions = Versions(prefix: Array(rowPrefix.dropLast()), kind: .row, clustering: clustering)
        versions?.append(sequence, value)
      }
      versions?.append(iterator.invertedSequence, iterator.value)
    }
    rowsRead += 1
    let outer = deletion(over: clustering)
    let entry: Entry
    if let versions {
      guard let merged = try merge(versions, under: outer) else { return }
      entry = merged
    } else if let outer {
      let single = value
      let row = try decoded { () throws(DecodeError) in try EntryCodec.decodeRow(single).hidden(by: outer) }
      if row.isEmpty { return }
      entry = Entry(kind: .row, clustering: clustering, value: EntryCodec.encode(row))
    } else {
      entry = Entry(kind: .row, clustering: clustering, value: value)
    }
    try append(entry)
  }

  private mutating func append(_ entry: Entry) throws(StorageFailure) {
    responseBytes += entry.clustering.count + entry.value.count
    if responseBytes > options.maxResponseBytes { throw .tooLarge("over \(options.maxResponseBytes) bytes") }
    entries.append(entry)
    guard isLimited else { return }
    if isLive(entry.value, isWhole: true) {
      liveRows += 1
      liveRowsHere += 1
      if liveRows >= command.rowLimit { isFull = true }
      isStopped = isFull || liveRowsHere >= command.rowLimitPerPartition
    } else {
      deadRows += 1
      if deadRows > options.maxDeadRows { throw .tooLarge("over \(options.maxDeadRows) deleted rows") }
    }
  }

  /// Whether a reader sees the row. One that cannot be decoded counts: whoever decodes it will say so.
  private mutating func isLive(_ value: [UInt8], isWhole: Bool) -> Bool {
    if EntryCodec.isPlainlyLive(value) { return true }
    guard let row = try? EntryCodec.decodeRow(value) else { return true }
    if row.liveness.map({ $0.ttlSeconds > 0 }) ?? false || row.cells.contains(where: \.isExpiring) {
      isTimeless = false
    }
    return row.isLive(nowInSeconds: command.nowInSeconds)
  }

  /// The strongest of the partition's deletion and the range deletion around a row.
  private func deletion(over clustering: [UInt8]) -> Deletion? {
    if rangeDeletions.isEmpty { return deletion }
    // They are disjoint and sorted: the last that starts at or before the row is the only one that can cover it.
    var low = 0
    var high = rangeDeletions.count
    while low < high {
      let middle = (low + high) / 2
      if clustering.lexicographicallyPrecedes(rangeDeletions[middle].start) { high = middle } else { low = middle + 1 }
    }
    guard low > 0, clustering.lexicographicallyPrecedes(rangeDeletions[low - 1].end) else { return deletion }
    return rangeDeletions[low - 1].deletion
  }

  private mutating func merge(_ versions: Versions, under outer: Deletion?) throws(StorageFailure) -> Entry? {
    var row = try decoded { () throws(DecodeError) in try versions.mergedRow() }
    noteVersions(versions) { EntryCodec.encode(row) }
    if versions.count == 1, outer == nil {
      return Entry(kind: versions.kind, clustering: versions.clustering, value: versions.values[0])
    }
    if let outer { row = row.hidden(by: outer) }
    if row.isEmpty { return nil }
    return Entry(kind: versions.kind, clustering: versions.clustering, value: EntryCodec.encode(row))
  }

  private mutating func noteVersions(_ versions: Versions, merged: () -> [UInt8]) {
    versionsMerged += versions.count - 1
    guard versions.count >= options.foldAtVersions else { return }
    folds.append(.versions(versions, merged: merged()))
  }

  private func decoded<T>(_ body: () throws(DecodeError) -> T) throws(StorageFailure) -> T {
    do { return try body() } catch { throw .corrupt("a stored value: \(error)") }
  }

  // MARK: Pages

  /// After the row limit was reached in a partition of a scan: whether anything lies behind it.
  mutating func noteMore(
    _ iterator: inout DatabaseIterator, behind prefix: [UInt8], end: [UInt8]
  ) throws(StorageFailure) {
    if hasMore { return }
    guard let next = StorageKey.successor(of: prefix) else { return }
    try iterator.seek(next)
    hasMore = iterator.isValid && iterator.compareKey(end) < 0
  }
}
