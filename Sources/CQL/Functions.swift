// CQL's native functions (doc/cql3/functions): pure, but for the clock and the random numbers that come with the
// context.

import Base
import Data

/// A function of one row, its argument types decided.
public struct ScalarFunction: Sendable {
  enum Body: Sendable {
    case now
    case uuid
    case currentTimestamp, currentDate, currentTime
    case minTimeUUID, maxTimeUUID
    /// To timestamp, date, or milliseconds, from timeuuid, timestamp or date.
    case convertTime(from: CQLType, to: CQLType)
    case reinterpret
    case token(columns: [CQLType])
    case cast(from: CQLType, to: CQLType)
    case arithmetic(ArithmeticOperator, CQLType, CQLType)
    case negate(CQLType)
    /// A timestamp or date moved by a duration.
    case move(CQLType, isBackwards: Bool)
    case toJSON(CQLType)
    case fromJSON(CQLType)
    /// `a + b` of strings.
    case concatenate
    case absolute(CQLType)
    case round(CQLType)
    case collection(CollectionOperation, CQLType)
    /// Of two vectors of that type.
    case similarity(Similarity, CQLType)
  }
  var name: String
  var body: Body
  public var result: CQLType
}

public struct AggregateFunction: Sendable {
  enum Body: Equatable, Sendable { case countRows, count, minimum, maximum, sum, average }
  var body: Body
  var argument: CQLType?
  public var result: CQLType
}
