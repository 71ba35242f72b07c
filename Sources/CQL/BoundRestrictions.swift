// A WHERE clause sorted by what it restricts: the partition key, its token, the clustering, and what
// only a filter can check.

import Base
import Data

/// `=` or `IN`: the values a column may have.
enum BoundChoice: Sendable {
  case one(BoundTerm)
  case several([BoundTerm])
  /// `IN ?`: a marker that holds a list of the column's type.
  case listed(BoundTerm, CQLType)

  var isOne: Bool { if case .one = self { true } else { false } }
}

/// A bound of a slice over one or more columns.
struct BoundSlice: Sendable {
  /// Position of the first column in the clustering.
  var first: Int
  /// Lower: `>`, `>=`; upper: `<`, `<=`.
  var isLower: Bool
  var isInclusive: Bool
  /// One for each column; or one tuple of all of them.
  var bounds: BoundTuple
}

/// Values for several columns.
enum BoundTuple: Sendable {
  case terms([BoundTerm])
  /// A marker that holds a tuple.
  case packed(BoundTerm, CQLType)
}

/// One step from the clustering's first column on.
enum BoundClusteringStep: Sendable {
  case choice(BoundChoice)
  /// `(a, b) IN ((1, 2), ?)`: each covers `width` columns.
  case tuples([BoundTuple], width: Int)
  /// `(a, b) IN ?`
  case listedTuples(BoundTerm, element: CQLType, width: Int)

  var width: Int {
    switch self {
    case .choice: 1
    case .tuples(_, let width), .listedTuples(_, _, let width): width
    }
  }
}

struct BoundFilter: Sendable {
  enum Test: Sendable {
    case comparison(ComparisonOperator, BoundTerm)
    case membership(BoundChoice)
    /// `m[k] = v`
    case entry(key: BoundTerm, BoundTerm)
  }
  var column: Column
  /// In `BoundSelect.fetched`.
  var slot: Int
  var test: Test
}

public final class BoundRestrictions: Sendable {
  enum PartitionPart: Sendable {
    /// The whole table.
    case all
    /// One choice for each column of the partition key.
    case key([BoundChoice])
  }
  typealias TokenBound = (isLower: Bool, isInclusive: Bool, bound: BoundTerm)
  let table: Table
  let partition: PartitionPart
  /// `token(...) > t`; of named partitions, those outside are left out.
  let tokens: [TokenBound]
  let steps: [BoundClusteringStep]
  let slices: [BoundSlice]
  let filters: [BoundFilter]

  init(
    table: Table, partition: PartitionPart, tokens: [TokenBound] = [], steps: [BoundClusteringStep],
    slices: [BoundSlice], filters: [BoundFilter]
  ) {
    self.table = table
    self.partition = partition
    self.tokens = tokens
    self.steps = steps
    self.slices = slices
    self.filters = filters
  }

  /// Whether rows must be checked one by one.
  public var needsFiltering: Bool { !filters.isEmpty }
  /// The partition key is given, by `=` or `IN`.
  public var namesPartitions: Bool { if case .key = partition { true } else { false } }
  /// Exactly one partition is asked for.
  public var namesOnePartition: Bool {
    if case .key(let choices) = partition { choices.allSatisfy(\.isOne) } else { false }
  }
  /// Every clustering column is given by `=`.
  public var namesOneRow: Bool {
    namesOnePartition && slices.isEmpty && steps.count == table.clustering.count
      && steps.allSatisfy { if case .choice(.one) = $0 { true } else { false } }
  }
}
