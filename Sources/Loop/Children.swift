// The real Processes: uv_spawn, each child in a session of its own, its outputs on two pipes.
//
// Limits are set by prlimit(2) right after the spawn: libuv gives no moment between fork and exec. The child
// runs unlimited for some microseconds, which is before it has read its first input.

import Base
import CUV
import Glibc
import World

/// Children of one loop.
public final class Children: Processes {
  /// Children that may run at once.
  public static let maxChildren = 64

  private let loop: Loop
  private var running = 0

  public init(loop: Loop) {
    self.loop = loop
  }

  public func spawn(
    _ command: ProcessCommand, line: @escaping (ProcessChannel, String) -> Void,
    exited: @escaping (ProcessStatus) -> Void
  ) throws(ProcessFailure) -> any ChildProcess {
    guard running < Self.maxChildren else { throw .tooManyChildren(maxChildren: Self.maxChildren) }
    let arguments = command.arguments
    guard let name = arguments.first else { throw .invalidCommand("no program") }
    let texts = arguments + command.environment.flatMap { [$0.key, $0.value] } + [command.workingDirectory ?? "/"]
    guard !texts.contains(where: { $0.utf8.contains(0) }) else { throw .invalidCommand("a NUL byte") }
    guard !command.environment.keys.contains(where: { $0.isEmpty || $0.contains("=") }) else {
      throw .invalidCommand("a variable's name")
    }
    guard let program = Self.program(name) else { throw .notExecutable(name) }
    running += 1
    let child = Child(loop: loop, maxLineBytes: command.maxLineBytes, line: line) { status in
      self.running -= 1
      exited(status)
    }
    do throws(ProcessFailure) {
      try child.start(program, command, environment: Self.environment(command))
    } catch {
      running -= 1
      throw error
    }
    return child
  }

  /// The file of a program: a path as it is, a name looked up in this process's PATH.
  private static func program(_ name: String) -> String? {
    if name.contains("/") { return unsafe access(name, X_OK) == 0 ? name : nil }
    guard let path = variable("PATH") else { return nil }
    for directory in path.split(separator: ":") {
      let file = "\(directory)/\(name)"
      if unsafe access(file, X_OK) == 0 { return file }
    }
    return nil
  }

  private static func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  private static func environment(_ command: ProcessCommand) -> [String] {
    var all = command.environment
    for name in command.inherited where all[name] == nil { all[name] = variable(name) }
    return all.map { "\($0.key)=\($0.value)" }.sorted()
  }
}

/// One child, from its spawn until its end and the end of both its outputs.
@safe final class Child: ChildProcess, LoopResource {
  /// A grandchild may hold the pipes open: they are given up this long after the child's end.
  static let outputGrace = Duration.seconds(1)

  private(set) var id: Int32 = 0
  private let loop: Loop
  private let line: (ProcessChannel, String) -> Void
  private let exited: (ProcessStatus) -> Void
  private var process: UnsafeMutablePointer<uv_process_t>?
  private var pipes: [ChildOutput] = []
  private var status: ProcessStatus?
  private var isTimedOut = false
  private var isDone = false
  private var wallTimer: TimerToken?
  private var killTimer: TimerToken?
  private var outputTimer: TimerToken?

  init(
    loop: Loop, maxLineBytes: Int, line: @escaping (ProcessChannel, String) -> Void,
    exited: @escaping (ProcessStatus) -> Void
  ) {
    self.loop = loop
    self.line = line
    self.exited = exited
    pipes = [.output, .error].map { channel in
      ChildOutput(loop: loop, maxLineBytes: maxLineBytes) { [weak self] in self?.line(channel, $0) }
    }
  }

  func start(_ program: String, _ command: ProcessCommand, environment: [String]) throws(ProcessFailure) {
    let process = unsafe Handle.make(uv_process_t.self, owner: self)
    var arguments = unsafe command.arguments.map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe arguments.indices { unsafe free(arguments[index]) }
      for index in unsafe variables.indices { unsafe free(variables[index]) }
    }
    var stdio = unsafe [uv_stdio_container_t](repeating: uv_stdio_container_t(), count: 3)
    unsafe stdio[0].flags = UV_IGNORE
    for index in 0...1 {
      unsafe stdio[index + 1].flags = uv_stdio_flags(rawValue: UV_CREATE_PIPE.rawValue | UV_WRITABLE_PIPE.rawValue)
      unsafe stdio[index + 1].data.stream = pipes[index].stream
    }
    var options = unsafe uv_process_options_t()
    unsafe options.exit_cb = { process, code, signal in
      unsafe Handle.owner(process, as: Child.self).ended(code: code, signal: signal)
    }
    // A session, and so a process group, of its own: what it starts ends with it.
    unsafe options.flags = UInt32(UV_PROCESS_DETACHED.rawValue)
    unsafe options.stdio_count = 3
    let result = unsafe program.withCString { file in
      unsafe (command.workingDirectory ?? "/").withCString { directory in
        unsafe arguments.withUnsafeMutableBufferPointer { arguments in
          unsafe variables.withUnsafeMutableBufferPointer { variables in
            unsafe stdio.withUnsafeMutableBufferPointer { stdio in
              unsafe options.file = file
              unsafe options.args = arguments.baseAddress
              unsafe options.env = variables.baseAddress
              unsafe options.stdio = stdio.baseAddress
              if command.workingDirectory != nil { unsafe options.cwd = unsafe directory }
              return unsafe uv_spawn(loop.uv, process, &options)
            }
          }
        }
      }
    }
    if result != 0 {
      for pipe in pipes { pipe.close() }
      unsafe Handle.close(process)
      if result == -ENOENT || result == -EACCES { throw .notExecutable(program) }
      throw .system(call: "uv_spawn", errno: -result)
    }
    unsafe self.process = unsafe process
    id = unsafe process.pointee.pid
    loop.adopt(self)
    begin(command)
  }

  private func begin(_ command: ProcessCommand) {
    let limits = command.limits
    func number(_ value: Int?) -> Int64 { value.map(Int64.init) ?? -1 }
    // Fails only if the child is gone already, which its status will say.
    _ = cuv_limit(
      id, number(limits.cpuSeconds), number(limits.addressSpaceBytes), number(limits.fileSizeBytes),
      number(limits.descriptors), Int32(command.nice))
    for pipe in pipes { pipe.start { [weak self] in self?.finishIfDone() } }
    if let wallTime = limits.wallTime {
      wallTimer = loop.schedule(after: wallTime) { [self] in
        isTimedOut = true
        kill()
      }
    }
  }

  func terminate(grace: Duration) {
    guard status == nil else { return }
    signalGroup(SIGTERM)
    if let killTimer { loop.cancel(killTimer) }
    killTimer = loop.schedule(after: grace) { [self] in kill() }
  }

  func kill() {
    guard status == nil else { return }
    signalGroup(SIGKILL)
  }

  private func signalGroup(_ number: Int32) {
    precondition(id > 1, "a child's process group is \(id)")
    _ = Glibc.kill(-id, number)
  }

  private func ended(code: Int64, signal: Int32) {
    if isTimedOut {
      status = .timedOut
    } else if signal != 0 {
      status = .signalled(signal: signal)
    } else {
      status = .exited(code: Int32(truncatingIfNeeded: code))
    }
    for timer in [wallTimer, killTimer] {
      if let timer { loop.cancel(timer) }
    }
    if let process = unsafe process { unsafe Handle.close(process) }
    unsafe process = nil
    outputTimer = loop.schedule(after: Self.outputGrace) { [self] in
      for pipe in pipes { pipe.close() }
      finishIfDone()
    }
    finishIfDone()
  }

  private func finishIfDone() {
    guard !isDone, let status, pipes.allSatisfy(\.isEnded) else { return }
    isDone = true
    if let outputTimer { loop.cancel(outputTimer) }
    loop.disown(self)
    exited(status)
  }

  func handleClosed() {}

  func abandon() {
    isDone = true
    if let process = unsafe process {
      signalGroup(SIGKILL)
      // Reaps it: libuv will not, once its handle is closed.
      waitpid(id, nil, 0)
      unsafe Handle.close(process)
    }
    unsafe process = nil
    for pipe in pipes { pipe.close() }
  }
}

/// One of a child's outputs, cut into lines.
@safe final class ChildOutput: LoopResource {
  private(set) var isEnded = false
  private let loop: Loop
  private var pipe: UnsafeMutablePointer<uv_pipe_t>?
  private var splitter: LineSplitter
  private let line: (String) -> Void
  private var ended: (() -> Void)?

  init(loop: Loop, maxLineBytes: Int, line: @escaping (String) -> Void) {
    self.loop = loop
    self.line = line
    splitter = LineSplitter(maxLineBytes: maxLineBytes)
    let pipe = unsafe Handle.make(uv_pipe_t.self, owner: self)
    unsafe Loop.check(uv_pipe_init(loop.uv, pipe, 0), "uv_pipe_init")
    unsafe self.pipe = unsafe pipe
  }

  var stream: UnsafeMutablePointer<uv_stream_t>? {
    unsafe pipe.map { unsafe UnsafeMutableRawPointer($0).assumingMemoryBound(to: uv_stream_t.self) }
  }

  /// Reads until the end; `ended` is called there.
  func start(_ ended: @escaping () -> Void) {
    self.ended = ended
    unsafe uv_read_start(
      stream,
      { handle, _, buffer in
        let owner = unsafe Handle.owner(handle, as: ChildOutput.self)
        let space = unsafe owner.loop.receiveBuffer
        unsafe buffer?.pointee = unsafe uv_buf_init(
          space.baseAddress?.assumingMemoryBound(to: CChar.self), UInt32(space.count))
      },
      { stream, count, _ in unsafe Handle.owner(stream, as: ChildOutput.self).received(count) })
  }

  private func received(_ count: Int) {
    if count > 0 {
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: loop.receiveBuffer[..<count])
      for text in unsafe splitter.add(bytes) { line(text) }
    } else if count < 0 {
      close()
      ended?()
    }
  }

  func close() {
    guard let pipe = unsafe pipe else { return }
    unsafe self.pipe = nil
    isEnded = true
    if let text = splitter.finish() { line(text) }
    unsafe Handle.close(pipe)
  }

  func handleClosed() {}
  func abandon() { close() }
}

/// Cuts bytes into lines, a line that is too long into pieces.
struct LineSplitter {
  let maxLineBytes: Int
  private var rest: [UInt8] = []

  init(maxLineBytes: Int) {
    self.maxLineBytes = max(1, maxLineBytes)
  }

  /// The lines that `bytes` complete, without their ends ("\n" or "\r\n").
  mutating func add(_ bytes: UnsafeRawBufferPointer) -> [String] {
    var lines: [String] = []
    for index in 0..<bytes.count {
      let byte = unsafe bytes[index]
      if byte == UInt8(ascii: "\n") {
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        lines.append(take())
      } else {
        rest.append(byte)
        if rest.count >= maxLineBytes { lines.append(take()) }
      }
    }
    return lines
  }

  /// What stands after the last line's end.
  mutating func finish() -> String? { rest.isEmpty ? nil : take() }

  private mutating func take() -> String {
    defer { rest.removeAll(keepingCapacity: true) }
    return String(decoding: rest, as: UTF8.self)
  }
}
