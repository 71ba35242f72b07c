// The coordinator's way to replicas: this node's own, on a real store over a simulated disk, and another's.

import Base
import Coordinator
import Data
import Messages
import Replica
import Server
import Storage
import Testing
import World

private final class RouterBed {
  let net = TestNet()
  let store: Store
  let pool: PeerPool
  let router: PeerRouter
  static let local = UUID(random: 1, 1)
  static let other = UUID(random: 2, 2)
  static let table = Table(
    id: UUID(random: 9, 9), incarnation: 5, keyspace: "k", name: "t",
    columns: [Column(name: "a", type: .int, kind: .partitionKey, id: 0)], options: .init(), nextColumnID: 1)

  init() throws {
    let world = net.world()
    store = Store(
      home: .simulated(SimulatedDisk(), directory: "/db"), options: StoreOptions(), timers: net.timers, wake: {})
    try store.open()
    let replica = LocalReplica(store: store) { $0 == Self.table.id ? Self.table : nil }
    let hello = Hello(clusterName: "c", hostID: Self.local, schemaEpoch: 0, address: "127.0.0.1", port: 7000)
    pool = PeerPool(world: world, identity: hello)
    let hinted = Hinted()
    router = PeerRouter(localHostID: Self.local, replica: replica, pool: pool) { _, host, _ in
      hinted.hosts.append(host)
      return true
    }
    self.hinted = hinted
    net.hooks.onTickEnd { [unowned self] in store.endTick() }
  }

  let hinted: Hinted

  func mutation(_ number: UInt8, table: UUID = RouterBed.table.id, incarnation: UInt32 = 5) -> OutgoingMutation {
    let row = Row(liveness: Liveness(timestampMicroseconds: 1))
    return OutgoingMutation(
      Mutation(
        table: table, incarnation: incarnation,
        partition: Partition(
          key: PartitionKey(token: Int64(number), bytes: [number]), entries: [.row(clustering: [], row)])))
  }
}

private final class Hinted { var hosts: [UUID] = [] }

@Suite struct PeerRouterTests {
  @Test func writesAndReadsHereWithoutAMessage() throws {
    let bed = try RouterBed()
    var stored: [Result<Void, ReplicaFailure>] = []
    bed.router.apply(bed.mutation(1), at: RouterBed.local) { stored.append($0) }
    #expect(stored.isEmpty)
    bed.net.pump()
    #expect(stored.count == 1)
    guard case .success = stored.first else {
      Issue.record("not stored")
      return
    }
    var read: [Result<ReadResponse, ReplicaFailure>] = []
    let command = ReadCommand(
      table: RouterBed.table.id, incarnation: 5, scope: .partition(PartitionKey(token: 1, bytes: [1])), nowInSeconds: 0)
    bed.router.read(command, at: RouterBed.local) { read.append($0) }
    #expect(read.isEmpty)
    bed.net.pump()
    #expect(try read.first?.get().partitions == [bed.mutation(1).mutation.partition])
    #expect(bed.pool.counters.requestsSent == 0)
  }

  /// What the replica answers within the call must not reach the coordinator within it: it is still giving out the
  /// request's other parts.
  @Test func nothingCompletesWithinTheCall() throws {
    let bed = try RouterBed()
    let unknown = UUID(random: 7, 7)
    let cases = [
      (bed.mutation(1, table: unknown), "table \(unknown) is not known to this replica"),
      (bed.mutation(1, incarnation: 4), "the table was truncated since"),
    ]
    for (mutation, text) in cases {
      var answers: [Result<Void, ReplicaFailure>] = []
      bed.router.apply(mutation, at: RouterBed.local) { answers.append($0) }
      #expect(answers.isEmpty)
      bed.net.pump()
      #expect(answers.count == 1)
      guard case .failure(let failure)? = answers.first else {
        Issue.record("no refusal")
        continue
      }
      #expect(failure == .failed(text))
    }
    var refused: [Result<ReadResponse, ReplicaFailure>] = []
    let command = ReadCommand(
      table: unknown, incarnation: 1, scope: .partition(PartitionKey(token: 1, bytes: [1])), nowInSeconds: 0)
    bed.router.read(command, at: RouterBed.local) { refused.append($0) }
    bed.router.read(command, at: RouterBed.other) { refused.append($0) }
    #expect(refused.isEmpty)
    bed.net.pump()
    #expect(
      refused == [.failure(.failed("table \(unknown) is not known to this replica")), .failure(.unreachable)])
  }

  @Test func handsHintsOn() throws {
    let bed = try RouterBed()
    #expect(bed.router.keepHint(bed.mutation(1), for: RouterBed.other, stored: nil))
    #expect(bed.hinted.hosts == [RouterBed.other])
  }
}
