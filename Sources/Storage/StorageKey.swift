// The keys under which everything lies in LevelDB, compared byte by byte:
//
//   data    1, incarnation (4), token (8, sign flipped), partition key (escaped, ended), kind (1), clustering,
//           sequence (8, inverted in 63 bits: the newest first)
//   local   0, key            the node's own records: host id, schema, hints
//   meta    2, name           storage's own records: sequence ceiling, marks, dropped incarnations
//
// An entry is one mutation's share of one row. The sequence in the key is what makes a blind write right: an older
// timestamp that arrives later must not hide a newer one. The partition key's zero bytes are escaped as 00 FF and
// its end is 00 01, so that no key is another's prefix. Clusterings end themselves (ClusteringCodec), so the
// versions of one row lie together; starts of range deletions do not, which is why a reader of those collects all. An
// inverted sequence begins with a byte below 80, so that "behind row C", which is C + FF, is behind all its versions.

import Base
import Data

enum StorageKey {
  static let localNamespace: UInt8 = 0
  static let dataNamespace: UInt8 = 1
  static let metaNamespace: UInt8 = 2
  static let sequenceBytes = 8
  static let maxSequence = UInt64(Int64.max)
  /// Namespace, incarnation, token: where the partition key begins.
  static let partitionKeyOffset = 13

  static func append(_ value: UInt64, to key: inout [UInt8]) {
    var shift: UInt64 = 64
    while shift > 0 {
      shift -= 8
      key.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  static func append(_ value: UInt32, to key: inout [UInt8]) {
    key.append(UInt8(truncatingIfNeeded: value >> 24))
    key.append(UInt8(truncatingIfNeeded: value >> 16))
    key.append(UInt8(truncatingIfNeeded: value >> 8))
    key.append(UInt8(truncatingIfNeeded: value))
  }

  static func appendIncarnation(_ incarnation: UInt32, to key: inout [UInt8]) {
    key.append(dataNamespace)
    append(incarnation, to: &key)
  }

  /// Where the partitions of a token begin.
  static func appendToken(incarnation: UInt32, _ token: Token, to key: inout [UInt8]) {
    appendIncarnation(incarnation, to: &key)
    append(UInt64(bitPattern: token) ^ (1 << 63), to: &key)
  }

  /// What all keys of a partition begin with.
  static func appendPartition(incarnation: UInt32, _ partition: PartitionKey, to key: inout [UInt8]) {
    appendToken(incarnation: incarnation, partition.token, to: &key)
    for byte in partition.bytes {
      key.append(byte)
      if byte == 0 { key.append(0xFF) }
    }
    key.append(0)
    key.append(1)
  }

  static func appendSequence(_ sequence: UInt64, to key: inout [UInt8]) {
    precondition(sequence <= maxSequence, "sequence number \(sequence)")
    append(maxSequence - sequence, to: &key)
  }

  /// The partition of a data key and the length of its prefix.
  static func decodePartition(_ key: [UInt8]) throws(StorageFailure) -> (key: PartitionKey, prefixBytes: Int) {
    guard key.count > partitionKeyOffset + 2, key[0] == dataNamespace else {
      throw .corrupt("a key of \(key.count) bytes")
    }
    var token: UInt64 = 0
    for index in 5..<partitionKeyOffset { token = token << 8 | UInt64(key[index]) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(key.count - partitionKeyOffset)
    var at = partitionKeyOffset
    while at + 1 < key.count {
      let byte = key[at]
      if byte != 0 {
        bytes.append(byte)
        at += 1
        continue
      }
      if key[at + 1] == 1 {
        return (PartitionKey(token: Token(bitPattern: token ^ (1 << 63)), bytes: bytes), at + 2)
      }
      guard key[at + 1] == 0xFF else { break }
      bytes.append(0)
      at += 2
    }
    throw .corrupt("a partition key without an end")
  }

  /// The first key behind all that begin with `prefix`; nil when there is none.
  static func successor(of prefix: [UInt8]) -> [UInt8]? {
    var next = prefix
    while let last = next.popLast() {
      if last < 0xFF {
        next.append(last + 1)
        return next
      }
    }
    return nil
  }
}
