// Hints: mutations kept on disk for a replica that missed them, handed over when it is back (Cassandra's hinted
// handoff; HintsService.java, StorageProxy.shouldHint for the rules). They are records of this node's own in Storage,
// committed with the tick's batch: key "hint", host id, a number that grows; value: `HintRecord`.
//
// What one host missed in one tick is one record, so that a packed record holds many mutations that look alike: zstd
// finds nothing to save in a lone one. The record is made when the tick's batch is about to be written (`Store.
// willCommit`), or earlier when it is large.
//
// Bounds: no hints for a host that has been dead for longer than the window, counted from when this node saw it die or
// from the oldest hint that waits for it; a bound on bytes for each host and for all. What is not kept is counted, and
// read repair is what is left.
//
// Deviations from Cassandra: the window of a host that was dead already when this node started begins with the start
// (or its oldest hint), and hints are limited in all, not only for each host, since they share the node's one store.

import Base
import Codec
import Data
import Storage
import World

/// Keeps and hands over hints; bound to the loop.
public final class HintStore {
  public struct Configuration: Hashable, Sendable {
    /// False: nothing is kept; what is on disk is still handed over.
    public var isEnabled = true
    /// No hints for a host that is dead for longer.
    public var window = Duration.seconds(3 * 3600)
    /// On disk, for all hosts and for one.
    public var maxBytes = 256 << 20
    public var maxBytesPerHost = 128 << 20
    /// What is handed over to one host, unpacked; shared by the other nodes of the cluster, which all have hints for a
    /// host that comes back. 0: no bound.
    public var maxBytesPerSecond = 1 << 20
    /// Records, and bytes on disk, read and sent at a time.
    public var maxPageRecords = 64
    public var maxPageBytes = 128 << 10
    /// Of one record before it is packed.
    public var maxRecordBytes = 64 << 10
    /// Between two attempts to hand over to a host that could not take what it was given.
    public var minPause = Duration.seconds(1)
    public var maxPause = Duration.seconds(30)
    /// Hints for a host that is no member are dropped after so long: right after a start not all members are known.
    public var strangerPatience = Duration.seconds(60)

    public init() {}
  }

  /// Mutations, since the start.
  public struct Counters: Sendable {
    public var kept: UInt64 = 0
    public var handedOver: UInt64 = 0
    /// Not kept although they were missed, all reasons together, and those that were too many, too late or refused by
    /// the disk.
    public var dropped: UInt64 = 0
    public var droppedByBound: UInt64 = 0
    public var droppedByWindow: UInt64 = 0
    public var droppedByStore: UInt64 = 0
    /// Bytes as they came and as they lie on disk.
    public var rawBytes: UInt64 = 0
    public var storedBytes: UInt64 = 0
  }

  /// How a hint's delivery ended.
  public enum Delivery: Sendable {
    case stored
    /// The host said no to this mutation; the next one may fare better.
    case refused
    /// It has too much to do.
    case overloaded
    /// There is no way to it.
    case unreachable
  }

  /// What waits for one host.
  struct Host {
    /// Mutations and their records' bytes, what is gathered included.
    var count = 0
    var bytes = 0
    var gathered: [[UInt8]] = []
    var gatheredBytes = 0
    /// When the oldest record was made, where it is known.
    var oldestSeconds: Int64?
    /// Nil while it is alive, as far as this node knows.
    var deadSince: Instant?
    /// Not among the members, since then.
    var strangeSince: Instant?
    /// The batch that should have changed its records failed, and perhaps did not: there may be more than was counted.
    var isUncertain = false
    var handOver: HandOver?
    var nextHandOver = Instant(nanoseconds: .min)
    var pause = Duration.zero
  }

  /// What the pending batch changes, to be taken back if it fails.
  final class Batch {
    var changes: [(host: UUID, count: Int, bytes: Int)] = []
    var stored: [(Bool) -> Void] = []
  }

  static let prefix = Array("hint".utf8)

  public internal(set) var counters = Counters()
  let store: Store
  let clock: any Clock
  let timers: any Timers
  let configuration: Configuration
  let log: Logger
  let lifetimeSeconds: (_ table: UUID, _ incarnation: UInt32) -> Int32?
  let send: ([UInt8], UUID, @escaping (Delivery) -> Void) -> Void
  var hosts: [UUID: Host] = [:]
  /// Members besides this node: they share the throttle.
  var otherMembers = 1
  private var totalBytes = 0
  private var batch: Batch?
  private var gatheringHosts: [UUID] = []
  private var lastNumber: UInt64 = 0
  private lazy var compressor = ZstdCompressor()
  private var saidDropped: UInt64 = 0
  private var nextWarning = Instant(nanoseconds: .min)

  /// - Parameters:
  ///   - lifetimeSeconds: how long a table's hints are worth anything (its gc_grace_seconds: older ones could undo a
  ///     deletion that is purged by now); nil for a table that is gone or was truncated since.
  ///   - send: carries a mutation, as `Mutation.encode` writes it, to a host; its completion comes once, not within the
  ///     call.
  public init(
    store: Store, clock: any Clock, timers: any Timers, configuration: Configuration = .init(), log: Logger = .silent,
    lifetimeSeconds: @escaping (_ table: UUID, _ incarnation: UInt32) -> Int32?,
    send: @escaping ([UInt8], UUID, @escaping (Delivery) -> Void) -> Void
  ) {
    self.store = store
    self.clock = clock
    self.timers = timers
    self.configuration = configuration
    self.log = log
    self.lifetimeSeconds = lifetimeSeconds
    self.send = send
    store.willCommit.append { [weak self] in self?.flushGathered() }
  }

  /// Counts what the last life left, and numbers on from there: the clock may have gone back.
  public func load() throws(StorageFailure) {
    var last: [UInt8]?
    while true {
      let page = try store.scanLocal(prefix: Self.prefix, after: last, limit: 1000)
      for (key, value) in page {
        guard let host = Self.host(of: key) else { continue }
        lastNumber = max(lastNumber, key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        // A record that cannot be read counts as one hint, and is dropped when it is met.
        let head = try? HintRecord.head(of: value)
        change(host, count: head?.count ?? 1, bytes: value.count)
        if hosts[host]?.oldestSeconds == nil { hosts[host]?.oldestSeconds = head?.madeSeconds }
      }
      guard let end = page.last else { return }
      last = end.key
    }
  }

  /// Hints on disk for a host, or for all.
  public func count(for host: UUID? = nil) -> Int {
    host.map { hosts[$0]?.count ?? 0 } ?? hosts.values.reduce(0) { $0 + $1.count }
  }

  /// What they take on disk.
  public var bytes: Int { totalBytes }

  func change(_ host: UUID, count: Int, bytes: Int) {
    hosts[host, default: Host()].count += count
    hosts[host, default: Host()].bytes += bytes
    totalBytes += bytes
    // What was handed over long ago says nothing of the window of its next absence.
    if hosts[host]?.count == 0 { hosts[host]?.oldestSeconds = nil }
  }

  // MARK: Keeping

  static func hostPrefix(_ host: UUID) -> [UInt8] { prefix + host.bytes }

  private static func host(of key: [UInt8]) -> UUID? {
    guard key.count == prefix.count + 24 else { return nil }
    return UUID(bytes: Array(key[prefix.count..<(prefix.count + 16)]))
  }

  /// Takes a mutation into the tick's batch.
  /// - Parameters:
  ///   - mutation: as `Mutation.encode` writes it.
  ///   - stored: called later, once, if the hint was taken: whether it is stored, as the durability has it.
  /// - Returns: whether it is in the tick's batch.
  @discardableResult
  public func keep(_ mutation: [UInt8], for host: UUID, stored: ((Bool) -> Void)? = nil) -> Bool {
    guard configuration.isEnabled else { return drop() }
    let known = hosts[host]
    guard totalBytes + mutation.count <= configuration.maxBytes,
      (known?.bytes ?? 0) + mutation.count <= configuration.maxBytesPerHost
    else {
      counters.droppedByBound += 1
      return drop()
    }
    if let known, isPastWindow(known) {
      counters.droppedByWindow += 1
      return drop()
    }
    let batch: Batch
    do throws(StorageFailure) { batch = try openBatch() } catch {
      counters.droppedByStore += 1
      return drop()
    }
    if let stored { batch.stored.append(stored) }
    gather(mutation, for: host)
    return true
  }

  private func drop() -> Bool {
    counters.dropped += 1
    return false
  }

  private func isPastWindow(_ host: Host) -> Bool {
    guard let deadSince = host.deadSince else { return false }
    if clock.now - deadSince > configuration.window { return true }
    guard let oldest = host.oldestSeconds else { return false }
    return .seconds(clock.wallSeconds - oldest) > configuration.window
  }

  private func gather(_ mutation: [UInt8], for host: UUID) {
    change(host, count: 1, bytes: mutation.count)
    batch?.changes.append((host, 1, mutation.count))
    if hosts[host]?.gathered.isEmpty ?? true { gatheringHosts.append(host) }
    hosts[host]?.gathered.append(mutation)
    hosts[host]?.gatheredBytes += mutation.count
    counters.rawBytes += UInt64(mutation.count)
    if hosts[host]?.gatheredBytes ?? 0 >= configuration.maxRecordBytes {
      gatheringHosts.removeAll { $0 == host }
      writeGathered(of: host)
    }
  }

  /// With every commit of the store: nearly always there is nothing.
  private func flushGathered() {
    guard batch != nil else { return }
    let filled = gatheringHosts
    gatheringHosts = []
    for host in filled { writeGathered(of: host) }
    batch = nil
  }

  private func writeGathered(of host: UUID) {
    guard let gathered = hosts[host]?.gathered, !gathered.isEmpty else { return }
    let raw = hosts[host]?.gatheredBytes ?? 0
    hosts[host]?.gathered = []
    hosts[host]?.gatheredBytes = 0
    let record = HintRecord(madeSeconds: clock.wallSeconds, mutations: gathered).encoded(with: compressor)
    lastNumber = max(lastNumber + 1, UInt64(max(0, clock.wallMicroseconds)))
    var key = ByteWriter()
    key.append(Self.hostPrefix(host))
    key.uint64(lastNumber)
    // Refused only by a store that is closed or broken, whose batch fails as a whole.
    _ = try? store.putLocal(key.take(), record)
    // From here on it counts as what it takes on disk.
    change(host, count: 0, bytes: record.count - raw)
    batch?.changes.append((host, 0, record.count - raw))
    counters.storedBytes += UInt64(record.count)
    if hosts[host]?.oldestSeconds == nil { hosts[host]?.oldestSeconds = clock.wallSeconds }
  }

  // MARK: Changes of a batch

  /// Whether the pending batch has changes of hints.
  var isBatchOpen: Bool { batch != nil }

  /// The pending batch's changes; begun with the first of them.
  private func openBatch() throws(StorageFailure) -> Batch {
    try store.gather()
    if let batch { return batch }
    let made = Batch()
    batch = made
    store.afterStored { [weak self] failure in self?.settle(made, failure) }
    return made
  }

  private func settle(_ settled: Batch, _ failure: StorageFailure?) {
    if batch === settled {
      // It failed before it was written.
      for host in gatheringHosts {
        hosts[host]?.gathered = []
        hosts[host]?.gatheredBytes = 0
      }
      gatheringHosts = []
      batch = nil
    }
    for change in settled.changes {
      if failure == nil {
        if change.count > 0 { counters.kept += UInt64(change.count) }
        continue
      }
      self.change(change.host, count: -change.count, bytes: -change.bytes)
      hosts[change.host]?.isUncertain = true
      if change.count > 0 {
        counters.dropped += UInt64(change.count)
        counters.droppedByStore += UInt64(change.count)
      }
    }
    for done in settled.stored { done(failure == nil) }
  }

  /// Takes mutations out of a record: all of them, or what is left of it is written anew.
  /// A record that cannot be changed now is handed over again later, which does no harm.
  func forget(_ key: [UInt8], of host: UUID, count: Int, bytes: Int, rest: HintRecord? = nil) {
    guard let batch = try? openBatch() else { return }
    var freed = bytes
    if let rest {
      let record = rest.encoded(with: compressor)
      freed -= record.count
      guard (try? store.putLocal(key, record)) != nil else { return }
    } else {
      guard (try? store.deleteLocal(key)) != nil else { return }
    }
    change(host, count: -count, bytes: -freed)
    batch.changes.append((host, -count, -freed))
  }

  // MARK: Saying what was dropped

  /// At most one line a minute.
  func warnOfDrops() {
    let now = clock.now
    guard counters.dropped > saidDropped, now >= nextWarning else { return }
    log.warning(
      "hints were dropped",
      [
        "count": "\(counters.dropped - saidDropped)", "over_bound": "\(counters.droppedByBound)",
        "past_window": "\(counters.droppedByWindow)", "refused_by_disk": "\(counters.droppedByStore)",
        "bytes_on_disk": "\(totalBytes)",
      ])
    saidDropped = counters.dropped
    nextWarning = now + .seconds(60)
  }
}
