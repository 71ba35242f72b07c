import Base
import Data
import Storage
import TestWorld
import Testing
import World

@testable import Replica

/// One replica on a simulated disk with one table; time passes only by hand.
final class ReplicaBench {
  let clock = TestClock(now: Instant(nanoseconds: 0), wallMicroseconds: 1_000_000_000)
  let timers: TestTimers
  let disk = SimulatedDisk()
  let table: Table
  var store: Store
  var replica: LocalReplica

  let durability: Durability

  init(durability: Durability = .periodic(.milliseconds(100))) throws {
    self.durability = durability
    timers = TestTimers(clock: clock)
    table = Table(
      id: UUID(high: 1, low: 1), incarnation: 5, keyspace: "ks", name: "t",
      columns: [Column(name: "k", type: .int, kind: .partitionKey, id: 0)], options: .init(), nextColumnID: 1)
    store = Self.makeStore(disk, durability, timers)
    try store.open()
    let table = table
    replica = LocalReplica(store: store) { $0 == table.id ? table : nil }
  }

  private static func makeStore(_ disk: SimulatedDisk, _ durability: Durability, _ timers: TestTimers) -> Store {
    var options = StoreOptions()
    options.durability = durability
    return Store(home: .simulated(disk, directory: "/db"), options: options, timers: timers, wake: {})
  }

  /// A store and a replica of a next life, on the same disk.
  func reopen() throws {
    store = Self.makeStore(disk, durability, timers)
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
