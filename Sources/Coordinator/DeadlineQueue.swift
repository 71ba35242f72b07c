// Deadlines of requests that all have the same time to live: they fall due in the order they were added.

import Base

struct DeadlineQueue {
  private var entries: [(due: Instant, request: UInt64)] = []
  private var first = 0

  var next: Instant? { first < entries.count ? entries[first].due : nil }

  mutating func add(_ request: UInt64, at due: Instant) { entries.append((due, request)) }

  /// The next request that is due; a request that ended meanwhile comes out too.
  mutating func popDue(_ now: Instant) -> UInt64? {
    guard first < entries.count, entries[first].due <= now else { return nil }
    let request = entries[first].request
    first += 1
    if first == entries.count {
      entries.removeAll(keepingCapacity: true)
      first = 0
    } else if first > 1024, first * 2 > entries.count {
      entries.removeFirst(first)
      first = 0
    }
    return request
  }
}
