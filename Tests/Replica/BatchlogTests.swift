// The batch log on a store over a simulated disk: what is kept, finished, and refused.

import Base
import Data
import Storage
import TestWorld
import Testing
import World

@testable import Replica

private final class LogBed {
  let bench: ReplicaBench
  let batchlog: Batchlog
  var replays: [(mutations: [Mutation], done: (Bool) -> Void)] = []
  var answers: [ReplicaRefusal?] = []

  init(_ bench: ReplicaBench, configuration: Batchlog.Configuration = .init()) throws {
    self.bench = bench
    batchlog = Batchlog(
      store: bench.store, clock: bench.clock, configuration: configuration,
      lifetimeSeconds: { [table = bench.table] in $0 == table.id && $1 >= table.incarnation ? 864_000 : nil })
    batchlog.replay = { [unowned self] mutations, done in replays.append((mutations, done)) }
    try batchlog.load()
  }

  convenience init(configuration: Batchlog.Configuration = .init()) throws {
    try self.init(ReplicaBench(), configuration: configuration)
  }

  func body(_ numbers: [UInt8], incarnation: UInt32 = 5) -> [UInt8] {
    var writer = ByteWriter()
    let mutations = numbers.map { bench.mutation($0, incarnation: incarnation) }
    LoggedBatch(id: UUID(high: 0, low: 0), mutations: mutations).encodeMutations(to: &writer)
    return writer.take()
  }

  func store(_ id: UInt64, _ numbers: [UInt8] = [1, 2], incarnation: UInt32 = 5) {
    batchlog.store(UUID(high: 4, low: id), body: body(numbers, incarnation: incarnation)) { self.answers.append($0) }
  }

  func remove(_ id: UInt64) { batchlog.remove(UUID(high: 4, low: id)) }

  func commit() { bench.store.endTick() }

  func pass(seconds: Int) {
    bench.timers.advance(.seconds(seconds))
    bench.clock.wallMicroseconds += Int64(seconds) * 1_000_000
    batchlog.lookAfter(otherMembers: 2)
    commit()
  }
}

@Suite struct BatchlogTests {
  @Test func aBatchIsAnsweredWhenItIsStoredAndGoneWhenItIsRemoved() throws {
    let bed = try LogBed()
    bed.store(1)
    #expect(bed.answers.isEmpty)
    bed.commit()
    #expect(bed.answers == [nil])
    #expect(bed.batchlog.count == 1)
    bed.remove(1)
    bed.commit()
    #expect(bed.batchlog.count == 0)
    #expect(bed.batchlog.bytes == 0)
    bed.pass(seconds: 100)
    #expect(bed.replays.isEmpty)
    #expect(try LogBed(bed.bench).batchlog.count == 0)
  }

  @Test func underGroupDurabilityABatchIsAnsweredOnceItIsSynced() throws {
    let bed = try LogBed(ReplicaBench(durability: .group))
    bed.store(1)
    bed.commit()
    #expect(bed.answers.isEmpty)
    bed.bench.timers.advance(.milliseconds(2))
    #expect(bed.answers == [nil])
  }

  @Test func whatNobodyRemovesIsFinishedOnceAndThenGone() throws {
    let bed = try LogBed()
    bed.store(1, [1, 2])
    bed.store(2, [3])
    bed.commit()
    bed.pass(seconds: 3)
    #expect(bed.replays.isEmpty)
    bed.remove(2)
    bed.pass(seconds: 1)
    #expect(bed.replays.map(\.mutations) == [[bed.bench.mutation(1), bed.bench.mutation(2)]])
    // Its coordinator comes late: the replay goes on.
    bed.remove(1)
    bed.pass(seconds: 20)
    #expect(bed.replays.count == 1)
    bed.replays[0].done(true)
    bed.commit()
    #expect(bed.batchlog.count == 0)
    #expect(bed.batchlog.counters.replayed == 1)
    #expect(try LogBed(bed.bench).batchlog.count == 0)
  }

  @Test func aReplayThatDoesNotSucceedComesAgain() throws {
    let bed = try LogBed()
    bed.store(1)
    bed.commit()
    bed.pass(seconds: 4)
    bed.replays[0].done(false)
    bed.pass(seconds: 9)
    #expect(bed.replays.count == 1)
    bed.pass(seconds: 1)
    #expect(bed.replays.count == 2)
    bed.replays[1].done(true)
    bed.commit()
    #expect(bed.batchlog.count == 0)
  }

  @Test func batchesOutliveARestart() throws {
    let bed = try LogBed()
    bed.store(1)
    bed.commit()
    bed.bench.store.kill()
    try bed.bench.reopen()
    let again = try LogBed(bed.bench)
    #expect(again.batchlog.count == 1)
    again.pass(seconds: 4)
    #expect(again.replays.count == 1)
  }

  @Test func mutationsOfATableThatIsGoneAreLeftOutAndAnEmptyBatchIsDropped() throws {
    let bed = try LogBed()
    bed.store(1, incarnation: 4)
    bed.commit()
    bed.pass(seconds: 4)
    #expect(bed.replays.isEmpty)
    #expect(bed.batchlog.count == 0)
    #expect(bed.batchlog.counters.dropped == 1)
  }

  @Test func overABoundTheCoordinatorIsToldSo() throws {
    var configuration = Batchlog.Configuration()
    configuration.maxBatches = 2
    let bed = try LogBed(configuration: configuration)
    for id in 1...3 { bed.store(UInt64(id)) }
    #expect(bed.answers == [.overloaded])
    bed.commit()
    #expect(bed.answers == [.overloaded, nil, nil])
    bed.remove(1)
    bed.store(4)
    bed.commit()
    #expect(bed.answers.last == .some(nil))
    configuration.maxBatches = 100
    configuration.maxBytes = bed.body([1, 2]).count + 40
    let small = try LogBed(configuration: configuration)
    small.store(1)
    small.store(2)
    #expect(small.answers == [.overloaded])
    configuration.maxBatchBytes = 10
    let tiny = try LogBed(configuration: configuration)
    tiny.store(1)
    #expect(tiny.answers == [.overloaded])
  }

  @Test func theThrottleHoldsReplaysBack() throws {
    var configuration = Batchlog.Configuration()
    configuration.maxReplayBytesPerSecond = 2
    let bed = try LogBed(configuration: configuration)
    for id in 1...3 { bed.store(UInt64(id)) }
    bed.commit()
    bed.pass(seconds: 4)
    #expect(bed.replays.count == 1)
    bed.pass(seconds: 1)
    #expect(bed.replays.count == 2)
  }

  @Test func whatCannotBeReadIsTriedAgain() throws {
    let bed = try LogBed()
    bed.store(1)
    bed.commit()
    try bed.bench.store.close()
    try bed.bench.reopen()
    let again = try LogBed(bed.bench)
    bed.bench.disk.failReads(1)
    again.pass(seconds: 4)
    #expect(again.replays.isEmpty)
    #expect(again.batchlog.count == 1)
    again.pass(seconds: 10)
    #expect(again.replays.count == 1)
  }

  @Test func aBatchWhoseWritingFailedIsRefusedAndFinishedIfItIsThereAllTheSame() throws {
    let bed = try LogBed()
    bed.bench.disk.failAppends(1)
    bed.store(1)
    bed.commit()
    #expect(bed.answers.count == 1 && bed.answers[0] != nil)
    #expect(bed.batchlog.count == 0)
    bed.pass(seconds: 2)
    bed.store(2)
    bed.commit()
    #expect(bed.answers.last == .some(nil))
  }
}

@Suite struct BatchRecordTests {
  @Test func damagedRecordsAreRefusedAndNeverTrap() throws {
    let bed = try LogBed()
    let numbers = (0..<200).map { UInt8($0) }
    let body = bed.body(numbers)
    let record = BatchRecord.encode(madeSeconds: 9, body: body)
    #expect(record.count < body.count / 2)
    let decoded = try BatchRecord(decoding: record)
    #expect(decoded == BatchRecord(madeSeconds: 9, mutations: numbers.map { bed.bench.mutation($0) }))
    // A small one lies as it came.
    #expect(BatchRecord.encode(madeSeconds: 9, body: bed.body([1, 2])).count > bed.body([1, 2]).count)
    for length in 0..<record.count {
      #expect(throws: DecodeError.self) { try BatchRecord(decoding: Array(record[..<length])) }
    }
    for place in record.indices {
      var damaged = record
      damaged[place] ^= 0xFF
      _ = try? BatchRecord(decoding: damaged)
    }
  }
}
