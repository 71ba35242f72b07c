// What a consistency level asks of one key's replicas, counted as Cassandra 5 does (ConsistencyLevel.blockFor,
// ReplicaPlans.assureSufficientLiveReplicas): by the keyspace's factors, not by how many members there are, so that two
// nodes of a cluster that is still growing agree with the same two later.

import Base

public struct Requirement: Equatable, Sendable {
  /// One datacenter's share of EACH_QUORUM.
  public struct Share: Equatable, Sendable {
    /// Index into `ReplicaMap.datacenters`.
    public var datacenter: Int
    public var required: Int
    /// The datacenter's.
    public var name: String

    public init(datacenter: Int, required: Int, name: String = "") {
      self.datacenter = datacenter
      self.required = required
      self.name = name
    }
  }

  /// Answers in all.
  public var total: Int
  /// Replicas of this datacenter alone count (index into `ReplicaMap.datacenters`, or -1 for one that has no member);
  /// nil: all do.
  public var only: Int?
  /// EACH_QUORUM's shares; empty for the other levels.
  public var each: [Share]

  public init(total: Int, only: Int? = nil, each: [Share] = []) {
    self.total = total
    self.only = only
    self.each = each
  }

  /// Whether an answer from that datacenter counts.
  @inline(always)
  public func counts(_ datacenter: Int) -> Bool { only == nil || only == datacenter }
}

extension ReplicaMap {
  /// What `level` asks for.
  /// - Parameter local: the coordinator's datacenter (`index(of:)`).
  public func requirement(_ level: Consistency, local: Int) -> Requirement {
    // Where there is one datacenter the local levels mean the same as the others; EACH_QUORUM names it where it fails.
    if datacenters.count == 1, level != .eachQuorum { return Requirement(total: level.required(replicas: factor)) }
    switch level {
    case .localOne: return Requirement(total: 1, only: local)
    case .localQuorum, .localSerial:
      guard let factors = factorsByDatacenter else {
        return Requirement(total: Consistency.majority(of: factor), only: local)
      }
      return Requirement(total: Consistency.majority(of: local < 0 ? 0 : factors[local]), only: local)
    case .eachQuorum:
      guard let factors = factorsByDatacenter else { return Requirement(total: Consistency.majority(of: factor)) }
      var shares: [Requirement.Share] = []
      for (datacenter, factor) in factors.enumerated() where factor > 0 {
        shares.append(
          Requirement.Share(
            datacenter: datacenter, required: Consistency.majority(of: factor), name: datacenters[datacenter]))
      }
      return Requirement(total: shares.reduce(0) { $0 + $1.required }, each: shares)
    default: return Requirement(total: level.required(replicas: factor))
    }
  }

  /// - Returns: -1 for a datacenter that neither has a member nor is named by the placement.
  public func index(of datacenter: String) -> Int { datacenters.firstIndex(of: datacenter) ?? -1 }
}
