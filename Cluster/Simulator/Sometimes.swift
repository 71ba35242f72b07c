// Rare paths that runs must reach: a simulation that never keeps a hint proves nothing of hints (the idea:
// FoundationDB's Buggify coverage, Antithesis' "sometimes" assertions). Counted from the nodes' own counters when a
// process ends, from the faults and from the clients; handed up from run to run, nothing is global.

import Base
import Node
import Storage

public struct Sometimes: Sendable {
  public private(set) var counts: [String: UInt64] = [:]

  public init() {}

  public mutating func add(_ name: String, _ count: UInt64 = 1) {
    if count > 0 { counts[name, default: 0] += count }
  }

  public mutating func add(_ other: Sometimes) {
    for (name, count) in other.counts { add(name, count) }
  }

  /// What enough runs of all faults must reach.
  public static let required: [String] = [
    "hint kept", "hint handed over", "hint dropped", "hint dropped by its bound", "batch kept", "batch replayed",
    "batch replay failed and came again", "digest mismatch", "speculative read", "short read continued",
    "write forwarded to a datacenter", "replica repaired by a read", "answered unavailable",
    "answered writeTimeout", "answered readTimeout", "answered writeFailure", "an unacknowledged write applied",
    "torn log tail cut", "commit put off for compaction", "commit failed", "store opened again", "row folded",
    "disk full", "power lost", "node killed", "node paused", "link cut one way", "link flapped", "connection broken",
    "link slowed", "clock jumped", "sync failed", "append failed", "machine died within a write",
    "machine died within a batch", "read failed", "most nodes down", "paged over nodes",
  ]

  /// Those of the required that were never reached, in order.
  public var missing: [String] { Self.required.filter { counts[$0] == nil } }
}

extension SimulatedCluster {
  /// Takes a node's counters when its process ends.
  func collect(_ node: Node) {
    let hints = node.hints.counters
    sometimes.add("hint kept", hints.kept)
    sometimes.add("hint handed over", hints.handedOver)
    sometimes.add("hint dropped", hints.dropped)
    sometimes.add("hint dropped by its bound", hints.droppedByBound)
    sometimes.add("hint dropped by the window", hints.droppedByWindow)
    sometimes.add("hint lost with a failed batch", hints.droppedByStore)
    let batchlog = node.batchlog.counters
    sometimes.add("batch kept", batchlog.stored)
    sometimes.add("batch replayed", batchlog.replayed)
    sometimes.add("batch replay failed and came again", batchlog.replaysFailed)
    let coordinator = node.coordinator.counters
    sometimes.add("replica repaired by a read", coordinator.repairs)
    sometimes.add("digest mismatch", coordinator.digestMismatches)
    sometimes.add("speculative read", coordinator.speculations)
    sometimes.add("short read continued", coordinator.shortReads)
    sometimes.add("write forwarded to a datacenter", coordinator.forwards)
    sometimes.add("batch logged", coordinator.batches)
    let store = node.store.metrics()
    sometimes.add("torn log tail cut", store.tornTailBytes > 0 ? 1 : 0)
    sometimes.add("commit put off for compaction", store.deferredCommits)
    sometimes.add("commit failed", store.failedCommits)
    sometimes.add("store opened again", store.reopens)
    sometimes.add("row folded", store.folds)
  }
}
