// When slow reads get company. Thresholds differ by table and change with time, so one queue would not be in order;
// they are rounded up to a few classes, each of which is.

import Base

struct SpeculationQueue {
  /// The timers' grain. A quicker table waits so long.
  static let minDelay = Duration.milliseconds(1)
  /// Milliseconds: about three classes an octave, to a minute.
  private static let classes: [Int64] = [
    1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64, 80, 100, 128, 160, 200, 250, 320, 400, 500, 640, 800, 1000,
    1300, 1600, 2000, 2500, 3200, 4000, 5000, 6400, 8000, 10_000, 20_000, 60_000,
  ]

  private var queues = [DeadlineQueue](repeating: DeadlineQueue(), count: classes.count)
  private(set) var next: Instant?
  /// Where the last due request was found: queues before it have none that is due.
  private var place = 0

  mutating func add(_ request: UInt64, at now: Instant, after delay: Duration) {
    let lane = Self.classes.firstIndex { .milliseconds($0) >= delay } ?? Self.classes.count - 1
    let due = now + .milliseconds(Self.classes[lane])
    queues[lane].add(request, at: due)
    if next.map({ due < $0 }) ?? true { next = due }
  }

  /// The next request that is due; a request that ended meanwhile comes out too.
  mutating func popDue(_ now: Instant) -> UInt64? {
    guard let next, next <= now else { return nil }
    while place < queues.count {
      if let found = queues[place].popDue(now) { return found }
      place += 1
    }
    place = 0
    self.next = queues.compactMap(\.next).min()
    return nil
  }
}
