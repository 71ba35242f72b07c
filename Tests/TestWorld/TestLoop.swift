// A loop for tests: a clock that stands, timers, completions and jobs that run when the test says so, files in memory.
// One thread, no real time: the same test is the same run.

import Base
import World

/// A loop with its `World`; the seams not named here are absent.
public final class TestLoop {
  public let clock = TestClock()
  public let timers: TestTimers
  public let executor = LoopExecutor(isCurrent: { true }, wake: {})
  public let completions = Completions()
  public let disk: MemoryDisk
  public let world: World

  public init(seed: UInt64 = 1, wire: (any Wire)? = nil) {
    timers = TestTimers(clock: clock)
    disk = MemoryDisk(completions: completions)
    let absent = AbsentSeams()
    world = World(
      clock: clock, timers: timers, entropy: TestEntropy(seed: seed), wire: wire ?? absent, disk: disk,
      processes: absent, workers: absent, fetch: absent, tick: absent,
      spawner: Spawner(executor: executor, timers: timers))
  }

  /// Runs all that is ready.
  public func drain() {
    while executor.run() || completions.run() || timers.runDue() {}
  }

  /// Lets time pass at once, then runs all that is ready.
  public func pass(_ duration: Duration) {
    clock.advance(duration)
    drain()
  }

  /// Runs `body` to its end without letting time pass. Closures given to it have no capture list: with one they would
  /// leave the loop's thread (a fault of Swift 6.3.1: such a closure is not `nonisolated(nonsending)`).
  /// - Throws: what `body` throws, or `NeverEnded` if it waits for something that does not come.
  public func run<Value>(_ body: @escaping () async throws -> Value) throws -> Value {
    let outcome = world.start(body)
    drain()
    return try outcome.get()
  }
}

extension World {
  /// Starts `body` for a test, which then runs the loop by itself.
  public func start<Value>(_ body: @escaping () async throws -> Value) -> Outcome<Value> {
    let outcome = Outcome<Value>()
    spawner.spawn {
      do { outcome.result = .success(try await body()) } catch { outcome.result = .failure(error) }
    }
    return outcome
  }
}

/// How something a test started ended.
public final class Outcome<Value> {
  /// nil until it ended.
  public fileprivate(set) var result: Result<Value, any Error>?

  /// - Throws: what it threw, or `NeverEnded`.
  public func get() throws -> Value {
    guard let result else { throw NeverEnded() }
    return try result.get()
  }
}

/// What a test ran waits for something that does not come.
public struct NeverEnded: Error {
  public init() {}
}
