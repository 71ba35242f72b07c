// The connection's core as scripts: events in, the directives it filled in as words.

import Base
import Testing

@testable import HTTP

/// A core with a handler of the simplest kind, writing down what happens.
private struct Script {
  var core: ConnectionCore
  var log: [String] = []
  var now = Instant(nanoseconds: 1)
  var queued = 0
  var sent: UInt64 = 0
  var maxBodyBytes: UInt64 = 100

  init(_ limits: HTTPLimits = HTTPLimits()) { core = ConnectionCore(limits: limits, now: now) }

  mutating func take(_ directives: [ConnectionDirective]) {
    for directive in directives {
      switch directive {
      case .request(let head):
        log.append("\(head.method.rawValue) \(head.target.path)")
        if let refusal = core.admit(maxBodyBytes: maxBodyBytes) { log.append("not admitted \(refusal.status)") }
      case .refuse(let refusal): log.append("refuse \(refusal.status)")
      case .sendContinue: log.append("continue")
      case .body(let bytes): log.append("body \(bytes.count)")
      case .bodyEnd: log.append("body end")
      case .bodyFailed(let refusal): log.append("body failed \(refusal.status)")
      case .pauseReading: log.append("pause")
      case .resumeReading: log.append("resume")
      case .finish: log.append("finish")
      case .abort: log.append("abort")
      }
    }
  }

  mutating func receive(_ text: String) {
    var out: [ConnectionDirective] = []
    core.received(latin1(text).span.bytes, now: now, into: &out)
    take(out)
  }

  mutating func want() {
    var out: [ConnectionDirective] = []
    core.wantBody(now: now, into: &out)
    take(out)
  }

  @discardableResult
  mutating func answer(_ status: Int = 200, length: UInt64? = 2) -> AnswerShape {
    let shape = core.beginAnswer(ResponseHead(status), lengthBytes: length)
    var out: [ConnectionDirective] = []
    core.endAnswer(now: now, into: &out)
    take(out)
    return shape
  }

  mutating func output(queued: Int, sent: UInt64) {
    var out: [ConnectionDirective] = []
    core.outputChanged(queuedBytes: queued, sentBytes: sent, now: now, into: &out)
    take(out)
  }

  mutating func end() {
    var out: [ConnectionDirective] = []
    core.peerEnded(now: now, into: &out)
    take(out)
  }

  mutating func stop() {
    var out: [ConnectionDirective] = []
    core.shutDown(into: &out)
    take(out)
  }

  mutating func pass(_ duration: Duration) {
    now = now + duration
    var out: [ConnectionDirective] = []
    if now >= core.deadline { core.tick(now: now, into: &out) }
    take(out)
  }

  mutating func said() -> [String] {
    defer { log = [] }
    return log
  }
}

private func get(_ path: String, _ fields: String = "", version: String = "1.1") -> String {
  "GET \(path) HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n"
}

private func put(_ body: String, length: Int? = nil, _ fields: String = "") -> String {
  "PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: \(length ?? body.utf8.count)\r\n\(fields)\r\n\(body)"
}

@Suite struct ConnectionCoreTests {
  @Test func requestsOneAfterAnother() {
    var script = Script()
    script.receive(get("/a"))
    #expect(script.said() == ["GET /a"])
    #expect(script.answer() == AnswerShape(framing: .length(2), sendsBody: true, closes: false, saysKeepAlive: false))
    script.receive(get("/b"))
    #expect(script.said() == ["GET /b"])
  }

  @Test func pipelinedRequestsWaitForTheAnswerBeforeThem() {
    var script = Script()
    script.receive(get("/a") + get("/b") + get("/c"))
    #expect(script.said() == ["GET /a"])
    script.answer()
    #expect(script.said() == ["GET /b"])
    script.answer()
    #expect(script.said() == ["GET /c"])
    script.answer()
    #expect(script.said() == [])
  }

  @Test func aClientThatDoesNotReadGetsNoFurtherAnswer() {
    var script = Script()
    script.receive(get("/a") + get("/b"))
    script.output(queued: 300_000, sent: 0)
    script.answer()
    #expect(script.said() == ["GET /a"])
    script.output(queued: 1000, sent: 299_000)
    #expect(script.said() == ["GET /b"])
  }

  @Test func headsWithoutBody() {
    var script = Script()
    script.receive("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(script.answer() == AnswerShape(framing: .length(2), sendsBody: false, closes: false, saysKeepAlive: false))
    script.receive(get("/"))
    #expect(script.answer(304).framing == .none)
    script.receive(get("/"))
    #expect(script.answer(length: nil).framing == .chunked)
  }

  @Test func http10() {
    var script = Script()
    script.receive(get("/", "Connection: keep-alive\r\n", version: "1.0"))
    #expect(script.answer() == AnswerShape(framing: .length(2), sendsBody: true, closes: false, saysKeepAlive: true))
    script.receive(get("/", "Connection: keep-alive\r\n", version: "1.0"))
    #expect(
      script.answer(length: nil)
        == AnswerShape(framing: .untilClose, sendsBody: true, closes: true, saysKeepAlive: false))
    #expect(script.said() == ["GET /", "GET /", "finish"])
  }

  @Test func closeIsHonoured() {
    var script = Script()
    script.receive(get("/", "Connection: close\r\n") + get("/b"))
    #expect(script.answer().closes)
    #expect(script.said() == ["GET /", "finish"])
    script.receive(get("/c"))
    #expect(script.said() == [])
  }

  @Test func refusalsAreAnsweredOnceAndClose() {
    var script = Script()
    script.receive("get / HTTP/1.1\r\n\r\n" + get("/b"))
    #expect(script.said() == ["refuse 501"])
    #expect(script.answer(501).closes)
    #expect(script.said() == ["finish"])
    script.receive(get("/b"))
    #expect(script.said() == [])
  }

  @Test func aRefusalBehindARequestComesAfterItsAnswer() {
    var script = Script()
    script.receive(get("/a") + "garbage\r\n")
    #expect(script.said() == ["GET /a"])
    #expect(!script.answer().closes)
    #expect(script.said() == ["refuse 400"])
  }

  @Test func bodiesArePulled() {
    var script = Script()
    script.receive(put("hello") + get("/b"))
    #expect(script.said() == ["PUT /p"])
    script.want()
    script.want()
    script.want()
    #expect(script.said() == ["body 5", "body end", "body end"])
    script.answer()
    #expect(script.said() == ["GET /b"])
  }

  @Test func expectationsAreMetWhenTheBodyIsWanted() {
    var script = Script()
    script.receive(put("", length: 5, "Expect: 100-continue\r\n"))
    #expect(script.said() == ["PUT /p"])
    script.want()
    #expect(script.said() == ["continue"])
    script.receive("he")
    script.want()
    script.receive("llo")
    script.want()
    #expect(script.said() == ["body 2", "body 3", "body end"])
    #expect(!script.answer().closes)
  }

  @Test func aBodyNeverAskedForIsNotContinued() {
    var script = Script()
    script.receive(put("", length: 5, "Expect: 100-continue\r\n"))
    #expect(script.answer(401).closes)
    #expect(script.said() == ["PUT /p", "finish"])
  }

  @Test func tooLargeBodiesAreRefusedBeforeTheyCome() {
    var script = Script()
    script.receive(put("", length: 101, "Expect: 100-continue\r\n"))
    #expect(script.said() == ["PUT /p", "not admitted 413"])
    #expect(script.answer(413).closes)
    #expect(script.said() == ["finish"])
  }

  @Test func anUnreadBodyIsDiscardedWhereItIsSmall() {
    var script = Script()
    script.receive(put("he", length: 5))
    #expect(!script.answer().closes)
    #expect(script.said() == ["PUT /p"])
    script.receive("llo" + get("/b"))
    #expect(script.said() == ["GET /b"])
  }

  @Test func anUnreadBodyClosesWhereItIsLargeOrChunked() {
    var script = Script()
    script.maxBodyBytes = 1 << 40
    script.receive(put("he", length: 1_000_000))
    #expect(script.answer().closes)
    script = Script()
    script.receive("PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")
    #expect(script.answer().closes)
  }

  @Test func malformedChunksFailTheBody() {
    var script = Script()
    script.receive("PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhexx")
    script.want()
    script.want()
    #expect(script.said() == ["PUT /p", "body 2", "body failed 400"])
    script.want()
    #expect(script.said() == ["body failed 400"])
    #expect(script.answer(400).closes)
  }

  @Test func readingPausesWhereNobodyTakesTheBody() {
    var script = Script()
    script.maxBodyBytes = 1 << 30
    script.receive(put(String(repeating: "x", count: 70_000), length: 100_000))
    #expect(script.said() == ["PUT /p", "pause"])
    script.want()
    #expect(script.said() == ["body 70000", "resume"])
  }

  @Test func readingPausesWherePipelinedRequestsPileUp() {
    var script = Script()
    script.receive(get("/a") + String(repeating: get("/b"), count: 3000))
    #expect(script.said() == ["GET /a", "pause"])
    var count = 0
    while script.core.isServing {
      script.answer()
      count += 1
    }
    #expect(count == 3001)
    #expect(script.said().filter { $0 == "resume" }.count == 1)
  }

  @Test func halfClosedClientsAreAnswered() {
    var script = Script()
    script.receive(get("/a") + get("/b"))
    script.end()
    #expect(script.said() == ["GET /a"])
    script.answer()
    #expect(script.said() == ["GET /b"])
    script.answer()
    #expect(script.said() == ["finish"])
  }

  @Test func halfRequestsEnd() {
    var script = Script()
    script.receive("GET / HT")
    script.end()
    #expect(script.said() == ["finish"])
    script = Script()
    script.receive(put("he", length: 5))
    script.want()
    script.want()
    script.end()
    #expect(script.said() == ["PUT /p", "body 2", "body failed 400"])
    #expect(script.answer(400).closes)
  }

  @Test func shuttingDown() {
    var script = Script()
    script.stop()
    #expect(script.said() == ["finish"])
    script = Script()
    script.receive(get("/a") + get("/b"))
    script.stop()
    #expect(script.answer().closes)
    #expect(script.said() == ["GET /a", "finish"])
  }

  @Test func requestsOfOneConnectionAreCounted() {
    var limits = HTTPLimits()
    limits.maxRequests = 2
    var script = Script(limits)
    script.receive(get("/a") + get("/b") + get("/c"))
    #expect(!script.answer().closes)
    #expect(script.answer().closes)
    #expect(script.said() == ["GET /a", "GET /b", "finish"])
  }
}

@Suite struct ConnectionDeadlineTests {
  @Test func noBytesAtAll() {
    var script = Script()
    script.pass(.seconds(9))
    #expect(script.said() == [])
    script.pass(.seconds(1))
    #expect(script.said() == ["finish"])
    #expect(script.core.deadline == .never)
  }

  @Test func aDrippedHeadDoesNotPutItOff() {
    var script = Script()
    script.pass(.seconds(9))
    for byte in "GET / HTTP" {
      script.receive(String(byte))
      script.pass(.seconds(1))
    }
    #expect(script.said() == ["refuse 408"])
    #expect(script.answer(408).closes)
    #expect(script.said() == ["finish"])
  }

  @Test func aDrippedBodyDoesNotPutItOff() {
    var script = Script()
    script.receive(put("", length: 100))
    var seconds = 0
    while seconds < 100, script.core.isServing, !script.log.contains("body failed 408") {
      script.want()
      script.pass(.seconds(1))
      script.receive("x")
      seconds += 1
    }
    #expect(seconds == 20)
    #expect(script.answer(408).closes)
  }

  @Test func aSlowHandlerIsNotHeldAgainstTheClient() {
    var script = Script()
    script.receive(put("hello", length: 10))
    script.want()
    script.pass(.seconds(1000))
    script.receive("world")
    script.want()
    script.want()
    #expect(script.said() == ["PUT /p", "body 5", "body 5", "body end"])
    script.pass(.seconds(1000))
    #expect(script.said() == [])
  }

  @Test func aFastBodyEarnsTime() {
    var script = Script()
    script.maxBodyBytes = 1 << 30
    script.receive(put("", length: 1 << 29))
    for _ in 0..<100 {
      script.want()
      script.pass(.seconds(10))
      script.receive(String(repeating: "x", count: 50_000))
    }
    #expect(!script.said().contains("body failed 408"))
  }

  @Test func idleConnectionsEnd() {
    var script = Script()
    script.receive(get("/"))
    script.pass(.seconds(1000))
    script.answer()
    #expect(script.said() == ["GET /"])
    script.pass(.seconds(59))
    #expect(script.said() == [])
    script.pass(.seconds(1))
    #expect(script.said() == ["finish"])
  }

  @Test func theHeadHasItsOwnDeadlineAfterAnIdleTime() {
    var script = Script()
    script.receive(get("/"))
    script.answer()
    script.pass(.seconds(55))
    script.receive("GET / HT")
    script.pass(.seconds(9))
    #expect(script.said() == ["GET /"])
    script.pass(.seconds(1))
    #expect(script.said() == ["refuse 408"])
  }

  @Test func aHeadCutShortBehindAPipelinedRequestIsTimedToo() {
    var script = Script()
    script.receive(get("/") + "GET / HT")
    script.answer()
    script.pass(.seconds(10))
    #expect(script.said() == ["GET /", "refuse 408"])
  }

  @Test func clientsThatDoNotRead() {
    var script = Script()
    script.receive(get("/"))
    script.output(queued: 1_000_000, sent: 0)
    script.answer()
    script.pass(.seconds(59))
    #expect(script.said() == ["GET /"])
    // Dripping: 1,000 bytes in a minute are too few.
    script.output(queued: 999_000, sent: 1000)
    script.pass(.seconds(1))
    #expect(script.said() == ["abort"])
  }

  @Test func clientsThatReadSlowlyButEnough() {
    var script = Script()
    script.receive(get("/"))
    script.output(queued: 1_000_000, sent: 0)
    script.answer()
    for turn in 1...10 {
      script.output(queued: 1_000_000 - turn * 20_000, sent: UInt64(turn) * 20_000)
      script.pass(.seconds(60))
    }
    #expect(script.said() == ["GET /"])
    script.output(queued: 0, sent: 1_000_000)
    script.pass(.seconds(59))
    #expect(script.said() == [])
  }
}
