// Ordered byte streams: what a node sends to drivers, peers and browsers goes through these.
//
// Output is only ever appended during a tick; the loop sends each dirty stream once, at the tick's end.
// Measured before: a TCP send and recv cost 7 us whether they carry one answer or sixty, so coalescing is
// where the savings are. Input comes as a span over the loop's one receive buffer: a handler copies what
// it keeps.

import Base

/// An address to listen on or to connect to: an IPv4 or IPv6 address in text, and a port.
/// Names are not looked up here.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// `127.0.0.1` or `::1`; without brackets.
  public var host: String
  /// 0 lets the kernel choose (listeners only).
  public var port: UInt16

  public init(_ host: String, _ port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `127.0.0.1:9042` or `[::1]:9042`; nil for anything else. Digits alone are looked at: whether
  /// the host is an address is found out by `listen` and `connect`.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(String(host), port)
  }

  /// `127.0.0.1:9042` or `[::1]:9042`.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Why a listener or a stream could not be made, or why it ended.
public enum WireFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// Somebody listens on this address already.
  case addressInUse(Endpoint)
  /// The machine has no such address.
  case addressNotAvailable(Endpoint)
  /// The host is neither an IPv4 nor an IPv6 address.
  case invalidAddress(Endpoint)
  /// The port may not be bound by this user.
  case permissionDenied(Endpoint)
  /// Nobody listens there.
  case refused(Endpoint)
  /// No answer within the connect timeout.
  case connectTimedOut(Endpoint)
  /// No way there.
  case unreachable(Endpoint)
  /// The peer ended the connection without reading what was sent.
  case reset
  /// The peer does not read: more than `maxQueuedBytes` waited for it.
  case outputOverflow(maxBytes: Int)
  /// A file that was being sent could not be read, or is shorter than was promised.
  case fileUnreadable
  /// This process has no descriptor left.
  case tooManyDescriptors
  /// TLS: a file is missing or does not fit, or the two sides did not agree. In words.
  case security(String)
  /// Anything else: the failed call and its errno.
  case system(call: String, errno: Int32)

  public var description: String {
    switch self {
    case .addressInUse(let endpoint): "address in use: \(endpoint)"
    case .addressNotAvailable(let endpoint): "this machine has no address \(endpoint.host)"
    case .invalidAddress(let endpoint): "not an IP address: \(endpoint.host)"
    case .permissionDenied(let endpoint): "not allowed to listen on \(endpoint)"
    case .refused(let endpoint): "connection refused by \(endpoint)"
    case .connectTimedOut(let endpoint): "no answer from \(endpoint)"
    case .unreachable(let endpoint): "no way to \(endpoint)"
    case .reset: "connection reset by the peer"
    case .outputOverflow(let maxBytes): "the peer does not read: over \(maxBytes) bytes wait for it"
    case .fileUnreadable: "the file being sent could not be read to its promised end"
    case .tooManyDescriptors: "too many open files"
    case .security(let why): "TLS: \(why)"
    case .system(let call, let errno): "\(call) failed with errno \(errno)"
    }
  }
}

/// Listens and connects.
public protocol Wire: AnyObject {
  /// Listens at `endpoint`. For each connection `accept` is asked for its handler; nil closes it at once.
  /// The stream is open when `accept` is called; `opened` follows.
  /// - Throws: `addressInUse` with the address, also when the other listener would share the port.
  func listen(
    _ endpoint: Endpoint, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener

  /// Starts to connect. The handler is told `opened` when the connection stands, or `closed` with the
  /// reason, never within this call. Output may be appended at once: it is sent when the connection stands.
  func connect(to endpoint: Endpoint, handler: any StreamHandler, timeout: Duration) -> any ByteStream

  /// The same with a say about security. Under TLS `opened` follows the handshake.
  /// - Throws: also `security` where a file of the settings cannot be used.
  func listen(
    _ endpoint: Endpoint, security: WireSecurity, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener

  /// The same with a say about security. Output that is appended before the handshake is done is never sent in the
  /// open. A file that cannot be used ends the stream as any other failure.
  func connect(
    to endpoint: Endpoint, security: WireSecurity, handler: any StreamHandler, timeout: Duration
  ) -> any ByteStream

  /// Looks now whether certificate files have changed, rather than at the next of the regular looks. Files that
  /// cannot be used are logged, and those before them stay in use.
  func reloadSecurity()
}

/// A listening socket; ends with `close()`.
public protocol Listener: AnyObject {
  /// Where it listens; the port is the true one if 0 was asked for.
  var local: Endpoint { get }
  /// Stops listening. Connections made before go on.
  func close()
}

/// One connection. Loop-bound.
///
/// It lives, whoever holds it, until `closed` was called on its handler; then it lets go of the handler.
/// Calls on a closed stream do nothing.
public protocol ByteStream: AnyObject {
  /// The other end.
  var peer: Endpoint { get }
  /// This end.
  var local: Endpoint { get }

  /// Appends to the stream's output. What `body` writes goes out at the end of the tick, in one send with
  /// whatever else the tick appended.
  func withOutput(_ body: (inout ByteWriter) -> Void)

  /// Bytes appended but not yet taken by the kernel, files included.
  var queuedBytes: Int { get }

  /// Over this many queued bytes (files not counted) at a tick's end the stream is aborted with `outputOverflow`.
  /// Default 64 MiB.
  var maxQueuedBytes: Int { get set }

  /// Whether the peer's end of sending leaves this side open. If false (the default), the stream behaves at
  /// the peer's end as if `finish()` were called. If true, the handler is told `ended()` and must finish.
  var allowsHalfOpen: Bool { get set }

  /// Reads no more until `resumeReading()`. Bytes already in hand are still delivered.
  func pauseReading()
  func resumeReading()

  /// Aborts: queued output is thrown away. `closed(nil)` follows in a later tick.
  func close()

  /// Sends what is queued, ends this side, then reads and throws away what still comes until the peer ends
  /// too (2 s and 1 MiB at most): a lingering close, so that the last answer is not lost to a reset.
  /// The handler hears nothing more but `closed`.
  func finish()

  /// Queues `count` bytes of a file from `offset`, in order after what is queued. `completion` is called
  /// when the kernel took the last byte (true) or the stream ended before (false).
  func sendFile(_ file: any DiskFile, offset: Int64, count: Int64, completion: @escaping (_ sent: Bool) -> Void)

  /// Bytes ever received and sent, for counters.
  var receivedBytes: UInt64 { get }
  var sentBytes: UInt64 { get }
}

/// What a stream tells. All calls come on the loop; a stream never calls its handler from within a call
/// the handler makes on it.
public protocol StreamHandler: AnyObject {
  /// The connection stands. The first call; comes once, unless connecting failed.
  func opened(_ stream: any ByteStream)
  /// Bytes came: at most 64 KiB a stream and turn. The span is only good during the call.
  func received(_ bytes: RawSpan)
  /// Queued output, which had been over 256 KiB, fell below 64 KiB.
  func drained()
  /// The peer sent its last byte; only if the stream `allowsHalfOpen`.
  func ended()
  /// The last call. nil: the peer ended, or this side closed or finished.
  func closed(_ failure: WireFailure?)
}

extension StreamHandler {
  public func drained() {}
  public func ended() {}
}
