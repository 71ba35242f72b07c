// Reading and writing what must always answer: viewing history, bookmarks, profiles, the catalog (the right column of
// the product's consistency table).
//
// A statement is tried at LOCAL_QUORUM, so that a position stored through one node is there through another at once.
// Where a quorum is not to be had (nodes are down, or do not answer in time) it is tried at LOCAL_ONE: an older answer
// is better than none, and a position kept by one replica reaches the others by hints and repair. A write carries its
// timestamp with it, so that trying it twice is trying it once.

import Base
import Query
import World

/// One statement of a group that is read at once.
struct Statement {
  var text: String
  var values: [CQLValue]
}

/// A session that rather answers from one replica than not at all.
final class AvailableSession {
  private let session: Session
  private let clock: any Clock
  private var lastTimestamp: Int64 = 0

  init(session: Session, clock: any Clock) {
    self.session = session
    self.clock = clock
  }

  /// Runs statements side by side; the results come in the order of the statements.
  func read(_ statements: [Statement]) async throws(PlaybackFailure) -> [Rows] {
    let results: [Result<Rows, QueryFailure>] = await suspend { resume in
      let gathered = Gathered(count: statements.count, completion: resume)
      for (index, statement) in statements.enumerated() {
        run(statement, timestamp: nil) { gathered.take($0, at: index) }
      }
    }
    return try Self.all(results)
  }

  /// Runs writes side by side, each with one timestamp however often it is tried.
  func write(_ statements: [Statement]) async throws(PlaybackFailure) {
    lastTimestamp = max(clock.wallMicroseconds, lastTimestamp + 1)
    let timestamp = lastTimestamp
    let results: [Result<Rows, QueryFailure>] = await suspend { resume in
      let gathered = Gathered(count: statements.count, completion: resume)
      for (index, statement) in statements.enumerated() {
        run(statement, timestamp: timestamp) { gathered.take($0, at: index) }
      }
    }
    _ = try Self.all(results)
  }

  private static func all(_ results: [Result<Rows, QueryFailure>]) throws(PlaybackFailure) -> [Rows] {
    var rows: [Rows] = []
    for result in results {
      do throws(QueryFailure) { rows.append(try result.get()) } catch { throw PlaybackFailure(error) }
    }
    return rows
  }

  private func run(
    _ statement: Statement, timestamp: Int64?, completion: @escaping (Result<Rows, QueryFailure>) -> Void
  ) {
    let options = SessionOptions(consistency: .localQuorum, timestampMicroseconds: timestamp)
    session.execute(statement.text, statement.values, options: options) { result in
      guard case .failure(let failure) = result, failure.mayBeAnsweredByOne else {
        completion(result)
        return
      }
      let options = SessionOptions(consistency: .localOne, timestampMicroseconds: timestamp)
      self.session.execute(statement.text, statement.values, options: options, completion: completion)
    }
  }
}

extension QueryFailure {
  /// Replicas were missing, not the statement wrong.
  fileprivate var mayBeAnsweredByOne: Bool {
    switch self {
    case .unavailable, .readTimeout, .writeTimeout, .readFailure, .writeFailure: true
    default: false
    }
  }
}

/// Waits for as many results as there are statements.
private final class Gathered {
  private var results: [Result<Rows, QueryFailure>?]
  private var missing: Int
  private let completion: ([Result<Rows, QueryFailure>]) -> Void

  init(count: Int, completion: @escaping ([Result<Rows, QueryFailure>]) -> Void) {
    precondition(count > 0, "no statements to wait for")
    results = Array(repeating: nil, count: count)
    missing = count
    self.completion = completion
  }

  func take(_ result: Result<Rows, QueryFailure>, at index: Int) {
    precondition(results[index] == nil, "the result of statement \(index) came twice")
    results[index] = result
    missing -= 1
    if missing == 0 { completion(results.compactMap { $0 }) }
  }
}
