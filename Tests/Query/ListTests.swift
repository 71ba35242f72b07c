// Lists whose elements are changed by place or value are read before they are written.

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
}
