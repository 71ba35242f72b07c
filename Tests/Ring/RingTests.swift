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
