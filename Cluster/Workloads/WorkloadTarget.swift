// What a workload runs against, and how: the nodes, their datacenters, the levels it asks with.

import Base
import Checkers
import Ring
import World

/// One node of the cluster under test.
public struct WorkloadNode: Sendable {
  public var endpoint: Endpoint
  /// Its datacenter's number in the placement.
  public var datacenter: Int

  public init(endpoint: Endpoint, datacenter: Int) {
    self.endpoint = endpoint
    self.datacenter = datacenter
  }
}

/// Which levels requests ask for.
public enum LevelMix: String, CaseIterable, Sendable {
  /// QUORUM for all: what was acknowledged is always seen.
  case quorum
  /// Writes at ALL and reads at ONE, and the other way round.
  case oneAndAll
  /// Any level for each request: each pair is held against what it promises.
  case any
  /// For several datacenters: LOCAL_QUORUM and EACH_QUORUM among the others.
  case local

  func write(_ random: inout SeededGenerator) -> Consistency {
    switch self {
    case .quorum: .quorum
    case .oneAndAll: random.oneIn(2) ? .all : .one
    case .any: [.any, .one, .two, .quorum, .quorum, .all, .localOne, .localQuorum][random.below(8)]
    case .local: [.localQuorum, .localQuorum, .eachQuorum, .localOne, .quorum][random.below(5)]
    }
  }

  func read(_ random: inout SeededGenerator) -> Consistency {
    switch self {
    case .quorum: .quorum
    case .oneAndAll: random.oneIn(2) ? .all : .one
    case .any: [.one, .two, .quorum, .quorum, .all, .localOne, .localQuorum][random.below(7)]
    case .local: [.localQuorum, .localQuorum, .localOne, .quorum][random.below(4)]
    }
  }
}

public struct WorkloadOptions: Sendable {
  public var nodes: [WorkloadNode]
  public var placement: ReplicaFactors
  /// As `CREATE KEYSPACE` has it.
  public var replication: String
  public var keyspace = "sim"
  public var clients = 6
  public var levels = LevelMix.quorum
  /// Between two requests of a client, milliseconds at most.
  public var pauseMilliseconds = 100
  /// Names of the workloads that take part.
  public var workloads: [String] = WorkloadRunner.workloadNames
  /// Partitions (registers, wide rows, sets) of each workload.
  public var partitions = 12
  /// A client that waits no longer than this has requests that were done and not answered.
  public var requestTimeout = Duration.seconds(20)
  /// How often a request of the last check is tried.
  public var verifyAttempts = 1
  /// Whether a node answers a read at ONE of what it holds itself, without another replica's help.
  public var everyNodeHoldsAll = true
  /// Whether a torn batch is a broken promise.
  public var batchesAreAtomic = true

  public init(nodes: [WorkloadNode], placement: ReplicaFactors, replication: String) {
    self.nodes = nodes
    self.placement = placement
    self.replication = replication
  }

  /// For nodes of one datacenter.
  public init(endpoints: [Endpoint], factor: Int) {
    self.init(
      nodes: endpoints.map { WorkloadNode(endpoint: $0, datacenter: 0) },
      placement: ReplicaFactors(factors: [factor]),
      replication: "{'class': 'SimpleStrategy', 'replication_factor': \(factor)}")
  }
}
