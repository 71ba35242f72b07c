// Merged answers of whole-partition commands, kept until their partition changes.
//
// A repeated point read costs one dictionary look-up instead of a seek and a merge. What is kept is exact: the answers
// of a partition go when a mutation of it is committed, which is when reads begin to see it. Only answers that no clock
// changes are kept (ReadRun.isTimeless), so now-in-seconds is no part of the key.

import Base
import Codec
import Data

struct ReadCache {
  /// Different commands kept of one partition.
  static let maxShapes = 4
  /// What an answer and each entry in it take beside their bytes.
  static let overheadBytes = 256
  static let entryOverheadBytes = 96

  private struct Shape: Equatable {
    var ranges: [ClusteringRange]
    var isReversed: Bool
    var wantsStatics: Bool
    var rowLimit: Int
    var rowLimitPerPartition: Int

    init(_ command: ReadCommand) {
      ranges = command.ranges
      isReversed = command.isReversed
      wantsStatics = command.wantsStatics
      rowLimit = command.rowLimit
      rowLimitPerPartition = command.rowLimitPerPartition
    }
  }

  private struct Answers {
    var shapes: [(Shape, ReadResponse)] = []
    var bytes = 0
    var wasUsed = false
  }

  /// A partition's key prefix with its hash, which is taken once.
  private struct Key: Hashable {
    let prefix: [UInt8]
    let digest: UInt64

    /// Borrows the bytes for a look-up.
    init(_ prefix: [UInt8]) {
      self.prefix = prefix
      digest = XXH3.hash(prefix)
    }

    private init(prefix: [UInt8], digest: UInt64) {
      self.prefix = prefix
      self.digest = digest
    }

    /// The bytes in a buffer of their own and of their size: what is kept must not share the store's key buffer, which
    /// would be made anew, a little larger each time.
    var kept: Key { Key(prefix: unsafe prefix.span.bytes.copied(), digest: digest) }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }
  }

  private let maxBytes: Int
  private var bytes = 0
  private var answers: [Key: Answers] = [:]
  /// In order of arrival; one that was used since it last came to the front goes round again (CLOCK).
  private var order: [Key] = []
  private var front = 0
  /// Partitions with mutations in the pending batch.
  private var changing: Set<Key> = []

  init(maxBytes: Int) { self.maxBytes = maxBytes }

  mutating func find(prefix: [UInt8], _ command: ReadCommand) -> ReadResponse? {
    guard let index = answers.index(forKey: Key(prefix)) else { return nil }
    let shape = Shape(command)
    for (known, response) in answers.values[index].shapes where known == shape {
      answers.values[index].wasUsed = true
      return response
    }
    return nil
  }

  mutating func insert(prefix: [UInt8], _ command: ReadCommand, _ response: ReadResponse, bytes answerBytes: Int) {
    let entries = response.partitions.reduce(0) { $0 + $1.entries.count }
    let cost = answerBytes + Self.overheadBytes + prefix.count + entries * Self.entryOverheadBytes
    guard cost <= maxBytes / 16 else { return }
    let shape = Shape(command)
    let key = Key(prefix)
    if let index = answers.index(forKey: key) {
      if answers.values[index].shapes.count >= Self.maxShapes {
        bytes -= answers.values[index].bytes
        answers.values[index] = Answers()
      }
      answers.values[index].shapes.append((shape, response))
      answers.values[index].bytes += cost
    } else {
      let kept = key.kept
      answers[kept] = Answers(shapes: [(shape, response)], bytes: cost)
      order.append(kept)
      forgetGone()
    }
    bytes += cost
    evict()
  }

  mutating func willChange(prefix: [UInt8]) {
    if maxBytes > 0 { changing.insert(Key(prefix).kept) }
  }

  /// The pending batch was committed, or lost in a way that leaves its fate unknown.
  mutating func didCommit() {
    for key in changing { remove(key) }
    changing.removeAll(keepingCapacity: true)
  }

  mutating func removeAll() {
    answers = [:]
    order = []
    front = 0
    bytes = 0
  }

  private mutating func remove(_ key: Key) {
    guard let gone = answers.removeValue(forKey: key) else { return }
    bytes -= gone.bytes
  }

  private mutating func evict() {
    while bytes > maxBytes, front < order.count {
      let key = order[front]
      front += 1
      guard let index = answers.index(forKey: key) else { continue }
      if answers.values[index].wasUsed {
        answers.values[index].wasUsed = false
        order.append(key)
      } else {
        remove(key)
      }
    }
  }

  /// Partitions that went by being changed are still in the order; once they are the most of it, it is made anew.
  private mutating func forgetGone() {
    guard order.count > 1024 + 2 * answers.count else { return }
    var seen: Set<Key> = []
    order = order[front...].filter { answers[$0] != nil && seen.insert($0).inserted }
    front = 0
  }
}
