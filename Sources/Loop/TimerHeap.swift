// Timers as a binary heap of deadlines over a table of bodies.
//
// Most timers of a node are request timeouts, which are nearly always cancelled: cancelling only empties the
// table's place (the deadline stays in the heap until its time, or until more than half of the heap is dead),
// so it costs no search.

import World

/// A heap of one-shot timers. A value: no clock of its own.
struct TimerHeap {
  private struct Entry {
    var deadline: Int64
    var sequence: UInt64
    var slot: Int
  }

  private struct Slot {
    var generation: UInt32
    var body: (() -> Void)?
  }

  /// Dead entries below this number are never worth a clean-up.
  private static let minDeadEntries = 64

  private var heap: [Entry] = []
  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  private var deadEntries = 0
  /// The number the next timer gets: those below it existed already.
  private(set) var sequence: UInt64 = 0

  /// Timers that will still fire.
  var count: Int { heap.count - deadEntries }

  /// Adds a timer for `deadline` in nanoseconds.
  mutating func insert(at deadline: Int64, _ body: @escaping () -> Void) -> TimerToken {
    let slot: Int
    if let free = freeSlots.popLast() {
      slot = free
      slots[slot].body = body
    } else {
      slot = slots.count
      slots.append(Slot(generation: 0, body: body))
    }
    heap.append(Entry(deadline: deadline, sequence: sequence, slot: slot))
    sequence += 1
    siftUp(heap.count - 1)
    return TimerToken(slot: UInt32(slot), generation: slots[slot].generation)
  }

  mutating func cancel(_ token: TimerToken) {
    let slot = Int(token.slot)
    guard slot < slots.count, slots[slot].generation == token.generation, slots[slot].body != nil else { return }
    slots[slot].body = nil
    deadEntries += 1
    if deadEntries > Self.minDeadEntries, deadEntries * 2 > heap.count { removeDead() }
  }

  /// The earliest deadline, nanoseconds.
  mutating func earliest() -> Int64? {
    while let first = heap.first {
      if slots[first.slot].body != nil { return first.deadline }
      deadEntries -= 1
      removeFirst()
    }
    return nil
  }

  /// Takes out the next timer due at `now` that was inserted before the sequence number `limit`.
  mutating func popDue(at now: Int64, before limit: UInt64) -> (() -> Void)? {
    guard let deadline = earliest(), deadline <= now, heap[0].sequence < limit else { return nil }
    let body = slots[heap[0].slot].body
    removeFirst()
    return body
  }

  private mutating func removeFirst() {
    release(heap[0].slot)
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      siftDown(0)
    }
  }

  private mutating func release(_ slot: Int) {
    slots[slot].body = nil
    slots[slot].generation &+= 1
    freeSlots.append(slot)
  }

  private mutating func removeDead() {
    var live: [Entry] = []
    live.reserveCapacity(heap.count - deadEntries)
    for entry in heap {
      if slots[entry.slot].body != nil { live.append(entry) } else { release(entry.slot) }
    }
    heap = live
    deadEntries = 0
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
  }

  private func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    a.deadline == b.deadline ? a.sequence < b.sequence : a.deadline < b.deadline
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      if !isBefore(heap[index], heap[parent]) { return }
      heap.swapAt(index, parent)
      index = parent
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var least = index
      let left = 2 * index + 1
      if left < heap.count, isBefore(heap[left], heap[least]) { least = left }
      if left + 1 < heap.count, isBefore(heap[left + 1], heap[least]) { least = left + 1 }
      if least == index { return }
      heap.swapAt(index, least)
      index = least
    }
  }
}
