import Base
import Ring
import Testing

@testable import Coordinator

/// Writes to two datacenters of three: 0 to 2 are at home, 3 to 5 abroad.
@Suite struct WriteDatacenterTests {
  let hosts = (1...6).map { UUID(high: 0, low: $0) }
  let start = Instant(nanoseconds: 0)
  let each = Requirement(
    total: 4, each: [.init(datacenter: 0, required: 2, name: "dc1"), .init(datacenter: 1, required: 2, name: "dc2")])
  var core = WriteCore(timeout: .seconds(2))

  mutating func begin(
    _ requirement: Requirement, _ level: Consistency, request: UInt64 = 3, dead: [Int] = []
  ) -> [WriteCore.Directive] {
    var directives: [WriteCore.Directive] = []
    let replicas = hosts.indices.map {
      ReplicaState(hostID: hosts[$0], isAlive: !dead.contains($0), datacenter: $0 / 3)
    }
    core.start(
      request, parts: [replicas], requirement: requirement, local: 0, consistency: level, kind: .simple, now: start,
      into: &directives)
    return directives
  }

  mutating func reply(
    _ host: Int, _ outcome: Result<Void, ReplicaFailure> = .success(())
  ) -> [WriteCore.Directive] {
    var directives: [WriteCore.Directive] = []
    core.replied(3, part: 0, from: hosts[host], outcome, into: &directives)
    return directives
  }

  @Test mutating func oneMessageGoesAbroadAndReplicasTakeTurnsInPassingItOn() {
    let sent: [WriteCore.Directive] = (0..<3).map { .send(request: 3, part: 0, to: hosts[$0]) }
    #expect(
      begin(Requirement(total: 1), .one) == sent + [.forward(request: 3, part: 0, to: [hosts[3], hosts[4], hosts[5]])])
    #expect(
      begin(Requirement(total: 1), .one, request: 4).last
        == .forward(request: 4, part: 0, to: [hosts[4], hosts[5], hosts[3]]))
  }

  @Test mutating func aLoneReplicaAbroadIsSentToAsAtHome() {
    #expect(begin(Requirement(total: 1), .one, dead: [3, 4]).contains(.send(request: 3, part: 0, to: hosts[5])))
  }

  @Test mutating func localLevelsCountAtHomeAlone() {
    let local = Requirement(total: 2, only: 0)
    _ = begin(local, .localQuorum)
    for host in 3...5 { #expect(reply(host).isEmpty) }
    _ = reply(0)
    #expect(reply(1) == [.finish(request: 3, nil)])
    #expect(reply(2) == [.forget(request: 3)])
  }

  @Test mutating func failuresAbroadAreNoneOfALocalLevel() {
    _ = begin(Requirement(total: 2, only: 0), .localQuorum)
    for host in 3...5 { _ = reply(host, .failure(.failed("full"))) }
    _ = reply(0)
    var directives: [WriteCore.Directive] = []
    core.advance(now: start + .seconds(2), into: &directives)
    #expect(directives.first == .finish(request: 3, .writeTimeout(.localQuorum, received: 1, required: 2, .simple)))
  }

  @Test mutating func aLocalLevelGoesOnWithoutTheOtherDatacenter() {
    let directives = begin(Requirement(total: 2, only: 0), .localQuorum, dead: [3, 4, 5])
    for host in 3...5 { #expect(directives.contains(.hint(request: 3, part: 0, for: hosts[host]))) }
    _ = reply(0)
    #expect(reply(1) == [.finish(request: 3, nil)])
  }

  @Test mutating func eachQuorumNeedsAQuorumInEach() {
    _ = begin(each, .eachQuorum)
    for host in 0...2 { #expect(reply(host).isEmpty) }
    #expect(reply(3).isEmpty)
    #expect(reply(5) == [.finish(request: 3, nil)])
  }

  @Test mutating func eachQuorumThatComesShortOfOneDatacenterNeverClaimsAll() {
    _ = begin(each, .eachQuorum)
    for host in 0...2 { _ = reply(host) }
    _ = reply(3)
    var directives: [WriteCore.Directive] = []
    core.advance(now: start + .seconds(2), into: &directives)
    #expect(directives.first == .finish(request: 3, .writeTimeout(.eachQuorum, received: 3, required: 4, .simple)))
  }

  @Test mutating func eachQuorumNamesTheDatacenterThatLacksReplicas() {
    #expect(
      begin(each, .eachQuorum, dead: [3, 4])
        == [
          .finish(request: 3, .unavailable(.eachQuorum, required: 2, alive: 1, place: " in DC dc2")),
          .forget(request: 3),
        ])
  }

  @Test mutating func theEndOfTheWayAbroadIsAHintForEach() {
    _ = begin(Requirement(total: 4), .quorum)
    var hinted: [WriteCore.Directive] = []
    for host in 3...5 { hinted += reply(host, .failure(.unreachable)) }
    for host in 3...5 { #expect(hinted.contains(.hint(request: 3, part: 0, for: hosts[host]))) }
    // Three are left of four.
    #expect(hinted.contains(.finish(request: 3, .writeTimeout(.quorum, received: 0, required: 4, .simple))))
  }
}
