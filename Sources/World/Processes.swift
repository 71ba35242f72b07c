// Child processes: argv only, never a shell; an environment that is listed, not inherited; limits.

import Base

/// What a child may use. nil means no limit of ours.
public struct ProcessLimits: Hashable, Sendable {
  /// Seconds of CPU (RLIMIT_CPU): over it the kernel sends SIGXCPU, then SIGKILL.
  public var cpuSeconds: Int?
  /// Bytes of address space (RLIMIT_AS).
  public var addressSpaceBytes: Int?
  /// Bytes of any one file it writes (RLIMIT_FSIZE).
  public var fileSizeBytes: Int?
  /// Open descriptors (RLIMIT_NOFILE).
  public var descriptors: Int?
  /// Wall time after which the whole process group is killed.
  public var wallTime: Duration?

  public init(
    cpuSeconds: Int? = nil, addressSpaceBytes: Int? = nil, fileSizeBytes: Int? = nil, descriptors: Int? = nil,
    wallTime: Duration? = nil
  ) {
    self.cpuSeconds = cpuSeconds
    self.addressSpaceBytes = addressSpaceBytes
    self.fileSizeBytes = fileSizeBytes
    self.descriptors = descriptors
    self.wallTime = wallTime
  }
}

/// A child to be started.
public struct ProcessCommand: Hashable, Sendable {
  /// argv; the first is the program: an absolute path, or a name looked up in the *parent's* PATH.
  public var arguments: [String]
  /// The child's whole environment, besides `inherited`.
  public var environment: [String: String]
  /// Names of the parent's variables that are passed on where they are set.
  public var inherited: [String]
  /// Absolute path of the directory it starts in; nil: the parent's.
  public var workingDirectory: String?
  public var limits: ProcessLimits
  /// Added to the nice value: 0 to 19.
  public var nice: Int
  /// A longer line of output is cut into pieces of this size.
  public var maxLineBytes: Int

  public init(
    arguments: [String], environment: [String: String] = [:], inherited: [String] = ["PATH"],
    workingDirectory: String? = nil, limits: ProcessLimits = ProcessLimits(), nice: Int = 0, maxLineBytes: Int = 16_384
  ) {
    self.arguments = arguments
    self.environment = environment
    self.inherited = inherited
    self.workingDirectory = workingDirectory
    self.limits = limits
    self.nice = nice
    self.maxLineBytes = maxLineBytes
  }
}

/// How a child ended.
public enum ProcessStatus: Hashable, Sendable, CustomStringConvertible {
  case exited(code: Int32)
  case signalled(signal: Int32)
  /// Killed by us because `ProcessLimits.wallTime` was over.
  case timedOut

  /// Whether it ended by itself with code 0.
  public var isSuccess: Bool { self == .exited(code: 0) }

  public var description: String {
    switch self {
    case .exited(let code): "exited with code \(code)"
    case .signalled(let signal): "killed by signal \(signal)"
    case .timedOut: "killed after its time limit"
    }
  }
}

/// Why a child could not be started.
public enum ProcessFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// argv is empty, or something holds a NUL byte.
  case invalidCommand(String)
  /// There is no such program, or it is not executable; its name.
  case notExecutable(String)
  /// Too many children of ours are running.
  case tooManyChildren(maxChildren: Int)
  /// The system refused; its errno.
  case system(call: String, errno: Int32)

  public var description: String {
    switch self {
    case .invalidCommand(let reason): "invalid command: \(reason)"
    case .notExecutable(let name): "cannot execute \(name)"
    case .tooManyChildren(let maxChildren): "\(maxChildren) children are running already"
    case .system(let call, let errno): "\(call) failed with errno \(errno)"
    }
  }
}

/// Which of a child's two outputs.
public enum ProcessChannel: Hashable, Sendable {
  case output
  case error
}

/// Starts children.
public protocol Processes: AnyObject {
  /// Starts a child in a process group of its own, with stdin closed (`/dev/null`).
  /// - Parameters:
  ///   - line: called for each line of its outputs, without its line end; bytes that are not UTF-8 are replaced.
  ///     A last line without line end is delivered too.
  ///   - exited: called once, after the child ended and all its output was delivered.
  func spawn(
    _ command: ProcessCommand, line: @escaping (ProcessChannel, String) -> Void,
    exited: @escaping (ProcessStatus) -> Void
  ) throws(ProcessFailure) -> any ChildProcess
}

/// A running child. Letting go of it does not end it; ending the loop does.
public protocol ChildProcess: AnyObject {
  /// Its process id, which is its group's too.
  var id: Int32 { get }
  /// Sends SIGTERM to its group, and SIGKILL when it still runs after `grace`.
  func terminate(grace: Duration)
  /// Sends SIGKILL to its group.
  func kill()
}

/// What a child said and how it ended.
public struct ProcessOutcome: Hashable, Sendable {
  public var status: ProcessStatus
  /// Lines of stdout, joined by newlines.
  public var output: String
  /// Lines of stderr, joined by newlines; the last ones if there was more than fits.
  public var error: String
  /// Whether lines of stdout were dropped because of `maxOutputBytes`.
  public var isTruncated: Bool
}

extension Processes {
  /// Starts a child and waits for its end, keeping at most `maxOutputBytes` of stdout and of stderr each.
  /// Cancelling the task kills the child.
  public func run(
    _ command: ProcessCommand, maxOutputBytes: Int = 1 << 20
  ) async throws(ProcessFailure) -> ProcessOutcome {
    var output = ""
    var error = ""
    var isTruncated = false
    let result: Result<ProcessStatus, ProcessFailure> = await suspend { resume in
      do throws(ProcessFailure) {
        _ = try self.spawn(command) { channel, line in
          switch channel {
          case .output:
            if output.utf8.count + line.utf8.count < maxOutputBytes {
              output += line + "\n"
            } else {
              isTruncated = true
            }
          case .error:
            if error.utf8.count + line.utf8.count >= maxOutputBytes { error = "" }
            if line.utf8.count < maxOutputBytes { error += line + "\n" }
          }
        } exited: {
          resume(.success($0))
        }
      } catch {
        resume(.failure(error))
      }
    }
    return ProcessOutcome(status: try result.get(), output: output, error: error, isTruncated: isTruncated)
  }
}
