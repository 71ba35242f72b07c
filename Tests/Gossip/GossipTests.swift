import Base
import Ring
import Testing

@testable import Gossip

@Suite struct GossipCoreTests {
  func state(_ number: UInt64) -> NodeState {
    let id = UUID(high: 0, low: number)
    return NodeState(
      member: Member(hostID: id, address: "127.0.0.\(number)", datacenter: "dc1", rack: "r1", tokens: [Int64(number)]),
      generation: 1)
  }

  func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

  /// A third node still tells of one that has been dead for long: one heartbeat, however new, is not enough.
  @Test func whatOthersSayMakesANodeAliveOnlyWhenItsHeartbeatGoesOn() {
    var core = GossipCore(local: state(1), seeds: [])
    var directives: [GossipCore.Directive] = []
    core.restore(state(2).member, now: at(0))
    var other = state(2)
    let third = state(3).member.hostID
    for round in 1...20 { core.received([other], from: third, now: at(Int64(round) * 500), into: &directives) }
    #expect(!core.isAlive(other.member.hostID))
    #expect(!directives.contains(.becameAlive(hostID: other.member.hostID)))
    other.version += 1
    core.received([other], from: third, now: at(11_000), into: &directives)
    #expect(core.isAlive(other.member.hostID))
  }

  @Test func aStrangerOfWhomOthersTellIsAMemberBeforeItIsAlive() {
    var core = GossipCore(local: state(1), seeds: [])
    var directives: [GossipCore.Directive] = []
    let id = state(2).member.hostID
    core.received([state(2)], from: state(3).member.hostID, now: at(0), into: &directives)
    #expect(directives == [.memberChanged(state(2).member), .schemaEpoch(0, hostID: id)])
    var next = state(2)
    next.version = 1
    core.received([next], from: id, now: at(1), into: &directives)
    #expect(directives.contains(.becameAlive(hostID: id)))
  }

  @Test func membersAreBounded() {
    var configuration = GossipCore.Configuration()
    configuration.maxMembers = 3
    var core = GossipCore(local: state(1), seeds: [], configuration: configuration)
    var directives: [GossipCore.Directive] = []
    for number in 2...9 as ClosedRange<UInt64> {
      core.received([state(number)], from: state(number).member.hostID, now: at(0), into: &directives)
    }
    #expect(core.states.count == 4)
    #expect(core.refusedStates == 5)
  }

  @Test func aSeedIsGossipedToBeforeItIsKnown() {
    var core = GossipCore(local: state(2), seeds: [("127.0.0.1", 7000), ("127.0.0.2", 7000)])
    var directives: [GossipCore.Directive] = []
    core.tick(now: at(0), random: 1, into: &directives)
    #expect(directives == [.send(address: "127.0.0.1", port: 7000, [core.local])])
  }

  @Test func aNewNodeIsAMemberAndAlive() {
    var core = GossipCore(local: state(1), seeds: [])
    var directives: [GossipCore.Directive] = []
    core.received([state(2)], from: state(2).member.hostID, now: at(0), into: &directives)
    let id = state(2).member.hostID
    #expect(
      directives == [
        .memberChanged(state(2).member), .becameAlive(hostID: id), .schemaEpoch(0, hostID: id),
      ])
  }

  @Test func silenceIsSuspectedAndAHeartbeatForgives() {
    var core = GossipCore(local: state(1), seeds: [])
    var directives: [GossipCore.Directive] = []
    var other = state(2)
    core.received([other], from: other.member.hostID, now: at(0), into: &directives)
    directives = []
    core.tick(now: at(5_000), random: 1, into: &directives)
    #expect(core.isAlive(other.member.hostID))
    core.tick(now: at(20_000), random: 1, into: &directives)
    #expect(!core.isAlive(other.member.hostID))
    directives = []
    core.received([other], from: other.member.hostID, now: at(20_001), into: &directives)
    #expect(directives.isEmpty, "an old heartbeat proves nothing")
    other.version = 1
    core.received([other], from: other.member.hostID, now: at(20_002), into: &directives)
    #expect(directives.contains(.becameAlive(hostID: other.member.hostID)))
  }

  @Test func aBrokenConnectionIsBelievedAtOnce() {
    var core = GossipCore(local: state(1), seeds: [])
    var directives: [GossipCore.Directive] = []
    core.received([state(2)], from: state(2).member.hostID, now: at(0), into: &directives)
    directives = []
    core.connectionLost(state(2).member.hostID, into: &directives)
    #expect(directives == [.becameDead(hostID: state(2).member.hostID)])
  }

  @Test func aLaterLifeOfOursIsOutlivedWhateverItsNumber() {
    var core = GossipCore(local: state(1), seeds: [])
    var directives: [GossipCore.Directive] = []
    var own = state(1)
    own.generation = 7
    core.received([own], from: state(2).member.hostID, now: at(0), into: &directives)
    #expect(core.local.generation == 8)
    own.generation = .max
    core.received([own], from: state(2).member.hostID, now: at(1), into: &directives)
    #expect(core.local.generation == .max)
    #expect(directives.isEmpty)
  }

  @Test func aHigherEpochIsTold() {
    var core = GossipCore(local: state(1), seeds: [])
    var directives: [GossipCore.Directive] = []
    var other = state(2)
    core.received([other], from: other.member.hostID, now: at(0), into: &directives)
    other.version = 1
    other.schemaEpoch = 7
    directives = []
    core.received([other], from: other.member.hostID, now: at(1), into: &directives)
    #expect(directives == [.schemaEpoch(7, hostID: other.member.hostID)])
  }

  @Test func statesSurviveTheWireAndTruncationsThrow() throws {
    let states = [state(1), state(2)]
    let bytes = NodeState.encode(states)
    #expect(try NodeState.decode(bytes) == states)
    for length in 0..<bytes.count {
      #expect(throws: DecodeError.self) { try NodeState.decode(Array(bytes[..<length])) }
    }
  }
}
