// What goes on in the background, a bounded step at a time: dropped incarnations are deleted key by key (LevelDB has no
// range delete), and a sweeper folds the rows that no read comes across.

import Base
import Data
import World

struct MaintenanceState {
  var timer: TimerToken?
  /// The last key the sweeper has dealt with; nil at the beginning of a pass.
  var sweptKey: [UInt8]?
  /// Incarnations whose last entries are deleted by the pending batch.
  var finishedDrops: [UInt32] = []
}

extension Store {
  func startMaintenance() { maintainAfter(options.maintenanceInterval) }

  func stopMaintenance() {
    if let timer = maintenance.timer { timers.cancel(timer) }
    maintenance.timer = nil
  }

  private func maintainAfter(_ delay: Duration) {
    stopMaintenance()
    maintenance.timer = timers.schedule(after: delay) { [weak self] in
      guard let self, !isClosed else { return }
      maintenance.timer = nil
      let isPassDone = maintain()
      maintainAfter(isPassDone ? options.sweepPause : options.maintenanceInterval)
    }
  }

  /// One bounded step: dropped incarnations first, then the sweeper.
  /// - Returns: whether a pass of the sweeper ended and nothing is left to delete.
  @discardableResult
  public func maintain() -> Bool {
    guard !isClosed, broken == nil, database.pressure == .none else { return false }
    do throws(StorageFailure) {
      if let incarnation = dropped.min() {
        try deleteStep(of: incarnation)
        return false
      }
      return try sweepStep()
    } catch {
      // A read of the same place tells its caller; the sweeper passes it by and begins anew.
      noteFailure(error)
      maintenance.sweptKey = nil
      return true
    }
  }

  /// Gives up an incarnation (DROP, TRUNCATE): its entries are deleted in the background, also after a restart.
  public func drop(incarnation: UInt32) throws(StorageFailure) {
    try admit()
    guard dropped.insert(incarnation).inserted else { return }
    hasPending = true
    database.put(MetaName.key(MetaName.drop, incarnation), [])
    cache.removeAll()
    maintainAfter(.zero)
  }

  /// Gives up every incarnation that no table has: a node that died between writing a schema down and giving up what it
  /// no longer names would keep those rows for ever. One seek for each incarnation that is there.
  /// - Parameters:
  ///   - epoch: of a schema that is on disk; incarnations above it are not its business.
  ///   - current: of all its tables.
  public func dropUnknown(upTo epoch: UInt32, except current: Set<UInt32>) throws(StorageFailure) {
    var next: UInt32 = 0
    while let found = try firstIncarnation(from: next), found <= epoch {
      if !current.contains(found) { try drop(incarnation: found) }
      if found == .max { return }
      next = found + 1
    }
  }

  private func firstIncarnation(from incarnation: UInt32) throws(StorageFailure) -> UInt32? {
    var start: [UInt8] = []
    StorageKey.appendIncarnation(incarnation, to: &start)
    var iterator = try database.iterator(fillCache: false)
    try iterator.seek(start)
    try iterator.check()
    guard iterator.isValid, iterator.keyByte(0) == StorageKey.dataNamespace else { return nil }
    guard iterator.keyCount >= start.count else { throw .corrupt("a data key of \(iterator.keyCount) bytes") }
    return (1..<start.count).reduce(0) { $0 << 8 | UInt32(iterator.keyByte($1)) }
  }

  private func deleteStep(of incarnation: UInt32) throws(StorageFailure) {
    var prefix: [UInt8] = []
    StorageKey.appendIncarnation(incarnation, to: &prefix)
    var iterator = try database.iterator(fillCache: false)
    try iterator.seek(prefix)
    var left = options.maintenanceKeys
    while left > 0, iterator.isValid, iterator.keyHasPrefix(prefix) {
      database.delete(iterator.key)
      counters.droppedKeys += 1
      left -= 1
      try iterator.next()
    }
    try iterator.check()
    guard !iterator.isValid || !iterator.keyHasPrefix(prefix) else { return }
    database.delete(MetaName.key(MetaName.drop, incarnation))
    database.delete(MetaName.key(MetaName.head, incarnation))
    dropped.remove(incarnation)
    maintenance.finishedDrops.append(incarnation)
  }

  private func sweepStep() throws(StorageFailure) -> Bool {
    var iterator = try database.iterator(fillCache: false)
    try iterator.seek(maintenance.sweptKey.map { $0 + [0] } ?? [StorageKey.dataNamespace])
    var left = options.maintenanceKeys
    var versions: Versions?
    var stem: [UInt8] = []
    while iterator.isValid, iterator.keyByte(0) == StorageKey.dataNamespace {
      let end = iterator.keyCount - StorageKey.sequenceBytes
      guard end > 0 else { throw .corrupt("a data key of \(iterator.keyCount) bytes") }
      let isSameRow = stem.count == end && iterator.keyHasPrefix(stem)
      if !isSameRow {
        if versions != nil { try iterator.check() }
        try foldSwept(versions)
        versions = nil
        // A step ends between two rows, or the second half of a row's versions would be folded by itself.
        if left <= 0 { return false }
        stem = iterator.key(from: 0, to: end)
      }
      if isSameRow || versions == nil {
        if versions == nil { versions = try beginVersions(stem) }
        versions?.append(iterator.invertedSequence, iterator.value)
      }
      maintenance.sweptKey = iterator.key
      counters.sweptKeys += 1
      left -= 1
      try iterator.next()
    }
    try iterator.check()
    try foldSwept(versions)
    maintenance.sweptKey = nil
    return true
  }

  /// Nil for range deletions, whose starts do not end themselves.
  private func beginVersions(_ stem: [UInt8]) throws(StorageFailure) -> Versions? {
    let (_, prefixBytes) = try StorageKey.decodePartition(stem)
    guard prefixBytes < stem.count, let kind = EntryKind(rawValue: stem[prefixBytes]) else {
      throw .corrupt("a data key of unknown kind")
    }
    if kind == .rangeDeletion { return nil }
    return Versions(
      prefix: Array(stem[..<prefixBytes]), kind: kind, clustering: Array(stem[(prefixBytes + 1)...]))
  }

  private func foldSwept(_ versions: Versions?) throws(StorageFailure) {
    guard let versions, versions.count >= options.sweepFoldAtVersions else { return }
    do {
      carryOut(.versions(versions, merged: try versions.merged()))
    } catch {
      throw .corrupt("a stored value: \(error)")
    }
  }
}
