// The executor that a loop's `async` code runs on: a ring of jobs that the loop drains, and at most one
// wake-up for those that come from other threads.
//
// On Linux a job leaves the thread whenever the executor it wants is not the running one (read in the
// runtime's `Actor.cpp`). Everything `async` in a node is isolated to one actor on this executor, plain
// `async` functions stay with their caller (`NonisolatedNonsendingByDefault`), and every root task also
// prefers this executor as its task executor: so children of task groups, `async let`, and closures that
// lost their caller's actor (6.3.1 loses it for any closure with a capture list) come back to this ring
// and not to Dispatch's pool. A job is run as isolated to the actor and under the preference, which makes a
// switch between the two free. Measured (Tools/spikes/loop-async): nothing goes to the global executor, and
// a suspension costs 0.4 us.
//
// The same type serves the simulator, which drains it under its virtual clock.

import Base
import Synchronization

/// A serial executor driven by whoever owns the thread. Lives as long as its loop.
///
/// `@unchecked Sendable`: `local` is touched by the owning thread alone (`isCurrent` says which), the rest
/// stands behind a mutex.
public final class LoopExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
  /// Jobs run in one go before IO is looked at again.
  public static let maxJobsPerRun = 256

  private let isCurrent: @Sendable () -> Bool
  private let wake: @Sendable () -> Void
  private var local: [UnownedJob] = []
  private var head = 0
  private let remote = Mutex<[UnownedJob]>([])

  /// - Parameters:
  ///   - isCurrent: whether the calling thread is the loop's.
  ///   - wake: makes the loop's thread call `run()` soon; called from any thread.
  public init(isCurrent: @escaping @Sendable () -> Bool, wake: @escaping @Sendable () -> Void) {
    self.isCurrent = isCurrent
    self.wake = wake
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent() {
      local.append(job)
      return
    }
    let isFirst = remote.withLock { jobs in
      jobs.append(job)
      return jobs.count == 1
    }
    if isFirst { wake() }
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
    unsafe UnownedSerialExecutor(ordinary: self)
  }

  public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
    unsafe UnownedTaskExecutor(ordinary: self)
  }

  public func isIsolatingCurrentContext() -> Bool? { isCurrent() }

  public func checkIsolated() {
    precondition(isCurrent(), "loop-bound code ran off its loop's thread")
  }

  /// Whether jobs of this thread wait.
  public var hasJobs: Bool { head < local.count }

  /// Runs what is queued, at most `maxJobsPerRun` jobs; jobs that they enqueue come in the same order behind.
  /// Only on the loop's thread, never within a job.
  /// - Returns: whether any job ran.
  @discardableResult
  public func run() -> Bool {
    let came = remote.withLock { jobs in
      defer { jobs.removeAll(keepingCapacity: true) }
      return jobs
    }
    local.append(contentsOf: came)
    var count = 0
    let serial = unsafe asUnownedSerialExecutor()
    let task = unsafe asUnownedTaskExecutor()
    while head < local.count, count < Self.maxJobsPerRun {
      let job = local[head]
      head += 1
      count += 1
      unsafe job.runSynchronously(isolatedTo: serial, taskExecutor: task)
    }
    if head == local.count {
      local.removeAll(keepingCapacity: true)
      head = 0
    }
    return count > 0
  }
}

/// The actor that a loop's `async` code is isolated to. It has no state: it gives the executor a name that
/// the compiler knows.
public actor LoopIsolation {
  nonisolated let executor: LoopExecutor

  public init(executor: LoopExecutor) {
    self.executor = executor
  }

  public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
}
