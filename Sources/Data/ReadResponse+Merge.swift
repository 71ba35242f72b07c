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
    var merged = ReadResponse(partitions: partitions, hasMore: false)
    if let scanLimit { merged.cutWherePartitionsWereCut(responses, isReversed: isReversed, scanLimit) }
    // What lies behind the end of a cut-off answer is known of the other replicas alone: leave it to the next page.
    for response in responses where response.hasMore {
      merged.hasMore = true
      if let end = response.end(isReversed: isReversed) { merged.cut(behind: end, isReversed: isReversed) }
    }
    return merged
  }

  /// The last row of the answer in the direction of reading, live or not; nil for an empty answer.
  public func end(isReversed: Bool) -> ReadCursor? {
    guard let last = partitions.last else { return nil }
    let rows = last.entries.filter { $0.kind == .row }
    return ReadCursor(key: last.key, clustering: (isReversed ? rows.first : rows.last)?.clustering)
  }

  /// A replica that gave all the rows it was to give of a partition says nothing of those behind them, not even that
  /// they are deleted. Where too few are left in front of that, the answer ends there and the next read goes on.
  private mutating func cutWherePartitionsWereCut(
    _ responses: [ReadResponse], isReversed: Bool, _ limit: (rows: Int, nowInSeconds: Int64)
  ) {
    var ends: [PartitionKey: [[UInt8]]] = [:]
    for response in responses {
      for partition in response.partitions where partition.liveRows(nowInSeconds: limit.nowInSeconds) >= limit.rows {
        let rows = partition.entries.filter { $0.kind == .row }
        if let end = isReversed ? rows.first : rows.last { ends[partition.key, default: []].append(end.clustering) }
      }
    }
    for (index, partition) in partitions.enumerated() {
      guard let ends = ends[partition.key] else { continue }
      for end in ends { partitions[index].removeRows(behind: end, isReversed: isReversed) }
      guard partitions[index].liveRows(nowInSeconds: limit.nowInSeconds) < limit.rows else { continue }
      hasMore = true
      partitions.removeSubrange((index + 1)...)
      return
    }
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
