import Base
import Data
import Testing

@testable import Storage

@Suite struct ModelTests {
  private func smallDatabase() -> StoreOptions {
    var options = StoreOptions()
    // Small enough that a few thousand entries reach several levels.
    options.database.writeBufferBytes = 64 << 10
    options.foldAtVersions = 4
    return options
  }

  /// Random mutations in random order, random reads between them, reopenings: always what the model says.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func readsAreWhatTheModelSays(seed: UInt64) throws {
    var options = smallDatabase()
    if seed % 2 == 0 { options.readCacheBytes = 0 }
    let machine = try Machine(options)
    var model = Model()
    var workload = RandomWorkload(random: SeededGenerator(seed: seed))
    for step in 0..<600 {
      let partition = workload.partition()
      try machine.store.apply(mutation(partition.key, partition.entries))
      model.apply(partition)
      if workload.random.oneIn(3) { machine.store.endTick() }
      if workload.random.oneIn(150) {
        try machine.store.close()
        try machine.restart()
      }
      if workload.random.oneIn(70) {
        machine.store.endTick()
        machine.store.maintain()
      }
      guard step % 2 == 0 else { continue }
      machine.store.endTick()
      let command = workload.command()
      let answer = try machine.store.read(command)
      let expected = try model.read(command)
      #expect(try machine.store.read(command) == answer, "seed \(seed), step \(step): read twice")
      let isSame = answer.partitions == expected.partitions
      #expect(isSame, "seed \(seed), step \(step): \(command)\n\(difference(answer, expected))")
      // `hasMore` may be true in vain, never false in vain.
      #expect(answer.hasMore || !expected.hasMore, "seed \(seed), step \(step): \(command)")
      if !isSame { return }
    }
    #expect(machine.store.metrics().folds > 0, "seed \(seed): nothing was folded")
    if options.readCacheBytes > 0 { #expect(machine.store.metrics().cachedReads > 0, "seed \(seed)") }
  }

  /// The first partition that is not the same.
  private func difference(_ answer: ReadResponse, _ expected: ReadResponse) -> String {
    for (a, b) in zip(answer.partitions, expected.partitions) where a != b {
      return "got \(a.entries.filter { !b.entries.contains($0) }), not \(b.entries.filter { !a.entries.contains($0) })"
    }
    return "got \(answer.partitions.count) partitions, not \(expected.partitions.count)"
  }

  /// Pages of any size, one behind the other, are the whole.
  @Test(arguments: [1, 2, 5, 17])
  func pagesAreTheWhole(rowLimit: Int) throws {
    let machine = try Machine()
    var workload = RandomWorkload(random: SeededGenerator(seed: 99))
    for _ in 0..<300 {
      let partition = workload.partition()
      try machine.store.write(mutation(partition.key, partition.entries))
    }
    func rows(_ response: ReadResponse) -> [(PartitionKey, [UInt8])] {
      response.partitions.flatMap { part in part.entries.filter { $0.kind == .row }.map { (part.key, $0.clustering) } }
    }
    let whole = rows(try machine.store.read(readRange()))
    var paged: [(PartitionKey, [UInt8])] = []
    var cursor: ReadCursor?
    for _ in 0..<1000 {
      let page = try machine.store.read(readRange(after: cursor, rowLimit: rowLimit))
      let found = rows(page)
      paged += found
      guard page.hasMore else { break }
      guard let last = page.partitions.last else { break }
      cursor = ReadCursor(key: last.key, clustering: last.entries.last { $0.kind == .row }?.clustering)
    }
    #expect(whole.count > 30)
    #expect(paged.count == whole.count)
    #expect(zip(paged, whole).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 })
  }

  /// The same calls on two machines leave the same bytes in every file.
  @Test func sameCallsSameBytes() throws {
    func run() throws -> [String: [UInt8]] {
      let machine = try Machine(smallDatabase())
      var workload = RandomWorkload(random: SeededGenerator(seed: 5), partitions: 50, rows: 200)
      for step in 0..<2500 {
        let partition = workload.partition()
        try machine.store.apply(mutation(partition.key, partition.entries))
        if step % 5 == 0 {
          machine.store.endTick()
          _ = try machine.store.read(workload.command())
        }
        if step % 100 == 0 { machine.timers.advance(.milliseconds(50)) }
      }
      try machine.store.close()
      return machine.image
    }
    let first = try run()
    let second = try run()
    #expect(first.keys.contains { $0.hasSuffix(".ldb") }, "too small to reach tables: \(first.keys.sorted())")
    let isSame = first == second
    #expect(isSame)
  }
}
