import Base
import Data
import Ring
import Testing

@testable import Metadata

@Suite struct MetadataTests {
  func member(_ number: UInt64) -> Member {
    let id = UUID(high: 0, low: number)
    return Member(
      hostID: id, address: "127.0.0.\(number)", datacenter: "dc1", rack: "r1",
      tokens: Member.tokens(for: id, count: 4))
  }

  func metadata() -> Metadata {
    Metadata(
      snapshot: ClusterSnapshot(
        clusterName: "test", localHostID: member(1).hostID, schema: .empty, ring: TokenRing(members: [member(1)])))
  }

  @Test func onlyANewerSchemaIsTaken() {
    let metadata = metadata()
    let first = Schema.empty.setting(Keyspace(name: "a", replication: .simple(1)), named: "a")
    let second = first.setting(Keyspace(name: "b", replication: .simple(1)), named: "b")
    var changes: [UInt32] = []
    metadata.observe { if case .schema(let old) = $0 { changes.append(old.epoch) } }
    #expect(metadata.adopt(second))
    #expect(!metadata.adopt(first))
    #expect(metadata.snapshot.schema.keyspaces.keys.sorted() == ["a", "b"])
    #expect(changes == [0])
  }

  @Test func anEarlierSnapshotStaysAsItWas() {
    let metadata = metadata()
    let before = metadata.snapshot
    metadata.put(member(2))
    #expect(before.members.count == 1)
    #expect(metadata.snapshot.members.count == 2)
  }

  @Test func replicasFollowTheMembers() {
    let metadata = metadata()
    #expect(metadata.replicaMap(.simple(2)).replicas(of: 0).count == 1)
    metadata.put(member(2))
    #expect(metadata.replicaMap(.simple(2)).replicas(of: 0).count == 2)
  }

  @Test func whoIsAliveIsToldOnce() {
    let metadata = metadata()
    metadata.put(member(2))
    var told: [String] = []
    metadata.observe {
      switch $0 {
      case .alive: told.append("alive")
      case .dead: told.append("dead")
      default: break
      }
    }
    for isAlive in [true, true, false, false] { metadata.setAlive(member(2).hostID, isAlive) }
    metadata.setAlive(member(1).hostID, false)
    #expect(told == ["alive", "dead"])
    #expect(metadata.isAlive(member(1).hostID), "a node is alive to itself")
  }

  @Test func theRecordSurvivesAndTruncationsThrow() throws {
    let schema = Schema.empty.setting(Keyspace(name: "a", replication: .simple(3)), named: "a")
    let record = NodeRecord(
      clusterName: "c", hostID: UUID(high: 1, low: 2), tokens: [-1, 5], generation: 7, schema: schema,
      members: [member(2)])
    let again = try NodeRecord(decoding: record.encoded)
    #expect(again.encoded == record.encoded)
    #expect(again.members == [member(2)])
    for length in 0..<record.encoded.count {
      #expect(throws: DecodeError.self) { try NodeRecord(decoding: Array(record.encoded[..<length])) }
    }
  }
}
