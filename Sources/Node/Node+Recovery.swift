// What lets a node make up for what others, or itself, missed: hints for replicas that were away, put together with the
// parts they need.

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
      lifetimeSeconds: { id, incarnation in
        guard let table = metadata.snapshot.schema.table(id: id), table.incarnation <= incarnation else { return nil }
        return table.options.gcGraceSeconds
      },
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
  func lookAfterHints() {
    hints.lookAfter(
      members: metadata.snapshot.members.map(\.hostID), localHostID: metadata.snapshot.localHostID,
      isAlive: metadata.isAlive)
  }
}
