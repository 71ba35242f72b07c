// What `BatchCore` says, carried out; and batches of other coordinators that died, finished in their stead.

import Base
import Data
import Ring
import World

/// Logged batches under way. Apart from plain writes, which must not pay for them: a core and a timer of their own.
struct Batching {
  struct Batch {
    var request: LoggedBatchRequest
    var outgoing: OutgoingBatch
    var completion: ((RequestFailure?) -> Void)?
  }

  var core: BatchCore
  var batches: [UInt64: Batch] = [:]
  var wakeUp: (due: Instant, token: TimerToken)?

  init(timeout: Duration) { core = BatchCore(timeout: timeout) }
}

extension RequestCoordinator {
  /// Writes a batch whose mutations all happen or none, and answers nil when as many replicas of each have it as the
  /// level asks for. What can be known at once, too few nodes alive, is said before anything is done.
  public func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void) {
    sums.batches += 1
    guard inFlight < configuration.maxInFlight else {
      return completion(.overloaded("\(inFlight) requests are under way on this node"))
    }
    var members: [Member] = []
    var obstacle: RequestFailure?
    for (keyspace, mutations) in request.parts {
      guard let map = topology.replicaMap(keyspace: keyspace) else { return completion(.unknownKeyspace(keyspace)) }
      members = map.members
      let local = localDatacenter(map)
      let failure = WriteCore.unavailable(
        parts: parts(mutations, map), requirement: map.requirement(request.consistency, local: local),
        consistency: request.consistency)
      obstacle = obstacle ?? failure
    }
    let holders = BatchHolders.choose(
      members: members, local: topology.localHostID, isAlive: topology.isAlive,
      isAny: request.consistency == .any, random: request.id.high ^ request.id.low)
    // Cassandra looks for holders first.
    if holders.isEmpty { obstacle = BatchHolders.none }
    if let obstacle {
      sums.failures += 1
      return completion(obstacle)
    }
    let id = nextRequest()
    batching.batches[id] = Batching.Batch(
      request: request, outgoing: OutgoingBatch(request), completion: completion)
    request.trace?.record("Sending the batch to \(holders.count) batch logs")
    var directives: [BatchCore.Directive] = []
    batching.core.start(id, holders: holders, now: clock.now, into: &directives)
    perform(directives)
    armBatchTimer()
  }

  private func perform(_ directives: [BatchCore.Directive]) {
    for directive in directives {
      switch directive {
      case .store(let id, let holder):
        guard let batch = batching.batches[id]?.outgoing else { continue }
        batchlog.storeBatch(batch, at: holder) { [self] outcome in
          var next: [BatchCore.Directive] = []
          batching.core.stored(id, at: holder, outcome, into: &next)
          perform(next)
        }
      case .write(let id): writeMutations(of: id)
      case .remove(let id, let holder):
        guard let batch = batching.batches[id]?.outgoing else { continue }
        batchlog.removeBatch(batch.id, at: holder)
      case .finish(let id, let failure):
        if failure != nil { sums.failures += 1 }
        let completion = batching.batches[id]?.completion
        batching.batches[id]?.completion = nil
        completion?(failure)
      case .forget(let id): batching.batches[id] = nil
      }
    }
  }

  private func writeMutations(of id: UInt64) {
    guard let request = batching.batches[id]?.request else { return }
    var left = request.parts.count
    var failure: RequestFailure?
    for (keyspace, mutations) in request.parts {
      let part = WriteRequest(
        keyspace: keyspace, mutations: mutations, consistency: request.consistency, kind: .batch, trace: request.trace)
      begin(part) { [self] outcome in
        // That a keyspace is gone ends a batch; any other failure leaves it to its holders, and so comes first.
        if case .unknownKeyspace? = failure { failure = outcome ?? failure } else { failure = failure ?? outcome }
        left -= 1
        guard left == 0 else { return }
        var next: [BatchCore.Directive] = []
        batching.core.written(id, failure, into: &next)
        perform(next)
      }
    }
  }

  /// Finishes a batch whose coordinator did not: writes to all replicas of each mutation, with a hint for each that
  /// does not answer.
  /// - Parameter settled: called once, later or within the call, when each replica has answered or its hint was tried:
  ///   whether each mutation is somewhere, on a replica or in a hint.
  public func replay(
    _ parts: [(keyspace: String, mutations: [Mutation])], settled: @escaping (_ isDone: Bool) -> Void
  ) {
    var left = parts.count
    var isDone = true
    guard left > 0 else { return settled(true) }
    for (keyspace, mutations) in parts {
      let request = WriteRequest(keyspace: keyspace, mutations: mutations, consistency: .any, kind: .batch)
      let ended = {
        left -= 1
        if left == 0 { settled(isDone) }
      }
      // A keyspace that is gone takes its rows with it.
      guard topology.replicaMap(keyspace: keyspace) != nil, !mutations.isEmpty else {
        ended()
        continue
      }
      begin(request, settled: ended) { failure in
        if failure != nil { isDone = false }
      }
    }
  }

  private func armBatchTimer() {
    guard let due = batching.core.nextDeadline else { return }
    if let wakeUp = batching.wakeUp, wakeUp.due <= due { return }
    if let wakeUp = batching.wakeUp { timers.cancel(wakeUp.token) }
    let token = timers.schedule(after: due - clock.now) { [self] in
      batching.wakeUp = nil
      var directives: [BatchCore.Directive] = []
      batching.core.advance(now: clock.now, into: &directives)
      perform(directives)
      armBatchTimer()
    }
    batching.wakeUp = (due, token)
  }
}
