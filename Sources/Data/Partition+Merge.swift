// Partitions as several replicas (or several versions in one store) know them, made one; and what one of them lacks.

import Base

extension Partition {
  /// One partition out of what several places know of it, with nothing left in it that a deletion hides.
  /// - Precondition: at least one, all of one key.
  public static func merged(_ parts: [Partition]) throws(DecodeError) -> Partition {
    precondition(!parts.isEmpty, "merging no partition")
    var deletion: Deletion?
    var ranges: [RangeDeletion] = []
    var rows: [Entry] = []
    for part in parts {
      precondition(part.key == parts[0].key, "merging partitions of different keys")
      for entry in part.entries {
        switch entry.kind {
        case .partitionDeletion:
          let next = try entry.deletion()
          deletion = deletion.map { $0.merged(with: next) } ?? next
        case .rangeDeletion: ranges.append(try entry.rangeDeletion())
        case .staticRow, .row: rows.append(entry)
        }
      }
    }
    rows.sort(by: Entry.precedes)
    var entries: [Entry] = []
    if let deletion { entries.append(.partitionDeletion(deletion)) }
    let disjoint = RangeDeletion.disjoint(ranges, above: deletion)
    for range in disjoint { entries.append(.rangeDeletion(range)) }
    try appendMerged(rows, hiddenBy: deletion, disjoint, to: &entries)
    return Partition(key: parts[0].key, entries: entries)
  }

  private static func appendMerged(
    _ rows: [Entry], hiddenBy deletion: Deletion?, _ ranges: [RangeDeletion], to entries: inout [Entry]
  ) throws(DecodeError) {
    var index = 0
    var range = 0
    while index < rows.count {
      let first = rows[index]
      var next = index + 1
      while next < rows.count, rows[next].kind == first.kind, rows[next].clustering == first.clustering { next += 1 }
      var outer = deletion
      if first.kind == .row {
        while range < ranges.count, !first.clustering.lexicographicallyPrecedes(ranges[range].end) { range += 1 }
        if range < ranges.count, !first.clustering.lexicographicallyPrecedes(ranges[range].start) {
          outer = ranges[range].deletion
        }
      }
      if next == index + 1, outer == nil {
        entries.append(first)
      } else {
        var row = try first.row()
        for other in (index + 1)..<next { row = row.merged(with: try rows[other].row()) }
        if let outer { row = row.hidden(by: outer) }
        if !row.isEmpty {
          entries.append(Entry(kind: first.kind, clustering: first.clustering, value: EntryCodec.encode(row)))
        }
      }
      index = next
    }
  }

  /// What `replica` lacks of this merged partition, to be written to it; nil where it lacks nothing.
  public func missing(from replica: Partition?) -> Partition? {
    guard let replica else { return entries.isEmpty ? nil : self }
    var lacking: [Entry] = []
    var known = 0
    for entry in entries {
      while known < replica.entries.count, Entry.precedes(replica.entries[known], entry) { known += 1 }
      if known < replica.entries.count, replica.entries[known] == entry { continue }
      lacking.append(entry)
    }
    return lacking.isEmpty ? nil : Partition(key: key, entries: lacking)
  }
}

extension RangeDeletion {
  /// The same deletions as ranges that do not overlap, in order, neighbours of one deletion joined, without what the
  /// partition's own deletion covers: one form for one meaning.
  public static func disjoint(_ ranges: [RangeDeletion], above partition: Deletion? = nil) -> [RangeDeletion] {
    let kept = ranges.filter { range in
      range.start.lexicographicallyPrecedes(range.end) && partition.map { range.deletion.supersedes($0) } ?? true
    }
    if kept.count <= 1 { return kept }
    let bounds = Set(kept.flatMap { [$0.start, $0.end] }).sorted { $0.lexicographicallyPrecedes($1) }
    let byStart = kept.sorted { $0.start.lexicographicallyPrecedes($1.start) }
    var open: [RangeDeletion] = []
    var next = 0
    var result: [RangeDeletion] = []
    for (start, end) in zip(bounds, bounds.dropFirst()) {
      open.removeAll { !start.lexicographicallyPrecedes($0.end) }
      while next < byStart.count, !start.lexicographicallyPrecedes(byStart[next].start) {
        open.append(byStart[next])
        next += 1
      }
      guard var strongest = open.first?.deletion else { continue }
      for range in open.dropFirst() { strongest = strongest.merged(with: range.deletion) }
      if let last = result.last, last.end == start, last.deletion == strongest {
        result[result.count - 1].end = end
      } else {
        result.append(RangeDeletion(start: start, end: end, deletion: strongest))
      }
    }
    return result
  }
}
