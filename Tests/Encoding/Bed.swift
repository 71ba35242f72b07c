// A loop for tests of the encoding service: completions run when the test says so, files are in memory, tools and other
// nodes answer from a script.

import Base
import Query
import World

@testable import Encoding
@testable import Media

final class BedClock: Clock {
  var now = Instant(nanoseconds: 1)
  var wallMicroseconds: Int64 = 1_800_000_000_000_000
}

final class BedTimers: Timers {
  private var waiting: [(due: Instant, token: TimerToken, body: () -> Void)] = []
  private var next: UInt32 = 0
  private let clock: BedClock

  init(clock: BedClock) { self.clock = clock }

  func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    next += 1
    let token = TimerToken(slot: next, generation: 0)
    waiting.append((clock.now + delay, token, body))
    return token
  }

  func cancel(_ token: TimerToken) { waiting.removeAll { $0.token == token } }

  /// Lets time pass to the next timer, if there is one.
  func runNext() -> Bool {
    guard let index = waiting.indices.min(by: { waiting[$0].due < waiting[$1].due }) else { return false }
    let timer = waiting.remove(at: index)
    if timer.due > clock.now { clock.now = timer.due }
    timer.body()
    return true
  }
}

/// Everything that is not the subject: a disk of names without contents, tools and nodes by script.
final class BedSeams: Entropy, Disk, Processes, Fetch, Wire, Workers, TickHooks {
  private var generator = SeededGenerator(seed: 7)
  private var completions: [() -> Void] = []
  var files: Set<String> = []
  var removed: [String] = []
  /// What a tool says and how it ends, by the name of its program and the number of its start.
  var tools: (ProcessCommand, Int) -> (output: [String], error: [String], status: ProcessStatus?) = { _, _ in
    ([], [], .exited(code: 0))
  }
  var commands: [ProcessCommand] = []
  var killed = 0
  var missingTool = false
  /// How another node answers.
  var answer: (FetchRequest) -> Result<FetchResponse, FetchFailure> = { _ in .failure(.timedOut) }
  var requests: [FetchRequest] = []

  func next() -> UInt64 { generator.next() }

  func later(_ body: @escaping () -> Void) { completions.append(body) }

  func runCompletions() -> Bool {
    let ready = completions
    completions = []
    for body in ready { body() }
    return !ready.isEmpty
  }

  // Disk

  let root = "/bed"
  func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) {
    later { completion(.success(())) }
  }
  func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {
    later { completion(.failure(.notFound(path))) }
  }
  func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {
    later { completion(.failure(.notFound(source))) }
  }
  func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) {
    let status = files.contains(path) ? DiskStatus(sizeBytes: 1, isDirectory: false, modifiedMicroseconds: 0) : nil
    later { completion(.success(status)) }
  }
  func list(_ path: String, completion: @escaping DiskCompletion<[String]>) { later { completion(.success([])) } }
  func remove(_ path: String, completion: @escaping DiskCompletion<Void>) {
    removed.append(path)
    later { completion(.success(())) }
  }
  func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {
    later { completion(.success(())) }
  }
  func space(completion: @escaping DiskCompletion<DiskSpace>) {
    later { completion(.success(DiskSpace(freeBytes: 1, totalBytes: 1))) }
  }

  // Processes

  private final class BedChild: ChildProcess {
    let id: Int32 = 1
    let ended: () -> Void
    init(ended: @escaping () -> Void) { self.ended = ended }
    func terminate(grace: Duration) { ended() }
    func kill() { ended() }
  }

  func spawn(
    _ command: ProcessCommand, line: @escaping (ProcessChannel, String) -> Void,
    exited: @escaping (ProcessStatus) -> Void
  ) throws(ProcessFailure) -> any ChildProcess {
    if missingTool { throw .notExecutable(command.arguments[0]) }
    commands.append(command)
    let said = tools(command, commands.count)
    later {
      for text in said.output { line(.output, text) }
      for text in said.error { line(.error, text) }
      if let status = said.status { exited(status) }
    }
    return BedChild {
      self.killed += 1
      self.later { exited(.signalled(signal: 9)) }
    }
  }

  // Fetch

  private final class BedTransfer: FetchTransfer {
    func cancel() {}
  }

  func start(
    _ request: FetchRequest, progress: ((FetchProgress) -> Void)?,
    completion: @escaping (Result<FetchResponse, FetchFailure>) -> Void
  ) -> any FetchTransfer {
    requests.append(request)
    let result = answer(request)
    later { completion(result) }
    return BedTransfer()
  }

  // What nothing here uses.

  func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener { throw .addressNotAvailable(endpoint) }
  func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream {
    preconditionFailure("nothing connects here")
  }
  func run<Value: Sendable>(
    _ work: @Sendable @escaping () -> Value, completion: @escaping (Value) -> Void
  ) throws(WorkersRefused) { throw WorkersRefused() }
  func onTickEnd(_ body: @escaping () -> Bool) {}
}

/// A store that keeps nothing.
final class EmptyStore: StatementRunner {
  func run(
    _ cql: String, _ values: [CQLValue], _ options: SessionOptions,
    completion: @escaping (Result<Rows, QueryFailure>) -> Void
  ) { completion(.success(.none)) }
}

final class Members: EncodingDirectory {
  var nodes: [EncodingNode]
  init(_ nodes: [EncodingNode]) { self.nodes = nodes }
  func members() -> [EncodingNode] { nodes }
  func isFirstLiveReplica(ofPartition partitionKey: [UInt8]) -> Bool { true }
}

/// Node `a` of a cluster of three.
final class Bed {
  let seams = BedSeams()
  let clock = BedClock()
  let timers: BedTimers
  let executor = LoopExecutor(isCurrent: { true }, wake: {})
  let members = Members(["a", "b", "c"].map { EncodingNode(hostID: $0, httpAddress: "\($0):8080", isLive: true) })
  let world: World
  let service: EncodingService

  init() {
    timers = BedTimers(clock: clock)
    world = World(
      clock: clock, timers: timers, entropy: seams, wire: seams, disk: seams, processes: seams, workers: seams,
      fetch: seams, tick: seams, spawner: Spawner(executor: executor, timers: timers))
    service = EncodingService(
      session: Session(runner: EmptyStore()), world: world, directory: members, localHostID: "a", authority: nil,
      options: EncodingOptions(tools: MediaTools(ffmpegPath: "/t/ffmpeg", ffprobePath: "/t/ffprobe")))
  }

  struct NeverEnded: Error {}

  /// Runs `body` to its end; sleeps pass at once.
  func run<Value>(_ body: @escaping () async throws -> Value) throws -> Value {
    var result: Result<Value, any Error>?
    world.spawner.spawn {
      do { result = .success(try await body()) } catch { result = .failure(error) }
    }
    while result == nil, executor.run() || seams.runCompletions() || timers.runNext() {}
    guard let result else { throw NeverEnded() }
    return try result.get()
  }
}
