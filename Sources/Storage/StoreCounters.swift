// What storage did, for /metrics: sums since the store was made.

import CLevelDB

public struct StoreCounters: Sendable {
  public var mutations: UInt64 = 0
  public var reads: UInt64 = 0
  public var cachedReads: UInt64 = 0
  public var rowsRead: UInt64 = 0
  /// Entries beyond the first of a row that a read had to merge.
  public var versionsMerged: UInt64 = 0
  public var folds: UInt64 = 0
  public var sweptKeys: UInt64 = 0
  public var droppedKeys: UInt64 = 0
  public var corruptions: UInt64 = 0
  public var commits: UInt64 = 0
  public var committedOperations: UInt64 = 0
  public var committedBytes: UInt64 = 0
  /// Commits put off because LevelDB would have made the loop wait.
  public var deferredCommits: UInt64 = 0
  public var failedCommits: UInt64 = 0
  public var reopens: UInt64 = 0

  // The shim's own.
  public var databaseWrites: UInt64 = 0
  public var databaseGets: UInt64 = 0
  public var databaseSeeks: UInt64 = 0
  public var databaseSteps: UInt64 = 0
  public var logBytes: UInt64 = 0
  public var logSyncs: UInt64 = 0
  /// Times LevelDB wanted to sleep a millisecond for compaction.
  public var slowdowns: UInt64 = 0
  public var tableReads: UInt64 = 0
  public var tableReadBytes: UInt64 = 0
  /// Cut off logs that a crash left with half a record.
  public var tornTailBytes: UInt64 = 0

  public init() {}
}

/// A look at the database's shape and memory.
public struct StoreShape: Sendable {
  public var filesAtLevel: [Int]
  /// Block cache and memtables, bytes.
  public var memoryBytes: UInt64
  public var pendingBytes: Int
  public var freeBytes: UInt64
}

extension Store {
  /// All counters, LevelDB's included.
  public func metrics() -> StoreCounters {
    var all = counters
    let shim = database.counters
    all.databaseWrites = shim.writes
    all.databaseGets = shim.gets
    all.databaseSeeks = shim.seeks
    all.databaseSteps = shim.steps
    all.logBytes = shim.log_bytes
    all.logSyncs = shim.log_syncs
    all.slowdowns = shim.slowdowns
    all.tableReads = shim.table_reads
    all.tableReadBytes = shim.table_read_bytes
    all.tornTailBytes = shim.torn_tail_bytes
    return all
  }

  public func shape() -> StoreShape {
    StoreShape(
      filesAtLevel: (0..<7).map(database.filesAtLevel), memoryBytes: database.memoryBytes,
      pendingBytes: database.pendingBytes, freeBytes: database.freeBytes)
  }

  /// LevelDB's own table of levels and compactions.
  public func statistics() -> String { database.property("leveldb.stats") ?? "" }

  /// About how many bytes a table's incarnation takes on disk.
  public func approximateBytes(incarnation: UInt32) -> UInt64 {
    var from: [UInt8] = []
    StorageKey.appendIncarnation(incarnation, to: &from)
    return database.approximateBytes(from: from, to: StorageKey.successor(of: from) ?? [0xFF])
  }
}
