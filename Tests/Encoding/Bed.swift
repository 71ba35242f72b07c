// A loop for tests of the encoding service: completions run when the test says so, files are in memory, tools and other
// nodes answer from a script.

import Base
import Query
import TestWorld
import World

@testable import Encoding
@testable import Media

/// Everything that is not the subject: a disk of names without contents, tools and nodes by script.
final class BedSeams: Disk, Processes, Fetch {
  let completions = Completions()
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

  // Disk

  let root = "/bed"
  func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) {
    completions.add { completion(.success(())) }
  }
  func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {
    completions.add { completion(.failure(.notFound(path))) }
  }
  func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {
    completions.add { completion(.failure(.notFound(source))) }
  }
  func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) {
    let status = files.contains(path) ? DiskStatus(sizeBytes: 1, isDirectory: false, modifiedMicroseconds: 0) : nil
    completions.add { completion(.success(status)) }
  }
  func list(_ path: String, completion: @escaping DiskCompletion<[String]>) {
    completions.add { completion(.success([])) }
  }
  func remove(_ path: String, completion: @escaping DiskCompletion<Void>) {
    removed.append(path)
    completions.add { completion(.success(())) }
  }
  func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {
    completions.add { completion(.success(())) }
  }
  func space(completion: @escaping DiskCompletion<DiskSpace>) {
    completions.add { completion(.success(DiskSpace(freeBytes: 1, totalBytes: 1))) }
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
    completions.add {
      for text in said.output { line(.output, text) }
      for text in said.error { line(.error, text) }
      if let status = said.status { exited(status) }
    }
    return BedChild {
      self.killed += 1
      self.completions.add { exited(.signalled(signal: 9)) }
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
    completions.add { completion(result) }
    return BedTransfer()
  }
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
  let clock = TestClock()
  let timers: TestTimers
  let executor = LoopExecutor(isCurrent: { true }, wake: {})
  let members = Members(["a", "b", "c"].map { EncodingNode(hostID: $0, httpAddress: "\($0):8080", isLive: true) })
  let world: World
  let service: EncodingService

  init() {
    timers = TestTimers(clock: clock)
    let absent = AbsentSeams()
    world = World(
      clock: clock, timers: timers, entropy: TestEntropy(seed: 7), wire: absent, disk: seams, processes: seams,
      workers: absent, fetch: seams, tick: absent, spawner: Spawner(executor: executor, timers: timers))
    service = EncodingService(
      session: Session(runner: EmptyStore()), world: world, directory: members, localHostID: "a", authority: nil,
      options: EncodingOptions(tools: MediaTools(ffmpegPath: "/t/ffmpeg", ffprobePath: "/t/ffprobe")))
  }

  /// Runs `body` to its end; sleeps pass at once.
  func run<Value>(_ body: @escaping () async throws -> Value) throws -> Value {
    let outcome = world.start(body)
    while outcome.result == nil, executor.run() || seams.completions.run() || timers.runNext() {}
    return try outcome.get()
  }
}
