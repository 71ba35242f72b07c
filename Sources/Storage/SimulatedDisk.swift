// The simulated disk as the simulator and tests see it: what LevelDB writes on it can be cut, damaged, lost and
// hashed. See CLevelDB/SimulatedDisk.h for what survives what.

import Base
import CLevelDB

/// A disk in memory. Loop-bound; one a simulated machine.
@safe public final class SimulatedDisk {
  let handle: OpaquePointer
  /// How long a sync takes on it; nil for what the store's options say.
  public var syncDelay: Duration?

  public init() {
    guard let made = unsafe mq_disk_new() else { preconditionFailure("the shim made no disk") }
    unsafe handle = made
  }

  deinit { unsafe mq_disk_free(handle) }

  /// The time LevelDB sees, microseconds.
  public func setNow(microseconds: UInt64) { unsafe mq_disk_set_now(handle, microseconds) }

  /// Bytes the disk holds in all; nil for no limit.
  public func setCapacity(bytes: UInt64?) { unsafe mq_disk_set_capacity(handle, bytes ?? 0) }
  public var usedBytes: UInt64 { unsafe mq_disk_used_bytes(handle) }

  /// The next appends to logs fail after half their bytes.
  public func failAppends(_ count: Int) { unsafe mq_disk_fail_appends(handle, UInt32(clamping: count)) }
  public func failSyncs(_ count: Int) { unsafe mq_disk_fail_syncs(handle, UInt32(clamping: count)) }
  public func failReads(_ count: Int) { unsafe mq_disk_fail_reads(handle, UInt32(clamping: count)) }

  /// While held, LevelDB's flushes and compactions do not get on, as on a disk that is far too slow.
  public func holdBackgroundWork(_ isHeld: Bool) { unsafe mq_disk_hold_work(handle, isHeld) }

  /// The machine dies within the `operations`-th change to the disk from now, half of it done; every call fails
  /// until the store was killed. 0 disarms.
  public func killAfter(operations: UInt64) { unsafe mq_disk_kill_after(handle, operations) }
  /// Changes made so far: what `killAfter` counts.
  public var operations: UInt64 { unsafe mq_disk_operations(handle) }

  /// Takes away what was never synced. The store on it must have been killed.
  /// - Parameter tornTails: nil takes all of it; a seed (not 0) lets a part of each tail survive, some of it damaged.
  public func losePower(tornTails: UInt64? = nil) { unsafe mq_disk_lose_power(handle, tornTails ?? 0) }

  @discardableResult
  public func flip(_ path: String, offset: Int, mask: UInt8) -> Bool {
    unsafe mq_disk_flip(handle, path, UInt64(clamping: offset), mask)
  }

  @discardableResult
  public func truncate(_ path: String, bytes: Int) -> Bool {
    unsafe mq_disk_truncate(handle, path, UInt64(clamping: bytes))
  }

  @discardableResult
  public func remove(_ path: String) -> Bool { unsafe mq_disk_remove(handle, path) }

  /// Names in order.
  public var files: [String] {
    (0..<(unsafe mq_disk_file_count(handle))).compactMap { index in
      guard let name = unsafe mq_disk_file_name(handle, index) else { return nil }
      return unsafe String(cString: name)
    }
  }

  /// Lends each file's bytes, in order of the names.
  public func forEachFile(_ body: (_ name: String, _ bytes: RawSpan) -> Void) {
    for index in 0..<(unsafe mq_disk_file_count(handle)) {
      guard let name = unsafe mq_disk_file_name(handle, index) else { continue }
      let bytes = unsafe mq_disk_file_bytes(handle, index)
      let buffer = unsafe UnsafeRawBufferPointer(start: bytes.data, count: bytes.count)
      body(unsafe String(cString: name), unsafe buffer.bytes)
    }
  }
}
