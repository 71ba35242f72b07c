import Base
import Data
import Ring
import Testing

@testable import Coordinator

@Suite struct ReadCoreTests {
  let a = UUID(high: 0, low: 1)
  let b = UUID(high: 0, low: 2)
  let c = UUID(high: 0, low: 3)
  let start = Instant(nanoseconds: 0)
  let key = PartitionKey(token: 1, bytes: [1])

  var command: ReadCommand {
    ReadCommand(table: UUID(high: 9, low: 9), incarnation: 1, scope: .partition(key), nowInSeconds: 0)
  }

  func answer(_ timestamp: Int64?) -> ReadResponse {
    guard let timestamp else { return ReadResponse(partitions: [], hasMore: false) }
    let row = Row(liveness: Liveness(timestampMicroseconds: timestamp))
    return ReadResponse(
      partitions: [Partition(key: key, entries: [.row(clustering: [], row)])], hasMore: false)
  }

  func begin(_ core: inout ReadCore, dead: UUID...) -> [ReadCore.Directive] {
    var directives: [ReadCore.Directive] = []
    core.start(
      1, command: command, replicas: [a, b, c].map { .init(hostID: $0, isAlive: !dead.contains($0)) },
      factor: 3, consistency: .quorum, now: start, into: &directives)
    return directives
  }

  func reply(
    _ core: inout ReadCore, _ host: UUID, _ outcome: Result<ReadResponse, ReplicaFailure>
  ) -> [ReadCore.Directive] {
    var directives: [ReadCore.Directive] = []
    core.replied(1, from: host, outcome, into: &directives)
    return directives
  }

  @Test func asksAsManyAsItNeedsAndEqualAnswersEndIt() {
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    #expect(begin(&core) == [.read(request: 1, from: a), .read(request: 1, from: b)])
    #expect(reply(&core, a, .success(answer(1))).isEmpty)
    #expect(reply(&core, b, .success(answer(1))) == [.finish(request: 1, .success(answer(1)))])
    #expect(core.count == 0)
  }

  @Test func whoLacksSomethingGetsItBeforeTheClientIsAnswered() {
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    _ = begin(&core)
    _ = reply(&core, a, .success(answer(nil)))
    let repairs = reply(&core, b, .success(answer(7)))
    #expect(repairs == [.repair(request: 1, at: a, answer(7).partitions)])
    var directives: [ReadCore.Directive] = []
    core.repaired(1, at: a, .success(()), into: &directives)
    #expect(directives == [.finish(request: 1, .success(answer(7)))])
  }

  /// A stopped at its first live row and so did not say that the second one is deleted.
  @Test func aScanTakesNothingFromBehindWhereAReplicaStopped() {
    let live = Row(liveness: Liveness(timestampMicroseconds: 1))
    let dead = Row(deletion: Deletion(timestampMicroseconds: 2, localDeletionSeconds: 0))
    let later = PartitionKey(token: 2, bytes: [2])
    let ofA = Partition(key: key, entries: [.row(clustering: [1], live)])
    let ofB = Partition(key: key, entries: [.row(clustering: [1], dead), .row(clustering: [2], live)])
    let others = Partition(key: later, entries: [.row(clustering: [1], live)])
    var scan = command
    scan.scope = .range(TokenRange(first: .min, last: .max), after: nil)
    scan.rowLimitPerPartition = 1
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    var directives: [ReadCore.Directive] = []
    core.start(
      1, command: scan, replicas: [a, b, c].map { .init(hostID: $0, isAlive: true) }, factor: 3, consistency: .quorum,
      now: start, into: &directives)
    _ = reply(&core, a, .success(ReadResponse(partitions: [ofA, others], hasMore: false)))
    let repairs = reply(&core, b, .success(ReadResponse(partitions: [ofB, others], hasMore: false)))
    let merged = Partition(key: key, entries: [.row(clustering: [1], dead)])
    #expect(repairs == [.repair(request: 1, at: a, [merged])])
    directives = []
    core.repaired(1, at: a, .success(()), into: &directives)
    #expect(directives == [.finish(request: 1, .success(ReadResponse(partitions: [merged], hasMore: true)))])
  }

  @Test func aFailedReplicaIsReplaced() {
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    _ = begin(&core)
    #expect(reply(&core, b, .failure(.unreachable)) == [.read(request: 1, from: c)])
    _ = reply(&core, a, .success(answer(1)))
    #expect(reply(&core, c, .success(answer(1))) == [.finish(request: 1, .success(answer(1)))])
  }

  @Test func aSlowReplicaIsOvertaken() {
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    _ = begin(&core)
    _ = reply(&core, a, .success(answer(1)))
    var directives: [ReadCore.Directive] = []
    core.advance(now: start + .milliseconds(100), into: &directives)
    #expect(directives == [.read(request: 1, from: c)])
    #expect(reply(&core, c, .success(answer(1))) == [.finish(request: 1, .success(answer(1)))])
    #expect(reply(&core, b, .success(answer(1))).isEmpty)
  }

  @Test func aRepairThatFailsAsksAnotherReplica() {
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    _ = begin(&core)
    _ = reply(&core, a, .success(answer(nil)))
    _ = reply(&core, b, .success(answer(7)))
    var directives: [ReadCore.Directive] = []
    core.repaired(1, at: a, .failure(.unreachable), into: &directives)
    #expect(directives == [.read(request: 1, from: c)])
    #expect(reply(&core, c, .success(answer(7))) == [.finish(request: 1, .success(answer(7)))])
  }

  @Test func theDeadlineSaysWhatCame() {
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    _ = begin(&core, dead: c)
    _ = reply(&core, a, .success(answer(1)))
    var directives: [ReadCore.Directive] = []
    core.advance(now: start + .seconds(5), into: &directives)
    #expect(
      directives == [.finish(request: 1, .failure(.readTimeout(.quorum, received: 1, required: 2, hasData: true)))])
  }

  @Test func tooFewAliveIsUnavailable() {
    var core = ReadCore(timeout: .seconds(5), speculateAfter: .milliseconds(100))
    #expect(
      begin(&core, dead: b, c) == [.finish(request: 1, .failure(.unavailable(.quorum, required: 2, alive: 1)))])
  }
}
