// Replicas' answers to one command made one, and what a replica's answer lacks of it.

import Base

extension ReadResponse {
  /// The merge of several answers to one command.
  /// - Parameter scanLimit: live rows that a scan was to give of each partition, and the seconds by which they live.
  public static func merged(
    _ responses: [ReadResponse], isReversed: Bool, scanLimit: (rows: Int, nowInSeconds: Int64)? = nil
  ) throws(DecodeError) -> ReadResponse {
    var byKey: [PartitionKey: [Partition]] = [:]
    for response in responses {
      for partition in response.partitions { byKey[partition.key, default: []].append(partition) }
    }
    var partitions: [Partition] = []
    for (_, parts) in byKey.sorted(by: { PartitionKey.precedes($0.key, $1.key) }) {
      partitions.append(try Partition.merged(parts))
    }
    // What lies behind the end of a cut-off answer is known of the other replicas alone: leave it to the next read.
    var ends = responses.filter(\.hasMore).compactMap { $0.end(isReversed: isReversed) }
    if let scanLimit { ends += Self.endsOfPartitions(partitions, responses, isReversed: isReversed, scanLimit) }
    var merged = ReadResponse(partitions: partitions, hasMore: responses.contains(where: \.hasMore))
    guard let end = ends.min(by: { $0.precedes($1, isReversed: isReversed) }) else { return merged }
    merged.hasMore = true
    merged.mergedEnd = end
    merged.cut(behind: end, isReversed: isReversed)
    return merged
  }

  /// Where the next read goes on: behind the last row of the answer in the direction of reading, live or not, or where
  /// a merge had to end. Nil for an empty answer of a replica.
  public func end(isReversed: Bool) -> ReadCursor? {
    if let mergedEnd { return mergedEnd }
    guard let last = partitions.last else { return nil }
    let row = isReversed ? last.entries.first { $0.kind == .row } : last.entries.last { $0.kind == .row }
    return ReadCursor(key: last.key, clustering: row?.clustering)
  }

  /// A replica that gave all the rows it was to give of a partition says nothing of those behind them, not even that
  /// they are deleted. Where too few are left in front of that, the answer ends there and the next read goes on.
  private static func endsOfPartitions(
    _ merged: [Partition], _ responses: [ReadResponse], isReversed: Bool, _ limit: (rows: Int, nowInSeconds: Int64)
  ) -> [ReadCursor] {
    var firstEnds: [PartitionKey: ReadCursor] = [:]
    for response in responses {
      for partition in response.partitions
      where partition.liveRowsProper(nowInSeconds: limit.nowInSeconds) >= limit.rows {
        let rows = partition.entries.filter { $0.kind == .row }
        guard let last = isReversed ? rows.first : rows.last else { continue }
        let end = ReadCursor(key: partition.key, clustering: last.clustering)
        let known = firstEnds[partition.key] ?? end
        firstEnds[partition.key] = known.precedes(end, isReversed: isReversed) ? known : end
      }
    }
    var ends: [ReadCursor] = []
    for var partition in merged {
      guard let end = firstEnds[partition.key], let clustering = end.clustering else { continue }
      partition.removeRows(behind: clustering, isReversed: isReversed)
      // Statics alone are a row only where no other is left, which is not known yet.
      if partition.liveRowsProper(nowInSeconds: limit.nowInSeconds) < limit.rows { ends.append(end) }
    }
    return ends
  }

  private mutating func cut(behind end: ReadCursor, isReversed: Bool) {
    partitions.removeAll { PartitionKey.precedes(end.key, $0.key) }
    guard let clustering = end.clustering, let last = partitions.last, last.key == end.key else { return }
    partitions[partitions.count - 1].removeRows(behind: clustering, isReversed: isReversed)
  }

  /// What the replica that gave `answer` lacks of this merge: one partition each.
  public func missing(from answer: ReadResponse) -> [Partition] {
    var known: [PartitionKey: Partition] = [:]
    for partition in answer.partitions { known[partition.key] = partition }
    return partitions.compactMap { $0.missing(from: known[$0.key]) }
  }
}

extension ReadCursor {
  /// Whether a read comes by this place before the other; behind a partition's rows comes its end.
  func precedes(_ other: ReadCursor, isReversed: Bool) -> Bool {
    guard key == other.key else { return PartitionKey.precedes(key, other.key) }
    guard let clustering else { return false }
    guard let others = other.clustering else { return true }
    return isReversed ? others.lexicographicallyPrecedes(clustering) : clustering.lexicographicallyPrecedes(others)
  }
}

extension Partition {
  fileprivate mutating func removeRows(behind clustering: [UInt8], isReversed: Bool) {
    entries.removeAll { entry in
      guard entry.kind == .row else { return false }
      return isReversed
        ? entry.clustering.lexicographicallyPrecedes(clustering)
        : clustering.lexicographicallyPrecedes(entry.clustering)
    }
  }
}
