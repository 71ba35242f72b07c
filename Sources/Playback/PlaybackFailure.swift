// The playback service's failures, few and typed, in the client's terms; Web turns them into problem documents.

import Query

/// Why there is nothing to play, or a position was not kept.
public enum PlaybackFailure: Error, Equatable, Sendable {
  /// The keyspace `marquee` or one of its tables is not there yet.
  case schemaMissing
  /// A member of the request's JSON is missing or wrong; `pointer` is its JSON pointer.
  case malformed(pointer: String, reason: String)
  /// This user has no such profile. Said also of other users' profiles, so that ids cannot be tried out.
  case noProfile
  /// Nothing is published under this id.
  case noTitle
  /// The profile's maturity level does not admit the title.
  case notForProfile
  /// The title is published, and no node that holds it is up.
  case noLiveHolder
  /// The store could not answer.
  case store(QueryFailure)

  /// What a failed statement means to a client of this service.
  init(_ failure: QueryFailure) {
    self = failure.saysSchemaIsMissing ? .schemaMissing : .store(failure)
  }
}

extension QueryFailure {
  /// Cassandra's words for an unknown keyspace or table: the service's schema has not been loaded.
  public var saysSchemaIsMissing: Bool {
    guard case .invalid(let text) = self else { return false }
    let lowered = text.lowercased()
    return lowered.contains("does not exist") || lowered.contains("unconfigured table")
  }
}
