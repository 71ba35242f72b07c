// One real store on a simulated disk as the whole cluster.

import Base
import Coordinator
import Data
import Query
import Storage
import TestWorld
import World

final class StoreReplica: DataPath {
  private let store: Store

  init() throws {
    store = Store(
      home: .simulated(SimulatedDisk(), directory: "/data"), options: StoreOptions(), timers: TestTimers(), wake: {})
    try store.open()
  }

  deinit { store.kill() }

  func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    do {
      for mutation in request.mutations { _ = try store.apply(mutation) }
    } catch {
      return completion(
        .writeFailure(request.consistency, received: 0, required: 1, failures: [], request.kind))
    }
    _ = store.endTick()
    completion(nil)
  }

  func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void) {
    let mutations = request.parts.flatMap(\.mutations)
    write(
      WriteRequest(keyspace: "", mutations: mutations, consistency: request.consistency, kind: .batch),
      completion: completion)
  }

  func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
    do { completion(.success(try store.read(request.command))) } catch {
      completion(
        .failure(.readFailure(request.consistency, received: 0, required: 1, failures: [], hasData: false)))
    }
  }
}
