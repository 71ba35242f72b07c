// The one merge rule, Cassandra 5's (db/rows/Cells.java, LivenessInfo.java, DeletionTime.java): greater timestamp;
// else a tombstone or an expiring cell over a live one; between those two the tombstone; between two alike the later
// local deletion time; then the greater value. It is commutative, associative and idempotent, so replicas that have
// seen the same writes in any order hold the same bytes.

import Base

extension Cell {
  /// Which of two cells of one column and path stays.
  public func reconciled(with other: Cell) -> Cell { Cell.wins(self, over: other) ? self : other }

  /// Whether `a` stays where both are known.
  static func wins(_ a: Cell, over b: Cell) -> Bool {
    if a.timestampMicroseconds != b.timestampMicroseconds { return a.timestampMicroseconds > b.timestampMicroseconds }
    let aIsMortal = a.isTombstone || a.isExpiring
    let bIsMortal = b.isTombstone || b.isExpiring
    if aIsMortal != bIsMortal { return aIsMortal }
    if aIsMortal {
      if a.isTombstone != b.isTombstone { return a.isTombstone }
      if a.localDeletionSeconds != b.localDeletionSeconds { return a.localDeletionSeconds > b.localDeletionSeconds }
    }
    if let x = a.value, let y = b.value, x != y { return y.lexicographicallyPrecedes(x) }
    return a.ttlSeconds >= b.ttlSeconds
  }

  /// The order of cells within a row.
  static func precedes(_ a: Cell, _ b: Cell) -> Bool {
    if a.column != b.column { return a.column < b.column }
    switch (a.path, b.path) {
    case (nil, nil), (_, nil): return false
    case (nil, _): return true
    case (let x?, let y?): return x.lexicographicallyPrecedes(y)
    }
  }
}

extension Liveness {
  func merged(with other: Liveness) -> Liveness {
    if timestampMicroseconds != other.timestampMicroseconds {
      return timestampMicroseconds > other.timestampMicroseconds ? self : other
    }
    if (ttlSeconds > 0) != (other.ttlSeconds > 0) { return ttlSeconds > 0 ? self : other }
    if expirySeconds != other.expirySeconds { return expirySeconds > other.expirySeconds ? self : other }
    return ttlSeconds >= other.ttlSeconds ? self : other
  }
}

extension Deletion {
  public func merged(with other: Deletion) -> Deletion { other.supersedes(self) ? other : self }

  static func merged(_ a: Deletion?, _ b: Deletion?) -> Deletion? {
    guard let a else { return b }
    return b.map(a.merged) ?? a
  }
}

extension Row {
  /// What is known of a row from two places. Nothing that a deletion in it hides is left, so equal knowledge is
  /// equal bytes.
  public func merged(with other: Row) -> Row {
    var result = Row()
    result.deletion = Deletion.merged(deletion, other.deletion)
    if let liveness, let second = other.liveness {
      result.liveness = liveness.merged(with: second)
    } else {
      result.liveness = liveness ?? other.liveness
    }
    result.collectionDeletions = Row.merge(collectionDeletions, other.collectionDeletions)
    result.cells = Row.merge(cells, other.cells)
    result.dropHidden()
    return result
  }

  /// The same of many places, by pairs: one after another would take the square of what they hold.
  public static func merged(_ rows: [Row]) -> Row {
    var rows = rows
    while rows.count > 1 {
      rows = stride(from: 0, to: rows.count, by: 2).map { index in
        index + 1 < rows.count ? rows[index].merged(with: rows[index + 1]) : rows[index]
      }
    }
    return rows.first ?? Row()
  }

  /// Brings cells and collection deletions into their order, merging what stands twice; statements may fill a row
  /// in any order.
  public mutating func normalize() {
    var ordered = Row(
      collectionDeletions: Row.ordered(collectionDeletions, precedes: { $0.column < $1.column }) { x, y in
        CollectionDeletion(column: x.column, deletion: x.deletion.merged(with: y.deletion))
      }, cells: Row.ordered(cells, precedes: Cell.precedes) { $0.reconciled(with: $1) })
    ordered.dropHidden()
    collectionDeletions = ordered.collectionDeletions
    cells = ordered.cells
  }

  private static func ordered<Part>(
    _ parts: [Part], precedes: (Part, Part) -> Bool, combine: (Part, Part) -> Part
  ) -> [Part] {
    if parts.count < 2 { return parts }
    var result: [Part] = []
    result.reserveCapacity(parts.count)
    for part in parts.sorted(by: precedes) {
      if let last = result.last, !precedes(last, part) {
        result[result.count - 1] = combine(last, part)
      } else {
        result.append(part)
      }
    }
    return result
  }

  /// Without what `deletion`, one of the partition or of a range around the row, hides.
  public func hidden(by outer: Deletion) -> Row {
    var result = self
    if let own = result.deletion, !own.supersedes(outer) { result.deletion = nil }
    if let liveness = result.liveness, outer.hides(liveness.timestampMicroseconds) { result.liveness = nil }
    result.collectionDeletions.removeAll { !$0.deletion.supersedes(outer) }
    result.cells.removeAll { outer.hides($0.timestampMicroseconds) }
    return result
  }

  private mutating func dropHidden() {
    if let deletion {
      if let liveness, deletion.hides(liveness.timestampMicroseconds) { self.liveness = nil }
      collectionDeletions.removeAll { !$0.deletion.supersedes(deletion) }
      cells.removeAll { deletion.hides($0.timestampMicroseconds) }
    }
    for part in collectionDeletions {
      cells.removeAll { $0.column == part.column && part.deletion.hides($0.timestampMicroseconds) }
    }
  }

  private static func merge(_ a: [CollectionDeletion], _ b: [CollectionDeletion]) -> [CollectionDeletion] {
    if a.isEmpty { return b }
    if b.isEmpty { return a }
    return mergeSorted(
      a, b, precedes: { $0.column < $1.column },
      combine: { x, y in CollectionDeletion(column: x.column, deletion: x.deletion.merged(with: y.deletion)) })
  }

  private static func merge(_ a: [Cell], _ b: [Cell]) -> [Cell] {
    if a.isEmpty { return b }
    if b.isEmpty { return a }
    return mergeSorted(a, b, precedes: Cell.precedes) { $0.reconciled(with: $1) }
  }
}

/// Two sorted lists as one; `combine` makes one of two that stand at the same place.
func mergeSorted<T>(_ a: [T], _ b: [T], precedes: (T, T) -> Bool, combine: (T, T) -> T) -> [T] {
  var result: [T] = []
  result.reserveCapacity(a.count + b.count)
  var i = 0
  var j = 0
  while i < a.count, j < b.count {
    if precedes(a[i], b[j]) {
      result.append(a[i])
      i += 1
    } else if precedes(b[j], a[i]) {
      result.append(b[j])
      j += 1
    } else {
      result.append(combine(a[i], b[j]))
      i += 1
      j += 1
    }
  }
  result.append(contentsOf: a[i...])
  result.append(contentsOf: b[j...])
  return result
}
