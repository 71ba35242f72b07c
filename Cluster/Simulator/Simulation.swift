// Virtual time: a list of events in order, one seed behind every choice, one thread. What the simulated worlds do
// (timers, bytes on the wire, ends of disk syncs) are events here, so one seed gives one run.
//
// The idea is FoundationDB's (fdbrpc/sim2.cpp): the same node code as in production, below it another world.

import Base
import Codec

/// The clockwork of one simulated cluster.
public final class Simulation {
  private struct Event {
    var time: Int64
    var order: UInt64
    var body: () -> Void

    func isBefore(_ other: Event) -> Bool { (time, order) < (other.time, other.order) }
  }

  /// Nanoseconds since the run began.
  public private(set) var now: Int64 = 0
  public var random: SeededGenerator
  /// Events so far, for bounding a run and for its hash.
  public private(set) var steps: UInt64 = 0
  private var heap: [Event] = []
  private var nextOrder: UInt64 = 0
  private var hash: UInt64 = 0

  public init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// Runs `body` `delay` nanoseconds from now, after everything already planned for that time.
  public func schedule(after delay: Int64, _ body: @escaping () -> Void) {
    push(Event(time: now + max(0, delay), order: nextOrder, body: body))
    nextOrder += 1
  }

  /// Mixes something that happened into the run's hash.
  public func note(_ bytes: [UInt8]) { note(XXH3.hash(bytes)) }

  public func note(_ value: UInt64) {
    hash = (hash ^ value) &* 0x9E37_79B9_7F4A_7C15
    hash ^= hash >> 32
  }

  /// Of all that was noted, the time and the number of steps.
  public var traceHash: UInt64 {
    var final = self.hash ^ UInt64(bitPattern: now)
    final = (final ^ steps) &* 0x9E37_79B9_7F4A_7C15
    return final ^ final >> 29
  }

  /// Runs events until `condition` holds or the virtual `deadline` (nanoseconds) is reached.
  /// - Returns: whether the condition came true.
  @discardableResult
  public func run(until deadline: Int64, _ condition: () -> Bool = { false }) -> Bool {
    while !condition() {
      guard let next = heap.first, next.time <= deadline else {
        now = max(now, deadline)
        return condition()
      }
      _ = pop()
      now = next.time
      steps += 1
      next.body()
    }
    return true
  }

  private func push(_ event: Event) {
    heap.append(event)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private func pop() -> Event? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == parent { return first }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
