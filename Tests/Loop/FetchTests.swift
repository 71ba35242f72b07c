import Base
import Testing
import World

@testable import Loop

/// The least an HTTP server can be: collects until `\r\n\r\n` and the announced body, answers, closes.
private final class TinyServer {
  var requests: [String] = []
  var listener: (any Listener)?
  var answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Thing: a b \r\nConnection: close\r\n\r\nhello"

  func start(_ world: World) throws -> String {
    let listener = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in
      let recorder = Recorder()
      recorder.onReceived = { recorder in
        let text = recorder.text
        guard let end = text.range(of: "\r\n\r\n") else { return }
        let length =
          text.range(of: "Content-Length: ").flatMap { Int(text[$0.upperBound...].prefix { $0.isNumber }) } ?? 0
        guard text[end.upperBound...].utf8.count >= length else { return }
        self.requests.append(text)
        recorder.send(self.answer)
        recorder.stream?.finish()
      }
      return recorder
    }
    self.listener = listener
    return "http://\(listener.local)"
  }
}

extension String {
  /// The first occurrence of `other`.
  fileprivate func range(of other: String) -> Range<String.UTF8View.Index>? {
    let me = utf8
    let wanted = Array(other.utf8)
    var start = me.startIndex
    while start != me.endIndex {
      if me[start...].starts(with: wanted) { return start..<me.index(start, offsetBy: wanted.count) }
      start = me.index(after: start)
    }
    return nil
  }
}

@Suite struct FetchTests {
  private func fetch(_ loop: Loop, _ world: World, _ request: FetchRequest) throws -> Result<
    FetchResponse, FetchFailure
  > {
    var result: Result<FetchResponse, FetchFailure>?
    world.fetch.start(request, progress: nil) { result = $0 }
    #expect(result == nil)
    loop.run(until: { result != nil })
    return try #require(result)
  }

  @Test func getsAndPuts() throws {
    try withWorld { loop, world in
      let server = TinyServer()
      let url = try server.start(world)
      let response = try fetch(loop, world, FetchRequest(.get, url + "/a?b=c", headers: [FetchHeader("X-Mine", "1")]))
        .get()
      #expect(response.status == 200)
      #expect(response.body == Array("hello".utf8))
      #expect(response.header("x-thing") == "a b")
      #expect(server.requests.last?.hasPrefix("GET /a?b=c HTTP/1.1\r\n") == true)
      #expect(server.requests.last?.range(of: "X-Mine: 1\r\n") != nil)
      _ = try fetch(loop, world, FetchRequest(.put, url + "/up", body: .bytes(Array("0123456789".utf8)))).get()
      #expect(server.requests.last?.hasPrefix("PUT /up") == true)
      #expect(server.requests.last?.hasSuffix("\r\n\r\n0123456789") == true)
      _ = try fetch(loop, world, FetchRequest(.post, url + "/empty")).get()
      #expect(server.requests.last?.range(of: "Content-Length: 0\r\n") != nil)
    }
  }

  @Test func filesBothWays() throws {
    try withWorld { loop, world in
      let server = TinyServer()
      let url = try server.start(world)
      var isWritten = false
      world.disk.replace("up", with: Array("from a file".utf8)) { _ in isWritten = true }
      loop.run(until: { isWritten })
      let up = try world.disk.absolutePath("up")
      let down = try world.disk.absolutePath("down")
      let response = try fetch(
        loop, world, FetchRequest(.put, url + "/up", body: .file(absolutePath: up), sink: .file(absolutePath: down))
      ).get()
      #expect(server.requests.last?.hasSuffix("\r\n\r\nfrom a file") == true)
      #expect(response.body.isEmpty)
      #expect(response.bodyBytes == 5)
      let bytes = runAsync(loop, world) { () async -> [UInt8]? in
        guard let file = try? await world.disk.open("down", .read) else { return nil }
        return try? await file.read(at: 0, count: 100)
      }
      #expect(bytes == Array("hello".utf8))
      server.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope"
      let missing = try fetch(
        loop, world, FetchRequest(.get, url, sink: .file(absolutePath: down + "2"))
      ).get()
      #expect(missing.status == 404)
      #expect(missing.body == Array("nope".utf8))
      var status: Result<DiskStatus?, DiskFailure>?
      world.disk.status("down2") { status = $0 }
      loop.run(until: { status != nil })
      #expect(status == .success(nil))
    }
  }

  @Test func limitsAndFailures() throws {
    try withWorld { loop, world in
      let server = TinyServer()
      let url = try server.start(world)
      #expect(try fetch(loop, world, FetchRequest(.get, url, maxBodyBytes: 4)) == .failure(.tooLarge(maxBodyBytes: 4)))
      #expect(
        try fetch(loop, world, FetchRequest(.get, "file:///etc/passwd")) == .failure(.badURL("file:///etc/passwd")))
      #expect(try fetch(loop, world, FetchRequest(.get, "http://a b/")) == .failure(.badURL("http://a b/")))
      server.answer =
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
      #expect(try fetch(loop, world, FetchRequest(.get, url)).get().status == 302)
      server.listener?.close()
      guard case .failure(.unreachable) = try fetch(loop, world, FetchRequest(.get, url)) else {
        Issue.record("a closed port answered")
        return
      }
    }
  }

  @Test func silentServerTimesOutAndCancelEnds() throws {
    try withWorld { loop, world in
      let listener = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in Recorder() }
      let url = "http://\(listener.local)/"
      #expect(try fetch(loop, world, FetchRequest(.get, url, timeout: .milliseconds(100))) == .failure(.timedOut))
      var result: Result<FetchResponse, FetchFailure>?
      let transfer = world.fetch.start(FetchRequest(.get, url), progress: nil) { result = $0 }
      transfer.cancel()
      loop.run(until: { result != nil })
      #expect(result == .failure(.cancelled))
    }
  }
}
