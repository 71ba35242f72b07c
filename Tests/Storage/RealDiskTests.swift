// The same store on the machine's own disk: its sync thread, its lock, its files.

import Base
import Data
import Glibc
import Storage
import TestWorld
import Testing

@Suite struct RealDiskTests {
  /// A directory that is gone afterwards.
  private func withDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/marquee-storage-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    let path = try #require(made)
    defer { remove(path) }
    try body(path)
  }

  private func remove(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { unlink("\(path)/\(name)") }
      }
      closedir(directory)
    }
    rmdir(path)
  }

  private func make(_ path: String, _ options: StoreOptions = StoreOptions()) -> Store {
    Store(home: .directory(path), options: options, timers: TestTimers(), wake: {})
  }

  @Test func reopen() throws {
    try withDirectory { path in
      var options = StoreOptions()
      options.database.writeBufferBytes = 64 << 10
      var model = Model()
      var workload = RandomWorkload(random: SeededGenerator(seed: 8), partitions: 20, rows: 50)
      for _ in 0..<3 {
        let store = make(path, options)
        try store.open()
        for step in 0..<600 {
          let partition = workload.partition()
          try store.apply(mutation(partition.key, partition.entries))
          model.apply(partition)
          if step % 4 == 0 { store.endTick() }
        }
        store.commit(mayWait: true)
        let isSame = try store.read(readRange()).partitions == model.read(readRange()).partitions
        #expect(isSame)
        try store.close()
      }
      let store = make(path, options)
      try store.open()
      let isSame = try store.read(readRange()).partitions == model.read(readRange()).partitions
      #expect(isSame)
      try store.close()
    }
  }

  @Test func groupIsSettledByTheSyncThread() throws {
    try withDirectory { path in
      var options = StoreOptions()
      options.durability = .group
      let store = make(path, options)
      try store.open()
      var settled = 0
      store.onSettled = { _, failure in if failure == nil { settled += 1 } }
      for number in 0..<20 {
        try store.apply(mutation(partitionKey(number), [.row(clustering: [], liveRow("x", at: 1))]))
        store.endTick()
      }
      // The sync thread is quicker than this many turns by far; it is not waited for by the clock.
      for _ in 0..<2_000_000 where settled < 20 {
        store.endTick()
        sched_yield()
      }
      #expect(settled == 20)
      try store.persistLocal([1], [2])
      #expect(store.metrics().logSyncs > 0)
      try store.close()
    }
  }

  @Test func aSecondOpenerIsRefused() throws {
    try withDirectory { path in
      let first = make(path)
      try first.open()
      let second = make(path)
      var failure: StorageFailure?
      do throws(StorageFailure) { try second.open() } catch { failure = error }
      guard case .locked(let text) = failure else {
        Issue.record("a second opener got \(String(describing: failure))")
        return
      }
      #expect(text.contains(path))
      try first.close()
      try second.open()
      try second.close()
    }
  }

  @Test func aDirectoryThatCannotBeMade() throws {
    let store = make("/nonexistent/marquee")
    #expect(throws: StorageFailure.self) { try store.open() }
  }
}
