// One node's storage: mutations in, one LevelDB write a tick, reads that merge versions.
//
// The shape (architecture.md, "How a node runs" 2 and 4, "Durability"): `apply` only appends to the pending batch;
// the tick's end commits it with one write and settles its ticket. LevelDB is called on the loop's thread, so before
// a write that would wait the commit is put off and new work is refused (`admission`). Syncing happens beside the
// loop: `periodic` settles a ticket once the log has it and asks for a sync at most every 100 ms; `group` settles it
// once it is synced, one sync for all that came meanwhile.
//
// A failed append leaves the log's end unknown to LevelDB: everything is refused until the database was reopened,
// which happens by itself; reads go on meanwhile.

import Base
import Data
import World

/// When a write counts as stored.
public enum Durability: Hashable, Sendable {
  /// Once the log has it; it is synced at most this much later. A killed process loses nothing.
  case periodic(Duration)
  /// Once it is synced.
  case group
}

public struct StoreOptions: Sendable {
  public var database = DatabaseOptions()
  public var durability = Durability.periodic(.milliseconds(100))
  /// What may wait for the next commit, bytes; over it writes are refused.
  public var maxPendingBytes = 8 << 20
  /// A read that meets as many versions of a row replaces them by their merge.
  public var foldAtVersions = 8
  /// The same for the sweeper, which comes by rarely.
  public var sweepFoldAtVersions = 2
  /// Of one read's answer, keys and values.
  public var maxResponseBytes = 32 << 20
  /// Rows a limited read may pass over because they are not live (Cassandra's tombstone_failure_threshold).
  public var maxDeadRows = 100_000
  /// Merged answers kept in memory, bytes; 0 for none.
  public var readCacheBytes = 8 << 20
  /// Between attempts to open the database again after a failed write.
  public var reopenInterval = Duration.seconds(1)
  /// Free space from which it is worth opening a database again that found its disk full, bytes.
  public var reopenFreeBytes: UInt64 = 32 << 20
  /// How long a sync takes on a simulated disk.
  public var simulatedSyncDelay = Duration.milliseconds(1)
  /// Keys the background work looks at in one step, and its pauses: between steps, and after a whole pass.
  public var maintenanceKeys = 1000
  public var maintenanceInterval = Duration.seconds(1)
  public var sweepPause = Duration.seconds(60)

  public init() {}
}

/// Where a store's files are.
public enum StoreHome {
  case directory(String)
  case simulated(SimulatedDisk, directory: String)
}

/// Whether writes are taken now.
public enum WriteAdmission: Equatable, Sendable {
  case open
  /// Callers answer OVERLOADED.
  case overloaded
  case failed(StorageFailure)
}

/// A node's storage. Loop-bound.
public final class Store {
  let database: Database
  let options: StoreOptions
  let timers: any Timers
  private let isSimulated: Bool
  private let simulatedDisk: SimulatedDisk?

  /// Called once for each ticket that `apply` and the like gave out: nil when what it stands for is stored (as the
  /// durability has it), else why it is not. Never called within `apply`.
  public var onSettled: ((_ ticket: UInt64, _ failure: StorageFailure?) -> Void)?
  /// A sync failed: the node has to stop.
  public var onFatal: ((StorageFailure) -> Void)?
  /// Damage was met by a read, which failed, or by the background work.
  public var onCorruption: ((StorageFailure) -> Void)?

  /// The ticket of what is pending.
  var pendingTicket: UInt64 = 1
  var hasPending = false
  /// Why nothing can be written, until the database was opened again.
  var broken: StorageFailure?
  var isClosed = true
  /// Committed, not yet synced, somebody waits: the write's number and what to call.
  var unsynced: [(write: UInt64, done: (StorageFailure?) -> Void)] = []
  /// Wait for the pending batch and then for its sync.
  var unsyncedPending: [(StorageFailure?) -> Void] = []
  /// Wait for the pending batch as its ticket does.
  private var pendingStored: [(StorageFailure?) -> Void] = []
  /// Called before a batch is written: puts in what was gathered for it (`gather`).
  public var willCommit: [() -> Void] = []
  private var syncTimer: TimerToken?
  private var reopenTimer: TimerToken?
  private var retryTimer: TimerToken?
  private var reportedFatal = false

  var sequences = SequenceBlocks()
  var heads = HeadMarks()
  var dropped: Set<UInt32> = []
  var maintenance = MaintenanceState()
  /// Rows folded since the last commit: their versions are still seen by reads.
  var foldedKeys: Set<[UInt8]> = []
  var cache: ReadCache
  public internal(set) var counters = StoreCounters()
  /// Reused for building keys.
  var keyBuffer: [UInt8] = []

  /// - Parameters:
  ///   - timers: of the loop that owns the store.
  ///   - wake: makes the loop run a tick soon; called from other threads.
  public init(home: StoreHome, options: StoreOptions, timers: any Timers, wake: @escaping @Sendable () -> Void) {
    self.options = options
    self.timers = timers
    cache = ReadCache(maxBytes: options.readCacheBytes)
    switch home {
    case .directory(let path):
      isSimulated = false
      simulatedDisk = nil
      database = Database(directory: path, disk: nil, options: options.database, wake: wake)
    case .simulated(let disk, let directory):
      isSimulated = true
      simulatedDisk = disk
      database = Database(directory: directory, disk: disk, options: options.database, wake: wake)
    }
  }

  // MARK: Life

  /// - Throws: `locked` when another node has the directory, `corrupt`, `io`, `diskFull`.
  public func open() throws(StorageFailure) {
    precondition(isClosed, "a store is opened once")
    try database.open()
    do throws(StorageFailure) {
      try loadMeta()
    } catch {
      try? database.close()
      throw error
    }
    isClosed = false
    startMaintenance()
  }

  /// Commits what is pending, syncs, and gives the directory back.
  public func close() throws(StorageFailure) {
    guard !isClosed else { return }
    commit(mayWait: true)
    stopTimers()
    isClosed = true
    let result: StorageFailure?
    do throws(StorageFailure) {
      try database.close()
      result = nil
    } catch { result = error }
    settleSynced()
    failUnsynced(.closed)
    if let result { throw result }
  }

  /// As SIGKILL would: nothing more is written. Waiting tickets are never settled.
  public func kill() {
    stopTimers()
    isClosed = true
    unsynced = []
    unsyncedPending = []
    pendingStored = []
    onSettled = nil
    database.kill()
  }

  private func stopTimers() {
    for timer in [syncTimer, reopenTimer, retryTimer] { if let timer { timers.cancel(timer) } }
    syncTimer = nil
    reopenTimer = nil
    retryTimer = nil
    stopMaintenance()
  }

  // MARK: Writing

  /// Whether a write that comes now would be taken. Cheap: ask before doing the work for one.
  public var admission: WriteAdmission {
    if isClosed { return .failed(.closed) }
    if let broken { return .failed(broken) }
    if database.pendingBytes >= options.maxPendingBytes { return .overloaded }
    return database.pressure == .stop ? .overloaded : .open
  }

  /// Throws what `admission` says, without asking LevelDB: the commit is put off rather than waited for.
  func admit() throws(StorageFailure) {
    if isClosed { throw .closed }
    if let broken { throw broken }
    if database.pendingBytes >= options.maxPendingBytes { throw .overloaded }
  }

  /// Puts a mutation into the pending batch. Reads see it after the tick's commit.
  /// - Returns: the ticket that `onSettled` will name.
  /// - Throws: `overloaded`, `closed`, or why nothing can be written.
  @discardableResult
  public func apply(_ mutation: Mutation) throws(StorageFailure) -> UInt64 {
    try admit()
    hasPending = true
    let incarnation = mutation.incarnation
    // A table that was dropped or emptied: whatever still comes for it would have been deleted with it.
    if dropped.contains(incarnation) { return pendingTicket }
    var key = keyBuffer
    keyBuffer = []
    key.removeAll(keepingCapacity: true)
    StorageKey.appendPartition(incarnation: incarnation, mutation.partition.key, to: &key)
    let prefixBytes = key.count
    cache.willChange(prefix: key)
    for entry in mutation.partition.entries {
      if entry.kind != .row { markHead(incarnation) }
      key.append(entry.kind.rawValue)
      key.append(contentsOf: entry.clustering)
      StorageKey.appendSequence(takeSequence(), to: &key)
      database.put(key, entry.value)
      key.removeLast(key.count - prefixBytes)
    }
    counters.mutations += 1
    keyBuffer = key
    return pendingTicket
  }

  /// Says that the next batch will get something from a `willCommit`.
  public func gather() throws(StorageFailure) {
    try admit()
    hasPending = true
  }

  /// Calls `done` once what is pending now is stored, as the durability has it, or is known not to be. For what was
  /// put, deleted or gathered since the last commit; never called within the call.
  public func afterStored(_ done: @escaping (StorageFailure?) -> Void) {
    precondition(hasPending, "nothing is pending")
    pendingStored.append(done)
  }

  /// What a tick ends with: settles what was synced, commits what is pending.
  /// - Returns: whether anything was done.
  @discardableResult
  public func endTick() -> Bool {
    guard !isClosed else { return false }
    let settled = settleSynced()
    return commit() || settled
  }

  /// Commits the pending batch now; read-modify-write needs it before it lets go of its partition.
  /// - Parameter mayWait: rather wait for LevelDB than put the commit off; at the end of a node's life.
  /// - Returns: false when there was nothing to commit or the commit was put off.
  @discardableResult
  public func commit(mayWait: Bool = false) -> Bool {
    guard hasPending || database.pendingOperations > 0 else { return false }
    if let broken {
      failPending(broken)
      return true
    }
    if !mayWait, database.pressure == .stop {
      counters.deferredCommits += 1
      retryLater()
      return false
    }
    for fill in willCommit { fill() }
    counters.committedOperations += UInt64(database.pendingOperations)
    counters.committedBytes += UInt64(database.pendingBytes)
    do throws(StorageFailure) {
      if database.pendingOperations > 0 { try database.write() }
    } catch {
      writeFailed(error)
      return true
    }
    counters.commits += 1
    maintenance.finishedDrops = []
    sequences.committed()
    heads.committed()
    cache.didCommit()
    foldedKeys.removeAll(keepingCapacity: true)
    settleCommitted()
    return true
  }

  private func settleCommitted() {
    let ticket = pendingTicket
    let wasAsked = hasPending
    pendingTicket += 1
    hasPending = false
    let write = database.written
    let waiting = unsyncedPending
    unsyncedPending = []
    for done in waiting { unsynced.append((write, done)) }
    let stored = pendingStored
    pendingStored = []
    switch durability {
    case .group:
      if wasAsked {
        unsynced.append((write, { [unowned self] failure in onSettled?(ticket, failure) }))
      }
      for done in stored { unsynced.append((write, done)) }
      if wasAsked || !waiting.isEmpty { requestSync() }
    case .periodic(let interval):
      if waiting.isEmpty { syncWithin(interval) } else { requestSync() }
      if wasAsked { onSettled?(ticket, nil) }
      for done in stored { done(nil) }
    }
  }

  private var durability: Durability { options.durability }

  /// LevelDB has no room: the background thread wakes the loop when it has, the timer is for the case that it
  /// had before it was asked.
  private func retryLater() {
    guard retryTimer == nil else { return }
    retryTimer = timers.schedule(after: .milliseconds(5)) { [weak self] in
      self?.retryTimer = nil
      self?.endTick()
    }
  }

  private func failPending(_ failure: StorageFailure) {
    counters.failedCommits += 1
    database.clearBatch()
    dropped.formUnion(maintenance.finishedDrops)
    maintenance.finishedDrops = []
    sequences.failed()
    heads.failed()
    cache.didCommit()
    foldedKeys.removeAll(keepingCapacity: true)
    let ticket = pendingTicket
    let wasAsked = hasPending
    pendingTicket += 1
    hasPending = false
    let waiting = unsyncedPending
    unsyncedPending = []
    let stored = pendingStored
    pendingStored = []
    for done in waiting { done(failure) }
    if wasAsked { onSettled?(ticket, failure) }
    for done in stored { done(failure) }
  }

  private func writeFailed(_ failure: StorageFailure) {
    broken = failure
    failPending(failure)
    if case .syncFailed = failure {
      fatal(failure)
    } else {
      reopenLater()
    }
  }

  // MARK: Opening again

  private func reopenLater() {
    guard reopenTimer == nil, !isClosed else { return }
    reopenTimer = timers.schedule(after: options.reopenInterval) { [weak self] in
      self?.reopenTimer = nil
      self?.reopen()
    }
  }

  /// After a failed write: closes and opens the database, whose recovery drops the torn end of the log. Where the disk
  /// was full it stays open for reading until there is space, since recovery itself needs some.
  private func reopen() {
    guard !isClosed, let broken else { return }
    if case .diskFull = broken, database.isOpen, database.freeBytes < options.reopenFreeBytes {
      reopenLater()
      return
    }
    do throws(StorageFailure) {
      try database.close()
      try database.open()
      self.broken = nil
      counters.reopens += 1
      // Whether the batch that failed is there is known only now.
      cache.removeAll()
      settleSynced()
    } catch {
      self.broken = error
      if case .syncFailed = error { fatal(error) } else { reopenLater() }
    }
  }

  // MARK: Syncing

  private func syncWithin(_ interval: Duration) {
    guard syncTimer == nil, !isClosed else { return }
    syncTimer = timers.schedule(after: interval) { [weak self] in
      self?.syncTimer = nil
      self?.requestSync()
    }
  }

  func requestSync() {
    database.requestSync()
    guard isSimulated else { return }
    timers.schedule(after: simulatedDisk?.syncDelay ?? options.simulatedSyncDelay) { [weak self] in
      guard let self, !isClosed else { return }
      database.runSync()
      settleSynced()
    }
  }

  /// Calls `done` once all that was committed or is pending now is on disk, whatever the durability: for promises
  /// that must outlive a power loss.
  public func afterSync(_ done: @escaping (StorageFailure?) -> Void) {
    if hasPending || database.pendingOperations > 0 {
      unsyncedPending.append(done)
    } else if let broken {
      done(broken)
    } else {
      unsynced.append((database.written, done))
      requestSync()
    }
  }

  @discardableResult
  private func settleSynced() -> Bool {
    if database.syncFailed {
      // Said once: a tick that always has something to do has no end.
      let isNews = !reportedFatal
      fatal(.syncFailed("the log could not be synced"))
      return isNews
    }
    guard let first = unsynced.first else { return false }
    let synced = database.synced
    guard first.write <= synced else { return false }
    let count = unsynced.firstIndex { $0.write > synced } ?? unsynced.count
    let due = unsynced.prefix(count).map(\.done)
    unsynced.removeFirst(count)
    for done in due { done(nil) }
    return true
  }

  private func failUnsynced(_ failure: StorageFailure) {
    let waiting = unsynced.map(\.done) + unsyncedPending + pendingStored
    unsynced = []
    unsyncedPending = []
    pendingStored = []
    for done in waiting { done(failure) }
  }

  private func fatal(_ failure: StorageFailure) {
    broken = failure
    failUnsynced(failure)
    if reportedFatal { return }
    reportedFatal = true
    onFatal?(failure)
  }
}
