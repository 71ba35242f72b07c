// Results and failures of the query engine in the words of frames.

import Base
import Coordinator
import Data
import Frames
import Query
import Ring

extension ErrorMessage {
  init(_ failure: QueryFailure) {
    let details: ErrorDetails =
      switch failure {
      case .unavailable(let consistency, let required, let alive, _):
        .unavailable(
          consistency: consistency.rawValue, required: Int32(clamping: required), alive: Int32(clamping: alive))
      case .writeTimeout(let consistency, let received, let required, let type):
        .writeTimeout(
          consistency: consistency.rawValue, received: Int32(clamping: received), required: Int32(clamping: required),
          writeType: type.name)
      case .readTimeout(let consistency, let received, let required, let hasData):
        .readTimeout(
          consistency: consistency.rawValue, received: Int32(clamping: received), required: Int32(clamping: required),
          hasData: hasData)
      case .readFailure(let consistency, let received, let required, let failures, let hasData):
        .readFailure(
          consistency: consistency.rawValue, received: Int32(clamping: received), required: Int32(clamping: required),
          failures: Int32(clamping: failures.count), reasons: Self.reasons(failures), hasData: hasData)
      case .writeFailure(let consistency, let received, let required, let failures, let type):
        .writeFailure(
          consistency: consistency.rawValue, received: Int32(clamping: received), required: Int32(clamping: required),
          failures: Int32(clamping: failures.count), reasons: Self.reasons(failures), writeType: type.name)
      case .alreadyExists(let keyspace, let table): .alreadyExists(keyspace: keyspace, table: table)
      // Only functions of the system's own fail here, and Cassandra names none of them.
      case .functionFailure: .functionFailure(keyspace: "", function: "", argumentTypes: [])
      case .unprepared(let id): .unprepared(id: id)
      default: .none
      }
    self.init(ErrorCode(rawValue: failure.code) ?? .serverError, failure.message, details: details)
  }

  private static func reasons(_ failures: [FailedReplica]) -> [ReplicaFailureReason] {
    failures.map { ReplicaFailureReason(address: InternetAddress.bytes($0.address) ?? [0, 0, 0, 0], .unknown) }
  }
}

extension ResultColumns {
  var specifications: [ColumnSpecification] {
    columns.map { ColumnSpecification(keyspace: $0.keyspace, table: $0.table, name: $0.name, type: $0.type) }
  }
}

extension ResultColumns {
  /// The id that a client must be told whose metadata has another one.
  func newID(insteadOf known: [UInt8]) -> [UInt8]? {
    // What DESCRIBE answers has none, so its metadata is sent each time.
    guard let id else { return [] }
    return id == known ? nil : id
  }
}

extension SchemaChangeMessage {
  init(_ event: SchemaChangeEvent) {
    self.init(
      change: event.change.rawValue, target: event.target.rawValue, keyspace: event.keyspace, name: event.name)
  }
}

extension QueryOptions {
  /// - Parameter keyspace: the connection's own.
  init(_ parameters: QueryParameters, keyspace: String?) {
    let values: Values
    if parameters.names.isEmpty {
      values = .positional(parameters.values)
    } else {
      values = .named(Dictionary(zip(parameters.names, parameters.values)) { _, last in last })
    }
    self.init(
      consistency: Consistency(rawValue: parameters.consistency) ?? .one,
      serialConsistency: parameters.serialConsistency.flatMap(Consistency.init) ?? .serial, values: values,
      pageSize: parameters.pageSize, pagingState: parameters.pagingState,
      defaultTimestampMicroseconds: parameters.defaultTimestampMicroseconds,
      keyspace: parameters.keyspace ?? keyspace, nowInSeconds: parameters.nowInSeconds.map(Int64.init))
  }
}

/// Results' metadata in frames' form, kept for the statements that were answered last.
struct MetadataCache {
  /// The columns are held, so that their identity is not given to others.
  private typealias Known = BoundedCache<ObjectIdentifier, (columns: ResultColumns, encoded: EncodedMetadata)>
  /// One for each version, in order.
  private var known = ProtocolVersion.allCases.map { _ in Known(capacity: 256) }

  mutating func encoded(_ columns: ResultColumns, _ version: ProtocolVersion) -> EncodedMetadata {
    let identity = ObjectIdentifier(columns)
    let place = Int(version.rawValue - ProtocolVersion.v3.rawValue)
    if let hit = known[place].get(identity) { return hit.encoded }
    let encoded = EncodedMetadata(columns.specifications, version: version)
    known[place].set(identity, (columns, encoded))
    return encoded
  }
}
