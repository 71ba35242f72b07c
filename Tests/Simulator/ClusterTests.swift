import Base
import Frames
import Ring
import Testing

@testable import Simulator
@testable import Workloads

/// Membership and schema of whole nodes.
@Suite struct ClusterTests {
  final class Bench {
    let cluster: SimulatedCluster
    let process: SimulatedWorld
    let client: CQLClient

    init(seed: UInt64) {
      cluster = SimulatedCluster(seed: seed, nodes: 3)
      process = SimulatedWorld(simulation: cluster.simulation, network: cluster.network, address: "127.0.1.1")
      client = CQLClient(world: process.world)
      cluster.startAll()
    }

    func settle() -> Bool { cluster.run(seconds: 60, until: { cluster.isWhole }) }

    func ask(_ text: String, host: Int, level: Consistency = .quorum) -> Response? {
      var outcome: ClientOutcome?
      let request = Request.query(text, QueryParameters(consistency: level.rawValue))
      let endpoint = cluster.hosts[host].cqlEndpoint
      process.perform { [client] in client.send(request, to: endpoint) { outcome = $0 } }
      _ = cluster.run(seconds: 60, until: { outcome != nil })
      guard case .answered(let response)? = outcome else { return nil }
      return response
    }

    func epochs() -> [UInt32?] { cluster.hosts.map { $0.node?.metadata.snapshot.schema.epoch } }

    deinit { for host in cluster.hosts { host.kill() } }
  }

  static let makeKeyspace =
    "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}"

  func isSchemaChange(_ response: Response?) -> Bool { if case .schemaChange? = response { true } else { false } }

  @Test func aRestartedNodeIsWhoItWasAndKnowsTheSchema() throws {
    let bench = Bench(seed: 1)
    #expect(bench.settle())
    #expect(isSchemaChange(bench.ask(Self.makeKeyspace, host: 1)))
    let host = bench.cluster.hosts[2]
    let before = try #require(host.node?.metadata.snapshot.localHostID)
    host.kill()
    host.start()
    #expect(host.node?.metadata.snapshot.localHostID == before)
    #expect(host.node?.metadata.snapshot.schema.keyspaces["k"] != nil)
    #expect(host.node?.metadata.snapshot.members.count == 3, "members are remembered over a restart")
    #expect(bench.settle())
  }

  @Test func aChangeIsEverywhereWhenItIsAnswered() {
    let bench = Bench(seed: 2)
    #expect(bench.settle())
    #expect(isSchemaChange(bench.ask(Self.makeKeyspace, host: 2)))
    #expect(bench.epochs() == [1, 1, 1])
    #expect(isSchemaChange(bench.ask("CREATE TABLE k.t (a int PRIMARY KEY)", host: 1)))
    #expect(bench.epochs() == [2, 2, 2])
  }

  @Test func theNextSeedOrdersAndTheFirstCatchesUp() {
    let bench = Bench(seed: 3)
    #expect(bench.settle())
    bench.cluster.hosts[0].kill()
    #expect(bench.cluster.run(seconds: 60, until: { !isAlive(bench, 0, seenBy: 2) }))
    #expect(isSchemaChange(bench.ask(Self.makeKeyspace, host: 2)))
    bench.cluster.hosts[0].start()
    #expect(bench.settle())
    #expect(bench.cluster.run(seconds: 60, until: { bench.epochs() == [1, 1, 1] }))
  }

  @Test func aSeedThatWasAwayOrdersNothingAlone() {
    let bench = Bench(seed: 6)
    #expect(bench.settle())
    bench.cluster.hosts[0].kill()
    #expect(bench.cluster.run(seconds: 60, until: { !isAlive(bench, 0, seenBy: 2) }))
    #expect(isSchemaChange(bench.ask(Self.makeKeyspace, host: 2)))
    for index in [1, 2] { bench.cluster.hosts[index].kill() }
    bench.cluster.hosts[0].start()
    let other = Self.makeKeyspace.replacing("KEYSPACE k", with: "KEYSPACE other")
    guard case .error(let refused)? = bench.ask(other, host: 0) else {
      Issue.record("a second schema of one epoch")
      return
    }
    #expect(refused.code == .unavailable)
    for index in [1, 2] { bench.cluster.hosts[index].start() }
    #expect(bench.settle())
    #expect(isSchemaChange(bench.ask(other, host: 0)))
    #expect(bench.epochs() == [2, 2, 2])
    for host in bench.cluster.hosts {
      #expect(host.node?.metadata.snapshot.schema.keyspaces.keys.sorted() == ["k", "other"])
    }
  }

  private func isAlive(_ bench: Bench, _ index: Int, seenBy observer: Int) -> Bool {
    guard let metadata = bench.cluster.hosts[observer].node?.metadata,
      let member = metadata.snapshot.members.first(where: { $0.address == bench.cluster.hosts[index].address })
    else { return false }
    return metadata.isAlive(member.hostID)
  }

  @Test func truncatedRowsDoNotComeBackWithANodeThatWasAway() {
    let bench = Bench(seed: 4)
    #expect(bench.settle())
    #expect(isSchemaChange(bench.ask(Self.makeKeyspace, host: 0)))
    #expect(isSchemaChange(bench.ask("CREATE TABLE k.t (a int PRIMARY KEY, b int)", host: 0)))
    for key in 0..<20 { #expect(bench.ask("INSERT INTO k.t (a, b) VALUES (\(key), 1)", host: 0) == .void) }
    bench.cluster.hosts[2].kill()
    #expect(bench.cluster.run(seconds: 60, until: { !isAlive(bench, 2, seenBy: 0) }))
    #expect(bench.ask("INSERT INTO k.t (a, b) VALUES (100, 1)", host: 0) == .void, "leaves a hint")
    #expect(bench.ask("TRUNCATE k.t", host: 0) == .void)
    #expect(bench.ask("INSERT INTO k.t (a, b) VALUES (7, 2)", host: 0) == .void)
    bench.cluster.hosts[2].start()
    #expect(bench.settle())
    #expect(bench.cluster.run(seconds: 60, until: { bench.cluster.isSettled && bench.epochs() == [3, 3, 3] }))
    for host in 0..<3 {
      guard case .rows(let rows)? = bench.ask("SELECT a, b FROM k.t", host: host, level: .one) else {
        Issue.record("no rows from node \(host + 1)")
        continue
      }
      #expect(rows.rows == [[[0, 0, 0, 7], [0, 0, 0, 2]]], "node \(host + 1)")
    }
  }

  @Test func aQuorumIsCountedByTheFactorNotByWhoIsThere() {
    let bench = Bench(seed: 5)
    #expect(bench.settle())
    #expect(isSchemaChange(bench.ask(Self.makeKeyspace, host: 0)))
    #expect(isSchemaChange(bench.ask("CREATE TABLE k.t (a int PRIMARY KEY)", host: 0)))
    for index in [1, 2] { bench.cluster.hosts[index].kill() }
    #expect(bench.cluster.run(seconds: 60, until: { !isAlive(bench, 1, seenBy: 0) && !isAlive(bench, 2, seenBy: 0) }))
    guard case .error(let refused)? = bench.ask("INSERT INTO k.t (a) VALUES (1)", host: 0) else {
      Issue.record("a quorum of one")
      return
    }
    #expect(refused.code == .unavailable)
    #expect(bench.ask("INSERT INTO k.t (a) VALUES (1)", host: 0, level: .one) == .void)
  }
}
