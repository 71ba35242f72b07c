// Time for tests: a clock that stands until a test moves it, and timers that run when the test says so.

import Base
import World

/// A clock that stands where the test puts it.
public final class TestClock: Clock {
  public var now: Instant
  public var wallMicroseconds: Int64

  public init(now: Instant = Instant(nanoseconds: 1), wallMicroseconds: Int64 = 1_800_000_000_000_000) {
    self.now = now
    self.wallMicroseconds = wallMicroseconds
  }

  /// Moves both times on by `duration`; runs nothing.
  public func advance(_ duration: Duration) {
    now = now + duration
    wallMicroseconds += duration.wholeNanoseconds / 1000
  }
}

/// Timers that wait to be run, in the order of World's promise: by due time, then as they were scheduled.
public final class TestTimers: Timers {
  private var waiting: [(due: Instant, token: TimerToken, body: () -> Void)] = []
  private var next: UInt32 = 0
  private let clock: TestClock

  public init(clock: TestClock = TestClock()) { self.clock = clock }

  /// Timers that neither ran nor were cancelled.
  public var count: Int { waiting.count }

  @discardableResult
  public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    next += 1
    let token = TimerToken(slot: next, generation: 0)
    waiting.append((clock.now + max(delay, .zero), token, body))
    return token
  }

  public func cancel(_ token: TimerToken) { waiting.removeAll { $0.token == token } }

  /// Runs the first timer that is due by the clock.
  /// - Returns: whether there was one.
  public func runDue() -> Bool {
    guard let index = first, waiting[index].due <= clock.now else { return false }
    waiting.remove(at: index).body()
    return true
  }

  /// Lets monotonic time pass to the first timer, and runs it.
  /// - Returns: whether there was one.
  public func runNext() -> Bool {
    guard let index = first else { return false }
    let timer = waiting.remove(at: index)
    clock.now = max(clock.now, timer.due)
    timer.body()
    return true
  }

  /// Lets monotonic time pass by `duration`; each timer due within it runs at its own time.
  public func advance(_ duration: Duration) {
    let end = clock.now + duration
    while let index = first, waiting[index].due <= end { _ = runNext() }
    clock.now = end
  }

  private var first: Int? { waiting.indices.min { waiting[$0].due < waiting[$1].due } }
}
