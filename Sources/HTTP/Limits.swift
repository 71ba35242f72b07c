// Every limit of the HTTP side, named with its unit, in one place.

/// What one connection may cost. The defaults suit API calls and media; a route may allow a larger body.
public struct HTTPLimits: Sendable {
  /// Method, target and version with their spaces.
  public var maxRequestLineBytes = 8 * 1024
  /// One header line.
  public var maxHeaderLineBytes = 8 * 1024
  /// All header lines together.
  public var maxHeaderBytes = 16 * 1024
  public var maxHeaderCount = 100
  /// A chunk's size with its extensions.
  public var maxChunkLineBytes = 1024
  /// All trailer lines together.
  public var maxTrailerBytes = 4 * 1024
  /// A body, unless the route says otherwise.
  public var maxBodyBytes: UInt64 = 1024 * 1024
  /// Received and not yet parsed: at this much, reading pauses.
  public var maxBufferedBytes = 64 * 1024
  /// What a body that nobody wants may still hold for the connection to live on: more is not worth reading.
  public var maxDiscardedBodyBytes: UInt64 = 64 * 1024
  /// Output that waits for the client: above it the next pipelined request is not begun.
  public var maxQueuedOutputBytes = 256 * 1024
  /// Requests served on one connection.
  public var maxRequests = 100_000

  /// From the connection to its first byte.
  public var firstByteTimeout: Duration = .seconds(10)
  /// From a head's first byte to its last.
  public var headTimeout: Duration = .seconds(10)
  /// For a body to begin and to end, over what `minBodyBytesPerSecond` allows.
  public var bodyTimeout: Duration = .seconds(20)
  /// A body that comes more slowly than this for long is cut off.
  public var minBodyBytesPerSecond: UInt64 = 4 * 1024
  /// From an answer to the next request's first byte.
  public var idleTimeout: Duration = .seconds(60)
  /// A client must take `minSentBytes` of what waits for it, or all of it, in this time.
  public var unreadTimeout: Duration = .seconds(60)
  public var minSentBytes: UInt64 = 16 * 1024

  public init() {}
}
