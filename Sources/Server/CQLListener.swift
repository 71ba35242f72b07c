// Drivers' connections to this node: accepted within bounds, told of events, drained when the node stops.

import Access
import Base
import Data
import Frames
import Query
import Ring
import World

/// What drivers that registered for it are told.
public enum CQLEvent {
  case schemaChange(SchemaChangeEvent)
  case statusChange(ServerEvent.Status, Member)
  case topologyChange(ServerEvent.Topology, Member)
}

/// Loop-bound.
public final class CQLListener {
  let engine: QueryEngine
  let world: World
  let configuration: CQLConfiguration
  let logger: Logger
  /// Asked before anybody is served; nil serves everybody.
  let authenticator: (any Authenticator)?
  public internal(set) var counters = CQLCounters()
  var metadataCache = MetadataCache()
  /// Streams tell that they are drained from 256 KiB on.
  let maxUnsentBytes: Int
  private var listeners: [any Listener] = []
  private var connections: [ObjectIdentifier: CQLConnection] = [:]
  /// Connections with frames that the tick's end puts into segments.
  private var unsealed: [CQLConnection] = []
  private var isDraining = false
  private var drained: (() -> Void)?

  public init(
    engine: QueryEngine, world: World, configuration: CQLConfiguration = .init(),
    authenticator: (any Authenticator)? = nil, logger: Logger = .silent
  ) {
    self.engine = engine
    self.world = world
    self.configuration = configuration
    maxUnsentBytes = max(configuration.maxUnsentBytes, 256 << 10)
    self.authenticator = authenticator
    self.logger = logger
    world.tick.onTickEnd { [weak self] in self?.sealAll() ?? false }
  }

  /// Where it listens.
  public var locals: [Endpoint] { listeners.map(\.local) }

  public func listen(_ endpoint: Endpoint) throws(WireFailure) {
    listeners.append(try world.wire.listen(endpoint, security: configuration.security) { [unowned self] _ in accept() })
  }

  private func accept() -> CQLConnection? {
    guard !isDraining, connections.count < configuration.maxConnections else {
      counters.connectionsRefused += 1
      return nil
    }
    let connection = CQLConnection(self)
    connections[ObjectIdentifier(connection)] = connection
    counters.connectionsAccepted += 1
    counters.connectionsNow = connections.count
    return connection
  }

  func ended(_ connection: CQLConnection) {
    connections[ObjectIdentifier(connection)] = nil
    counters.connectionsNow = connections.count
    finishDraining()
  }

  // MARK: Segments

  func willSeal(_ connection: CQLConnection) { unsealed.append(connection) }

  private func sealAll() -> Bool {
    if unsealed.isEmpty { return false }
    let sealing = unsealed
    unsealed = []
    for connection in sealing { connection.seal() }
    return true
  }

  // MARK: Events

  /// Tells every connection that registered for this kind of event.
  public func publish(_ event: CQLEvent) {
    guard let event = Self.message(event) else { return }
    let listening = connections.values.filter { $0.isRegistered(event.type) }
    var frames: [ProtocolVersion: [UInt8]] = [:]
    for connection in listening.sorted(by: { $0.number < $1.number }) {
      let version = connection.version
      let frame = frames[version] ?? Self.frame(event, version)
      frames[version] = frame
      connection.push(frame)
      counters.eventsSent += 1
    }
  }

  private static func frame(_ event: ServerEvent, _ version: ProtocolVersion) -> [UInt8] {
    var writer = ByteWriter()
    ResponseWriter(stream: ResponseWriter.eventStream, version: version).event(event, to: &writer)
    return writer.take()
  }

  private static func message(_ event: CQLEvent) -> ServerEvent? {
    func address(_ member: Member) -> InetAddress? {
      InternetAddress.bytes(member.address).map { InetAddress(bytes: $0, port: Int32(member.cqlPort)) }
    }
    switch event {
    case .schemaChange(let change): return .schemaChange(SchemaChangeMessage(change))
    case .statusChange(let status, let member): return address(member).map { .statusChange(status, $0) }
    case .topologyChange(let change, let member): return address(member).map { .topologyChange(change, $0) }
    }
  }

  // MARK: Stopping

  /// Takes no new connection and no new request, answers what is under way, then ends every connection.
  /// - Parameter completion: called when none is left; at once if there is none.
  public func drain(completion: @escaping () -> Void) {
    isDraining = true
    drained = completion
    for listener in listeners { listener.close() }
    listeners = []
    for connection in connections.values.sorted(by: { $0.number < $1.number }) { connection.drain() }
    finishDraining()
  }

  private func finishDraining() {
    guard isDraining, connections.isEmpty, let completion = drained else { return }
    drained = nil
    completion()
  }
}
