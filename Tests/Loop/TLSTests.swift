import Base
import Glibc
import Testing
import World

@testable import Loop

/// Keeps what was logged.
private final class LogList: LogSink {
  var lines: [String] = []
  func write(level: LogLevel, event: String, facts: [(String, String)]) {
    lines.append("\(level) \(event) " + facts.map { "\($0)=\($1)" }.joined(separator: " "))
  }
}

private struct Bench {
  let loop: Loop
  let wires: Wires
  let log: LogList
  let directory: String

  /// A connected pair; either may have failed instead.
  func pair(
    _ server: WireSecurity, _ client: WireSecurity, halfOpen: Bool = false
  ) throws -> (server: Recorder, client: Recorder, listener: any Listener) {
    let ours = Recorder()
    ours.halfOpen = halfOpen
    let listener = try wires.listen(Endpoint("127.0.0.1", 0), security: server) { _ in ours }
    let theirs = Recorder()
    theirs.halfOpen = halfOpen
    _ = wires.connect(to: listener.local, security: client, handler: theirs, timeout: .seconds(5))
    loop.run(until: { (ours.isOpen || ours.isClosed) && (theirs.isOpen || theirs.isClosed) })
    return (ours, theirs, listener)
  }
}

private func withBench(_ body: (Bench) throws -> Void) throws {
  let directory = TestDirectory.make()
  defer { TestDirectory.remove(directory) }
  let loop = Loop()
  defer { loop.shutDown() }
  let log = LogList()
  let wires = Wires(loop: loop, logger: Logger(sink: log))
  try body(Bench(loop: loop, wires: wires, log: log, directory: directory))
}

@Suite struct TLSTests {
  @Test func echoesWithOneSendEachWay() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let (server, client, _) = try bench.pair(identity.server, identity.client)
      #expect(server.isOpen && client.isOpen)
      server.onReceived = { server in
        server.send(server.received)
        server.received = []
      }
      // The server's ticket goes before it is counted.
      client.send("a")
      bench.loop.run(until: { client.received.count == 1 })
      let sends = bench.loop.counters.sends
      for index in 0..<200 { client.send([UInt8(index)]) }
      bench.loop.run(until: { client.received.count == 201 })
      #expect(client.received.dropFirst().elementsEqual((0..<200).map { UInt8($0) }))
      #expect(bench.loop.counters.sends - sends == 2)
      client.stream?.finish()
      bench.loop.run(until: { client.isClosed && server.isClosed })
      #expect(client.failure == nil && server.failure == nil)
      #expect(bench.loop.counters.connections == 0)
    }
  }

  @Test func outputBeforeTheHandshakeIsSentAfterIt() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let server = Recorder()
      let listener = try bench.wires.listen(Endpoint("127.0.0.1", 0), security: identity.server) { _ in server }
      let client = Recorder()
      let stream = bench.wires.connect(
        to: listener.local, security: identity.client, handler: client, timeout: .seconds(5))
      stream.withOutput { $0.append("hello") }
      #expect(stream.queuedBytes == 5)
      bench.loop.run(until: { server.text == "hello" })
      #expect(server.text == "hello")
      #expect(server.events == ["opened"])
    }
  }

  @Test func bigOutputArrivesWholeAndDrainsAgainstAReaderThatPauses() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let (server, client, _) = try bench.pair(identity.server, identity.client)
      let count = 16 << 20
      var bytes = [UInt8](repeating: 0, count: count)
      for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 11) }
      client.stream?.pauseReading()
      server.send(bytes)
      bench.loop.run(until: { (server.stream?.queuedBytes ?? 0) < count })
      let held = server.stream?.queuedBytes ?? 0
      #expect(held > 1 << 20, "a reader that pauses holds the sender up")
      let receives = client.receives
      client.stream?.resumeReading()
      bench.loop.run(until: { client.received.count >= count && server.events.contains("drained") })
      #expect(receives == 0)
      let isWhole = client.received == bytes
      #expect(isWhole)
      #expect(server.stream?.queuedBytes == 0)
    }
  }

  @Test func unreadOutputOverTheLimitAborts() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let (server, client, _) = try bench.pair(identity.server, identity.client)
      client.stream?.pauseReading()
      server.stream?.maxQueuedBytes = 1 << 20
      server.send([UInt8](repeating: 7, count: 16 << 20))
      bench.loop.run(until: { server.isClosed })
      #expect(server.failure == .outputOverflow(maxBytes: 1 << 20))
    }
  }

  @Test func bothSidesCheckEachOther() throws {
    try withBench { bench in
      let authority = TestAuthority("internode")
      let a = TestIdentity(bench.directory + "/a", authority: authority)
      let b = TestIdentity(bench.directory + "/b", authority: authority)
      let (server, client, _) = try bench.pair(a.mutual, b.mutual)
      #expect(server.isOpen && client.isOpen)
      client.send("ping")
      bench.loop.run(until: { server.text == "ping" })
      #expect(server.text == "ping")
    }
  }

  /// The identity confusion of etcd's CVE-2018-16886: what one authority vouches for means nothing to the other's port.
  @Test(arguments: ["another authority", "no certificate", "expired"])
  func aServerThatAsksRefuses(_ kind: String) throws {
    try withBench { bench in
      let internode = TestAuthority("internode")
      let node = TestIdentity(bench.directory + "/node", authority: internode)
      let guest: WireSecurity
      switch kind {
      case "another authority":
        var other = TestIdentity(bench.directory + "/client", authority: TestAuthority("clients"))
        other = other.believing(internode)
        guest = other.mutual
      case "no certificate": guest = node.client
      default:
        guest = TestIdentity(bench.directory + "/old", authority: internode, days: -1).mutual
      }
      let (server, client, _) = try bench.pair(node.mutual, guest)
      client.send("let me in")
      bench.loop.run(until: { server.isClosed && client.isClosed })
      #expect(!server.isOpen)
      #expect(server.received.isEmpty)
      guard case .security = server.failure else {
        Issue.record("the server ended with \(String(describing: server.failure))")
        return
      }
      #expect(client.isClosed)
      #expect(bench.log.lines.contains { $0.contains("a TLS handshake failed") })
    }
  }

  @Test(arguments: ["another authority", "another address", "expired"])
  func aClientRefusesAServer(_ kind: String) throws {
    try withBench { bench in
      let authority = TestAuthority("authority")
      let trusted = TestIdentity(bench.directory + "/client", authority: authority)
      let server =
        switch kind {
        case "another authority": TestIdentity(bench.directory + "/s", authority: TestAuthority("other"))
        case "another address":
          TestIdentity(bench.directory + "/s", authority: authority, addresses: ["127.0.0.2"])
        default: TestIdentity(bench.directory + "/s", authority: authority, days: -1)
        }
      let (ours, theirs, _) = try bench.pair(server.server, trusted.client)
      #expect(!theirs.isOpen)
      guard case .security(let why) = theirs.failure else {
        Issue.record("the client ended with \(String(describing: theirs.failure))")
        return
      }
      #expect(why.contains("certificate"))
      bench.loop.run(until: { ours.isClosed })
      #expect(ours.received.isEmpty)
    }
  }

  @Test func aClientThatSpeaksInTheOpenIsEndedCleanly() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let server = Recorder()
      let listener = try bench.wires.listen(Endpoint("127.0.0.1", 0), security: identity.server) { _ in server }
      let client = Recorder()
      // OPTIONS of the native protocol.
      let stream = bench.wires.connect(to: listener.local, handler: client, timeout: .seconds(5))
      stream.withOutput { $0.append([4, 0, 0, 0, 5, 0, 0, 0, 0]) }
      bench.loop.run(until: { server.isClosed && client.isClosed })
      #expect(!server.isOpen)
      #expect(client.failure == nil, "an end, not a reset")
      #expect(bench.log.lines.contains { $0.contains("a TLS handshake failed") })
      #expect(bench.loop.counters.connections == 0)
    }
  }

  /// A client's first message with bytes changed, cut, or repeated: an end each time, never a stream that opens.
  @Test func damagedHandshakesEndTheConnection() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let ear = Recorder()
      let plain = try bench.wires.listen(Endpoint("127.0.0.1", 0)) { _ in ear }
      let speaker = bench.wires.connect(
        to: plain.local, security: identity.client, handler: Recorder(), timeout: .seconds(5))
      bench.loop.run(until: { ear.received.count > 100 })
      speaker.close()
      let hello = ear.received
      var last = Recorder()
      let listener = try bench.wires.listen(Endpoint("127.0.0.1", 0), security: identity.server) { _ in
        last = Recorder()
        return last
      }
      let seed: UInt64 = 20_261_125
      var random = SeededGenerator(seed: seed)
      for round in 0..<150 {
        var bytes = hello
        switch round % 3 {
        case 0: for _ in 0..<(1 + random.below(4)) { bytes[random.below(bytes.count)] ^= UInt8(1 + random.below(255)) }
        case 1: bytes.removeLast(1 + random.below(bytes.count - 1))
        default: bytes += bytes.prefix(random.below(bytes.count)) + (0..<random.below(64)).map { UInt8($0) }
        }
        let client = Recorder()
        let stream = bench.wires.connect(to: listener.local, handler: client, timeout: .seconds(5))
        stream.withOutput { $0.append(bytes) }
        // A changed random number is no damage: the server answers and waits. So the client ends in any case.
        bench.loop.run(until: { client.isClosed || client.received.count > 0 || client.stream?.queuedBytes == 0 })
        stream.finish()
        bench.loop.run(until: { client.isClosed })
        #expect(!last.isOpen, "seed \(seed), round \(round)")
      }
      bench.loop.run(until: { bench.loop.counters.connections == 0 })
      #expect(bench.loop.counters.connections == 0)
    }
  }

  @Test func aDamagedRecordEndsAStandingConnection() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      for isServerHurt in [true, false] {
        let (server, client, _) = try bench.pair(identity.server, identity.client)
        let (hurt, other) = isServerHurt ? (server, client) : (client, server)
        // A whole record of application data that no key made.
        (other.stream as? TLSStream)?.socket.withOutput {
          $0.append([23, 3, 3, 0, 32] + [UInt8](repeating: 7, count: 32))
        }
        bench.loop.run(until: { hurt.isClosed && other.isClosed })
        guard case .security = hurt.failure else {
          Issue.record("it ended with \(String(describing: hurt.failure))")
          continue
        }
        #expect(hurt.received.isEmpty)
      }
    }
  }

  @Test func anEndWithoutCloseNotifyIsTakenOrTold() throws {
    for halfOpen in [false, true] {
      try withBench { bench in
        let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
        let (server, client, _) = try bench.pair(identity.server, identity.client, halfOpen: halfOpen)
        // The socket below ends, TLS says nothing.
        (client.stream as? TLSStream)?.socket.finish()
        bench.loop.run(until: { server.isClosed })
        #expect(server.failure == (halfOpen ? .reset : nil))
        #expect(!server.events.contains("ended"))
      }
    }
  }

  @Test func halfOpenStreamsHearTheEndAndStillSend() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let (server, client, _) = try bench.pair(identity.server, identity.client, halfOpen: true)
      server.onEnded = { server in
        server.send("the last words")
        server.stream?.finish()
      }
      client.send("the last request")
      client.stream?.finish()
      bench.loop.run(until: { server.isClosed && client.isClosed })
      #expect(server.text == "the last request")
      #expect(server.events == ["opened", "ended", "closed"])
      #expect(server.failure == nil && client.failure == nil)
    }
  }

  @Test func closeAbortsAlsoAStreamThatFinishes() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let (server, client, _) = try bench.pair(identity.server, identity.client)
      client.stream?.pauseReading()
      server.send([UInt8](repeating: 7, count: 16 << 20))
      server.stream?.finish()
      bench.loop.run(until: { false }, deadline: .milliseconds(50))
      // A failed expectation would write out the whole recorder and what it has to send.
      let wasClosed = server.isClosed
      #expect(!wasClosed)
      server.stream?.close()
      bench.loop.run(until: { server.isClosed }, deadline: .seconds(5))
      let isClosed = server.isClosed
      #expect(isClosed)
    }
  }

  /// What no certificate can name must not be taken for "need not be named".
  @Test func aHostThatIsNoAddressIsNotBelieved() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      guard case .tls(let settings) = identity.client, case .tls(let serving) = identity.server else { return }
      let context = try TLSContext(settings)
      let servingContext = try TLSContext(serving)
      for (host, isBelieved) in [("127.0.0.1", true), ("fe80::1%lo", false), ("", false)] {
        let client = TLSSession(context, isServer: false, host: host)
        let server = TLSSession(servingContext, isServer: true, host: nil)
        var progress = TLSSession.Progress.wantsInput
        for _ in 0..<4 where progress == .wantsInput {
          progress = client.handshake()
          var bytes = ByteWriter()
          client.drain(to: &bytes)
          if !bytes.isEmpty { server.feed(bytes.bytes.span.bytes) }
          _ = server.handshake()
          var back = ByteWriter()
          server.drain(to: &back)
          if !back.isEmpty { client.feed(back.bytes.span.bytes) }
        }
        #expect((progress == .done) == isBelieved, "\(host): \(progress)")
      }
    }
  }

  @Test func handshakesOfATickAreBounded() throws {
    try withBench { bench in
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      var servers: [Recorder] = []
      let listener = try bench.wires.listen(Endpoint("127.0.0.1", 0), security: identity.server) { _ in
        servers.append(Recorder())
        return servers.last
      }
      var clients: [Recorder] = []
      for _ in 0..<40 {
        clients.append(Recorder())
        _ = bench.wires.connect(
          to: listener.local, security: identity.client, handler: clients[clients.count - 1], timeout: .seconds(5))
      }
      var opened = 0
      var mostInATurn = 0
      bench.loop.run(until: {
        let now = servers.count { $0.isOpen } + clients.count { $0.isOpen }
        mostInATurn = max(mostInATurn, now - opened)
        opened = now
        return now == 80
      })
      #expect(opened == 80)
      #expect(mostInATurn <= HandshakeGate.maxStepsPerTick)
    }
  }

  @Test func aStrangerWhoSaysNothingIsEndedByTheDeadline() throws {
    try withBench { bench in
      bench.wires.contexts.handshakeTimeout = .milliseconds(20)
      let identity = TestIdentity(bench.directory + "/a", authority: TestAuthority("authority"))
      let server = Recorder()
      let listener = try bench.wires.listen(Endpoint("127.0.0.1", 0), security: identity.server) { _ in server }
      let silent = Recorder()
      _ = bench.wires.connect(to: listener.local, handler: silent, timeout: .seconds(5))
      bench.loop.run(until: { server.isClosed && silent.isClosed })
      #expect(server.isClosed && !server.isOpen)
      #expect(silent.failure == nil)
    }
  }

  @Test func renewedFilesAreUsedByNewConnections() throws {
    try withBench { bench in
      let authority = TestAuthority("authority")
      let identity = TestIdentity(bench.directory + "/a", authority: authority)
      let (server, client, listener) = try bench.pair(identity.server, identity.client)
      #expect(bench.log.lines.contains { $0.contains("serial=\(Self.hex(identity.serial))") })

      // Half of a renewal: a certificate whose key is not there yet.
      let serial = authority.issue("node", certificate: identity.certificate, key: identity.key + ".next")
      bench.wires.reloadSecurity()
      #expect(
        bench.log.lines.contains {
          $0.hasPrefix("error") && $0.contains("is not that of") || $0.contains("cannot be used with")
        })
      let during = Recorder()
      _ = bench.wires.connect(to: listener.local, security: identity.client, handler: during, timeout: .seconds(5))
      bench.loop.run(until: { during.isOpen || during.isClosed })
      #expect(during.isOpen, "the old certificate stays in use")

      rename(identity.key + ".next", identity.key)
      bench.wires.reloadSecurity()
      #expect(bench.log.lines.contains { $0.contains("a new certificate is in use") && $0.contains(Self.hex(serial)) })
      let lines = bench.log.lines.count
      bench.wires.reloadSecurity()
      #expect(bench.log.lines.count == lines, "nothing changed")
      client.send("still there")
      bench.loop.run(until: { server.text == "still there" })
      #expect(server.text == "still there")
    }
  }

  @Test func filesThatDoNotFitAreNamed() throws {
    try withBench { bench in
      let authority = TestAuthority("authority")
      let a = TestIdentity(bench.directory + "/a", authority: authority)
      let b = TestIdentity(bench.directory + "/b", authority: authority)
      func refusal(_ settings: TLSSettings) -> String {
        do throws(WireFailure) {
          _ = try bench.wires.listen(Endpoint("127.0.0.1", 0), security: .tls(settings)) { _ in nil }
          return ""
        } catch { return error.description }
      }
      #expect(refusal(TLSSettings(certificateFile: "/none.pem", privateKeyFile: a.key)).contains("/none.pem"))
      #expect(refusal(TLSSettings(certificateFile: a.certificate, privateKeyFile: b.key)).contains(b.key))
      #expect(
        refusal(TLSSettings(certificateFile: a.certificate, privateKeyFile: a.key, authorityFile: a.key))
          .contains("authority"))
      #expect(refusal(TLSSettings()).contains("needs a certificate"))
    }
  }

  private static func hex(_ serial: Int) -> String { String(serial, radix: 16, uppercase: true) }
}

extension TestIdentity {
  /// The same with another authority to believe.
  func believing(_ authority: TestAuthority) -> TestIdentity {
    authority.write(authorityFile)
    return self
  }
}
