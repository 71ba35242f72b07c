// Scripts for the life of a logged batch, and who holds it.

import Base
import Ring
import Testing

@testable import Coordinator

@Suite struct BatchCoreTests {
  let a = UUID(high: 0, low: 1)
  let b = UUID(high: 0, low: 2)
  let start = Instant(nanoseconds: 0)

  func begin(_ core: inout BatchCore, _ holders: [UUID]) -> [BatchCore.Directive] {
    var directives: [BatchCore.Directive] = []
    core.start(1, holders: holders, now: start, into: &directives)
    return directives
  }

  func stored(
    _ core: inout BatchCore, _ holder: UUID, _ outcome: Result<Void, ReplicaFailure> = .success(())
  ) -> [BatchCore.Directive] {
    var directives: [BatchCore.Directive] = []
    core.stored(1, at: holder, outcome, into: &directives)
    return directives
  }

  func written(_ core: inout BatchCore, _ failure: RequestFailure?) -> [BatchCore.Directive] {
    var directives: [BatchCore.Directive] = []
    core.written(1, failure, into: &directives)
    return directives
  }

  func ended(_ failure: RequestFailure?, removedFrom holders: [UUID]) -> [BatchCore.Directive] {
    [.finish(batch: 1, failure)] + holders.map { .remove(batch: 1, from: $0) } + [.forget(batch: 1)]
  }

  @Test func bothHoldersHaveItBeforeAnythingIsWritten() {
    var core = BatchCore(timeout: .seconds(2))
    #expect(begin(&core, [a, b]) == [.store(batch: 1, at: a), .store(batch: 1, at: b)])
    #expect(stored(&core, a).isEmpty)
    #expect(stored(&core, a).isEmpty, "an answer that comes twice counts once")
    #expect(stored(&core, b) == [.write(batch: 1)])
    #expect(written(&core, nil) == ended(nil, removedFrom: [a, b]))
    #expect(core.count == 0)
  }

  @Test func oneHolderIsEnoughWhereThereIsBut() {
    var core = BatchCore(timeout: .seconds(2))
    _ = begin(&core, [a])
    #expect(stored(&core, a) == [.write(batch: 1)])
  }

  @Test func aSilentHolderIsATimeoutOfTheLogAndNothingIsWritten() {
    var core = BatchCore(timeout: .seconds(2))
    _ = begin(&core, [a, b])
    _ = stored(&core, a)
    #expect(core.nextDeadline == start + .seconds(2))
    var directives: [BatchCore.Directive] = []
    core.advance(now: start + .seconds(2), into: &directives)
    #expect(directives == ended(.writeTimeout(.two, received: 1, required: 2, .batchLog), removedFrom: [a, b]))
    #expect(stored(&core, b).isEmpty)
  }

  @Test func aHolderThatCannotIsAFailureOfTheLog() {
    var core = BatchCore(timeout: .seconds(2))
    _ = begin(&core, [a, b])
    let failure = RequestFailure.writeFailure(.two, received: 0, required: 2, failures: [FailedReplica(a)], .batchLog)
    #expect(stored(&core, a, .failure(.failed("x"))) == ended(failure, removedFrom: [a, b]))
    _ = begin(&core, [a])
    let lost = RequestFailure.writeTimeout(.one, received: 0, required: 1, .batchLog)
    #expect(stored(&core, a, .failure(.unreachable)) == ended(lost, removedFrom: [a]))
    _ = begin(&core, [a, b])
    guard case .finish(_, .overloaded)? = stored(&core, b, .failure(.overloaded)).first else {
      Issue.record("a full log is no overload")
      return
    }
  }

  @Test func whatFailedAfterItWasLoggedStaysWithTheHolders() {
    let timeout = RequestFailure.writeTimeout(.quorum, received: 1, required: 2, .batch)
    for (failure, answer) in [
      (timeout, timeout),
      (.unavailable(.quorum, required: 2, alive: 1), .writeTimeout(.quorum, received: 0, required: 2, .batch)),
    ] {
      var core = BatchCore(timeout: .seconds(2))
      _ = begin(&core, [a, b])
      _ = stored(&core, a)
      _ = stored(&core, b)
      #expect(written(&core, failure) == ended(answer, removedFrom: []))
    }
  }

  @Test func theLogsDeadlineDoesNotEndTheMutations() {
    var core = BatchCore(timeout: .seconds(2))
    _ = begin(&core, [a])
    _ = stored(&core, a)
    var directives: [BatchCore.Directive] = []
    core.advance(now: start + .seconds(3), into: &directives)
    #expect(directives.isEmpty)
    #expect(written(&core, nil) == ended(nil, removedFrom: [a]))
  }
}

@Suite struct BatchHoldersTests {
  private func member(_ number: UInt64, rack: String = "r1", datacenter: String = "dc1") -> Member {
    Member(
      hostID: UUID(high: 0, low: number), address: "a\(number)", datacenter: datacenter, rack: rack, tokens: [])
  }

  private func choose(
    _ members: [Member], dead: Set<UInt64> = [], isAny: Bool = false, random: UInt64 = 1
  ) -> Set<UInt64> {
    let chosen = BatchHolders.choose(
      members: members, local: UUID(high: 0, low: 1), isAlive: { !dead.contains($0.low) }, isAny: isAny, random: random)
    #expect(chosen.count == Set(chosen).count)
    return Set(chosen.map(\.low))
  }

  @Test func theTwoOthersOfThree() {
    let members = (1...3).map { member($0) }
    #expect(choose(members) == [2, 3])
    #expect(choose(members, dead: [2]) == [3])
    #expect(choose(members, dead: [2, 3]) == [])
    #expect(choose(members, dead: [2, 3], isAny: true) == [1])
  }

  @Test func thisNodeWhereItIsAlone() {
    #expect(choose([member(1)]) == [1])
    #expect(choose([member(1), member(2, datacenter: "dc2")]) == [1])
    #expect(choose([member(1), member(2)]) == [1, 2])
    #expect(choose([member(1), member(2)], dead: [2]) == [1])
  }

  @Test func otherRacksOfTheSameDatacenterFirst() {
    let members = [
      member(1, rack: "r1"), member(2, rack: "r1"), member(3, rack: "r1"), member(4, rack: "r2"), member(5, rack: "r3"),
      member(6, rack: "r9", datacenter: "dc2"),
    ]
    for random in 0..<50 { #expect(choose(members, random: UInt64(random)) == [4, 5]) }
    // One other rack with one node is not enough: one of each rack.
    let two = [member(1), member(2), member(3), member(4, rack: "r2")]
    var seen: Set<Set<UInt64>> = []
    for random in 0..<50 { seen.insert(choose(two, random: UInt64(random))) }
    #expect(seen == [[2, 4], [3, 4]])
    let wide = [member(1), member(2, rack: "r2"), member(3, rack: "r2"), member(4, rack: "r3"), member(5, rack: "r4")]
    var pairs: Set<Set<UInt64>> = []
    for random in 0..<200 { pairs.insert(choose(wide, random: UInt64(random))) }
    #expect(pairs == [[2, 4], [3, 4], [2, 5], [3, 5], [4, 5]])
  }
}
