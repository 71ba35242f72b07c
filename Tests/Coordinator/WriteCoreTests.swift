import Base
import Ring
import Testing

@testable import Coordinator

@Suite struct WriteCoreTests {
  let a = UUID(high: 0, low: 1)
  let b = UUID(high: 0, low: 2)
  let c = UUID(high: 0, low: 3)
  let start = Instant(nanoseconds: 0)

  func begin(_ core: inout WriteCore, dead: UUID..., level: Consistency = .quorum) -> [WriteCore.Directive] {
    var directives: [WriteCore.Directive] = []
    let parts = [[a, b, c].map { ReplicaState(hostID: $0, isAlive: !dead.contains($0)) }]
    core.start(
      1, parts: parts, requirement: Requirement(total: level.required(replicas: 3)), consistency: level, kind: .simple,
      now: start, into: &directives)
    return directives
  }

  func reply(
    _ core: inout WriteCore, _ host: UUID, _ outcome: Result<Void, ReplicaFailure> = .success(())
  ) -> [WriteCore.Directive] {
    var directives: [WriteCore.Directive] = []
    core.replied(1, part: 0, from: host, outcome, into: &directives)
    return directives
  }

  @Test func aQuorumAnswersAndTheLastReplicaIsStillWaitedFor() {
    var core = WriteCore(timeout: .seconds(2))
    #expect(begin(&core) == [a, b, c].map { .send(request: 1, part: 0, to: $0) })
    #expect(reply(&core, a).isEmpty)
    #expect(reply(&core, b) == [.finish(request: 1, nil)])
    #expect(core.count == 1)
    #expect(reply(&core, c) == [.forget(request: 1)])
    #expect(core.count == 0)
  }

  @Test func aDeadReplicaGetsAHintAtOnce() {
    var core = WriteCore(timeout: .seconds(2))
    #expect(begin(&core, dead: c).contains(.hint(request: 1, part: 0, for: c)))
  }

  @Test func aBrokenConnectionGetsAHintAndTheQuorumGoesOn() {
    var core = WriteCore(timeout: .seconds(2))
    _ = begin(&core)
    #expect(reply(&core, c, .failure(.unreachable)) == [.hint(request: 1, part: 0, for: c)])
    _ = reply(&core, a)
    #expect(reply(&core, b) == [.finish(request: 1, nil), .forget(request: 1)])
  }

  @Test func silenceGetsAHintAtTheDeadlineAlthoughTheClientWasAnswered() {
    var core = WriteCore(timeout: .seconds(2))
    _ = begin(&core)
    _ = reply(&core, a)
    _ = reply(&core, b)
    var directives: [WriteCore.Directive] = []
    #expect(core.nextDeadline == start + .seconds(2))
    core.advance(now: start + .seconds(2), into: &directives)
    #expect(directives == [.hint(request: 1, part: 0, for: c), .forget(request: 1)])
    #expect(core.nextDeadline == nil)
  }

  @Test func tooFewAliveIsUnavailableAndNothingIsSent() {
    var core = WriteCore(timeout: .seconds(2))
    let expected: [WriteCore.Directive] = [
      .finish(request: 1, .unavailable(.quorum, required: 2, alive: 1)), .forget(request: 1),
    ]
    #expect(begin(&core, dead: b, c) == expected)
    #expect(core.count == 0)
  }

  @Test func theDeadlineSaysHowManyAnswered() {
    var core = WriteCore(timeout: .seconds(2))
    _ = begin(&core)
    _ = reply(&core, a)
    var directives: [WriteCore.Directive] = []
    core.advance(now: start + .seconds(3), into: &directives)
    #expect(directives.first == .finish(request: 1, .writeTimeout(.quorum, received: 1, required: 2, .simple)))
  }

  @Test func replicasThatCannotAreAWriteFailure() {
    var core = WriteCore(timeout: .seconds(2))
    _ = begin(&core)
    _ = reply(&core, a, .failure(.failed("disk full")))
    let directives = reply(&core, b, .failure(.failed("disk full")))
    #expect(
      directives.contains(
        .finish(
          request: 1,
          .writeFailure(.quorum, received: 0, required: 2, failures: [FailedReplica(a), FailedReplica(b)], .simple))))
  }

  @Test func anyIsContentWithAHintOnceItIsKept() {
    var core = WriteCore(timeout: .seconds(2))
    #expect(begin(&core, dead: a, b, c, level: .any) == [a, b, c].map { .hint(request: 1, part: 0, for: $0) })
    var directives: [WriteCore.Directive] = []
    core.hinted(1, part: 0, isKept: false, into: &directives)
    #expect(directives.isEmpty)
    core.hinted(1, part: 0, isKept: true, into: &directives)
    #expect(directives == [.finish(request: 1, nil), .forget(request: 1)])
    #expect(core.count == 0)
  }

  @Test func anyWithoutAReplicaAndWithoutAHintIsATimeout() {
    var core = WriteCore(timeout: .seconds(2))
    _ = begin(&core, dead: a, b, c, level: .any)
    var directives: [WriteCore.Directive] = []
    for _ in 0..<3 { core.hinted(1, part: 0, isKept: false, into: &directives) }
    #expect(
      directives == [
        .finish(request: 1, .writeTimeout(.any, received: 0, required: 1, .simple)), .forget(request: 1),
      ])
  }

  /// A hint is no copy that a reader finds.
  @Test func hintsCountForNoOtherLevel() {
    var core = WriteCore(timeout: .seconds(2))
    _ = begin(&core, dead: c, level: .quorum)
    var directives: [WriteCore.Directive] = []
    core.hinted(1, part: 0, isKept: true, into: &directives)
    _ = reply(&core, a)
    #expect(core.count == 1)
    #expect(directives.isEmpty)
  }

  @Test func anAnswerThatComesTwiceCountsOnce() {
    var core = WriteCore(timeout: .seconds(2))
    _ = begin(&core)
    _ = reply(&core, a)
    #expect(reply(&core, a).isEmpty)
    #expect(core.count == 1)
  }
}
