// The shell around the cores of writes and reads: finds replicas, carries directives out, keeps one timer.

import Base
import Data
import Ring
import World

/// Coordinates this node's clients' requests; bound to the loop.
public final class RequestCoordinator {
  public struct Configuration: Sendable {
    public var writeTimeout: Duration = .seconds(2)
    public var readTimeout: Duration = .seconds(5)
    /// After so long without an answer another replica is asked as well.
    public var speculateAfter: Duration = .milliseconds(100)
    /// Requests under way; further ones are refused as overloaded.
    public var maxInFlight = 65_536

    public init() {}
  }

  public struct Counters: Sendable {
    public var writes: UInt64 = 0
    public var reads: UInt64 = 0
    public var failures: UInt64 = 0
    public var repairs: UInt64 = 0
    public var hints: UInt64 = 0
  }

  public private(set) var counters = Counters()
  private let topology: any Topology
  private let transport: any ReplicaTransport
  private let clock: any Clock
  private let timers: any Timers
  private let configuration: Configuration

  private var writes: WriteCore
  private var reads: ReadCore
  private var writing: [UInt64: Writing] = [:]
  private var reading: [UInt64: Reading] = [:]
  private var nextRequest: UInt64 = 1
  private var wakeUp: (due: Instant, token: TimerToken)?

  private struct Writing {
    var mutations: [OutgoingMutation]
    var trace: RequestTrace?
    var completion: ((RequestFailure?) -> Void)?
  }

  private struct Reading {
    var command: ReadCommand
    var trace: RequestTrace?
    var completion: (Result<ReadResponse, RequestFailure>) -> Void
  }

  public init(
    topology: any Topology, transport: any ReplicaTransport, clock: any Clock, timers: any Timers,
    configuration: Configuration = .init()
  ) {
    self.topology = topology
    self.transport = transport
    self.clock = clock
    self.timers = timers
    self.configuration = configuration
    writes = WriteCore(timeout: configuration.writeTimeout)
    reads = ReadCore(timeout: configuration.readTimeout, speculateAfter: configuration.speculateAfter)
  }

  public var inFlight: Int { writing.count + reading.count }

  private func replicas(_ map: ReplicaMap, _ indices: [Int]) -> [WriteCore.Replica] {
    indices.map { index in
      let hostID = map.members[index].hostID
      return WriteCore.Replica(hostID: hostID, isAlive: topology.isAlive(hostID))
    }
  }

  // MARK: Writes

  /// Writes, and answers nil when as many replicas have it as the level asks for.
  public func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    counters.writes += 1
    guard inFlight < configuration.maxInFlight else {
      return completion(.overloaded("\(inFlight) requests are under way on this node"))
    }
    guard let map = topology.replicaMap(keyspace: request.keyspace) else {
      return completion(.unknownKeyspace(request.keyspace))
    }
    guard !request.mutations.isEmpty else { return completion(nil) }
    let id = nextRequest
    nextRequest += 1
    writing[id] = Writing(
      mutations: request.mutations.map(OutgoingMutation.init), trace: request.trace, completion: completion)
    if request.trace != nil { tracedCount += 1 }
    let parts = request.mutations.map { replicas(map, map.replicas(of: $0.partition.key.token)) }
    var directives: [WriteCore.Directive] = []
    writes.start(
      id, parts: parts, factor: map.factor, consistency: request.consistency, kind: request.kind, now: clock.now,
      into: &directives)
    perform(directives)
    armTimer()
  }

  private func perform(_ directives: [WriteCore.Directive]) {
    for directive in directives {
      switch directive {
      case .send(let request, let part, let hostID):
        guard let mutation = writing[request]?.mutations[part] else { continue }
        note(request, "Sending mutation", to: hostID)
        transport.apply(mutation, at: hostID) { [self] outcome in
          note(request, "Mutation", outcome, from: hostID)
          var next: [WriteCore.Directive] = []
          writes.replied(request, part: part, from: hostID, outcome, into: &next)
          perform(next)
        }
      case .hint(let request, let part, let hostID):
        guard let mutation = writing[request]?.mutations[part] else { continue }
        counters.hints += 1
        note(request, "Keeping a hint", to: hostID)
        transport.keepHint(mutation, for: hostID)
      case .finish(let request, let failure):
        if failure != nil { counters.failures += 1 }
        let completion = writing[request]?.completion
        writing[request]?.completion = nil
        completion?(failure)
      case .forget(let request):
        if writing.removeValue(forKey: request)?.trace != nil { tracedCount -= 1 }
      }
    }
  }

  // MARK: Reads

  /// Reads one partition, or a range of tokens part by part until the command's limit is met.
  public func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
    counters.reads += 1
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
      if response.hasMore { return completion(.success(ReadResponse(partitions: found, hasMore: true))) }
      var rest = request
      if rest.command.rowLimit != .max {
        let rows = response.partitions.reduce(0) { $0 + $1.liveRows(nowInSeconds: request.command.nowInSeconds) }
        rest.command.rowLimit -= min(rows, rest.command.rowLimit)
      }
      scan(rest, map, parts.dropFirst(), found: found, completion: completion)
    }
  }

  private func start(
    _ request: ReadRequest, _ map: ReplicaMap, _ indices: [Int],
    completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void
  ) {
    let id = nextRequest
    nextRequest += 1
    reading[id] = Reading(command: request.command, trace: request.trace, completion: completion)
    if request.trace != nil { tracedCount += 1 }
    // The local copy first: it costs no message.
    var candidates = replicas(map, indices)
    if let local = candidates.firstIndex(where: { $0.hostID == topology.localHostID }) { candidates.swapAt(0, local) }
    var directives: [ReadCore.Directive] = []
    reads.start(
      id, command: request.command, replicas: candidates, factor: map.factor, consistency: request.consistency,
      now: clock.now,
      into: &directives)
    perform(directives)
    armTimer()
  }

  private func perform(_ directives: [ReadCore.Directive]) {
    for directive in directives {
      switch directive {
      case .read(let request, let hostID):
        guard let command = reading[request]?.command else { continue }
        note(request, "Sending read", to: hostID)
        transport.read(command, at: hostID) { [self] outcome in
          note(request, "Read", outcome, from: hostID)
          var next: [ReadCore.Directive] = []
          reads.replied(request, from: hostID, outcome, into: &next)
          perform(next)
        }
      case .repair(let request, let hostID, let partitions): repair(request, hostID, partitions)
      case .finish(let request, let result):
        if case .failure = result { counters.failures += 1 }
        let ended = reading.removeValue(forKey: request)
        if ended?.trace != nil { tracedCount -= 1 }
        ended?.completion(result)
      }
    }
  }

  private func repair(_ request: UInt64, _ hostID: UUID, _ partitions: [Partition]) {
    guard let command = reading[request]?.command else { return }
    counters.repairs += 1
    note(request, "Sending read repair", to: hostID)
    var left = partitions.count
    var failure: ReplicaFailure?
    for partition in partitions {
      let mutation = Mutation(table: command.table, incarnation: command.incarnation, partition: partition)
      transport.apply(OutgoingMutation(mutation), at: hostID) { [self] outcome in
        left -= 1
        if case .failure(let reason) = outcome { failure = reason }
        guard left == 0 else { return }
        var next: [ReadCore.Directive] = []
        reads.repaired(request, at: hostID, failure.map { .failure($0) } ?? .success(()), into: &next)
        perform(next)
      }
    }
  }

  // MARK: Traces

  /// Traced requests under way: without any, notes cost a comparison.
  private var tracedCount = 0

  private func trace(of request: UInt64) -> RequestTrace? { writing[request]?.trace ?? reading[request]?.trace }

  private func note(_ request: UInt64, _ what: String, to hostID: UUID) {
    guard tracedCount > 0, let trace = trace(of: request) else { return }
    trace.record("\(what) to \(topology.address(of: hostID))")
  }

  private func note<Answer>(
    _ request: UInt64, _ what: String, _ outcome: Result<Answer, ReplicaFailure>, from hostID: UUID
  ) {
    guard tracedCount > 0, let trace = trace(of: request) else { return }
    switch outcome {
    case .success: trace.record("\(what) answered by \(topology.address(of: hostID))")
    case .failure(let failure): trace.record("\(what) failed at \(topology.address(of: hostID)): \(failure)")
    }
  }

  // MARK: Time

  private func armTimer() {
    guard let due = [writes.nextDeadline, reads.nextDeadline].compactMap({ $0 }).min() else { return }
    if let wakeUp, wakeUp.due <= due { return }
    if let wakeUp { timers.cancel(wakeUp.token) }
    let token = timers.schedule(after: due - clock.now) { [self] in
      wakeUp = nil
      var writeDirectives: [WriteCore.Directive] = []
      writes.advance(now: clock.now, into: &writeDirectives)
      perform(writeDirectives)
      var readDirectives: [ReadCore.Directive] = []
      reads.advance(now: clock.now, into: &readDirectives)
      perform(readDirectives)
      armTimer()
    }
    wakeUp = (due, token)
  }
}
