// An HTTP client: a node fetches media files from another, the CLI talks to a node.

import Base

/// A header field, as sent or received.
public struct FetchHeader: Hashable, Sendable {
  public var name: String
  public var value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

public enum FetchMethod: String, Hashable, Sendable {
  case get = "GET"
  case head = "HEAD"
  case put = "PUT"
  case post = "POST"
  case delete = "DELETE"
}

/// What is sent after the head.
public enum FetchBody: Hashable, Sendable {
  case none
  case bytes([UInt8])
  /// A whole file by its absolute path (`Disk.absolutePath`), streamed.
  case file(absolutePath: String)
}

/// Where the answer's body goes.
public enum FetchSink: Hashable, Sendable {
  /// Into `FetchResponse.body`.
  case bytes
  /// Into a new file by its absolute path; must not exist. It is synced before the completion, and removed
  /// when the request fails or its status is not 2xx (the body of such an answer goes to `body`).
  case file(absolutePath: String)
}

/// One request.
public struct FetchRequest: Hashable, Sendable {
  public var method: FetchMethod
  /// `http://127.0.0.1:8080/path?query`; already percent-encoded. Other schemes are refused.
  public var url: String
  public var headers: [FetchHeader]
  public var body: FetchBody
  public var sink: FetchSink
  /// A longer answer fails with `tooLarge`.
  public var maxBodyBytes: Int64
  public var connectTimeout: Duration
  /// The request's whole time; nil: only `idleTimeout` ends it.
  public var timeout: Duration?
  /// Ends a transfer on which nothing moves for this long.
  public var idleTimeout: Duration

  public init(
    _ method: FetchMethod, _ url: String, headers: [FetchHeader] = [], body: FetchBody = .none,
    sink: FetchSink = .bytes, maxBodyBytes: Int64 = 16 << 20, connectTimeout: Duration = .seconds(3),
    timeout: Duration? = .seconds(30), idleTimeout: Duration = .seconds(30)
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.sink = sink
    self.maxBodyBytes = maxBodyBytes
    self.connectTimeout = connectTimeout
    self.timeout = timeout
    self.idleTimeout = idleTimeout
  }
}

/// The answer. Redirects are not followed: they are answers.
public struct FetchResponse: Hashable, Sendable {
  public var status: Int
  public var headers: [FetchHeader]
  /// Empty if the body went to a file.
  public var body: [UInt8]
  /// The body's length.
  public var bodyBytes: Int64

  public init(status: Int, headers: [FetchHeader], body: [UInt8], bodyBytes: Int64) {
    self.status = status
    self.headers = headers
    self.body = body
    self.bodyBytes = bodyBytes
  }

  /// Whether the status is 2xx.
  public var isSuccess: Bool { (200..<300).contains(status) }

  /// The first header of a name, whatever its case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// Why there is no answer.
public enum FetchFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The URL is malformed or not `http`.
  case badURL(String)
  /// No connection; the reason in words.
  case unreachable(String)
  /// Too slow, as the request's timeouts define it.
  case timedOut
  /// The answer's body is longer than `maxBodyBytes`.
  case tooLarge(maxBodyBytes: Int64)
  /// The connection broke, or the answer was no HTTP; the reason in words.
  case broken(String)
  /// A local file could not be read or written; the reason in words.
  case file(String)
  case cancelled
  /// Too many requests wait already.
  case busy

  public var description: String {
    switch self {
    case .badURL(let url): "not an http URL: \(url)"
    case .unreachable(let reason): "no connection: \(reason)"
    case .timedOut: "timed out"
    case .tooLarge(let maxBodyBytes): "the answer is longer than \(maxBodyBytes) bytes"
    case .broken(let reason): "the transfer broke: \(reason)"
    case .file(let reason): "file: \(reason)"
    case .cancelled: "cancelled"
    case .busy: "too many requests are waiting"
    }
  }
}

/// How far a request is, bytes of bodies. A total is 0 while it is unknown.
public struct FetchProgress: Hashable, Sendable {
  public var sentBytes: Int64
  public var sentTotalBytes: Int64
  public var receivedBytes: Int64
  public var receivedTotalBytes: Int64

  public init(sentBytes: Int64, sentTotalBytes: Int64, receivedBytes: Int64, receivedTotalBytes: Int64) {
    self.sentBytes = sentBytes
    self.sentTotalBytes = sentTotalBytes
    self.receivedBytes = receivedBytes
    self.receivedTotalBytes = receivedTotalBytes
  }
}

/// A request under way.
public protocol FetchTransfer: AnyObject {
  /// Ends it; the completion comes with `cancelled` unless it was done already.
  func cancel()
}

/// Sends requests. A bounded number run at once; a bounded number wait.
public protocol Fetch: AnyObject {
  /// Starts a request.
  /// - Parameters:
  ///   - progress: called at most five times a second while bytes move.
  ///   - completion: called once, on the loop, never within this call.
  @discardableResult
  func start(
    _ request: FetchRequest, progress: ((FetchProgress) -> Void)?,
    completion: @escaping (Result<FetchResponse, FetchFailure>) -> Void
  ) -> any FetchTransfer
}

extension Fetch {
  /// Sends a request and waits for its answer.
  public func send(
    _ request: FetchRequest, progress: ((FetchProgress) -> Void)? = nil
  ) async throws(FetchFailure) -> FetchResponse {
    try await suspend { self.start(request, progress: progress, completion: $0) }.get()
  }
}
