import Base
import Data
import Testing

@testable import CQL

@Suite struct PlanTests {
  private func plan(_ text: String, _ values: [BoundValue] = []) throws -> SelectPlan {
    guard case .select(let select) = try bind(text, standardSchema()).body else { fatalError("\(text)") }
    return try select.plan(context(values))
  }

  private func int(_ value: Int32) -> BoundValue { .bytes(Values.int(value)) }

  /// Which of the rows (b, c) in 0...3 a plan's ranges hold, with all of `columns` int.
  private func rows(_ ranges: [ClusteringRange], _ columns: [Column]) throws -> [[Int32]] {
    var found: [[Int32]] = []
    for first in Int32(0)...3 {
      for second in Int32(0)...3 {
        var bytes: [UInt8] = []
        try ClusteringCodec.encode(
          Values.int(first), type: .int, isDescending: columns[0].isDescending, to: &bytes)
        try ClusteringCodec.encode(
          Values.int(second), type: .int, isDescending: columns[1].isDescending, to: &bytes)
        if ranges.contains(where: { $0.contains(bytes) }) { found.append([first, second]) }
      }
    }
    return found
  }

  /// Each operator over one and two columns, against the rows that a reader would pick by hand.
  @Test(arguments: ["t", "mixed"])
  func rangesHoldTheRightRows(_ name: String) throws {
    let isMixed = name == "mixed"
    let (key, x, y) = isMixed ? ("k", "a", "b") : ("a", "b", "c")
    let table = try #require(try standardSchema().table("ks", name))
    let columns = Array(table.clustering.prefix(2))
    let tests: [(String, (Int32, Int32) -> Bool)] = [
      ("\(x) = 1", { a, _ in a == 1 }), ("\(x) > 1", { a, _ in a > 1 }), ("\(x) >= 1", { a, _ in a >= 1 }),
      ("\(x) < 2", { a, _ in a < 2 }), ("\(x) <= 2", { a, _ in a <= 2 }),
      ("\(x) > 0 AND \(x) <= 2", { a, _ in a > 0 && a <= 2 }),
      ("\(x) = 1 AND \(y) = 2", { $0 == 1 && $1 == 2 }), ("\(x) = 1 AND \(y) > 1", { $0 == 1 && $1 > 1 }),
      ("\(x) = 1 AND \(y) <= 1", { $0 == 1 && $1 <= 1 }),
      ("\(x) = 2 AND \(y) >= 1 AND \(y) < 3", { $0 == 2 && $1 >= 1 && $1 < 3 }),
      ("\(x) IN (3, 1, 1)", { a, _ in a == 1 || a == 3 }),
      ("\(x) IN (0, 2) AND \(y) IN (1, 3)", { [0, 2].contains($0) && [1, 3].contains($1) }),
      ("\(x) IN (0, 2) AND \(y) > 2", { [0, 2].contains($0) && $1 > 2 }),
      ("(\(x), \(y)) > (1, 2)", { ($0, $1) > (1, 2) }), ("(\(x), \(y)) >= (1, 2)", { ($0, $1) >= (1, 2) }),
      ("(\(x), \(y)) < (2, 1)", { ($0, $1) < (2, 1) }), ("(\(x), \(y)) <= (2, 1)", { ($0, $1) <= (2, 1) }),
      ("(\(x), \(y)) > (0, 2) AND (\(x), \(y)) <= (2, 2)", { ($0, $1) > (0, 2) && ($0, $1) <= (2, 2) }),
      ("(\(x), \(y)) > (0, 2) AND (\(x)) < (2)", { ($0, $1) > (0, 2) && $0 < 2 }),
      ("(\(x), \(y)) = (1, 3)", { $0 == 1 && $1 == 3 }),
      ("(\(x), \(y)) IN ((1, 3), (0, 0))", { ($0, $1) == (1, 3) || ($0, $1) == (0, 0) }),
      ("\(x) > 2 AND \(x) < 1", { _, _ in false }),
    ]
    for (text, isWanted) in tests {
      let plan = try plan("SELECT * FROM \(name) WHERE \(key) = 1 AND \(text)")
      var wanted: [[Int32]] = []
      for first in Int32(0)...3 {
        for second in Int32(0)...3 where isWanted(first, second) { wanted.append([first, second]) }
      }
      #expect(try rows(plan.ranges, columns) == wanted, "\(name): \(text)")
      for (a, b) in zip(plan.ranges, plan.ranges.dropFirst()) {
        #expect(!b.start.lexicographicallyPrecedes(a.end), "ranges overlap: \(text)")
      }
    }
  }

  @Test func namesPartitionsOnceInOrder() throws {
    let several = try plan("SELECT * FROM two WHERE p IN (1, 2, 1) AND q IN ('x', 'y')")
    guard case .partitions(let keys) = several.scope else {
      Issue.record("no partitions")
      return
    }
    #expect(keys.count == 4)
    let first = try PartitionKeyCodec.decode(keys[0].bytes, columns: 2)
    #expect(first == [Values.int(1), Values.text("x")])
    #expect(Set(keys).count == 4)
    let one = try plan("SELECT * FROM two WHERE p = ? AND q = ?", [int(5), .bytes(Values.text("ab"))])
    guard case .partitions(let single) = one.scope else {
      Issue.record("no partitions")
      return
    }
    #expect(single.map(\.bytes) == [[0, 4, 0, 0, 0, 5, 0, 0, 2, 0x61, 0x62, 0]])
    #expect(one.ranges == [.all])
  }

  @Test func readsTokenRanges() throws {
    func ranges(_ text: String) throws -> [TokenRange] {
      guard case .tokens(let ranges) = try plan("SELECT * FROM kv \(text)").scope else { return [] }
      return ranges
    }
    #expect(try ranges("") == [.all])
    #expect(try ranges("WHERE token(k) > 10 AND token(k) <= 20") == [TokenRange(first: 11, last: 20)])
    #expect(try ranges("WHERE token(k) >= 10 AND token(k) < 20") == [TokenRange(first: 10, last: 19)])
    #expect(try ranges("WHERE token(k) > 20 AND token(k) < 10") == [])
    #expect(try ranges("WHERE token(k) > 9223372036854775807") == [])
    #expect(try ranges("WHERE token(k) > 5 AND token(k) <= -9223372036854775808") == [TokenRange(first: 6, last: .max)])
  }

  @Test(arguments: [
    ("SELECT * FROM kv WHERE k = ?", BoundValue.null, "Invalid null value in condition for column k"),
    ("SELECT * FROM kv WHERE k = ?", .unset, "Invalid unset value for column k"),
    ("SELECT * FROM kv WHERE k = ?", .bytes([]), "Key may not be empty"),
    (
      "SELECT * FROM kv WHERE k = ?", .bytes([UInt8](repeating: 65, count: 65_536)),
      "Key length of 65536 is longer than maximum of 65535"
    ),
    ("SELECT * FROM kv WHERE k = ?", .bytes([0xFF]), "String didn't validate."),
    ("SELECT * FROM t WHERE a = ?", .bytes([1, 2, 3, 4, 5]), "Expected 4 or 0 byte int (5)"),
    ("SELECT * FROM kv LIMIT ?", .bytes([0, 0, 0, 0]), "LIMIT must be strictly positive"),
    (
      "SELECT * FROM kv PER PARTITION LIMIT ?", .bytes([255, 255, 255, 255]),
      "LIMIT must be strictly positive"
    ),
    ("SELECT * FROM kv WHERE k IN ?", .bytes([0, 0, 0, 1]), "Not enough bytes to read a list"),
    ("SELECT * FROM kv WHERE k IN ?", .null, "Invalid null value for IN restriction"),
  ])
  func refusesValues(_ text: String, _ value: BoundValue, _ expected: String) {
    #expect(outcome { _ = try plan(text, [value]) } == expected)
  }

  @Test func filtersRows() throws {
    guard
      case .select(let select) = try bind(
        "SELECT v FROM kv WHERE n >= 3 AND v IN ('x', 'y') ALLOW FILTERING", standardSchema()
      ).body
    else {
      Issue.record("no select")
      return
    }
    let filter = try select.plan(context()).filter
    let slots = select.fetched.map(\.name)
    func row(_ v: String?, _ n: Int32?) -> RowValues {
      RowValues(values: slots.map { $0 == "v" ? v.map(Values.text) : n.map { Values.int($0) } })
    }
    #expect(filter.matches(row("x", 3)))
    #expect(!filter.matches(row("x", 2)))
    #expect(!filter.matches(row("z", 4)))
    #expect(!filter.matches(row(nil, 4)))
    #expect(select.fetched.count == 2)
  }

  @Test func evaluatesSelectors() throws {
    guard
      case .select(let select) = try bind(
        "SELECT m['x'], s[3], k + 1, -k, cast(k AS text), toJson(m), (int) 5, token(1) FROM coll", standardSchema()
      ).body
    else {
      Issue.record("no select")
      return
    }
    let values: [String: [UInt8]] = [
      "k": Values.int(4), "s": Values.collection([Values.int(2), Values.int(3)]),
      "m": Values.map(alternating: [Values.text("x"), Values.int(9)]),
    ]
    let row = RowValues(values: select.fetched.map { values[$0.name] })
    let results = try zip(select.selectors, select.columns).map { $1.type.text(of: try $0.evaluate(row, context())) }
    #expect(results == ["9", "3", "5", "-4", "4", "{\"x\": 9}", "5", "3694085"])
  }

  @Test func aggregates() throws {
    guard
      case .select(let select) = try bind(
        "SELECT count(*), count(n), min(n), max(n), sum(n), avg(n), max(v), k FROM kv", standardSchema()
      ).body
    else {
      Issue.record("no select")
      return
    }
    var aggregation = Aggregation(select)
    for (n, v) in [(Int32?(3), "b"), (nil, "c"), (-1, "a")] {
      let row = RowValues(
        values: select.fetched.map {
          $0.name == "n" ? n.map { Values.int($0) } : Values.text($0.name == "v" ? v : "key")
        })
      try aggregation.add(row, context())
    }
    let texts = zip(try aggregation.finish(context()), select.columns).map { $1.type.text(of: $0) }
    #expect(texts == ["3", "2", "-1", "3", "2", "1", "c", "key"])
    let none = zip(try Aggregation(select).finish(context()), select.columns).map { $1.type.text(of: $0) }
    #expect(none == ["0", "0", "null", "null", "0", "0", "null", "null"])
  }

  @Test func showsRowsAsJSON() throws {
    guard case .select(let select) = try bind("SELECT JSON k, v AS \"V\", n FROM kv", standardSchema()).body else {
      Issue.record("no select")
      return
    }
    let json = select.json([Values.text("a\"b"), nil, Values.int(3)])
    #expect(String(decoding: json, as: UTF8.self) == #"{"k": "a\"b", "\"V\"": null, "n": 3}"#)
  }
}
