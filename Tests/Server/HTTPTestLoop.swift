// A loop for tests of HTTP connections: a clock that stands, and timers and jobs that run when the test says so.

import Base
import World

final class HTTPTestClock: Clock {
  var now = Instant(nanoseconds: 1)
  var wallMicroseconds: Int64 = 1_800_000_000_000_000
}

final class HTTPTestTimers: Timers {
  private var waiting: [(due: Instant, token: TimerToken, body: () -> Void)] = []
  private var next: UInt32 = 0
  let clock: HTTPTestClock

  init(clock: HTTPTestClock) { self.clock = clock }

  func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    next += 1
    let token = TimerToken(slot: next, generation: 0)
    waiting.append((clock.now + delay, token, body))
    return token
  }

  func cancel(_ token: TimerToken) { waiting.removeAll { $0.token == token } }

  func runDue() -> Bool {
    let due = waiting.indices.filter { waiting[$0].due <= clock.now }
    guard let index = due.min(by: { waiting[$0].due < waiting[$1].due }) else { return false }
    waiting.remove(at: index).body()
    return true
  }
}

final class HTTPTestLoop {
  let clock = HTTPTestClock()
  let timers: HTTPTestTimers
  let executor = LoopExecutor(isCurrent: { true }, wake: {})
  let world: World

  init(wire: any Wire) {
    timers = HTTPTestTimers(clock: clock)
    let unused = HTTPTestUnused()
    world = World(
      clock: clock, timers: timers, entropy: unused, wire: wire, disk: unused, processes: unused, workers: unused,
      fetch: unused, tick: unused, spawner: Spawner(executor: executor, timers: timers))
  }

  func drain() { while executor.run() || timers.runDue() {} }

  func pass(_ duration: Duration) {
    clock.now = clock.now + duration
    drain()
  }
}

/// Seams that the tests of HTTP connections never use.
final class HTTPTestUnused: Entropy, Disk, Processes, Workers, Fetch, TickHooks {
  let root = "/nowhere"
  func next() -> UInt64 { 4 }
  func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) {}
  func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {}
  func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {}
  func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) {}
  func list(_ path: String, completion: @escaping DiskCompletion<[String]>) {}
  func remove(_ path: String, completion: @escaping DiskCompletion<Void>) {}
  func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {}
  func space(completion: @escaping DiskCompletion<DiskSpace>) {}

  func spawn(
    _ command: ProcessCommand, line: @escaping (ProcessChannel, String) -> Void,
    exited: @escaping (ProcessStatus) -> Void
  ) throws(ProcessFailure) -> any ChildProcess { throw .notExecutable("") }

  func run<Value: Sendable>(
    _ work: @Sendable @escaping () -> Value, completion: @escaping (Value) -> Void
  ) throws(WorkersRefused) { throw WorkersRefused() }

  func start(
    _ request: FetchRequest, progress: ((FetchProgress) -> Void)?,
    completion: @escaping (Result<FetchResponse, FetchFailure>) -> Void
  ) -> any FetchTransfer { fatalError("nothing is fetched here") }

  func onTickEnd(_ body: @escaping () -> Bool) {}
}
