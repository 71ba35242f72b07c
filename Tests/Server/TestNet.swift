// A wire in memory for several worlds on one thread: time stands until a test lets it pass, bytes arrive when the test
// pumps, cut into pieces of a size the test chooses. Nothing is called back within the call that asked for it.

import Base
import TestWorld
import World

final class TestNet {
  let clock = TestClock(now: Instant(nanoseconds: 1_000_000_000))
  let timers: TestTimers
  let hooks = TestHooks()
  /// Bytes handed to a handler at once, at most.
  var pieceBytes = 64 << 10
  /// What arrives is dropped, as if every process were stopped.
  var isSilent = false
  private var events: [() -> Void] = []
  private var listeners: [Endpoint: NetListener] = [:]
  private var dirty: [NetStream] = []
  private var nextPort: UInt16 = 50_000
  /// Sends that took place, each of them what one tick had appended to one stream.
  private(set) var sends = 0

  init() { timers = TestTimers(clock: clock) }

  func world(address: String = "127.0.0.1", seed: UInt64 = 1) -> World {
    let executor = LoopExecutor(isCurrent: { true }, wake: {})
    let absent = AbsentSeams()
    return World(
      clock: clock, timers: timers, entropy: TestEntropy(seed: seed), wire: NetWire(net: self, address: address),
      disk: absent, processes: absent, workers: absent, fetch: absent, tick: hooks,
      spawner: Spawner(executor: executor, timers: timers))
  }

  func post(_ event: @escaping () -> Void) { events.append(event) }
  func markDirty(_ stream: NetStream) { if !dirty.contains(where: { $0 === stream }) { dirty.append(stream) } }

  /// Runs ticks until nothing is left to do now.
  func pump() {
    while true {
      let ready = events
      events = []
      for event in ready { event() }
      while hooks.run() {}
      let sending = dirty
      dirty = []
      for stream in sending where stream.flush() { sends += 1 }
      if ready.isEmpty, events.isEmpty, dirty.isEmpty, !timers.runDue() { return }
    }
  }

  func pass(_ duration: Duration) {
    clock.advance(duration)
    pump()
  }

  /// Lets time pass in steps, as a loop would see it.
  func pass(seconds: Int) { for _ in 0..<seconds { pass(.seconds(1)) } }

  // MARK: The wire

  func listen(_ listener: NetListener) throws(WireFailure) {
    guard listeners[listener.local] == nil else { throw .addressInUse(listener.local) }
    listeners[listener.local] = listener
  }

  func unlisten(_ endpoint: Endpoint) { listeners[endpoint] = nil }

  func connect(_ client: NetStream) {
    post { [self] in
      let server = NetStream(net: self, local: client.peer, peer: client.local)
      guard let listener = listeners[client.peer] else { return client.end(.refused(client.peer)) }
      guard let handler = listener.accept(server) else { return client.end(.reset) }
      server.handler = handler
      server.other = client
      client.other = server
      server.isConnected = true
      client.isConnected = true
      handler.opened(server)
      client.handler?.opened(client)
      markDirty(client)
    }
  }

  func ephemeralPort() -> UInt16 {
    nextPort += 1
    return nextPort
  }
}

final class NetListener: Listener {
  let local: Endpoint
  let accept: (any ByteStream) -> (any StreamHandler)?
  private unowned let net: TestNet

  init(net: TestNet, local: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?) {
    self.net = net
    self.local = local
    self.accept = accept
  }

  func close() { net.unlisten(local) }
}

final class NetWire: Wire {
  private let net: TestNet
  private let address: String

  init(net: TestNet, address: String) {
    self.net = net
    self.address = address
  }

  func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener {
    let listener = NetListener(net: net, local: endpoint, accept: accept)
    try net.listen(listener)
    return listener
  }

  func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream {
    let stream = NetStream(net: net, local: Endpoint(address, net.ephemeralPort()), peer: endpoint)
    stream.handler = handler
    net.connect(stream)
    return stream
  }
}

final class NetStream: ByteStream {
  let local: Endpoint
  let peer: Endpoint
  var maxQueuedBytes = 64 << 20
  var allowsHalfOpen = false
  var receivedBytes: UInt64 = 0
  var sentBytes: UInt64 = 0
  var handler: (any StreamHandler)?
  var other: NetStream?
  var isConnected = false
  /// What was appended stays here as if the peer did not read.
  var isBlocked = false
  private(set) var isPaused = false
  private(set) var isFinishing = false
  private var isClosed = false
  private var output = ByteWriter()
  private var inbox: [UInt8] = []
  private var hasPeerEnded = false
  private var wasFull = false
  private let net: TestNet

  init(net: TestNet, local: Endpoint, peer: Endpoint) {
    self.net = net
    self.local = local
    self.peer = peer
  }

  var queuedBytes: Int { output.count }

  func withOutput(_ body: (inout ByteWriter) -> Void) {
    guard !isClosed, !isFinishing else { return }
    body(&output)
    net.markDirty(self)
  }

  func flush() -> Bool {
    if output.count > 256 << 10 { wasFull = true }
    guard !isClosed, isConnected, !isBlocked else { return false }
    let bytes = output.take()
    sentBytes += UInt64(bytes.count)
    let target = other
    if !bytes.isEmpty { net.post { target?.arrive(bytes) } }
    if isFinishing { net.post { target?.peerEnded() } }
    if wasFull {
      wasFull = false
      net.post { [self] in handler?.drained() }
    }
    return !bytes.isEmpty
  }

  func unblock() {
    isBlocked = false
    net.markDirty(self)
  }

  private func arrive(_ bytes: [UInt8]) {
    guard !isClosed, !net.isSilent else { return }
    inbox.append(contentsOf: bytes)
    deliver()
  }

  private func deliver() {
    while !isPaused, !isClosed, !inbox.isEmpty {
      let piece = Array(inbox.prefix(net.pieceBytes))
      inbox.removeFirst(piece.count)
      receivedBytes += UInt64(piece.count)
      if !isFinishing { piece.withReader { (reader: inout ByteReader) in handler?.received(reader.rest()) } }
    }
    if hasPeerEnded, inbox.isEmpty, !isPaused, !isClosed {
      _ = flush()
      end(nil)
    }
  }

  private func peerEnded() {
    hasPeerEnded = true
    deliver()
  }

  func pauseReading() { isPaused = true }

  func resumeReading() {
    guard isPaused else { return }
    isPaused = false
    net.post { [self] in deliver() }
  }

  func close() {
    guard !isClosed else { return }
    let target = other
    net.post { target?.end(.reset) }
    net.post { [self] in end(nil) }
    isFinishing = true
    output.removeAll()
  }

  func finish() {
    guard !isFinishing else { return }
    isFinishing = true
    net.markDirty(self)
  }

  func end(_ failure: WireFailure?) {
    guard !isClosed else { return }
    isClosed = true
    let told = handler
    handler = nil
    if !isFinishing, let other { net.post { other.peerEnded() } }
    told?.closed(failure)
  }

  func sendFile(_ file: any DiskFile, offset: Int64, count: Int64, completion: @escaping (Bool) -> Void) {
    net.post { completion(false) }
  }
}
