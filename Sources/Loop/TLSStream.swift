// TLS as a stream in front of a socket's stream: the same calls, the same news, nothing above knows.
//
// What a tick appended is encrypted once, at the tick's end, before the sockets are sent. What was received is
// decrypted into the loop's second buffer and lent to the handler. A handshake takes its steps through the loop's
// gate; the socket is not read while a step waits, so a stranger can make the node hold one read's bytes and no more.
//
// Deviations: a peer that ends without close_notify is taken at its word unless the stream allows half-open
// connections (the protocols spoken here frame their messages, and many drivers just close). Files are not sent this
// way: their completion says so.

import Base
import World

@safe final class TLSStream: ByteStream, StreamHandler {
  private enum Phase { case connecting, handshaking, open, ending, closed }

  let socket: SocketStream
  var handler: (any StreamHandler)?
  var allowsHalfOpen = false
  private let session: TLSSession
  private let contexts: TLSContexts
  private let isServer: Bool
  private var phase = Phase.connecting
  private var output = ByteWriter()
  private var isDirty = false
  private var isPaused = false
  private var hasPeerEnded = false
  private var timer: TimerToken?
  private var failure: WireFailure?
  private var loop: Loop { socket.loop }

  init(_ socket: SocketStream, context: TLSContext, isServer: Bool, contexts: TLSContexts) {
    self.socket = socket
    self.contexts = contexts
    self.isServer = isServer
    session = TLSSession(context, isServer: isServer, host: context.settings.checksHost ? socket.peer.host : nil)
    // The end of the peer's bytes is looked at here.
    socket.allowsHalfOpen = true
  }

  var peer: Endpoint { socket.peer }
  var local: Endpoint { socket.local }
  var queuedBytes: Int { output.count + socket.queuedBytes }
  var maxQueuedBytes: Int {
    get { socket.maxQueuedBytes }
    set { socket.maxQueuedBytes = newValue }
  }
  var receivedBytes: UInt64 { socket.receivedBytes }
  var sentBytes: UInt64 { socket.sentBytes }

  // MARK: Output

  func withOutput(_ body: (inout ByteWriter) -> Void) {
    guard phase == .open || phase == .handshaking || phase == .connecting else { return }
    body(&output)
    markDirty()
  }

  private func markDirty() {
    if isDirty { return }
    isDirty = true
    loop.markUnsealed(self)
  }

  /// At a tick's end, before the sockets are sent.
  func seal() {
    isDirty = false
    switch phase {
    case .open: encrypt()
    case .connecting, .handshaking:
      if output.count > maxQueuedBytes { fail(.outputOverflow(maxBytes: maxQueuedBytes)) }
    case .ending, .closed: output = ByteWriter()
    }
  }

  private func encrypt() {
    guard !output.isEmpty else { return }
    var isWhole = true
    socket.withOutput { isWhole = session.write(output.bytes, to: &$0) }
    if output.count > SocketStream.maxKeptBufferBytes { output = ByteWriter() } else { output.removeAll() }
    if !isWhole { fail(.security("the session is broken")) }
  }

  private func drainSession() {
    if session.hasOutput { socket.withOutput { session.drain(to: &$0) } }
  }

  func sendFile(_ file: any DiskFile, offset: Int64, count: Int64, completion: @escaping (_ sent: Bool) -> Void) {
    loop.later { completion(false) }
  }

  // MARK: The socket's news

  func opened(_ stream: any ByteStream) {
    guard phase == .connecting else { return }
    phase = .handshaking
    timer = loop.schedule(after: contexts.handshakeTimeout) { [self] in
      refuse("no handshake within \(contexts.handshakeTimeout)")
    }
    if !isServer { contexts.gate.admit(self) }
  }

  func received(_ bytes: RawSpan) {
    switch phase {
    case .handshaking:
      session.feed(bytes)
      socket.pauseReading()
      contexts.gate.admit(self)
    case .open:
      session.feed(bytes)
      deliver()
    case .connecting, .ending, .closed: return
    }
  }

  /// The handshake's next step; the gate calls it.
  func step() {
    guard phase == .handshaking else { return }
    let progress = session.handshake()
    drainSession()
    switch progress {
    case .wantsInput: socket.resumeReading()
    case .failed(let why): refuse(why)
    case .done:
      if let timer { loop.cancel(timer) }
      timer = nil
      phase = .open
      if !isPaused { socket.resumeReading() }
      if !output.isEmpty { markDirty() }
      handler?.opened(self)
      // The peer's first bytes may have come with its last ones of the handshake.
      deliver()
    }
  }

  private func deliver() {
    let buffer = unsafe loop.plainBuffer
    while phase == .open {
      let (count, end) = unsafe session.read(into: buffer)
      if count > 0 {
        let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        handler?.received(bytes)
      }
      guard phase == .open else { return }
      // A new key's answer, or an alert.
      drainSession()
      switch end {
      case nil: continue
      case .wantsInput: return
      case .closed: return endOfInput()
      case .failed(let why):
        // A server's refusal of a certificate comes so under TLS 1.3: the client's handshake is over by then.
        contexts.warn("a TLS connection failed", why, with: peer)
        return fail(.security(why))
      }
    }
  }

  private func endOfInput() {
    if hasPeerEnded { return }
    hasPeerEnded = true
    if allowsHalfOpen { handler?.ended() } else { finish() }
  }

  /// The peer's socket sends no more.
  func ended() {
    switch phase {
    case .handshaking: refuse("the peer ended the connection during the handshake")
    case .open:
      if allowsHalfOpen, !hasPeerEnded { fail(.reset) } else { endOfInput() }
    case .connecting, .ending, .closed: return
    }
  }

  func drained() {
    if phase == .open { handler?.drained() }
  }

  func closed(_ failure: WireFailure?) {
    phase = .closed
    if let timer { loop.cancel(timer) }
    timer = nil
    output = ByteWriter()
    let handler = handler
    self.handler = nil
    handler?.closed(self.failure ?? failure)
  }

  // MARK: Input

  func pauseReading() {
    isPaused = true
    if phase == .open { socket.pauseReading() }
  }

  func resumeReading() {
    isPaused = false
    if phase == .open { socket.resumeReading() }
  }

  // MARK: The end

  func finish() {
    guard phase == .open else { return close() }
    encrypt()
    guard phase == .open else { return }
    session.shutDown()
    drainSession()
    phase = .ending
    socket.finish()
  }

  func close() {
    guard phase != .closed else { return }
    phase = .ending
    socket.close()
  }

  private func fail(_ failure: WireFailure) {
    guard phase != .ending, phase != .closed else { return }
    self.failure = failure
    close()
  }

  /// The handshake failed: the peer is told by the alert that OpenSSL has written, and the log in words.
  private func refuse(_ why: String) {
    contexts.warn("a TLS handshake failed", why, with: peer)
    failure = .security(why)
    phase = .ending
    socket.finish()
  }
}
