// The small seams: seeded entropy, a tick's hooks, completions, and those that a test does without.

import Base
import World

/// Random numbers that are the same for the same seed.
public final class TestEntropy: Entropy {
  private var generator: SeededGenerator
  public init(seed: UInt64) { generator = SeededGenerator(seed: seed) }
  public func next() -> UInt64 { generator.next() }
}

/// The end of a tick, which comes when the test calls `run`.
public final class TestHooks: TickHooks {
  private var bodies: [() -> Bool] = []
  public init() {}
  public func onTickEnd(_ body: @escaping () -> Bool) { bodies.append(body) }

  /// Runs every hook once, in order.
  /// - Returns: whether any of them did anything.
  public func run() -> Bool { bodies.reduce(false) { $1() || $0 } }
}

/// What seams have to call back: never within the call that asked for it, as World promises.
public final class Completions {
  private var waiting: [() -> Void] = []
  public init() {}
  public func add(_ body: @escaping () -> Void) { waiting.append(body) }

  /// Runs what was waiting when it was called.
  /// - Returns: whether anything was.
  public func run() -> Bool {
    let ready = waiting
    waiting = []
    for body in ready { body() }
    return !ready.isEmpty
  }
}

/// The seams that a test's subject does not use: what can refuse refuses, a disk never answers, no hook runs, and a
/// connection or a fetch ends the test.
public final class AbsentSeams: Wire, Disk, Processes, Workers, Fetch, TickHooks {
  public let root = "/nowhere"

  public init() {}

  public func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener { throw .addressNotAvailable(endpoint) }

  public func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream {
    preconditionFailure("nothing is connected here, and \(endpoint) was asked for")
  }

  public func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) {}
  public func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {}
  public func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {}
  public func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) {}
  public func list(_ path: String, completion: @escaping DiskCompletion<[String]>) {}
  public func remove(_ path: String, completion: @escaping DiskCompletion<Void>) {}
  public func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {}
  public func space(completion: @escaping DiskCompletion<DiskSpace>) {}

  public func spawn(
    _ command: ProcessCommand, line: @escaping (ProcessChannel, String) -> Void,
    exited: @escaping (ProcessStatus) -> Void
  ) throws(ProcessFailure) -> any ChildProcess { throw .notExecutable("") }

  public func run<Value: Sendable>(
    _ work: @Sendable @escaping () -> Value, completion: @escaping (Value) -> Void
  ) throws(WorkersRefused) { throw WorkersRefused() }

  public func start(
    _ request: FetchRequest, progress: ((FetchProgress) -> Void)?,
    completion: @escaping (Result<FetchResponse, FetchFailure>) -> Void
  ) -> any FetchTransfer { preconditionFailure("nothing is fetched here, and \(request.url) was asked for") }

  public func onTickEnd(_ body: @escaping () -> Bool) {}
}
