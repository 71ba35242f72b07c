// Who holds what: members' tokens on the ring, and the replicas of each range between two tokens, as Cassandra's
// SimpleStrategy and NetworkTopologyStrategy place them.

import Base

/// Where copies go.
public enum Placement: Hashable, Sendable {
  /// On the next members around the ring, wherever they stand.
  case simple(Int)
  /// In each datacenter so many, on different racks where there are enough.
  case networkTopology([String: Int])

  /// Replicas in all.
  public var factor: Int {
    switch self {
    case .simple(let factor): factor
    case .networkTopology(let factors): factors.values.reduce(0, +)
    }
  }
}

public final class TokenRing: Sendable {
  public let members: [Member]
  /// Every token with its owner (an index into `members`), in order.
  private let tokens: [(token: Token, owner: Int)]

  public init(members: [Member]) {
    self.members = members.sorted { $0.hostID < $1.hostID }
    var tokens: [(token: Token, owner: Int)] = []
    for (index, member) in self.members.enumerated() {
      for token in member.tokens { tokens.append((token, index)) }
    }
    // Two members with one token (a chance of one in 2^57): the lower host id owns it.
    self.tokens = tokens.sorted { ($0.token, $0.owner) < ($1.token, $1.owner) }
  }

  public func replicaMap(_ placement: Placement) -> ReplicaMap {
    let lists = tokens.indices.map { replicas(from: $0, placement) }
    return ReplicaMap(members: members, placement: placement, tokens: tokens.map(\.token), replicas: lists)
  }

  private func replicas(from start: Int, _ placement: Placement) -> [Int] {
    switch placement {
    case .simple(let factor):
      var chosen: [Int] = []
      for step in tokens.indices where chosen.count < factor {
        let owner = tokens[(start + step) % tokens.count].owner
        if !chosen.contains(owner) { chosen.append(owner) }
      }
      return chosen
    case .networkTopology(let factors): return spreadReplicas(from: start, factors)
    }
  }

  /// NetworkTopologyStrategy.java: a rack is used again only once every rack of its datacenter has a copy.
  private func spreadReplicas(from start: Int, _ factors: [String: Int]) -> [Int] {
    var chosen: [Int] = []
    var racks: [String: Set<String>] = [:]
    var skipped: [String: [Int]] = [:]
    var counts: [String: Int] = [:]
    let racksIn = Dictionary(grouping: members, by: \.datacenter).mapValues { Set($0.map(\.rack)).count }
    for step in tokens.indices {
      let owner = tokens[(start + step) % tokens.count].owner
      let member = members[owner]
      let datacenter = member.datacenter
      guard counts[datacenter, default: 0] < factors[datacenter] ?? 0, !chosen.contains(owner) else { continue }
      if racks[datacenter, default: []].contains(member.rack),
        racks[datacenter, default: []].count < racksIn[datacenter] ?? 0
      {
        if !skipped[datacenter, default: []].contains(owner) { skipped[datacenter, default: []].append(owner) }
        continue
      }
      racks[datacenter, default: []].insert(member.rack)
      chosen.append(owner)
      counts[datacenter, default: 0] += 1
      guard racks[datacenter, default: []].count == racksIn[datacenter] ?? 0 else { continue }
      for owner in skipped.removeValue(forKey: datacenter) ?? []
      where counts[datacenter, default: 0] < factors[datacenter] ?? 0 {
        chosen.append(owner)
        counts[datacenter, default: 0] += 1
      }
    }
    return chosen
  }
}

/// The replicas of every range for one placement; made once for each ring and placement.
public final class ReplicaMap: Sendable {
  public let members: [Member]
  /// How many replicas the keyspace asks for; there are fewer where the cluster has fewer members.
  public let factor: Int
  /// By name: those of the members, and those that the placement names.
  public let datacenters: [String]
  /// For each member the index of its datacenter.
  public let datacenterOf: [Int]
  /// NetworkTopologyStrategy's factors in the order of `datacenters`; nil where the placement is simple.
  let factorsByDatacenter: [Int]?
  private let tokens: [Token]
  private let replicas: [[Int]]

  init(members: [Member], placement: Placement, tokens: [Token], replicas: [[Int]]) {
    self.members = members
    factor = placement.factor
    var named: Set<String> = []
    if case .networkTopology(let factors) = placement { named = Set(factors.filter { $0.value > 0 }.keys) }
    let datacenters = named.union(members.map(\.datacenter)).sorted()
    self.datacenters = datacenters
    datacenterOf = members.map { datacenters.firstIndex(of: $0.datacenter) ?? 0 }
    if case .networkTopology(let factors) = placement {
      factorsByDatacenter = datacenters.map { factors[$0] ?? 0 }
    } else {
      factorsByDatacenter = nil
    }
    self.tokens = tokens
    self.replicas = replicas
  }

  /// Indices into `members` of the replicas of a token, the owner first.
  public func replicas(of token: Token) -> [Int] {
    guard !tokens.isEmpty else { return [] }
    // The range of a ring's token ends with it: the first token that is not less.
    var low = 0
    var high = tokens.count
    while low < high {
      let middle = (low + high) / 2
      if tokens[middle] < token { low = middle + 1 } else { high = middle }
    }
    return replicas[low == tokens.count ? 0 : low]
  }

  /// The parts of `range`, in order, each with its replicas; neighbours with the same set of replicas are one part.
  public func parts(of range: TokenRange) -> [(range: TokenRange, replicas: [Int])] {
    guard !tokens.isEmpty else { return [] }
    var parts: [(range: TokenRange, replicas: [Int])] = []
    var first = range.first
    while true {
      let end = tokens.first { $0 >= first } ?? .max
      let last = min(end, range.last)
      let owners = replicas(of: first)
      if let before = parts.last, Set(before.replicas) == Set(owners) {
        parts[parts.count - 1].range.last = last
      } else {
        parts.append((TokenRange(first: first, last: last), owners))
      }
      if last >= range.last { return parts }
      first = last + 1
    }
  }
}
