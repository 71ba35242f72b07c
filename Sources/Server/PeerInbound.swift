// Connections that other nodes make to this one: a hello both ways, then their requests, answered on the same
// connection as each is done.

import Base
import Coordinator
import Data
import Messages
import Replica
import World

/// Listens for other nodes.
public final class PeerListener {
  let service: any PeerService
  let world: World
  let configuration: PeerConfiguration
  let logger: Logger
  public internal(set) var counters = PeerCounters()
  /// Who this node is; the epoch is filled in for each connection.
  private let identity: Hello
  private var listener: (any Listener)?
  private var connections: [ObjectIdentifier: PeerInbound] = [:]
  private var accepted: UInt64 = 0
  private var nextWarning = Instant(nanoseconds: .min)
  private var unsaidWarnings = 0

  public init(
    world: World, identity: Hello, service: any PeerService, configuration: PeerConfiguration = .init(),
    logger: Logger = .silent
  ) {
    self.world = world
    self.identity = identity
    self.service = service
    self.configuration = configuration
    self.logger = logger
  }

  /// Where it listens, once it does.
  public var local: Endpoint? { listener?.local }
  public var connectionCount: Int { connections.count }

  public func listen(_ endpoint: Endpoint) throws(WireFailure) {
    listener = try world.wire.listen(endpoint, security: configuration.security) { [unowned self] _ in
      guard connections.count < configuration.maxConnections else {
        counters.connectionsRefused += 1
        return nil
      }
      let connection = PeerInbound(self, number: accepted)
      accepted += 1
      connections[ObjectIdentifier(connection)] = connection
      return connection
    }
  }

  /// Takes no new connection, and ends those that are there once their queued answers are sent.
  public func close() {
    listener?.close()
    listener = nil
    for connection in connections.values.sorted(by: { $0.number < $1.number }) { connection.finish() }
  }

  var hello: Hello {
    var hello = identity
    hello.schemaEpoch = service.schemaEpoch
    return hello
  }

  /// At most one line a second: strangers must not fill the log.
  func warn(_ event: String, why: String, from address: String) {
    let now = world.clock.now
    guard now >= nextWarning else {
      unsaidWarnings += 1
      return
    }
    logger.warning(event, ["why": why, "from": address, "unsaid": "\(unsaidWarnings)"])
    nextWarning = now + .seconds(1)
    unsaidWarnings = 0
  }

  func ended(_ connection: PeerInbound) { connections[ObjectIdentifier(connection)] = nil }
}

final class PeerInbound: StreamHandler {
  private let listener: PeerListener
  /// In the order of acceptance, which is the order of everything done to all connections.
  let number: UInt64
  private var stream: (any ByteStream)?
  private var reassembler = Reassembler(headBytes: MessageHeader.bytes)
  /// Nil until its hello was accepted.
  private var peer: UUID?
  private var greetingTimer: TimerToken?
  private var problem: MessageProblem?
  private var inFlight = 0
  private var isReading = true
  private var isCutting = false
  private var isFinished = false

  init(_ listener: PeerListener, number: UInt64) {
    self.listener = listener
    self.number = number
  }

  func opened(_ stream: any ByteStream) {
    self.stream = stream
    // Under TLS it opens a while after it was accepted; the listener may be closed by then.
    if isFinished { return stream.finish() }
    let timeout = listener.configuration.greetingTimeout
    greetingTimer = listener.world.timers.schedule(after: timeout) { [weak self] in
      guard let self, peer == nil else { return }
      greetingTimer = nil
      end("a connection without a hello")
    }
  }

  func closed(_ failure: WireFailure?) {
    stream = nil
    if let greetingTimer { listener.world.timers.cancel(greetingTimer) }
    listener.ended(self)
  }

  func finish() {
    isFinished = true
    stream?.finish()
  }

  private func end(_ event: String) {
    listener.counters.connectionsRefused += 1
    listener.warn("closed a peer's connection", why: event, from: stream?.peer.description ?? "")
    stream?.close()
    stream = nil
  }

  // MARK: Reading

  func received(_ bytes: RawSpan) {
    isCutting = true
    reassembler.push(bytes, measure: { measure($0) }, take: { take($0) })
    isCutting = false
    afterCutting()
  }

  func drained() { resumeIfPossible() }

  private func afterCutting() {
    switch problem {
    case .tooLong(let bytes): end("a message of \(bytes) bytes")
    case .checksum:
      listener.counters.damagedMessages += 1
      end("a damaged message")
    case nil: break
    }
    problem = nil
  }

  private var isOutputFull: Bool { (stream?.queuedBytes ?? 0) > listener.configuration.maxUnsentAnswerBytes }
  private var hasRoom: Bool { inFlight < listener.configuration.maxInFlight && !isOutputFull }
  /// Half of the room must be free again, or what is held back would be moved for each request that ends.
  private var hasRoomAgain: Bool { inFlight <= listener.configuration.maxInFlight / 2 && !isOutputFull }

  private func resumeIfPossible() {
    guard !isReading, !isCutting, hasRoomAgain, let stream else { return }
    isReading = true
    stream.resumeReading()
    isCutting = true
    reassembler.resume(measure: { measure($0) }, take: { take($0) })
    isCutting = false
    afterCutting()
  }

  private func measure(_ head: RawSpan) -> Reassembler.Measure {
    let limits = listener.configuration.limits
    let maxBytes = peer == nil ? limits.maxHelloBytes : limits.maxPayloadBytes
    do throws(DecodeError) {
      let header = try MessageHeader(head)
      guard header.payloadBytes <= maxBytes else {
        problem = .tooLong(header.payloadBytes)
        return .refuse
      }
      return .whole(MessageHeader.bytes + header.payloadBytes)
    } catch {
      return .refuse
    }
  }

  private func take(_ message: RawSpan) -> Bool {
    guard stream != nil else { return false }
    let payload = message.extracting(MessageHeader.bytes..<message.byteCount)
    do throws(DecodeError) {
      let header = try MessageHeader(message.extracting(0..<MessageHeader.bytes))
      guard header.matches(payload) else {
        problem = .checksum
        return false
      }
      if let peer {
        serve(header, payload, from: peer)
      } else {
        try greet(header, payload)
      }
    } catch {
      end("not a hello: \(error)")
      return false
    }
    guard stream != nil else { return false }
    if !hasRoom {
      isReading = false
      stream?.pauseReading()
    }
    return isReading
  }

  private func greet(_ header: MessageHeader, _ payload: RawSpan) throws(DecodeError) {
    guard header.verb == .hello else { throw .badValue("verb") }
    var reader = ByteReader(payload)
    let theirs = try Hello(from: &reader)
    let ours = listener.hello
    do throws(HelloRefusal) {
      _ = try ours.agreedVersion(with: theirs)
    } catch {
      stream?.withOutput {
        MessageWriter.write(.failure, requestID: 0, to: &$0) {
          MessageFailure(.refused, error.reason).encode(to: &$0)
        }
      }
      listener.counters.connectionsRefused += 1
      listener.warn("refused a node", why: error.reason, from: theirs.address)
      stream?.finish()
      stream = nil
      return
    }
    peer = theirs.hostID
    if let greetingTimer { listener.world.timers.cancel(greetingTimer) }
    greetingTimer = nil
    listener.counters.connectionsMade += 1
    stream?.withOutput { MessageWriter.write(.hello, requestID: 0, to: &$0) { ours.encode(to: &$0) } }
    listener.service.greeted(hostID: theirs.hostID, schemaEpoch: theirs.schemaEpoch)
  }

  // MARK: Serving

  private func serve(_ header: MessageHeader, _ payload: RawSpan, from peer: UUID) {
    inFlight += 1
    listener.counters.requestsServed += 1
    let id = header.requestID
    do throws(DecodeError) {
      try run(header, payload, from: peer)
    } catch {
      fail(id, .malformed, "\(header.verb.map { "\($0)" } ?? "verb \(header.rawVerb)"): \(error)")
    }
  }

  private func run(_ header: MessageHeader, _ payload: RawSpan, from peer: UUID) throws(DecodeError) {
    let id = header.requestID
    let service = listener.service
    var reader = ByteReader(payload)
    switch header.verb {
    case .mutation:
      service.apply(try Mutation(from: &reader), from: peer) { [self] refusal in
        if let refusal { fail(id, refusal) } else { answer(.acknowledgement, id) { _ in } }
      }
    case .forward: try forward(payload, id, from: peer)
    case .read: read(try ReadCommand(from: &reader), id, from: peer) { answer(.readResponse, id, $0.encode) }
    case .readDigest:
      read(try ReadCommand(from: &reader), id, from: peer) { response in
        answer(.digest, id) { $0.uint64(response.digest) }
      }
    case .gossip:
      inFlight -= 1
      service.gossip(payload.copied(), from: peer)
    case .schemaPull:
      let schema = service.schema()
      answer(.schema, id) { $0.append(schema) }
    case .schemaPush:
      let epoch = try service.adopt(schema: payload.copied(), from: peer)
      answer(.schemaEpoch, id) { $0.uint32(epoch) }
    case .schemaChange:
      let statement = try SchemaStatement(from: &reader)
      service.changeSchema(statement.text, keyspace: statement.keyspace, from: peer) { [self] outcome in
        answer(.schemaChanged, id) { $0.append(outcome) }
      }
    case .batchStore:
      let batch = try reader.uuid()
      service.storeBatch(batch, body: reader.rest().copied(), from: peer) { [self] refusal in
        if let refusal { fail(id, refusal) } else { answer(.acknowledgement, id) { _ in } }
      }
    case .batchRemove:
      service.removeBatch(try reader.uuid(), from: peer)
      answer(.acknowledgement, id) { _ in }
    case .ping: answer(.pong, id) { _ in }
    case .digest, .forwardAnswer, .hello, .failure, .acknowledgement, .readResponse, .schema,
      .schemaEpoch, .schemaChanged, .pong, nil:
      fail(id, .unknownVerb, "verb \(header.rawVerb) is not understood here")
    }
  }

  private func forward(_ payload: RawSpan, _ id: UInt64, from peer: UUID) throws(DecodeError) {
    var reader = ByteReader(payload)
    let others = try ForwardedWrite.decodeHosts(from: &reader)
    let encoded = payload.extracting((payload.byteCount - reader.remaining)...).copied()
    let mutation = try Mutation(from: &reader)
    listener.counters.forwardsServed += 1
    // One answer each.
    inFlight += others.count
    listener.service.applyAndForward(mutation, encoded: encoded, to: others, from: peer) { [self] hostID, failure in
      answer(.forwardAnswer, id) { ForwardAnswer(hostID: hostID, failure: failure).encode(to: &$0) }
    }
  }

  private func read(_ command: ReadCommand, _ id: UInt64, from peer: UUID, _ done: (ReadResponse) -> Void) {
    do throws(ReplicaRefusal) {
      done(try listener.service.read(command, from: peer))
    } catch {
      fail(id, error)
    }
  }

  private func answer(_ verb: Verb, _ id: UInt64, _ body: (inout ByteWriter) -> Void) {
    inFlight -= 1
    guard let stream else { return }
    stream.withOutput { MessageWriter.write(verb, requestID: id, to: &$0, body) }
    resumeIfPossible()
  }

  private func fail(_ id: UInt64, _ refusal: ReplicaRefusal) {
    let failure = MessageFailure(refusal)
    fail(id, failure.code, failure.text)
  }

  private func fail(_ id: UInt64, _ code: MessageFailure.Code, _ text: String) {
    answer(.failure, id) { MessageFailure(code, text).encode(to: &$0) }
  }
}

extension MessageFailure {
  public init(_ refusal: ReplicaRefusal) {
    switch refusal {
    case .overloaded: self.init(.overloaded, "overloaded")
    case .unknownTable(let table): self.init(.unknownTable, "table \(table) is not known here")
    case .failed(let text): self.init(.failed, text)
    }
  }

  public init(_ failure: ReplicaFailure) {
    switch failure {
    case .unreachable: self.init(.unreachable, "unreachable")
    case .overloaded: self.init(.overloaded, "overloaded")
    case .failed(let text): self.init(.failed, text)
    }
  }
}

extension ReplicaFailure {
  init(_ failure: MessageFailure) {
    switch failure.code {
    case .overloaded: self = .overloaded
    case .unreachable: self = .unreachable
    case .unknownTable, .failed, .malformed, .unknownVerb, .refused: self = .failed(failure.text)
    }
  }
}
