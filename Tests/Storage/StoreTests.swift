import Base
import Data
import Testing

@testable import Storage

@Suite struct StoreTests {
  private let key = partitionKey(1)

  private func rows(_ response: ReadResponse) -> [[UInt8]] {
    response.partitions.flatMap { $0.entries.filter { $0.kind == .row }.map(\.clustering) }
  }

  @Test func aTickIsOneWrite() throws {
    let machine = try Machine()
    let before = machine.store.metrics()
    var tickets: Set<UInt64> = []
    for number in 0..<50 {
      tickets.insert(
        try machine.store.apply(mutation(key, [.row(clustering: clustering(number), liveRow("x", at: 1))])))
    }
    #expect(tickets.count == 1)
    #expect(machine.settled.isEmpty, "settled before the commit")
    #expect(try machine.store.read(readPartition(key)).partitions.isEmpty, "seen before the commit")
    machine.store.endTick()
    #expect(machine.isStored(tickets.first ?? 0))
    #expect(machine.store.metrics().databaseWrites == before.databaseWrites + 1)
    #expect(rows(try machine.store.read(readPartition(key))).count == 50)
    #expect(!machine.store.endTick(), "nothing was left to do")
  }

  @Test func anOlderTimestampThatComesLaterHidesNothing() throws {
    let machine = try Machine()
    try machine.store.write(mutation(key, [.row(clustering: clustering(1), liveRow("new", at: 20))]))
    try machine.store.write(mutation(key, [.row(clustering: clustering(1), liveRow("old", at: 10))]))
    let row = try machine.store.read(readPartition(key)).partitions[0].entries[0].row()
    #expect(row == liveRow("new", at: 20))
  }

  /// A reversed read has the last rows, ascending in the answer.
  @Test func lastRowsOfAPartition() throws {
    let machine = try Machine()
    for number in 0..<20 {
      try machine.store.write(mutation(key, [.row(clustering: clustering(number), liveRow("x", at: 1))]))
    }
    let last = try machine.store.read(readPartition(key, isReversed: true, rowLimit: 3))
    #expect(rows(last) == [17, 18, 19].map(clustering))
    #expect(last.hasMore)
    let before = ClusteringRange(start: [], end: clustering(17))
    let next = try machine.store.read(readPartition(key, ranges: [before], isReversed: true, rowLimit: 17))
    #expect(rows(next) == (0..<17).map(clustering))
    #expect(!next.hasMore, "a limit met exactly at the end is no more")
  }

  /// Where an incarnation never had anything in front of its rows, a row costs one seek; else two, or one where the
  /// first row is the one.
  @Test func seeksARead() throws {
    var options = StoreOptions()
    options.readCacheBytes = 0
    let machine = try Machine(options)
    for number in 0..<10 {
      try machine.store.write(mutation(key, [.row(clustering: clustering(number), liveRow("x", at: 1))]))
    }
    func seeks(_ number: Int) throws -> UInt64 {
      let row = clustering(number)
      let before = machine.store.metrics().databaseSeeks
      let answer = try machine.store.read(readPartition(key, ranges: [ClusteringRange(start: row, end: row + [0xFF])]))
      #expect(rows(answer) == [row])
      return machine.store.metrics().databaseSeeks - before
    }
    #expect(try seeks(5) == 1)
    try machine.store.write(mutation(key, [.staticRow(liveRow("static", at: 1))]))
    #expect(try seeks(5) == 2)
    #expect(try seeks(0) == 1)
    try machine.store.close()
    try machine.restart()
    #expect(try seeks(5) == 2, "the mark was forgotten")
  }

  @Test func foldingChangesNoAnswer() throws {
    var options = StoreOptions()
    options.foldAtVersions = 8
    options.readCacheBytes = 0
    let machine = try Machine(options)
    var workload = RandomWorkload(random: SeededGenerator(seed: 11))
    var model = Model()
    for _ in 0..<40 {
      var partition = workload.partition()
      partition.key = key
      model.apply(partition)
      try machine.store.write(mutation(key, partition.entries))
    }
    let expected = try model.read(readPartition(key))
    for round in 0..<3 {
      let isSame = try machine.store.read(readPartition(key)) == expected
      #expect(isSame, "round \(round)")
      machine.store.endTick()
    }
    let folds = machine.store.metrics().folds
    #expect(folds > 0)
    let before = machine.store.metrics().versionsMerged
    _ = try machine.store.read(readPartition(key))
    machine.store.endTick()
    #expect(machine.store.metrics().folds == folds, "folded what was folded already")
    #expect(machine.store.metrics().versionsMerged - before < 8 * 12)
  }

  @Test func theSweeperFoldsWhatNobodyReads() throws {
    var options = StoreOptions()
    options.maintenanceKeys = 7
    options.readCacheBytes = 0
    let machine = try Machine(options)
    var model = Model()
    var workload = RandomWorkload(random: SeededGenerator(seed: 12))
    for _ in 0..<100 {
      let partition = workload.partition()
      model.apply(partition)
      try machine.store.write(mutation(partition.key, partition.entries))
    }
    for _ in 0..<200 where !machine.store.maintain() { machine.store.endTick() }
    machine.store.endTick()
    #expect(machine.store.metrics().folds > 20)
    let before = machine.store.metrics().versionsMerged
    let isSame = try machine.store.read(readRange()).partitions == model.read(readRange()).partitions
    #expect(isSame)
    #expect(machine.store.metrics().versionsMerged == before, "rows of several versions are left")
  }

  @Test func aDroppedIncarnationGoesInBoundedSteps() throws {
    var options = StoreOptions()
    options.maintenanceKeys = 10
    let machine = try Machine(options)
    for number in 0..<35 {
      try machine.store.write(
        mutation(key, [.row(clustering: clustering(number), liveRow("x", at: 1)), .staticRow(liveRow("s", at: 1))]),
        mutation(key, [.row(clustering: clustering(number), liveRow("kept", at: 1))], incarnation: 4))
    }
    try machine.store.drop(incarnation: someIncarnation)
    machine.store.endTick()
    machine.store.maintain()
    machine.store.endTick()
    #expect(machine.store.metrics().droppedKeys == 10)
    // A restart in the middle goes on where it was.
    try machine.store.close()
    try machine.restart()
    for _ in 0..<10 {
      machine.store.maintain()
      machine.store.endTick()
    }
    #expect(try machine.store.read(readPartition(key)).partitions.isEmpty)
    #expect(rows(try machine.store.read(readPartition(key, incarnation: 4))).count == 35)
    #expect(machine.store.dropped.isEmpty)
    #expect(machine.store.metrics().droppedKeys == 60)
  }

  @Test func whatNoTableOfTheSchemaHasIsDroppedAtAStart() throws {
    let machine = try Machine()
    for incarnation in [3, 4, 7, 9, 0xFFFF_FF00] as [UInt32] {
      try machine.store.write(
        mutation(key, [.row(clustering: clustering(1), liveRow("x", at: 1))], incarnation: incarnation))
    }
    try machine.store.dropUnknown(upTo: 8, except: [4])
    #expect(machine.store.dropped == [3, 7])
    for _ in 0..<3 {
      machine.store.endTick()
      machine.store.maintain()
    }
    machine.store.endTick()
    for (incarnation, count) in [(3, 0), (4, 1), (7, 0), (9, 1), (0xFFFF_FF00, 1)] as [(UInt32, Int)] {
      let found = try machine.store.read(readPartition(key, incarnation: incarnation)).partitions.count
      #expect(found == count, "incarnation \(incarnation)")
    }
  }

  @Test func localRecords() throws {
    let machine = try Machine()
    try machine.store.persistLocal(Array("host".utf8), [1, 2, 3])
    for number in 0..<10 { try machine.store.putLocal(Array("hint/".utf8) + [UInt8(number)], [UInt8(number)]) }
    try machine.store.putLocal(Array("hinu".utf8), [])
    machine.store.endTick()
    // The host record was synced, the hints were not.
    machine.store.kill()
    machine.disk.losePower()
    try machine.restart()
    #expect(try machine.store.getLocal(Array("host".utf8)) == [1, 2, 3])
    #expect(try machine.store.scanLocal(prefix: Array("hint/".utf8), limit: 100).isEmpty)
    for number in 0..<10 { try machine.store.putLocal(Array("hint/".utf8) + [UInt8(number)], [UInt8(number)]) }
    try machine.store.putLocal(Array("hinu".utf8), [])
    machine.store.endTick()
    try machine.store.deleteLocal(Array("hint/".utf8) + [4])
    machine.store.endTick()
    let first = try machine.store.scanLocal(prefix: Array("hint/".utf8), limit: 6)
    #expect(first.map(\.value) == [[0], [1], [2], [3], [5], [6]])
    let rest = try machine.store.scanLocal(prefix: Array("hint/".utf8), after: first.last?.key, limit: 6)
    #expect(rest.map(\.value) == [[7], [8], [9]])
    #expect(try machine.store.getLocal(Array("none".utf8)) == nil)
  }

  /// With flushes held up, a write that LevelDB would make wait for ever is put off, and new work is refused. Were the
  /// shim's estimate of the memtable too low, this test would hang.
  @Test func aCommitIsPutOffRatherThanWaitedFor() throws {
    var options = StoreOptions()
    options.database.writeBufferBytes = 64 << 10
    options.maxPendingBytes = 64 << 10
    let machine = try Machine(options)
    var random = SeededGenerator(seed: 4)
    for round in 0..<5 {
      machine.disk.holdBackgroundWork(true)
      var last: UInt64 = 0
      var number = 0
      while machine.store.admission == .open {
        let value = String(repeating: "v", count: 1 + random.below(round == 0 ? 10 : 3000))
        last = try machine.store.apply(
          mutation(key, [.row(clustering: clustering(number), liveRow(value, at: Int64(round)))]))
        number += 1
        machine.store.endTick()
        try #require(number < 10_000)
      }
      #expect(machine.store.admission == .overloaded)
      // What is taken all the same waits, up to the limit.
      last = try machine.store.apply(mutation(key, [.row(clustering: clustering(1), liveRow("w", at: 50))]))
      #expect(!machine.store.endTick())
      #expect(!machine.isStored(last))
      #expect(throws: StorageFailure.overloaded) {
        for _ in 0..<1000 { try machine.store.putLocal([1], [UInt8](repeating: 0, count: 1000)) }
      }
      machine.disk.holdBackgroundWork(false)
      machine.timers.advance(.milliseconds(5))
      #expect(machine.isStored(last))
      #expect(machine.store.admission == .open)
    }
    #expect(machine.store.metrics().deferredCommits > 0)
  }

  /// DESC is in the bytes (ClusteringCodec): a plain read gives the newest first.
  @Test func descendingClusteringComesInItsOrder() throws {
    let machine = try Machine()
    func bytes(_ number: Int64) throws -> [UInt8] {
      var bytes: [UInt8] = []
      var value: [UInt8] = []
      for shift in stride(from: Int64(56), through: 0, by: -8) {
        value.append(UInt8(truncatingIfNeeded: number >> shift))
      }
      try ClusteringCodec.encode(value, type: .timestamp, isDescending: true, to: &bytes)
      return bytes
    }
    let times: [Int64] = [5, -3, 1_700_000_000_000, 0, 77]
    for time in times {
      try machine.store.write(mutation(key, [.row(clustering: try bytes(time), liveRow("x", at: 1))]))
    }
    let expected = try times.sorted(by: >).map(bytes)
    #expect(rows(try machine.store.read(readPartition(key))) == expected)
    #expect(rows(try machine.store.read(readPartition(key, rowLimit: 2))) == Array(expected.prefix(2)))
    // Behind 77, that is, older: from the prefix on.
    let older = ClusteringRange(start: try bytes(77) + [0xFF], end: [])
    #expect(rows(try machine.store.read(readPartition(key, ranges: [older]))) == Array(expected.dropFirst(2)))
  }

  @Test func limitsOnAnAnswer() throws {
    var options = StoreOptions()
    options.maxResponseBytes = 10_000
    options.maxDeadRows = 50
    let machine = try Machine(options)
    let big = String(repeating: "x", count: 200)
    for number in 0..<60 {
      try machine.store.write(mutation(key, [.row(clustering: clustering(number), liveRow(big, at: 1))]))
    }
    #expect(throws: StorageFailure.tooLarge("over 10000 bytes")) { try machine.store.read(readPartition(key)) }
    #expect(rows(try machine.store.read(readPartition(key, rowLimit: 10))).count == 10)
    let other = partitionKey(2)
    for number in 0..<60 {
      let deletion = Deletion(timestampMicroseconds: 5, localDeletionSeconds: 5)
      try machine.store.write(mutation(other, [.row(clustering: clustering(number), Row(deletion: deletion))]))
    }
    #expect(throws: StorageFailure.tooLarge("over 50 deleted rows")) {
      try machine.store.read(readPartition(other, rowLimit: 1))
    }
  }

  @Test func aReadIsNotServedFromTheTimeBefore() throws {
    let machine = try Machine()
    try machine.store.write(mutation(key, [.row(clustering: clustering(1), liveRow("a", at: 1))]))
    _ = try machine.store.read(readPartition(key))
    try machine.store.apply(mutation(key, [.row(clustering: clustering(1), liveRow("b", at: 2))]))
    // Read while the write is pending: of before, and not kept.
    _ = try machine.store.read(readPartition(key))
    machine.store.endTick()
    for _ in 0..<2 {
      let row = try machine.store.read(readPartition(key)).partitions[0].entries[0].row()
      #expect(row == liveRow("b", at: 2))
    }
    #expect(machine.store.metrics().cachedReads == 2)
  }
}
