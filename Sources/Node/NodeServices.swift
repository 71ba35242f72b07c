// The half of a node that people and players talk to: the services, their routes, and the two HTTP listeners, one for
// everybody and one for operators.

import Base
import Crypto
import Data
import Encoding
import Metadata
import Playback
import Ring
import Server
import Web
import World

/// What the services know of the cluster.
final class ServiceDirectory: NodeDirectory, EncodingDirectory {
  private static let keyspace = "marquee"
  private let metadata: Metadata

  init(metadata: Metadata) { self.metadata = metadata }

  private func httpAddress(_ member: Member) -> String { Endpoint(member.address, member.httpPort).description }

  func liveHTTPAddress(ofNode hostID: String) -> String? {
    guard let id = UUID(hostID), metadata.isAlive(id), let member = metadata.snapshot.member(id) else { return nil }
    return httpAddress(member)
  }

  func members() -> [EncodingNode] {
    metadata.snapshot.members.map { member in
      EncodingNode(
        hostID: member.hostID.description, httpAddress: httpAddress(member),
        isLive: metadata.isAlive(member.hostID))
    }
  }

  func isFirstLiveReplica(ofPartition partitionKey: [UInt8]) -> Bool {
    guard let placement = metadata.snapshot.schema.keyspaces[Self.keyspace]?.replication.placement else {
      return false
    }
    let map = metadata.replicaMap(placement)
    let replicas = map.replicas(of: Murmur3.token(of: partitionKey)).map { map.members[$0].hostID }
    return replicas.first { metadata.isAlive($0) } == metadata.snapshot.localHostID
  }
}

/// Loop-bound.
public final class NodeServices {
  /// Connections that are still busy get so long when the node stops.
  private static let drainTimeout = Duration.seconds(5)
  private static let version = "0.1.0"

  private let node: Node
  private let encoding: EncodingService
  private let api: HTTPListener
  private let admin: HTTPListener
  private let uploads: Uploads
  private let copies: FileReceiver

  /// - Parameter tools: what encodes; see `EncodingOptions`.
  public init(node: Node, encoding options: EncodingOptions) {
    self.node = node
    let configuration = node.configuration
    let world = node.world
    let directory = ServiceDirectory(metadata: node.metadata)
    let hostID = node.metadata.snapshot.localHostID.description
    let authority = TokenAuthority(secret: configuration.tokenSecret)
    encoding = EncodingService(
      session: node.session, world: world, directory: directory, localHostID: hostID, authority: authority,
      options: options, logger: node.log)
    let playback = PlaybackService(session: node.session, world: world, directory: directory)
    uploads = Uploads(world: world, directory: options.paths.uploads)
    copies = FileReceiver(world: world, directory: options.paths.media)
    let files = MediaFiles(disk: world.disk, directory: options.paths.media)

    let maxUploadBytes = UInt64(clamping: configuration.limits.uploadBytes)
    let routes =
      PlaybackRoutes.routes(playback, localHostID: hostID) + EncodingRoutes.routes(encoding)
      + MediaRoutes.uploads(uploads, maxBytes: maxUploadBytes)
      + [MediaRoutes.media(files), MediaRoutes.copies(copies, maxBytes: maxUploadBytes)]
    let authorization = Authorization(authority: authority)
    api = HTTPListener(
      service: WebService(
        table: NodeRoutes.api(routes, version: Self.version, isReady: { [unowned node] in node.isServing }),
        authorization: authorization, clock: world.clock, logger: node.log),
      world: world, maxConnections: configuration.limits.httpConnections)
    let metrics = NodeMetrics(node: node, encoding: encoding, web: api)
    admin = HTTPListener(
      service: WebService(
        table: NodeRoutes.admin(
          metrics: { metrics.text }, isReady: { [unowned node] in node.isServing },
          documents: [
            (
              RingReport.path, "ring", "Who is in the cluster, who answers, and who holds which tokens.",
              { [unowned node] in node.ringReport.json }
            )
          ]),
        authorization: authorization, clock: world.clock, logger: node.log),
      world: world, maxConnections: configuration.limits.httpConnections)
  }

  public func start() throws(NodeStartFailure) {
    do throws(WireFailure) {
      try api.listen(node.configuration.listen.http)
      try admin.listen(node.configuration.listen.admin)
    } catch { throw .wire(error) }
    node.world.spawner.spawn { [uploads, copies] in
      await uploads.sweep()
      await copies.sweep()
    }
    encoding.start()
  }

  /// Ends encodes (other nodes take them over) and connections; those that are busy get a few seconds.
  public func stop(completion: @escaping () -> Void) {
    encoding.stop()
    var left = 2
    var isDone = false
    let finish = {
      if !isDone {
        isDone = true
        completion()
      }
    }
    let timer = node.world.timers.schedule(after: Self.drainTimeout, finish)
    for listener in [api, admin] {
      listener.stop { [node] in
        left -= 1
        if left == 0 {
          node.world.timers.cancel(timer)
          finish()
        }
      }
    }
  }
}

extension Node {
  var ringReport: RingReport {
    let local = metadata.snapshot.localHostID
    return RingReport(metadata) { [store, metadata] host in
      guard host == local else { return nil }
      return metadata.snapshot.schema.tables.reduce(0) { sum, table in
        sum + Int64(clamping: store.approximateBytes(incarnation: table.incarnation))
      }
    }
  }
}
