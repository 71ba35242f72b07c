// What a store should answer, by the plainest means: all mutations kept, merged at each read by Data's rule, then cut
// to the command. Also the makers of random mutations and commands.

import Base
import Data

struct Model {
  private var parts: [PartitionKey: [Partition]] = [:]

  mutating func apply(_ partition: Partition) { parts[partition.key, default: []].append(partition) }

  func read(_ command: ReadCommand) throws -> ReadResponse {
    var response = ReadResponse(partitions: [], hasMore: false)
    var liveRows = 0
    let keys = parts.keys.sorted(by: PartitionKey.precedes)
    for key in keys {
      var ranges = command.ranges
      var isContinued = false
      switch command.scope {
      case .partition(let wanted): if key != wanted { continue }
      case .range(let range, let cursor):
        guard range.contains(key.token) else { continue }
        if let cursor {
          if PartitionKey.precedes(key, cursor.key) { continue }
          if key == cursor.key {
            guard let last = cursor.clustering else { continue }
            isContinued = true
            ranges = ranges.map { range in
              command.isReversed
                ? ClusteringRange(start: range.start, end: range.end.isEmpty ? last : min(range.end, last))
                : ClusteringRange(start: max(range.start, last + [0xFF]), end: range.end)
            }.filter { $0.end.isEmpty || $0.start.lexicographicallyPrecedes($0.end) }
          }
        }
      }
      if liveRows >= command.rowLimit {
        response.hasMore = true
        break
      }
      let (part, more) = try read(key, ranges, command, isContinued, &liveRows)
      if !part.entries.isEmpty { response.partitions.append(part) }
      if more { response.hasMore = true }
      if more, liveRows >= command.rowLimit { break }
    }
    return response
  }

  private func min(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { a.lexicographicallyPrecedes(b) ? a : b }
  private func max(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { a.lexicographicallyPrecedes(b) ? b : a }

  private func read(
    _ key: PartitionKey, _ ranges: [ClusteringRange], _ command: ReadCommand, _ isContinued: Bool,
    _ liveRows: inout Int
  ) throws -> (Partition, Bool) {
    let whole = try Partition.merged(parts[key] ?? [])
    var head: [Entry] = []
    var rows: [Entry] = []
    for entry in whole.entries {
      switch entry.kind {
      case .partitionDeletion: head.append(entry)
      case .rangeDeletion:
        let deletion = try entry.rangeDeletion()
        for range in ranges {
          let start = max(deletion.start, range.start)
          let end = range.end.isEmpty ? deletion.end : min(deletion.end, range.end)
          guard start.lexicographicallyPrecedes(end) else { continue }
          head.append(.rangeDeletion(RangeDeletion(start: start, end: end, deletion: deletion.deletion)))
        }
      case .staticRow: if command.wantsStatics { head.append(entry) }
      case .row: if ranges.contains(where: { $0.contains(entry.clustering) }) { rows.append(entry) }
      }
    }
    let isLimited = command.rowLimit != .max || command.rowLimitPerPartition != .max
    var taken: [Entry] = []
    var liveHere = 0
    var more = false
    for row in command.isReversed ? rows.reversed() : rows {
      if isLimited, liveHere >= command.rowLimitPerPartition || liveRows >= command.rowLimit {
        more = liveRows >= command.rowLimit || command.scope == .partition(key)
        break
      }
      taken.append(row)
      if try row.row().isLive(nowInSeconds: command.nowInSeconds) {
        liveHere += 1
        liveRows += 1
      }
    }
    if isContinued, isLimited ? liveHere == 0 : taken.isEmpty { head.removeAll { $0.kind == .staticRow } }
    if liveHere == 0, !isContinued, let row = head.last, row.kind == .staticRow,
      try row.row().isLive(nowInSeconds: command.nowInSeconds)
    {
      liveRows += 1
    }
    return (Partition(key: key, entries: head + (command.isReversed ? taken.reversed() : taken)), more)
  }
}

/// Random mutations over few keys, rows, columns and timestamps, so that all of them meet.
struct RandomWorkload {
  var random: SeededGenerator
  var partitions = 6
  var rows = 12

  mutating func deletion() -> Deletion {
    Deletion(timestampMicroseconds: Int64(random.below(20)), localDeletionSeconds: Int64(990 + random.below(20)))
  }

  mutating func cell(column: UInt16, path: [UInt8]?) -> Cell {
    var cell = Cell(
      column: column, path: path, timestampMicroseconds: Int64(random.below(20)),
      value: [UInt8](repeating: UInt8(random.below(4)), count: random.below(3)))
    if random.oneIn(4) {
      cell.value = nil
      cell.localDeletionSeconds = Int64(990 + random.below(20))
    } else if random.oneIn(4) {
      cell.ttlSeconds = Int32(1 + random.below(5))
      cell.localDeletionSeconds = Int64(990 + random.below(20))
    }
    return cell
  }

  mutating func row() -> Row {
    var row = Row()
    if random.oneIn(2) {
      row.liveness = Liveness(timestampMicroseconds: Int64(random.below(20)))
      if random.oneIn(4) {
        row.liveness?.ttlSeconds = 5
        row.liveness?.expirySeconds = Int64(990 + random.below(20))
      }
    }
    if random.oneIn(5) { row.deletion = deletion() }
    for _ in 0..<random.below(4) {
      let column = UInt16(random.below(3))
      row.cells.append(cell(column: column, path: column == 2 ? [UInt8(random.below(3))] : nil))
    }
    if random.oneIn(8) { row.collectionDeletions.append(CollectionDeletion(column: 2, deletion: deletion())) }
    row.normalize()
    // As a writer makes it: nothing in it that it deletes itself.
    return Row().merged(with: row)
  }

  mutating func bound() -> [UInt8] {
    random.oneIn(6) ? [] : clustering(random.below(rows)) + (random.oneIn(2) ? [0xFF] : [])
  }

  mutating func range() -> ClusteringRange {
    while true {
      let range = ClusteringRange(start: bound(), end: bound())
      if range.end.isEmpty || range.start.lexicographicallyPrecedes(range.end) { return range }
    }
  }

  mutating func partition() -> Partition {
    var entries: [Entry] = []
    for _ in 0...random.below(3) {
      switch random.below(20) {
      case 0: entries.append(.partitionDeletion(deletion()))
      case 1, 2:
        let range = range()
        let end = range.end.isEmpty ? [0xE0] : range.end
        entries.append(.rangeDeletion(RangeDeletion(start: range.start, end: end, deletion: deletion())))
      case 3, 4, 5: entries.append(.staticRow(row()))
      default: entries.append(.row(clustering: clustering(random.below(rows)), row()))
      }
    }
    entries.removeAll { ($0.kind == .row || $0.kind == .staticRow) && ((try? $0.row().isEmpty) ?? true) }
    return Partition(key: partitionKey(random.below(partitions)), entries: entries)
  }

  mutating func ranges() -> [ClusteringRange] {
    if random.oneIn(3) { return [.all] }
    if random.oneIn(6) { return [] }
    var ranges = (0...random.below(3)).map { _ in range() }
    ranges.sort { $0.start.lexicographicallyPrecedes($1.start) }
    var disjoint: [ClusteringRange] = []
    for range in ranges {
      if let last = disjoint.last, last.end.isEmpty || range.start.lexicographicallyPrecedes(last.end) { continue }
      disjoint.append(range)
    }
    return disjoint
  }

  mutating func command() -> ReadCommand {
    let now = Int64(985 + random.below(30))
    let limit = random.oneIn(2) ? Int.max : 1 + random.below(8)
    let perPartition = random.oneIn(3) ? 1 + random.below(4) : Int.max
    if random.oneIn(2) {
      return readPartition(
        partitionKey(random.below(partitions)), ranges: ranges(), isReversed: random.oneIn(3), rowLimit: limit,
        perPartition: perPartition, wantsStatics: !random.oneIn(4), now: now)
    }
    let tokens = [random.below(13) - 6, random.below(13) - 6].sorted()
    let range = random.oneIn(2) ? TokenRange.all : TokenRange(first: Token(tokens[0]), last: Token(tokens[1]))
    var cursor: ReadCursor?
    if random.oneIn(2) {
      let clustering = random.oneIn(2) ? clustering(random.below(rows)) : nil
      cursor = ReadCursor(key: partitionKey(random.below(partitions)), clustering: clustering)
    }
    if let cursor2 = cursor, !range.contains(cursor2.key.token) { cursor = nil }
    return readRange(
      range, after: cursor, ranges: ranges(), isReversed: random.oneIn(4), rowLimit: limit,
      perPartition: perPartition, now: now)
  }
}
