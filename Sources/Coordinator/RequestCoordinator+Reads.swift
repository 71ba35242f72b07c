// What `ReadCore` says, carried out; a read of a range of tokens is one read a part, in order.

import Base
import Data
import Ring

extension RequestCoordinator {
  /// Reads one partition, or a range of tokens part by part until the command's limit is met.
  public func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
    sums.reads += 1
    guard inFlight < configuration.maxInFlight else {
      return completion(.failure(.overloaded("\(inFlight) requests are under way on this node")))
    }
    guard let map = topology.replicaMap(keyspace: request.keyspace) else {
      return completion(.failure(.unknownKeyspace(request.keyspace)))
    }
    switch request.command.scope {
    case .partition(let key):
      start(request, map, map.replicas(of: key.token), completion: completion)
    case .range(let range, let cursor):
      let first = cursor.map { max(range.first, $0.key.token) } ?? range.first
      guard first <= range.last else { return completion(.success(ReadResponse(partitions: [], hasMore: false))) }
      let parts = map.parts(of: TokenRange(first: first, last: range.last))
      scan(request, map, parts[...], found: [], completion: completion)
    }
  }

  /// The first of `parts`, then the rest with what is left of the limit.
  private func scan(
    _ request: ReadRequest, _ map: ReplicaMap, _ parts: ArraySlice<(range: TokenRange, replicas: [Int])>,
    found: [Partition], completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void
  ) {
    guard let part = parts.first, request.command.rowLimit > 0 else {
      return completion(.success(ReadResponse(partitions: found, hasMore: !parts.isEmpty)))
    }
    var next = request
    if case .range(_, let cursor) = request.command.scope {
      let isWithin = cursor.map { part.range.contains($0.key.token) } ?? false
      next.command.scope = .range(part.range, after: isWithin ? cursor : nil)
    }
    start(next, map, part.replicas) { [self] result in
      guard case .success(let response) = result else { return completion(result) }
      let found = found + response.partitions
      if response.hasMore {
        return completion(
          .success(ReadResponse(partitions: found, hasMore: true, mergedEnd: response.mergedEnd)))
      }
      var rest = request
      if rest.command.rowLimit != .max {
        let rows = response.partitions.reduce(0) { $0 + $1.liveRows(nowInSeconds: request.command.nowInSeconds) }
        rest.command.rowLimit -= min(rows, rest.command.rowLimit)
      }
      scan(rest, map, parts.dropFirst(), found: found, completion: completion)
    }
  }

  /// The nearest first: the local copy, which costs no message, then this datacenter's, then the others, dead ones left
  /// out of account by the core.
  private func nearestFirst(_ map: ReplicaMap, _ indices: [Int], local: Int) -> [ReplicaState] {
    var replicas: [ReplicaState] = []
    replicas.reserveCapacity(indices.count)
    for index in indices where map.datacenterOf[index] == local { replicas.append(state(map, index)) }
    if replicas.count < indices.count {
      for index in indices where map.datacenterOf[index] != local { replicas.append(state(map, index)) }
    }
    if let place = replicas.firstIndex(where: { $0.hostID == topology.localHostID }) { replicas.swapAt(0, place) }
    return replicas
  }

  private func start(
    _ request: ReadRequest, _ map: ReplicaMap, _ indices: [Int],
    completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void
  ) {
    let id = nextRequest()
    let now = clock.now
    let local = localDatacenter(map)
    let requirement = map.requirement(request.consistency, local: local)
    let (speculation, latency) = speculation(request.command, isPossible: indices.count > requirement.total, now: now)
    reading[id] = Reading(
      command: request.command, started: now, latency: latency, trace: request.trace, completion: completion)
    if request.trace != nil { tracedCount += 1 }
    var directives: [ReadCore.Directive] = []
    reads.start(
      id, command: request.command, replicas: nearestFirst(map, indices, local: local), requirement: requirement,
      consistency: request.consistency, speculation: speculation, now: now, into: &directives)
    perform(directives)
    armTimer()
  }

  private func speculation(
    _ command: ReadCommand, isPossible: Bool, now: Instant
  ) -> (Speculation, ReadLatency?) {
    guard isPossible else { return (.never, nil) }
    guard case .partition = command.scope else { return (.after(configuration.speculateAfter), nil) }
    let latency = latencies.of(command.table, now: now) { [topology] in topology.speculativeRetry(table: $0) }
    return (latency.speculation, latency)
  }

  func perform(_ directives: [ReadCore.Directive]) {
    for directive in directives {
      switch directive {
      case .read(let request, let round, let hostID):
        guard let command = reading[request]?.command else { continue }
        note(request, "Sending read", to: hostID)
        transport.read(command, at: hostID) { [self] outcome in
          replied(request, round, hostID, outcome.map(ReplicaAnswer.data))
        }
      case .readDigest(let request, let round, let hostID):
        guard let command = reading[request]?.command else { continue }
        note(request, "Sending digest read", to: hostID)
        transport.readDigest(command, at: hostID) { [self] outcome in
          replied(request, round, hostID, outcome.map(ReplicaAnswer.digest))
        }
      case .repair(let request, let round, let hostID, let partitions): repair(request, round, hostID, partitions)
      case .finish(let request, let result): finish(request, result)
      }
    }
  }

  private func replied(
    _ request: UInt64, _ round: Int, _ hostID: UUID, _ outcome: Result<ReplicaAnswer, ReplicaFailure>
  ) {
    note(request, "Read", outcome, from: hostID)
    var next: [ReadCore.Directive] = []
    reads.replied(request, round: round, from: hostID, outcome, into: &next)
    perform(next)
  }

  private func finish(_ request: UInt64, _ result: Result<ReadResponse, RequestFailure>) {
    guard let ended = reading.removeValue(forKey: request) else { return }
    if ended.trace != nil { tracedCount -= 1 }
    switch result {
    case .success:
      ended.latency?.record(clock.now - ended.started)
      ended.completion(result)
    case .failure(let failure):
      sums.failures += 1
      ended.completion(.failure(failure.located(topology)))
    }
  }

  private func repair(_ request: UInt64, _ round: Int, _ hostID: UUID, _ partitions: [Partition]) {
    guard let command = reading[request]?.command else { return }
    sums.repairs += 1
    note(request, "Sending read repair", to: hostID)
    var left = partitions.count
    var failure: ReplicaFailure?
    for partition in partitions {
      let mutation = Mutation(table: command.table, incarnation: command.incarnation, partition: partition)
      transport.apply(OutgoingMutation(mutation), at: hostID) { [self] outcome in
        left -= 1
        if case .failure(let reason) = outcome { failure = reason }
        guard left == 0 else { return }
        let outcome: Result<Void, ReplicaFailure> = failure.map { .failure($0) } ?? .success(())
        note(request, "Read repair", outcome, from: hostID)
        var next: [ReadCore.Directive] = []
        reads.repaired(request, round: round, at: hostID, outcome, into: &next)
        perform(next)
      }
    }
  }
}
