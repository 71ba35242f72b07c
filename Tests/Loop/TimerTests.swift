import Base
import Testing
import World

@testable import Loop

@Suite struct TimerTests {
  @Test func heapKeepsOrderAgainstASortedModel() {
    let seed: UInt64 = 20_261_125
    var random = SeededGenerator(seed: seed)
    var heap = TimerHeap()
    var model: [(deadline: Int64, id: Int)] = []
    var tokens: [(token: TimerToken, id: Int)] = []
    var fired: [Int] = []
    for id in 0..<3000 {
      let deadline = Int64(random.below(1000))
      tokens.append((heap.insert(at: deadline) { fired.append(id) }, id))
      model.append((deadline, id))
      if random.oneIn(2) {
        let victim = tokens.remove(at: random.below(tokens.count))
        heap.cancel(victim.token)
        heap.cancel(victim.token)
        model.removeAll { $0.id == victim.id }
      }
    }
    #expect(heap.count == model.count)
    while let body = heap.popDue(at: .max, before: .max) { body() }
    let expected = model.sorted { ($0.deadline, $0.id) < ($1.deadline, $1.id) }.map(\.id)
    #expect(fired == expected, "seed \(seed)")
    #expect(heap.earliest() == nil)
  }

  @Test func staleTokenDoesNotCancelTheNextTimerInItsPlace() {
    var heap = TimerHeap()
    var fired = 0
    let first = heap.insert(at: 1) {}
    heap.popDue(at: 1, before: .max)?()
    _ = heap.insert(at: 2) { fired += 1 }
    heap.cancel(first)
    heap.popDue(at: 2, before: .max)?()
    #expect(fired == 1)
  }

  @Test func firesInOrderAndNotEarly() throws {
    try withWorld { loop, world in
      var fired: [Int] = []
      let start = world.clock.now
      world.timers.schedule(after: .milliseconds(20)) { fired.append(2) }
      world.timers.schedule(after: .milliseconds(5)) { fired.append(1) }
      let cancelled = world.timers.schedule(after: .milliseconds(1)) { fired.append(0) }
      world.timers.cancel(cancelled)
      world.timers.schedule(after: .zero) { fired.append(-1) }
      #expect(fired.isEmpty)
      loop.run(until: { fired.count == 3 })
      #expect(fired == [-1, 1, 2])
      #expect(world.clock.now - start >= .milliseconds(20))
    }
  }

  @Test func repeatsUntilStopped() throws {
    try withWorld { loop, world in
      var count = 0
      var timer: RepeatingTimer?
      timer = world.timers.every(.milliseconds(1)) {
        count += 1
        if count == 3 { timer?.stop() }
      }
      loop.run(until: { count == 3 })
      var isOver = false
      world.timers.schedule(after: .milliseconds(10)) { isOver = true }
      loop.run(until: { isOver })
      #expect(count == 3)
      #expect(loop.timerCount == 0)
    }
  }

  @Test func idleLoopDoesNotTurn() throws {
    try withWorld { loop, world in
      var isOver = false
      world.timers.schedule(after: .milliseconds(300)) { isOver = true }
      loop.run(until: { loop.counters.turns > 1 })
      let before = loop.counters.turns
      loop.run(until: { isOver })
      #expect(loop.counters.turns - before <= 4, "an idle loop turned \(loop.counters.turns - before) times")
    }
  }

  @Test func hooksRunUntilNothingIsDirtyAndBeforeTheSend() throws {
    try withWorld { loop, world in
      var log: [String] = []
      var pending = 2
      world.tick.onTickEnd {
        if pending == 0 { return false }
        pending -= 1
        log.append("commit")
        return true
      }
      world.tick.onTickEnd {
        if log.last == "commit" { log.append("acknowledge") }
        return false
      }
      loop.run(until: { pending == 0 && log.count == 4 })
      #expect(log == ["commit", "acknowledge", "commit", "acknowledge"])
    }
  }

  @Test func timeUUIDsAreOrderedAndUnique() throws {
    try withWorld { _, world in
      var last = world.timeUUIDs.next()
      #expect(last.version == 1)
      for _ in 0..<1000 {
        let next = world.timeUUIDs.next()
        let time = { (id: UUID) in (id.high & 0xFFF) << 48 | (id.high >> 16 & 0xFFFF) << 32 | id.high >> 32 }
        #expect(time(next) > time(last))
        last = next
      }
      #expect(world.entropy.uuid().version == 4)
      #expect(world.entropy.bytes(13).count == 13)
    }
  }
}
