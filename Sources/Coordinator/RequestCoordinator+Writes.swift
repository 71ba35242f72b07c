// What `WriteCore` says, carried out.

import Base
import Data
import Ring

extension RequestCoordinator {
  /// Writes, and answers nil when as many replicas have it as the level asks for.
  public func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    sums.writes += 1
    guard inFlight < configuration.maxInFlight else {
      return completion(.overloaded("\(inFlight) requests are under way on this node"))
    }
    begin(request, completion: completion)
  }

  /// Begins a write whatever else is under way.
  /// - Parameter settled: called once, when each replica has answered or has a hint.
  func begin(
    _ request: WriteRequest, settled: (() -> Void)? = nil, completion: @escaping (RequestFailure?) -> Void
  ) {
    guard let map = topology.replicaMap(keyspace: request.keyspace) else {
      return completion(.unknownKeyspace(request.keyspace))
    }
    guard !request.mutations.isEmpty else { return completion(nil) }
    let id = nextRequest()
    writing[id] = Writing(
      mutations: request.mutations.map(OutgoingMutation.init), isAny: request.consistency == .any,
      trace: request.trace, completion: completion, settled: settled)
    if request.trace != nil { tracedCount += 1 }
    let local = localDatacenter(map)
    var directives: [WriteCore.Directive] = []
    writes.start(
      id, parts: parts(request.mutations, map), requirement: map.requirement(request.consistency, local: local),
      local: local, consistency: request.consistency, kind: request.kind, now: clock.now, into: &directives)
    perform(directives)
    armTimer()
  }

  /// For each mutation its replicas.
  func parts(_ mutations: [Mutation], _ map: ReplicaMap) -> [[ReplicaState]] {
    mutations.map { mutation in map.replicas(of: mutation.partition.key.token).map { state(map, $0) } }
  }

  func perform(_ directives: [WriteCore.Directive]) {
    for directive in directives {
      switch directive {
      case .send(let request, let part, let hostID):
        guard let mutation = writing[request]?.mutations[part] else { continue }
        note(request, "Sending mutation", to: hostID)
        transport.apply(mutation, at: hostID) { [self] outcome in replied(request, part, hostID, outcome) }
      case .forward(let request, let part, let hostIDs):
        guard let mutation = writing[request]?.mutations[part] else { continue }
        sums.forwards += 1
        note(request, "Sending mutation for \(hostIDs.count) replicas", to: hostIDs[0])
        transport.forward(mutation, through: hostIDs) { [self] in replied(request, part, $0, $1) }
      case .hint(let request, let part, let hostID): hint(request, part, hostID)
      case .finish(let request, let failure):
        if failure != nil { sums.failures += 1 }
        let completion = writing[request]?.completion
        writing[request]?.completion = nil
        completion?(failure?.located(topology))
      case .forget(let request):
        let ended = writing.removeValue(forKey: request)
        if ended?.trace != nil { tracedCount -= 1 }
        ended?.settled?()
      }
    }
  }

  private func replied(_ request: UInt64, _ part: Int, _ hostID: UUID, _ outcome: Result<Void, ReplicaFailure>) {
    note(request, "Mutation", outcome, from: hostID)
    var next: [WriteCore.Directive] = []
    writes.replied(request, part: part, from: hostID, outcome, into: &next)
    perform(next)
  }

  private func hint(_ request: UInt64, _ part: Int, _ hostID: UUID) {
    guard let written = writing[request] else { return }
    note(request, "Keeping a hint", to: hostID)
    guard written.isAny else {
      if transport.keepHint(written.mutations[part], for: hostID, stored: nil) { sums.hints += 1 }
      return
    }
    // At ANY a hint counts once it is stored.
    let isKept = transport.keepHint(written.mutations[part], for: hostID) { [self] isStored in
      hinted(request, part, isStored)
    }
    if isKept { sums.hints += 1 } else { hinted(request, part, false) }
  }

  private func hinted(_ request: UInt64, _ part: Int, _ isStored: Bool) {
    var next: [WriteCore.Directive] = []
    writes.hinted(request, part: part, isKept: isStored, into: &next)
    perform(next)
  }
}
