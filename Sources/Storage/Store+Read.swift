// A read: one iterator, which is one snapshot, from its first seek to its last step; nothing is held afterwards.

import Base
import Data

extension Store {
  /// What this node has within the command, as of the last commit: merged, deletions included, entries in canonical
  /// order (ascending also where the command is reversed: then they are the last ones).
  ///
  /// `hasMore` is true when the row limit, or a single partition's own limit, ended the answer before its end.
  /// - Throws: `corrupt`, `io`, `tooLarge`, `closed`.
  public func read(_ command: ReadCommand) throws(StorageFailure) -> ReadResponse {
    if isClosed { throw .closed }
    counters.reads += 1
    if case .partition(let key) = command.scope { return try readOne(command, key) }
    var run = ReadRun(command: command, options: options, hasHeads: heads.contains(command.incarnation))
    do throws(StorageFailure) {
      var iterator = try database.iterator(fillCache: false)
      try scan(&run, &iterator)
      try iterator.check()
    } catch {
      noteFailure(error)
      throw error
    }
    finish(&run)
    return ReadResponse(partitions: run.partitions, hasMore: run.hasMore)
  }

  private func readOne(_ command: ReadCommand, _ key: PartitionKey) throws(StorageFailure) -> ReadResponse {
    var prefix = keyBuffer
    keyBuffer = []
    prefix.removeAll(keepingCapacity: true)
    StorageKey.appendPartition(incarnation: command.incarnation, key, to: &prefix)
    defer { keyBuffer = prefix }
    if let cached = cache.find(prefix: prefix, command) {
      counters.cachedReads += 1
      return cached
    }
    var run = ReadRun(command: command, options: options, hasHeads: heads.contains(command.incarnation))
    do throws(StorageFailure) {
      var iterator = try database.iterator(fillCache: true)
      try run.readPartition(&iterator, key, prefix: prefix, ranges: command.ranges, position: .anywhere)
      try iterator.check()
    } catch {
      noteFailure(error)
      throw error
    }
    finish(&run)
    let response = ReadResponse(partitions: run.partitions, hasMore: run.hasMore)
    if run.isTimeless { cache.insert(prefix: prefix, command, response, bytes: run.responseBytes) }
    return response
  }

  private func scan(_ run: inout ReadRun, _ iterator: inout DatabaseIterator) throws(StorageFailure) {
    let command = run.command
    guard case .range(let range, let cursor) = command.scope else { return }
    var end: [UInt8]?
    if range.last == .max {
      var prefix: [UInt8] = []
      StorageKey.appendIncarnation(command.incarnation, to: &prefix)
      end = StorageKey.successor(of: prefix)
    } else {
      var key: [UInt8] = []
      StorageKey.appendToken(incarnation: command.incarnation, range.last + 1, to: &key)
      end = key
    }
    guard let end else { return }
    if let cursor, cursor.key.token > range.last { return }
    var start: [UInt8] = []
    if let cursor, range.contains(cursor.key.token) {
      StorageKey.appendPartition(incarnation: command.incarnation, cursor.key, to: &start)
      if let clustering = cursor.clustering {
        let rest = ReadRun.ranges(command.ranges, behind: clustering, isReversed: command.isReversed)
        try run.readPartition(
          &iterator, cursor.key, prefix: start, ranges: rest, position: .anywhere, isContinued: true)
        if run.isFull {
          try run.noteMore(&iterator, behind: start, end: end)
          return
        }
      }
      guard let next = StorageKey.successor(of: start) else { return }
      start = next
    } else {
      StorageKey.appendToken(incarnation: command.incarnation, range.first, to: &start)
    }
    try iterator.seek(start)
    while iterator.isValid, iterator.compareKey(end) < 0 {
      let (key, prefixBytes) = try StorageKey.decodePartition(iterator.key)
      let prefix = iterator.key(from: 0, to: prefixBytes)
      try run.readPartition(&iterator, key, prefix: prefix, ranges: command.ranges, position: .atFirst)
      if run.isFull {
        try run.noteMore(&iterator, behind: prefix, end: end)
        return
      }
      if run.partitions.count >= ReadResponse.maxPartitions { throw .tooLarge("over a million partitions") }
      // The partition was read to its end: the iterator stands behind it, unless it went backwards or stopped early.
      if command.isReversed || !iterator.isValid || iterator.keyHasPrefix(prefix) {
        guard let next = StorageKey.successor(of: prefix) else { return }
        try iterator.seek(next)
      }
    }
  }

  func noteFailure(_ failure: StorageFailure) {
    guard case .corrupt = failure else { return }
    counters.corruptions += 1
    onCorruption?(failure)
  }

  private func finish(_ run: inout ReadRun) {
    counters.rowsRead += UInt64(run.rowsRead)
    counters.versionsMerged += UInt64(run.versionsMerged)
    for fold in run.folds { carryOut(fold) }
  }
}
