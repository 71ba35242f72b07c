// A file descriptor that closes when its last user lets go, on whatever thread that is.

import Glibc

/// Owns a descriptor. Reads and writes at offsets are safe from any thread; the number never changes.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) {
    self.number = number
  }

  deinit {
    close(number)
  }
}

/// A failed system call.
struct SystemFailure: Error {
  var call: String
  var code: Int32

  init(_ call: String, _ code: Int32 = errno) {
    self.call = call
    self.code = code
  }
}

/// The system calls on files that the workers make: each in full, repeated when interrupted.
enum Files {
  static func open(_ path: String, _ flags: Int32) throws(SystemFailure) -> Descriptor {
    let number = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o644)
    if number < 0 { throw SystemFailure("open") }
    return Descriptor(number)
  }

  /// Fewer bytes only at the end of the file.
  static func read(_ file: Descriptor, at offset: Int64, count: Int) throws(SystemFailure) -> [UInt8] {
    var code: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = unsafe pread(
          file.number, buffer.baseAddress.map { unsafe $0 + filled }, count - filled, off_t(offset) + filled)
        if got > 0 {
          filled += got
        } else if got == 0 {
          return
        } else if errno != EINTR {
          code = errno
          return
        }
      }
    }
    if code != 0 { throw SystemFailure("pread", code) }
    return bytes
  }

  static func write(_ bytes: [UInt8], to file: Descriptor, at offset: Int64) throws(SystemFailure) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe pwrite(
          file.number, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written, off_t(offset) + written)
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        throw SystemFailure("pwrite")
      }
    }
  }

  static func sync(_ file: Descriptor) throws(SystemFailure) {
    if fsync(file.number) != 0 { throw SystemFailure("fsync") }
  }

  static func syncDirectory(_ path: String) throws(SystemFailure) {
    try sync(open(path, O_RDONLY | O_DIRECTORY))
  }

  /// The directory a path stands in.
  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes the directories of an absolute path that are missing.
  static func makeDirectories(_ path: String) throws(SystemFailure) {
    if unsafe mkdir(path, 0o755) == 0 || errno == EEXIST {
      guard try status(path)?.isDirectory == true else { throw SystemFailure("mkdir", ENOTDIR) }
      return
    }
    guard errno == ENOENT, path != "/", !path.isEmpty else { throw SystemFailure("mkdir") }
    try makeDirectories(parent(of: path))
    if unsafe mkdir(path, 0o755) != 0, errno != EEXIST { throw SystemFailure("mkdir") }
  }

  struct Status {
    var sizeBytes: Int64
    var isDirectory: Bool
    var modifiedMicroseconds: Int64
  }

  /// nil if there is nothing. Links are not followed.
  static func status(_ path: String) throws(SystemFailure) -> Status? {
    var info = stat()
    if unsafe lstat(path, &info) != 0 {
      if errno == ENOENT { return nil }
      throw SystemFailure("lstat")
    }
    return Status(
      sizeBytes: Int64(info.st_size), isDirectory: info.st_mode & S_IFMT == S_IFDIR,
      modifiedMicroseconds: Int64(info.st_mtim.tv_sec) * 1_000_000 + Int64(info.st_mtim.tv_nsec) / 1000)
  }

  /// Names in a directory without "." and "..", sorted by their bytes.
  static func list(_ path: String, max: Int) throws(SystemFailure) -> [String] {
    guard let directory = unsafe opendir(path) else { throw SystemFailure("opendir") }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      if names.count == max { throw SystemFailure("readdir", E2BIG) }
      names.append(name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Removes a file, or a directory with what is in it. Links are removed, not followed.
  static func remove(_ path: String) throws(SystemFailure) {
    guard let status = try status(path) else { return }
    if !status.isDirectory {
      if unsafe unlink(path) != 0, errno != ENOENT { throw SystemFailure("unlink") }
      return
    }
    for name in try list(path, max: .max) { try remove("\(path)/\(name)") }
    if unsafe rmdir(path) != 0, errno != ENOENT { throw SystemFailure("rmdir") }
  }
}
