// Three real stores behind a real coordinator: each write reaches the replicas that the test lets it reach, each read
// the ones that the test calls alive. What is asked completes within the call, as the engine's test bed wants it.

import Base
import Coordinator
import Data
import Query
import Ring
import Storage
import TestWorld
import World

final class ReplicatedData: DataPath, ReplicaTransport, BatchlogTransport, Topology {
  private var coordinator: RequestCoordinator?
  private var stores: [UUID: Store] = [:]
  private let map: ReplicaMap
  private let clock = TestClock(now: Instant(nanoseconds: 0), wallMicroseconds: 1_700_000_000_000_000)
  private var waiting: [() -> Void] = []
  let localHostID: UUID
  let localDatacenter = "datacenter1"
  var dead: Set<UUID> = []
  private(set) var repairs = 0
  private(set) var digestReads = 0
  private(set) var dataReads = 0

  var counters: RequestCoordinator.Counters? { coordinator?.counters }
  var hosts: [UUID] { map.members.map(\.hostID) }

  init() throws {
    map = TokenRing(members: TestBed.members).replicaMap(.simple(3))
    localHostID = TestBed.members[0].hostID
    for member in TestBed.members {
      let store = Store(
        home: .simulated(SimulatedDisk(), directory: "/data"), options: StoreOptions(), timers: TestTimers(), wake: {})
      try store.open()
      stores[member.hostID] = store
    }
    coordinator = RequestCoordinator(
      topology: self, transport: self, batchlog: self, clock: clock, timers: TestTimers(clock: clock))
  }

  deinit { for store in stores.values { store.kill() } }

  private func run<Answer>(_ body: (RequestCoordinator, @escaping (Answer) -> Void) -> Void) -> Answer {
    guard let coordinator else { preconditionFailure("no coordinator") }
    var answer: Answer?
    body(coordinator) { answer = $0 }
    while !waiting.isEmpty { waiting.removeFirst()() }
    guard let answer else { preconditionFailure("no answer though nothing is under way") }
    return answer
  }

  func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    completion(run { $0.write(request, completion: $1) })
  }

  func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void) {
    completion(run { $0.write(request, completion: $1) })
  }

  func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
    completion(run { $0.read(request, completion: $1) })
  }

  /// What each replica has of everything, as bytes: equal where they agree.
  func contents(_ command: ReadCommand) throws -> [ReadResponse] { try hosts.map { try store($0).read(command) } }

  private func store(_ hostID: UUID) -> Store {
    guard let store = stores[hostID] else { preconditionFailure("\(hostID) is no replica") }
    return store
  }

  // MARK: ReplicaTransport

  func apply(
    _ mutation: OutgoingMutation, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    waiting.append { [self] in
      let store = store(hostID)
      do {
        _ = try store.apply(mutation.mutation)
        _ = store.endTick()
        completion(.success(()))
      } catch { completion(.failure(.failed("\(error)"))) }
    }
  }

  func forward(
    _ mutation: OutgoingMutation, through hostIDs: [UUID],
    completion: @escaping (UUID, Result<Void, ReplicaFailure>) -> Void
  ) {
    for hostID in hostIDs { apply(mutation, at: hostID) { completion(hostID, $0) } }
  }

  func read(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<ReadResponse, ReplicaFailure>) -> Void
  ) {
    dataReads += 1
    waiting.append { [self] in
      do { completion(.success(try store(hostID).read(command))) } catch { completion(.failure(.failed("\(error)"))) }
    }
  }

  func readDigest(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<UInt64, ReplicaFailure>) -> Void
  ) {
    digestReads += 1
    waiting.append { [self] in
      do { completion(.success(try store(hostID).read(command).digest)) } catch {
        completion(.failure(.failed("\(error)")))
      }
    }
  }

  /// The point is what reads do about a missed write: hints would hide it.
  func keepHint(_ mutation: OutgoingMutation, for hostID: UUID, stored: ((Bool) -> Void)?) -> Bool { false }

  // MARK: BatchlogTransport

  func storeBatch(
    _ batch: OutgoingBatch, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void
  ) {
    waiting.append { completion(.success(())) }
  }

  func removeBatch(_ id: UUID, at hostID: UUID) {}

  // MARK: Topology

  func replicaMap(keyspace: String) -> ReplicaMap? { map }
  func isAlive(_ hostID: UUID) -> Bool { !dead.contains(hostID) }
  func speculativeRetry(table: UUID) -> String? { "NEVER" }
}
