// How many replicas are known to hold a write, or are asked by a read, and when the two must share one. Counted by
// datacenter, since a level may name one: of R replicas in a datacenter, a write on A and a read of B share one when
// A + B > R; the same for all datacenters together.
//
// Written without a look at the coordinator's own arithmetic, on purpose: a checker that called the code it checks
// would agree with its mistakes.

/// The replication factor of each datacenter.
public struct ReplicaFactors: Equatable, Sendable {
  public var factors: [Int]

  public init(factors: [Int]) { self.factors = factors }

  public var total: Int { factors.reduce(0, +) }
}

/// A number of replicas: at least so many of each datacenter, at least so many in all.
public struct Strength: Hashable, Sendable {
  public var perDatacenter: [Int]
  public var total: Int

  public init(perDatacenter: [Int], total: Int) {
    self.perDatacenter = perDatacenter
    self.total = max(total, perDatacenter.reduce(0, +))
  }

  /// A level of the native protocol, as a coordinator in `datacenter` has to count it.
  /// - Parameter level: a name such as `QUORUM`; an unknown one promises nothing.
  public init(level: String, datacenter: Int, placement: ReplicaFactors) {
    var each = placement.factors.map { _ in 0 }
    var total = 0
    switch level {
    case "ONE": total = 1
    case "TWO": total = 2
    case "THREE": total = 3
    case "QUORUM": total = placement.total / 2 + 1
    case "ALL": each = placement.factors
    case "LOCAL_ONE": each[datacenter] = 1
    case "LOCAL_QUORUM": each[datacenter] = placement.factors[datacenter] / 2 + 1
    case "EACH_QUORUM": each = placement.factors.map { $0 / 2 + 1 }
    default: break
    }
    self.init(perDatacenter: each, total: total)
  }

  public static func all(of placement: ReplicaFactors) -> Strength {
    Strength(perDatacenter: placement.factors, total: placement.total)
  }

  /// In a datacenter lie at least those that the other datacenters have no room for.
  private func atLeast(_ datacenter: Int, _ placement: ReplicaFactors) -> Int {
    max(perDatacenter[datacenter], total - (placement.total - placement.factors[datacenter]))
  }

  /// Whether a read of `other` replicas asks one of these for sure.
  public func meets(_ other: Strength, in placement: ReplicaFactors) -> Bool {
    if total + other.total > placement.total { return true }
    return placement.factors.indices.contains { datacenter in
      atLeast(datacenter, placement) + other.atLeast(datacenter, placement) > placement.factors[datacenter]
    }
  }

  /// What is left when one replica of a datacenter lost what it held.
  public func losingOne(of datacenter: Int) -> Strength {
    var left = perDatacenter
    left[datacenter] = max(0, left[datacenter] - 1)
    var result = self
    result.perDatacenter = left
    result.total = max(0, total - 1)
    return result
  }
}
