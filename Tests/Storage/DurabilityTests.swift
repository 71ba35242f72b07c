import Base
import Data
import TestWorld
import Testing

@testable import Storage

@Suite struct DurabilityTests {
  private let key = partitionKey(1)

  private func write(_ machine: Machine, _ number: Int) throws -> UInt64 {
    let ticket = try machine.store.apply(
      mutation(key, [.row(clustering: clustering(number), liveRow("row \(number)", at: Int64(number)))]))
    machine.store.endTick()
    return ticket
  }

  private func found(_ machine: Machine) throws -> Set<Int> {
    let entries = try machine.store.read(readPartition(key)).partitions.first?.entries ?? []
    return Set(entries.map { Int($0.clustering[3]) << 8 | Int($0.clustering[4]) })
  }

  private func group() -> StoreOptions {
    var options = StoreOptions()
    options.durability = .group
    return options
  }

  @Test func aKilledProcessLosesNothingItAcknowledged() throws {
    let machine = try Machine()
    for number in 0..<10 {
      let ticket = try write(machine, number)
      #expect(machine.isStored(ticket))
    }
    // Not committed: never acknowledged, never seen.
    let pending = try machine.store.apply(mutation(key, [.row(clustering: clustering(99), liveRow("x", at: 1))]))
    machine.store.kill()
    #expect(machine.settled[pending] == nil)
    try machine.restart()
    #expect(try found(machine) == Set(0..<10))
  }

  @Test func periodicLosesAtMostWhatCameSinceTheLastSync() throws {
    let machine = try Machine()
    for number in 0..<5 { _ = try write(machine, number) }
    machine.timers.advance(.milliseconds(150))
    for number in 5..<8 { _ = try write(machine, number) }
    machine.store.kill()
    machine.disk.losePower()
    try machine.restart()
    #expect(try found(machine) == Set(0..<5))
  }

  @Test func groupSettlesOnceItIsSynced() throws {
    let machine = try Machine(group())
    let ticket = try write(machine, 1)
    #expect(machine.settled[ticket] == nil)
    machine.timers.advance(.milliseconds(1))
    #expect(machine.isStored(ticket))
    _ = try write(machine, 2)
    machine.store.kill()
    machine.disk.losePower()
    try machine.restart()
    #expect(try found(machine) == [1])
  }

  @Test func afterSyncWaitsForThePendingBatchToo() throws {
    let machine = try Machine()
    try machine.store.apply(mutation(key, [.row(clustering: clustering(1), liveRow("x", at: 1))]))
    var outcome: [StorageFailure?] = []
    machine.store.afterSync { outcome.append($0) }
    machine.store.endTick()
    #expect(outcome.isEmpty)
    machine.timers.advance(.milliseconds(1))
    #expect(outcome == [nil])
    machine.store.kill()
    machine.disk.losePower()
    try machine.restart()
    #expect(try found(machine) == [1])
  }

  /// LevelDB drops an old log unsynced when it switches: what was settled must be there all the same.
  @Test(arguments: [21, 22, 23] as [UInt64])
  func settledUnderGroupOutlivesPowerLossAtAnyMoment(seed: UInt64) throws {
    var options = group()
    options.database.writeBufferBytes = 64 << 10
    var random = SeededGenerator(seed: seed)
    for round in 0..<12 {
      let machine = try Machine(options)
      machine.disk.killAfter(operations: UInt64(20 + random.below(400)))
      var tickets: [Int: UInt64] = [:]
      for number in 0..<300 {
        let value = String(repeating: "v", count: 1 + random.below(2000))
        let entry = Entry.row(clustering: clustering(number), liveRow(value, at: 1))
        guard let ticket = try? machine.store.apply(mutation(key, [entry])) else { break }
        tickets[number] = ticket
        if random.oneIn(3) { machine.store.endTick() }
        if random.oneIn(5) { machine.timers.advance(.milliseconds(1)) }
        // With its flush held up, a log that was switched away from still has what nothing else has.
        if random.oneIn(20) { machine.disk.holdBackgroundWork(random.oneIn(2)) }
      }
      machine.disk.holdBackgroundWork(false)
      let acknowledged = Set(tickets.filter { machine.isStored($0.value) }.keys)
      machine.store.kill()
      machine.disk.losePower(tornTails: random.oneIn(3) ? nil : random.next() | 1)
      try machine.restart()
      let lost = acknowledged.subtracting(try found(machine))
      #expect(lost.isEmpty, "seed \(seed), round \(round): \(lost.sorted())")
      // And it is a database that can be written.
      let ticket = try write(machine, 1000)
      machine.timers.advance(.milliseconds(1))
      #expect(machine.isStored(ticket))
    }
  }

  @Test func aTornTailIsCutOff() throws {
    let machine = try Machine()
    for number in 0..<10 { _ = try write(machine, number) }
    machine.store.kill()
    let log = try #require(machine.newestFile(".log"))
    let length = try #require(machine.image[log]?.count)
    #expect(machine.disk.flip(log, offset: length - 3, mask: 0x10))
    try machine.restart()
    #expect(try found(machine) == Set(0..<9))
    #expect(machine.store.metrics().tornTailBytes > 0)
    machine.store.kill()
    let second = try #require(machine.newestFile(".log"))
    machine.disk.truncate(second, bytes: 0)
    try machine.restart()
    #expect(try found(machine) == Set(0..<9))
  }

  @Test func damageInTheMiddleOfALogIsRefused() throws {
    let machine = try Machine()
    for number in 0..<10 { _ = try write(machine, number) }
    machine.store.kill()
    let log = try #require(machine.newestFile(".log"))
    machine.disk.flip(log, offset: 40, mask: 1)
    var failure: StorageFailure?
    do { try machine.restart() } catch let error as StorageFailure { failure = error }
    guard case .corrupt = failure else {
      Issue.record("opened a damaged log: \(String(describing: failure))")
      return
    }
    // The damage undone, the same directory opens.
    machine.disk.flip(log, offset: 40, mask: 1)
    try machine.restart()
    #expect(try found(machine) == Set(0..<10))
  }

  @Test func aDamagedBlockIsAnErrorOfTheReadAlone() throws {
    var options = StoreOptions()
    options.database.writeBufferBytes = 64 << 10
    options.database.blockCacheBytes = 0
    options.readCacheBytes = 0
    let machine = try Machine(options)
    let value = String(repeating: "v", count: 2000)
    for number in 0..<40 {
      try machine.store.write(mutation(key, [.row(clustering: clustering(number), liveRow(value, at: 1))]))
    }
    try machine.store.write(mutation(partitionKey(3), [.row(clustering: clustering(1), liveRow("x", at: 1))]))
    try machine.store.close()
    try machine.restart()
    let table = try #require(machine.disk.files.first { $0.hasSuffix(".ldb") })
    machine.disk.flip(table, offset: 100, mask: 4)
    var reported: StorageFailure?
    machine.store.onCorruption = { reported = $0 }
    var failure: StorageFailure?
    do throws(StorageFailure) { _ = try machine.store.read(readPartition(key)) } catch { failure = error }
    guard case .corrupt = failure else {
      Issue.record("served a damaged block: \(String(describing: failure))")
      return
    }
    #expect(failure.map { "\($0)".hasSuffix(table) } == true, "\(String(describing: failure)) names no file")
    #expect(reported == failure)
    #expect(machine.store.metrics().corruptions == 1)
    #expect(try machine.store.read(readPartition(partitionKey(3))).partitions.count == 1)
  }

  @Test func anUndecodableValueIsCorruption() throws {
    let machine = try Machine()
    let bad = Entry(kind: .row, clustering: clustering(1), value: [0xFF, 1, 2])
    try machine.store.write(mutation(key, [bad]), mutation(key, [bad]))
    var failure: StorageFailure?
    do throws(StorageFailure) { _ = try machine.store.read(readPartition(key)) } catch { failure = error }
    guard case .corrupt = failure else {
      Issue.record("merged what cannot be decoded: \(String(describing: failure))")
      return
    }
  }

  @Test func aFullDiskRefusesWritesAndServesReads() throws {
    var options = StoreOptions()
    options.database.writeBufferBytes = 64 << 10
    options.reopenFreeBytes = 300 << 10
    let machine = try Machine(options)
    machine.disk.setCapacity(bytes: 400 << 10)
    var random = SeededGenerator(seed: 3)
    var acknowledged: Set<Int> = []
    var refusal: StorageFailure?
    for number in 0..<2000 {
      let value = String(decoding: (0..<1000).map { _ in UInt8(33 + random.below(90)) }, as: UTF8.self)
      let entry = Entry.row(clustering: clustering(number), liveRow(value, at: 1))
      do {
        let ticket = try machine.store.apply(mutation(key, [entry]))
        machine.store.endTick()
        if machine.isStored(ticket) {
          acknowledged.insert(number)
        } else {
          refusal = machine.failure(ticket)
          break
        }
      } catch {
        refusal = error
        break
      }
    }
    guard case .diskFull = refusal else {
      Issue.record("a full disk gave \(String(describing: refusal)) after \(acknowledged.count) rows")
      return
    }
    #expect(machine.store.admission == .failed(refusal ?? .closed))
    #expect(throws: StorageFailure.self) { try write(machine, 5000) }
    #expect(acknowledged.isSubset(of: try found(machine)))
    machine.timers.advance(.seconds(5))
    #expect(machine.store.admission != .open, "opened again with no space")
    #expect(acknowledged.isSubset(of: try found(machine)))
    machine.disk.setCapacity(bytes: 4 << 20)
    machine.timers.advance(.seconds(2))
    #expect(machine.store.admission == .open)
    #expect(machine.isStored(try write(machine, 5000)))
    #expect(try found(machine) == acknowledged.union([5000]))
    machine.store.kill()
    try machine.restart()
    #expect(try found(machine) == acknowledged.union([5000]))
  }

  /// LevelDB's next record would be misaligned: all writes fail until the database was opened again.
  @Test func aFailedAppendIsSticky() throws {
    let machine = try Machine()
    for number in 0..<5 { _ = try write(machine, number) }
    machine.disk.failAppends(1)
    let failed = try write(machine, 5)
    guard case .io = machine.failure(failed) else {
      Issue.record("a failed append gave \(String(describing: machine.settled[failed]))")
      return
    }
    #expect(throws: StorageFailure.self) { try write(machine, 6) }
    #expect(try found(machine) == Set(0..<5))
    machine.timers.advance(.seconds(1))
    #expect(machine.store.metrics().reopens == 1)
    #expect(machine.store.metrics().tornTailBytes == 0, "what was appended by half was not cut off")
    for number in 7..<10 { #expect(machine.isStored(try write(machine, number))) }
    machine.store.kill()
    try machine.restart()
    #expect(try found(machine) == Set(0..<5).union(7..<10))
  }

  @Test func theShimItselfRefusesToAppendBehindAFailure() throws {
    let disk = SimulatedDisk()
    let database = Database(directory: "/data", disk: disk, options: DatabaseOptions(), wake: {})
    try database.open()
    disk.failAppends(1)
    database.put([1], [1])
    for _ in 0..<3 { #expect(throws: StorageFailure.self) { try database.write() } }
    try database.close()
    try database.open()
    #expect(try database.get([1]) == nil)
    try database.write()
    #expect(try database.get([1]) == [1])
  }

  @Test func aSequenceNumberIsNeverGivenTwice() throws {
    let machine = try Machine()
    for round in 0..<3 {
      try machine.store.write(
        mutation(key, [.row(clustering: clustering(1), liveRow("\(round)", at: Int64(10 - round)))]))
      machine.store.kill()
      try machine.restart()
    }
    let row = try machine.store.read(readPartition(key)).partitions[0].entries[0].row()
    #expect(row == liveRow("0", at: 10))
  }

  @Test func aFailedSyncStopsTheNode() throws {
    let machine = try Machine(group())
    let ticket = try write(machine, 1)
    machine.disk.failSyncs(1)
    machine.timers.advance(.milliseconds(1))
    guard case .syncFailed = machine.failure(ticket), case .syncFailed = machine.fatal else {
      Issue.record("a failed sync gave \(String(describing: machine.settled[ticket]))")
      return
    }
    machine.timers.advance(.seconds(10))
    #expect(throws: StorageFailure.self) { try write(machine, 2) }
  }

  @Test func aSecondOpenerIsRefused() throws {
    let machine = try Machine()
    let second = Store(
      home: .simulated(machine.disk, directory: "/data"), options: StoreOptions(), timers: machine.timers, wake: {})
    var failure: StorageFailure?
    do throws(StorageFailure) { try second.open() } catch { failure = error }
    guard case .locked = failure else {
      Issue.record("a second opener got \(String(describing: failure))")
      return
    }
    _ = try write(machine, 1)
    try machine.store.close()
    try second.open()
    #expect(try second.read(readPartition(key)).partitions.count == 1)
    try second.close()
  }

  /// Dead at any change to the disk, while opening too: what was acknowledged is there afterwards.
  @Test func killedAtAnyChange() throws {
    var options = StoreOptions()
    options.database.writeBufferBytes = 64 << 10
    for operations in stride(from: 1, through: 160, by: 3) {
      let disk = SimulatedDisk()
      let timers = TestTimers()
      var acknowledged: Set<Int> = []
      for life in 0..<2 {
        disk.killAfter(operations: UInt64(operations))
        let store = Store(home: .simulated(disk, directory: "/data"), options: options, timers: timers, wake: {})
        var tickets: [UInt64: Int] = [:]
        store.onSettled = { ticket, failure in
          if failure == nil, let number = tickets[ticket] { acknowledged.insert(number) }
        }
        if (try? store.open()) != nil {
          for number in 0..<60 {
            let value = String(repeating: "v", count: 3000)
            let entry = Entry.row(clustering: clustering(life * 100 + number), liveRow(value, at: 1))
            guard let ticket = try? store.apply(mutation(key, [entry])) else { break }
            tickets[ticket] = life * 100 + number
            store.endTick()
          }
        }
        store.kill()
      }
      let store = Store(home: .simulated(disk, directory: "/data"), options: options, timers: timers, wake: {})
      try store.open()
      let entries = try store.read(readPartition(key)).partitions.first?.entries ?? []
      let there = Set(entries.map { Int($0.clustering[3]) << 8 | Int($0.clustering[4]) })
      #expect(acknowledged.isSubset(of: there), "killed at change \(operations)")
      try store.close()
    }
  }
}
