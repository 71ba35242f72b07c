// Deletions of every width against a model that keeps all writes and asks them one by one: over one store, and over
// three that each saw some of the writes and are merged and repaired by reads. Paging state, order and slices on the
// way.

import Base
import Coordinator
import Data
import Query
import Testing

/// Three replicas; a write reaches some of them, a read asks all, merges, and repairs.
private final class PatchyReplicas: DataPath {
  private let replicas: [any DataPath]
  private var generator: SeededGenerator

  init(_ replicas: [any DataPath], seed: UInt64) {
    self.replicas = replicas
    generator = SeededGenerator(seed: seed)
  }

  func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    let first = generator.below(replicas.count)
    for (index, replica) in replicas.enumerated() where index == first || generator.below(2) == 0 {
      replica.write(request) { precondition($0 == nil, "\($0 as Any)") }
    }
    completion(nil)
  }

  func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void) {
    preconditionFailure("no batch is logged here")
  }

  func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
    var answers: [ReadResponse] = []
    for replica in replicas { replica.read(request) { if case .success(let answer) = $0 { answers.append(answer) } } }
    let command = request.command
    var limit: (rows: Int, nowInSeconds: Int64)?
    if case .range = command.scope { limit = (command.rowLimitPerPartition, command.nowInSeconds) }
    guard let merged = try? ReadResponse.merged(answers, isReversed: command.isReversed, scanLimit: limit) else {
      preconditionFailure("answers that cannot be merged")
    }
    for (replica, answer) in zip(replicas, answers) {
      let missing = merged.missing(from: answer).map {
        Mutation(table: command.table, incarnation: command.incarnation, partition: $0)
      }
      if missing.isEmpty { continue }
      replica.write(WriteRequest(keyspace: request.keyspace, mutations: missing, consistency: .one)) { _ in }
    }
    completion(.success(merged))
  }
}

/// Every write ever made, and what is left of a row by Cassandra's rule.
private struct Model {
  struct Place: Hashable {
    var p: Int
    var a: Int
    var b: Int
  }
  enum Write {
    case insert(Place, v: Int?)
    case update(Place, v: Int?)
    case delete(p: Int, covers: (Int, Int) -> Bool)
    case statics(p: Int, s: Int)
    case deletePartition(p: Int)
  }
  var writes: [(time: Int, write: Write)] = []

  private func deletionTime(_ p: Int, _ a: Int, _ b: Int) -> Int {
    writes.reduce(.min) { latest, entry in
      switch entry.write {
      case .delete(p, let covers) where covers(a, b): max(latest, entry.time)
      case .deletePartition(p): max(latest, entry.time)
      default: latest
      }
    }
  }

  /// The row's `v`; nil where there is no row.
  func row(_ place: Place) -> Int?? {
    let deleted = deletionTime(place.p, place.a, place.b)
    var isMarked = false
    // Time, and of equal times a null over a value, a greater value over a lesser one.
    var cell: (time: Int, value: Int?)?
    for (time, write) in writes where time > deleted {
      var value: Int?
      switch write {
      case .insert(place, let v):
        isMarked = true
        value = v
      case .update(place, let v): value = v
      default: continue
      }
      guard let known = cell else {
        cell = (time, value)
        continue
      }
      if time > known.time || (time == known.time && known.value.map { (value ?? .max) > $0 } ?? false) {
        cell = (time, value)
      }
    }
    if let value = cell?.value { return .some(value) }
    return isMarked ? .some(nil) : nil
  }

  func statics(_ p: Int) -> Int? {
    let deleted = writes.reduce(Int.min) {
      if case .deletePartition(p) = $1.write { max($0, $1.time) } else { $0 }
    }
    var best: (time: Int, value: Int)?
    for (time, write) in writes where time > deleted {
      guard case .statics(p, let s) = write else { continue }
      if best.map({ time > $0.time || (time == $0.time && s > $0.value) }) ?? true { best = (time, s) }
    }
    return best?.value
  }
}

@Suite struct RangeDeletionTests {
  private static let aValues = 0..<4
  private static let bValues = 0..<4

  /// A random WHERE over `a` ascending and `b` descending, and which rows it means.
  private func restriction(_ generator: inout SeededGenerator) -> (String, (Int, Int) -> Bool) {
    let a = generator.below(4)
    let b = generator.below(4)
    let c = generator.below(4)
    switch generator.below(12) {
    case 0: return ("a = \(a)", { x, _ in x == a })
    case 1: return ("a = \(a) AND b = \(b)", { x, y in x == a && y == b })
    case 2: return ("a > \(a)", { x, _ in x > a })
    case 3: return ("a >= \(a)", { x, _ in x >= a })
    case 4: return ("a < \(a)", { x, _ in x < a })
    case 5: return ("a >= \(min(a, c)) AND a <= \(max(a, c))", { x, _ in x >= min(a, c) && x <= max(a, c) })
    case 6: return ("a = \(a) AND b > \(b)", { x, y in x == a && y > b })
    case 7:
      let (low, high) = (min(b, c), max(b, c))
      return ("a = \(a) AND b >= \(low) AND b < \(high)", { x, y in x == a && y >= low && y < high })
    case 8: return ("a IN (\(a), \(c))", { x, _ in x == a || x == c })
    case 9: return ("(a, b) > (\(a), \(b))", { x, y in (x, y) > (a, b) })
    case 10: return ("(a, b) <= (\(a), \(b))", { x, y in (x, y) <= (a, b) })
    default: return ("(a, b) IN ((\(a), \(b)), (\(c), \(a)))", { x, y in (x, y) == (a, b) || (x, y) == (c, a) })
    }
  }

  private func write(_ generator: inout SeededGenerator, _ model: inout Model) -> String {
    let time = 1 + generator.below(12)
    let p = generator.below(2)
    let place = Model.Place(p: p, a: generator.below(4), b: generator.below(4))
    let v = generator.below(4) == 0 ? nil : generator.below(3)
    let shown = v.map(String.init) ?? "null"
    switch generator.below(10) {
    case 0...3:
      model.writes.append((time, .insert(place, v: v)))
      return "INSERT INTO t (p, a, b, v) VALUES (\(p), \(place.a), \(place.b), \(shown)) USING TIMESTAMP \(time)"
    case 4, 5:
      model.writes.append((time, .update(place, v: v)))
      return "UPDATE t USING TIMESTAMP \(time) SET v = \(shown) WHERE p = \(p) AND a = \(place.a) AND b = \(place.b)"
    case 6:
      let s = generator.below(5)
      model.writes.append((time, .statics(p: p, s: s)))
      return "UPDATE t USING TIMESTAMP \(time) SET s = \(s) WHERE p = \(p)"
    case 7 where generator.below(4) == 0:
      model.writes.append((time, .deletePartition(p: p)))
      return "DELETE FROM t USING TIMESTAMP \(time) WHERE p = \(p)"
    default:
      let (clause, covers) = restriction(&generator)
      model.writes.append((time, .delete(p: p, covers: covers)))
      return "DELETE FROM t USING TIMESTAMP \(time) WHERE p = \(p) AND \(clause)"
    }
  }

  private func expected(_ model: Model, _ p: Int, isReversed: Bool, _ covers: (Int, Int) -> Bool) -> [String] {
    var lines: [String] = []
    let statics = model.statics(p).map(String.init) ?? "null"
    for a in Self.aValues {
      for b in Self.bValues.reversed() where covers(a, b) {
        guard let v = model.row(.init(p: p, a: a, b: b)) else { continue }
        lines.append("\(a)|\(b)|\(statics)|\(v.map(String.init) ?? "null")")
      }
    }
    return isReversed ? lines.reversed() : lines
  }

  /// A scan of both partitions, cut by limits and pages: what it must say of each partition.
  private func scan(_ bed: TestBed, _ generator: inout SeededGenerator, _ model: Model) -> String? {
    let size = 1 + generator.below(4)
    let most = generator.below(3) == 0 ? nil : 1 + generator.below(3)
    let query = "SELECT p, a, b, s, v FROM t\(most.map { " PER PARTITION LIMIT \($0)" } ?? "")"
    let found = bed.pages(query, size: size).flatMap { $0 }
    for p in 0..<2 {
      var wanted = expected(model, p, isReversed: false) { _, _ in true }
      if wanted.isEmpty, let statics = model.statics(p) { wanted = ["null|null|\(statics)|null"] }
      wanted = wanted.prefix(most ?? .max).map { "\(p)|" + $0 }
      let own = found.filter { $0.hasPrefix("\(p)|") || $0.hasPrefix("failed") || $0.contains(": ") }
      if own != wanted { return "\(query) in pages of \(size): \(own), not \(wanted)" }
    }
    return nil
  }

  private func run(_ data: any DataPath, seed: UInt64) {
    let bed = TestBed(
      "CREATE TABLE t (p int, a int, b int, s int static, v int, PRIMARY KEY (p, a, b))"
        + " WITH CLUSTERING ORDER BY (a ASC, b DESC)", data: data)
    var generator = SeededGenerator(seed: seed)
    var model = Model()
    var script: [String] = []
    for step in 0..<120 {
      let statement = write(&generator, &model)
      script.append(statement)
      #expect(bed.rows(statement) == ["void"], "\(statement)")
      guard step % 3 == 0 else { continue }
      if step % 6 == 0 {
        if let problem = scan(bed, &generator, model) {
          Issue.record("seed \(seed), step \(step): \(problem)\n\(script)")
          return
        }
        continue
      }
      let p = generator.below(2)
      let (clause, covers) = restriction(&generator)
      let isReversed = generator.below(2) == 0
      let order = isReversed ? " ORDER BY a DESC, b ASC" : ""
      let query = "SELECT a, b, s, v FROM t WHERE p = \(p) AND \(clause)\(order)"
      let wanted = expected(model, p, isReversed: isReversed, covers)
      let size = 1 + generator.below(4)
      let pages = bed.pages(query, size: size)
      guard pages.flatMap({ $0 }) == wanted, pages.dropLast().allSatisfy({ $0.count == size }) else {
        Issue.record("seed \(seed), step \(step): \(query) in pages of \(size): \(pages), not \(wanted)\n\(script)")
        return
      }
    }
  }

  @Test(arguments: 1...12) func oneReplicaInMemory(_ seed: UInt64) { run(MemoryReplica(), seed: seed) }

  @Test(arguments: 1...8) func oneStore(_ seed: UInt64) throws { run(try StoreReplica(), seed: seed) }

  @Test(arguments: 1...12) func threeThatSawPartOfIt(_ seed: UInt64) {
    run(PatchyReplicas([MemoryReplica(), MemoryReplica(), MemoryReplica()], seed: seed), seed: seed)
  }

  @Test(arguments: 1...4) func threeStoresThatSawPartOfIt(_ seed: UInt64) throws {
    run(PatchyReplicas([try StoreReplica(), try StoreReplica(), try StoreReplica()], seed: seed), seed: seed)
  }
}
