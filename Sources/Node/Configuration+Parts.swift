// The configuration in the words of the parts it is for.

import Coordinator
import Query
import Server
import Storage

extension Configuration {
  /// For the store of a real node.
  public var storeOptions: StoreOptions {
    var options = StoreOptions()
    options.database.writeBufferBytes = memory.writeBufferBytes
    options.database.blockCacheBytes = memory.blockCacheBytes
    options.readCacheBytes = memory.rowCacheBytes
    options.durability = durability == .group ? .group : .periodic(.milliseconds(100))
    return options
  }

  var coordinator: RequestCoordinator.Configuration {
    var coordinator = RequestCoordinator.Configuration()
    coordinator.writeTimeout = .milliseconds(timeouts.writeMilliseconds)
    coordinator.readTimeout = .milliseconds(timeouts.readMilliseconds)
    coordinator.maxInFlight = limits.requestsInFlight
    return coordinator
  }

  var engine: QueryEngine.Configuration {
    var engine = QueryEngine.Configuration()
    engine.maxPreparedBytes = memory.preparedStatementBytes
    engine.maxMutationBytes = limits.mutationBytes
    engine.maxPageRows = limits.pageRows
    return engine
  }

  var peers: PeerConfiguration {
    var peers = PeerConfiguration()
    peers.security = internodeSecurity
    return peers
  }

  var cqlServer: CQLConfiguration {
    var server = CQLConfiguration()
    server.security = clientSecurity
    server.maxConnections = limits.cqlConnections
    server.maxInFlightPerConnection = limits.requestsPerConnection
    server.maxInFlight = limits.requestsInFlight
    server.maxUnsentBytes = memory.connectionOutputBytes
    server.limits.maxBodyBytes = limits.frameBytes
    return server
  }
}
