// The life of reads. As many replicas are asked as the level requires, the nearest for its data, the others for a
// digest of theirs. Equal digests end it. Where they differ (second round), those that gave a digest are asked for
// their data, the answers are merged, and every replica that lacks something of the merge gets it before the client is
// answered (blocking read repair, Cassandra's BlockingReadRepair): what one quorum read has seen the next one sees too.
// The read ends once as many replicas hold the merge as the level requires.
//
// The second round does not ask the first replica again, as Cassandra does: it has given its data. One that fails is
// replaced at once by another; one that is slow gets company after a time (speculative retry), in every phase. Rounds
// are numbered: what answers an earlier round, or acknowledges an earlier repair, counts no more.
//
// An answer that a limit cut off says nothing of what lies behind its last row; the merge ends where the first such
// answer ends, and `hasMore` says so (that is the short-read protection: the next read goes on from there).

import Base
import Data
import Ring

/// When another replica is asked besides those that the level requires.
public enum Speculation: Equatable, Sendable {
  case never, always
  case after(Duration)
}

/// What a replica said to a read.
public enum ReplicaAnswer: Equatable, Sendable {
  case data(ReadResponse)
  case digest(UInt64)
}

public struct ReadCore {
  public enum Directive: Equatable {
    case read(request: UInt64, round: Int, from: UUID)
    case readDigest(request: UInt64, round: Int, from: UUID)
    /// Write to a replica what it lacks.
    case repair(request: UInt64, round: Int, at: UUID, [Partition])
    case finish(request: UInt64, Result<ReadResponse, RequestFailure>)
  }

  /// Sums since the start.
  public struct Counters: Sendable {
    public var digestMismatches: UInt64 = 0
    public var speculations: UInt64 = 0
    public var shortReads: UInt64 = 0
  }

  private var requests: [UInt64: PendingRead] = [:]
  private var deadlines = DeadlineQueue()
  private var speculations = SpeculationQueue()
  private let timeout: Duration
  public private(set) var counters = Counters()

  public init(timeout: Duration) { self.timeout = timeout }

  public var count: Int { requests.count }

  public var nextDeadline: Instant? {
    guard !requests.isEmpty, let due = deadlines.next else { return nil }
    guard let sooner = speculations.next else { return due }
    return min(due, sooner)
  }

  /// - Parameters:
  ///   - replicas: in the order in which they should be asked.
  ///   - requirement: of the level, for the keyspace's placement.
  public mutating func start(
    _ request: UInt64, command: ReadCommand, replicas: [ReplicaState], requirement: Requirement,
    consistency: Consistency, speculation: Speculation, now: Instant, into directives: inout [Directive]
  ) {
    var pending = PendingRead(command, replicas, requirement, consistency)
    if let failure = pending.unavailable {
      directives.append(.finish(request: request, .failure(failure)))
      return
    }
    pending.begin(request, speculation, into: &directives)
    deadlines.add(request, at: now + timeout)
    if case .after(let delay) = speculation, delay < timeout, pending.hasSpare {
      speculations.add(request, at: now, after: delay)
    }
    requests[request] = pending
  }

  public mutating func replied(
    _ request: UInt64, round: Int, from hostID: UUID, _ outcome: Result<ReplicaAnswer, ReplicaFailure>,
    into directives: inout [Directive]
  ) {
    guard let index = requests.index(forKey: request), requests.values[index].round == round else { return }
    let mismatchesBefore = requests.values[index].hasMismatch
    if requests.values[index].replied(request, from: hostID, outcome, into: &directives) {
      end(index)
    } else if !mismatchesBefore, requests.values[index].hasMismatch {
      counters.digestMismatches += 1
    }
  }

  /// A replica has what it lacked, or could not take it.
  public mutating func repaired(
    _ request: UInt64, round: Int, at hostID: UUID, _ outcome: Result<Void, ReplicaFailure>,
    into directives: inout [Directive]
  ) {
    guard let index = requests.index(forKey: request), requests.values[index].round == round else { return }
    if requests.values[index].repaired(request, at: hostID, outcome, into: &directives) { end(index) }
  }

  private mutating func end(_ index: Dictionary<UInt64, PendingRead>.Index) {
    if requests.values[index].hasMismatch, requests.values[index].isShort { counters.shortReads += 1 }
    requests.remove(at: index)
  }

  public mutating func advance(now: Instant, into directives: inout [Directive]) {
    while let request = speculations.popDue(now) {
      guard let index = requests.index(forKey: request) else { continue }
      if requests.values[index].askSpare(request, into: &directives) { counters.speculations += 1 }
    }
    while let request = deadlines.popDue(now) {
      guard let pending = requests.removeValue(forKey: request) else { continue }
      directives.append(.finish(request: request, .failure(pending.timeout)))
    }
  }
}
