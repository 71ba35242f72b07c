// The one door to data for the services in this node: they speak CQL here as outside services speak it over the wire,
// and see the same errors.

import Base
import CQL
import Data
import Ring
import World

/// How one statement is run.
public struct SessionOptions: Sendable {
  public var consistency: Consistency
  /// Rows a page; nil for all in one (bounded by what a page may hold).
  public var pageSize: Int?
  /// From the last page's `Rows.pagingState`.
  public var pagingState: [UInt8]?
  public var timestampMicroseconds: Int64?

  public init(
    consistency: Consistency = .localQuorum, pageSize: Int? = nil, pagingState: [UInt8]? = nil,
    timestampMicroseconds: Int64? = nil
  ) {
    self.consistency = consistency
    self.pageSize = pageSize
    self.pagingState = pagingState
    self.timestampMicroseconds = timestampMicroseconds
  }
}

/// What a session runs its statements on: the query engine, or a stand-in of a service's test.
/// The completion runs on the calling loop, once.
public protocol StatementRunner: AnyObject {
  func run(
    _ cql: String, _ values: [CQLValue], _ options: SessionOptions,
    completion: @escaping (Result<Rows, QueryFailure>) -> Void)
}

/// Loop-bound. Names in statements are qualified, or resolved against `keyspace`.
///
/// Statements are prepared on first use and kept, so write them with markers and constant text.
public final class Session {
  private let runner: any StatementRunner

  public init(runner: any StatementRunner) { self.runner = runner }

  /// Runs one statement; `completion` is called once, on this loop.
  public func execute(
    _ cql: String, _ values: [CQLValue] = [], options: SessionOptions,
    completion: @escaping (Result<Rows, QueryFailure>) -> Void
  ) {
    runner.run(cql, values, options, completion: completion)
  }

  /// Runs one statement; `completion` is called once, on this loop.
  public func execute(
    _ cql: String, _ values: [CQLValue] = [], consistency: Consistency = .localQuorum,
    completion: @escaping (Result<Rows, QueryFailure>) -> Void
  ) {
    runner.run(cql, values, SessionOptions(consistency: consistency), completion: completion)
  }

  /// The same for `async` code on this loop. A statement that answers no rows gives `Rows.none`.
  public func execute(
    _ cql: String, _ values: [CQLValue] = [], consistency: Consistency = .localQuorum
  ) async throws(QueryFailure) -> Rows {
    try await execute(cql, values, options: SessionOptions(consistency: consistency))
  }

  public func execute(
    _ cql: String, _ values: [CQLValue] = [], options: SessionOptions
  ) async throws(QueryFailure) -> Rows {
    let result: Result<Rows, QueryFailure> = await suspend { resume in
      runner.run(cql, values, options, completion: resume)
    }
    return try result.get()
  }
}
