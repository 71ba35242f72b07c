import Base
import Data
import Storage
import TestWorld
import Testing
import World

@testable import Replica

/// A clock that is set by hand and timers that never fire: storage's background work is not what is tested here.
/// One replica on a simulated disk with one table.
final class ReplicaBench {
  let clock = TestClock(now: Instant(nanoseconds: 0), wallMicroseconds: 1_000_000_000)
  let timers = TestTimers()
  let disk = SimulatedDisk()
  let table: Table
  var store: Store
  var replica: LocalReplica

  init() throws {
    table = Table(
      id: UUID(high: 1, low: 1), incarnation: 5, keyspace: "ks", name: "t",
      columns: [Column(name: "k", type: .int, kind: .partitionKey, id: 0)], options: .init(), nextColumnID: 1)
    store = Store(home: .simulated(disk, directory: "/db"), options: StoreOptions(), timers: timers, wake: {})
    try store.open()
    let table = table
    replica = LocalReplica(store: store) { $0 == table.id ? table : nil }
  }

  func mutation(_ number: UInt8, incarnation: UInt32 = 5, table: UUID? = nil) -> Mutation {
    let row = Row(liveness: Liveness(timestampMicroseconds: 1))
    return Mutation(
      table: table ?? self.table.id, incarnation: incarnation,
      partition: Partition(
        key: PartitionKey(token: Int64(number), bytes: [number]), entries: [.row(clustering: [], row)]))
  }

  func read(_ number: UInt8, incarnation: UInt32 = 5) throws -> Int {
    let command = ReadCommand(
      table: table.id, incarnation: incarnation, scope: .partition(PartitionKey(token: Int64(number), bytes: [number])),
      nowInSeconds: 0)
    return try replica.read(command).partitions.count
  }
}

@Suite struct LocalReplicaTests {
  @Test func aMutationIsAnsweredWhenTheTickHasStoredIt() throws {
    let bench = try ReplicaBench()
    var answers: [ReplicaRefusal?] = []
    bench.replica.apply(bench.mutation(1)) { answers.append($0) }
    #expect(answers.isEmpty)
    bench.store.endTick()
    #expect(answers == [nil])
    #expect(try bench.read(1) == 1)
  }

  @Test func whatATruncateTookAwayIsRefused() throws {
    let bench = try ReplicaBench()
    var answers: [ReplicaRefusal?] = []
    bench.replica.apply(bench.mutation(1, incarnation: 4)) { answers.append($0) }
    bench.store.endTick()
    #expect(answers == [.failed("the table was truncated since")])
    #expect(try bench.read(1) == 0)
    #expect(throws: ReplicaRefusal.self) { try bench.read(1, incarnation: 4) }
  }

  @Test func aNewerSchemaIsRefused() throws {
    let bench = try ReplicaBench()
    var answers: [ReplicaRefusal?] = []
    bench.replica.apply(bench.mutation(1, incarnation: 6)) { answers.append($0) }
    bench.replica.apply(bench.mutation(1, table: UUID(high: 7, low: 7))) { answers.append($0) }
    #expect(answers == [.unknownTable(bench.table.id), .unknownTable(UUID(high: 7, low: 7))])
  }

  @Test func aFullDiskIsARefusalAndReadsGoOn() throws {
    let bench = try ReplicaBench()
    bench.replica.apply(bench.mutation(1)) { _ in }
    bench.store.endTick()
    bench.disk.setCapacity(bytes: bench.disk.usedBytes)
    var answers: [ReplicaRefusal?] = []
    bench.replica.apply(bench.mutation(2)) { answers.append($0) }
    bench.store.endTick()
    #expect(answers.count == 1)
    guard case .failed(let text)?? = answers.first else {
      Issue.record("\(answers)")
      return
    }
    #expect(text.contains("full"))
    #expect(try bench.read(1) == 1)
  }
}

@Suite struct HintStoreTests {
  let host = UUID(high: 9, low: 9)

  func encoded(_ mutation: Mutation) -> [UInt8] {
    var writer = ByteWriter()
    mutation.encode(to: &writer)
    return writer.take()
  }

  /// Hands over and answers each hint as `deliver` says, a tick after another, until nothing more comes.
  func handOver(
    _ hints: HintStore, _ bench: ReplicaBench, sent: inout [Mutation], calls: Calls, deliver: HintStore.Delivery
  ) {
    hints.handOver(to: host)
    while !calls.waiting.isEmpty {
      let batch = calls.waiting
      calls.waiting = []
      for (mutation, done) in batch {
        sent.append(mutation)
        done(deliver)
      }
      bench.store.endTick()
    }
  }

  final class Calls { var waiting: [(Mutation, (HintStore.Delivery) -> Void)] = [] }

  func make(_ bench: ReplicaBench, _ calls: Calls, configuration: HintStore.Configuration = .init()) -> HintStore {
    HintStore(
      store: bench.store, clock: bench.clock, configuration: configuration,
      isCurrent: { [table = bench.table] in $0 == table.id && $1 >= table.incarnation },
      send: { mutation, _, done in calls.waiting.append((mutation, done)) })
  }

  @Test func everyHintIsHandedOverOnceAndInOrder() throws {
    let bench = try ReplicaBench()
    let calls = Calls()
    let hints = make(bench, calls)
    let mutations = (0..<200).map { bench.mutation(UInt8($0)) }
    for mutation in mutations { hints.keep(encoded(mutation), for: host) }
    bench.store.endTick()
    #expect(hints.count(for: host) == 200)
    var sent: [Mutation] = []
    handOver(hints, bench, sent: &sent, calls: calls, deliver: .stored)
    #expect(sent == mutations)
    #expect(hints.count() == 0)
    sent = []
    handOver(hints, bench, sent: &sent, calls: calls, deliver: .stored)
    #expect(sent.isEmpty)
  }

  @Test func aRefusedHintStays() throws {
    let bench = try ReplicaBench()
    let calls = Calls()
    let hints = make(bench, calls)
    hints.keep(encoded(bench.mutation(1)), for: host)
    bench.store.endTick()
    var sent: [Mutation] = []
    handOver(hints, bench, sent: &sent, calls: calls, deliver: .refused)
    #expect(hints.count(for: host) == 1)
    handOver(hints, bench, sent: &sent, calls: calls, deliver: .stored)
    #expect(sent.count == 2)
    #expect(hints.count() == 0)
  }

  @Test func hintsSurviveARestart() throws {
    let bench = try ReplicaBench()
    let calls = Calls()
    make(bench, calls).keep(encoded(bench.mutation(1)), for: host)
    bench.store.endTick()
    bench.store.kill()
    bench.store = Store(
      home: .simulated(bench.disk, directory: "/db"), options: StoreOptions(), timers: bench.timers, wake: {})
    try bench.store.open()
    let again = make(bench, calls)
    try again.load()
    #expect(again.count(for: host) == 1)
    var sent: [Mutation] = []
    handOver(again, bench, sent: &sent, calls: calls, deliver: .stored)
    #expect(sent == [bench.mutation(1)])
  }

  @Test func aClockThatWentBackOverARestartOverwritesNoHint() throws {
    let bench = try ReplicaBench()
    let calls = Calls()
    make(bench, calls).keep(encoded(bench.mutation(1)), for: host)
    bench.store.endTick()
    let again = make(bench, calls)
    try again.load()
    again.keep(encoded(bench.mutation(2)), for: host)
    bench.store.endTick()
    var sent: [Mutation] = []
    handOver(again, bench, sent: &sent, calls: calls, deliver: .stored)
    #expect(sent == [bench.mutation(1), bench.mutation(2)])
  }

  @Test func hintsOfATruncatedTableAreDropped() throws {
    let bench = try ReplicaBench()
    let calls = Calls()
    let hints = make(bench, calls)
    hints.keep(encoded(bench.mutation(1, incarnation: 4)), for: host)
    bench.store.endTick()
    var sent: [Mutation] = []
    handOver(hints, bench, sent: &sent, calls: calls, deliver: .stored)
    #expect(sent.isEmpty)
    #expect(hints.count() == 0)
  }

  @Test func hintsForAHostThatStaysAwayGrowOldAndGo() throws {
    let bench = try ReplicaBench()
    let calls = Calls()
    let hints = make(bench, calls)
    hints.keep(encoded(bench.mutation(1)), for: host)
    bench.store.endTick()
    bench.clock.wallMicroseconds += 2 * 3600 * 1_000_000
    hints.keep(encoded(bench.mutation(2)), for: host)
    bench.store.endTick()
    hints.dropOld(for: host)
    #expect(hints.count() == 2)
    bench.clock.wallMicroseconds += 2 * 3600 * 1_000_000
    hints.dropOld(for: host)
    bench.store.endTick()
    #expect(hints.count() == 1)
    var sent: [Mutation] = []
    handOver(hints, bench, sent: &sent, calls: calls, deliver: .stored)
    #expect(sent == [bench.mutation(2)])
  }

  @Test func tooManyBytesOrTooOldAreDroppedAndCounted() throws {
    let bench = try ReplicaBench()
    let calls = Calls()
    var configuration = HintStore.Configuration()
    configuration.maxBytes = 100
    let hints = make(bench, calls, configuration: configuration)
    for number in 0..<3 { hints.keep(encoded(bench.mutation(UInt8(number))), for: host) }
    bench.store.endTick()
    let kept = hints.count()
    #expect(kept > 0 && kept < 3)
    #expect(hints.counters.dropped == UInt64(3 - kept))
    bench.clock.wallMicroseconds += 4 * 3600 * 1_000_000
    var sent: [Mutation] = []
    handOver(hints, bench, sent: &sent, calls: calls, deliver: .stored)
    bench.store.endTick()
    #expect(sent.isEmpty)
    #expect(hints.count() == 0)
  }
}
