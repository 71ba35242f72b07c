// Restrictions with their values: partition keys in serialized form, clustering restrictions as byte
// ranges (ClusteringCodec). A prefix P of the clustering covers [P, P+FF); `> P` begins at P+FF.

import Base
import Data

extension BoundRestrictions {
  /// IN restrictions may name at most this many partitions, and this many clustering prefixes.
  static let maxChoices = 65_535

  // MARK: - Partition keys

  /// The keys that are named, each once, in the order of their values (as Cassandra answers IN, not by token). The
  /// partition key must be restricted.
  func partitionKeys(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [PartitionKey] {
    guard case .key(let choices) = partition else { preconditionFailure("no partition key in \(table.name)") }
    if choices.allSatisfy(\.isOne) { return [try onePartitionKey(choices, context)] }
    var rows: [[[UInt8]]] = [[]]
    for (column, choice) in zip(table.partitionKey, choices) {
      let values = column.type.sortedDistinct(try values(of: choice, column, context))
      guard rows.count * max(1, values.count) <= Self.maxChoices else { throw Self.tooManyChoices }
      rows = rows.flatMap { row in values.map { row + [$0] } }
    }
    var keys: [PartitionKey] = []
    for row in rows { keys.append(try key(of: row, context)) }
    return keys
  }

  private static var tooManyChoices: CQLFailure {
    .invalid("IN restrictions name more than \(maxChoices) combinations")
  }

  private func onePartitionKey(
    _ choices: [BoundChoice], _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> PartitionKey {
    var row: [[UInt8]] = []
    row.reserveCapacity(choices.count)
    for (column, choice) in zip(table.partitionKey, choices) {
      guard case .one(let term) = choice else { preconditionFailure("several values for \(column.name)") }
      row.append(try keyValue(term, column, context))
    }
    return try key(of: row, context)
  }

  private func key(of row: [[UInt8]], _ context: borrowing EvaluationContext) throws(CQLFailure) -> PartitionKey {
    guard let bytes = PartitionKeyCodec.encode(row) else {
      let length = row.reduce(0) { $0 + $1.count + (row.count > 1 ? 3 : 0) }
      throw .invalid("Key length of \(length) is longer than maximum of \(Partition.maxKeyBytes)")
    }
    guard !bytes.isEmpty else { throw .invalid("Key may not be empty") }
    return PartitionKey(token: context.token(bytes), bytes: bytes)
  }

  private func keyValue(
    _ term: BoundTerm, _ column: Column, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [UInt8] {
    guard let bytes = try term.bytes(context, for: column.name) else {
      throw .invalid("Invalid null value in condition for column \(column.name)")
    }
    return bytes
  }

  private func values(
    of choice: BoundChoice, _ column: Column, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [[UInt8]] {
    switch choice {
    case .one(let term): return [try keyValue(term, column, context)]
    case .several(let terms):
      var values: [[UInt8]] = []
      for term in terms { values.append(try keyValue(term, column, context)) }
      return values
    case .listed(let term, let type):
      guard let bytes = try term.bytes(context, for: "in(\(column.name))") else {
        throw .invalid("Invalid null value for IN restriction")
      }
      return try elements(of: bytes, type)
    }
  }

  private func elements(of bytes: [UInt8], _ type: CQLType) throws(CQLFailure) -> [[UInt8]] {
    do throws(ValueError) { return try type.collectionElements(of: bytes) } catch { throw .invalid(error.message) }
  }

  // MARK: - Tokens

  func tokenRanges(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [TokenRange] {
    if tokens.isEmpty { return [.all] }
    var first = Token.min
    var last = Token.max
    for (isLower, isInclusive, bound) in tokens {
      guard let bytes = try bound.bytes(context, for: "partition key token"), let token = Values.bigint(bytes) else {
        throw .invalid("Invalid null token value")
      }
      if isLower {
        if isInclusive {
          first = max(first, token)
        } else {
          guard token < .max else { return [] }
          first = max(first, token + 1)
        }
      } else if token == .min {
        // The least token closes the ring: as an upper bound it is the end.
        continue
      } else {
        last = min(last, isInclusive ? token : token - 1)
      }
    }
    return first <= last ? [TokenRange(first: first, last: last)] : []
  }

  // MARK: - Clustering

  /// The one clustering that is named by `=` alone (`namesOneRow`, or no clustering columns at all).
  func oneClustering(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, step) in steps.enumerated() {
      guard case .choice(.one(let term)) = step else { preconditionFailure("several clusterings in \(table.name)") }
      let column = table.clustering[index]
      try append(try keyValue(term, column, context), column, to: &bytes)
    }
    return bytes
  }

  /// All clusterings that steps name, whole or a prefix.
  func clusteringPrefixes(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [[UInt8]] {
    var prefixes: [[UInt8]] = [[]]
    var position = 0
    for step in steps {
      let columns = Array(table.clustering[position..<position + step.width])
      var tails: [[UInt8]] = []
      for values in try choices(of: step, columns, context) {
        var tail: [UInt8] = []
        for (value, column) in zip(values, columns) { try append(value, column, to: &tail) }
        tails.append(tail)
      }
      guard prefixes.count * max(1, tails.count) <= Self.maxChoices else { throw Self.tooManyChoices }
      prefixes =
        tails.count == 1 ? prefixes.map { $0 + tails[0] } : prefixes.flatMap { prefix in tails.map { prefix + $0 } }
      position += step.width
    }
    prefixes.sort { $0.lexicographicallyPrecedes($1) }
    var distinct: [[UInt8]] = []
    for prefix in prefixes where distinct.last != prefix { distinct.append(prefix) }
    return distinct
  }

  private func choices(
    of step: BoundClusteringStep, _ columns: [Column], _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [[[UInt8]]] {
    var rows: [[[UInt8]]] = []
    switch step {
    case .choice(let choice):
      for value in try values(of: choice, columns[0], context) { rows.append([value]) }
    case .tuples(let tuples, _):
      for tuple in tuples { rows.append(try values(of: tuple, columns, context)) }
    case .listedTuples(let term, let element, _):
      guard let bytes = try term.bytes(context, for: "in") else {
        throw .invalid("Invalid null value for IN restriction")
      }
      for part in try elements(of: bytes, .list(element)) {
        rows.append(try unpacked(part, element, columns))
      }
    }
    return rows
  }

  private func values(
    of tuple: BoundTuple, _ columns: [Column], _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [[UInt8]] {
    switch tuple {
    case .terms(let terms):
      var values: [[UInt8]] = []
      for (term, column) in zip(terms, columns) { values.append(try keyValue(term, column, context)) }
      return values
    case .packed(let term, let type):
      guard let bytes = try term.bytes(context, for: columns[0].name) else {
        throw .invalid("Invalid null value for \(columns.map(\.name))")
      }
      return try unpacked(bytes, type, columns)
    }
  }

  private func unpacked(_ bytes: [UInt8], _ type: CQLType, _ columns: [Column]) throws(CQLFailure) -> [[UInt8]] {
    let parts: [[UInt8]?]
    do throws(ValueError) { parts = try type.tupleParts(of: bytes) } catch { throw .invalid(error.message) }
    var values: [[UInt8]] = []
    for (part, column) in zip(parts, columns) {
      guard let part else { throw .invalid("Invalid null value in condition for column \(column.name)") }
      values.append(part)
    }
    return values
  }

  private func append(_ value: [UInt8], _ column: Column, to bytes: inout [UInt8]) throws(CQLFailure) {
    guard value.count <= Partition.maxKeyBytes else {
      throw .invalid("Key length of \(value.count) is longer than maximum of \(Partition.maxKeyBytes)")
    }
    do throws(DecodeError) {
      try ClusteringCodec.encode(value, type: column.type, isDescending: column.isDescending, to: &bytes)
    } catch {
      throw .invalid("Invalid value for clustering column \(column.name): \(error)")
    }
  }

  /// Sorted and disjoint; `[.all]` where the clustering is not restricted; empty where nothing can match.
  func clusteringRanges(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [ClusteringRange] {
    if steps.isEmpty, slices.isEmpty { return [.all] }
    let prefixes = try clusteringPrefixes(context)
    if slices.isEmpty { return prefixes.map { ClusteringRange(start: $0, end: $0 + [ClusteringCodec.afterPrefix]) } }
    var bounds: [(BoundSlice, [[UInt8]])] = []
    for slice in slices { bounds.append((slice, try sliceValues(slice, context))) }
    var ranges: [ClusteringRange] = []
    for prefix in prefixes {
      var inside = [ClusteringRange(start: prefix, end: prefix + [ClusteringCodec.afterPrefix])]
      for (slice, values) in bounds { inside = Self.intersection(inside, try self.ranges(of: slice, values, prefix)) }
      ranges += inside
    }
    return ranges
  }

  private func sliceValues(
    _ slice: BoundSlice, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [[UInt8]] {
    try values(of: slice.bounds, Array(table.clustering[slice.first...]), context)
  }

  /// `(a, b, c) > (1, 2, 3)` is `a > 1`, or `a = 1 and b > 2`, or `a = 1 and b = 2 and c > 3`: one range each, and
  /// each column's direction turns its own.
  private func ranges(
    of slice: BoundSlice, _ values: [[UInt8]], _ prefix: [UInt8]
  ) throws(CQLFailure) -> [ClusteringRange] {
    let after = [ClusteringCodec.afterPrefix]
    var ranges: [ClusteringRange] = []
    var equal = prefix
    for (index, value) in values.enumerated() {
      let column = table.clustering[slice.first + index]
      var next = equal
      try append(value, column, to: &next)
      if slice.isLower != column.isDescending {
        ranges.append(ClusteringRange(start: next + after, end: equal + after))
      } else {
        ranges.append(ClusteringRange(start: equal, end: next))
      }
      equal = next
    }
    if slice.isInclusive { ranges.append(ClusteringRange(start: equal, end: equal + after)) }
    return Self.union(ranges)
  }

  static func union(_ ranges: [ClusteringRange]) -> [ClusteringRange] {
    var joined: [ClusteringRange] = []
    for range in ranges.sorted(by: { $0.start.lexicographicallyPrecedes($1.start) })
    where range.start.lexicographicallyPrecedes(range.end) {
      if let last = joined.last, !last.end.lexicographicallyPrecedes(range.start) {
        if last.end.lexicographicallyPrecedes(range.end) { joined[joined.count - 1].end = range.end }
      } else {
        joined.append(range)
      }
    }
    return joined
  }

  static func intersection(_ a: [ClusteringRange], _ b: [ClusteringRange]) -> [ClusteringRange] {
    var common: [ClusteringRange] = []
    for x in a {
      for y in b {
        let start = x.start.lexicographicallyPrecedes(y.start) ? y.start : x.start
        let end = x.end.lexicographicallyPrecedes(y.end) ? x.end : y.end
        if start.lexicographicallyPrecedes(end) { common.append(ClusteringRange(start: start, end: end)) }
      }
    }
    return common
  }

  // MARK: - Filter

  func filter(_ context: borrowing EvaluationContext) throws(CQLFailure) -> RowFilter {
    var filter = RowFilter()
    for bound in filters {
      let test: RowFilter.Test
      switch bound.test {
      case .comparison(let comparison, let term):
        test = .comparison(comparison, try filterValue(term, bound.column, context))
      case .membership(let choice): test = .membership(try values(of: choice, bound.column, context))
      case .entry(let key, let value):
        let wanted = try filterValue(value, bound.column, context)
        test = .entry(key: try filterValue(key, bound.column, context), wanted)
      }
      filter.checks.append(RowFilter.Check(slot: bound.slot, type: bound.column.type, test: test))
    }
    return filter
  }

  private func filterValue(
    _ term: BoundTerm, _ column: Column, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [UInt8] {
    guard let bytes = try term.bytes(context, for: column.name) else {
      throw .invalid("Unsupported null value for column \(column.name)")
    }
    return bytes
  }
}

extension BoundSelect {
  /// What this execution reads. Throws `.invalid` for values that cannot be.
  public func plan(_ context: borrowing EvaluationContext) throws(CQLFailure) -> SelectPlan {
    let scope: SelectPlan.Scope
    if restrictions.namesPartitions {
      let keys = try restrictions.partitionKeys(context)
      let ranges = restrictions.tokens.isEmpty ? nil : try restrictions.tokenRanges(context)
      scope = .partitions(
        ranges.map { ranges in keys.filter { key in ranges.contains { $0.contains(key.token) } } } ?? keys)
    } else {
      scope = .tokens(try restrictions.tokenRanges(context))
    }
    return SelectPlan(
      scope: scope, ranges: try restrictions.clusteringRanges(context), isReversed: isReversed,
      limit: try positive(limit, "LIMIT", context),
      perPartitionLimit: try positive(perPartitionLimit, "PER PARTITION LIMIT", context),
      filter: restrictions.filters.isEmpty ? RowFilter() : try restrictions.filter(context))
  }

  private func positive(
    _ term: BoundTerm?, _ clause: String, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> Int? {
    guard let term else { return nil }
    let value = try term.evaluate(context)
    if case .unset = value { return nil }
    guard case .bytes(let bytes) = value, let count = Values.int(bytes) else {
      throw .invalid("Invalid null value of \(clause == "LIMIT" ? "limit" : "per partition limit")")
    }
    // Cassandra's word is LIMIT for both.
    guard count > 0 else { throw .invalid("LIMIT must be strictly positive") }
    return Int(count)
  }

  /// The one column of SELECT JSON out of the values of `columns`.
  public func json(_ values: [[UInt8]?]) -> [UInt8] {
    var writer = ByteWriter()
    writer.append("{")
    for (index, column) in columns.enumerated() {
      if index > 0 { writer.append(", ") }
      // A name that needs quotes in CQL keeps them in JSON.
      let isPlain = column.name.utf8.allSatisfy { !(0x41...0x5A).contains($0) }
      JSON.write(isPlain ? column.name : "\"\(column.name)\"", to: &writer)
      writer.append(": ")
      writer.append(utf8: column.type.json(of: values[index]))
    }
    writer.append("}")
    return writer.take()
  }
}
