// What a run is made of, drawn from its seed: the cluster's shape, its settings, which faults there are and how strong.
// Leaving faults out of a run finds what a mixture of all of them hides (Groce et al., "Swarm Testing", 2012).

import Base
import Checkers
import Workloads

public enum FaultKind: String, CaseIterable, Sendable {
  case kill, powerLoss, dieWithinWrite, dieWithinBatch
  case isolate, oneWayCut, flap, split, breakConnections, slowLink
  case pause, clockJump
  case diskFull, slowDisk, failedAppend, failedSync, failedRead
}

public struct Swarm: Sendable {
  /// Nodes of each datacenter.
  public var datacenters = [3]
  public var factor = 3
  public var tokenCount = 4
  public var isGroupDurable = false
  public var readCacheBytes = 64 << 10
  public var foldAtVersions = 8
  public var hintBytes = 256 << 20
  public var faults: [FaultKind] = []
  /// Faults at a time.
  public var maxFaults = 1
  /// Virtual milliseconds between the end of a fault and the next one, at most.
  public var calmMilliseconds = 2_000
  public var levels = LevelMix.quorum
  public var workloads = WorkloadRunner.workloadNames
  public var operations = 900
  public var clients = 6
  public var pauseMilliseconds = 250
  public var partitions = 12
  public var requestTimeoutSeconds = 20

  /// A quiet cluster of three.
  public init() {}

  public init(seed: UInt64) {
    // Not the stream that the run itself draws from.
    var random = SeededGenerator(seed: seed ^ 0x5357_4152_4D00_0001)
    datacenters = [[3], [3], [3], [4], [5], [6], [3, 3], [3, 2]][random.below(8)]
    tokenCount = [1, 4, 8][random.below(3)]
    isGroupDurable = random.oneIn(2)
    readCacheBytes = [0, 4 << 10, 64 << 10][random.below(3)]
    foldAtVersions = [2, 4, 8][random.below(3)]
    if random.oneIn(6) { hintBytes = 2_000 }
    // Each fault in or out; a run without any is worth little.
    let share = 2 + random.below(4)
    faults = FaultKind.allCases.filter { _ in random.oneIn(share) }
    if faults.isEmpty { faults = [FaultKind.allCases[random.below(FaultKind.allCases.count)], .kill] }
    maxFaults = [1, 1, 1, 2, 2, 3][random.below(6)]
    calmMilliseconds = [200, 1_000, 3_000][random.below(3)]
    levels = [.quorum, .quorum, .quorum, .any, .oneAndAll][random.below(5)]
    if datacenters.count > 1, !random.oneIn(4) { levels = .local }
    if random.oneIn(3) {
      workloads = [WorkloadRunner.workloadNames[random.below(WorkloadRunner.workloadNames.count)]]
    }
    operations = 500 + random.below(600)
    clients = 3 + random.below(6)
    pauseMilliseconds = [20, 100, 300, 500][random.below(4)]
    partitions = [3, 6, 12, 24][random.below(4)]
    requestTimeoutSeconds = random.oneIn(3) ? 1 : 20
  }

  public var nodes: Int { datacenters.reduce(0, +) }

  public var placement: ReplicaFactors {
    ReplicaFactors(factors: datacenters.map { min($0, factor) })
  }

  /// As `CREATE KEYSPACE` has it.
  public var replication: String {
    guard datacenters.count > 1 else { return "{'class': 'SimpleStrategy', 'replication_factor': \(factor)}" }
    let factors = placement.factors.enumerated().map { ", 'dc\($0.offset + 1)': \($0.element)" }
    return "{'class': 'NetworkTopologyStrategy'\(factors.joined())}"
  }

  /// For a person.
  public var text: String {
    "nodes \(datacenters.map(String.init).joined(separator: "+"))"
      + " \(isGroupDurable ? "group" : "periodic") levels \(levels.rawValue)"
      + " workloads \(workloads.joined(separator: ",")) faults \(faults.map(\.rawValue).joined(separator: ","))"
      + " at most \(maxFaults)"
  }
}
