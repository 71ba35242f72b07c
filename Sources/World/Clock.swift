// Time: a monotonic clock for deadlines and a wall clock for timestamps, both read once a tick.
//
// Reading the clock costs a call into the kernel's page; a tick handles hundreds of requests. All of
// them see one time, which also makes a tick's decisions repeatable in simulation.

import Base

/// Time as the loop sees it. Both values stand still within a tick.
public protocol Clock: AnyObject {
  /// Monotonic time since an arbitrary start; never goes back. For deadlines and latencies.
  var now: Instant { get }
  /// Microseconds since the Unix epoch, by the machine's wall clock; may jump either way.
  var wallMicroseconds: Int64 { get }
}

extension Clock {
  /// Whole seconds since the Unix epoch: the now-in-seconds that travels with every read.
  public var wallSeconds: Int64 { wallMicroseconds / 1_000_000 }
}

/// Names one scheduled timer. A token of a timer that has fired or was cancelled names nothing.
public struct TimerToken: Hashable, Sendable {
  /// The timer's place in its heap's table.
  public var slot: UInt32
  /// Tells apart the timers that used one place one after another.
  public var generation: UInt32

  public init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }
}

/// One-shot timers. Scheduling and cancelling cost about a hundred nanoseconds.
public protocol Timers: AnyObject {
  /// Runs `body` once on the loop, `delay` after the tick's `now` or a little later, never earlier and
  /// never inside this call. A delay of zero or less means the next tick. Timers due at the same instant
  /// run in the order they were scheduled.
  @discardableResult
  func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken
  /// Forgets a timer: its body will not run. Does nothing for one that has run or was cancelled.
  func cancel(_ token: TimerToken)
}

extension Timers {
  /// Runs `body` every `interval` until `stop()`. A late run shifts those after it: nothing is made up for.
  public func every(_ interval: Duration, _ body: @escaping () -> Void) -> RepeatingTimer {
    let timer = RepeatingTimer(timers: self, interval: interval, body: body)
    timer.arm()
    return timer
  }
}

/// A timer that schedules itself again after each run. Lives until `stop()`, whoever holds it.
public final class RepeatingTimer {
  private let timers: any Timers
  private let interval: Duration
  private var body: (() -> Void)?
  private var token: TimerToken?

  init(timers: any Timers, interval: Duration, body: @escaping () -> Void) {
    precondition(interval > .zero, "a repeating timer needs a positive interval, not \(interval)")
    self.timers = timers
    self.interval = interval
    self.body = body
  }

  func arm() {
    token = timers.schedule(after: interval) { self.fire() }
  }

  private func fire() {
    body?()
    if body != nil { arm() }
  }

  /// Ends it; also from within its own body.
  public func stop() {
    body = nil
    if let token { timers.cancel(token) }
    token = nil
  }
}

/// What runs at the end of a tick.
public protocol TickHooks: AnyObject {
  /// Registers `body` to run at the end of every tick: after the tick's reads, timers, completions and
  /// jobs, before its sends. Storage commits its pending batch here and fires the acknowledgements, which
  /// append to streams' output.
  ///
  /// `body` returns whether it did anything. Hooks run in the order they were registered, the whole list
  /// again until none did anything (at most `maxRounds` times a tick; what is left waits one poll that
  /// does not block). A hook is never removed: it belongs to the node, and lives as long.
  func onTickEnd(_ body: @escaping () -> Bool)
}
