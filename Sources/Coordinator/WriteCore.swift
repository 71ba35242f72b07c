// The life of writes: sent to every living replica, answered to the client when enough have it, and what a replica
// missed is kept as a hint: at once where it is dead or its connection breaks, at the deadline where it is silent.
//
// To another datacenter a write goes once: one replica there gets it with the list of the others, passes it on, and
// answers for each of them (`Directive.forward`). If the way to it breaks, all of them missed it.
//
// A request outlives its answer until each replica has answered or the deadline has passed, since only then it is known
// who needs a hint.

import Base
import Ring

/// A replica of one key, as the coordinator sees it.
public struct ReplicaState: Equatable, Sendable {
  public var hostID: UUID
  public var isAlive: Bool
  /// Index into `ReplicaMap.datacenters`.
  public var datacenter: Int

  public init(hostID: UUID, isAlive: Bool, datacenter: Int = 0) {
    self.hostID = hostID
    self.isAlive = isAlive
    self.datacenter = datacenter
  }
}

public struct WriteCore {
  public enum Directive: Equatable {
    case send(request: UInt64, part: Int, to: UUID)
    /// To the first of these, which passes it on to the others of its datacenter.
    case forward(request: UInt64, part: Int, to: [UUID])
    /// Answered by `hinted` where the level is ANY.
    case hint(request: UInt64, part: Int, for: UUID)
    /// The client's answer.
    case finish(request: UInt64, RequestFailure?)
    /// Nothing more will be said of the request.
    case forget(request: UInt64)
  }

  private struct Waiting {
    var hostID: UUID
    var datacenter: Int
  }

  private struct Part {
    let requirement: Requirement
    /// Acknowledgements that count.
    var received = 0
    var failed: [UUID] = []
    /// Of `waiting`, those that count.
    var countable = 0
    var waiting: [Waiting] = []
    /// EACH_QUORUM: acknowledged and awaited, in the order of the requirement's shares.
    var shares: [(received: Int, waiting: Int)] = []
    /// Hints that are to be kept and may count (ANY).
    var hints = 0

    init(_ requirement: Requirement, _ replicas: [ReplicaState]) {
      self.requirement = requirement
      waiting.reserveCapacity(replicas.count)
      if !requirement.each.isEmpty { shares = requirement.each.map { _ in (0, 0) } }
      for replica in replicas where replica.isAlive {
        waiting.append(Waiting(hostID: replica.hostID, datacenter: replica.datacenter))
        if requirement.counts(replica.datacenter) { countable += 1 }
        if let share = share(replica.datacenter) { shares[share].waiting += 1 }
      }
    }

    func share(_ datacenter: Int) -> Int? {
      shares.isEmpty ? nil : requirement.each.firstIndex { $0.datacenter == datacenter }
    }

    var isDone: Bool {
      guard !shares.isEmpty else { return received >= requirement.total }
      return shares.indices.allSatisfy { shares[$0].received >= requirement.each[$0].required }
    }

    var isLost: Bool {
      guard !shares.isEmpty else { return received + countable + hints < requirement.total }
      return shares.indices.contains { shares[$0].received + shares[$0].waiting < requirement.each[$0].required }
    }

    /// - Returns: false if nothing is awaited of the replica.
    mutating func answered(by hostID: UUID, _ outcome: Result<Void, ReplicaFailure>) -> Bool {
      guard let place = waiting.firstIndex(where: { $0.hostID == hostID }) else { return false }
      let datacenter = waiting.remove(at: place).datacenter
      let share = share(datacenter)
      if let share { shares[share].waiting -= 1 }
      guard requirement.counts(datacenter) else { return true }
      countable -= 1
      switch outcome {
      case .success:
        received += 1
        if let share { shares[share].received += 1 }
      case .failure(.unreachable): break
      case .failure: failed.append(hostID)
      }
      return true
    }

    /// What stood in the way when the write began, as Cassandra says it: for EACH_QUORUM the first datacenter that has
    /// too few.
    func unavailable(_ consistency: Consistency) -> RequestFailure? {
      for (share, asked) in zip(shares, requirement.each) where share.waiting < asked.required {
        return .unavailable(consistency, required: asked.required, alive: share.waiting, place: asked.place)
      }
      guard shares.isEmpty, countable < requirement.total, consistency != .any else { return nil }
      return .unavailable(consistency, required: requirement.total, alive: countable)
    }

    func failure(_ consistency: Consistency, _ kind: WriteKind) -> RequestFailure {
      // With EACH_QUORUM enough may have answered, but not in each datacenter: the client is not told that it has all.
      let received = min(received, requirement.total - 1)
      return !failed.isEmpty
        ? .writeFailure(
          consistency, received: received, required: requirement.total, failures: failed.map { FailedReplica($0) }, kind
        )
        : .writeTimeout(consistency, received: received, required: requirement.total, kind)
    }
  }

  private struct Pending {
    var parts: [Part]
    var consistency: Consistency
    var kind: WriteKind
    var isAnswered = false
    /// Answers still awaited, over all parts.
    var outstanding: Int
  }

  private var requests: [UInt64: Pending] = [:]
  private var deadlines = DeadlineQueue()
  private let timeout: Duration

  public init(timeout: Duration) { self.timeout = timeout }

  /// Requests not yet forgotten.
  public var count: Int { requests.count }

  /// When `advance` is due; nil when nothing waits.
  public var nextDeadline: Instant? { requests.isEmpty ? nil : deadlines.next }

  /// What stands in the way of a write that would begin now.
  public static func unavailable(
    parts: [[ReplicaState]], requirement: Requirement, consistency: Consistency
  ) -> RequestFailure? {
    for replicas in parts {
      if let failure = Part(requirement, replicas).unavailable(consistency) { return failure }
    }
    return nil
  }

  /// - Parameters:
  ///   - parts: for each mutation its replicas.
  ///   - requirement: of the level, for the keyspace's placement.
  ///   - local: the coordinator's datacenter; writes to others are forwarded.
  public mutating func start(
    _ request: UInt64, parts: [[ReplicaState]], requirement: Requirement, local: Int = 0, consistency: Consistency,
    kind: WriteKind, now: Instant, into directives: inout [Directive]
  ) {
    var pending = Pending(parts: [], consistency: consistency, kind: kind, outstanding: 0)
    pending.parts.reserveCapacity(parts.count)
    for replicas in parts {
      let part = Part(requirement, replicas)
      if let failure = part.unavailable(consistency) {
        directives.append(.finish(request: request, failure))
        directives.append(.forget(request: request))
        return
      }
      pending.outstanding += part.waiting.count
      pending.parts.append(part)
    }
    requests[request] = pending
    deadlines.add(request, at: now + timeout)
    for (part, replicas) in parts.enumerated() {
      var remote: [ReplicaState] = []
      for replica in replicas {
        if !replica.isAlive {
          hint(request, part: part, for: replica.hostID, into: &directives)
        } else if replica.datacenter == local {
          directives.append(.send(request: request, part: part, to: replica.hostID))
        } else {
          remote.append(replica)
        }
      }
      if !remote.isEmpty { sendAbroad(request, part: part, remote, into: &directives) }
    }
    settle(request, into: &directives)
  }

  /// One message a datacenter; its replicas take turns in passing it on.
  private func sendAbroad(
    _ request: UInt64, part: Int, _ replicas: [ReplicaState], into directives: inout [Directive]
  ) {
    var rest = replicas[...]
    while let first = rest.first {
      let there = rest.filter { $0.datacenter == first.datacenter }.map(\.hostID)
      rest = rest.filter { $0.datacenter != first.datacenter }[...]
      if there.count == 1 {
        directives.append(.send(request: request, part: part, to: there[0]))
      } else {
        let turn = Int(request % UInt64(there.count))
        directives.append(.forward(request: request, part: part, to: Array(there[turn...] + there[..<turn])))
      }
    }
  }

  private mutating func hint(_ request: UInt64, part: Int, for hostID: UUID, into directives: inout [Directive]) {
    directives.append(.hint(request: request, part: part, for: hostID))
    if requests[request]?.consistency == .any { requests[request]?.parts[part].hints += 1 }
  }

  /// A hint was kept, or could not be: one that is kept is all that ANY asks for.
  public mutating func hinted(_ request: UInt64, part: Int, isKept: Bool, into directives: inout [Directive]) {
    guard let index = requests.index(forKey: request), requests.values[index].parts[part].hints > 0 else { return }
    requests.values[index].parts[part].hints -= 1
    if isKept { requests.values[index].parts[part].received += 1 }
    settle(request, into: &directives)
  }

  /// One replica answered for one mutation.
  public mutating func replied(
    _ request: UInt64, part: Int, from hostID: UUID, _ outcome: Result<Void, ReplicaFailure>,
    into directives: inout [Directive]
  ) {
    guard let index = requests.index(forKey: request),
      requests.values[index].parts[part].answered(by: hostID, outcome)
    else { return }
    requests.values[index].outstanding -= 1
    if case .failure = outcome { hint(request, part: part, for: hostID, into: &directives) }
    settle(request, into: &directives)
  }

  private mutating func settle(_ request: UInt64, into directives: inout [Directive]) {
    guard let index = requests.index(forKey: request) else { return }
    if !requests.values[index].isAnswered {
      let pending = requests.values[index]
      if pending.parts.allSatisfy(\.isDone) {
        requests.values[index].isAnswered = true
        directives.append(.finish(request: request, nil))
      } else if let lost = pending.parts.first(where: \.isLost) {
        requests.values[index].isAnswered = true
        directives.append(.finish(request: request, lost.failure(pending.consistency, pending.kind)))
      }
    }
    // A hint that ANY waits for is answered within the tick.
    if requests.values[index].outstanding == 0, requests.values[index].isAnswered {
      requests.remove(at: index)
      directives.append(.forget(request: request))
    }
  }

  /// Ends what is overdue.
  public mutating func advance(now: Instant, into directives: inout [Directive]) {
    while let request = deadlines.popDue(now) {
      guard let pending = requests.removeValue(forKey: request) else { continue }
      if !pending.isAnswered, let late = pending.parts.first(where: { !$0.isDone }) {
        directives.append(.finish(request: request, late.failure(pending.consistency, pending.kind)))
      }
      for (part, state) in pending.parts.enumerated() {
        for replica in state.waiting {
          directives.append(.hint(request: request, part: part, for: replica.hostID))
        }
      }
      directives.append(.forget(request: request))
    }
  }
}
