// The way to one node: one connection at a time, made when something is to be sent, with growing pauses between
// attempts that fail. Requests are numbered, so that many are under way at once and answers come in any order.
//
// What is asked while the connection is being made waits for the hello; what is asked during a pause fails at once,
// and so does everything that is unanswered when a connection ends: the coordinator keeps a hint or asks another.

import Base
import Coordinator
import Data
import Messages
import World

/// Who waits for an answer, by the kind of it.
enum PeerCompletion {
  case acknowledgement((Result<Void, ReplicaFailure>) -> Void)
  case response((Result<ReadResponse, ReplicaFailure>) -> Void)
  case digest((Result<UInt64, ReplicaFailure>) -> Void)
  case forward(ForwardWait)
  case bytes(Verb, (Result<[UInt8], ReplicaFailure>) -> Void)

  func fail(_ failure: ReplicaFailure) {
    switch self {
    case .acknowledgement(let completion): completion(.failure(failure))
    case .response(let completion): completion(.failure(failure))
    case .digest(let completion): completion(.failure(failure))
    case .forward(let wait): wait.fail(failure)
    case .bytes(_, let completion): completion(.failure(failure))
    }
  }
}

/// A write that one node passes on: an answer from each replica.
final class ForwardWait {
  private(set) var left: [UUID]
  private let completion: (UUID, Result<Void, ReplicaFailure>) -> Void

  init(_ hostIDs: [UUID], _ completion: @escaping (UUID, Result<Void, ReplicaFailure>) -> Void) {
    left = hostIDs
    self.completion = completion
  }

  func answered(_ answer: ForwardAnswer) {
    guard let place = left.firstIndex(of: answer.hostID) else { return }
    left.remove(at: place)
    completion(answer.hostID, answer.failure.map { .failure(ReplicaFailure($0)) } ?? .success(()))
  }

  /// All that have not answered.
  func fail(_ failure: ReplicaFailure) {
    let failed = left
    left = []
    for hostID in failed { completion(hostID, .failure(failure)) }
  }
}

final class PeerLink {
  let endpoint: Endpoint
  private unowned let pool: PeerPool
  /// Who answered the last hello there.
  private(set) var hostID: UUID?
  private var connection: PeerOutbound?
  /// Messages for after the hello.
  private var waiting = ByteWriter()
  /// Whom they are meant for.
  private var waitingFor: Set<UUID> = []
  private var pending: [UInt64: PeerCompletion] = [:]
  /// When each request is given up, in the order they were asked; one that was answered is skipped.
  private var deadlines: [(id: UInt64, due: Instant)] = []
  private var firstDeadline = 0
  private var nextAttempt = Instant(nanoseconds: .min)
  private var backoff: Duration
  /// When something was last to be sent.
  private(set) var lastUsed: Instant

  init(_ endpoint: Endpoint, _ pool: PeerPool) {
    self.endpoint = endpoint
    self.pool = pool
    backoff = pool.configuration.minBackoff
    lastUsed = pool.world.clock.now
  }

  var pendingCount: Int { pending.count }
  var queuedBytes: Int { waiting.count + (connection?.stream?.queuedBytes ?? 0) }
  var isReady: Bool { connection?.isReady ?? false }

  // MARK: Sending

  /// - Parameter hostID: who must be there.
  func request(
    _ verb: Verb, to hostID: UUID, _ completion: PeerCompletion, _ body: (inout ByteWriter) -> Void
  ) {
    if let failure = obstacle(hostID) {
      pool.failed(completion, failure)
      return
    }
    let id = pool.nextRequestID()
    pending[id] = completion
    deadlines.append((id, pool.world.clock.now + pool.configuration.requestTimeout))
    pool.counters.requestsSent += 1
    if !isReady { waitingFor.insert(hostID) }
    output { MessageWriter.write(verb, requestID: id, to: &$0, body) }
  }

  private func obstacle(_ hostID: UUID) -> ReplicaFailure? {
    guard connect() else { return .unreachable }
    if isReady, self.hostID != hostID { return .unreachable }
    let limits = pool.configuration
    if queuedBytes > limits.maxQueuedBytes || pending.count >= limits.maxPendingRequests { return .overloaded }
    return nil
  }

  /// Sends what nobody answers, or drops it.
  func send(_ verb: Verb, _ payload: [UInt8]) -> Bool {
    guard connect(), queuedBytes <= pool.configuration.maxQueuedBytes else { return false }
    output { MessageWriter.write(verb, requestID: 0, payload: payload, to: &$0) }
    return true
  }

  private func output(_ body: (inout ByteWriter) -> Void) {
    if let connection, connection.isReady, let stream = connection.stream {
      stream.withOutput(body)
    } else {
      body(&waiting)
    }
  }

  /// Whether there is a connection or one is being made now.
  private func connect() -> Bool {
    lastUsed = pool.world.clock.now
    if connection != nil { return true }
    guard !pool.isClosed, pool.world.clock.now >= nextAttempt else { return false }
    let connection = PeerOutbound(self, pool)
    self.connection = connection
    connection.connect(to: endpoint)
    return true
  }

  // MARK: The connection's news

  func greeted(by theirs: Hello) {
    backoff = pool.configuration.minBackoff
    pool.counters.connectionsMade += 1
    if waitingFor.contains(where: { $0 != theirs.hostID }) {
      // Another node has this address now: it must not acknowledge what was meant for the old one.
      waiting.removeAll()
      failAll(.unreachable)
    }
    waitingFor = []
    hostID = theirs.hostID
    pool.greeted(self, theirs)
    let bytes = waiting.take()
    if !bytes.isEmpty { connection?.stream?.withOutput { $0.append(bytes) } }
  }

  /// The connection is no more; `connection` lets go of this link.
  func lost(_ reason: String) {
    let wasReady = isReady
    connection = nil
    waiting = ByteWriter()
    waitingFor = []
    let jitter = Double(pool.world.entropy.below(1000)) / 1000
    nextAttempt = pool.world.clock.now + backoff * (0.5 + jitter / 2)
    backoff = min(backoff * 2, pool.configuration.maxBackoff)
    failAll(.unreachable)
    pool.lost(self, wasReady: wasReady, reason: reason)
  }

  /// Attempts may begin again at once: the node was heard of.
  func forgetBackoff() {
    nextAttempt = Instant(nanoseconds: .min)
    backoff = pool.configuration.minBackoff
  }

  func close() { connection?.abandon("closed") }

  private func failAll(_ failure: ReplicaFailure) {
    let failed = pending.sorted { $0.key < $1.key }
    pending = [:]
    deadlines = []
    firstDeadline = 0
    for (_, completion) in failed { pool.failed(completion, failure) }
  }

  // MARK: Answers

  /// - Returns: false if the message is none that a peer may send here.
  func received(_ header: MessageHeader, _ payload: RawSpan) -> Bool {
    var reader = ByteReader(payload)
    if header.verb == .forwardAnswer { return forwarded(header.requestID, &reader) }
    guard let completion = pending.removeValue(forKey: header.requestID) else {
      // Given up before, or an answer to a ping.
      return header.verb != nil
    }
    do throws(DecodeError) {
      switch (header.verb, completion) {
      case (.acknowledgement, .acknowledgement(let completion)): completion(.success(()))
      case (.readResponse, .response(let completion)): completion(.success(try ReadResponse(from: &reader)))
      case (.digest, .digest(let completion)): completion(.success(try reader.uint64()))
      case (let verb, .bytes(let expected, let completion)) where verb == expected:
        completion(.success(payload.copied()))
      case (.failure, _): fail(completion, try MessageFailure(from: &reader))
      default: throw .badValue("verb of an answer")
      }
      return true
    } catch {
      completion.fail(.failed("\(endpoint) answered what cannot be read: \(error)"))
      return false
    }
  }

  /// One of several answers to one request.
  private func forwarded(_ id: UInt64, _ reader: inout ByteReader) -> Bool {
    // Given up before.
    guard let completion = pending[id] else { return true }
    guard case .forward(let wait) = completion else { return false }
    do throws(DecodeError) {
      let answer = try ForwardAnswer(from: &reader)
      if answer.failure != nil { pool.counters.requestsFailed += 1 }
      wait.answered(answer)
    } catch {
      return false
    }
    if wait.left.isEmpty { pending[id] = nil }
    return true
  }

  private func fail(_ completion: PeerCompletion, _ failure: MessageFailure) {
    pool.counters.requestsFailed += 1
    completion.fail(ReplicaFailure(failure))
  }

  // MARK: Time

  /// Once a second.
  func sweep(now: Instant) {
    while firstDeadline < deadlines.count {
      let (id, due) = deadlines[firstDeadline]
      // What was answered goes before it is due, or a busy link would keep all of the last seconds.
      guard due <= now || pending[id] == nil else { break }
      firstDeadline += 1
      if let completion = pending.removeValue(forKey: id) {
        pool.counters.requestsExpired += 1
        completion.fail(.unreachable)
      }
    }
    if firstDeadline == deadlines.count {
      deadlines = []
      firstDeadline = 0
    } else if firstDeadline > 1024 {
      deadlines.removeFirst(firstDeadline)
      firstDeadline = 0
    }
    connection?.sweep(now: now)
  }
}
