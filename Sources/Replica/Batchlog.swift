// The batch log: batches that other nodes coordinate, kept here until they are done (Cassandra's BatchlogManager). A
// coordinator that dies in the middle never says that its batch is done; then this node finishes it, at the
// timestamps it was made with: what a replica has already, it has not twice.
//
// Records are this node's own in Storage, committed with the tick's batch and acknowledged as the durability has it:
// key "batch", id; value: `BatchRecord`. In memory there is what is due when. A batch falls due at twice the write
// timeout after it came, or after this node's start: its coordinator has given up by then.
//
// Bounds: batches and bytes; over them the coordinator is told OVERLOADED and the batch is not begun.

import Base
import Codec
import Data
import Storage
import World

/// Bound to the loop.
public final class Batchlog {
  public struct Configuration: Hashable, Sendable {
    /// When a batch that nobody removed is finished by this node: twice the write timeout.
    public var replayAfter = Duration.seconds(4)
    /// Until a replay that did not succeed is tried again.
    public var retryAfter = Duration.seconds(10)
    public var maxBatches = 65_536
    /// On disk, of all batches.
    public var maxBytes = 64 << 20
    /// Of one batch as it comes.
    public var maxBatchBytes = 16 << 20
    /// What is replayed, shared by the other nodes as hints are. 0: no bound.
    public var maxReplayBytesPerSecond = 1 << 20
    public var maxReplaysInFlight = 16

    public init() {}
  }

  /// Batches, since the start.
  public struct Counters: Sendable {
    public var stored: UInt64 = 0
    public var removed: UInt64 = 0
    public var replayed: UInt64 = 0
    /// Replays that did not succeed and come again.
    public var replaysFailed: UInt64 = 0
    /// Over a bound.
    public var refused: UInt64 = 0
    /// Unreadable, or nothing of them is worth anything any more.
    public var dropped: UInt64 = 0
  }

  private struct Entry {
    var due: Instant
    /// On disk.
    var bytes: Int
    var isReplaying = false
  }

  private static let prefix = Array("batch".utf8)

  public private(set) var counters = Counters()
  private let store: Store
  private let clock: any Clock
  private let configuration: Configuration
  private let log: Logger
  private let lifetimeSeconds: (_ table: UUID, _ incarnation: UInt32) -> Int32?
  /// Writes mutations at their own timestamps to all their replicas, with hints for those that do not answer; completes
  /// once, with whether each replica has it or has a hint.
  public var replay: ([Mutation], @escaping (Bool) -> Void) -> Void = { _, done in done(false) }
  private var entries: [UUID: Entry] = [:]
  /// In the order they fall due; an entry that is gone, or falls due later by now, is passed over.
  private var queue: [(due: Instant, id: UUID)] = []
  private var first = 0
  private var totalBytes = 0
  private var inFlight = 0
  /// Bytes that may be replayed now.
  private var allowance = 0
  private lazy var compressor = ZstdCompressor()
  /// A batch that changed records failed, and perhaps did not: what is on disk has to be looked at.
  private var isUncertain = false

  /// - Parameter lifetimeSeconds: how long a table's mutations are worth anything (its gc_grace_seconds); nil for a
  ///   table that is gone or was truncated since.
  public init(
    store: Store, clock: any Clock, configuration: Configuration = .init(), log: Logger = .silent,
    lifetimeSeconds: @escaping (_ table: UUID, _ incarnation: UInt32) -> Int32?
  ) {
    self.store = store
    self.clock = clock
    self.configuration = configuration
    self.log = log
    self.lifetimeSeconds = lifetimeSeconds
  }

  /// Batches that wait, and their bytes on disk.
  public var count: Int { entries.count }
  public var bytes: Int { totalBytes }

  private static func key(_ id: UUID) -> [UInt8] { prefix + id.bytes }

  /// Finds what is on disk and not known: what the last life left, or a batch whose writing seemed to fail.
  public func load() throws(StorageFailure) {
    var last: [UInt8]?
    while true {
      let page = try store.scanLocal(prefix: Self.prefix, after: last, limit: 1000)
      for (key, value) in page where key.count == Self.prefix.count + 16 {
        guard let id = UUID(bytes: Array(key[Self.prefix.count...])), entries[id] == nil else { continue }
        add(id, bytes: value.count)
      }
      guard let end = page.last else { return }
      last = end.key
    }
  }

  private func add(_ id: UUID, bytes: Int) {
    if let old = entries[id] { totalBytes -= old.bytes }
    let due = clock.now + configuration.replayAfter
    entries[id] = Entry(due: due, bytes: bytes)
    totalBytes += bytes
    queue.append((due, id))
  }

  private func take(_ id: UUID) -> Entry? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    totalBytes -= entry.bytes
    return entry
  }

  // MARK: For coordinators

  /// Keeps a batch. The completion comes later when it is stored, as the durability has it, or within the call when
  /// it is refused.
  /// - Parameter body: its mutations as `LoggedBatch.encodeMutations` writes them.
  public func store(_ id: UUID, body: [UInt8], completion: @escaping (ReplicaRefusal?) -> Void) {
    guard body.count <= configuration.maxBatchBytes, entries.count < configuration.maxBatches,
      totalBytes + body.count <= configuration.maxBytes
    else {
      counters.refused += 1
      return completion(.overloaded)
    }
    let record = BatchRecord.encode(madeSeconds: clock.wallSeconds, body: body, with: compressor)
    do throws(StorageFailure) { try store.putLocal(Self.key(id), record) } catch {
      return completion(ReplicaRefusal(error))
    }
    add(id, bytes: record.count)
    store.afterStored { [weak self] failure in
      guard let self else { return }
      if let failure {
        _ = take(id)
        isUncertain = true
        completion(ReplicaRefusal(failure))
      } else {
        counters.stored += 1
        completion(nil)
      }
    }
  }

  /// The batch is done.
  public func remove(_ id: UUID) {
    guard entries[id]?.isReplaying == false, delete(id) else { return }
    counters.removed += 1
  }

  /// - Returns: false if it has to be tried again.
  private func delete(_ id: UUID) -> Bool {
    guard (try? store.deleteLocal(Self.key(id))) != nil else { return false }
    _ = take(id)
    store.afterStored { [weak self] failure in
      if failure != nil { self?.isUncertain = true }
    }
    return true
  }

  // MARK: Replay

  /// Once a second: finishes what is due.
  /// - Parameter otherMembers: of the cluster; they share the throttle.
  public func lookAfter(otherMembers: Int) {
    guard store.admission == .open else { return }
    if isUncertain, (try? load()) != nil { isUncertain = false }
    let share = configuration.maxReplayBytesPerSecond / max(1, otherMembers)
    allowance = configuration.maxReplayBytesPerSecond == 0 ? .max : max(1, share)
    replayDue()
  }

  private func replayDue() {
    while inFlight < configuration.maxReplaysInFlight, allowance > 0, let id = popDue() { begin(id) }
  }

  private func popDue() -> UUID? {
    defer { compactQueue() }
    while first < queue.count, queue[first].due <= clock.now {
      let (due, id) = queue[first]
      first += 1
      if let entry = entries[id], entry.due == due, !entry.isReplaying { return id }
    }
    return nil
  }

  private func compactQueue() {
    if first == queue.count {
      queue.removeAll(keepingCapacity: true)
      first = 0
    } else if first > 1024, first * 2 > queue.count {
      queue.removeFirst(first)
      first = 0
    }
  }

  private func begin(_ id: UUID) {
    let bytes: [UInt8]?
    do throws(StorageFailure) { bytes = try store.getLocal(Self.key(id)) } catch {
      // Perhaps the disk gets well again; what is lost here, the other holder has.
      log.error("a batch cannot be read", ["batch": "\(id)", "why": "\(error)"])
      counters.replaysFailed += 1
      return retry(id)
    }
    guard let bytes else {
      _ = take(id)
      return
    }
    allowance -= bytes.count
    guard let record = try? BatchRecord(decoding: bytes) else {
      log.error("a batch is damaged and is dropped", ["batch": "\(id)"])
      return drop(id)
    }
    let ageSeconds = clock.wallSeconds - record.madeSeconds
    let live = record.mutations.filter { mutation in
      lifetimeSeconds(mutation.table, mutation.incarnation).map { ageSeconds <= Int64($0) } ?? false
    }
    guard !live.isEmpty else { return drop(id) }
    entries[id]?.isReplaying = true
    inFlight += 1
    log.info("finishing a batch whose coordinator did not", ["batch": "\(id)", "mutations": "\(live.count)"])
    replay(live) { [weak self] isDone in self?.ended(id, isDone) }
  }

  private func drop(_ id: UUID) {
    counters.dropped += 1
    if !delete(id) { retry(id) }
  }

  private func ended(_ id: UUID, _ isDone: Bool) {
    inFlight -= 1
    entries[id]?.isReplaying = false
    if isDone, delete(id) {
      counters.replayed += 1
    } else {
      counters.replaysFailed += 1
      retry(id)
    }
    replayDue()
  }

  private func retry(_ id: UUID) {
    guard entries[id] != nil else { return }
    let due = clock.now + configuration.retryAfter
    entries[id]?.due = due
    queue.append((due, id))
  }
}
