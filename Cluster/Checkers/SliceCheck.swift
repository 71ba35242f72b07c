// What a slice of a partition must look like: rows in the asked order, none twice, none outside of what was asked, no
// more than the limit; and each cell within it as `CellHistory` promises, those that are not shown included.

/// A read of one partition's rows.
public struct Slice: Equatable, Sendable {
  public var partition: Int32
  /// Elements from...through; nil for all.
  public var bounds: ClosedRange<Int32>?
  public var isDescending: Bool
  public var limit: Int?

  public init(partition: Int32, bounds: ClosedRange<Int32>? = nil, isDescending: Bool = false, limit: Int? = nil) {
    self.partition = partition
    self.bounds = bounds
    self.isDescending = isDescending
    self.limit = limit
  }
}

public struct SliceRow: Equatable, Sendable {
  public var element: Int32
  public var value: String
  public var timestamp: Int64?

  public init(element: Int32, value: String, timestamp: Int64?) {
    self.element = element
    self.value = value
    self.timestamp = timestamp
  }
}

extension CellHistory {
  /// Checks a whole slice and remembers what it showed.
  /// - Returns: broken promises, in words.
  public mutating func checkSlice(
    _ slice: Slice, rows: [SliceRow], _ strength: Strength, _ span: Span, reader: String
  ) -> [String] {
    var problems = Self.checkShape(slice, rows, reader: reader)
    let shown = Dictionary(rows.map { ($0.element, $0) }, uniquingKeysWith: { first, _ in first })
    // Behind the last row of a slice that its limit ended nothing is said.
    let isCut = slice.limit.map { rows.count >= $0 } ?? false
    for key in keys(of: slice.partition) {
      if let bounds = slice.bounds, !bounds.contains(key.element) { continue }
      if isCut, let last = rows.last?.element {
        if slice.isDescending ? key.element < last : key.element > last { continue }
      }
      let state = shown[key.element].map { CellState.value($0.value, timestamp: $0.timestamp) } ?? .absent
      let floor = floor(of: key, readBy: strength, began: span.began)
      if let problem = check(key, state, floor: floor, reader: reader) { problems.append(problem) }
      seen(key, state, strength, span)
    }
    for row in rows where cellIsUnknown(CellKey(slice.partition, row.element)) {
      problems.append("\(reader): \(slice.partition)/\(row.element) shows \(row.value), which nobody wrote")
    }
    return problems
  }

  private func cellIsUnknown(_ key: CellKey) -> Bool { strongestSent(key) == nil }

  private static func checkShape(_ slice: Slice, _ rows: [SliceRow], reader: String) -> [String] {
    var problems: [String] = []
    for (row, next) in zip(rows, rows.dropFirst()) {
      let isInOrder = slice.isDescending ? row.element > next.element : row.element < next.element
      if !isInOrder { problems.append("\(reader): row \(next.element) comes after row \(row.element) in \(slice)") }
    }
    if let limit = slice.limit, rows.count > limit { problems.append("\(reader): \(rows.count) rows in \(slice)") }
    if let bounds = slice.bounds, let stray = rows.first(where: { !bounds.contains($0.element) }) {
      problems.append("\(reader): row \(stray.element) is outside of \(slice)")
    }
    return problems
  }
}
