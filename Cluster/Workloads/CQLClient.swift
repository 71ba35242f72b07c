// A client of a cluster: it speaks CQL's native protocol over World's wire, as a driver does, so that what is tested is
// the whole node. It connects again when its connection ends; a request whose connection ended has no known outcome.

import Base
import Frames
import World

/// How a request ended for who sent it.
public enum ClientOutcome {
  case answered(Response)
  /// The connection ended, or no answer came in time: it may have been done or not, or be done yet.
  case unknown
}

/// One client with a connection to one node at a time. Called within a tick of its world's loop.
public final class CQLClient {
  private let world: World
  private var connection: ClientConnection?
  private let requestTimeout: Duration
  /// A connection that stood has ended.
  public var onLost: () -> Void = {}

  /// - Parameter requestTimeout: longer than any of the nodes' own timeouts, unless impatience is wanted.
  public init(world: World, requestTimeout: Duration = .seconds(20)) {
    self.world = world
    self.requestTimeout = requestTimeout
  }

  /// Sends a request to the node at `endpoint`, connecting first where needed. The completion comes once, later.
  public func send(_ request: Request, to endpoint: Endpoint, completion: @escaping (ClientOutcome) -> Void) {
    if connection == nil || connection?.endpoint != endpoint || connection?.isOver == true {
      connection?.close()
      connection = ClientConnection(endpoint: endpoint, world: world) { [weak self] in self?.onLost() }
    }
    connection?.send(request, timeout: requestTimeout, completion: completion)
  }

  public var isConnected: Bool { connection.map { !$0.isOver } ?? false }

  public func close() {
    connection?.close()
    connection = nil
  }
}

private final class ClientConnection: StreamHandler {
  let endpoint: Endpoint
  private let world: World
  private var stream: (any ByteStream)?
  private var reassembler = Reassembler(headBytes: FrameHeader.bytes)
  private var waiting: [Int16: (ClientOutcome) -> Void] = [:]
  private var nextStream: Int16 = 1
  private(set) var isOver = false
  private var hasOpened = false
  private let onLost: () -> Void

  init(endpoint: Endpoint, world: World, onLost: @escaping () -> Void) {
    self.endpoint = endpoint
    self.world = world
    self.onLost = onLost
    stream = world.wire.connect(to: endpoint, handler: self, timeout: .seconds(2))
    write(.startup(options: ["CQL_VERSION": "3.0.0"]), on: 0)
  }

  private func write(_ request: Request, on number: Int16) {
    stream?.withOutput { request.encode(stream: number, to: &$0) }
  }

  func send(_ request: Request, timeout: Duration, completion: @escaping (ClientOutcome) -> Void) {
    let number = nextStream
    nextStream = nextStream == .max ? 1 : nextStream + 1
    waiting[number] = completion
    world.timers.schedule(after: timeout) { [self] in
      guard let late = waiting.removeValue(forKey: number) else { return }
      late(.unknown)
      // As drivers do: a connection that does not answer is given up.
      close()
    }
    write(request, on: number)
  }

  func close() {
    stream?.close()
    fail()
  }

  private func fail() {
    isOver = true
    stream = nil
    let completions = waiting.sorted { $0.key < $1.key }.map(\.value)
    waiting = [:]
    for completion in completions { completion(.unknown) }
  }

  func opened(_ stream: any ByteStream) { hasOpened = true }

  func closed(_ failure: WireFailure?) {
    let wasLost = hasOpened && !isOver
    fail()
    if wasLost { onLost() }
  }

  func received(_ bytes: RawSpan) {
    reassembler.push(
      bytes,
      measure: { head in
        guard let header = try? FrameHeader(head, isRequest: false) else { return .refuse }
        return .whole(FrameHeader.bytes + header.bodyBytes)
      },
      take: { frame in
        take(frame)
        return true
      })
  }

  private func take(_ frame: RawSpan) {
    guard let header = try? FrameHeader(frame.extracting(0..<FrameHeader.bytes), isRequest: false),
      let body = try? ReceivedResponse(header, body: frame.extracting(FrameHeader.bytes..<frame.byteCount)),
      let completion = waiting.removeValue(forKey: header.stream)
    else { return }
    completion(.answered(body.response))
  }
}
