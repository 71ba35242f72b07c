// LevelDB as a safe Swift type. The only file, with SimulatedDisk.swift, that sees the C shim; everything unsafe of
// this room stands here: pointers from the shim are used within one call and never kept.

import Base
import CLevelDB

/// How LevelDB is set up. Sizes in bytes.
public struct DatabaseOptions: Sendable {
  /// Of a memtable; there may be two.
  public var writeBufferBytes = 4 << 20
  public var blockCacheBytes = 16 << 20
  public var blockBytes = 4 << 10
  /// Tables held open.
  public var maxOpenFiles = 500

  public init() {}
}

/// What the sync thread and LevelDB's background thread may call: it only wakes the loop.
private final class EventTarget: Sendable {
  let wake: @Sendable () -> Void
  init(wake: @escaping @Sendable () -> Void) { self.wake = wake }
}

/// Whether a write would have to wait now.
enum WritePressure: Int32 {
  case none = 0
  /// Level 0 grows: compaction is behind.
  case slow = 1
  /// LevelDB would block.
  case stop = 2
}

/// A LevelDB database on the machine's disk or a simulated one. Loop-bound.
@safe final class Database {
  private let handle: OpaquePointer
  private let batch: OpaquePointer
  private let target: EventTarget
  /// Keeps the simulated disk alive as long as its database.
  private let disk: SimulatedDisk?

  /// - Parameter wake: called from other threads when something was synced or pressure may have eased.
  init(
    directory: String, disk: SimulatedDisk?, options: DatabaseOptions, wake: @escaping @Sendable () -> Void
  ) {
    let target = EventTarget(wake: wake)
    self.target = target
    self.disk = disk
    let settings = mq_options(
      write_buffer_bytes: options.writeBufferBytes, block_cache_bytes: options.blockCacheBytes,
      block_bytes: options.blockBytes, max_open_files: Int32(clamping: options.maxOpenFiles))
    let context = unsafe Unmanaged.passUnretained(target).toOpaque()
    let made = unsafe mq_db_new(
      directory, disk?.handle, settings,
      { context, _ in
        guard let context = unsafe context else { return }
        unsafe Unmanaged<EventTarget>.fromOpaque(context).takeUnretainedValue().wake()
      }, context)
    guard let made = unsafe made, let batch = unsafe mq_batch_new() else {
      preconditionFailure("the shim made no database handle")
    }
    unsafe handle = made
    unsafe self.batch = batch
  }

  deinit {
    unsafe mq_batch_free(batch)
    unsafe mq_db_free(handle)
  }

  // MARK: Life

  func open() throws(StorageFailure) { try check(unsafe mq_db_open(handle)) }
  func close() throws(StorageFailure) { try check(unsafe mq_db_close(handle)) }
  /// As the process would end by SIGKILL; simulated disks only know the difference.
  func kill() { unsafe mq_db_kill(handle) }
  var isOpen: Bool { unsafe mq_db_is_open(handle) }
  var freeBytes: UInt64 { unsafe mq_db_free_bytes(handle) }
  var memoryBytes: UInt64 { unsafe mq_db_memory_bytes(handle) }
  func filesAtLevel(_ level: Int) -> Int { Int(unsafe mq_db_files_at_level(handle, Int32(clamping: level))) }

  private func check(_ code: Int32) throws(StorageFailure) {
    if code == Int32(mq_ok) { return }
    throw failure(code)
  }

  private func failure(_ code: Int32) -> StorageFailure {
    let text = unsafe mq_db_message(handle).map { unsafe String(cString: $0) } ?? ""
    switch Int(code) {
    case Int(mq_corruption): return .corrupt(text)
    case Int(mq_disk_full): return .diskFull(text)
    case Int(mq_locked): return .locked(text)
    case Int(mq_sync_failed): return .syncFailed(text)
    case Int(mq_closed): return .closed
    default: return .io(text)
    }
  }

  func property(_ name: String) -> String? {
    guard let text = unsafe mq_db_property(handle, name) else { return nil }
    return unsafe String(cString: text)
  }

  var counters: mq_counters { unsafe mq_db_counters(handle) }
  var pressure: WritePressure { WritePressure(rawValue: unsafe mq_db_pressure(handle)) ?? .none }

  // MARK: The pending batch

  func put(_ key: [UInt8], _ value: [UInt8]) {
    unsafe key.withUnsafeBufferPointer { key in
      unsafe value.withUnsafeBufferPointer { value in
        unsafe mq_batch_put(batch, key.baseAddress, key.count, value.baseAddress, value.count)
      }
    }
  }

  func delete(_ key: [UInt8]) {
    unsafe key.withUnsafeBufferPointer { unsafe mq_batch_delete(batch, $0.baseAddress, $0.count) }
  }

  var pendingOperations: Int { unsafe mq_batch_operations(batch) }
  var pendingBytes: Int { unsafe mq_batch_bytes(batch) }
  func clearBatch() { unsafe mq_batch_clear(batch) }

  /// Writes the batch and empties it when that succeeded.
  func write() throws(StorageFailure) {
    try check(unsafe mq_db_write(handle, batch))
    unsafe mq_batch_clear(batch)
  }

  // MARK: Syncing

  var written: UInt64 { unsafe mq_db_written(handle) }
  var synced: UInt64 { unsafe mq_db_synced(handle) }
  var syncFailed: Bool { unsafe mq_db_sync_failed(handle) }
  func requestSync() { unsafe mq_db_request_sync(handle) }
  /// On a simulated disk does what was requested.
  func runSync() { unsafe mq_db_run_sync(handle) }
  /// Blocks until all that is written is on disk.
  func syncNow() throws(StorageFailure) { try check(unsafe mq_db_sync(handle)) }

  // MARK: Reading

  func get(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
    var value = unsafe mq_bytes()
    let code = unsafe key.withUnsafeBufferPointer { unsafe mq_db_get(handle, nil, $0.baseAddress, $0.count, &value) }
    if code == Int32(mq_not_found) { return nil }
    try check(code)
    return unsafe [UInt8](UnsafeBufferPointer(start: value.data, count: value.count))
  }

  func approximateBytes(from: [UInt8], to: [UInt8]) -> UInt64 {
    unsafe from.withUnsafeBufferPointer { from in
      unsafe to.withUnsafeBufferPointer { to in
        unsafe mq_db_approximate_bytes(handle, from.baseAddress, from.count, to.baseAddress, to.count)
      }
    }
  }

  /// Sees the database as it is now.
  /// - Parameter fillCache: false for scans, which would push out what point reads need.
  func iterator(fillCache: Bool) throws(StorageFailure) -> DatabaseIterator {
    guard let made = unsafe mq_iterator_new(handle, nil, fillCache) else { throw .closed }
    return unsafe DatabaseIterator(made, of: self)
  }

  fileprivate func status(of iterator: OpaquePointer) throws(StorageFailure) {
    try check(unsafe mq_iterator_status(iterator))
  }
}

/// A cursor over the database; one call into LevelDB a step. What it stands on is read by offset, so that nothing is
/// copied that is not kept.
@safe struct DatabaseIterator: ~Copyable {
  private let handle: OpaquePointer
  private let database: Database
  private var entry = unsafe mq_entry()
  private(set) var isValid = false

  fileprivate init(_ handle: OpaquePointer, of database: Database) {
    unsafe self.handle = unsafe handle
    self.database = database
  }

  deinit { unsafe mq_iterator_free(handle) }

  /// To the first entry at or behind `key`.
  mutating func seek(_ key: [UInt8]) throws(StorageFailure) {
    isValid = unsafe key.withUnsafeBufferPointer { unsafe mq_iterator_seek(handle, $0.baseAddress, $0.count, &entry) }
    if !isValid { try unsafe database.status(of: handle) }
  }

  mutating func seekLast() throws(StorageFailure) {
    isValid = unsafe mq_iterator_seek_last(handle, &entry)
    if !isValid { try unsafe database.status(of: handle) }
  }

  /// To the last entry before `key`.
  mutating func seekBefore(_ key: [UInt8]) throws(StorageFailure) {
    try seek(key)
    if isValid { try previous() } else { try seekLast() }
  }

  mutating func next() throws(StorageFailure) {
    isValid = unsafe mq_iterator_next(handle, &entry)
    if !isValid { try unsafe database.status(of: handle) }
  }

  mutating func previous() throws(StorageFailure) {
    isValid = unsafe mq_iterator_previous(handle, &entry)
    if !isValid { try unsafe database.status(of: handle) }
  }

  /// Throws what went wrong since the iterator was made. LevelDB passes over a block that it cannot read and goes on
  /// behind it, so an iterator that still stands on something proves nothing: ask before an answer is given.
  func check() throws(StorageFailure) { try unsafe database.status(of: handle) }

  var keyCount: Int {
    precondition(isValid, "an iterator that stands on nothing was read")
    return unsafe entry.key.count
  }

  var valueCount: Int {
    precondition(isValid, "an iterator that stands on nothing was read")
    return unsafe entry.value.count
  }

  func keyByte(_ offset: Int) -> UInt8 {
    precondition(offset >= 0 && offset < keyCount, "byte \(offset) of a key of \(keyCount)")
    return unsafe entry.key.data[offset]
  }

  func keyHasPrefix(_ prefix: [UInt8]) -> Bool {
    guard prefix.count <= keyCount else { return false }
    return unsafe prefix.withUnsafeBufferPointer {
      unsafe mq_compare(entry.key.data, prefix.count, $0.baseAddress, prefix.count) == 0
    }
  }

  /// The order of the whole key and `other`: below, at or above zero.
  func compareKey(_ other: [UInt8]) -> Int {
    let count = keyCount
    return unsafe other.withUnsafeBufferPointer {
      Int(unsafe mq_compare(entry.key.data, count, $0.baseAddress, other.count))
    }
  }

  /// The order of the key's bytes in `from..<to` and `other`.
  func compareKey(from: Int, to: Int, _ other: [UInt8]) -> Int {
    precondition(from >= 0 && from <= to && to <= keyCount, "bytes \(from)..<\(to) of a key of \(keyCount)")
    return unsafe other.withUnsafeBufferPointer {
      Int(unsafe mq_compare(entry.key.data + from, to - from, $0.baseAddress, other.count))
    }
  }

  /// The last eight bytes of a data key, as they stand: a greater number is an older version.
  var invertedSequence: UInt64 {
    let count = keyCount
    precondition(count >= StorageKey.sequenceBytes, "a data key of \(count) bytes")
    var value: UInt64 = 0
    for index in (count - StorageKey.sequenceBytes)..<count {
      value = value << 8 | UInt64(unsafe entry.key.data[index])
    }
    return value
  }

  func key(from: Int, to: Int) -> [UInt8] {
    precondition(from >= 0 && from <= to && to <= keyCount, "bytes \(from)..<\(to) of a key of \(keyCount)")
    return unsafe [UInt8](UnsafeBufferPointer(start: entry.key.data + from, count: to - from))
  }

  var key: [UInt8] { key(from: 0, to: keyCount) }

  var value: [UInt8] {
    let count = valueCount
    return unsafe [UInt8](UnsafeBufferPointer(start: entry.value.data, count: count))
  }
}
