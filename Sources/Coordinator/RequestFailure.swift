// Why a request was not answered, as the native protocol distinguishes it (v4 spec, section 9).

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

public enum RequestFailure: Error, Equatable, Sendable {
  /// Too few replicas are alive; nothing was sent.
  case unavailable(Consistency, required: Int, alive: Int)
  /// Too few answered in time; the write may be there or come to be there.
  case writeTimeout(Consistency, received: Int, required: Int, WriteKind)
  case readTimeout(Consistency, received: Int, required: Int, hasData: Bool)
  /// Replicas said that they could not.
  case writeFailure(Consistency, received: Int, required: Int, failures: Int, WriteKind)
  case readFailure(Consistency, received: Int, required: Int, failures: Int, hasData: Bool)
  /// Too much is under way here; the request was not begun.
  case overloaded(String)
  /// The keyspace is not there (any more).
  case unknownKeyspace(String)
}
