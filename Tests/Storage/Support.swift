// A store on a simulated disk with timers that a test moves by hand.

import Base
import Data
import Storage
import TestWorld
import World

/// A disk, a store on it, and what it has settled.
final class Machine {
  let disk = SimulatedDisk()
  let timers = TestTimers()
  var options: StoreOptions
  private(set) var store: Store
  private(set) var settled: [UInt64: StorageFailure?] = [:]
  private(set) var fatal: StorageFailure?

  init(_ options: StoreOptions = StoreOptions()) throws {
    self.options = options
    store = Machine.make(disk, options, timers)
    try begin()
  }

  private static func make(_ disk: SimulatedDisk, _ options: StoreOptions, _ timers: TestTimers) -> Store {
    Store(home: .simulated(disk, directory: "/data"), options: options, timers: timers, wake: {})
  }

  private func begin() throws {
    store.onSettled = { [unowned self] ticket, failure in settled[ticket] = .some(failure) }
    store.onFatal = { [unowned self] in fatal = $0 }
    try store.open()
  }

  /// Opens the disk anew, as a restarted process would.
  func restart() throws {
    settled = [:]
    store = Machine.make(disk, options, timers)
    try begin()
  }

  func isStored(_ ticket: UInt64) -> Bool {
    guard let outcome = settled[ticket] else { return false }
    return outcome == nil
  }

  func failure(_ ticket: UInt64) -> StorageFailure? { settled[ticket] ?? nil }

  /// The bytes of all files, by name.
  var image: [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    disk.forEachFile { name, bytes in files[name] = bytes.copied() }
    return files
  }

  func newestFile(_ ending: String) -> String? { disk.files.last { $0.hasSuffix(ending) } }
}

let someTable = UUID(high: 7, low: 8)
let someIncarnation: UInt32 = 3

func partitionKey(_ number: Int) -> PartitionKey {
  // Tokens that are neither in the keys' order nor all different; keys with zero bytes and of different lengths.
  let bytes = [UInt8](repeating: 0, count: number % 3) + [UInt8(truncatingIfNeeded: number), 0, 1]
  return PartitionKey(token: Token((number &* 7919) % 13 - 6), bytes: bytes)
}

/// A self-delimiting clustering, as ClusteringCodec makes of one int.
func clustering(_ number: Int) -> [UInt8] { [0x40, 0x80, 0, UInt8(number >> 8), UInt8(number & 0xFF)] }

func mutation(
  _ key: PartitionKey, _ entries: [Entry], incarnation: UInt32 = someIncarnation
) -> Mutation {
  Mutation(table: someTable, incarnation: incarnation, partition: Partition(key: key, entries: entries))
}

func liveRow(_ value: String, at timestamp: Int64, column: UInt16 = 1) -> Row {
  Row(
    liveness: Liveness(timestampMicroseconds: timestamp),
    cells: [Cell(column: column, timestampMicroseconds: timestamp, value: Array(value.utf8))])
}

func readPartition(
  _ key: PartitionKey, ranges: [ClusteringRange] = [.all], isReversed: Bool = false, rowLimit: Int = .max,
  perPartition: Int = .max, wantsStatics: Bool = true, now: Int64 = 1000, incarnation: UInt32 = someIncarnation
) -> ReadCommand {
  ReadCommand(
    table: someTable, incarnation: incarnation, scope: .partition(key), ranges: ranges, isReversed: isReversed,
    wantsStatics: wantsStatics, rowLimit: rowLimit, rowLimitPerPartition: perPartition, nowInSeconds: now)
}

func readRange(
  _ range: TokenRange = .all, after: ReadCursor? = nil, ranges: [ClusteringRange] = [.all], isReversed: Bool = false,
  rowLimit: Int = .max, perPartition: Int = .max, now: Int64 = 1000, incarnation: UInt32 = someIncarnation
) -> ReadCommand {
  ReadCommand(
    table: someTable, incarnation: incarnation, scope: .range(range, after: after), ranges: ranges,
    isReversed: isReversed, rowLimit: rowLimit, rowLimitPerPartition: perPartition, nowInSeconds: now)
}

extension Store {
  /// Applies and commits; for tests that do not look at tickets.
  func write(_ mutations: Mutation...) throws {
    for mutation in mutations { try apply(mutation) }
    endTick()
  }
}
