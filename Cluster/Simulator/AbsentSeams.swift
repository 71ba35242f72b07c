// What a simulated node does without: media files, child processes and HTTP requests of its own. Each is refused, as a
// machine without them would refuse.

import Base
import World

final class NoDisk: Disk {
  let root = "/nowhere"
  private func refuse<Value>(_ path: String, _ completion: @escaping DiskCompletion<Value>) {
    completion(.failure(.system(path: path, call: "open", errno: 30)))
  }

  func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) { completion(.success(())) }
  func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {
    refuse(path, completion)
  }
  func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {
    refuse(source, completion)
  }
  func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) { completion(.success(nil)) }
  func list(_ path: String, completion: @escaping DiskCompletion<[String]>) { completion(.success([])) }
  func remove(_ path: String, completion: @escaping DiskCompletion<Void>) { completion(.success(())) }
  func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {
    refuse(path, completion)
  }
  func space(completion: @escaping DiskCompletion<DiskSpace>) {
    completion(.success(DiskSpace(freeBytes: 0, totalBytes: 0)))
  }
}

final class NoProcesses: Processes {
  func spawn(
    _ command: ProcessCommand, line: @escaping (ProcessChannel, String) -> Void,
    exited: @escaping (ProcessStatus) -> Void
  ) throws(ProcessFailure) -> any ChildProcess {
    throw .notExecutable(command.arguments.first ?? "")
  }
}

final class NoFetch: Fetch {
  private final class Nothing: FetchTransfer { func cancel() {} }
  private let timers: any Timers
  init(timers: any Timers) { self.timers = timers }

  func start(
    _ request: FetchRequest, progress: ((FetchProgress) -> Void)?,
    completion: @escaping (Result<FetchResponse, FetchFailure>) -> Void
  ) -> any FetchTransfer {
    timers.schedule(after: .zero) { completion(.failure(.unreachable("no HTTP in the simulation"))) }
    return Nothing()
  }
}
