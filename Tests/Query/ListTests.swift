// Lists whose elements are changed by place or value are read before they are written.

import Data
import Testing

@testable import Query

@Suite struct ListTests {
  static func bed() -> TestBed {
    TestBed(
      "CREATE TABLE l (k int PRIMARY KEY, v list<text>, n int)",
      "CREATE TABLE s (k int, c int, v list<int> static, r list<int>, PRIMARY KEY (k, c))")
  }

  @Test func changesByPlaceAndValue() {
    let bed = Self.bed()
    _ = bed.rows("INSERT INTO l (k, v) VALUES (1, ['a', 'b', 'c', 'b'])")
    _ = bed.rows("UPDATE l SET v[0] = 'x', n = 5 WHERE k = 1")
    #expect(bed.rows("SELECT v, n FROM l") == ["['x', 'b', 'c', 'b']|5"])
    _ = bed.rows("UPDATE l SET v = v - ['b'] WHERE k = 1")
    #expect(bed.rows("SELECT v FROM l") == ["['x', 'c']"])
    _ = bed.rows("UPDATE l SET v = ['first'] + v WHERE k = 1")
    _ = bed.rows("UPDATE l SET v += ['last'] WHERE k = 1")
    _ = bed.rows("DELETE v[2] FROM l WHERE k = 1")
    #expect(bed.rows("SELECT v FROM l") == ["['first', 'x', 'last']"])
    #expect(bed.error("UPDATE l SET v[3] = 'y' WHERE k = 1") == "invalid: List index 3 out of bound, list has size 3")
    #expect(
      bed.error("UPDATE l SET v[0] = 'y' WHERE k = 2")
        == "invalid: Attempted to set an element on a list which is null")
    #expect(bed.error("UPDATE l SET v = v - ['b'] WHERE k = 2") == "")
  }

  @Test func staticAndClusteredLists() {
    let bed = Self.bed()
    _ = bed.rows("INSERT INTO s (k, c, v, r) VALUES (1, 1, [1, 2], [3, 4])")
    _ = bed.rows("INSERT INTO s (k, c, r) VALUES (1, 2, [5])")
    _ = bed.rows("UPDATE s SET v[1] = 9 WHERE k = 1")
    _ = bed.rows("UPDATE s SET r = r - [3] WHERE k = 1 AND c = 1")
    #expect(bed.rows("SELECT c, v, r FROM s") == ["1|[1, 9]|[4]", "2|[1, 9]|[5]"])
  }

  /// What Cassandra 5.0.6 answers: every statement of a batch sees the lists as they were before it.
  @Test func listsAreChangedByPlaceInBatchesAndInSeveralRows() throws {
    let bed = TestBed(
      "CREATE TABLE t (p int, c int, l list<int>, s list<int> static, PRIMARY KEY (p, c))",
      "INSERT INTO t (p, c, l) VALUES (5, 1, [1, 2, 3])", "INSERT INTO t (p, c, l) VALUES (5, 2, [7, 8])")
    let batch =
      "BEGIN BATCH UPDATE t SET l = l - [2] WHERE p = 5 AND c = 1; DELETE l[0] FROM t WHERE p = 5 AND c = 1;"
      + " APPLY BATCH"
    #expect(bed.rows(batch) == ["void"])
    #expect(bed.rows("SELECT l FROM t WHERE p = 5 AND c = 1") == ["[3]"])
    #expect(bed.rows("UPDATE t SET l[0] = 9 WHERE p = 5 AND c IN (1, 2)") == ["void"])
    #expect(bed.rows("SELECT l FROM t WHERE p = 5") == ["[9]", "[9, 8]"])
    #expect(
      bed.error("UPDATE t SET l[0] = 9 WHERE p = 5 AND c IN (1, 77)")
        == "invalid: Attempted to set an element on a list which is null")
    // A static list and a row's in one statement.
    _ = bed.rows("UPDATE t SET s = [1, 2] WHERE p = 5")
    #expect(bed.rows("UPDATE t SET s[1] = 4, l[1] = 6 WHERE p = 5 AND c = 2") == ["void"])
    #expect(bed.rows("SELECT s, l FROM t WHERE p = 5") == ["[1, 4]|[9]", "[1, 4]|[9, 6]"])
    // A BATCH frame, with a member whose list another partition holds.
    var failure: QueryFailure?
    bed.engine.batch(
      .unlogged,
      [
        .text("UPDATE t SET l[0] = ? WHERE p = 5 AND c = 1", .positional([.bytes(Values.int(3))])),
        .text("DELETE l[0] FROM t WHERE p = 6 AND c = 1", .positional([])),
      ], QueryOptions(keyspace: "k")
    ) { if case .failure(let reason) = $0 { failure = reason } }
    #expect(failure == .invalid("Attempted to delete an element from a list which is null"))
    #expect(bed.rows("SELECT l FROM t WHERE p = 5 AND c = 1") == ["[9]"])
  }
}
