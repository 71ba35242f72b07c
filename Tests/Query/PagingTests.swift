import Base
import Data
import Ring
import Testing

@testable import Query

@Suite struct PagingTests {
  /// Every page size and every kind of statement: the pages together are the answer, and no page but the last is short.
  @Test(arguments: [
    "SELECT p, c FROM t", "SELECT p, c FROM t WHERE p = 1", "SELECT p, c FROM t WHERE p = 1 ORDER BY c DESC",
    "SELECT p, c FROM t WHERE p IN (0, 1, 2)", "SELECT p, c FROM t PER PARTITION LIMIT 2",
    "SELECT p, c FROM t LIMIT 11", "SELECT DISTINCT p FROM t", "SELECT p, c FROM t WHERE c > 3 ALLOW FILTERING",
    "SELECT p, c FROM t WHERE p = 1 AND c IN (1, 3, 5, 6)",
    "SELECT p, c FROM t WHERE p IN (0, 2) PER PARTITION LIMIT 3",
    "SELECT p, c FROM t WHERE p = 1 AND c > 1 AND c < 8 ORDER BY c DESC",
    "SELECT p, s FROM t PER PARTITION LIMIT 3 LIMIT 7", "SELECT p, c FROM t WHERE v = 'v15' ALLOW FILTERING",
  ])
  func pagesJoinToTheWhole(_ statement: String) {
    let bed = SelectTests.series(9)
    _ = bed.rows("UPDATE t SET s = 'alone' WHERE p = 8")
    _ = bed.rows("DELETE FROM t WHERE p = 1 AND c = 4")
    let whole = bed.rows(statement)
    #expect(!whole.isEmpty)
    for size in [1, 2, 3, 4, 7, 8, 9, 10, 100] {
      let pages = bed.pages(statement, size: size)
      #expect(pages.flatMap { $0 } == whole, "\(statement), pages of \(size)")
      for page in pages.dropLast() { #expect(page.count == size, "\(statement), pages of \(size): \(pages)") }
    }
  }

  @Test func aPageThatIsExactlyFullIsTheLast() {
    let bed = SelectTests.series(4)
    #expect(bed.pages("SELECT c FROM t WHERE p = 1", size: 4).count == 1)
    #expect(bed.pages("SELECT c FROM t WHERE p = 1", size: 2).count == 2)
    #expect(bed.pages("SELECT c FROM t", size: 12).count == 1)
    #expect(bed.pages("SELECT c FROM t LIMIT 6", size: 3).count == 2)
    #expect(bed.pages("SELECT c FROM t LIMIT 6", size: 6).count == 1)
  }

  @Test func rowsThatComeAndGoBetweenPages() throws {
    let bed = SelectTests.series(4)
    let first = try bed.result("SELECT c FROM t WHERE p = 1", { $0.pageSize = 2 }).get()
    guard case .rows(let rows) = first.body, let state = rows.pagingState else {
      Issue.record("no second page")
      return
    }
    _ = bed.rows("DELETE FROM t WHERE p = 1 AND c <= 2")
    _ = bed.rows("INSERT INTO t (p, c) VALUES (1, 9)")
    #expect(
      bed.rows(
        "SELECT c FROM t WHERE p = 1",
        {
          $0.pageSize = 5
          $0.pagingState = state
        }) == ["3", "9"])
  }

  @Test func forgedStatesAreRefused() throws {
    let bed = SelectTests.series(4)
    let first = try bed.result("SELECT c FROM t WHERE p = 1", { $0.pageSize = 2 }).get()
    guard case .rows(let rows) = first.body, let state = rows.pagingState else {
      Issue.record("no second page")
      return
    }
    let refusal = ["protocol: Invalid value for the paging state"]
    var generator = SeededGenerator(seed: 1)
    for round in 0..<500 {
      var forged = state
      switch round % 3 {
      case 0: forged[generator.below(forged.count)] ^= UInt8(1 + generator.below(255))
      case 1: forged.removeLast(1 + generator.below(forged.count))
      default: forged = (0..<generator.below(80)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      }
      #expect(bed.rows("SELECT c FROM t WHERE p = 1", { $0.pagingState = forged }) == refusal, "seed 1, round \(round)")
    }
    _ = bed.rows("CREATE TABLE other (p int PRIMARY KEY)")
    #expect(bed.rows("SELECT * FROM other", { $0.pagingState = state }) == refusal)
  }

  @Test func aStateWithNothingLeftIsRefused() throws {
    let bed = SelectTests.series(6)
    let statement = "SELECT c FROM t WHERE p = 1 LIMIT 4"
    let first = try bed.result(statement, { $0.pageSize = 1 }).get()
    guard case .rows(let rows) = first.body, let state = rows.pagingState else {
      Issue.record("no second page")
      return
    }
    // What is left of LIMIT is the last byte before the seal.
    var forged = Array(state.dropLast(PagingSeal.bytes))
    #expect(forged.last == 3)
    forged[forged.count - 1] = 0
    #expect(throws: DecodeError.self) { try PagingState(decoding: forged) }
  }

  @Test func aStateIsOneStatementsAndOneClusters() throws {
    let bed = SelectTests.series(6)
    let statement = "SELECT c FROM t WHERE p = 1"
    let state = try #require(Self.state(bed.result(statement) { $0.pageSize = 2 }))
    let refusal = ["protocol: Invalid value for the paging state"]
    // Another text over the same table.
    #expect(bed.rows("SELECT c FROM t WHERE p = 1 ALLOW FILTERING", { $0.pagingState = state }) == refusal)
    // A node of the same cluster goes on; one of a cluster with another secret does not.
    #expect(Self.bed(secret: 7).rows(statement, { $0.pagingState = state }) == ["2", "3", "4", "5"])
    #expect(Self.bed(secret: 8).rows(statement, { $0.pagingState = state }) == refusal)
    // The same whether the statement was prepared or not.
    let prepared = try bed.engine.prepare(statement, keyspace: "k")
    var options = QueryOptions(keyspace: "k")
    options.pagingState = state
    var lines: [String] = []
    bed.engine.execute(id: prepared.id.bytes, options) {
      if case .success(let result) = $0 { lines = TestBed.lines(result) }
    }
    #expect(lines == ["2", "3", "4", "5"])
  }

  private static func state(_ result: Result<QueryResult, QueryFailure>) -> [UInt8]? {
    guard case .success(let result) = result, case .rows(let rows) = result.body else { return nil }
    return rows.pagingState
  }

  private static func bed(secret: UInt8) -> TestBed {
    let bed = TestBed("CREATE TABLE t (p int, c int, v text, PRIMARY KEY (p, c))", secret: secret)
    for row in 0..<6 { _ = bed.rows("INSERT INTO t (p, c, v) VALUES (1, \(row), 'v')") }
    return bed
  }

  @Test func anyBytesAreAStateOrAnError() throws {
    let state = PagingState(
      table: UUID(random: 1, 2),
      cursor: ReadCursor(key: PartitionKey(token: Murmur3.token(of: [1]), bytes: [1]), clustering: [2]),
      limit: 5, perPartitionLimit: 6, hasLiveRow: true)
    #expect(try PagingState(decoding: state.encoded) == state)
    var generator = SeededGenerator(seed: 3)
    for round in 0..<2000 {
      var bytes = state.encoded
      bytes[generator.below(bytes.count)] = UInt8(truncatingIfNeeded: generator.next())
      if round % 2 == 0 { bytes.removeLast(generator.below(bytes.count)) }
      guard let found = try? PagingState(decoding: bytes) else { continue }
      #expect(found.encoded == bytes, "seed 3, round \(round)")
    }
  }

  @Test func sortedAcrossPartitionsCannotBePaged() {
    let bed = SelectTests.series(4)
    let statement = "SELECT c FROM t WHERE p IN (0, 1) ORDER BY c"
    #expect(bed.error(statement, { $0.pageSize = 2 }).hasPrefix("invalid: Cannot page queries with both ORDER BY"))
    #expect(bed.rows(statement) == ["0", "0", "1", "1", "2", "2", "3", "3"])
    #expect(bed.rows(statement + " LIMIT 3", { $0.pageSize = 5 }) == ["0", "0", "1"])
  }
}
