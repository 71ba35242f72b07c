// The real Disk: files below one root, every call on the workers.

import Base
import Glibc
import World

/// A directory of this machine.
public final class LocalDisk: Disk {
  /// Names that one `list` gives at most.
  static let maxNames = 100_000

  public let root: String
  fileprivate let workers: any Workers
  private let loop: Loop

  /// Makes the root directory if it is missing.
  /// - Parameter root: an absolute path.
  public init(root: String, loop: Loop, workers: any Workers) throws(DiskFailure) {
    guard root.hasPrefix("/"), !root.utf8.contains(0) else { throw .badPath(root) }
    self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
    self.loop = loop
    self.workers = workers
    do throws(SystemFailure) {
      try Files.makeDirectories(root)
    } catch {
      throw Self.failure(error, root)
    }
  }

  /// Runs `work` on a worker with the absolute path of `path`; its failure is told by `path`.
  private func run<Value: Sendable>(
    _ path: String, _ completion: @escaping DiskCompletion<Value>,
    _ work: @Sendable @escaping (_ absolutePath: String) throws(SystemFailure) -> Value
  ) {
    let absolute: String
    do throws(DiskFailure) {
      absolute = try absolutePath(path)
    } catch {
      loop.later { completion(.failure(error)) }
      return
    }
    onWorkers(workers, loop, path, completion) { () throws(SystemFailure) in try work(absolute) }
  }

  public func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) {
    run(path, completion) { absolute throws(SystemFailure) in try Files.makeDirectories(absolute) }
  }

  public func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {
    let flags: Int32 =
      switch mode {
      case .read: O_RDONLY
      case .create: O_RDWR | O_CREAT | O_EXCL
      case .write: O_RDWR | O_CREAT
      }
    let opened: DiskCompletion<LocalFile.Opened> = { [loop, workers] result in
      completion(result.map { LocalFile(path: path, $0, loop: loop, workers: workers) })
    }
    run(path, opened) { absolute throws(SystemFailure) in
      let descriptor = try Files.open(absolute, flags | O_NOFOLLOW)
      guard let status = try Files.status(absolute) else { throw SystemFailure("open", ENOENT) }
      if status.isDirectory { throw SystemFailure("open", EISDIR) }
      return LocalFile.Opened(descriptor: descriptor, sizeBytes: status.sizeBytes)
    }
  }

  public func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {
    let absoluteTarget: String
    do throws(DiskFailure) {
      absoluteTarget = try absolutePath(target)
    } catch {
      loop.later { completion(.failure(error)) }
      return
    }
    run(source, completion) { absolute throws(SystemFailure) in
      if unsafe Glibc.rename(absolute, absoluteTarget) != 0 { throw SystemFailure("rename") }
      let from = Files.parent(of: absolute)
      let to = Files.parent(of: absoluteTarget)
      try Files.syncDirectory(to)
      if from != to { try Files.syncDirectory(from) }
    }
  }

  public func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) {
    run(path, completion) { absolute throws(SystemFailure) in
      guard let status = try Files.status(absolute) else { return nil }
      return DiskStatus(
        sizeBytes: status.sizeBytes, isDirectory: status.isDirectory, modifiedMicroseconds: status.modifiedMicroseconds)
    }
  }

  public func list(_ path: String, completion: @escaping DiskCompletion<[String]>) {
    run(path, completion) { absolute throws(SystemFailure) in try Files.list(absolute, max: Self.maxNames) }
  }

  public func remove(_ path: String, completion: @escaping DiskCompletion<Void>) {
    run(path, completion) { absolute throws(SystemFailure) in try Files.remove(absolute) }
  }

  public func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {
    run(path, completion) { absolute throws(SystemFailure) in
      let temporary = absolute + ".new"
      let file = try Files.open(temporary, O_WRONLY | O_CREAT | O_TRUNC)
      try Files.write(bytes, to: file, at: 0)
      try Files.sync(file)
      if unsafe Glibc.rename(temporary, absolute) != 0 { throw SystemFailure("rename") }
      try Files.syncDirectory(Files.parent(of: absolute))
    }
  }

  public func space(completion: @escaping DiskCompletion<DiskSpace>) {
    let root = root
    onWorkers(workers, loop, "", completion) { () throws(SystemFailure) in
      var info = statvfs()
      if unsafe statvfs(root, &info) != 0 { throw SystemFailure("statvfs") }
      let block = Int64(info.f_frsize)
      return DiskSpace(freeBytes: Int64(info.f_bavail) * block, totalBytes: Int64(info.f_blocks) * block)
    }
  }

  static func failure(_ failure: SystemFailure, _ path: String) -> DiskFailure {
    switch failure.code {
    case ENOENT: .notFound(path)
    case EEXIST, ENOTEMPTY: .exists(path)
    case ENOTDIR, ELOOP: .notDirectory(path)
    case EISDIR: .isDirectory(path)
    case ENOSPC, EDQUOT: .full(path)
    default: .system(path: path, call: failure.call, errno: failure.code)
    }
  }
}

/// Runs `work` on the workers and brings its result to the loop.
private func onWorkers<Value: Sendable>(
  _ workers: any Workers, _ loop: Loop, _ path: String, _ completion: @escaping DiskCompletion<Value>,
  _ work: @Sendable @escaping () throws(SystemFailure) -> Value
) {
  do throws(WorkersRefused) {
    try workers.run { () -> Result<Value, DiskFailure> in
      do throws(SystemFailure) {
        return .success(try work())
      } catch {
        return .failure(LocalDisk.failure(error, path))
      }
    } completion: {
      completion($0)
    }
  } catch {
    loop.later { completion(.failure(.busy)) }
  }
}

/// An open file of a `LocalDisk`.
final class LocalFile: DiskFile {
  struct Opened: Sendable {
    var descriptor: Descriptor
    var sizeBytes: Int64
  }

  let path: String
  let descriptor: Descriptor
  private(set) var sizeBytes: Int64
  private let loop: Loop
  private let workers: any Workers
  private var waiting: [() -> Void] = []
  private var isBusy = false
  private var isClosed = false

  init(path: String, _ opened: Opened, loop: Loop, workers: any Workers) {
    self.path = path
    descriptor = opened.descriptor
    sizeBytes = opened.sizeBytes
    self.loop = loop
    self.workers = workers
  }

  /// Runs one operation after another.
  private func run<Value: Sendable>(
    _ completion: @escaping DiskCompletion<Value>, _ work: @Sendable @escaping () throws(SystemFailure) -> Value
  ) {
    precondition(!isClosed, "\(path) is used after close()")
    if isBusy {
      waiting.append { self.begin(completion, work) }
    } else {
      begin(completion, work)
    }
  }

  private func begin<Value: Sendable>(
    _ completion: @escaping DiskCompletion<Value>, _ work: @Sendable @escaping () throws(SystemFailure) -> Value
  ) {
    isBusy = true
    let finished: DiskCompletion<Value> = { result in
      self.isBusy = false
      if !self.waiting.isEmpty { self.waiting.removeFirst()() }
      completion(result)
    }
    onWorkers(workers, loop, path, finished, work)
  }

  func read(at offset: Int64, count: Int, completion: @escaping DiskCompletion<[UInt8]>) {
    let descriptor = descriptor
    run(completion) { () throws(SystemFailure) in try Files.read(descriptor, at: offset, count: count) }
  }

  func write(_ bytes: [UInt8], at offset: Int64, completion: @escaping DiskCompletion<Void>) {
    let descriptor = descriptor
    sizeBytes = max(sizeBytes, offset + Int64(bytes.count))
    run(completion) { () throws(SystemFailure) in try Files.write(bytes, to: descriptor, at: offset) }
  }

  func sync(completion: @escaping DiskCompletion<Void>) {
    let descriptor = descriptor
    run(completion) { () throws(SystemFailure) in try Files.sync(descriptor) }
  }

  /// The descriptor itself closes when this object and the sends of it are gone.
  func close() { isClosed = true }
}
