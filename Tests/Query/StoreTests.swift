import Base
import Query
import Testing

/// The same statements through the real store and through the plain model give the same answers.
@Suite struct StoreTests {
  private static let tables = [
    "CREATE TABLE t (p int, c int, d text, v int, w text, s int static, m map<text, int>, PRIMARY KEY (p, c, d))"
      + " WITH CLUSTERING ORDER BY (c DESC, d ASC)",
    "CREATE TABLE u (k text PRIMARY KEY, a int, l list<int>, g set<text>)",
  ]

  private static func write(_ generator: inout SeededGenerator) -> String {
    let p = generator.below(4)
    let c = generator.below(5)
    let d = ["a", "b", "bb"][generator.below(3)]
    let v = generator.below(100)
    let key = "k\(generator.below(6))"
    let row = "p = \(p) AND c = \(c) AND d = '\(d)'"
    switch generator.below(18) {
    case 0...3: return "INSERT INTO t (p, c, d, v, w) VALUES (\(p), \(c), '\(d)', \(v), 'w\(v)')"
    case 4: return "INSERT INTO t (p, c, d, v) VALUES (\(p), \(c), '\(d)', \(v)) USING TTL \(1 + generator.below(20))"
    case 5: return "UPDATE t SET v = \(v), m['\(d)'] = \(v) WHERE \(row)"
    case 6: return "UPDATE t SET m = m + {'x\(c)': \(v)} WHERE \(row)"
    case 7: return "UPDATE t SET s = \(v) WHERE p = \(p)"
    case 8: return "DELETE FROM t WHERE \(row)"
    case 9: return "DELETE v, m FROM t WHERE \(row)"
    case 10: return "DELETE FROM t WHERE p = \(p) AND c > \(c)"
    case 11: return "DELETE FROM t WHERE p = \(p) AND c = \(c)"
    case 12: return generator.oneIn(3) ? "DELETE FROM t WHERE p = \(p)" : "DELETE s FROM t WHERE p = \(p)"
    case 13: return "INSERT INTO u (k, a, l, g) VALUES ('\(key)', \(v), [\(v)], {'g\(c)'})"
    case 14: return "UPDATE u SET l = l + [\(v)], g = g + {'g\(v)'} WHERE k = '\(key)'"
    case 15: return "UPDATE u SET a = null, g = g - {'g\(c)'} WHERE k = '\(key)'"
    case 16: return "DELETE FROM u WHERE k = '\(key)'"
    default:
      return "BEGIN BATCH UPDATE t SET v = \(v) WHERE \(row); UPDATE t SET s = \(c) WHERE p = \(p);"
        + " DELETE w FROM t WHERE \(row); APPLY BATCH"
    }
  }

  private static func read(_ generator: inout SeededGenerator) -> String {
    let p = generator.below(4)
    let c = generator.below(5)
    switch generator.below(14) {
    case 0: return "SELECT * FROM t"
    case 1: return "SELECT * FROM t WHERE p = \(p)"
    case 2: return "SELECT * FROM t WHERE p = \(p) ORDER BY c ASC, d DESC"
    case 3: return "SELECT c, d, v FROM t WHERE p = \(p) AND c >= \(c)"
    case 4: return "SELECT c, d, m FROM t WHERE p = \(p) AND c IN (\(c), 1) AND d > 'a'"
    case 5: return "SELECT * FROM t WHERE p = \(p) AND c < \(c) ORDER BY c LIMIT \(1 + generator.below(4))"
    case 6: return "SELECT p, c, v FROM t PER PARTITION LIMIT \(1 + generator.below(3))"
    case 7: return "SELECT DISTINCT p, s FROM t"
    case 8: return "SELECT * FROM t WHERE v > 50 ALLOW FILTERING"
    case 9: return "SELECT p, count(*), max(v) FROM t GROUP BY p"
    case 10: return "SELECT * FROM u"
    case 11: return "SELECT * FROM u WHERE k IN ('k0', 'k1', 'k\(c)')"
    case 12: return "SELECT v, ttl(v), writetime(v) FROM t WHERE p = \(p)"
    default: return "SELECT p, c, d FROM t WHERE token(p) > \(c == 0 ? "-" : "")\(generator.next() >> 1)"
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4])
  func storeAndModelAgree(_ seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let model = TestBed()
    let real = TestBed(data: try StoreReplica())
    for table in Self.tables {
      #expect(model.error(table) == "")
      #expect(real.error(table) == "")
    }
    var answered = 0
    for step in 0..<400 {
      if generator.oneIn(3) {
        let statement = Self.read(&generator)
        let expected = model.rows(statement)
        #expect(real.rows(statement) == expected, "seed \(seed), step \(step): \(statement)")
        answered += expected.count
        if !statement.contains("GROUP BY") {
          let size = 1 + generator.below(5)
          #expect(
            real.pages(statement, size: size).flatMap { $0 } == expected,
            "seed \(seed), step \(step): \(statement), pages of \(size)")
        }
      } else {
        let statement = Self.write(&generator)
        let outcome = model.error(statement)
        #expect(outcome == "", "\(statement)")
        #expect(real.error(statement) == outcome, "seed \(seed), step \(step): \(statement)")
      }
      if generator.oneIn(10) {
        model.clock.wallMicroseconds += 3_000_000
        real.clock.wallMicroseconds += 3_000_000
      }
    }
    #expect(answered > 100, "the statements found too little to say anything")
  }
}
