// What a client is told when a statement fails: one case for each error of the native protocol (v4.spec section 9) that
// a statement can end in, with the fields its ERROR body carries. The words are Cassandra's
// (exceptions/*.java, transport/messages/ErrorMessage.java), since drivers and people search for them.

import Base
import Coordinator
import Ring

/// Why a statement was not answered with a result.
public enum QueryFailure: Error, Equatable, Sendable {
  /// A bug or broken data on a node; nothing the client did.
  case server(String)
  case protocolViolation(String)
  /// - Parameter place: what stands behind the level in the text, with a space before it.
  case unavailable(consistency: Consistency, required: Int, alive: Int, place: String = "")
  case overloaded(String)
  case truncation(String)
  case writeTimeout(consistency: Consistency, received: Int, required: Int, type: WriteKind)
  case readTimeout(consistency: Consistency, received: Int, required: Int, hasData: Bool)
  case readFailure(consistency: Consistency, received: Int, required: Int, failures: [FailedReplica], hasData: Bool)
  case writeFailure(consistency: Consistency, received: Int, required: Int, failures: [FailedReplica], type: WriteKind)
  case syntax(String)
  case unauthorized(String)
  case invalid(String)
  case configuration(String)
  /// A native function or operation could not be computed.
  case functionFailure(String)
  /// `table` is empty where a keyspace exists already.
  case alreadyExists(keyspace: String, table: String)
  /// The id is 16 bytes; the client prepares again.
  case unprepared(id: [UInt8])

  /// The native protocol's error code.
  public var code: Int32 {
    switch self {
    case .server: 0x0000
    case .protocolViolation: 0x000A
    case .unavailable: 0x1000
    case .overloaded: 0x1001
    case .truncation: 0x1003
    case .writeTimeout: 0x1100
    case .readTimeout: 0x1200
    case .readFailure: 0x1300
    case .functionFailure: 0x1400
    case .writeFailure: 0x1500
    case .syntax: 0x2000
    case .unauthorized: 0x2100
    case .invalid: 0x2200
    case .configuration: 0x2300
    case .alreadyExists: 0x2400
    case .unprepared: 0x2500
    }
  }

  /// The text of the ERROR body.
  public var message: String {
    switch self {
    case .server(let text), .protocolViolation(let text), .overloaded(let text), .truncation(let text),
      .syntax(let text), .unauthorized(let text), .invalid(let text), .configuration(let text),
      .functionFailure(let text):
      text
    case .unavailable(let consistency, _, _, let place):
      "Cannot achieve consistency level \(consistency.name)\(place)"
    case .writeTimeout(_, let received, let required, _):
      "Operation timed out - received only \(received) responses."
        + (received < required ? "" : " All required replicas have answered.")
    case .readTimeout(_, let received, _, _): "Operation timed out - received only \(received) responses."
    case .readFailure(_, let received, _, let failures, _), .writeFailure(_, let received, _, let failures, _):
      "Operation failed - received \(received) responses and \(failures.count) failures: "
        + failures.map { "UNKNOWN from /\($0.address):\($0.port)" }.joined(separator: ", ")
    case .alreadyExists(let keyspace, let table):
      table.isEmpty
        ? "Cannot add existing keyspace \"\(keyspace)\""
        : "Cannot add already existing table \"\(table)\" to keyspace \"\(keyspace)\""
    case .unprepared(let id):
      "Prepared query with ID \(Hex.encode(id)) not found (either the query was not prepared on this host (maybe the"
        + " host has been restarted?) or you have prepared too many queries and it has been evicted from the internal"
        + " cache)"
    }
  }
}

extension QueryFailure {
  init(_ failure: RequestFailure) {
    switch failure {
    case .unavailable(let consistency, let required, let alive, let place):
      self = .unavailable(consistency: consistency, required: required, alive: alive, place: place)
    case .writeTimeout(let consistency, let received, let required, let kind):
      self = .writeTimeout(consistency: consistency, received: received, required: required, type: kind)
    case .readTimeout(let consistency, let received, let required, let hasData):
      self = .readTimeout(consistency: consistency, received: received, required: required, hasData: hasData)
    case .writeFailure(let consistency, let received, let required, let failures, let kind):
      self = .writeFailure(
        consistency: consistency, received: received, required: required, failures: failures, type: kind)
    case .readFailure(let consistency, let received, let required, let failures, let hasData):
      self = .readFailure(
        consistency: consistency, received: received, required: required, failures: failures, hasData: hasData)
    case .overloaded(let text): self = .overloaded(text)
    case .unknownKeyspace(let name): self = .invalid("keyspace \(name) does not exist")
    }
  }
}
