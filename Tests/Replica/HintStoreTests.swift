// Hints on a store over a simulated disk: what is kept, what is not, and what the other side gets of it.

import Base
import Data
import Storage
import TestWorld
import Testing
import World

@testable import Replica

/// Hints, and what was sent of them and waits for an answer.
private final class HintBed {
  let bench: ReplicaBench
  let hints: HintStore
  let host = UUID(high: 9, low: 9)
  var calls: [(mutation: Mutation, host: UUID, done: (HintStore.Delivery) -> Void)] = []
  var sent: [Mutation] = []

  init(_ bench: ReplicaBench, configuration: HintStore.Configuration = .init()) throws {
    self.bench = bench
    let box = Box()
    hints = HintStore(
      store: bench.store, clock: bench.clock, timers: bench.timers, configuration: configuration,
      lifetimeSeconds: { [table = bench.table] in $0 == table.id && $1 >= table.incarnation ? 864_000 : nil },
      send: { bytes, host, done in box.bed?.took(bytes, host, done) })
    box.bed = self
    try hints.load()
  }

  convenience init(configuration: HintStore.Configuration = .init()) throws {
    try self.init(ReplicaBench(), configuration: configuration)
  }

  private final class Box { weak var bed: HintBed? }

  private func took(_ bytes: [UInt8], _ host: UUID, _ done: @escaping (HintStore.Delivery) -> Void) {
    guard let mutation = try? bytes.withReader({ (reader: inout ByteReader) in try Mutation(from: &reader) }) else {
      Issue.record("sent what is no mutation")
      return done(.refused)
    }
    sent.append(mutation)
    calls.append((mutation, host, done))
  }

  static func encoded(_ mutation: Mutation) -> [UInt8] {
    var writer = ByteWriter()
    mutation.encode(to: &writer)
    return writer.take()
  }

  @discardableResult
  func keep(_ number: UInt8, incarnation: UInt32 = 5, for other: UUID? = nil) -> Bool {
    hints.keep(Self.encoded(bench.mutation(number, incarnation: incarnation)), for: other ?? host)
  }

  func commit() { bench.store.endTick() }

  /// Answers what was sent, a tick after another, until nothing more comes.
  func answer(_ deliver: (Mutation) -> HintStore.Delivery) {
    while !calls.isEmpty {
      let batch = calls
      calls = []
      for call in batch { call.done(deliver(call.mutation)) }
      commit()
    }
  }

  func handOver(_ deliver: (Mutation) -> HintStore.Delivery = { _ in .stored }) {
    hints.handOver(to: host)
    answer(deliver)
  }

  func lookAfter(alive: Bool, members: [UUID]? = nil) {
    hints.lookAfter(members: members ?? [host, UUID(high: 1, low: 1)], localHostID: UUID(high: 1, low: 1)) { _ in alive
    }
    commit()
  }

  func pass(seconds: Int) {
    bench.timers.advance(.seconds(seconds))
    bench.clock.wallMicroseconds += Int64(seconds) * 1_000_000
  }
}

@Suite struct HintStoreTests {
  private func unthrottled() -> HintStore.Configuration {
    var configuration = HintStore.Configuration()
    configuration.maxBytesPerSecond = 0
    return configuration
  }

  @Test func everyHintIsHandedOverOnceAndInOrder() throws {
    let bed = try HintBed(configuration: unthrottled())
    for number in 0..<200 {
      bed.keep(UInt8(number))
      if number % 7 == 0 { bed.commit() }
    }
    bed.commit()
    #expect(bed.hints.count(for: bed.host) == 200)
    bed.handOver()
    #expect(bed.sent == (0..<200).map { bed.bench.mutation(UInt8($0)) })
    #expect(bed.hints.count() == 0)
    #expect(bed.hints.bytes == 0)
    bed.sent = []
    bed.handOver()
    #expect(bed.sent.isEmpty)
    #expect(bed.hints.counters.handedOver == 200)
  }

  @Test func theHintsOfOneTickArePackedTogether() throws {
    let bed = try HintBed()
    for number in 0..<200 { bed.keep(UInt8(number)) }
    bed.commit()
    let counters = bed.hints.counters
    #expect(counters.storedBytes * 3 < counters.rawBytes, "\(counters.storedBytes) of \(counters.rawBytes)")
    #expect(bed.hints.bytes == Int(counters.storedBytes))
  }

  @Test func aRefusedHintStaysAndTheOthersPassIt() throws {
    let bed = try HintBed(configuration: unthrottled())
    // More that are refused than a page holds, then one that is not.
    for number in 0..<100 {
      bed.keep(UInt8(number))
      bed.commit()
    }
    bed.keep(200)
    bed.keep(201)
    bed.commit()
    bed.handOver { $0.partition.key.bytes[0] < 100 || $0.partition.key.bytes[0] == 200 ? .refused : .stored }
    #expect(bed.sent.contains(bed.bench.mutation(201)))
    #expect(bed.hints.count(for: bed.host) == 101)
    // Not again before a pause is over, and then only what was refused.
    bed.sent = []
    bed.handOver()
    #expect(bed.sent.isEmpty)
    bed.pass(seconds: 2)
    bed.handOver()
    #expect(bed.sent.count == 101)
    #expect(bed.hints.count() == 0)
    #expect(bed.hints.bytes == 0)
  }

  @Test(arguments: [HintStore.Delivery.overloaded, .unreachable])
  func anObstacleEndsThePassAndThePausesGrow(_ obstacle: HintStore.Delivery) throws {
    let bed = try HintBed(configuration: unthrottled())
    for number in 0..<200 {
      bed.keep(UInt8(number))
      bed.commit()
    }
    bed.handOver { _ in obstacle }
    #expect(bed.sent.count == 64)
    #expect(bed.hints.count() == 200)
    bed.pass(seconds: 1)
    bed.handOver { _ in obstacle }
    #expect(bed.sent.count == 128)
    bed.pass(seconds: 1)
    bed.handOver { _ in obstacle }
    #expect(bed.sent.count == 128)
    // Gossip's news that it is back ends the pause.
    bed.hints.hostIsAlive(bed.host)
    bed.answer { _ in .stored }
    #expect(bed.hints.count() == 0)
  }

  @Test func theThrottleIsSharedByTheOtherNodes() throws {
    var configuration = HintStore.Configuration()
    configuration.maxBytesPerSecond = 2 * HintBed.encoded(try ReplicaBench().mutation(1)).count
    configuration.maxPageRecords = 1
    let bed = try HintBed(configuration: configuration)
    for number in 0..<4 {
      bed.keep(UInt8(number))
      bed.commit()
    }
    let others = [UUID(high: 1, low: 1), UUID(high: 2, low: 2)]
    bed.lookAfter(alive: true, members: [bed.host] + others)
    bed.answer { _ in .stored }
    // Two share it: one mutation a second is left to this node.
    for second in 1...3 {
      #expect(bed.sent.count == second)
      bed.pass(seconds: 1)
      bed.answer { _ in .stored }
    }
    #expect(bed.sent.count == 4)
  }

  @Test func hintsSurviveARestart() throws {
    let bed = try HintBed()
    bed.keep(1)
    bed.commit()
    bed.bench.store.kill()
    try bed.bench.reopen()
    let again = try HintBed(bed.bench)
    #expect(again.hints.count(for: bed.host) == 1)
    again.handOver()
    #expect(again.sent == [bed.bench.mutation(1)])
  }

  @Test func aClockThatWentBackOverARestartOverwritesNoHint() throws {
    let bed = try HintBed()
    bed.keep(1)
    bed.commit()
    bed.bench.clock.wallMicroseconds -= 1_000_000
    let again = try HintBed(bed.bench)
    again.keep(2)
    bed.commit()
    again.handOver()
    #expect(again.sent == [bed.bench.mutation(1), bed.bench.mutation(2)])
  }

  @Test func hintsOfATruncatedTableAreDropped() throws {
    let bed = try HintBed()
    bed.keep(1, incarnation: 4)
    bed.commit()
    bed.handOver()
    bed.commit()
    #expect(bed.sent.isEmpty)
    #expect(bed.hints.count() == 0)
    #expect(bed.hints.counters.dropped == 1)
  }

  @Test func noHintsForAHostThatIsDeadForLongerThanTheWindow() throws {
    let bed = try HintBed()
    bed.lookAfter(alive: false)
    #expect(bed.keep(1))
    bed.commit()
    bed.pass(seconds: 3 * 3600 + 1)
    #expect(!bed.keep(2))
    #expect(bed.hints.counters.droppedByWindow == 1)
    bed.hints.hostIsAlive(bed.host)
    bed.answer { _ in .stored }
    #expect(bed.sent == [bed.bench.mutation(1)])
    #expect(bed.keep(3))
  }

  @Test func whatWasHandedOverLongAgoSaysNothingOfTheNextWindow() throws {
    let bed = try HintBed()
    bed.keep(1)
    bed.commit()
    bed.handOver()
    #expect(bed.hints.count() == 0)
    bed.pass(seconds: 3 * 3600 + 1)
    bed.hints.hostIsDead(bed.host)
    #expect(bed.keep(2))
    #expect(bed.hints.counters.droppedByWindow == 0)
  }

  @Test func theWindowGoesOnOverARestart() throws {
    let bed = try HintBed()
    bed.keep(1)
    bed.commit()
    bed.pass(seconds: 2 * 3600)
    let again = try HintBed(bed.bench)
    again.lookAfter(alive: false)
    #expect(again.keep(2))
    bed.commit()
    again.pass(seconds: 3601)
    #expect(!again.keep(3))
  }

  @Test func hintsForAHostThatStaysAwayGrowOldAndGo() throws {
    let bed = try HintBed()
    bed.keep(1)
    bed.commit()
    bed.pass(seconds: 500_000)
    bed.keep(2)
    bed.commit()
    bed.lookAfter(alive: false)
    #expect(bed.hints.count() == 2)
    bed.pass(seconds: 400_000)
    bed.lookAfter(alive: false)
    #expect(bed.hints.count() == 1)
    bed.hints.hostIsAlive(bed.host)
    bed.answer { _ in .stored }
    #expect(bed.sent == [bed.bench.mutation(2)])
  }

  @Test func hintsForAHostThatLeftAreDroppedAfterAWhile() throws {
    let bed = try HintBed()
    bed.keep(1)
    bed.commit()
    let others = [UUID(high: 1, low: 1)]
    bed.lookAfter(alive: true, members: others)
    bed.pass(seconds: 59)
    bed.lookAfter(alive: true, members: others)
    #expect(bed.hints.count() == 1)
    bed.pass(seconds: 2)
    bed.lookAfter(alive: true, members: others)
    #expect(bed.hints.count() == 0)
    #expect(bed.sent.isEmpty)
  }

  @Test func tooManyBytesForOneHostOrForAllAreDroppedAndCounted() throws {
    var configuration = HintStore.Configuration()
    let bytes = HintBed.encoded(try ReplicaBench().mutation(1)).count
    configuration.maxBytesPerHost = 2 * bytes + 20
    configuration.maxBytes = 3 * bytes + 20
    let bed = try HintBed(configuration: configuration)
    let other = UUID(high: 8, low: 8)
    #expect(bed.keep(1) && bed.keep(2) && !bed.keep(3))
    #expect(bed.keep(4, for: other) && !bed.keep(5, for: other))
    bed.commit()
    #expect(bed.hints.count() == 3)
    #expect(bed.hints.counters.droppedByBound == 2)
    bed.handOver()
    #expect(bed.keep(6))
  }

  @Test func aBatchThatFailsTakesItsHintsBack() throws {
    let bed = try HintBed()
    var outcomes: [Bool] = []
    let mutation = HintBed.encoded(bed.bench.mutation(1))
    #expect(bed.hints.keep(mutation, for: bed.host) { outcomes.append($0) })
    #expect(outcomes.isEmpty)
    bed.commit()
    #expect(outcomes == [true])
    bed.bench.disk.failAppends(1)
    #expect(bed.hints.keep(mutation, for: bed.host) { outcomes.append($0) })
    bed.commit()
    #expect(outcomes == [true, false])
    #expect(bed.hints.count() == 1)
    #expect(bed.hints.counters.kept == 1)
    #expect(bed.hints.counters.droppedByStore == 1)
    // The store is broken: refused at once.
    #expect(!bed.hints.keep(mutation, for: bed.host))
    bed.pass(seconds: 2)
    bed.handOver()
    #expect(bed.sent.count == 1)
    #expect(bed.hints.count() == 0)
  }

  @Test func aDeletionThatFailsLeavesTheHint() throws {
    let bed = try HintBed()
    bed.keep(1)
    bed.commit()
    bed.hints.handOver(to: bed.host)
    bed.bench.disk.failAppends(1)
    bed.answer { _ in .stored }
    #expect(bed.hints.count() == 1)
    bed.pass(seconds: 2)
    bed.handOver()
    #expect(bed.sent.count == 2)
    #expect(bed.hints.count() == 0)
    #expect(bed.hints.bytes == 0)
  }

  @Test func underGroupDurabilityAHintIsStoredOnceItIsSynced() throws {
    let bench = try ReplicaBench(durability: .group)
    let bed = try HintBed(bench)
    var outcomes: [Bool] = []
    bed.hints.keep(HintBed.encoded(bench.mutation(1)), for: bed.host) { outcomes.append($0) }
    bed.commit()
    #expect(outcomes.isEmpty)
    bench.timers.advance(.milliseconds(2))
    #expect(outcomes == [true])
  }

  @Test func switchedOffNothingIsKept() throws {
    var configuration = HintStore.Configuration()
    configuration.isEnabled = false
    let bed = try HintBed(configuration: configuration)
    #expect(!bed.keep(1))
    #expect(bed.hints.counters.dropped == 1)
  }
}

@Suite struct HintRecordTests {
  @Test func whatWentInComesOut() throws {
    for mutations in [[], [[1, 2, 3]], (0..<100).map { Array(repeating: UInt8($0), count: 50) }] as [[[UInt8]]] {
      let record = HintRecord(madeSeconds: 77, mutations: mutations)
      #expect(try HintRecord(decoding: record.encoded) == record)
      let head = try HintRecord.head(of: record.encoded)
      #expect(head.madeSeconds == 77 && head.count == mutations.count)
    }
  }

  @Test func damagedRecordsAreRefusedAndNeverTrap() {
    let mutations = (0..<60).map { Array(repeating: UInt8($0), count: 20) }
    let whole = HintRecord(madeSeconds: 77, mutations: mutations).encoded
    for length in 0..<whole.count {
      #expect(throws: DecodeError.self) { try HintRecord(decoding: Array(whole[..<length])) }
    }
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 0xFF
      _ = try? HintRecord(decoding: damaged)
    }
  }
}
