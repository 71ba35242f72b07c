// Storage's own records: how far sequence numbers are reserved, which incarnations have deletions or static rows, and
// which are being deleted. They go into the same batch, and so the same log, as the entries that need them: whatever
// part of the log survives, an entry never survives without them.

import Base
import Data

/// Sequence numbers, reserved in blocks: the ceiling is written before a number below it is used, so that a restarted
/// node never gives one twice.
struct SequenceBlocks {
  static let blockSize: UInt64 = 1 << 20
  var next: UInt64 = 1
  /// Below it numbers may be used: of the log, and with the pending batch.
  var committedCeiling: UInt64 = 1
  var ceiling: UInt64 = 1

  mutating func committed() { committedCeiling = ceiling }
  /// The pending batch is lost, and with it a ceiling in it.
  mutating func failed() { ceiling = committedCeiling }
}

enum MetaName {
  static let sequence = Array("sequence".utf8)
  static let head = Array("head".utf8)
  static let drop = Array("drop".utf8)

  static func key(_ name: [UInt8], _ incarnation: UInt32? = nil) -> [UInt8] {
    var key = [StorageKey.metaNamespace] + name
    if let incarnation { StorageKey.append(incarnation, to: &key) }
    return key
  }
}

extension Store {
  func loadMeta() throws(StorageFailure) {
    sequences = SequenceBlocks()
    heads = HeadMarks()
    dropped = []
    var iterator = try database.iterator(fillCache: false)
    try iterator.seek([StorageKey.metaNamespace])
    while iterator.isValid, iterator.keyByte(0) == StorageKey.metaNamespace {
      let name = iterator.key(from: 1, to: iterator.keyCount)
      if name == MetaName.sequence {
        sequences.next = try Self.number(iterator.value, bytes: 8)
        guard sequences.next < StorageKey.maxSequence / 2 else { throw .corrupt("a sequence number out of range") }
      } else if name.starts(with: MetaName.head) {
        heads.loaded(UInt32(try Self.number(Array(name.dropFirst(MetaName.head.count)), bytes: 4)))
      } else if name.starts(with: MetaName.drop) {
        dropped.insert(UInt32(try Self.number(Array(name.dropFirst(MetaName.drop.count)), bytes: 4)))
      } else {
        throw .corrupt("an unknown record of storage's own")
      }
      try iterator.next()
    }
    try iterator.check()
    sequences.ceiling = sequences.next
    sequences.committedCeiling = sequences.next
  }

  private static func number(_ bytes: [UInt8], bytes count: Int) throws(StorageFailure) -> UInt64 {
    guard bytes.count == count else { throw .corrupt("a record of storage's own has \(bytes.count) bytes") }
    return bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  func takeSequence() -> UInt64 {
    if sequences.next >= sequences.ceiling {
      sequences.ceiling = sequences.next + SequenceBlocks.blockSize
      var value: [UInt8] = []
      StorageKey.append(sequences.ceiling, to: &value)
      database.put(MetaName.key(MetaName.sequence), value)
    }
    sequences.next += 1
    return sequences.next - 1
  }

  /// Notes that an incarnation has something in front of its rows.
  func markHead(_ incarnation: UInt32) { heads.mark(incarnation, in: database) }
}

/// Incarnations that have partition deletions, range deletions or static rows. In all others a read need not look in
/// front of the rows, which saves it a seek.
struct HeadMarks {
  /// What reads go by; only grows.
  private(set) var known: Set<UInt32> = []
  /// Whose record is written, or in the pending batch.
  private var recorded: Set<UInt32> = []
  private var pending: Set<UInt32> = []

  func contains(_ incarnation: UInt32) -> Bool { known.contains(incarnation) }

  mutating func loaded(_ incarnation: UInt32) {
    known.insert(incarnation)
    recorded.insert(incarnation)
  }

  mutating func mark(_ incarnation: UInt32, in database: Database) {
    guard recorded.insert(incarnation).inserted else { return }
    known.insert(incarnation)
    pending.insert(incarnation)
    database.put(MetaName.key(MetaName.head, incarnation), [])
  }

  mutating func committed() { pending.removeAll(keepingCapacity: true) }

  mutating func failed() {
    recorded.subtract(pending)
    pending.removeAll(keepingCapacity: true)
  }
}
