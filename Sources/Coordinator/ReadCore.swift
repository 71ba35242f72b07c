// The life of reads: as many replicas are asked as the level requires, the local one first; when one fails or is slow,
// another is asked in its place. Answers that differ are merged, and the replicas that lacked something get it before
// the client gets the answer (blocking read repair), so that what one quorum read has seen the next one sees too.
//
// An answer that a limit cut off says nothing of what lies behind its last row; the merge ends where the first such
// answer ends, and `hasMore` says so.

import Base
import Data
import Ring

public struct ReadCore {
  public enum Directive: Equatable {
    case read(request: UInt64, from: UUID)
    /// Write to a replica what it lacks.
    case repair(request: UInt64, at: UUID, [Partition])
    case finish(request: UInt64, Result<ReadResponse, RequestFailure>)
  }

  private struct Pending {
    var consistency: Consistency
    var required: Int
    var isReversed: Bool
    /// Of each partition of a scan: what a replica leaves out there, its answer does not say.
    var scanLimit: (rows: Int, nowInSeconds: Int64)?
    /// Alive and not asked yet, the best last.
    var spare: [UUID]
    var asked: [UUID]
    var answers: [(hostID: UUID, response: ReadResponse)] = []
    var failures = 0
    /// Replicas whose repair is awaited, and what is answered then.
    var repairing: [UUID] = []
    var merged: ReadResponse?
    var hasSpeculated = false
  }

  private var requests: [UInt64: Pending] = [:]
  private var deadlines = DeadlineQueue()
  private var speculations = DeadlineQueue()
  private let timeout: Duration
  private let speculateAfter: Duration

  public init(timeout: Duration, speculateAfter: Duration) {
    self.timeout = timeout
    self.speculateAfter = speculateAfter
  }

  public var count: Int { requests.count }

  public var nextDeadline: Instant? {
    guard !requests.isEmpty else { return nil }
    return [deadlines.next, speculations.next].compactMap { $0 }.min()
  }

  /// - Parameters:
  ///   - replicas: in the order in which they should be asked.
  ///   - factor: of the keyspace; a level counts by it even while the cluster has fewer members.
  public mutating func start(
    _ request: UInt64, command: ReadCommand, replicas: [WriteCore.Replica], factor: Int, consistency: Consistency,
    now: Instant,
    into directives: inout [Directive]
  ) {
    let required = consistency.required(replicas: factor)
    let alive = replicas.filter(\.isAlive).map(\.hostID)
    guard alive.count >= required else {
      directives.append(
        .finish(request: request, .failure(.unavailable(consistency, required: required, alive: alive.count))))
      return
    }
    let asked = Array(alive.prefix(required))
    var scanLimit: (rows: Int, nowInSeconds: Int64)?
    if case .range = command.scope, command.rowLimitPerPartition != .max {
      scanLimit = (command.rowLimitPerPartition, command.nowInSeconds)
    }
    requests[request] = Pending(
      consistency: consistency, required: required, isReversed: command.isReversed, scanLimit: scanLimit,
      spare: Array(alive.dropFirst(required).reversed()), asked: asked)
    deadlines.add(request, at: now + timeout)
    if alive.count > required { speculations.add(request, at: now + speculateAfter) }
    for hostID in asked { directives.append(.read(request: request, from: hostID)) }
  }

  public mutating func replied(
    _ request: UInt64, from hostID: UUID, _ outcome: Result<ReadResponse, ReplicaFailure>,
    into directives: inout [Directive]
  ) {
    guard var pending = requests[request], pending.merged == nil,
      let place = pending.asked.firstIndex(of: hostID)
    else { return }
    pending.asked.remove(at: place)
    switch outcome {
    case .success(let response):
      pending.answers.append((hostID, response))
      requests[request] = pending
      if pending.answers.count == pending.required { complete(request, pending, into: &directives) }
    case .failure(let failure):
      if failure != .unreachable { pending.failures += 1 }
      if let spare = pending.spare.popLast() {
        pending.asked.append(spare)
        directives.append(.read(request: request, from: spare))
      }
      requests[request] = pending
      if pending.answers.count + pending.asked.count < pending.required { fail(request, pending, into: &directives) }
    }
  }

  private mutating func fail(_ request: UInt64, _ pending: Pending, into directives: inout [Directive]) {
    requests[request] = nil
    let received = pending.answers.count
    let failure: RequestFailure =
      pending.failures > 0
      ? .readFailure(
        pending.consistency, received: received, required: pending.required, failures: pending.failures,
        hasData: received > 0)
      : .readTimeout(pending.consistency, received: received, required: pending.required, hasData: received > 0)
    directives.append(.finish(request: request, .failure(failure)))
  }

  private mutating func complete(_ request: UInt64, _ pending: Pending, into directives: inout [Directive]) {
    let first = pending.answers[0].response
    if pending.answers.dropFirst().allSatisfy({ $0.response == first }) {
      requests[request] = nil
      directives.append(.finish(request: request, .success(first)))
      return
    }
    let merged: ReadResponse
    do throws(DecodeError) {
      merged = try ReadResponse.merged(
        pending.answers.map(\.response), isReversed: pending.isReversed, scanLimit: pending.scanLimit)
    } catch {
      var failed = pending
      failed.failures += 1
      fail(request, failed, into: &directives)
      return
    }
    var next = pending
    next.merged = merged
    for (hostID, response) in pending.answers {
      let lacking = merged.missing(from: response)
      if lacking.isEmpty { continue }
      next.repairing.append(hostID)
      directives.append(.repair(request: request, at: hostID, lacking))
    }
    requests[request] = next
    finishIfRepaired(request, into: &directives)
  }

  private mutating func finishIfRepaired(_ request: UInt64, into directives: inout [Directive]) {
    guard let pending = requests[request], let merged = pending.merged, pending.repairing.isEmpty else { return }
    requests[request] = nil
    directives.append(.finish(request: request, .success(merged)))
  }

  /// A replica has what it lacked, or could not take it. Where it could not, what the others know stands on fewer
  /// replicas than the level promises, so the read begins again with a replica that has not been asked, or fails.
  public mutating func repaired(
    _ request: UInt64, at hostID: UUID, _ outcome: Result<Void, ReplicaFailure>, into directives: inout [Directive]
  ) {
    guard var pending = requests[request], let place = pending.repairing.firstIndex(of: hostID) else { return }
    pending.repairing.remove(at: place)
    guard case .failure = outcome else {
      requests[request] = pending
      finishIfRepaired(request, into: &directives)
      return
    }
    pending.answers.removeAll { $0.hostID == hostID }
    pending.merged = nil
    pending.repairing = []
    guard let spare = pending.spare.popLast() else {
      fail(request, pending, into: &directives)
      return
    }
    pending.asked.append(spare)
    requests[request] = pending
    directives.append(.read(request: request, from: spare))
  }

  public mutating func advance(now: Instant, into directives: inout [Directive]) {
    while let request = speculations.popDue(now) {
      guard var pending = requests[request], pending.merged == nil, !pending.hasSpeculated,
        let spare = pending.spare.popLast()
      else { continue }
      pending.hasSpeculated = true
      pending.asked.append(spare)
      requests[request] = pending
      directives.append(.read(request: request, from: spare))
    }
    while let request = deadlines.popDue(now) {
      guard let pending = requests[request] else { continue }
      fail(request, pending, into: &directives)
    }
  }
}
