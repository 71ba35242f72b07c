// What lets a node make up for what others, or itself, missed: hints for replicas that were away, batches of
// coordinators that died, rows of tables that are gone; put together with the parts they need.

import Base
import Data
import Metadata
import Replica
import Server
import Storage
import World

extension Node {
  static func makeHints(
    _ configuration: Configuration, world: World, store: Store, metadata: Metadata, pool: PeerPool, log: Logger
  ) -> HintStore {
    HintStore(
      store: store, clock: world.clock, timers: world.timers, configuration: configuration.hints, log: log,
      lifetimeSeconds: { lifetimeSeconds(metadata, $0, $1) },
      send: { mutation, host, done in
        pool.apply(encoded: mutation, at: host) { result in
          switch result {
          case .success: done(.stored)
          case .failure(.unreachable): done(.unreachable)
          case .failure(.overloaded): done(.overloaded)
          case .failure(.failed): done(.refused)
          }
        }
      })
  }

  static func makeBatchlog(
    _ configuration: Configuration, world: World, store: Store, metadata: Metadata, log: Logger
  ) -> Batchlog {
    Batchlog(
      store: store, clock: world.clock, configuration: configuration.batchlog, log: log,
      lifetimeSeconds: { lifetimeSeconds(metadata, $0, $1) })
  }

  /// Counts what the last life left. A damaged block among it is no reason not to serve: what lies there is lost to the
  /// others until they read or are repaired.
  static func count(_ hints: HintStore, _ batchlog: Batchlog, _ log: Logger) throws(NodeStartFailure) {
    func tolerating(_ what: String, _ load: () throws(StorageFailure) -> Void) throws(NodeStartFailure) {
      do throws(StorageFailure) { try load() } catch {
        guard case .corrupt = error else { throw .storage(error) }
        log.error("what is kept for others is damaged", ["what": what, "why": "\(error)"])
      }
    }
    try tolerating("hints", hints.load)
    try tolerating("batches", batchlog.load)
  }

  /// How long what a node missed of a table is worth anything: older writes could undo a deletion that is purged by
  /// now.
  private static func lifetimeSeconds(_ metadata: Metadata, _ id: UUID, _ incarnation: UInt32) -> Int32? {
    guard let table = metadata.snapshot.schema.table(id: id), table.incarnation <= incarnation else { return nil }
    return table.options.gcGraceSeconds
  }

  /// Finishes a batch in its coordinator's stead.
  func replay(_ mutations: [Mutation], done: @escaping (Bool) -> Void) {
    let schema = metadata.snapshot.schema
    var parts: [(keyspace: String, mutations: [Mutation])] = []
    for mutation in mutations {
      guard let keyspace = schema.table(id: mutation.table)?.keyspace else { continue }
      if let place = parts.firstIndex(where: { $0.keyspace == keyspace }) {
        parts[place].mutations.append(mutation)
      } else {
        parts.append((keyspace, [mutation]))
      }
    }
    coordinator.replay(parts, settled: done)
  }

  /// Gives up rows of tables that the schema does not name any more, and says where the store is damaged.
  func tendStore() {
    let schema = metadata.snapshot.schema
    do throws(StorageFailure) {
      try store.dropUnknown(upTo: schema.epoch, except: Set(schema.tables.map(\.incarnation)))
    } catch {
      log.error("rows of dropped tables cannot be looked for", ["failure": "\(error)"])
    }
    var nextLine = Instant(nanoseconds: .min)
    store.onCorruption = { [log, clock = world.clock] failure in
      // A damaged block is met by every read of it: a line a second is enough.
      guard clock.now >= nextLine else { return }
      nextLine = clock.now + .seconds(1)
      log.error("stored data are damaged; reads of them fail", ["why": "\(failure)"])
    }
  }

  /// Once a second.
  func recover() {
    let members = metadata.snapshot.members.map(\.hostID)
    hints.lookAfter(members: members, localHostID: metadata.snapshot.localHostID, isAlive: metadata.isAlive)
    batchlog.lookAfter(otherMembers: members.count - 1)
  }
}
