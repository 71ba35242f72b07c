// Why a request was not answered, as the native protocol distinguishes it (v4 spec, section 9).

import Base
import Ring

/// What kind of write a timeout speaks of.
public enum WriteKind: Sendable {
  case simple, batch, unloggedBatch, counter, batchLog, cas

  /// As it stands on the wire.
  public var name: String {
    switch self {
    case .simple: "SIMPLE"
    case .batch: "BATCH"
    case .unloggedBatch: "UNLOGGED_BATCH"
    case .counter: "COUNTER"
    case .batchLog: "BATCH_LOG"
    case .cas: "CAS"
    }
  }
}

/// A replica that said that it could not.
public struct FailedReplica: Equatable, Sendable {
  public var hostID: UUID
  /// Where other nodes reach it; empty until the shell has filled it in.
  public var address: String
  public var port: UInt16

  public init(_ hostID: UUID, address: String = "", port: UInt16 = 0) {
    self.hostID = hostID
    self.address = address
    self.port = port
  }
}

public enum RequestFailure: Error, Equatable, Sendable {
  /// Too few replicas are alive; nothing was sent.
  /// - Parameter place: what Cassandra's text says behind the level, with a space before it.
  case unavailable(Consistency, required: Int, alive: Int, place: String = "")
  /// Too few answered in time; the write may be there or come to be there.
  case writeTimeout(Consistency, received: Int, required: Int, WriteKind)
  case readTimeout(Consistency, received: Int, required: Int, hasData: Bool)
  /// Replicas said that they could not.
  case writeFailure(Consistency, received: Int, required: Int, failures: [FailedReplica], WriteKind)
  case readFailure(Consistency, received: Int, required: Int, failures: [FailedReplica], hasData: Bool)
  /// Too much is under way here; the request was not begun.
  case overloaded(String)
  /// The keyspace is not there (any more).
  case unknownKeyspace(String)
}

extension Requirement.Share {
  /// Where too few are alive, in Cassandra's words.
  var place: String { name.isEmpty ? "" : " in DC \(name)" }
}

extension RequestFailure {
  /// With the addresses of the replicas that failed.
  func located(_ topology: any Topology) -> RequestFailure {
    func located(_ failures: [FailedReplica]) -> [FailedReplica] {
      failures.map { failed in
        guard let place = topology.endpoint(of: failed.hostID) else { return failed }
        return FailedReplica(failed.hostID, address: place.address, port: place.port)
      }
    }
    return switch self {
    case .writeFailure(let consistency, let received, let required, let failures, let kind):
      .writeFailure(consistency, received: received, required: required, failures: located(failures), kind)
    case .readFailure(let consistency, let received, let required, let failures, let hasData):
      .readFailure(consistency, received: received, required: required, failures: located(failures), hasData: hasData)
    default: self
    }
  }
}
