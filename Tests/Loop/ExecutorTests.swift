import Base
import Testing
import World

@testable import Loop

@Suite struct ExecutorTests {
  @Test func asyncCodeStaysOnItsLoop() throws {
    try withWorld { loop, world in
      let before = Loop.globalEnqueues
      var steps = 0
      let answer = runAsync(loop, world) { () async -> Int in
        var sum = 0
        for index in 0..<100 {
          sum += await suspend { resume in loop.later { resume(index) } }
          loop.executor.checkIsolated()
          steps += 1
        }
        let parts: [Int] = await world.spawner.concurrently(
          (0..<10).map { index in
            {
              let value: Int = await suspend { resume in loop.later { resume(index) } }
              loop.executor.checkIsolated()
              return value
            }
          })
        return sum + parts.reduce(0, +)
      }
      #expect(answer == 4950 + 45)
      #expect(steps == 100)
      #expect(Loop.globalEnqueues == before)
    }
  }

  @Test func closureWithACaptureListComesBackToTheLoop() throws {
    try withWorld { loop, world in
      let before = Loop.globalEnqueues
      var isDone = false
      world.spawner.spawn { [loop] in
        loop.executor.checkIsolated()
        _ = await suspend { (resume: @escaping (Int) -> Void) in loop.later { resume(1) } }
        loop.executor.checkIsolated()
        await withTaskGroup(of: Int.self) { group in
          for index in 0..<5 { group.addTask { index } }
          for await _ in group { loop.executor.checkIsolated() }
        }
        isDone = true
      }
      loop.run(until: { isDone })
      #expect(isDone)
      #expect(Loop.globalEnqueues == before)
    }
  }

  @Test func sleepEndsByTimeOrByCancellation() throws {
    try withWorld { loop, world in
      var ends: [String] = []
      world.spawner.spawn {
        do throws(CancellationError) {
          try await world.spawner.sleep(.milliseconds(2))
          ends.append("slept")
        } catch {
          ends.append("cancelled")
        }
      }
      loop.run(until: { ends.count == 1 })
      let task = world.spawner.spawn {
        do throws(CancellationError) {
          try await world.spawner.sleep(.seconds(3600))
          ends.append("slept")
        } catch {
          ends.append("cancelled")
        }
      }
      task.cancel()
      loop.run(until: { ends.count == 2 })
      #expect(ends == ["slept", "cancelled"])
      #expect(loop.timerCount == 0)
    }
  }

  @Test func workersRunElsewhereAndReportHere() throws {
    try withWorld { loop, world in
      var results: [Int] = []
      for index in 0..<50 {
        try world.workers.run {
          index * index
        } completion: {
          loop.executor.checkIsolated()
          results.append($0)
        }
      }
      #expect(results.isEmpty)
      loop.run(until: { results.count == 50 })
      #expect(results.sorted() == (0..<50).map { $0 * $0 })
      let isElsewhere = runAsync(loop, world) { () async -> Bool in
        let executor = loop.executor
        return (try? await world.workers.run { executor.isIsolatingCurrentContext() == false }) ?? false
      }
      #expect(isElsewhere == true)
    }
  }

  @Test func anIdleThreadDoesNotKeepOthersFromStarting() throws {
    let loop = Loop()
    defer { loop.shutDown() }
    let threads = Threads(loop: loop, threads: 2)
    var done = 0
    try threads.run {
    } completion: {
      done += 1
    }
    loop.run(until: { done == 1 })
    // The first waits for the second, which must not queue behind it.
    let gate = Gate()
    try threads.run {
      gate.waitUntilOpen()
    } completion: {
      done += 1
    }
    try threads.run {
      gate.open()
    } completion: {
      done += 1
    }
    loop.run(until: { done == 3 }, deadline: .seconds(5))
    #expect(done == 3)
    if done != 3 { gate.open() }
  }

  @Test func fullQueueRefuses() throws {
    let loop = Loop()
    defer { loop.shutDown() }
    let threads = Threads(loop: loop, threads: 1, maxQueued: 2)
    let gate = Gate()
    var done = 0
    try threads.run {
      gate.waitUntilOpen()
    } completion: {
      done += 1
    }
    var refused = 0
    for _ in 0..<10 {
      do throws(WorkersRefused) {
        try threads.run {
        } completion: {
          done += 1
        }
      } catch {
        refused += 1
      }
    }
    #expect(refused >= 8)
    gate.open()
    loop.run(until: { done == 11 - refused })
    #expect(done == 11 - refused)
  }
}
