import Base
import Data
import Ring
import Testing

@testable import Coordinator

/// A core with one read under way on replicas a, b, c (and d, e, f of another datacenter).
struct ReadBed {
  static let hosts = (1...6).map { UUID(high: 0, low: $0) }
  let a = hosts[0]
  let b = hosts[1]
  let c = hosts[2]
  let start = Instant(nanoseconds: 0)
  let key = PartitionKey(token: 1, bytes: [1])
  var core = ReadCore(timeout: .seconds(5))

  var command: ReadCommand {
    ReadCommand(table: UUID(high: 9, low: 9), incarnation: 1, scope: .partition(key), nowInSeconds: 0)
  }

  func answer(_ timestamp: Int64?) -> ReadResponse {
    guard let timestamp else { return ReadResponse(partitions: [], hasMore: false) }
    let row = Row(liveness: Liveness(timestampMicroseconds: timestamp))
    return ReadResponse(partitions: [Partition(key: key, entries: [.row(clustering: [], row)])], hasMore: false)
  }

  mutating func begin(
    _ level: Consistency = .quorum, dead: [UUID] = [], speculation: Speculation = .after(.milliseconds(100)),
    _ command: ReadCommand? = nil
  ) -> [ReadCore.Directive] {
    begin(
      Requirement(total: level.required(replicas: 3)), level, replicas: 3, dead: dead, speculation: speculation, command
    )
  }

  mutating func begin(
    _ requirement: Requirement, _ level: Consistency, replicas: Int = 6, dead: [UUID] = [],
    speculation: Speculation = .never, _ command: ReadCommand? = nil
  ) -> [ReadCore.Directive] {
    let states = Self.hosts.prefix(replicas).enumerated().map {
      ReplicaState(hostID: $1, isAlive: !dead.contains($1), datacenter: $0 / 3)
    }
    var directives: [ReadCore.Directive] = []
    core.start(
      1, command: command ?? self.command, replicas: states, requirement: requirement, consistency: level,
      speculation: speculation, now: start, into: &directives)
    return directives
  }

  mutating func reply(
    _ host: UUID, round: Int = 0, _ outcome: Result<ReplicaAnswer, ReplicaFailure>
  ) -> [ReadCore.Directive] {
    var directives: [ReadCore.Directive] = []
    core.replied(1, round: round, from: host, outcome, into: &directives)
    return directives
  }

  mutating func data(_ host: UUID, round: Int = 0, _ timestamp: Int64?) -> [ReadCore.Directive] {
    reply(host, round: round, .success(.data(answer(timestamp))))
  }

  mutating func digest(_ host: UUID, _ timestamp: Int64?) -> [ReadCore.Directive] {
    reply(host, .success(.digest(answer(timestamp).digest)))
  }

  mutating func repaired(
    _ host: UUID, round: Int, _ outcome: Result<Void, ReplicaFailure> = .success(())
  ) -> [ReadCore.Directive] {
    var directives: [ReadCore.Directive] = []
    core.repaired(1, round: round, at: host, outcome, into: &directives)
    return directives
  }

  mutating func advance(_ after: Duration) -> [ReadCore.Directive] {
    var directives: [ReadCore.Directive] = []
    core.advance(now: start + after, into: &directives)
    return directives
  }

  func done(_ timestamp: Int64?) -> [ReadCore.Directive] { [.finish(request: 1, .success(answer(timestamp)))] }

  /// Up to where a (which has nothing) and b (which has timestamp 7) gave their data in round 1.
  mutating func differ() -> [ReadCore.Directive] {
    _ = begin()
    _ = data(a, nil)
    _ = digest(b, 7)
    return data(b, round: 1, 7)
  }
}

@Suite struct ReadCoreTests {
  var bed = ReadBed()
  var a: UUID { bed.a }
  var b: UUID { bed.b }
  var c: UUID { bed.c }

  @Test mutating func theNearestGivesDataTheOthersDigestsAndEqualOnesEndIt() {
    #expect(
      bed.begin() == [.read(request: 1, round: 0, from: a), .readDigest(request: 1, round: 0, from: b)])
    #expect(bed.data(a, 1).isEmpty)
    #expect(bed.digest(b, 1) == bed.done(1))
    #expect(bed.core.count == 0)
    #expect(bed.core.counters.digestMismatches == 0)
  }

  @Test mutating func aDigestThatComesFirstWaitsForTheData() {
    _ = bed.begin()
    #expect(bed.digest(b, 1).isEmpty)
    #expect(bed.data(a, 1) == bed.done(1))
  }

  @Test mutating func oneReplicaIsAskedForDataAlone() {
    #expect(bed.begin(.one) == [.read(request: 1, round: 0, from: a)])
    #expect(bed.data(a, 1) == bed.done(1))
  }

  @Test mutating func whoLacksSomethingGetsItBeforeTheClientIsAnswered() {
    _ = bed.begin()
    #expect(bed.data(a, nil).isEmpty)
    #expect(bed.digest(b, 7) == [.read(request: 1, round: 1, from: b)])
    #expect(bed.core.counters.digestMismatches == 1)
    let lacking = bed.answer(7).partitions
    #expect(bed.data(b, round: 1, 7) == [.repair(request: 1, round: 2, at: a, lacking)])
    #expect(bed.repaired(a, round: 2) == bed.done(7))
  }

  @Test mutating func aDifferenceThatWasGoneByTheSecondRoundNeedsNoRepair() {
    _ = bed.begin()
    _ = bed.data(a, 7)
    _ = bed.digest(b, nil)
    #expect(bed.data(b, round: 1, 7) == bed.done(7))
  }

  /// The acknowledgement of an earlier repair says nothing of a later one.
  @Test mutating func aLateAcknowledgementOfAnEarlierRepairDoesNotCount() {
    _ = bed.differ()
    #expect(bed.advance(.milliseconds(100)) == [.read(request: 1, round: 2, from: c)])
    let second = bed.data(c, round: 2, 9)
    #expect(
      second == [
        .repair(request: 1, round: 3, at: a, bed.answer(9).partitions),
        .repair(request: 1, round: 3, at: b, bed.answer(9).partitions),
      ])
    #expect(bed.repaired(a, round: 2).isEmpty)
    #expect(bed.repaired(b, round: 3) == bed.done(9))
  }

  @Test mutating func anAnswerOfAnEarlierRoundDoesNotCount() {
    _ = bed.begin()
    _ = bed.data(a, nil)
    // B is slow, so C is asked too; A and C differ.
    _ = bed.advance(.milliseconds(100))
    #expect(bed.digest(c, 7) == [.read(request: 1, round: 1, from: c)])
    #expect(bed.digest(b, nil).isEmpty)
    #expect(bed.data(c, round: 1, 7) == [.repair(request: 1, round: 2, at: a, bed.answer(7).partitions)])
  }

  /// A stopped at its first live row and so did not say that the second one is deleted.
  @Test mutating func aScanTakesNothingFromBehindWhereAReplicaStopped() {
    let live = Row(liveness: Liveness(timestampMicroseconds: 1))
    let dead = Row(deletion: Deletion(timestampMicroseconds: 2, localDeletionSeconds: 0))
    let later = PartitionKey(token: 2, bytes: [2])
    let ofA = Partition(key: bed.key, entries: [.row(clustering: [1], live)])
    let ofB = Partition(key: bed.key, entries: [.row(clustering: [1], dead), .row(clustering: [2], live)])
    let others = Partition(key: later, entries: [.row(clustering: [1], live)])
    var scan = bed.command
    scan.scope = .range(TokenRange(first: .min, last: .max), after: nil)
    scan.rowLimitPerPartition = 1
    let answerOfB = ReadResponse(partitions: [ofB, others], hasMore: false)
    _ = bed.begin(.quorum, scan)
    _ = bed.reply(a, .success(.data(ReadResponse(partitions: [ofA, others], hasMore: false))))
    _ = bed.reply(b, .success(.digest(answerOfB.digest)))
    let repairs = bed.reply(b, round: 1, .success(.data(answerOfB)))
    let merged = Partition(key: bed.key, entries: [.row(clustering: [1], dead)])
    #expect(repairs == [.repair(request: 1, round: 2, at: a, [merged])])
    #expect(
      bed.repaired(a, round: 2)
        == [
          .finish(
            request: 1,
            .success(
              ReadResponse(
                partitions: [merged], hasMore: true, mergedEnd: ReadCursor(key: bed.key, clustering: [1]))))
        ])
  }

  @Test mutating func aFailedReplicaIsReplacedByOneThatGivesTheSame() {
    _ = bed.begin()
    #expect(bed.reply(b, .failure(.unreachable)) == [.readDigest(request: 1, round: 0, from: c)])
    _ = bed.data(a, 1)
    #expect(bed.digest(c, 1) == bed.done(1))
    bed = ReadBed()
    _ = bed.begin()
    #expect(bed.reply(a, .failure(.unreachable)) == [.read(request: 1, round: 0, from: c)])
    _ = bed.digest(b, 1)
    #expect(bed.data(c, 1) == bed.done(1))
  }

  @Test mutating func aSlowReplicaIsOvertaken() {
    _ = bed.begin()
    _ = bed.data(a, 1)
    #expect(bed.advance(.milliseconds(100)) == [.readDigest(request: 1, round: 0, from: c)])
    #expect(bed.core.counters.speculations == 1)
    #expect(bed.digest(c, 1) == bed.done(1))
    #expect(bed.digest(b, 1).isEmpty)
  }

  @Test mutating func whereTheDataIsSlowAnotherIsAskedForItsOwn() {
    _ = bed.begin()
    _ = bed.digest(b, 1)
    #expect(bed.advance(.milliseconds(100)) == [.read(request: 1, round: 0, from: c)])
    #expect(bed.data(c, 1) == bed.done(1))
  }

  @Test mutating func alwaysAsksOneMoreAtOnceAndNeverNone() {
    #expect(
      bed.begin(.quorum, speculation: .always) == [
        .read(request: 1, round: 0, from: a), .read(request: 1, round: 0, from: b),
        .readDigest(request: 1, round: 0, from: c),
      ])
    _ = bed.digest(c, 1)
    #expect(bed.data(b, 1) == bed.done(1))
    bed = ReadBed()
    _ = bed.begin(.quorum, speculation: .never)
    #expect(bed.advance(.seconds(4)).isEmpty)
    bed = ReadBed()
    // Nobody is left to ask.
    #expect(bed.begin(.all, speculation: .always).count == 3)
  }

  /// Both that were asked for data fail: the one whose digest is known is asked again.
  @Test mutating func digestsAloneAreNoAnswer() {
    let one = Requirement(total: 2)
    _ = bed.begin(one, .two, replicas: 4, dead: [ReadBed.hosts[3]], speculation: .after(.milliseconds(100)))
    _ = bed.digest(b, 1)
    #expect(bed.advance(.milliseconds(100)) == [.read(request: 1, round: 0, from: c)])
    #expect(bed.reply(a, .failure(.unreachable)).isEmpty)
    #expect(
      bed.reply(c, .failure(.unreachable))
        == [.finish(request: 1, .failure(.readTimeout(.two, received: 1, required: 2, hasData: false)))])
  }

  /// More digests came than the level asks for, and the data did not.
  @Test mutating func enoughDigestsWithoutDataAskOneAgain() {
    _ = bed.begin(Requirement(total: 2), .two, replicas: 5, speculation: .after(.milliseconds(100)))
    _ = bed.digest(b, 1)
    _ = bed.advance(.milliseconds(100))
    #expect(bed.reply(c, .failure(.unreachable)) == [.read(request: 1, round: 0, from: ReadBed.hosts[3])])
    #expect(bed.data(ReadBed.hosts[3], 1) == bed.done(1))
  }

  @Test mutating func aRepairThatFailsAsksAnotherReplica() {
    _ = bed.differ()
    #expect(bed.repaired(a, round: 2, .failure(.unreachable)) == [.read(request: 1, round: 2, from: c)])
    #expect(bed.data(c, round: 2, 7) == bed.done(7))
  }

  @Test mutating func aRepairThatNobodyElseCanTakeIsATimeout() {
    _ = bed.begin(.quorum, dead: [c])
    _ = bed.data(a, nil)
    _ = bed.digest(b, 7)
    _ = bed.data(b, round: 1, 7)
    #expect(
      bed.repaired(a, round: 2, .failure(.failed("full")))
        == [.finish(request: 1, .failure(.readTimeout(.quorum, received: 1, required: 2, hasData: true)))])
  }

  @Test mutating func aRepairThatIsSilentIsATimeout() {
    _ = bed.begin(.quorum, dead: [c])
    _ = bed.data(a, nil)
    _ = bed.digest(b, 7)
    _ = bed.data(b, round: 1, 7)
    #expect(
      bed.advance(.seconds(5))
        == [.finish(request: 1, .failure(.readTimeout(.quorum, received: 1, required: 2, hasData: true)))])
  }

  @Test mutating func theDeadlineSaysWhatCame() {
    _ = bed.begin(.quorum, dead: [c])
    _ = bed.data(a, 1)
    #expect(
      bed.advance(.seconds(5))
        == [.finish(request: 1, .failure(.readTimeout(.quorum, received: 1, required: 2, hasData: true)))])
    bed = ReadBed()
    _ = bed.begin(.quorum, dead: [c])
    _ = bed.digest(b, 1)
    #expect(
      bed.advance(.seconds(5))
        == [.finish(request: 1, .failure(.readTimeout(.quorum, received: 1, required: 2, hasData: false)))])
  }

  @Test mutating func replicasThatCannotAreAReadFailure() {
    _ = bed.begin(.quorum, dead: [c])
    _ = bed.data(a, 1)
    #expect(
      bed.reply(b, .failure(.failed("damage"))) == [
        .finish(
          request: 1,
          .failure(.readFailure(.quorum, received: 1, required: 2, failures: [FailedReplica(b)], hasData: true)))
      ])
  }

  @Test mutating func tooFewAliveIsUnavailable() {
    #expect(
      bed.begin(.quorum, dead: [b, c])
        == [.finish(request: 1, .failure(.unavailable(.quorum, required: 2, alive: 1)))])
    #expect(
      bed.begin(.three, dead: [b]) == [.finish(request: 1, .failure(.unavailable(.three, required: 3, alive: 2)))])
  }
}

@Suite struct ReadDatacenterTests {
  var bed = ReadBed()

  @Test mutating func localLevelsAskAndSpeculateAtHomeAlone() {
    let local = Requirement(total: 2, only: 0)
    #expect(
      bed.begin(local, .localQuorum, dead: [bed.b, bed.c])
        == [.finish(request: 1, .failure(.unavailable(.localQuorum, required: 2, alive: 1)))])
    bed = ReadBed()
    _ = bed.begin(local, .localQuorum, dead: [bed.c], speculation: .after(.milliseconds(1)))
    #expect(bed.advance(.seconds(1)).isEmpty)
  }

  @Test mutating func eachQuorumAsksAQuorumOfEach() {
    let each = Requirement(
      total: 4, each: [.init(datacenter: 0, required: 2, name: "dc1"), .init(datacenter: 1, required: 2, name: "dc2")])
    let hosts = ReadBed.hosts
    #expect(
      bed.begin(each, .eachQuorum) == [
        .read(request: 1, round: 0, from: hosts[0]), .readDigest(request: 1, round: 0, from: hosts[1]),
        .readDigest(request: 1, round: 0, from: hosts[3]), .readDigest(request: 1, round: 0, from: hosts[4]),
      ])
    // One of the other datacenter is replaced by one of the same.
    #expect(bed.reply(hosts[4], .failure(.unreachable)) == [.readDigest(request: 1, round: 0, from: hosts[5])])
    _ = bed.data(hosts[0], 1)
    _ = bed.digest(hosts[1], 1)
    _ = bed.digest(hosts[3], 1)
    #expect(bed.digest(hosts[5], 1) == bed.done(1))
  }

  @Test mutating func eachQuorumNamesTheDatacenterThatLacksReplicas() {
    let each = Requirement(
      total: 4, each: [.init(datacenter: 0, required: 2, name: "dc1"), .init(datacenter: 1, required: 2, name: "dc2")])
    let hosts = ReadBed.hosts
    #expect(
      bed.begin(each, .eachQuorum, dead: [hosts[3], hosts[4], hosts[5]])
        == [.finish(request: 1, .failure(.unavailable(.eachQuorum, required: 2, alive: 0, place: " in DC dc2")))])
  }
}
