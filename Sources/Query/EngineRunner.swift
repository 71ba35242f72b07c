// What a `Session` runs on in a node: statements are prepared on first use, and their values turned into what the
// markers ask for.

import Base
import CQL
import Data

/// Loop-bound.
public final class EngineRunner: StatementRunner {
  /// Distinct statement texts that are kept.
  public static let maxStatements = 1_000

  private let engine: QueryEngine
  private let keyspace: String?
  private var statements = BoundedCache<String, PreparedStatement>(capacity: EngineRunner.maxStatements)

  /// - Parameter keyspace: of names that are not qualified.
  public init(engine: QueryEngine, keyspace: String? = nil) {
    self.engine = engine
    self.keyspace = keyspace
  }

  public func run(
    _ cql: String, _ values: [CQLValue], _ options: SessionOptions,
    completion: @escaping (Result<Rows, QueryFailure>) -> Void
  ) {
    let statement: PreparedStatement
    var query = QueryOptions(
      consistency: options.consistency, pageSize: options.pageSize, pagingState: options.pagingState,
      defaultTimestampMicroseconds: options.timestampMicroseconds, keyspace: keyspace)
    do throws(QueryFailure) {
      statement = try found(cql)
      query.values = .positional(try bound(values, statement))
    } catch { return completion(.failure(error)) }
    engine.execute(statement, query) { completion($0.map(Rows.init)) }
  }

  private func found(_ cql: String) throws(QueryFailure) -> PreparedStatement {
    if let known = statements.get(cql), known.epoch == engine.schema.epoch { return known }
    let statement = try engine.prepare(cql, keyspace: keyspace)
    statements.set(cql, statement)
    return statement
  }

  private func bound(_ values: [CQLValue], _ statement: PreparedStatement) throws(QueryFailure) -> [BoundValue] {
    let variables = statement.variables.columns
    guard values.count == variables.count else {
      throw .invalid(
        "there were \(variables.count) markers(?) in CQL but \(values.count) bound variables")
    }
    var bound: [BoundValue] = []
    bound.reserveCapacity(values.count)
    for (value, variable) in zip(values, variables) { bound.append(try value.bound(as: variable.type)) }
    return bound
  }
}
