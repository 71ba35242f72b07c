// Hints: mutations kept on disk for a replica that missed them, handed over when it is back (Cassandra's hinted
// handoff). They are records of this node's own in Storage, committed with the tick's batch: key "hint", host id, a
// number that grows; value: when it was made, then the mutation.
//
// A hint is deleted when the replica has stored it; what fails stays and is tried again. The same hint may be handed
// over twice: mutations are idempotent.

import Base
import Data
import Storage
import World

/// Keeps and hands over hints; bound to the loop.
public final class HintStore {
  public struct Configuration: Sendable {
    /// On disk, all hosts together; over it hints are dropped and counted, and repair has to bring what they held.
    public var maxBytes = 256 << 20
    /// Hints on their way to one host at a time.
    public var maxInFlight = 64
    /// Older ones are dropped: a deletion that is purged by now could be undone by them.
    public var maxAgeSeconds: Int64 = 3 * 3600

    public init() {}
  }

  public struct Counters: Sendable {
    public var kept: UInt64 = 0
    public var handedOver: UInt64 = 0
    public var dropped: UInt64 = 0
  }

  /// How a hint's delivery ended.
  public enum Delivery { case stored, refused }

  private struct Waiting {
    var count = 0
    var bytes = 0
  }

  private static let prefix = Array("hint".utf8)
  private static let pageBytes = 1 << 20

  public private(set) var counters = Counters()
  private let store: Store
  private let clock: any Clock
  private let configuration: Configuration
  private let isCurrent: (_ table: UUID, _ incarnation: UInt32) -> Bool
  private let send: (Mutation, UUID, @escaping (Delivery) -> Void) -> Void
  private var waiting: [UUID: Waiting] = [:]
  private var handingOver: Set<UUID> = []
  private var lastNumber: UInt64 = 0

  /// - Parameters:
  ///   - isCurrent: whether a table is (still) in the schema and was not truncated since; other hints are dropped.
  ///   - send: carries a mutation to a host; its completion comes once, not within the call.
  public init(
    store: Store, clock: any Clock, configuration: Configuration = .init(),
    isCurrent: @escaping (_ table: UUID, _ incarnation: UInt32) -> Bool,
    send: @escaping (Mutation, UUID, @escaping (Delivery) -> Void) -> Void
  ) {
    self.store = store
    self.clock = clock
    self.configuration = configuration
    self.isCurrent = isCurrent
    self.send = send
  }

  /// Counts what the last life left, and numbers on from there: the clock may have gone back.
  public func load() throws(StorageFailure) {
    var last: [UInt8]?
    while true {
      let page = try store.scanLocal(prefix: Self.prefix, after: last, limit: 1000)
      for (key, value) in page {
        guard let host = Self.host(of: key) else { continue }
        lastNumber = max(lastNumber, key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        waiting[host, default: Waiting()].count += 1
        waiting[host, default: Waiting()].bytes += value.count
      }
      guard let end = page.last else { return }
      last = end.key
    }
  }

  /// Hints on disk for a host, or for all.
  public func count(for host: UUID? = nil) -> Int {
    host.map { waiting[$0]?.count ?? 0 } ?? waiting.values.reduce(0) { $0 + $1.count }
  }

  private var totalBytes: Int { waiting.values.reduce(0) { $0 + $1.bytes } }

  // MARK: Keeping

  private static func hostPrefix(_ host: UUID) -> [UInt8] { prefix + host.bytes }

  private static func host(of key: [UInt8]) -> UUID? {
    guard key.count == prefix.count + 24 else { return nil }
    return UUID(bytes: Array(key[prefix.count..<(prefix.count + 16)]))
  }

  /// - Parameter mutation: as `Mutation.encode` writes it.
  public func keep(_ mutation: [UInt8], for host: UUID) {
    guard totalBytes + mutation.count <= configuration.maxBytes else {
      counters.dropped += 1
      return
    }
    lastNumber = max(lastNumber + 1, UInt64(max(0, clock.wallMicroseconds)))
    var key = ByteWriter()
    key.append(Self.hostPrefix(host))
    key.uint64(lastNumber)
    var value = ByteWriter(reserving: 8 + mutation.count)
    value.int64(clock.wallSeconds)
    value.append(mutation)
    let bytes = value.take()
    do throws(StorageFailure) {
      try store.putLocal(key.take(), bytes)
    } catch {
      counters.dropped += 1
      return
    }
    counters.kept += 1
    waiting[host, default: Waiting()].count += 1
    waiting[host, default: Waiting()].bytes += bytes.count
  }

  private func forget(_ key: [UInt8], bytes: Int, host: UUID) {
    // A hint that cannot be deleted now is handed over again later, which does no harm.
    guard (try? store.deleteLocal(key)) != nil else { return }
    waiting[host, default: Waiting()].count -= 1
    waiting[host, default: Waiting()].bytes -= bytes
    if waiting[host]?.count ?? 0 <= 0 { waiting[host] = nil }
  }

  // MARK: Handing over

  /// Drops a part of what is too old for a host that does not come back: it takes the room of other hosts' hints. To be
  /// called now and then.
  public func dropOld(for host: UUID) {
    guard count(for: host) > 0, !handingOver.contains(host), store.admission == .open else { return }
    let prefix = Self.hostPrefix(host)
    // The first is the oldest; nearly always it is young enough.
    guard let oldest = try? store.scanLocal(prefix: prefix, limit: 1).first, isTooOld(oldest.value),
      let page = try? store.scanLocal(prefix: prefix, limit: 1000)
    else { return }
    for (key, value) in page where isTooOld(value) {
      counters.dropped += 1
      forget(key, bytes: value.count, host: host)
    }
  }

  private func isTooOld(_ value: [UInt8]) -> Bool {
    let madeSeconds = try? value.withReader { (reader: inout ByteReader) throws(DecodeError) in try reader.int64() }
    return madeSeconds.map { clock.wallSeconds - $0 > configuration.maxAgeSeconds } ?? true
  }

  /// Hands over what waits for a host that is alive; does nothing when that is under way. To be called when a host
  /// comes back and now and then while it is there.
  public func handOver(to host: UUID) {
    guard count(for: host) > 0, handingOver.insert(host).inserted else { return }
    nextPage(for: host, after: nil)
  }

  private func nextPage(for host: UUID, after last: [UInt8]?) {
    let page: [(key: [UInt8], value: [UInt8])]
    do throws(StorageFailure) {
      page = try store.scanLocal(
        prefix: Self.hostPrefix(host), after: last, limit: configuration.maxInFlight, maxBytes: Self.pageBytes)
    } catch {
      handingOver.remove(host)
      return
    }
    guard let end = page.last else {
      handingOver.remove(host)
      return
    }
    var left = page.count
    var hasFailed = false
    let finishOne = { [self] (delivery: Delivery, record: (key: [UInt8], value: [UInt8])) in
      left -= 1
      if case .stored = delivery {
        counters.handedOver += 1
        forget(record.key, bytes: record.value.count, host: host)
      } else {
        hasFailed = true
      }
      guard left == 0 else { return }
      if hasFailed { handingOver.remove(host) } else { nextPage(for: host, after: end.key) }
    }
    for record in page {
      guard let mutation = mutation(in: record.value) else {
        counters.dropped += 1
        forget(record.key, bytes: record.value.count, host: host)
        left -= 1
        continue
      }
      send(mutation, host) { finishOne($0, record) }
    }
    if left == 0 { nextPage(for: host, after: end.key) }
  }

  /// Nil for a hint that is too old, of a table that is gone or was truncated since, or not readable.
  private func mutation(in value: [UInt8]) -> Mutation? {
    let decoded = try? value.withReader { (reader: inout ByteReader) throws(DecodeError) in
      (madeSeconds: try reader.int64(), mutation: try Mutation(from: &reader))
    }
    guard let decoded, clock.wallSeconds - decoded.madeSeconds <= configuration.maxAgeSeconds,
      isCurrent(decoded.mutation.table, decoded.mutation.incarnation)
    else { return nil }
    return decoded.mutation
  }
}
