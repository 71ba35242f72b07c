// Merged answers of whole-partition commands, kept until their partition changes.
//
// A repeated point read costs one dictionary look-up instead of a seek and a merge. What is kept is exact: the answers
// of a partition go when a mutation of it is committed, which is when reads begin to see it. Only answers that no clock
// changes are kept (ReadRun.isTimeless), so now-in-seconds is no part of the key.

import Base
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

  private let maxBytes: Int
  private var bytes = 0
  private var answers: [[UInt8]: Answers] = [:]
  /// In order of arrival; one that was used since it last came to the front goes round again (CLOCK).
  private var order: [[UInt8]] = []
  private var front = 0
  /// Partitions with mutations in the pending batch.
  private var changing: Set<[UInt8]> = []

  init(maxBytes: Int) { self.maxBytes = maxBytes }

  mutating func find(prefix: [UInt8], _ command: ReadCommand) -> ReadResponse? {
    guard let index = answers.index(forKey: prefix) else { return nil }
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
    if answers[prefix] == nil {
      answers[prefix] = Answers()
      order.append(prefix)
      forgetGone()
    }
    if answers[prefix]?.shapes.count ?? 0 >= Self.maxShapes {
      bytes -= answers[prefix]?.bytes ?? 0
      answers[prefix]?.shapes = []
      answers[prefix]?.bytes = 0
    }
    answers[prefix]?.shapes.append((shape, response))
    answers[prefix]?.bytes += cost
    bytes += cost
    evict()
  }

  mutating func willChange(prefix: [UInt8]) {
    if maxBytes > 0 { changing.insert(prefix) }
  }

  /// The pending batch was committed, or lost in a way that leaves its fate unknown.
  mutating func didCommit() {
    for prefix in changing { remove(prefix) }
    changing.removeAll(keepingCapacity: true)
  }

  mutating func removeAll() {
    answers = [:]
    order = []
    front = 0
    bytes = 0
  }

  private mutating func remove(_ prefix: [UInt8]) {
    guard let gone = answers.removeValue(forKey: prefix) else { return }
    bytes -= gone.bytes
  }

  private mutating func evict() {
    while bytes > maxBytes, front < order.count {
      let prefix = order[front]
      front += 1
      guard let index = answers.index(forKey: prefix) else { continue }
      if answers.values[index].wasUsed {
        answers.values[index].wasUsed = false
        order.append(prefix)
      } else {
        remove(prefix)
      }
    }
  }

  /// Partitions that went by being changed are still in the order; once they are the most of it, it is made anew.
  private mutating func forgetGone() {
    guard order.count > 1024 + 2 * answers.count else { return }
    var seen: Set<[UInt8]> = []
    order = order[front...].filter { answers[$0] != nil && seen.insert($0).inserted }
    front = 0
  }
}
