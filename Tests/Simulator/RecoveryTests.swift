// What whole nodes make up for: batches of a coordinator that died, writes that a node missed.

import Base
import Data
import Frames
import Ring
import Testing

@testable import Simulator
@testable import Workloads

@Suite struct RecoveryTests {
  private func bench(seed: UInt64) -> ClusterTests.Bench {
    let bench = ClusterTests.Bench(seed: seed)
    #expect(bench.settle())
    for statement in [ClusterTests.makeKeyspace, "CREATE TABLE k.t (a int PRIMARY KEY, b text)"] {
      guard case .schemaChange? = bench.ask(statement, host: 0) else {
        Issue.record("\(statement) failed")
        continue
      }
    }
    return bench
  }

  private func rows(_ bench: ClusterTests.Bench, host: Int, level: Consistency) -> Int? {
    guard case .rows(let answer)? = bench.ask("SELECT a FROM k.t", host: host, level: level) else { return nil }
    return answer.rows.count
  }

  /// Sends a batch to the first node and kills it once the two others hold the batch, before it knows that they do.
  private func killBetweenLogAndMutations(_ bench: ClusterTests.Bench) {
    let batch =
      "BEGIN BATCH INSERT INTO k.t (a, b) VALUES (1, 'x'); INSERT INTO k.t (a, b) VALUES (2, 'x'); APPLY BATCH"
    let request = Request.query(batch, QueryParameters(consistency: Consistency.quorum.rawValue))
    let endpoint = bench.cluster.hosts[0].cqlEndpoint
    bench.process.perform { [client = bench.client] in client.send(request, to: endpoint) { _ in } }
    let holders = bench.cluster.hosts.dropFirst()
    #expect(bench.cluster.run(seconds: 10, until: { holders.allSatisfy { $0.node?.batchlog.count == 1 } }))
    bench.cluster.hosts[0].kill()
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func aBatchWhoseCoordinatorDiedIsFinishedByItsHolders(seed: UInt64) {
    let bench = bench(seed: seed)
    killBetweenLogAndMutations(bench)
    #expect(rows(bench, host: 1, level: .quorum) == 0)
    let holders = bench.cluster.hosts.dropFirst()
    #expect(bench.cluster.run(seconds: 30, until: { holders.allSatisfy { $0.node?.batchlog.count == 0 } }))
    #expect(rows(bench, host: 1, level: .quorum) == 2)
    // The dead one has hints for it, and gets them.
    bench.cluster.hosts[0].start()
    #expect(bench.cluster.run(seconds: 60, until: { bench.cluster.isWhole && bench.cluster.isSettled }))
    for host in [1, 2] { bench.cluster.hosts[host].kill() }
    #expect(rows(bench, host: 0, level: .one) == 2)
  }

  @Test func aBatchOutlivesItsHoldersRestart() {
    let bench = bench(seed: 4)
    killBetweenLogAndMutations(bench)
    for host in [1, 2] { bench.cluster.hosts[host].kill() }
    bench.cluster.startAll()
    #expect(bench.cluster.run(seconds: 120, until: { bench.cluster.isWhole && bench.cluster.isSettled }))
    #expect(rows(bench, host: 0, level: .all) == 2)
    #expect(bench.cluster.hosts.contains { ($0.node?.batchlog.counters.replayed ?? 0) > 0 })
  }

  @Test func aBatchWithoutLivingHoldersIsRefusedInCassandrasWords() {
    let bench = bench(seed: 5)
    for host in [1, 2] { bench.cluster.hosts[host].kill() }
    let metadata = bench.cluster.hosts[0].node?.metadata
    #expect(
      bench.cluster.run(
        seconds: 60, until: { metadata?.snapshot.members.count { metadata?.isAlive($0.hostID) ?? false } == 1 }))
    let batch = "BEGIN BATCH INSERT INTO k.t (a) VALUES (1); INSERT INTO k.t (a) VALUES (2); APPLY BATCH"
    guard case .error(let error)? = bench.ask(batch, host: 0, level: .one) else {
      Issue.record("a batch without holders was not refused")
      return
    }
    #expect(
      error.message == "Cannot achieve consistency level TWO for batchlog in local DC, required:2, available:0")
    #expect(rows(bench, host: 0, level: .one) == 0)
  }

  @Test func hintsBringANodeUpToDate() {
    let bench = bench(seed: 6)
    bench.cluster.hosts[2].kill()
    for key in 0..<20 {
      guard case .void? = bench.ask("INSERT INTO k.t (a) VALUES (\(key))", host: key % 2) else {
        Issue.record("write \(key)")
        continue
      }
    }
    bench.cluster.hosts[2].start()
    #expect(bench.cluster.run(seconds: 60, until: { bench.cluster.isWhole && bench.cluster.isSettled }))
    for host in [0, 1] { bench.cluster.hosts[host].kill() }
    #expect(rows(bench, host: 2, level: .one) == 20)
  }
}
