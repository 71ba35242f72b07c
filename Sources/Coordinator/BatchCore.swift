// The life of logged batches over several partitions (StorageProxy.mutateAtomically in Cassandra): first the whole
// batch goes to its holders, other nodes that will finish it if this one dies; once all of them have it, the
// mutations are written; once these have succeeded, the holders are told to forget it.
//
// A batch that the holders could not take is not begun, and those that may have taken it are told to forget it. A batch
// whose mutations failed or timed out stays with the holders: it will be finished, and the answer's write type BATCH
// says so.

import Base
import Ring

public struct BatchCore {
  public enum Directive: Equatable {
    case store(batch: UInt64, at: UUID)
    /// The mutations' turn; answered by `written`.
    case write(batch: UInt64)
    case remove(batch: UInt64, from: UUID)
    /// The client's answer.
    case finish(batch: UInt64, RequestFailure?)
    /// Nothing more will be said of the batch.
    case forget(batch: UInt64)
  }

  private struct Pending {
    var holders: [UUID]
    /// Whose acknowledgement is awaited.
    var waiting: [UUID]
    var received = 0
    var failed: [UUID] = []
    var isOverloaded = false
    var isWriting = false
    /// As Cassandra counts the log's own write.
    var level: Consistency { holders.count == 1 ? .one : .two }
  }

  private var batches: [UInt64: Pending] = [:]
  private var deadlines = DeadlineQueue()
  private let timeout: Duration

  /// - Parameter timeout: for the holders; the mutations have their own.
  public init(timeout: Duration) { self.timeout = timeout }

  public var count: Int { batches.count }

  /// When `advance` is due; nil when nothing waits.
  public var nextDeadline: Instant? { batches.isEmpty ? nil : deadlines.next }

  /// - Parameter holders: one or two nodes that are alive.
  public mutating func start(_ batch: UInt64, holders: [UUID], now: Instant, into directives: inout [Directive]) {
    precondition(holders.count == 1 || holders.count == 2, "a batch with \(holders.count) holders")
    batches[batch] = Pending(holders: holders, waiting: holders)
    deadlines.add(batch, at: now + timeout)
    for holder in holders { directives.append(.store(batch: batch, at: holder)) }
  }

  /// A holder has it, or could not take it.
  public mutating func stored(
    _ batch: UInt64, at holder: UUID, _ outcome: Result<Void, ReplicaFailure>, into directives: inout [Directive]
  ) {
    guard var pending = batches[batch], let place = pending.waiting.firstIndex(of: holder) else { return }
    pending.waiting.remove(at: place)
    switch outcome {
    case .success: pending.received += 1
    case .failure(.unreachable): break
    case .failure(.overloaded):
      pending.failed.append(holder)
      pending.isOverloaded = true
    case .failure: pending.failed.append(holder)
    }
    if pending.received == pending.holders.count {
      pending.isWriting = true
      directives.append(.write(batch: batch))
    }
    batches[batch] = pending
    if case .failure = outcome { giveUp(batch, pending, into: &directives) }
  }

  private mutating func giveUp(_ batch: UInt64, _ pending: Pending, into directives: inout [Directive]) {
    let required = pending.holders.count
    let failure: RequestFailure =
      pending.isOverloaded
      ? .overloaded("the batch log is full on a node that should hold the batch")
      : !pending.failed.isEmpty
        ? .writeFailure(
          pending.level, received: pending.received, required: required,
          failures: pending.failed.map { FailedReplica($0) }, .batchLog)
        : .writeTimeout(pending.level, received: pending.received, required: required, .batchLog)
    end(batch, pending, failure, isForgotten: true, into: &directives)
  }

  private mutating func end(
    _ batch: UInt64, _ pending: Pending, _ failure: RequestFailure?, isForgotten: Bool,
    into directives: inout [Directive]
  ) {
    batches[batch] = nil
    directives.append(.finish(batch: batch, failure))
    if isForgotten {
      for holder in pending.holders { directives.append(.remove(batch: batch, from: holder)) }
    }
    directives.append(.forget(batch: batch))
  }

  /// The mutations are written as the level asks, or not.
  public mutating func written(_ batch: UInt64, _ failure: RequestFailure?, into directives: inout [Directive]) {
    guard let pending = batches[batch], pending.isWriting else { return }
    switch failure {
    case nil, .unknownKeyspace: end(batch, pending, failure, isForgotten: true, into: &directives)
    case .unavailable(let level, let required, _, _):
      // Nodes died since the batch was begun. It is not nothing any more, so the client must not take it for that.
      let timeout = RequestFailure.writeTimeout(level, received: 0, required: required, .batch)
      end(batch, pending, timeout, isForgotten: false, into: &directives)
    default: end(batch, pending, failure, isForgotten: false, into: &directives)
    }
  }

  /// Ends what the holders did not take in time.
  public mutating func advance(now: Instant, into directives: inout [Directive]) {
    while let batch = deadlines.popDue(now) {
      guard let pending = batches[batch], !pending.isWriting else { continue }
      giveUp(batch, pending, into: &directives)
    }
  }
}
