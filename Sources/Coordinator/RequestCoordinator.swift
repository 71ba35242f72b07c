// The shell around the cores of writes and reads: finds replicas, carries directives out, keeps one timer.
// Writes and reads stand in files of their own.

import Base
import Data
import Ring
import World

/// Coordinates this node's clients' requests; bound to the loop.
public final class RequestCoordinator {
  public struct Configuration: Sendable {
    public var writeTimeout: Duration = .seconds(2)
    public var readTimeout: Duration = .seconds(5)
    /// After so long without an answer another replica is asked as well, until a table's reads have been measured, and
    /// in scans, which are not.
    public var speculateAfter: Duration = .milliseconds(100)
    /// Requests under way; further ones are refused as overloaded.
    public var maxInFlight = 65_536

    public init() {}
  }

  public struct Counters: Sendable {
    public var writes: UInt64 = 0
    public var reads: UInt64 = 0
    /// Logged batches over several partitions.
    public var batches: UInt64 = 0
    public var failures: UInt64 = 0
    public var repairs: UInt64 = 0
    public var hints: UInt64 = 0
    /// Writes sent to a replica of another datacenter to pass on.
    public var forwards: UInt64 = 0
    /// Reads whose digests differed.
    public var digestMismatches: UInt64 = 0
    /// Reads that asked another replica since the first were slow.
    public var speculations: UInt64 = 0
    /// Reads that ended where a limit had cut off a replica's answer, and go on from there.
    public var shortReads: UInt64 = 0
  }

  var sums = Counters()
  public var counters: Counters {
    var counters = sums
    counters.digestMismatches = reads.counters.digestMismatches
    counters.speculations = reads.counters.speculations
    counters.shortReads = reads.counters.shortReads
    return counters
  }

  let topology: any Topology
  let transport: any ReplicaTransport
  let clock: any Clock
  let configuration: Configuration
  let timers: any Timers
  let batchlog: any BatchlogTransport

  var writes: WriteCore
  var reads: ReadCore
  var writing: [UInt64: Writing] = [:]
  var reading: [UInt64: Reading] = [:]
  var latencies: ReadLatencies
  var batching: Batching
  private var lastRequest: UInt64 = 0
  private var wakeUp: (due: Instant, token: TimerToken)?
  /// Traced requests under way: without any, notes cost a comparison.
  var tracedCount = 0

  struct Writing {
    var mutations: [OutgoingMutation]
    /// Hints count.
    var isAny: Bool
    var trace: RequestTrace?
    var completion: ((RequestFailure?) -> Void)?
    /// Called when nothing more will be said of it.
    var settled: (() -> Void)?
  }

  struct Reading {
    var command: ReadCommand
    var started: Instant
    var latency: ReadLatency?
    var trace: RequestTrace?
    var completion: (Result<ReadResponse, RequestFailure>) -> Void
  }

  public init(
    topology: any Topology, transport: any ReplicaTransport, batchlog: any BatchlogTransport, clock: any Clock,
    timers: any Timers, configuration: Configuration = .init()
  ) {
    self.topology = topology
    self.transport = transport
    self.batchlog = batchlog
    self.clock = clock
    self.timers = timers
    self.configuration = configuration
    writes = WriteCore(timeout: configuration.writeTimeout)
    reads = ReadCore(timeout: configuration.readTimeout)
    latencies = ReadLatencies(untilMeasured: configuration.speculateAfter)
    batching = Batching(timeout: configuration.writeTimeout)
  }

  public var inFlight: Int { writing.count + reading.count + batching.batches.count }

  func nextRequest() -> UInt64 {
    lastRequest += 1
    return lastRequest
  }

  /// This node's datacenter among those of the map.
  func localDatacenter(_ map: ReplicaMap) -> Int {
    map.datacenters.count == 1 ? 0 : map.index(of: topology.localDatacenter)
  }

  func state(_ map: ReplicaMap, _ index: Int) -> ReplicaState {
    let hostID = map.members[index].hostID
    return ReplicaState(hostID: hostID, isAlive: topology.isAlive(hostID), datacenter: map.datacenterOf[index])
  }

  // MARK: Time

  func armTimer() {
    var due: Instant
    switch (writes.nextDeadline, reads.nextDeadline) {
    case (let write?, let read?): due = min(write, read)
    case (let write?, nil): due = write
    case (nil, let read?): due = read
    case (nil, nil): return
    }
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

  // MARK: Traces

  private func trace(of request: UInt64) -> RequestTrace? { writing[request]?.trace ?? reading[request]?.trace }

  func note(_ request: UInt64, _ what: String, to hostID: UUID) {
    guard tracedCount > 0, let trace = trace(of: request) else { return }
    trace.record("\(what) to \(topology.address(of: hostID))")
  }

  func note<Answer>(
    _ request: UInt64, _ what: String, _ outcome: Result<Answer, ReplicaFailure>, from hostID: UUID
  ) {
    guard tracedCount > 0, let trace = trace(of: request) else { return }
    switch outcome {
    case .success: trace.record("\(what) answered by \(topology.address(of: hostID))")
    case .failure(let failure): trace.record("\(what) failed at \(topology.address(of: hostID)): \(failure)")
    }
  }
}
