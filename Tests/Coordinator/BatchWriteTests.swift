// Logged batches through the coordinator: what the batch logs and the replicas are asked, and in which order.

import Base
import Data
import Ring
import TestWorld
import Testing

@testable import Coordinator

/// Three nodes, one of them this one; answers are given by hand.
private final class BatchBed: ReplicaTransport, BatchlogTransport, Topology {
  static let hosts = (1...3).map { UUID(high: 0, low: UInt64($0)) }
  let clock = TestClock()
  lazy var timers = TestTimers(clock: clock)
  lazy var coordinator = RequestCoordinator(
    topology: self, transport: self, batchlog: self, clock: clock, timers: timers)
  let map: ReplicaMap
  var dead: Set<UUID> = []
  var gone: Set<String> = ["gone"]
  /// What was asked, in order.
  var log: [String] = []
  var stores: [(host: UUID, done: (Result<Void, ReplicaFailure>) -> Void)] = []
  var applies: [(host: UUID, done: (Result<Void, ReplicaFailure>) -> Void)] = []
  var hints: [((Bool) -> Void)?] = []
  var takesHints = true
  var answers: [RequestFailure?] = []

  init() {
    let members = Self.hosts.map {
      Member(
        hostID: $0, address: "n\($0.low)", datacenter: "dc1", rack: "r1", tokens: Member.tokens(for: $0, count: 4))
    }
    map = TokenRing(members: members).replicaMap(.simple(3))
  }

  var localHostID: UUID { Self.hosts[0] }
  var localDatacenter: String { "dc1" }
  func replicaMap(keyspace: String) -> ReplicaMap? { gone.contains(keyspace) ? nil : map }
  func speculativeRetry(table: UUID) -> String? { nil }
  func isAlive(_ hostID: UUID) -> Bool { !dead.contains(hostID) }

  func apply(
    _ mutation: OutgoingMutation, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    log.append("apply \(mutation.mutation.partition.key.bytes) at \(hostID.low)")
    applies.append((hostID, completion))
  }

  func forward(
    _ mutation: OutgoingMutation, through hostIDs: [UUID],
    completion: @escaping (UUID, Result<Void, ReplicaFailure>) -> Void
  ) { log.append("forward") }

  func read(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<ReadResponse, ReplicaFailure>) -> Void
  ) { log.append("read") }

  func readDigest(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<UInt64, ReplicaFailure>) -> Void
  ) { log.append("digest") }

  func keepHint(_ mutation: OutgoingMutation, for hostID: UUID, stored: ((Bool) -> Void)?) -> Bool {
    log.append("hint \(mutation.mutation.partition.key.bytes) for \(hostID.low)")
    if takesHints { hints.append(stored) }
    return takesHints
  }

  func storeBatch(
    _ batch: OutgoingBatch, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    log.append("store at \(hostID.low)")
    stores.append((hostID, completion))
  }

  func removeBatch(_ id: UUID, at hostID: UUID) { log.append("remove at \(hostID.low)") }

  func mutation(_ number: UInt8) -> Mutation {
    Mutation(
      table: UUID(high: 5, low: 5), incarnation: 1,
      partition: Partition(key: PartitionKey(token: Int64(number), bytes: [number]), entries: []))
  }

  func write(_ level: Consistency = .quorum, keyspaces: [String] = ["k"]) {
    let parts = keyspaces.enumerated().map { index, name in
      (keyspace: name, mutations: [mutation(UInt8(2 * index + 1)), mutation(UInt8(2 * index + 2))])
    }
    coordinator.write(LoggedBatchRequest(id: UUID(high: 9, low: 9), parts: parts, consistency: level)) {
      self.answers.append($0)
    }
  }

  func answerAll(_ outcome: Result<Void, ReplicaFailure> = .success(())) {
    let waiting = applies
    applies = []
    for call in waiting { call.done(outcome) }
  }

  func storeAll(_ outcome: Result<Void, ReplicaFailure> = .success(())) {
    let waiting = stores
    stores = []
    for call in waiting { call.done(outcome) }
  }

  func takeLog() -> [String] {
    defer { log = [] }
    return log
  }
}

@Suite struct BatchWriteTests {
  @Test func theLogFirstThenTheMutationsThenTheLogsEnd() {
    let bed = BatchBed()
    bed.write()
    #expect(bed.takeLog() == ["store at 2", "store at 3"])
    bed.stores[0].done(.success(()))
    #expect(bed.takeLog().isEmpty)
    bed.stores[1].done(.success(()))
    #expect(bed.takeLog().filter { $0.hasPrefix("apply") }.count == 6)
    #expect(bed.answers.isEmpty)
    bed.answerAll()
    #expect(bed.answers == [nil])
    #expect(bed.takeLog() == ["remove at 2", "remove at 3"])
    #expect(bed.coordinator.inFlight == 0)
  }

  @Test func aBatchOverTwoKeyspacesIsOneBatch() {
    let bed = BatchBed()
    bed.write(keyspaces: ["a", "b"])
    #expect(bed.takeLog() == ["store at 2", "store at 3"])
    bed.storeAll()
    #expect(bed.takeLog().count == 12)
    bed.answerAll()
    #expect(bed.answers == [nil])
  }

  @Test func aKeyspaceThatGoesAwayDoesNotEndTheRestOfTheBatch() {
    let bed = BatchBed()
    bed.write(keyspaces: ["a", "b"])
    bed.gone.insert("a")
    bed.storeAll()
    bed.answerAll(.failure(.unreachable))
    #expect(bed.answers.count == 1 && bed.answers != [nil])
    #expect(!bed.takeLog().contains { $0.hasPrefix("remove") }, "the holders are to finish what is left of it")
  }

  @Test func whatCannotSucceedIsRefusedBeforeAnythingIsLogged() {
    let bed = BatchBed()
    bed.dead = [BatchBed.hosts[1], BatchBed.hosts[2]]
    bed.write()
    // The log's own refusal comes first, as in Cassandra.
    #expect(
      bed.answers == [
        .unavailable(.two, required: 2, alive: 0, place: " for batchlog in local DC, required:2, available:0")
      ])
    bed.dead = [BatchBed.hosts[1]]
    bed.write(.all)
    #expect(bed.answers.last == .some(.unavailable(.all, required: 3, alive: 2)))
    bed.write(keyspaces: ["k", "gone"])
    #expect(bed.answers.last == .some(.unknownKeyspace("gone")))
    #expect(bed.takeLog().isEmpty)
    #expect(bed.coordinator.inFlight == 0)
  }

  @Test func aLogThatIsSilentIsATimeoutOfTheLog() {
    let bed = BatchBed()
    bed.write()
    bed.stores[0].done(.success(()))
    bed.timers.advance(.seconds(3))
    #expect(bed.answers == [.writeTimeout(.two, received: 1, required: 2, .batchLog)])
    #expect(bed.takeLog().suffix(2) == ["remove at 2", "remove at 3"])
    #expect(bed.coordinator.inFlight == 0)
  }

  @Test func mutationsThatTimeOutLeaveTheBatchInTheLog() {
    let bed = BatchBed()
    bed.write()
    bed.storeAll()
    bed.applies[0].done(.success(()))
    _ = bed.takeLog()
    bed.timers.advance(.seconds(3))
    #expect(bed.answers == [.writeTimeout(.quorum, received: 1, required: 2, .batch)])
    #expect(!bed.takeLog().contains { $0.hasPrefix("remove") })
    #expect(bed.coordinator.inFlight == 0)
  }

  @Test func aReplayIsSettledWhenEachReplicaHasItOrAHint() {
    let bed = BatchBed()
    bed.dead = [BatchBed.hosts[2]]
    var settled: [Bool] = []
    bed.coordinator.replay([("k", [bed.mutation(1)]), ("gone", [bed.mutation(2)])]) { settled.append($0) }
    #expect(Set(bed.takeLog()) == ["apply [1] at 1", "apply [1] at 2", "hint [1] for 3"])
    bed.applies.first { $0.host == BatchBed.hosts[0] }?.done(.success(()))
    #expect(settled.isEmpty)
    bed.timers.advance(.seconds(3))
    #expect(settled == [true])
    #expect(bed.takeLog() == ["hint [1] for 2"])
    bed.coordinator.replay([("gone", [bed.mutation(2)])]) { settled.append($0) }
    #expect(settled == [true, true])
  }

  @Test func aReplayWhoseMutationIsNowhereIsNotDone() {
    let bed = BatchBed()
    bed.dead = Set(BatchBed.hosts)
    bed.takesHints = false
    var settled: [Bool] = []
    bed.coordinator.replay([("k", [bed.mutation(1), bed.mutation(2)])]) { settled.append($0) }
    #expect(settled == [false])
    #expect(bed.coordinator.inFlight == 0)
  }

  @Test func atAnyAHintCountsOnceItIsStored() {
    let bed = BatchBed()
    bed.dead = Set(BatchBed.hosts)
    var answers: [RequestFailure?] = []
    bed.coordinator.write(WriteRequest(keyspace: "k", mutations: [bed.mutation(1)], consistency: .any)) {
      answers.append($0)
    }
    #expect(bed.hints.count == 3)
    #expect(answers.isEmpty)
    bed.hints[0]?(false)
    #expect(answers.isEmpty)
    bed.hints[1]?(true)
    #expect(answers == [nil])
    bed.hints[2]?(true)
    #expect(bed.coordinator.inFlight == 0)
    bed.coordinator.write(WriteRequest(keyspace: "k", mutations: [bed.mutation(1)], consistency: .any)) {
      answers.append($0)
    }
    for hint in bed.hints.suffix(3) { hint?(false) }
    #expect(answers.count == 2 && answers[1] != nil)
    #expect(bed.coordinator.inFlight == 0)
  }
}
