// The keys of what is kept for nodes that are away, under cassandra.yaml's names.

extension ConfigurationKey {
  static var recoverySection: ConfigurationSection {
    ConfigurationSection(
      name: "recovery",
      comment: "What is kept for nodes that are away, and how fast they get it, in cassandra.yaml's words.")
  }

  static var recovery: [ConfigurationKey] {
    let rates = 0...1 << 22
    return [
      ConfigurationKey(
        section: "recovery", name: "hinted_handoff_enabled", kind: .flag(\.values.recovery.hintedHandoffEnabled),
        comment: "Whether writes that a node misses are kept for it."),
      ConfigurationKey(
        section: "recovery", name: "max_hint_window_ms",
        kind: .integer(\.values.recovery.maxHintWindowMilliseconds, 0...1 << 40),
        comment: "Nothing is kept for a node that is dead for longer."),
      ConfigurationKey(
        section: "recovery", name: "max_hints_size_per_host_mib",
        kind: .mebibytes(\.values.recovery.maxHintsBytesPerHost, 1...1 << 20),
        comment: "Hints on disk for one node; limits.hints_mib bounds those for all."),
      ConfigurationKey(
        section: "recovery", name: "hinted_handoff_throttle_kib",
        kind: .integer(\.values.recovery.hintedHandoffThrottleKibibytes, rates),
        comment: "KiB a second that a node which comes back gets, from all others together. 0: no bound."),
      ConfigurationKey(
        section: "recovery", name: "batchlog_mib", kind: .mebibytes(\.values.recovery.maxBatchlogBytes, 1...1 << 20),
        comment: "Batches that are not done yet. Over it coordinators are told OVERLOADED."),
      ConfigurationKey(
        section: "recovery", name: "batchlog_replay_throttle_kib",
        kind: .integer(\.values.recovery.batchlogReplayThrottleKibibytes, rates),
        comment: "KiB a second of batches whose coordinator died, from all nodes together. 0: no bound."),
    ]
  }
}
