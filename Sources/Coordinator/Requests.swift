// What is asked of the coordinator, and through what it reaches replicas.

import Base
import Data
import Ring

/// Writes that succeed or fail together towards the client; each mutation has replicas of its own.
public struct WriteRequest {
  public var keyspace: String
  public var mutations: [Mutation]
  public var consistency: Consistency
  public var kind: WriteKind
  public var trace: RequestTrace?

  public init(
    keyspace: String, mutations: [Mutation], consistency: Consistency, kind: WriteKind = .simple,
    trace: RequestTrace? = nil
  ) {
    self.keyspace = keyspace
    self.mutations = mutations
    self.consistency = consistency
    self.kind = kind
    self.trace = trace
  }
}

public struct ReadRequest {
  public var keyspace: String
  public var command: ReadCommand
  public var consistency: Consistency
  public var trace: RequestTrace?

  public init(keyspace: String, command: ReadCommand, consistency: Consistency, trace: RequestTrace? = nil) {
    self.keyspace = keyspace
    self.command = command
    self.consistency = consistency
    self.trace = trace
  }
}

/// A mutation on its way: encoded once, however many replicas it goes to.
public final class OutgoingMutation {
  public let mutation: Mutation
  /// As `Mutation.encode` writes it; made when the first peer needs it.
  public private(set) lazy var encoded: [UInt8] = {
    var writer = ByteWriter()
    mutation.encode(to: &writer)
    return writer.take()
  }()

  public init(_ mutation: Mutation) { self.mutation = mutation }
}

/// How a replica answered, or that it cannot.
public enum ReplicaFailure: Error, Equatable, Sendable {
  /// There is no connection, or it broke before the answer came: the replica may have done it.
  case unreachable
  /// The replica has too much to do; it did not do it.
  case overloaded
  /// The replica could not: disk full, corruption, a table it does not know.
  case failed(String)
}

/// The way to replicas, this node's own included. Completions run on the loop, once each, never within the call.
public protocol ReplicaTransport: AnyObject {
  func apply(
    _ mutation: OutgoingMutation, at hostID: UUID, completion: @escaping (Result<Void, ReplicaFailure>) -> Void)
  /// Through the first of these hosts to all of them, which are of one datacenter; `completion` runs once for each.
  func forward(
    _ mutation: OutgoingMutation, through hostIDs: [UUID],
    completion: @escaping (UUID, Result<Void, ReplicaFailure>) -> Void)
  func read(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<ReadResponse, ReplicaFailure>) -> Void)
  /// The digest of what `read` would answer.
  func readDigest(
    _ command: ReadCommand, at hostID: UUID, completion: @escaping (Result<UInt64, ReplicaFailure>) -> Void)
  /// Keeps a mutation for a replica that missed it, to be handed over when it is back.
  /// - Parameter stored: called later, once, if the hint was taken: whether it is stored, as the durability has it.
  /// - Returns: whether it is in the tick's batch; a hint that is refused (bound, window, full disk) is not.
  func keepHint(_ mutation: OutgoingMutation, for hostID: UUID, stored: ((Bool) -> Void)?) -> Bool
}

/// Where replicas are and which of them answer.
public protocol Topology: AnyObject {
  var localHostID: UUID { get }
  var localDatacenter: String { get }
  /// Nil where the keyspace does not exist.
  func replicaMap(keyspace: String) -> ReplicaMap?
  func isAlive(_ hostID: UUID) -> Bool
  /// The table's option of this name; nil where it is not set.
  func speculativeRetry(table: UUID) -> String?
  /// Where other nodes reach a member; nil for a stranger.
  func endpoint(of hostID: UUID) -> (address: String, port: UInt16)?
  /// As traces show it; the id where no address is known.
  func address(of hostID: UUID) -> String
}

extension Topology {
  public func address(of hostID: UUID) -> String { "\(hostID)" }
  public func endpoint(of hostID: UUID) -> (address: String, port: UInt16)? { nil }
}
