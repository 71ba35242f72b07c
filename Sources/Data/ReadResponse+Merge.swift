// Replicas' answers to one command made one, and what a replica's answer lacks of it.

import Base

extension ReadResponse {
  /// The merge of several answers to one command.
  public static func merged(_ responses: [ReadResponse], isReversed: Bool) throws(DecodeError) -> ReadResponse {
    var byKey: [PartitionKey: [Partition]] = [:]
    for response in responses {
      for partition in response.partitions { byKey[partition.key, default: []].append(partition) }
    }
    var partitions: [Partition] = []
    for (_, parts) in byKey.sorted(by: { PartitionKey.precedes($0.key, $1.key) }) {
      partitions.append(try Partition.merged(parts))
    }
    var merged = ReadResponse(partitions: partitions, hasMore: false)
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

  private mutating func cut(behind end: ReadCursor, isReversed: Bool) {
    partitions.removeAll { PartitionKey.precedes(end.key, $0.key) }
    guard let clustering = end.clustering, let last = partitions.last, last.key == end.key else { return }
    partitions[partitions.count - 1].entries.removeAll { entry in
      guard entry.kind == .row else { return false }
      return isReversed
        ? entry.clustering.lexicographicallyPrecedes(clustering)
        : clustering.lexicographicallyPrecedes(entry.clustering)
    }
  }

  /// What the replica that gave `answer` lacks of this merge: one partition each.
  public func missing(from answer: ReadResponse) -> [Partition] {
    var known: [PartitionKey: Partition] = [:]
    for partition in answer.partitions { known[partition.key] = partition }
    return partitions.compactMap { $0.missing(from: known[$0.key]) }
  }
}
