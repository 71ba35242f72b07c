// The life of writes: sent to every living replica, answered to the client when enough have it, and what a replica
// missed is kept as a hint: at once where it is dead or its connection breaks, at the deadline where it is silent.
//
// A request outlives its answer until each replica has answered or the deadline has passed, since only then it is known
// who needs a hint.

import Base
import Ring

public struct WriteCore {
  public enum Directive: Equatable {
    case send(request: UInt64, part: Int, to: UUID)
    case hint(request: UInt64, part: Int, for: UUID)
    /// The client's answer.
    case finish(request: UInt64, RequestFailure?)
    /// Nothing more will be said of the request.
    case forget(request: UInt64)
  }

  public struct Replica: Equatable, Sendable {
    public var hostID: UUID
    public var isAlive: Bool

    public init(hostID: UUID, isAlive: Bool) {
      self.hostID = hostID
      self.isAlive = isAlive
    }
  }

  private struct Part {
    var required: Int
    var received = 0
    var failures = 0
    var pending: [UUID]
    var isDone: Bool { received >= required }
    var isLost: Bool { received + pending.count < required }
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

  /// - Parameters:
  ///   - parts: for each mutation its replicas.
  ///   - factor: of the keyspace; a level counts by it even while the cluster has fewer members.
  public mutating func start(
    _ request: UInt64, parts: [[Replica]], factor: Int, consistency: Consistency, kind: WriteKind, now: Instant,
    into directives: inout [Directive]
  ) {
    var pending = Pending(parts: [], consistency: consistency, kind: kind, outstanding: 0)
    for replicas in parts {
      let required = consistency.required(replicas: factor)
      let alive = replicas.filter(\.isAlive).map(\.hostID)
      guard alive.count >= required || consistency == .any else {
        directives.append(
          .finish(request: request, .unavailable(consistency, required: required, alive: alive.count)))
        directives.append(.forget(request: request))
        return
      }
      pending.parts.append(Part(required: required, pending: alive))
      pending.outstanding += alive.count
    }
    requests[request] = pending
    deadlines.add(request, at: now + timeout)
    for (part, replicas) in parts.enumerated() {
      for replica in replicas {
        if replica.isAlive {
          directives.append(.send(request: request, part: part, to: replica.hostID))
        } else {
          hint(request, part: part, for: replica.hostID, into: &directives)
        }
      }
    }
    settle(request, into: &directives)
  }

  /// A hint is all that ANY asks for.
  private mutating func hint(_ request: UInt64, part: Int, for hostID: UUID, into directives: inout [Directive]) {
    directives.append(.hint(request: request, part: part, for: hostID))
    if requests[request]?.consistency == .any { requests[request]?.parts[part].received += 1 }
  }

  /// One replica answered for one mutation.
  public mutating func replied(
    _ request: UInt64, part: Int, from hostID: UUID, _ outcome: Result<Void, ReplicaFailure>,
    into directives: inout [Directive]
  ) {
    guard var pending = requests[request], let place = pending.parts[part].pending.firstIndex(of: hostID) else {
      return
    }
    pending.parts[part].pending.remove(at: place)
    pending.outstanding -= 1
    switch outcome {
    case .success: pending.parts[part].received += 1
    case .failure(.unreachable): break
    case .failure: pending.parts[part].failures += 1
    }
    requests[request] = pending
    if case .failure = outcome { hint(request, part: part, for: hostID, into: &directives) }
    settle(request, into: &directives)
  }

  private mutating func settle(_ request: UInt64, into directives: inout [Directive]) {
    guard let pending = requests[request] else { return }
    if !pending.isAnswered {
      if pending.parts.allSatisfy(\.isDone) {
        requests[request]?.isAnswered = true
        directives.append(.finish(request: request, nil))
      } else if let lost = pending.parts.first(where: \.isLost) {
        requests[request]?.isAnswered = true
        directives.append(.finish(request: request, failure(of: lost, pending)))
      }
    }
    if pending.outstanding == 0 {
      requests[request] = nil
      directives.append(.forget(request: request))
    }
  }

  private func failure(of part: Part, _ pending: Pending) -> RequestFailure {
    part.failures > 0
      ? .writeFailure(
        pending.consistency, received: part.received, required: part.required, failures: part.failures, pending.kind)
      : .writeTimeout(pending.consistency, received: part.received, required: part.required, pending.kind)
  }

  /// Ends what is overdue.
  public mutating func advance(now: Instant, into directives: inout [Directive]) {
    while let request = deadlines.popDue(now) {
      guard let pending = requests.removeValue(forKey: request) else { continue }
      if !pending.isAnswered, let late = pending.parts.first(where: { !$0.isDone }) {
        directives.append(.finish(request: request, failure(of: late, pending)))
      }
      for (part, state) in pending.parts.enumerated() {
        for hostID in state.pending { directives.append(.hint(request: request, part: part, for: hostID)) }
      }
      directives.append(.forget(request: request))
    }
  }
}
