// The real Wire: listens on and connects TCP sockets, with TLS in front of them where it is asked for.

import Base
import CUV
import Glibc
import World

/// TCP on a loop.
public final class Wires: Wire {
  /// How long a finished stream waits for its peer's end.
  static let lingerTimeout = Duration.seconds(2)
  /// How much of what still comes it throws away meanwhile.
  static let maxLingerBytes = 1_048_576
  /// A finishing stream on which nothing moved for this long is aborted.
  static let stuckTimeout = Duration.seconds(15)
  /// Connections that may wait to be accepted.
  static let backlog: Int32 = 1024

  private let loop: Loop
  let contexts: TLSContexts

  /// - Parameter logger: told of certificates in use and of handshakes that failed.
  public init(loop: Loop, logger: Logger = .silent) {
    self.loop = loop
    contexts = TLSContexts(loop: loop, logger: logger)
  }

  public func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener {
    try listenPlain(endpoint, accept: accept)
  }

  public func listen(
    _ endpoint: Endpoint, security: WireSecurity, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener {
    guard case .tls(let settings) = security else { return try listenPlain(endpoint, accept: accept) }
    if settings.certificateFile.isEmpty { throw .security("a listener needs a certificate") }
    let context = try contexts.context(settings)
    return try listenPlain(endpoint) { [contexts] socket in
      let stream = TLSStream(socket, context: context, isServer: true, contexts: contexts)
      guard let handler = accept(stream) else { return nil }
      stream.handler = handler
      return stream
    }
  }

  public func reloadSecurity() { contexts.reload() }

  private func listenPlain(
    _ endpoint: Endpoint, accept: @escaping (SocketStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener {
    let socket = unsafe cuv_listen(endpoint.host, endpoint.port, Self.backlog)
    if socket < 0 { throw Self.listenFailure(-socket, endpoint) }
    let local = Self.localAddress(of: socket) ?? endpoint
    return try SocketListener(loop: loop, socket: socket, local: local, accept: accept)
  }

  public func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream {
    connect(to: endpoint, security: .plain, handler: handler, timeout: timeout)
  }

  public func connect(
    to endpoint: Endpoint, security: WireSecurity, handler: any StreamHandler, timeout: Duration
  ) -> any ByteStream {
    var context: TLSContext?
    if case .tls(let settings) = security {
      do throws(WireFailure) {
        context = try contexts.context(settings)
      } catch {
        return failed(endpoint, error, handler)
      }
    }
    let socket = unsafe cuv_connect(endpoint.host, endpoint.port)
    if socket < 0 { return failed(endpoint, Self.connectFailure(-socket, endpoint), handler) }
    let local = Self.localAddress(of: socket) ?? Endpoint("", 0)
    let stream = SocketStream(loop: loop, socket: socket, peer: endpoint, local: local, state: .connecting)
    guard let context else {
      stream.startConnecting(handler, timeout: timeout)
      return stream
    }
    let secured = TLSStream(stream, context: context, isServer: false, contexts: contexts)
    secured.handler = handler
    stream.startConnecting(secured, timeout: timeout)
    return secured
  }

  private func failed(_ endpoint: Endpoint, _ failure: WireFailure, _ handler: any StreamHandler) -> any ByteStream {
    let stream = FailedStream(loop: loop, peer: endpoint)
    loop.later { handler.closed(stream.isClosed ? nil : failure) }
    return stream
  }

  /// A socket's own address.
  static func localAddress(of socket: Int32) -> Endpoint? {
    unsafe endpoint { host, port in unsafe cuv_local_address(socket, host, port) }.endpoint
  }

  /// Runs a call of the shim that fills in an address.
  static func endpoint(
    _ call: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<UInt16>) -> Int32
  ) -> (result: Int32, endpoint: Endpoint?) {
    var port: UInt16 = 0
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(cuv_host_bytes)) { host in
      guard let base = host.baseAddress else { return (-EINVAL, nil) }
      unsafe host.initialize(repeating: 0)
      let result = unsafe call(base, &port)
      return (result, result < 0 ? nil : Endpoint(unsafe String(cString: base), port))
    }
  }

  static func listenFailure(_ code: Int32, _ endpoint: Endpoint) -> WireFailure {
    switch code {
    case EADDRINUSE: .addressInUse(endpoint)
    case EADDRNOTAVAIL: .addressNotAvailable(endpoint)
    case EINVAL: .invalidAddress(endpoint)
    case EACCES, EPERM: .permissionDenied(endpoint)
    case EMFILE, ENFILE: .tooManyDescriptors
    default: .system(call: "listen", errno: code)
    }
  }

  static func connectFailure(_ code: Int32, _ endpoint: Endpoint) -> WireFailure {
    switch code {
    case ECONNREFUSED: .refused(endpoint)
    case ETIMEDOUT: .connectTimedOut(endpoint)
    case ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN: .unreachable(endpoint)
    case EINVAL: .invalidAddress(endpoint)
    case EADDRNOTAVAIL: .addressNotAvailable(endpoint)
    case ECONNRESET, EPIPE: .reset
    case EMFILE, ENFILE: .tooManyDescriptors
    default: .system(call: "connect", errno: code)
    }
  }
}

/// Stands for a connection that could not even begin.
private final class FailedStream: ByteStream {
  let peer: Endpoint
  let local = Endpoint("", 0)
  let queuedBytes = 0
  var maxQueuedBytes = 0
  var allowsHalfOpen = false
  let receivedBytes: UInt64 = 0
  let sentBytes: UInt64 = 0
  private(set) var isClosed = false
  private let loop: Loop

  init(loop: Loop, peer: Endpoint) {
    self.loop = loop
    self.peer = peer
  }

  func withOutput(_ body: (inout ByteWriter) -> Void) {}
  func pauseReading() {}
  func resumeReading() {}
  func close() { isClosed = true }
  func finish() { isClosed = true }
  func sendFile(_ file: any DiskFile, offset: Int64, count: Int64, completion: @escaping (Bool) -> Void) {
    loop.later { completion(false) }
  }
}

/// A listening socket.
@safe final class SocketListener: Listener, LoopResource {
  /// Connections accepted in one turn.
  static let maxAcceptsPerTurn = 64

  let local: Endpoint
  private let loop: Loop
  private let socket: Int32
  private let accept: (SocketStream) -> (any StreamHandler)?
  private var poll: UnsafeMutablePointer<uv_poll_t>?
  /// Held back so that, when descriptors run out, waiting connections can be taken and closed: they would
  /// keep the listening socket readable, and the loop busy, for ever.
  private var reserve: Int32

  init(
    loop: Loop, socket: Int32, local: Endpoint, accept: @escaping (SocketStream) -> (any StreamHandler)?
  ) throws(WireFailure) {
    self.loop = loop
    self.socket = socket
    self.local = local
    self.accept = accept
    reserve = Self.openReserve()
    let poll = unsafe Handle.make(uv_poll_t.self, owner: self)
    let result = unsafe uv_poll_init(loop.uv, poll, socket)
    if result != 0 {
      unsafe Handle.discard(poll)
      _ = Glibc.close(socket)
      throw .system(call: "uv_poll_init", errno: -result)
    }
    unsafe self.poll = unsafe poll
    unsafe uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
      unsafe Handle.owner(handle, as: SocketListener.self).acceptAll()
    }
    loop.adopt(self)
  }

  private static func openReserve() -> Int32 { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }

  private func acceptAll() {
    for _ in 0..<Self.maxAcceptsPerTurn {
      if unsafe poll == nil { return }
      let (socket, peer) = unsafe Wires.endpoint { host, port in unsafe cuv_accept(self.socket, host, port) }
      guard socket >= 0, let peer else {
        if socket == -EMFILE || socket == -ENFILE {
          if refuseOne() { continue }
        } else if socket == -ECONNABORTED || socket == -EINTR {
          continue
        }
        return
      }
      let stream = SocketStream(
        loop: loop, socket: socket, peer: peer, local: Wires.localAddress(of: socket) ?? local, state: .open)
      if let handler = accept(stream) {
        loop.counters.accepted += 1
        stream.start(handler)
      } else {
        loop.counters.refusedConnections += 1
        stream.close()
      }
    }
  }

  /// Takes one waiting connection with the descriptor held back, and closes it.
  private func refuseOne() -> Bool {
    guard reserve >= 0 else { return false }
    _ = Glibc.close(reserve)
    let (socket, _) = unsafe Wires.endpoint { host, port in unsafe cuv_accept(self.socket, host, port) }
    if socket >= 0 {
      _ = Glibc.close(socket)
      loop.counters.refusedConnections += 1
    }
    reserve = Self.openReserve()
    return socket >= 0
  }

  func close() {
    guard let poll = unsafe poll else { return }
    unsafe self.poll = nil
    unsafe uv_poll_stop(poll)
    unsafe Handle.close(poll)
    // The port is free at once; libuv has let go of the descriptor.
    _ = Glibc.close(socket)
    if reserve >= 0 { _ = Glibc.close(reserve) }
    loop.disown(self)
  }

  func handleClosed() {}

  func abandon() { close() }
}
