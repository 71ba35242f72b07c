// What clients asked and heard, and the promises it is held against. Every write carries its own timestamp and value,
// so a value that was read names the write it came from.
//
// Promises: a write acknowledged at QUORUM is seen by every QUORUM read that begins later, and by every replica once
// the cluster has healed and hints were handed over; what one QUORUM read has seen, later ones see too; of two writes
// with one timestamp a deletion wins, else the greater value, everywhere. The rule is written here a second time, on
// purpose: a checker that called the code it checks would agree with its mistakes.

import Base

/// A write or a deletion of one register.
struct RegisterWrite: Equatable {
  var key: Int32
  var timestamp: Int64
  /// Nil deletes.
  var value: String?

  /// Whether this write hides `other`.
  func beats(_ other: RegisterWrite) -> Bool {
    if timestamp != other.timestamp { return timestamp > other.timestamp }
    guard let value else { return other.value != nil }
    guard let theirs = other.value else { return false }
    return theirs.utf8.lexicographicallyPrecedes(value.utf8)
  }
}

/// What a read showed of one register.
enum RegisterState: Equatable {
  case absent
  case value(String, timestamp: Int64)
}

struct History {
  private struct Register {
    /// Everything that was ever sent.
    var sent: [RegisterWrite] = []
    /// The strongest that was acknowledged, or read at QUORUM: no later read may show less.
    var floor: RegisterWrite?
  }

  private var registers: [Int32: Register] = [:]
  /// Acknowledged writes, with whether their coordinator lived long enough to keep hints for who missed them.
  private(set) var acknowledged: [(write: RegisterWrite, isHintSafe: Bool)] = []

  mutating func sent(_ write: RegisterWrite) { registers[write.key, default: Register()].sent.append(write) }

  mutating func acknowledged(_ write: RegisterWrite) -> Int {
    raise(write)
    acknowledged.append((write, true))
    return acknowledged.count - 1
  }

  /// The coordinator of this write died before it could know who missed it.
  mutating func lostCoordinator(of index: Int) { acknowledged[index].isHintSafe = false }

  private mutating func raise(_ write: RegisterWrite) {
    if let floor = registers[write.key]?.floor, !write.beats(floor) { return }
    registers[write.key, default: Register()].floor = write
  }

  /// What a QUORUM read that begins now must at least show.
  func floor(of key: Int32) -> RegisterWrite? { registers[key]?.floor }

  /// Checks what a read showed against the floor it began with.
  /// - Returns: the broken promise, in words.
  func check(_ key: Int32, _ state: RegisterState, floor: RegisterWrite?, reader: String) -> String? {
    let sent = registers[key]?.sent ?? []
    switch state {
    case .value(let value, let timestamp):
      let seen = RegisterWrite(key: key, timestamp: timestamp, value: value)
      guard sent.contains(seen) else { return "\(reader): register \(key) shows \(seen), which nobody wrote" }
      if let floor, floor != seen, floor.beats(seen) {
        return "\(reader): register \(key) shows \(seen), older than \(floor)"
      }
    case .absent:
      guard let floor, floor.value != nil else { return nil }
      if !sent.contains(where: { $0.value == nil && $0.beats(floor) }) {
        return "\(reader): register \(key) is absent, \(floor) is lost"
      }
    }
    return nil
  }

  /// A QUORUM read showed this: later ones may not show less.
  mutating func seen(_ key: Int32, _ state: RegisterState) {
    if case .value(let value, let timestamp) = state {
      raise(RegisterWrite(key: key, timestamp: timestamp, value: value))
    }
  }

  var keys: [Int32] { registers.keys.sorted() }

  /// The strongest write of a register that every replica must hold after healing.
  func durable(_ key: Int32) -> RegisterWrite? {
    var best: RegisterWrite?
    for (write, isHintSafe) in acknowledged where isHintSafe && write.key == key {
      if let known = best, !write.beats(known) { continue }
      best = write
    }
    return best
  }

  /// The strongest write of all that were sent to a register, acknowledged or not.
  func strongestSent(_ key: Int32) -> RegisterWrite? {
    var best: RegisterWrite?
    for write in registers[key]?.sent ?? [] {
      if let known = best, !write.beats(known) { continue }
      best = write
    }
    return best
  }
}
