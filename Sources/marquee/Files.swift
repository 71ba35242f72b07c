// The few files and processes that the command line itself touches, over the C library: configuration, secrets, pid
// files and logs of the nodes it starts. Nodes go through World's Disk instead. All calls that touch unsafe memory
// stand here.

import Glibc

/// Why a file could not be read or written.
struct FileFailure: Error, CustomStringConvertible {
  var path: String
  var call: String
  var number: Int32

  init(_ path: String, _ call: String, _ number: Int32 = errno) {
    self.path = path
    self.call = call
    self.number = number
  }

  var description: String { "\(path): \(call): \(Files.reason(number))" }
}

enum Files {
  /// An errno in words.
  static func reason(_ number: Int32) -> String {
    unsafe String(cString: strerror(number))
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  /// The whole file.
  static func read(_ path: String, maxBytes: Int = 16 << 20) throws(FileFailure) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(path, "open") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileFailure(path, "read") }
      if count == 0 { return bytes }
      bytes += piece[..<count]
      guard bytes.count <= maxBytes else { throw FileFailure(path, "read", EFBIG) }
    }
  }

  static func text(_ path: String) throws(FileFailure) -> String {
    String(decoding: try read(path), as: UTF8.self)
  }

  /// Replaces a file in one step: written beside it, then renamed.
  static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws(FileFailure) {
    let partial = path + ".partial"
    let descriptor = unsafe open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw FileFailure(partial, "open") }
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let number = errno
        close(descriptor)
        throw FileFailure(partial, "write", number)
      }
      written += count
    }
    close(descriptor)
    guard unsafe rename(partial, path) == 0 else { throw FileFailure(path, "rename") }
  }

  static func remove(_ path: String) { unsafe unlink(path) }

  /// Makes a folder and those above it.
  static func makeFolders(_ path: String) throws(FileFailure) {
    var prefix = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") where part != "." {
      prefix += "/" + part
      if unsafe mkdir(prefix, 0o755) != 0, errno != EEXIST { throw FileFailure(prefix, "mkdir") }
    }
  }

  /// Names in a folder, sorted; empty if it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let handle = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafePointer(to: entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// A path from the root, by the folder this process was started in.
  static func absolute(_ path: String) -> String {
    if path.hasPrefix("/") { return path }
    guard let here = link("/proc/self/cwd") else { return path }
    let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return rest.isEmpty || rest == "." ? here : here + "/" + rest
  }

  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// What a symbolic link names.
  static func link(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      guard let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return -1 }
      return unsafe readlink(path, start, bytes.count)
    }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
  }

  /// Bytes from the kernel, for secrets.
  static func randomBytes(_ count: Int) throws(FileFailure) -> [UInt8] {
    let path = "/dev/urandom"
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(path, "open") }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: count)
    guard unsafe Glibc.read(descriptor, &bytes, count) == count else { throw FileFailure(path, "read") }
    return bytes
  }
}

/// What a person sees.
enum Console {
  /// Whether standard output is a terminal: progress is redrawn there, and said line by line elsewhere.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// The first line of standard input, without its end; not shown where it is typed. Nil where it is too long.
  static func secretLine(prompt: String, maxBytes: Int) -> [UInt8]? {
    var before = termios()
    let isTyped = unsafe tcgetattr(STDIN_FILENO, &before) == 0
    if isTyped {
      error(prompt)
      var silent = before
      silent.c_lflag &= ~tcflag_t(ECHO)
      unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
    }
    defer {
      if isTyped {
        unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
        error("\n")
      }
    }
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while unsafe read(STDIN_FILENO, &byte, 1) == 1, byte != 0x0A {
      line.append(byte)
      if line.count > maxBytes { return nil }
    }
    if line.last == 0x0D { line.removeLast() }
    return line
  }

  static func error(_ text: String) {
    put(text, to: STDERR_FILENO)
  }

  /// At once, without waiting for a line's end.
  static func out(_ text: String) {
    put(text, to: STDOUT_FILENO)
  }

  private static func put(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      written += count
    }
  }
}

/// A process of its own session, which outlives this one.
enum Detached {
  /// Starts it with standard input empty and both outputs appended to a log.
  /// - Returns: its process id.
  static func start(_ words: [String], log: String) throws(FileFailure) -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    unsafe posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID, which the C library hides without _GNU_SOURCE
    unsafe posix_spawnattr_setflags(&attributes, newSession)

    let environment = (try? Files.text("/proc/self/environ"))?.split(separator: "\0").map(String.init) ?? []
    let argv = unsafe cStrings(words)
    let envp = unsafe cStrings(environment)
    defer {
      for index in 0..<words.count { unsafe free(argv[index]) }
      for index in 0..<environment.count { unsafe free(envp[index]) }
    }
    var pid = pid_t()
    let number = unsafe posix_spawn(&pid, words[0], &actions, &attributes, argv, envp)
    guard number == 0 else { throw FileFailure(words[0], "posix_spawn", number) }
    return pid
  }

  /// Copies for a C call, nil at the end; the caller frees them.
  private static func cStrings(_ words: [String]) -> [UnsafeMutablePointer<CChar>?] {
    var copies = unsafe words.map { unsafe strdup($0) }
    unsafe copies.append(nil)
    return unsafe copies
  }

  /// Takes the exit status of a child that has ended, so that it leaves no zombie; nothing for others.
  static func reap(_ pid: pid_t) {
    var status: Int32 = 0
    unsafe waitpid(pid, &status, WNOHANG)
  }
}
