// `marquee encode`: uploads a clip to a node by HTTP, makes the job, and shows how far it is until the title is
// published or the job has failed with its reason.

import Base
import Crypto
import World

extension Command {
  static var contentCommands: [Command] {
    [
      Command(
        words: ["encode"], summary: "uploads a clip to a node, has it encoded, and waits until it is published",
        positions: ["INPUT"],
        options: [
          OptionRule(name: "--video-id", value: "ID", help: "the title's id", isRequired: true),
          OptionRule(name: "--title", value: "TEXT", help: "the title's name (default: the clip's)"),
          OptionRule(
            name: "--node", value: "ADDRESS", help: "the node, ADDRESS or ADDRESS:PORT (default: 127.0.0.1:8080)"),
          secretFile,
        ],
        run: { try EncodeCommand($0).run() })
    ]
  }
}

/// One run of it.
private struct EncodeCommand {
  private static let pollInterval = Duration.milliseconds(500)
  private static let tokenSeconds: Int64 = 24 * 3600

  private let path: String
  private let videoID: String
  private let title: String
  private let node: Endpoint
  private let authority: TokenAuthority

  init(_ arguments: Arguments) throws {
    path = Files.absolute(arguments.words[0])
    videoID = arguments.text("--video-id") ?? ""
    let name = arguments.words[0].split(separator: "/").last ?? ""
    title = arguments.text("--title") ?? String(name.split(separator: ".").first ?? name)
    node = try Endpoint.named(arguments.text("--node") ?? "127.0.0.1", port: 8080, option: "--node")
    authority = try Command.tokenAuthority(arguments)
    guard Files.exists(path) else { throw CommandFailure("\(path): no such file") }
  }

  func run() throws -> Int32 {
    try RealLoop.run { world in
      let status = StatusLine()
      defer { status.finish() }
      let upload = world.entropy.uuid()
      do {
        try await self.upload(upload, world: world, status: status)
        let job = try await start(upload, world: world)
        try await wait(for: job, world: world, status: status)
      } catch let failure as CommandFailure {
        throw CommandFailure(failure.message)
      }
      return 0
    }
  }

  private func upload(_ id: UUID, world: World, status: StatusLine) async throws {
    let request = FetchRequest(
      .put, "http://\(node)/api/v1/uploads/\(id)", headers: headers(world, type: "application/octet-stream"),
      body: .file(absolutePath: path), timeout: nil)
    let response = try await send(request, world: world) { progress in
      guard progress.sentTotalBytes > 0 else { return }
      let percent = progress.sentBytes * 100 / progress.sentTotalBytes
      status.show("uploading to \(node): \(percent)% of \(RingText.size(progress.sentTotalBytes))")
    }
    try Self.check(response, "the upload")
    status.say("uploaded to \(node)")
  }

  /// Makes the job; returns its id.
  private func start(_ upload: UUID, world: World) async throws -> String {
    let body = JSON.object([
      "video_id": .string(videoID), "title": .string(title), "upload_id": .string(upload.description),
    ])
    let request = FetchRequest(
      .post, "http://\(node)/api/v1/encodes", headers: headers(world, type: "application/json"),
      body: .bytes(body.utf8))
    let response = try await send(request, world: world)
    try Self.check(response, "the job")
    guard let job = (try? JSON(parsing: response.body))?["job_id"]?.string else {
      throw CommandFailure("the node's answer names no job")
    }
    return job
  }

  private func wait(for job: String, world: World, status: StatusLine) async throws {
    var unanswered = 0
    while true {
      let request = FetchRequest(.get, "http://\(node)/api/v1/encodes/\(job)", headers: headers(world, type: nil))
      do {
        let response = try await send(request, world: world)
        try Self.check(response, "the job's state")
        unanswered = 0
        if try report(response, status: status) { return }
      } catch let failure as CommandFailure {
        // The job lives in the store, not in this connection: a node that restarts is asked again.
        unanswered += 1
        if unanswered > 20 || failure.status == Self.finalStatus { throw failure }
      }
      try await world.spawner.sleep(Self.pollInterval)
    }
  }

  /// Tells a refusal that asking again will not change from a node that is away.
  private static let finalStatus: Int32 = 2

  /// Shows a state; true when the title is published.
  private func report(_ response: FetchResponse, status: StatusLine) throws -> Bool {
    guard let json = try? JSON(parsing: response.body), let state = json["state"]?.string else {
      throw CommandFailure("the node's answer names no state", status: Self.finalStatus)
    }
    switch state {
    case "published":
      status.say("published as \(videoID)")
      return true
    case "failed":
      throw CommandFailure(
        "\(path) was not encoded: \(json["reason"]?.string ?? "no reason was given")", status: Self.finalStatus)
    default:
      let percent = (json["progress_percent"]?.number).map { ": \(Int($0))%" } ?? ""
      status.show("\(state)\(percent)")
      return false
    }
  }

  private func send(
    _ request: FetchRequest, world: World, progress: ((FetchProgress) -> Void)? = nil
  ) async throws -> FetchResponse {
    do {
      return try await world.fetch.send(request, progress: progress)
    } catch {
      throw CommandFailure("\(node): \(error)")
    }
  }

  private func headers(_ world: World, type: String?) -> [FetchHeader] {
    let now = world.clock.wallSeconds
    let token = authority.mint(
      TokenClaims(
        subject: "marquee encode", audience: TokenAuthority.apiAudience, issuedAt: now,
        expiresAt: now + Self.tokenSeconds, scopes: ["content"]))
    let bearer = FetchHeader("Authorization", "Bearer \(token)")
    return type.map { [bearer, FetchHeader("Content-Type", $0)] } ?? [bearer]
  }

  /// A problem document's words where there is one.
  private static func check(_ response: FetchResponse, _ what: String) throws {
    guard !response.isSuccess else { return }
    let problem = try? JSON(parsing: response.body)
    let words = [problem?["title"]?.string, problem?["detail"]?.string].compactMap { $0 }.joined(separator: ": ")
    let isFinal = (400..<500).contains(response.status) && response.status != 429
    throw CommandFailure(
      "\(what) was refused with \(response.status)\(words.isEmpty ? "" : ": \(words)")",
      status: isFinal ? finalStatus : 1)
  }
}

/// How far something is: one line drawn again on a terminal, a line now and then elsewhere.
final class StatusLine {
  private var shown = ""
  private var isDrawn = false

  func show(_ text: String) {
    guard text != shown else { return }
    // Without a terminal the state is said when its words change, not with every percent.
    let isNew = text.prefix { $0 != ":" } != shown.prefix { $0 != ":" }
    shown = text
    if Console.isTerminal {
      Console.out("\r\u{1B}[K  \(text)")
      isDrawn = true
    } else if isNew {
      Console.out("  \(text)\n")
    }
  }

  func say(_ text: String) {
    finish()
    Console.out("  \(text)\n")
  }

  func finish() {
    if isDrawn { Console.out("\r\u{1B}[K") }
    isDrawn = false
  }
}
