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
  ///
  /// Write closures without capture lists where it matters that nothing else runs before them: one with a
  /// list starts in a later turn (still on this thread).
  @discardableResult
  public func spawn(_ body: @escaping () async -> Void) -> SpawnedTask {
    let body = OnLoop(value: body)
    return isolation.assumeIsolated { isolation in
      SpawnedTask(task: Self.start(body, on: isolation))
    }
  }

  private static func start(_ body: OnLoop<() async -> Void>, on isolation: isolated LoopIsolation) -> Task<Void, Never>
  {
    Task.immediate(executorPreference: isolation.executor) {
      _ = isolation
      await body.value()
    }
  }

  /// Runs the bodies beside one another on the loop and waits for all of them; cancelling the waiting task
  /// cancels them. Answers come in the order of the bodies.
  ///
  /// In place of a task group, whose children may not capture loop-bound values.
  public func concurrently<Value>(_ bodies: [() async -> Value]) async -> [Value] {
    let family = OnLoop(value: Family<Value>(count: bodies.count))
    for (index, body) in bodies.enumerated() {
      let child = spawn { family.value.finish(index, await body()) }
      family.value.children.append(child)
    }
    await withTaskCancellationHandler {
      await suspend { resume in family.value.wait(resume) }
    } onCancel: {
      for child in family.value.children { child.cancel() }
    }
    return family.value.values.compactMap { $0 }
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
  /// The task may be cancelled after its handler stands and before it sleeps.
  private var isOver = false

  init(timers: any Timers) {
    self.timers = timers
  }

  func begin(_ duration: Duration, _ resume: @escaping (()) -> Void) {
    if isOver { return resume(()) }
    self.resume = resume
    token = timers.schedule(after: duration) { self.wake() }
  }

  func wake() {
    isOver = true
    if let token { timers.cancel(token) }
    token = nil
    let resume = resume
    self.resume = nil
    resume?(())
  }
}

/// Children that run beside one another, and who waits for them.
private final class Family<Value> {
  var children: [SpawnedTask] = []
  var values: [Value?]
  private var running: Int
  private var resume: ((()) -> Void)?

  init(count: Int) {
    values = Array(repeating: nil, count: count)
    running = count
  }

  func finish(_ index: Int, _ value: Value) {
    values[index] = value
    running -= 1
    if running == 0 { resume?(()) }
  }

  func wait(_ resume: @escaping (()) -> Void) {
    if running == 0 { resume(()) } else { self.resume = resume }
  }
}
