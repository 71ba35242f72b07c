// One node as a process: the real world below it, signals that stop it, logs on standard error.

import Access
import Base
import Data
import Encoding
import Glibc
import Loop
import Media
import Node
import Storage
import World

enum NodeProcess {
  /// Requests under way get so long when the node stops; then it stops all the same.
  private static let stopTimeout = Duration.seconds(15)

  /// Runs a node until SIGTERM or SIGINT; returns the exit status.
  static func run(_ configuration: Configuration) -> Int32 {
    let loop = Loop()
    defer { loop.shutDown() }
    let log = Logger(sink: LineLog(clock: loop))
    OpenFiles.raiseLimit(for: configuration.limits, log: log)
    do {
      return try serve(configuration, loop: loop, log: log)
    } catch {
      log.error("cannot start", ["why": "\(error)"])
      return 1
    }
  }

  private static func serve(_ configuration: Configuration, loop: Loop, log: Logger) throws -> Int32 {
    let world = try loop.makeWorld(root: configuration.mediaDirectory, logger: log)
    let authenticator = try authenticator(configuration, world: world, log: log)
    try Files.makeFolders(configuration.dataDirectory)
    let store = Store(
      home: .directory(configuration.dataDirectory), options: configuration.storeOptions, timers: loop,
      wake: loop.waker)
    var status: Int32 = 0
    store.onFatal = { failure in
      // What is on disk is unknown after a failed sync: going on could acknowledge what is lost.
      log.error("storage failed; the node stops", ["why": "\(failure)"])
      status = 1
      loop.stop()
    }
    let node = try Node(
      configuration: configuration, world: world, store: store, log: log, authenticator: authenticator)
    let services = NodeServices(node: node, encoding: encodingOptions(configuration))
    do {
      try services.start()
      try node.start()
    } catch {
      try store.close()
      throw error
    }
    stopOnSignals(node, services, loop: loop, log: log)
    if configuration.isSecured {
      warnOfSharedAuthority(configuration, log: log)
      loop.onSignal(.hangUp) {
        world.wire.reloadSecurity()
        authenticator?.reload()
      }
    }
    loop.run()
    return status
  }

  /// Whoever has a certificate of the nodes' authority is believed to be a node: clients should have another.
  private static func warnOfSharedAuthority(_ configuration: Configuration, log: Logger) {
    guard case .tls(let clients) = configuration.clientSecurity, case .tls(let nodes) = configuration.internodeSecurity,
      !clients.authorityFile.isEmpty, clients.authorityFile == nodes.authorityFile
    else { return }
    log.warning(
      "clients have certificates of the nodes' authority: each of them can pass for a node",
      ["ca": nodes.authorityFile])
  }

  /// Nil where everybody may come in.
  private static func authenticator(
    _ configuration: Configuration, world: World, log: Logger
  ) throws -> PasswordAuthenticator? {
    guard configuration.authentication == .password else { return nil }
    let path = configuration.credentialsFile
    let maxBytes = Credentials.maxFileBytes
    do {
      return try PasswordAuthenticator(file: Files.read(path, maxBytes: maxBytes), world: world, logger: log) {
        Result { () throws(FileFailure) in try Files.read(path, maxBytes: maxBytes) }
          .mapError { CredentialsFailure(line: 0, $0.description) }
      }
    } catch let failure as CredentialsFailure {
      throw CommandFailure("\(path): \(failure)")
    }
  }

  private static func stopOnSignals(_ node: Node, _ services: NodeServices, loop: Loop, log: Logger) {
    var isStopping = false
    let stop = {
      guard !isStopping else { return loop.stop() }
      isStopping = true
      log.info("stopping")
      loop.schedule(after: stopTimeout) { loop.stop() }
      services.stop {
        node.stop {
          log.info("stopped")
          loop.stop()
        }
      }
    }
    loop.onSignal(.terminate, stop)
    loop.onSignal(.interrupt, stop)
  }

  private static func encodingOptions(_ configuration: Configuration) -> EncodingOptions {
    let encoding = configuration.encoding
    let tools = MediaTools(
      ffmpegPath: tool(encoding.ffmpegPath, "ffmpeg"), ffprobePath: tool(encoding.ffprobePath, "ffprobe"),
      maxEncodeCPUSeconds: encoding.cpuSeconds, launcher: launcher)
    var settings = EncodeSettings()
    if encoding.threads > 0 { settings.threads = encoding.threads }
    return EncodingOptions(
      workers: encoding.workers, tools: tools, settings: settings,
      maxUploadBytes: Int64(clamping: configuration.limits.uploadBytes))
  }

  /// util-linux's way to have the kernel kill a tool when its node is killed; without it an orphan works to its end.
  private static var launcher: [String] {
    let program = "/usr/bin/setpriv"
    return Files.exists(program) ? [program, "--pdeathsig", "KILL", "--"] : []
  }

  /// What the configuration names; else the one that `Tools/setup` put into the working directory; else the system's.
  private static func tool(_ configured: String, _ name: String) -> String {
    if !configured.isEmpty { return configured }
    var folder = Files.folder(of: Files.link("/proc/self/exe") ?? "/")
    while folder != "/" {
      if Files.exists("\(folder)/.tools/\(name)") { return "\(folder)/.tools/\(name)" }
      folder = Files.folder(of: folder)
    }
    return "/usr/bin/\(name)"
  }
}

/// Lines of `key=value` on standard error: time, level, event, then its facts.
private final class LineLog: LogSink {
  private let clock: any Clock

  init(clock: any Clock) { self.clock = clock }

  func write(level: LogLevel, event: String, facts: [(String, String)]) {
    let time = CivilTime.timestampText(milliseconds: clock.wallMicroseconds / 1000, separator: "T")
    var line = "time=\(time) level=\(level) event=\(Self.quoted(event))"
    for (key, value) in facts { line += " \(key)=\(Self.quoted(value))" }
    line += "\n"
    let bytes = Array(line.utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  /// As it stands where it is one plain word, else as a JSON string.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") }
    return isPlain ? text : JSON.string(text).text
  }
}
