// A loop for tests of the web: a clock that stands, timers and completions that run when the test says so, files in
// memory. Completions never run within the call that asked for them, as the seams promise.

import Base
import Testing
import World

final class TestClock: Clock {
  var now = Instant(nanoseconds: 1)
  var wallMicroseconds: Int64 = 1_800_000_000_000_000
}

final class TestTimers: Timers {
  private var waiting: [(due: Instant, token: TimerToken, body: () -> Void)] = []
  private var next: UInt32 = 0
  let clock: TestClock

  init(clock: TestClock) { self.clock = clock }

  func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    next += 1
    let token = TimerToken(slot: next, generation: 0)
    waiting.append((clock.now + delay, token, body))
    return token
  }

  func cancel(_ token: TimerToken) { waiting.removeAll { $0.token == token } }

  func runDue() -> Bool {
    guard
      let index = waiting.indices.filter({ waiting[$0].due <= clock.now }).min(by: { waiting[$0].due < waiting[$1].due }
      )
    else { return false }
    waiting.remove(at: index).body()
    return true
  }
}

final class TestEntropy: Entropy {
  private var generator: SeededGenerator
  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }
  func next() -> UInt64 { generator.next() }
}

final class TestLoop {
  let clock = TestClock()
  let timers: TestTimers
  let executor = LoopExecutor(isCurrent: { true }, wake: {})
  let disk: MemoryDisk
  let wire: any Wire
  let completions = Completions()
  let world: World

  init(seed: UInt64 = 1, wire: any Wire = Unused()) {
    timers = TestTimers(clock: clock)
    disk = MemoryDisk(completions: completions)
    self.wire = wire
    let unused = Unused()
    world = World(
      clock: clock, timers: timers, entropy: TestEntropy(seed: seed), wire: wire, disk: disk, processes: unused,
      workers: unused, fetch: unused, tick: unused, spawner: Spawner(executor: executor, timers: timers))
  }

  /// Runs all that is ready.
  func drain() {
    while executor.run() || completions.run() || timers.runDue() {}
  }

  func pass(_ duration: Duration) {
    clock.now = clock.now + duration
    clock.wallMicroseconds += duration.wholeNanoseconds / 1000
    drain()
  }

  /// Runs `body` to its end. Closures given to it have no capture list: with one they would leave the loop's thread
  /// (a fault of Swift 6.3.1: such a closure is not `nonisolated(nonsending)`).
  /// - Throws: what `body` throws, or `NeverEnded` if it waits for something that does not come.
  func run<Value>(_ body: @escaping () async throws -> Value) throws -> Value {
    var result: Result<Value, any Error>?
    world.spawner.spawn {
      do { result = .success(try await body()) } catch { result = .failure(error) }
    }
    drain()
    guard let result else { throw NeverEnded() }
    return try result.get()
  }
}

struct NeverEnded: Error {}

final class Completions {
  private var waiting: [() -> Void] = []
  func add(_ body: @escaping () -> Void) { waiting.append(body) }
  func run() -> Bool {
    let ready = waiting
    waiting = []
    for body in ready { body() }
    return !ready.isEmpty
  }
}

final class MemoryDisk: Disk {
  final class Contents {
    var bytes: [UInt8] = []
  }

  let root = "/memory"
  var files: [String: Contents] = [:]
  var freeBytes: Int64 = 1 << 40
  /// Writes fail once so many bytes were written.
  var fullAfterBytes = Int.max
  var opened = 0
  let completions: Completions

  init(completions: Completions) { self.completions = completions }

  private func answer<Value>(
    _ completion: @escaping DiskCompletion<Value>, _ path: String, _ body: @escaping () -> Result<Value, DiskFailure>
  ) {
    completions.add {
      do throws(DiskFailure) {
        if !path.isEmpty { _ = try DiskPath.checked(path) }
        completion(body())
      } catch { completion(.failure(error)) }
    }
  }

  func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) {
    answer(completion, path) { .success(()) }
  }

  func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {
    answer(completion, path) {
      self.opened += 1
      switch mode {
      case .read: if self.files[path] == nil { return .failure(.notFound(path)) }
      case .create: if self.files[path] != nil { return .failure(.exists(path)) }
      case .write: break
      }
      let contents = self.files[path] ?? Contents()
      self.files[path] = contents
      return .success(MemoryFile(path: path, contents: contents, disk: self))
    }
  }

  func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {
    answer(completion, source) {
      guard let contents = self.files.removeValue(forKey: source) else { return .failure(.notFound(source)) }
      self.files[target] = contents
      return .success(())
    }
  }

  func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) {
    answer(completion, path) {
      .success(
        self.files[path].map {
          DiskStatus(sizeBytes: Int64($0.bytes.count), isDirectory: false, modifiedMicroseconds: 0)
        })
    }
  }

  func list(_ path: String, completion: @escaping DiskCompletion<[String]>) {
    answer(completion, path) {
      .success(
        self.files.keys.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }.sorted())
    }
  }

  func remove(_ path: String, completion: @escaping DiskCompletion<Void>) {
    answer(completion, path) {
      self.files[path] = nil
      return .success(())
    }
  }

  func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {
    answer(completion, path) {
      let contents = Contents()
      contents.bytes = bytes
      self.files[path] = contents
      return .success(())
    }
  }

  func space(completion: @escaping DiskCompletion<DiskSpace>) {
    answer(completion, "") { .success(DiskSpace(freeBytes: self.freeBytes, totalBytes: 1 << 40)) }
  }

  func put(_ path: String, _ text: String) {
    let contents = Contents()
    contents.bytes = [UInt8](text.utf8)
    files[path] = contents
  }

  func text(_ path: String) -> String? { files[path].map { String(decoding: $0.bytes, as: UTF8.self) } }
}

final class MemoryFile: DiskFile {
  let path: String
  let contents: MemoryDisk.Contents
  private let disk: MemoryDisk

  init(path: String, contents: MemoryDisk.Contents, disk: MemoryDisk) {
    self.path = path
    self.contents = contents
    self.disk = disk
  }

  var sizeBytes: Int64 { Int64(contents.bytes.count) }

  func read(at offset: Int64, count: Int, completion: @escaping DiskCompletion<[UInt8]>) {
    let bytes = Array(contents.bytes.dropFirst(Int(offset)).prefix(count))
    disk.completions.add { completion(.success(bytes)) }
  }

  func write(_ bytes: [UInt8], at offset: Int64, completion: @escaping DiskCompletion<Void>) {
    disk.completions.add {
      guard self.contents.bytes.count + bytes.count <= self.disk.fullAfterBytes else {
        completion(.failure(.full(self.path)))
        return
      }
      self.contents.bytes.replaceSubrange(Int(offset)..., with: bytes)
      completion(.success(()))
    }
  }

  func sync(completion: @escaping DiskCompletion<Void>) { disk.completions.add { completion(.success(())) } }
  func close() {}
}

/// Seams that the tests here never use.
final class Unused: Wire, Processes, Workers, Fetch, TickHooks {
  func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener { throw .addressNotAvailable(endpoint) }

  func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream {
    fatalError("nothing is connected to here")
  }

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
