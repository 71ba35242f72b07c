// Connections over a wire in memory: raw bytes in, raw bytes out, with handlers that answer when the test says so.

import Base
import Crypto
import HTTP
import TestWorld
import Testing
import World

@testable import Server
@testable import Web

/// Both ends of one connection.
private final class Pipe: ByteStream {
  let peer = Endpoint("127.0.0.1", 50_000)
  let local = Endpoint("127.0.0.1", 8080)
  var handler: (any StreamHandler)?
  private var writer = ByteWriter()
  private var sends: [(Bool) -> Void] = []
  var isPaused = false
  var isFinished = false
  var isAborted = false
  var maxQueuedBytes = 64 << 20
  var allowsHalfOpen = false
  var receivedBytes: UInt64 = 0
  var sentBytes: UInt64 = 0
  /// What the client has not taken.
  var queuedBytes = 0
  var takesAll = true

  func withOutput(_ body: (inout ByteWriter) -> Void) {
    guard !isAborted, !isFinished else { return }
    let before = writer.count
    body(&writer)
    count(writer.count - before)
  }

  private func count(_ bytes: Int) { if takesAll { sentBytes += UInt64(bytes) } else { queuedBytes += bytes } }

  func pauseReading() { isPaused = true }
  func resumeReading() { isPaused = false }
  func close() { isAborted = true }
  func finish() { isFinished = true }

  func sendFile(_ file: any DiskFile, offset: Int64, count: Int64, completion: @escaping (Bool) -> Void) {
    guard let file = file as? HTTPTestFile else { return completion(false) }
    writer.append(Array(file.bytes[Int(offset)..<Int(offset + count)]))
    self.count(Int(count))
    sends.append(completion)
  }

  /// The kernel takes what is queued.
  func takeAll() {
    sentBytes += UInt64(queuedBytes)
    queuedBytes = 0
    let sends = sends
    self.sends = []
    for completion in sends { completion(true) }
    handler?.drained()
  }

  /// What went out since the last look; dates are cut out.
  func said() -> String {
    let text = String(decoding: writer.take(), as: UTF8.self)
    return text.split(separator: "\r\n", omittingEmptySubsequences: false).filter {
      !$0.hasPrefix("Date: ") && !$0.hasPrefix("Access-Control") && !$0.hasPrefix("X-Content")
    }.joined(separator: "\n")
  }
}

private final class HTTPTestFile: DiskFile {
  let path = "f"
  let bytes: [UInt8]
  init(_ text: String) { bytes = [UInt8](text.utf8) }
  var sizeBytes: Int64 { Int64(bytes.count) }
  func read(at offset: Int64, count: Int, completion: @escaping DiskCompletion<[UInt8]>) {}
  func write(_ bytes: [UInt8], at offset: Int64, completion: @escaping DiskCompletion<Void>) {}
  func sync(completion: @escaping DiskCompletion<Void>) {}
  func close() {}
}

private final class HTTPTestWire: Wire {
  final class Stub: Listener {
    let local: Endpoint
    var isClosed = false
    init(_ local: Endpoint) { self.local = local }
    func close() { isClosed = true }
  }
  var accept: ((any ByteStream) -> (any StreamHandler)?)?
  var stub: Stub?

  func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener {
    self.accept = accept
    let stub = Stub(endpoint)
    self.stub = stub
    return stub
  }

  func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream { Pipe() }
}

/// A listener with the routes that the tests here need.
private final class HTTPSetup {
  let wire = HTTPTestWire()
  let loop: TestLoop
  let listener: HTTPListener
  var waiting: [(WebResponse) -> Void] = []
  var log: [String] = []

  init(limits: HTTPLimits = HTTPLimits(), maxConnections: Int = 10) throws {
    loop = TestLoop(wire: wire)
    let box = Box()
    let table = RouteTable([
      Route(.get, "/now", access: .open, operation: "now", summary: "", answers: []) { _ in
        WebResponse(200, contentType: "text/plain", bytes: [UInt8]("now".utf8))
      },
      Route(.get, "/later/{name}", access: .open, operation: "later", summary: "", answers: []) { request in
        let name = request.parameters["name"] ?? ""
        let response: WebResponse = await suspend { resume in
          box.setup?.log.append("asked \(name)")
          box.setup?.waiting.append(resume)
        }
        box.setup?.log.append("answered \(name)")
        return response
      },
      Route(.put, "/body", access: .open, maxBodyBytes: 100_000, operation: "body", summary: "", answers: []) {
        request in
        do throws(HTTPRefusal) {
          let bytes = try await request.body.collect(maxBytes: 1 << 20)
          return WebResponse(200, contentType: "text/plain", bytes: [UInt8]("got \(bytes.count)".utf8))
        } catch {
          box.setup?.log.append("body failed \(error.status)")
          throw error
        }
      },
      Route(.get, "/file", access: .open, operation: "file", summary: "", answers: []) { _ in
        WebResponse(
          head: ResponseHead(200),
          parts: [
            .bytes([UInt8]("<".utf8)), .file(HTTPTestFile("0123456789"), offset: 2, count: 5),
            .bytes([UInt8]("> ".utf8)),
          ])
      },
      Route(.get, "/large", access: .open, operation: "large", summary: "", answers: []) { _ in
        WebResponse(200, contentType: "text/plain", bytes: [UInt8](repeating: 0x78, count: 300_000))
      },
    ])
    let service = WebService(table: table, authorization: Authorization(authority: nil), clock: loop.clock)
    listener = HTTPListener(service: service, world: loop.world, limits: limits, maxConnections: maxConnections)
    box.setup = self
    try listener.listen(Endpoint("127.0.0.1", 8080))
  }

  private final class Box { weak var setup: HTTPSetup? }

  func connect() -> Pipe? {
    let pipe = Pipe()
    guard let handler = wire.accept?(pipe) else { return nil }
    pipe.handler = handler
    handler.opened(pipe)
    return pipe
  }

  func send(_ text: String, to pipe: Pipe) {
    pipe.handler?.received([UInt8](text.utf8).span.bytes)
    loop.drain()
  }

  func answer(_ text: String) {
    waiting.removeFirst()(WebResponse(200, contentType: "text/plain", bytes: [UInt8](text.utf8)))
    loop.drain()
  }

  func end(_ pipe: Pipe) {
    let handler = pipe.handler
    pipe.handler = nil
    handler?.closed(nil)
    loop.drain()
  }
}

private func get(_ path: String, _ fields: String = "") -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }
private func ok(_ text: String, _ more: String = "") -> String {
  "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: \(text.utf8.count)\n\(more)\n\(text)"
}

@Suite struct HTTPConnectionTests {
  @Test func anAnswer() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send(get("/now"), to: pipe)
    #expect(pipe.said() == ok("now"))
    setup.send(get("/now", "Connection: close\r\n"), to: pipe)
    #expect(pipe.said() == ok("now", "Connection: close\n"))
    #expect(pipe.isFinished)
  }

  @Test func pipelinedAnswersAreInOrder() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send(get("/later/a") + get("/now") + get("/later/b"), to: pipe)
    #expect(pipe.said() == "")
    setup.answer("first")
    #expect(pipe.said() == ok("first") + ok("now"))
    setup.answer("third")
    #expect(pipe.said() == ok("third"))
    #expect(setup.log == ["asked a", "answered a", "asked b", "answered b"])
  }

  @Test func manyPipelinedRequestsDoNotPileUpCalls() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send(String(repeating: get("/now"), count: 2000), to: pipe)
    #expect(pipe.said().split(separator: "HTTP/1.1 200 OK").count == 2000)
    #expect(setup.listener.counters.requests == 2000)
  }

  @Test func anAnswerAfterTheConnectionIsGoneGoesNowhere() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send(get("/later/a") + get("/now"), to: pipe)
    setup.end(pipe)
    #expect(setup.listener.openConnections == 0)
    setup.answer("late")
    #expect(setup.log == ["asked a", "answered a"])
    #expect(pipe.said() == "")
    #expect(setup.listener.service.counters.requestsInFlight == 0)
  }

  @Test func bodies() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", to: pipe)
    #expect(pipe.said() == "")
    setup.send("llo" + get("/now"), to: pipe)
    #expect(pipe.said() == ok("got 5") + ok("now"))
    setup.send("PUT /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", to: pipe)
    setup.send("2\r\nde\r\n0\r\n\r\n", to: pipe)
    #expect(pipe.said() == ok("got 5"))
  }

  @Test func continuing() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", to: pipe)
    #expect(pipe.said() == "HTTP/1.1 100 Continue\n\n")
    setup.send("hi", to: pipe)
    #expect(pipe.said() == ok("got 2"))
    setup.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\nExpect: 100-continue\r\n\r\n", to: pipe)
    #expect(pipe.said().hasPrefix("HTTP/1.1 413 Content Too Large\n"))
    #expect(pipe.isFinished)
  }

  @Test func aBodyCutOffFailsItsReader() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send("PUT /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", to: pipe)
    setup.end(pipe)
    #expect(setup.log == ["body failed 400"])
    #expect(setup.listener.service.counters.requestsInFlight == 0)
  }

  @Test func refusalsAreProblemDocuments() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send("GET / HTTP/1.1\nHost: a\n\n" + get("/now"), to: pipe)
    let said = pipe.said()
    #expect(said.hasPrefix("HTTP/1.1 400 Bad Request\nContent-Type: application/problem+json\n"))
    #expect(said.contains("\nConnection: close\n"))
    #expect(said.split(separator: "HTTP/1.1 ").count == 1)
    #expect(pipe.isFinished)
  }

  @Test func headsOfFiles() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    setup.send(get("/file"), to: pipe)
    #expect(pipe.said() == "HTTP/1.1 200 OK\nContent-Length: 8\n\n<23456> ")
    setup.send("HEAD /file HTTP/1.1\r\nHost: a\r\n\r\n", to: pipe)
    #expect(pipe.said() == "HTTP/1.1 200 OK\nContent-Length: 8\n\n")
  }

  @Test func aClientThatDoesNotReadIsNotServedFurther() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    pipe.takesAll = false
    setup.send(get("/large") + get("/now"), to: pipe)
    #expect(setup.listener.counters.requests == 1)
    pipe.takeAll()
    setup.loop.drain()
    #expect(setup.listener.counters.requests == 2)
    // Taken within the tick, which the stream does not tell of.
    pipe.handler?.received([UInt8]((get("/large") + get("/now")).utf8).span.bytes)
    while setup.loop.executor.run() {}
    #expect(setup.listener.counters.requests == 3)
    pipe.queuedBytes = 0
    setup.loop.drain()
    #expect(setup.listener.counters.requests == 4)
    setup.send(get("/large") + get("/now"), to: pipe)
    pipe.takeAll()
    setup.loop.drain()
    #expect(setup.listener.counters.requests == 6)
    setup.loop.pass(.seconds(61))
    #expect(pipe.isAborted)
  }

  @Test func deadlines() throws {
    let setup = try HTTPSetup()
    let silent = try #require(setup.connect())
    let slow = try #require(setup.connect())
    setup.send("GET / HT", to: slow)
    for _ in 0..<9 {
      setup.loop.pass(.seconds(1))
      setup.send("T", to: slow)
    }
    #expect(!silent.isFinished && !slow.isFinished)
    setup.loop.pass(.seconds(2))
    #expect(silent.isFinished && silent.said() == "")
    #expect(slow.isFinished && slow.said().hasPrefix("HTTP/1.1 408 "))
  }

  @Test func halfClosedClientsAreAnswered() throws {
    let setup = try HTTPSetup()
    let pipe = try #require(setup.connect())
    #expect(pipe.allowsHalfOpen)
    setup.send(get("/later/a"), to: pipe)
    pipe.handler?.ended()
    #expect(!pipe.isFinished)
    setup.answer("x")
    #expect(pipe.said() == ok("x"))
    #expect(pipe.isFinished)
  }

  @Test func connectionsAreBounded() throws {
    let setup = try HTTPSetup(maxConnections: 2)
    let first = try #require(setup.connect())
    #expect(setup.connect() != nil)
    #expect(setup.connect() == nil)
    #expect(setup.listener.counters.refused == 1)
    setup.end(first)
    #expect(setup.connect() != nil)
  }

  @Test func stopping() throws {
    let setup = try HTTPSetup()
    let idle = try #require(setup.connect())
    let busy = try #require(setup.connect())
    setup.send(get("/later/a"), to: busy)
    var isStopped = false
    setup.listener.stop { isStopped = true }
    #expect(idle.isFinished && !busy.isFinished && setup.wire.stub?.isClosed == true)
    #expect(setup.connect() == nil)
    setup.end(idle)
    setup.answer("x")
    #expect(busy.said() == ok("x", "Connection: close\n"))
    #expect(!isStopped)
    setup.end(busy)
    #expect(isStopped)
  }

  /// Whatever comes in, in whatever pieces: no trap, and at most one answer a request.
  @Test func damage() throws {
    let seed: UInt64 = 20_261_125
    var generator = SeededGenerator(seed: seed)
    let whole = [UInt8](
      (get("/now") + "PUT /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        + get("/file")).utf8)
    for round in 0..<500 {
      let setup = try HTTPSetup()
      let pipe = try #require(setup.connect())
      var bytes = whole
      for _ in 0..<(1 + generator.below(4)) {
        let at = generator.below(bytes.count)
        switch generator.below(3) {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: generator.next())
        case 1: bytes.remove(at: at)
        default: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: at)
        }
      }
      var start = 0
      while start < bytes.count {
        let end = min(bytes.count, start + 1 + generator.below(60))
        pipe.handler?.received(bytes[start..<end].span.bytes)
        setup.loop.drain()
        start = end
      }
      #expect(pipe.said().components("HTTP/1.1 ") <= 5, "seed \(seed), round \(round)")
      setup.end(pipe)
      #expect(setup.listener.service.counters.requestsInFlight == 0, "seed \(seed), round \(round)")
    }
  }
}

extension String {
  fileprivate func components(_ text: String) -> Int { split(separator: text, omittingEmptySubsequences: false).count }
}
