// Files in memory, with a capacity that can run out.

import World

/// A disk of files by path. Everything but the bytes is what it needs to be for a service to run.
public final class MemoryDisk: Disk {
  public final class Contents {
    public var bytes: [UInt8] = []
    public init() {}
  }

  public let root = "/memory"
  /// By path below the root.
  public var files: [String: Contents] = [:]
  public var freeBytes: Int64 = 1 << 40
  /// Writes fail once so many bytes were written.
  public var fullAfterBytes = Int.max
  /// Calls of `open`.
  public var opened = 0
  public let completions: Completions

  public init(completions: Completions) { self.completions = completions }

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

  public func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>) {
    answer(completion, path) { .success(()) }
  }

  public func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>) {
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

  public func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>) {
    answer(completion, source) {
      guard let contents = self.files.removeValue(forKey: source) else { return .failure(.notFound(source)) }
      self.files[target] = contents
      return .success(())
    }
  }

  public func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>) {
    answer(completion, path) {
      .success(
        self.files[path].map {
          DiskStatus(sizeBytes: Int64($0.bytes.count), isDirectory: false, modifiedMicroseconds: 0)
        })
    }
  }

  public func list(_ path: String, completion: @escaping DiskCompletion<[String]>) {
    answer(completion, path) {
      .success(
        self.files.keys.filter { $0.hasPrefix(path + "/") }.map { String($0.dropFirst(path.count + 1)) }.sorted())
    }
  }

  public func remove(_ path: String, completion: @escaping DiskCompletion<Void>) {
    answer(completion, path) {
      self.files[path] = nil
      return .success(())
    }
  }

  public func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {
    answer(completion, path) {
      let contents = Contents()
      contents.bytes = bytes
      self.files[path] = contents
      return .success(())
    }
  }

  public func space(completion: @escaping DiskCompletion<DiskSpace>) {
    answer(completion, "") { .success(DiskSpace(freeBytes: self.freeBytes, totalBytes: 1 << 40)) }
  }

  /// Writes a whole file at once.
  public func put(_ path: String, _ text: String) {
    let contents = Contents()
    contents.bytes = [UInt8](text.utf8)
    files[path] = contents
  }

  /// A file's bytes as UTF-8; nil when there is none.
  public func text(_ path: String) -> String? { files[path].map { String(decoding: $0.bytes, as: UTF8.self) } }
}

/// A file of a `MemoryDisk`, opened.
public final class MemoryFile: DiskFile {
  public let path: String
  public let contents: MemoryDisk.Contents
  private let disk: MemoryDisk

  init(path: String, contents: MemoryDisk.Contents, disk: MemoryDisk) {
    self.path = path
    self.contents = contents
    self.disk = disk
  }

  public var sizeBytes: Int64 { Int64(contents.bytes.count) }

  public func read(at offset: Int64, count: Int, completion: @escaping DiskCompletion<[UInt8]>) {
    let bytes = Array(contents.bytes.dropFirst(Int(offset)).prefix(count))
    disk.completions.add { completion(.success(bytes)) }
  }

  public func write(_ bytes: [UInt8], at offset: Int64, completion: @escaping DiskCompletion<Void>) {
    disk.completions.add {
      guard self.contents.bytes.count + bytes.count <= self.disk.fullAfterBytes else {
        completion(.failure(.full(self.path)))
        return
      }
      self.contents.bytes.replaceSubrange(Int(offset)..., with: bytes)
      completion(.success(()))
    }
  }

  public func sync(completion: @escaping DiskCompletion<Void>) { disk.completions.add { completion(.success(())) } }
  public func close() {}
}
