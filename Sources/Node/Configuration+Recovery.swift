// What a node keeps for others that are away, and how fast it makes up for what they missed.

import Replica

extension Configuration {
  /// In cassandra.yaml's words.
  public struct Recovery: Hashable, Sendable {
    /// Whether hints are kept.
    public var hintedHandoffEnabled = true
    /// No hints for a node that is dead for longer.
    public var maxHintWindowMilliseconds = 3 * 3_600_000
    /// Handed over by this node a second, shared by the other nodes of the cluster; 0: no bound.
    public var hintedHandoffThrottleKibibytes = 1024
    /// On disk for one node; for all of them see `Limits.hintBytes`.
    public var maxHintsBytesPerHost = 128 << 20
    /// Replayed by this node a second, shared as above; 0: no bound.
    public var batchlogReplayThrottleKibibytes = 1024
    /// On disk, of batches that are not done.
    public var maxBatchlogBytes = 64 << 20

    public init() {}
  }

  var hints: HintStore.Configuration {
    var hints = HintStore.Configuration()
    hints.isEnabled = recovery.hintedHandoffEnabled
    hints.window = .milliseconds(recovery.maxHintWindowMilliseconds)
    hints.maxBytes = limits.hintBytes
    hints.maxBytesPerHost = recovery.maxHintsBytesPerHost
    hints.maxBytesPerSecond = recovery.hintedHandoffThrottleKibibytes << 10
    return hints
  }

  var batchlog: Batchlog.Configuration {
    var batchlog = Batchlog.Configuration()
    batchlog.replayAfter = .milliseconds(2 * timeouts.writeMilliseconds)
    batchlog.maxBytes = recovery.maxBatchlogBytes
    batchlog.maxReplayBytesPerSecond = recovery.batchlogReplayThrottleKibibytes << 10
    return batchlog
  }
}
