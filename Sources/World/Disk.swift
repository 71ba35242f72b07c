// Files below one root, for media, uploads and attempts. LevelDB has its own Env and does not come here.
//
// Paths are relative to the root, in `/`-separated components; absolute paths, "..", ".", empty
// components and NUL are refused before anything is touched, so that no name that came from outside can
// lead out of the root. Everything runs on the workers; completions come on the loop.

import Base

/// Why a file operation failed. The path is the relative one that was asked for.
public enum DiskFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The path leads out of the root, or is malformed.
  case badPath(String)
  case notFound(String)
  case exists(String)
  case notDirectory(String)
  case isDirectory(String)
  /// The disk, or the quota, is full.
  case full(String)
  /// Too much is waiting for the workers.
  case busy
  /// A read went past the end of the file.
  case tooShort(String)
  case system(path: String, call: String, errno: Int32)

  public var description: String {
    switch self {
    case .badPath(let path): "not a path below the root: \(path)"
    case .notFound(let path): "no such file: \(path)"
    case .exists(let path): "exists already: \(path)"
    case .notDirectory(let path): "not a directory: \(path)"
    case .isDirectory(let path): "is a directory: \(path)"
    case .full(let path): "no space left for \(path)"
    case .busy: "too many file operations are waiting"
    case .tooShort(let path): "shorter than expected: \(path)"
    case .system(let path, let call, let errno): "\(call) of \(path) failed with errno \(errno)"
    }
  }
}

/// What is known of a path.
public struct DiskStatus: Hashable, Sendable {
  public var sizeBytes: Int64
  public var isDirectory: Bool
  /// Last change, microseconds since the Unix epoch.
  public var modifiedMicroseconds: Int64

  public init(sizeBytes: Int64, isDirectory: Bool, modifiedMicroseconds: Int64) {
    self.sizeBytes = sizeBytes
    self.isDirectory = isDirectory
    self.modifiedMicroseconds = modifiedMicroseconds
  }
}

/// Space on the root's file system, bytes.
public struct DiskSpace: Hashable, Sendable {
  public var freeBytes: Int64
  public var totalBytes: Int64

  public init(freeBytes: Int64, totalBytes: Int64) {
    self.freeBytes = freeBytes
    self.totalBytes = totalBytes
  }
}

/// How a file is opened.
public enum DiskOpenMode: Hashable, Sendable {
  /// It must exist; read only.
  case read
  /// It must not exist; read and write.
  case create
  /// Read and write; made if it does not exist.
  case write
}

public typealias DiskCompletion<Value> = (Result<Value, DiskFailure>) -> Void

/// Files and directories below one root.
public protocol Disk: AnyObject {
  /// The absolute path of the root, for child processes.
  var root: String { get }
  /// Makes a directory and those above it that are missing. One that exists is fine.
  func makeDirectories(_ path: String, completion: @escaping DiskCompletion<Void>)
  func open(_ path: String, _ mode: DiskOpenMode, completion: @escaping DiskCompletion<any DiskFile>)
  /// Renames a file or directory, replacing a file at `target`, and syncs both directories: after the
  /// completion the new name stands even if the machine loses power.
  func rename(_ source: String, to target: String, completion: @escaping DiskCompletion<Void>)
  /// nil if there is nothing.
  func status(_ path: String, completion: @escaping DiskCompletion<DiskStatus?>)
  /// Names in a directory, sorted by their bytes; at most 100,000.
  func list(_ path: String, completion: @escaping DiskCompletion<[String]>)
  /// Removes a file, or a directory with all that is in it (links are removed, not followed).
  /// One that does not exist is fine.
  func remove(_ path: String, completion: @escaping DiskCompletion<Void>)
  /// Writes a small file whole: under a temporary name, synced, then renamed. Replaces.
  func replace(_ path: String, with bytes: [UInt8], completion: @escaping DiskCompletion<Void>)
  func space(completion: @escaping DiskCompletion<DiskSpace>)
}

/// An open file. Closed by `close()` or when the last reference goes. Operations on one file run one after another.
public protocol DiskFile: AnyObject {
  /// The path it was opened by.
  var path: String { get }
  /// Size when opened, plus what was written through this handle.
  var sizeBytes: Int64 { get }
  /// Reads `count` bytes from `offset`; fewer only at the end of the file.
  func read(at offset: Int64, count: Int, completion: @escaping DiskCompletion<[UInt8]>)
  /// Writes all of `bytes` at `offset`; `sizeBytes` as offset appends.
  func write(_ bytes: [UInt8], at offset: Int64, completion: @escaping DiskCompletion<Void>)
  /// Returns when data and size are on the disk (fsync).
  func sync(completion: @escaping DiskCompletion<Void>)
  /// Closes it after the operations already asked for.
  func close()
}

extension Disk {
  /// The absolute path of a relative one, for argv and for Fetch.
  public func absolutePath(_ path: String) throws(DiskFailure) -> String {
    try "\(root)/\(DiskPath.checked(path))"
  }

  public func makeDirectories(_ path: String) async throws(DiskFailure) {
    try await suspend { self.makeDirectories(path, completion: $0) }.get()
  }

  public func open(_ path: String, _ mode: DiskOpenMode) async throws(DiskFailure) -> any DiskFile {
    try await suspend { self.open(path, mode, completion: $0) }.get()
  }

  public func rename(_ source: String, to target: String) async throws(DiskFailure) {
    try await suspend { self.rename(source, to: target, completion: $0) }.get()
  }

  public func status(_ path: String) async throws(DiskFailure) -> DiskStatus? {
    try await suspend { self.status(path, completion: $0) }.get()
  }

  public func list(_ path: String) async throws(DiskFailure) -> [String] {
    try await suspend { self.list(path, completion: $0) }.get()
  }

  public func remove(_ path: String) async throws(DiskFailure) {
    try await suspend { self.remove(path, completion: $0) }.get()
  }

  public func replace(_ path: String, with bytes: [UInt8]) async throws(DiskFailure) {
    try await suspend { self.replace(path, with: bytes, completion: $0) }.get()
  }

  public func space() async throws(DiskFailure) -> DiskSpace {
    try await suspend { self.space(completion: $0) }.get()
  }
}

extension DiskFile {
  /// Writes `bytes` after the last byte.
  public func append(_ bytes: [UInt8], completion: @escaping DiskCompletion<Void>) {
    write(bytes, at: sizeBytes, completion: completion)
  }

  public func read(at offset: Int64, count: Int) async throws(DiskFailure) -> [UInt8] {
    try await suspend { self.read(at: offset, count: count, completion: $0) }.get()
  }

  public func append(_ bytes: [UInt8]) async throws(DiskFailure) {
    try await suspend { self.append(bytes, completion: $0) }.get()
  }

  public func write(_ bytes: [UInt8], at offset: Int64) async throws(DiskFailure) {
    try await suspend { self.write(bytes, at: offset, completion: $0) }.get()
  }

  public func sync() async throws(DiskFailure) {
    try await suspend { self.sync(completion: $0) }.get()
  }
}

/// The one rule for paths.
public enum DiskPath {
  /// Longest path, bytes.
  public static let maxPathBytes = 1024
  /// Longest component, bytes.
  public static let maxNameBytes = 255

  /// The path itself if it stays below the root: one or more components, none of them empty, "." or "..",
  /// no NUL, no leading or trailing slash.
  /// - Throws: `DiskFailure.badPath`.
  public static func checked(_ path: String) throws(DiskFailure) -> String {
    guard !path.isEmpty, path.utf8.count <= maxPathBytes, !path.utf8.contains(0) else { throw .badPath(path) }
    for name in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      guard !name.isEmpty, name.count <= maxNameBytes, !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8)
      else { throw .badPath(path) }
    }
    return path
  }
}
