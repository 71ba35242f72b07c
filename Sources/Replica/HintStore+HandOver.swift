// Handing hints over: page by page in the order they were made, as fast as the throttle lets them, while the host takes
// them. A mutation that the host refuses stays behind and the others pass it; a host that has too much to do, or is
// gone, ends the pass, and the next one begins after a pause that grows.
//
// The throttle is Cassandra's (HintsDispatchExecutor): so many bytes a second, divided by the other nodes, since all of
// them have hints for a host that comes back.

import Base
import Data
import Storage
import World

extension HintStore {
  /// One pass over a host's records.
  final class HandOver {
    /// The last record that was read.
    var after: [UInt8]?
    /// Answers that the page still waits for.
    var left = 0
    var sentBytes = 0
    var delivered = 0
    var hasRefused = false
    /// Ends the pass.
    var obstacle: Delivery?
    var pageBegan = Instant(nanoseconds: 0)
  }

  /// A record whose mutations are on their way.
  private final class Sent {
    let key: [UInt8]
    let bytes: Int
    let madeSeconds: Int64
    let count: Int
    var left: Int
    var stored = 0
    var refused: [[UInt8]] = []

    init(key: [UInt8], bytes: Int, madeSeconds: Int64, count: Int, left: Int) {
      self.key = key
      self.bytes = bytes
      self.madeSeconds = madeSeconds
      self.count = count
      self.left = left
    }
  }

  /// Once a second: hands over to who is alive, drops what is too old for who is dead, and what is for nobody.
  public func lookAfter(members: [UUID], localHostID: UUID, isAlive: (UUID) -> Bool) {
    otherMembers = max(1, members.count - 1)
    for host in members where host != localHostID {
      if isAlive(host) {
        hosts[host]?.deadSince = nil
        hosts[host]?.strangeSince = nil
        handOver(to: host)
      } else {
        if hosts[host]?.deadSince == nil { hosts[host, default: Host()].deadSince = clock.now }
        dropOld(for: host)
      }
    }
    let known = Set(members)
    // In an order that does not depend on hashing.
    for host in hosts.keys.filter({ !known.contains($0) }).sorted() { dropStranger(host) }
    warnOfDrops()
  }

  /// A node was found alive: it gets what waits for it at once, whatever its last life refused.
  public func hostIsAlive(_ host: UUID) {
    hosts[host]?.deadSince = nil
    hosts[host]?.pause = .zero
    hosts[host]?.nextHandOver = Instant(nanoseconds: .min)
    handOver(to: host)
  }

  /// A node was found dead: its window begins.
  public func hostIsDead(_ host: UUID) { hosts[host, default: Host()].deadSince = clock.now }

  // MARK: Dropping

  private func lifetime(of mutation: [UInt8]) -> Int64? {
    guard let (table, incarnation) = try? HintRecord.table(of: mutation) else { return nil }
    return lifetimeSeconds(table, incarnation).map(Int64.init)
  }

  /// What of a record is still worth something.
  private func livePart(of record: HintRecord) -> [[UInt8]] {
    let ageSeconds = clock.wallSeconds - record.madeSeconds
    return record.mutations.filter { mutation in lifetime(of: mutation).map { ageSeconds <= $0 } ?? false }
  }

  /// Drops a part of what is too old for a host that does not come back: it takes the room of other hosts' hints.
  private func dropOld(for host: UUID) {
    guard count(for: host) > 0, hosts[host]?.handOver == nil, store.admission == .open else { return }
    let prefix = Self.hostPrefix(host)
    // The first is the oldest; nearly always it is young enough.
    guard let oldest = try? store.scanLocal(prefix: prefix, limit: 1).first else { return }
    hosts[host]?.oldestSeconds = (try? HintRecord.head(of: oldest.value))?.madeSeconds
    guard isWorthless(oldest.value), let page = try? store.scanLocal(prefix: prefix, limit: 1000) else { return }
    for (key, value) in page where isWorthless(value) { dropRecord(key, value, of: host) }
  }

  private func isWorthless(_ value: [UInt8]) -> Bool {
    guard let record = try? HintRecord(decoding: value) else { return true }
    return livePart(of: record).isEmpty
  }

  private func dropRecord(_ key: [UInt8], _ value: [UInt8], of host: UUID) {
    let count = (try? HintRecord.head(of: value))?.count ?? 1
    counters.dropped += UInt64(count)
    forget(key, of: host, count: count, bytes: value.count)
  }

  /// A host that left the cluster will not come back under this id.
  private func dropStranger(_ host: UUID) {
    guard count(for: host) > 0 || hosts[host]?.isUncertain ?? false else {
      hosts[host] = nil
      return
    }
    guard let since = hosts[host]?.strangeSince else {
      hosts[host]?.strangeSince = clock.now
      return
    }
    guard clock.now - since >= configuration.strangerPatience, store.admission == .open,
      let page = try? store.scanLocal(prefix: Self.hostPrefix(host), limit: 1000)
    else { return }
    for (key, value) in page { dropRecord(key, value, of: host) }
    if page.isEmpty { settleCount(of: host) }
  }

  /// Nothing is left on disk for the host: the count says so, whatever a failed batch left of it.
  private func settleCount(of host: UUID) {
    guard let known = hosts[host], known.isUncertain, !isBatchOpen else { return }
    change(host, count: -known.count, bytes: -known.bytes)
    hosts[host]?.oldestSeconds = nil
    hosts[host]?.isUncertain = false
  }

  // MARK: Passes

  /// Hands over what waits for a host that is alive; does nothing when that is under way or has to wait.
  public func handOver(to host: UUID) {
    guard let known = hosts[host], known.count > 0 || known.isUncertain, known.handOver == nil,
      clock.now >= known.nextHandOver, store.admission == .open
    else { return }
    let pass = HandOver()
    hosts[host]?.handOver = pass
    nextPage(for: host, pass)
  }

  private func nextPage(for host: UUID, _ pass: HandOver) {
    let page: [(key: [UInt8], value: [UInt8])]
    do throws(StorageFailure) {
      page = try store.scanLocal(
        prefix: Self.hostPrefix(host), after: pass.after, limit: configuration.maxPageRecords,
        maxBytes: configuration.maxPageBytes)
    } catch {
      log.error("hints cannot be read", ["host": "\(host)", "why": "\(error)"])
      pass.obstacle = .refused
      return end(pass, host)
    }
    guard let last = page.last else {
      if !pass.hasRefused { settleCount(of: host) }
      return end(pass, host)
    }
    pass.after = last.key
    pass.pageBegan = clock.now
    pass.sentBytes = 0
    // One for this loop itself: what completes within it must not end the page.
    pass.left = 1
    for (key, value) in page { send(key, value, to: host, pass) }
    finishOne(pass, host)
  }

  private func send(_ key: [UInt8], _ value: [UInt8], to host: UUID, _ pass: HandOver) {
    guard let record = try? HintRecord(decoding: value) else { return dropRecord(key, value, of: host) }
    let live = livePart(of: record)
    counters.dropped += UInt64(record.mutations.count - live.count)
    guard !live.isEmpty else {
      return forget(key, of: host, count: record.mutations.count, bytes: value.count)
    }
    hosts[host]?.oldestSeconds = record.madeSeconds
    let sent = Sent(
      key: key, bytes: value.count, madeSeconds: record.madeSeconds, count: record.mutations.count, left: live.count)
    pass.left += 1
    for mutation in live {
      pass.sentBytes += mutation.count
      send(mutation, host) { [self] delivery in
        sent.left -= 1
        switch delivery {
        case .stored: sent.stored += 1
        case .refused: sent.refused.append(mutation)
        case .overloaded, .unreachable:
          sent.refused.append(mutation)
          pass.obstacle = delivery
        }
        if sent.left == 0 { answered(sent, pass, host) }
      }
    }
  }

  private func answered(_ sent: Sent, _ pass: HandOver, _ host: UUID) {
    counters.handedOver += UInt64(sent.stored)
    pass.delivered += sent.stored
    if sent.refused.isEmpty {
      forget(sent.key, of: host, count: sent.count, bytes: sent.bytes)
    } else {
      pass.hasRefused = true
      if sent.refused.count < sent.count {
        forget(
          sent.key, of: host, count: sent.count - sent.refused.count, bytes: sent.bytes,
          rest: HintRecord(madeSeconds: sent.madeSeconds, mutations: sent.refused))
      }
    }
    finishOne(pass, host)
  }

  private func finishOne(_ pass: HandOver, _ host: UUID) {
    pass.left -= 1
    guard pass.left == 0 else { return }
    guard pass.obstacle == nil, store.admission == .open else { return end(pass, host) }
    let wait = throttle(pass)
    guard wait > .zero else { return nextPage(for: host, pass) }
    timers.schedule(after: wait) { [weak self] in
      guard let self, hosts[host]?.handOver === pass else { return }
      guard store.admission == .open, hosts[host]?.deadSince == nil else { return end(pass, host) }
      nextPage(for: host, pass)
    }
  }

  /// What is left of the time that the last page may take.
  private func throttle(_ pass: HandOver) -> Duration {
    guard configuration.maxBytesPerSecond > 0, pass.sentBytes > 0 else { return .zero }
    let share = max(1, configuration.maxBytesPerSecond / otherMembers)
    // Of one page, some megabytes at most.
    let due = Duration.nanoseconds(Int64(pass.sentBytes) * 1_000_000_000 / Int64(share))
    return due - (clock.now - pass.pageBegan)
  }

  private func end(_ pass: HandOver, _ host: UUID) {
    guard hosts[host]?.handOver === pass else { return }
    hosts[host]?.handOver = nil
    let isTroubled = pass.hasRefused || pass.obstacle != nil
    let isGettingOn = pass.delivered > 0
    let pause = hosts[host]?.pause ?? .zero
    let grown = isGettingOn ? .zero : min(pause * 2, configuration.maxPause)
    let next = isTroubled ? max(grown, configuration.minPause) : .zero
    hosts[host]?.pause = next
    hosts[host]?.nextHandOver = clock.now + next
    if pass.delivered > 0 {
      log.info(
        "handed hints over", ["host": "\(host)", "count": "\(pass.delivered)", "left": "\(count(for: host))"])
    }
  }
}
