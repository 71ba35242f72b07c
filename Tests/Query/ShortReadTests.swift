// Reads at QUORUM where each replica missed some of the writes: what a limit cut off on one of them must not hide, nor
// bring back, what another one knows. Every answer is compared with that of one store that has everything.

import Base
import Coordinator
import Data
import Query
import Ring
import Testing

@Suite struct ShortReadTests {
  private static let table = "CREATE TABLE t (p int, c int, s int static, v int, PRIMARY KEY (p, c))"

  private final class Pair {
    let data: ReplicatedData
    let replicated: TestBed
    let model: TestBed

    init() throws {
      data = try ReplicatedData()
      replicated = TestBed(ShortReadTests.table, data: data)
      model = TestBed(ShortReadTests.table, data: try StoreReplica())
    }

    /// - Parameter missing: the replica that does not hear of it.
    func write(_ text: String, missing: Int?) {
      data.dead = missing.map { [data.hosts[$0]] } ?? []
      for bed in [replicated, model] {
        let failure = bed.error(text) { $0.consistency = .quorum }
        #expect(failure == "", "\(text)")
      }
    }

    /// - Parameter without: the replica that is not asked.
    func read(_ text: String, without: Int, pageSize: Int? = nil) -> (replicated: [String], model: [String]) {
      data.dead = [data.hosts[without]]
      func rows(_ bed: TestBed) -> [String] {
        guard let pageSize else { return bed.rows(text) { $0.consistency = .quorum } }
        return Self.pages(bed, text, size: pageSize).flatMap(\.self)
      }
      return (rows(replicated), rows(model))
    }

    private static func pages(_ bed: TestBed, _ text: String, size: Int) -> [[String]] {
      var pages: [[String]] = []
      var state: [UInt8]?
      repeat {
        let result = bed.result(text) {
          $0.consistency = .quorum
          $0.pageSize = size
          $0.pagingState = state
        }
        guard case .success(let success) = result, case .rows(let rows) = success.body else { return [["\(result)"]] }
        pages.append(TestBed.lines(success))
        state = rows.pagingState
      } while state != nil && pages.count < 1000
      return pages
    }
  }

  /// Replica 0 still has the row that 1 and 2 know to be deleted, and a limit of one ends its answer there.
  @Test func aRowThatOneReplicaDoesNotKnowToBeDeletedDoesNotTakeALivingOnesPlace() throws {
    let pair = try Pair()
    for c in 0..<4 { pair.write("INSERT INTO t (p, c, v) VALUES (1, \(c), \(c)) USING TIMESTAMP 10", missing: nil) }
    for c in 0..<3 { pair.write("DELETE FROM t USING TIMESTAMP 20 WHERE p = 1 AND c = \(c)", missing: 0) }
    #expect(pair.read("SELECT c FROM t WHERE p = 1 LIMIT 1", without: 2).replicated == ["3"])
    #expect((pair.data.counters?.repairs ?? 0) > 0)
    #expect((pair.data.counters?.digestMismatches ?? 0) > 0)
  }

  /// As above, each replica with other deletions missing, so that every limit is cut short more than once.
  @Test func deletionsSpreadOverReplicasAreAllFound() throws {
    let pair = try Pair()
    for c in 0..<12 { pair.write("INSERT INTO t (p, c, v) VALUES (1, \(c), \(c)) USING TIMESTAMP 10", missing: nil) }
    for c in 0..<9 { pair.write("DELETE FROM t USING TIMESTAMP 20 WHERE p = 1 AND c = \(c)", missing: c % 3) }
    for without in 0..<3 {
      for text in [
        "SELECT c FROM t WHERE p = 1 LIMIT 2", "SELECT c FROM t WHERE p = 1 ORDER BY c DESC LIMIT 5",
        "SELECT c FROM t PER PARTITION LIMIT 2", "SELECT DISTINCT p FROM t LIMIT 1",
      ] {
        let (replicated, model) = pair.read(text, without: without)
        #expect(replicated == model, "\(text) without \(without)")
      }
    }
    #expect((pair.data.counters?.shortReads ?? 0) > 0)
  }

  /// What a quorum read has shown stands on a quorum: it is there whichever replica is away next.
  @Test func whatWasReadOnceIsReadAgain() throws {
    let pair = try Pair()
    // One replica alone has it: a write that failed, and yet may be seen.
    pair.data.dead = [pair.data.hosts[1], pair.data.hosts[2]]
    #expect(pair.replicated.error("INSERT INTO t (p, c, v) VALUES (1, 1, 7)") { $0.consistency = .one } == "")
    let seen = pair.read("SELECT v FROM t WHERE p = 1 AND c = 1", without: 2).replicated
    #expect(seen == ["7"])
    for without in 0..<3 {
      #expect(pair.read("SELECT v FROM t WHERE p = 1 AND c = 1", without: without).replicated == ["7"])
    }
  }

  @Test func repliesThatAgreeAreDigestsAndNobodyIsRepaired() throws {
    let pair = try Pair()
    pair.write("INSERT INTO t (p, c, v) VALUES (1, 1, 1)", missing: nil)
    let before = (data: pair.data.dataReads, digests: pair.data.digestReads)
    for _ in 0..<10 { _ = pair.read("SELECT v FROM t WHERE p = 1 AND c = 1", without: 2) }
    #expect(pair.data.dataReads - before.data == 10)
    #expect(pair.data.digestReads - before.digests == 10)
    #expect(pair.data.counters?.repairs == 0)
  }

  @Test(arguments: [3, 7, 8, 9, 12, 35, 91, 134, 181, 201, 202, 203] as [UInt64])
  func aQuorumReadsWhatOneReplicaWithEverythingWouldAnswer(seed: UInt64) throws {
    let pair = try Pair()
    var random = SeededGenerator(seed: seed)
    for step in 1...120 {
      let missing = random.below(4)
      pair.write(Self.change(&random, timestamp: step * 10), missing: missing < 3 ? missing : nil)
      guard step % 4 == 0 else { continue }
      let text = Self.query(&random)
      let pageSize = random.below(2) == 0 ? nil : 1 + random.below(4)
      let without = random.below(3)
      let (replicated, model) = pair.read(text, without: without, pageSize: pageSize)
      #expect(
        replicated == model,
        "seed \(seed) step \(step): \(text) pages of \(pageSize.map { "\($0)" } ?? "all") without \(without)")
    }
    #expect((pair.data.counters?.repairs ?? 0) > 0)
  }

  private static func change(_ random: inout SeededGenerator, timestamp: Int) -> String {
    let p = random.below(4)
    let c = random.below(8)
    switch random.below(12) {
    case 0...5: return "INSERT INTO t (p, c, v) VALUES (\(p), \(c), \(timestamp)) USING TIMESTAMP \(timestamp)"
    case 6, 7: return "DELETE FROM t USING TIMESTAMP \(timestamp) WHERE p = \(p) AND c = \(c)"
    case 8:
      let end = c + 1 + random.below(4)
      return "DELETE FROM t USING TIMESTAMP \(timestamp) WHERE p = \(p) AND c >= \(c) AND c < \(end)"
    case 9: return "DELETE FROM t USING TIMESTAMP \(timestamp) WHERE p = \(p)"
    case 10: return "UPDATE t USING TIMESTAMP \(timestamp) SET s = \(timestamp) WHERE p = \(p)"
    default: return "DELETE s FROM t USING TIMESTAMP \(timestamp) WHERE p = \(p)"
    }
  }

  private static func query(_ random: inout SeededGenerator) -> String {
    let limit = 1 + random.below(6)
    let p = random.below(4)
    switch random.below(9) {
    case 0: return "SELECT p, c, s, v FROM t WHERE p = \(p) LIMIT \(limit)"
    case 1: return "SELECT p, c, s, v FROM t WHERE p = \(p) ORDER BY c DESC LIMIT \(limit)"
    case 2: return "SELECT p, c, s, v FROM t LIMIT \(limit)"
    case 3: return "SELECT p, c, s, v FROM t PER PARTITION LIMIT \(1 + random.below(3))"
    case 4: return "SELECT p, c, s, v FROM t PER PARTITION LIMIT \(1 + random.below(3)) LIMIT \(limit)"
    case 5: return "SELECT DISTINCT p, s FROM t LIMIT \(limit)"
    case 6: return "SELECT p, c, s, v FROM t WHERE p IN (0, 1, 2, 3) LIMIT \(limit)"
    case 7: return "SELECT p, c, v FROM t WHERE p = \(p) AND c > \(random.below(6)) LIMIT \(limit)"
    default: return "SELECT p, c, s, v FROM t"
    }
  }
}
