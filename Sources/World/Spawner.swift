// The two leaves of `async`: one starts a root task on the loop, one turns a completion into a value.
// Nothing else in the house makes a task or a continuation (`Tools/tidy` checks).

import Base

/// Carries a loop-bound value past the compiler's check of what may be sent. Sound because sender and
/// receiver are on the same loop's thread; `LoopExecutor` traps if a job is not.
struct OnLoop<Value>: @unchecked Sendable {
  var value: Value
}

/// Waits for a completion. `start` begins the work and must call what it is given exactly once, on the
/// loop, now or later.
///
/// The task goes on in a later turn of the loop's executor, not within the completion.
public func suspend<Value>(_ start: (@escaping (Value) -> Void) -> Void) async -> Value {
  let result: OnLoop<Value> = await unsafe withUnsafeContinuation { continuation in
    start { value in unsafe continuation.resume(returning: OnLoop(value: value)) }
  }
  return result.value
}

/// A root task, as its starter sees it.
public struct SpawnedTask: Sendable {
  let task: Task<Void, Never>

  /// Marks the task as cancelled: its sleeps end, `Task.isCancelled` becomes true.
  public func cancel() { task.cancel() }
}

/// Starts `async` code on the loop, and lets it sleep.
public final class Spawner {
  /// What the tasks run on; the loop drains it.
  public let executor: LoopExecutor
  private let isolation: LoopIsolation
  private let timers: any Timers

  public init(executor: LoopExecutor, timers: any Timers) {
    self.executor = executor
    isolation = LoopIsolation(executor: executor)
    self.timers = timers
  }

  /// Starts `body` at once, within this call, up to its first suspension; the rest runs on the loop's thread
  /// too, and so does every plain `async` function it calls. Called from the loop's thread, outside of any task
  /// or within one.
  @discardableResult
  public func spawn(_ body: @escaping () async -> Void) -> SpawnedTask {
    let body = OnLoop(value: body)
    return isolation.assumeIsolated { isolation in
      SpawnedTask(task: Self.start(body, on: isolation))
    }
  }

  private static func start(_ body: OnLoop<() async -> Void>, on isolation: isolated LoopIsolation) -> Task<Void, Never>
  {
    Task.immediate {
      _ = isolation
      await body.value()
    }
  }

  /// Suspends for at least `duration`.
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  public func sleep(_ duration: Duration) async throws(CancellationError) {
    if Task.isCancelled { throw CancellationError() }
    let sleeper = OnLoop(value: Sleeper(timers: timers))
    await withTaskCancellationHandler {
      await suspend { resume in sleeper.value.begin(duration, resume) }
    } onCancel: {
      sleeper.value.wake()
    }
    if Task.isCancelled { throw CancellationError() }
  }
}

/// One sleep: a timer, and what it resumes. Cancelling a task happens on the loop like all else.
private final class Sleeper {
  private let timers: any Timers
  private var token: TimerToken?
  private var resume: ((()) -> Void)?

  init(timers: any Timers) {
    self.timers = timers
  }

  func begin(_ duration: Duration, _ resume: @escaping (()) -> Void) {
    self.resume = resume
    token = timers.schedule(after: duration) { self.wake() }
  }

  func wake() {
    if let token { timers.cancel(token) }
    token = nil
    let resume = resume
    self.resume = nil
    resume?(())
  }
}
