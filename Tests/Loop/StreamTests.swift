import Base
import Testing
import World

@testable import Loop

@Suite struct StreamTests {
  @Test func echoesAndCoalescesATicksOutput() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      pair.server.onReceived = { server in
        // Many small answers in one tick.
        for byte in server.received { server.send([byte]) }
        server.received = []
      }
      let sends = loop.counters.sends
      for index in 0..<100 { pair.client.send([UInt8(index)]) }
      loop.run(until: { pair.client.received.count == 100 })
      #expect(pair.client.received == (0..<100).map { UInt8($0) })
      #expect(loop.counters.sends - sends == 2, "one send for each direction")
      #expect(pair.client.stream?.peer == pair.listener.local)
      #expect(pair.server.stream?.local == pair.listener.local)
      #expect(pair.client.stream?.sentBytes == 100)
      pair.client.stream?.finish()
      loop.run(until: { pair.client.isClosed && pair.server.isClosed })
      #expect(pair.client.failure == nil)
      #expect(pair.server.failure == nil)
      #expect(loop.counters.connections == 0)
    }
  }

  @Test func outputAppendedByHooksGoesOutInTheSameTick() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      var waiting: [UInt8] = []
      pair.server.onReceived = { server in
        waiting += server.received
        server.received = []
      }
      world.tick.onTickEnd {
        if waiting.isEmpty { return false }
        pair.server.send(waiting)
        waiting = []
        return true
      }
      let sends = loop.counters.sends
      pair.client.send("one write, many acknowledgements")
      loop.run(until: { pair.client.received.count == 32 })
      #expect(loop.counters.sends - sends == 2)
    }
  }

  @Test func bigOutputArrivesWholeAndDrains() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      let count = 24 << 20
      var bytes = [UInt8](repeating: 0, count: count)
      for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 11) }
      pair.client.stream?.pauseReading()
      pair.server.send(bytes)
      let sends = loop.counters.sends
      var isWaiting = false
      loop.run(until: {
        isWaiting = (pair.server.stream?.queuedBytes ?? 0) > 0 && loop.counters.sends > sends
        return isWaiting
      })
      #expect(isWaiting)
      pair.client.stream?.resumeReading()
      loop.run(until: { pair.client.received.count >= count && pair.server.events.contains("drained") })
      let isWhole = pair.client.received == bytes
      #expect(isWhole)
      #expect(pair.server.stream?.queuedBytes == 0)
      #expect(pair.server.events == ["opened", "drained"])
      #expect(pair.client.receives >= count / Loop.receiveBufferBytes)
    }
  }

  @Test func unreadOutputOverTheLimitAborts() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      pair.client.stream?.pauseReading()
      pair.server.stream?.maxQueuedBytes = 1 << 20
      var isClosed = false
      for _ in 0..<64 where !isClosed {
        pair.server.send([UInt8](repeating: 7, count: 1 << 20))
        let before = loop.counters.turns
        loop.run(until: { loop.counters.turns >= before + 2 }, deadline: .milliseconds(50))
        isClosed = pair.server.isClosed
      }
      #expect(pair.server.failure == .outputOverflow(maxBytes: 1 << 20))
    }
  }

  @Test func halfClosedPeerStillGetsItsAnswer() throws {
    try withWorld { loop, world in
      let server = Recorder()
      server.halfOpen = true
      server.onEnded = { server in
        server.send("answer to \(server.text)")
        server.stream?.finish()
      }
      let listener = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in server }
      let client = RawClient(to: listener.local)
      client.send("question")
      client.endSending()
      loop.run(until: { server.isClosed })
      #expect(client.receiveAll() == "answer to question")
      #expect(server.events == ["opened", "ended", "closed"])
      #expect(server.failure == nil)
    }
  }

  @Test func peersEndEndsAStreamThatIsNotHalfOpen() throws {
    try withWorld { loop, world in
      let server = Recorder()
      server.onReceived = { $0.send("answer") }
      let listener = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in server }
      let client = RawClient(to: listener.local)
      client.send("question")
      client.endSending()
      loop.run(until: { server.isClosed })
      #expect(client.receiveAll() == "answer")
      #expect(server.events == ["opened", "closed"])
    }
  }

  @Test func finishWaitsForThePeersEnd() throws {
    try withWorld { loop, world in
      let server = Recorder()
      let listener = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in server }
      let client = RawClient(to: listener.local)
      loop.run(until: { server.isOpen })
      server.send("last words")
      server.stream?.finish()
      loop.run(until: { server.isClosed }, deadline: .milliseconds(50))
      #expect(!server.isClosed)
      client.send("still talking")
      #expect(client.receiveAll() == "last words")
      client.endSending()
      loop.run(until: { server.isClosed })
      #expect(server.isClosed)
      #expect(server.received.isEmpty)
    }
  }

  @Test func finishDeliversEverythingThenEnds() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      // Bytes in flight the other way must not turn the end into a reset.
      pair.client.send([UInt8](repeating: 1, count: 100_000))
      pair.server.send([UInt8](repeating: 2, count: 3 << 20))
      pair.server.stream?.finish()
      loop.run(until: { pair.client.isClosed && pair.server.isClosed })
      #expect(pair.client.received.count == 3 << 20)
      #expect(pair.client.failure == nil)
    }
  }

  @Test func closeThrowsOutputAwayAndTellsLater() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      pair.server.stream?.close()
      #expect(!pair.server.isClosed)
      loop.run(until: { pair.server.isClosed && pair.client.isClosed })
      #expect(pair.server.failure == nil)
    }
  }

  @Test func writingToAClosedPeerIsAResetNotASignal() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      pair.client.stream?.pauseReading()
      pair.client.send("never read")
      pair.server.stream?.pauseReading()
      var turns = loop.counters.turns
      loop.run(until: { loop.counters.turns > turns + 1 }, deadline: .milliseconds(50))
      pair.server.stream?.close()
      loop.run(until: { pair.server.isClosed })
      for _ in 0..<3 {
        pair.client.send("more")
        turns = loop.counters.turns
        loop.run(until: { loop.counters.turns > turns + 1 || pair.client.isClosed }, deadline: .milliseconds(50))
      }
      #expect(pair.client.isClosed)
      #expect(pair.client.failure == .reset)
    }
  }

  @Test func portInUseIsNamed() throws {
    try withWorld { loop, world in
      let first = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in nil }
      #expect(throws: WireFailure.addressInUse(first.local)) {
        _ = try world.wire.listen(first.local) { _ in nil }
      }
      #expect(throws: WireFailure.invalidAddress(Endpoint("no.such.host", 1))) {
        _ = try world.wire.listen(Endpoint("no.such.host", 1)) { _ in nil }
      }
      #expect(throws: WireFailure.addressNotAvailable(Endpoint("203.0.113.1", 0))) {
        _ = try world.wire.listen(Endpoint("203.0.113.1", 0)) { _ in nil }
      }
      first.close()
      _ = try world.wire.listen(first.local) { _ in nil }
    }
  }

  @Test func connectTellsRefusalLater() throws {
    try withWorld { loop, world in
      let listener = try world.wire.listen(Endpoint("127.0.0.1", 0)) { _ in nil }
      listener.close()
      let client = Recorder()
      _ = world.wire.connect(to: listener.local, handler: client, timeout: .seconds(5))
      #expect(client.events.isEmpty)
      loop.run(until: { client.isClosed })
      #expect(client.failure == .refused(listener.local))
      let lost = Recorder()
      _ = world.wire.connect(to: Endpoint("not an address", 1), handler: lost, timeout: .seconds(5))
      loop.run(until: { lost.isClosed })
      #expect(lost.failure == .invalidAddress(Endpoint("not an address", 1)))
    }
  }

  @Test func refusedHandlerClosesTheConnection() throws {
    try withWorld { loop, world in
      let listener = try world.wire.listen(Endpoint("::1", 0)) { _ in nil }
      let client = Recorder()
      _ = world.wire.connect(to: listener.local, handler: client, timeout: .seconds(5))
      loop.run(until: { client.isClosed })
      #expect(loop.counters.refusedConnections == 1)
    }
  }

  @Test func filesGoOutInOrderBetweenBytes() throws {
    try withWorld { loop, world in
      let pair = try Pair(loop, world)
      let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
      let file = runAsync(loop, world) { () async -> (any DiskFile)? in
        try? await world.disk.replace("clip", with: content)
        return try? await world.disk.open("clip", .read)
      }
      let clip = try #require(file ?? nil)
      var sent: [Bool] = []
      pair.server.send("head")
      pair.server.stream?.sendFile(clip, offset: 10, count: 2_500_000) { sent.append($0) }
      pair.server.send("between")
      pair.server.stream?.sendFile(clip, offset: 0, count: 5) { sent.append($0) }
      pair.server.send("tail")
      #expect(pair.server.stream?.queuedBytes == 2_500_005 + 15)
      let expected =
        Array("head".utf8) + content[10..<2_500_010] + Array("between".utf8) + content[..<5] + Array("tail".utf8)
      loop.run(until: { pair.client.received.count >= expected.count && sent.count == 2 })
      let isWhole = pair.client.received == expected
      #expect(isWhole)
      #expect(sent == [true, true])
      // A file that is shorter than promised breaks the connection, since its length was already announced.
      pair.server.stream?.sendFile(clip, offset: 2_999_999, count: 100) { sent.append($0) }
      loop.run(until: { pair.server.isClosed })
      #expect(pair.server.failure == .fileUnreadable)
      #expect(sent == [true, true, false])
    }
  }
}
