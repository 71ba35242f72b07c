// Files between nodes, over HTTP: a worker fetches the clip from the node it was uploaded to, and puts what it
// published onto a second node, which checks each file's digest before it keeps it.

import Base
import Crypto
import World

/// A member of the cluster, as far as files go.
public struct EncodingNode: Hashable, Sendable {
  /// Host id in text.
  public var hostID: String
  /// `host:port` of its HTTP interface.
  public var httpAddress: String
  public var isLive: Bool

  public init(hostID: String, httpAddress: String, isLive: Bool) {
    self.hostID = hostID
    self.httpAddress = httpAddress
    self.isLive = isLive
  }
}

/// What the service knows of the cluster; given by whoever assembles the node.
public protocol EncodingDirectory: AnyObject {
  /// All members, this node too.
  func members() -> [EncodingNode]
  /// Whether this node is the first live replica of a partition of keyspace `marquee`; false while there is no
  /// such keyspace.
  /// - Parameter partitionKey: serialized.
  func isFirstLiveReplica(ofPartition partitionKey: [UInt8]) -> Bool
}

/// Loop-bound.
final class Copies {
  /// Nodes that a published file stands on, where there are so many.
  static let holders = 2
  /// Rounds over the other nodes before an attempt gives up.
  private static let maxRounds = 6
  private static let pause = Duration.seconds(5)
  private static let tokenSeconds: Int64 = 3600

  private let world: World
  private let directory: any EncodingDirectory
  private let authority: TokenAuthority?
  private let localHostID: String
  private let paths: EncodingPaths
  private let maxUploadBytes: Int64

  init(
    world: World, directory: any EncodingDirectory, authority: TokenAuthority?, localHostID: String,
    paths: EncodingPaths,
    maxUploadBytes: Int64
  ) {
    self.world = world
    self.directory = directory
    self.authority = authority
    self.localHostID = localHostID
    self.paths = paths
    self.maxUploadBytes = maxUploadBytes
  }

  private var headers: [FetchHeader] {
    guard let authority else { return [] }
    let now = world.clock.wallSeconds
    let claims = TokenClaims(
      subject: localHostID, audience: TokenAuthority.apiAudience, issuedAt: now, expiresAt: now + Self.tokenSeconds,
      scopes: ["node"])
    return [FetchHeader("Authorization", "Bearer \(authority.mint(claims))")]
  }

  private func address(of hostID: String) -> String? {
    directory.members().first { $0.hostID == hostID && $0.isLive }?.httpAddress
  }

  /// Copies an upload from the node that has it.
  func fetchUpload(_ upload: UUID, from hostID: String, to absolutePath: String) async throws(AttemptFailure) {
    guard let address = address(of: hostID) else { throw AttemptFailure(AssignCore.clipIsAway) }
    let request = FetchRequest(
      .get, "http://\(address)/api/v1/uploads/\(upload)", headers: headers, sink: .file(absolutePath: absolutePath),
      maxBodyBytes: maxUploadBytes, timeout: nil)
    do throws(FetchFailure) {
      let response = try await world.fetch.send(request)
      if response.status == 404 { throw FetchFailure.file("the uploaded clip is gone") }
      guard response.isSuccess else { throw FetchFailure.broken("status \(response.status)") }
    } catch {
      let isGone = error == .file("the uploaded clip is gone")
      throw AttemptFailure(isGone ? "the uploaded clip is gone" : "fetching the clip: \(error)", isFinal: isGone)
    }
  }

  /// Forgets an upload that is used up, wherever it is. What cannot be reached stays until its node sweeps.
  func removeUpload(_ upload: UUID, at hostID: String) async {
    if hostID == localHostID {
      try? await world.disk.remove("\(paths.uploads)/\(upload)")
      return
    }
    guard let address = address(of: hostID) else { return }
    let request = FetchRequest(.delete, "http://\(address)/api/v1/uploads/\(upload)", headers: headers)
    _ = try? await world.fetch.send(request)
  }

  /// Puts all files onto one more node, if the cluster has one.
  /// - Returns: the host ids of the nodes that have them all.
  func spread(_ files: [PublishedFile]) async throws(AttemptFailure) -> [String] {
    var reason = "no other node is up"
    for round in 0..<Self.maxRounds {
      let others = directory.members().filter { $0.hostID != localHostID }
      if others.isEmpty { return [localHostID] }
      for node in shuffled(others.filter(\.isLive)) {
        do throws(AttemptFailure) {
          for file in files { try await put(file, to: node.httpAddress) }
          return [localHostID, node.hostID]
        } catch {
          reason = error.reason
        }
      }
      if round < Self.maxRounds - 1 { try? await world.spawner.sleep(Self.pause) }
    }
    throw AttemptFailure("no second node took the files: \(reason)")
  }

  /// In an order by lot, so that no node gets all copies.
  private func shuffled(_ nodes: [EncodingNode]) -> [EncodingNode] {
    var rest = nodes
    var order: [EncodingNode] = []
    while !rest.isEmpty { order.append(rest.remove(at: Int(world.entropy.below(UInt64(rest.count))))) }
    return order
  }

  private func put(_ file: PublishedFile, to address: String) async throws(AttemptFailure) {
    do {
      let path = try world.disk.absolutePath("\(paths.media)/\(file.name)")
      let request = FetchRequest(
        .put, "http://\(address)/api/v1/media/\(file.name)?sha256=\(file.sha256)", headers: headers,
        body: .file(absolutePath: path), timeout: nil)
      let response = try await world.fetch.send(request)
      guard response.isSuccess else {
        throw AttemptFailure("\(address) answered \(response.status) to a copy of \(file.name)")
      }
    } catch let failure as AttemptFailure {
      throw failure
    } catch {
      throw AttemptFailure("copying \(file.name) to \(address): \(error)")
    }
  }
}
