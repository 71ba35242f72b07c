import Base
import Testing

@testable import Ring

@Suite struct Murmur3Tests {
  /// Tokens that PyPI's cassandra-driver computes for the same keys.
  static let known: [([UInt8], Int64)] = [
    (Array("123".utf8), -7_468_325_962_851_647_638),
    ([[UInt8]](repeating: [0x00, 0xff, 0x10, 0xfa, 0x99], count: 10).flatMap { $0 }, 5_837_342_703_291_459_765),
    ([UInt8](repeating: 0xfe, count: 8), -8_927_430_733_708_461_935),
    ([UInt8](repeating: 0x10, count: 8), 1_446_172_840_243_228_796),
    (Array("9223372036854775807".utf8), 7_162_290_910_810_015_547),
  ]

  @Test(arguments: known)
  func agreesWithDrivers(key: [UInt8], token: Int64) {
    #expect(Murmur3.token(of: key) == token)
  }
}

@Suite struct TokenRingTests {
  func member(_ number: UInt64, rack: String = "r1", datacenter: String = "dc1") -> Member {
    let id = UUID(high: number, low: number)
    return Member(
      hostID: id, address: "127.0.0.\(number)", datacenter: datacenter, rack: rack,
      tokens: Member.tokens(for: id, count: 16))
  }

  @Test func everyTokenHasAsManyDistinctReplicasAsAsked() {
    let ring = TokenRing(members: (1...5).map { member($0) })
    let map = ring.replicaMap(.simple(3))
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<1000 {
      let owners = map.replicas(of: Int64(bitPattern: generator.next()))
      #expect(owners.count == 3)
      #expect(Set(owners).count == 3)
    }
  }

  @Test func aTokenBelongsToTheFirstRingTokenThatIsNotLess() {
    var a = member(1)
    a.tokens = [-100, 50]
    var b = member(2)
    b.tokens = [0]
    let map = TokenRing(members: [a, b]).replicaMap(.simple(1))
    #expect([-101, -100, 1, 50, 51].map { map.replicas(of: $0) } == [[0], [0], [0], [0], [0]])
    #expect([-99, 0].map { map.replicas(of: $0) } == [[1], [1]])
  }

  @Test func partsCoverARangeOnceAndAgreeWithReplicas() {
    let map = TokenRing(members: (1...4).map { member($0) }).replicaMap(.simple(2))
    let parts = map.parts(of: .all)
    #expect(parts.first?.range.first == .min)
    #expect(parts.last?.range.last == .max)
    for (part, next) in zip(parts, parts.dropFirst()) { #expect(part.range.last + 1 == next.range.first) }
    for part in parts {
      #expect(Set(map.replicas(of: part.range.first)) == Set(part.replicas))
      #expect(Set(map.replicas(of: part.range.last)) == Set(part.replicas))
    }
  }

  @Test func aClusterWhoseEveryNodeHoldsAllIsOnePart() {
    #expect(TokenRing(members: (1...3).map { member($0) }).replicaMap(.simple(3)).parts(of: .all).count == 1)
  }

  @Test func eachDatacenterHasItsOwnFactor() {
    let members = (1...3).map { member($0) } + (4...6).map { member($0, datacenter: "dc2") }
    let map = TokenRing(members: members).replicaMap(.networkTopology(["dc1": 3, "dc2": 2]))
    #expect(map.datacenters == ["dc1", "dc2"])
    #expect(map.factor == 5)
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<500 {
      let owners = map.replicas(of: Int64(bitPattern: generator.next()))
      #expect(owners.count { map.datacenterOf[$0] == 0 } == 3)
      #expect(owners.count { map.datacenterOf[$0] == 1 } == 2)
      #expect(Set(owners).count == 5)
    }
  }

  @Test func networkTopologySpreadsOverRacks() {
    let members = [member(1, rack: "a"), member(2, rack: "a"), member(3, rack: "a"), member(4, rack: "b")]
    let map = TokenRing(members: members).replicaMap(.networkTopology(["dc1": 2]))
    var generator = SeededGenerator(seed: 2)
    for _ in 0..<500 {
      let owners = map.replicas(of: Int64(bitPattern: generator.next()))
      #expect(Set(owners.map { map.members[$0].rack }) == ["a", "b"])
    }
  }

  /// What lacks replicas is named where it is the only datacenter too; a simple placement has no datacenters to name.
  @Test func eachQuorumNamesALoneDatacenter() {
    let ring = TokenRing(members: (1...3).map { member($0) })
    let named = ring.replicaMap(.networkTopology(["dc1": 3])).requirement(.eachQuorum, local: 0)
    #expect(named.each == [Requirement.Share(datacenter: 0, required: 2, name: "dc1")])
    #expect(named.total == 2)
    #expect(ring.replicaMap(.simple(3)).requirement(.eachQuorum, local: 0) == Requirement(total: 2))
  }

  @Test func quorumsOverlap() {
    for replicas in 1...9 { #expect(2 * Consistency.quorum.required(replicas: replicas) > replicas) }
    #expect(Consistency.quorum.required(replicas: 3) == 2)
    #expect(Consistency.localQuorum.required(replicas: 5) == 3)
    #expect(Consistency.all.required(replicas: 3) == 3)
    #expect(Consistency(name: "local_quorum") == .localQuorum)
  }
}

@Suite struct RequirementTests {
  func map(_ placement: Placement, datacenters: [String: Int] = ["dc1": 3, "dc2": 3]) -> ReplicaMap {
    var members: [Member] = []
    for (name, count) in datacenters {
      for _ in 0..<count {
        let id = UUID(high: UInt64(members.count + 1), low: 1)
        members.append(
          Member(
            hostID: id, address: "n\(members.count)", datacenter: name, rack: "r1",
            tokens: Member.tokens(for: id, count: 4)))
      }
    }
    return TokenRing(members: members).replicaMap(placement)
  }

  @Test func networkTopologyCountsByDatacenter() {
    let map = map(.networkTopology(["dc1": 3, "dc2": 5]))
    let here = map.index(of: "dc1")
    let there = map.index(of: "dc2")
    #expect(map.requirement(.one, local: here) == Requirement(total: 1))
    #expect(map.requirement(.quorum, local: here) == Requirement(total: 5))
    #expect(map.requirement(.all, local: here) == Requirement(total: 8))
    #expect(map.requirement(.localOne, local: there) == Requirement(total: 1, only: there))
    #expect(map.requirement(.localQuorum, local: here) == Requirement(total: 2, only: here))
    #expect(map.requirement(.localQuorum, local: there) == Requirement(total: 3, only: there))
    let each = map.requirement(.eachQuorum, local: here)
    #expect(each.total == 5)
    #expect(each.each.map(\.required) == [2, 3])
    #expect(each.each.map(\.name) == ["dc1", "dc2"])
  }

  /// Local levels count what stands in the own datacenter of a factor that is the whole cluster's (localQuorumFor).
  @Test func simpleStrategyHasOneFactorForAll() {
    let map = map(.simple(4))
    #expect(map.requirement(.localQuorum, local: 0) == Requirement(total: 3, only: 0))
    #expect(map.requirement(.eachQuorum, local: 0) == Requirement(total: 3))
    #expect(map.requirement(.localOne, local: 1) == Requirement(total: 1, only: 1))
  }

  @Test func oneDatacenterNeedsNoDistinction() {
    let map = map(.simple(3), datacenters: ["dc1": 3])
    for level in [Consistency.localQuorum, .eachQuorum, .quorum] {
      #expect(map.requirement(level, local: 0) == Requirement(total: 2))
    }
  }

  /// A keyspace whose copies all stand elsewhere: one is asked for, none is there.
  @Test func aPlacementElsewhereAsksForOneThatIsNotThere() {
    let map = map(.networkTopology(["nowhere": 3]), datacenters: ["dc1": 3])
    let local = map.index(of: "dc1")
    #expect(map.replicas(of: 7).isEmpty)
    #expect(map.requirement(.localQuorum, local: local) == Requirement(total: 1, only: local))
    #expect(map.requirement(.quorum, local: local) == Requirement(total: 2))
    #expect(map.requirement(.eachQuorum, local: local).each.map(\.name) == ["nowhere"])
  }
}
