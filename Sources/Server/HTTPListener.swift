// Accepts HTTP connections up to a bound and knows those that are open, so that a stopping node can let them end.

import Base
import HTTP
import Web
import World

/// Counters of one listener.
public struct HTTPListenerCounters {
  public var accepted: UInt64 = 0
  /// Closed at once since too many were open.
  public var refused: UInt64 = 0
  public var requests: UInt64 = 0
}

/// One HTTP listener over one service. Loop-bound.
public final class HTTPListener {
  public let service: WebService
  public private(set) var counters = HTTPListenerCounters()
  let world: World
  let limits: HTTPLimits
  private let maxConnections: Int
  private var listener: (any Listener)?
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]
  private var isStopping = false
  private var onStopped: (() -> Void)?

  public init(service: WebService, world: World, limits: HTTPLimits = HTTPLimits(), maxConnections: Int = 1024) {
    self.service = service
    self.world = world
    self.limits = limits
    self.maxConnections = maxConnections
  }

  public var openConnections: Int { connections.count }

  /// Listens; where, with its true port, is returned.
  @discardableResult
  public func listen(_ endpoint: Endpoint) throws(WireFailure) -> Endpoint {
    let listener = try world.wire.listen(endpoint) { stream in self.accept(stream) }
    self.listener = listener
    return listener.local
  }

  private func accept(_ stream: any ByteStream) -> (any StreamHandler)? {
    guard !isStopping, connections.count < maxConnections else {
      counters.refused += 1
      return nil
    }
    counters.accepted += 1
    let connection = HTTPConnection(listener: self, stream: stream)
    connections[ObjectIdentifier(connection)] = connection
    return connection
  }

  func countRequest() { counters.requests += 1 }

  func ended(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = nil
    if isStopping, connections.isEmpty { stopped() }
  }

  /// Takes no more connections, ends the idle ones, lets the others answer what they began. `completion` is called
  /// when the last has ended; the caller bounds how long it waits.
  public func stop(completion: @escaping () -> Void) {
    isStopping = true
    onStopped = completion
    listener?.close()
    listener = nil
    for connection in Array(connections.values) { connection.shutDown() }
    if connections.isEmpty { stopped() }
  }

  private func stopped() {
    let completion = onStopped
    onStopped = nil
    completion?()
  }
}
