// One driver's connection: frames in, answers out in whatever order they are done (v4.spec section 2.3).
//
// STARTUP comes first, only OPTIONS may come before it; then requests, many under way at once. A frame that lies whole
// in what was received is decoded where it lies; an answer is written straight into the connection's output. When too
// many requests are under way, or answers are not fetched, the connection is not read until that is over.
//
// A frame that cannot be read gets a protocol error; then no more is read, what is under way is answered, and the
// connection ends. A body that is merely too long is answered with an error and passed over.

import Base
import Frames
import Query
import World

final class CQLConnection: StreamHandler {
  private enum State { case starting, ready, ending }

  private let listener: CQLListener
  /// In the order of acceptance, which is the order of everything done to all connections.
  let number: UInt64
  private var stream: (any ByteStream)?
  private var state = State.starting
  private var reassembler = Reassembler(headBytes: FrameHeader.bytes)
  private var inFlight = 0
  private var isReading = true
  /// While frames are cut: answers that come within the call must not cut further ones.
  private var isCutting = false
  private var headerProblem: HeaderProblem?
  private var refusedStream: Int16 = 0
  private var eventTypes: Set<EventType> = []
  /// Of USE.
  private var keyspace: String?
  private var startupTimer: TimerToken?

  init(_ listener: CQLListener) {
    self.listener = listener
    number = listener.counters.connectionsAccepted
  }

  func opened(_ stream: any ByteStream) {
    self.stream = stream
    startupTimer = listener.world.timers.schedule(after: listener.configuration.startupTimeout) { [weak self] in
      guard let self, state == .starting else { return }
      startupTimer = nil
      endWhenAnswered()
    }
  }

  func closed(_ failure: WireFailure?) {
    stream = nil
    state = .ending
    cancelStartupTimer()
    listener.ended(self)
  }

  private func cancelStartupTimer() {
    if let startupTimer { listener.world.timers.cancel(startupTimer) }
    startupTimer = nil
  }

  // MARK: Reading

  func received(_ bytes: RawSpan) {
    isCutting = true
    reassembler.push(bytes, measure: { measure($0) }, take: { take($0) })
    isCutting = false
    refuseHeader()
    endIfAnswered()
  }

  func drained() { resumeIfPossible() }

  private var isOutputFull: Bool { (stream?.queuedBytes ?? 0) > listener.maxUnsentBytes }
  private var hasRoom: Bool { inFlight < listener.configuration.maxInFlightPerConnection && !isOutputFull }
  /// Half of the room must be free again, or what is held back would be moved for each request that ends.
  private var hasRoomAgain: Bool { inFlight <= listener.configuration.maxInFlightPerConnection / 2 && !isOutputFull }

  private func resumeIfPossible() {
    guard !isReading, !isCutting, state != .ending, hasRoomAgain, let stream else { return }
    isReading = true
    stream.resumeReading()
    isCutting = true
    reassembler.resume(measure: { measure($0) }, take: { take($0) })
    isCutting = false
    refuseHeader()
    endIfAnswered()
  }

  private func pauseReading() {
    isReading = false
    stream?.pauseReading()
  }

  private var maxBodyBytes: Int {
    let configuration = listener.configuration
    return state == .starting ? configuration.maxUnstartedBodyBytes : configuration.limits.maxBodyBytes
  }

  private func measure(_ head: RawSpan) -> Reassembler.Measure {
    do throws(HeaderProblem) {
      let header = try FrameHeader(head, isRequest: true)
      let bytes = FrameHeader.bytes + header.bodyBytes
      return header.bodyBytes <= maxBodyBytes ? .whole(bytes) : .skip(bytes)
    } catch {
      headerProblem = error
      refusedStream = FrameHeader.stream(ofHead: head)
      return .refuse
    }
  }

  /// Where the next frame begins is not known any more.
  private func refuseHeader() {
    guard let problem = headerProblem, state != .ending else { return }
    headerProblem = nil
    refuse(problem.message, stream: refusedStream)
  }

  /// - Returns: whether more may be taken.
  private func take(_ frame: RawSpan) -> Bool {
    guard state != .ending, stream != nil else { return false }
    do throws(HeaderProblem) {
      let header = try FrameHeader(frame.extracting(0..<FrameHeader.bytes), isRequest: true)
      listener.counters.count(header.opcode)
      if header.bodyBytes > maxBodyBytes {
        refuseLength(header)
      } else {
        run(header, body: frame.extracting(FrameHeader.bytes..<frame.byteCount))
      }
    } catch {
      headerProblem = error
      return false
    }
    if state == .ending { return false }
    if !hasRoom, isReading {
      listener.counters.pauses += 1
      pauseReading()
    }
    return isReading
  }

  private func refuseLength(_ header: FrameHeader) {
    let text = "Request is too big: length \(header.bodyBytes) exceeds maximum allowed length \(maxBodyBytes)."
    if state == .starting {
      refuse(text, stream: header.stream)
    } else {
      answer(header.stream, ErrorMessage(.invalid, text))
    }
  }

  // MARK: Requests

  private func run(_ header: FrameHeader, body: RawSpan) {
    let request: Request
    do throws(DecodeError) {
      request = try Request(header, body: body, limits: listener.configuration.limits)
    } catch {
      refuse("Invalid \(header.opcode.name) message: \(error)", stream: header.stream)
      return
    }
    let stream = header.stream
    switch (request, state) {
    case (.options, _):
      output { ResponseWriter(stream: stream).supported(listener.configuration.supported, to: &$0) }
    case (.startup(let options), .starting): start(options, stream: stream)
    case (_, .starting):
      refuse("Unexpected message \(header.opcode.name), expecting STARTUP or OPTIONS", stream: stream)
    case (.startup, _), (.authResponse, _):
      refuse("Unexpected message \(header.opcode.name), the connection is ready already", stream: stream)
    case (.register(let types), _): register(types, stream: stream)
    case (.prepare(let text), _): prepare(text, stream: stream)
    case (.query(let text, let parameters), _):
      guard begin(stream) else { return }
      listener.engine.execute(
        text, QueryOptions(parameters, keyspace: keyspace),
        completion: completion(stream, skipsMetadata: parameters.skipsMetadata))
    case (.execute(let id, let parameters), _):
      guard begin(stream) else { return }
      listener.engine.execute(
        id: id, QueryOptions(parameters, keyspace: keyspace),
        completion: completion(stream, skipsMetadata: parameters.skipsMetadata))
    case (.batch(let batch), _): runBatch(batch, stream: stream)
    }
  }

  private func start(_ options: [String: String], stream: Int16) {
    guard options["CQL_VERSION"] != nil else {
      refuse("Missing value CQL_VERSION in STARTUP message", stream: stream)
      return
    }
    if let compression = options["COMPRESSION"], !compression.isEmpty {
      refuse("Unknown compression algorithm: \(compression)", stream: stream)
      return
    }
    state = .ready
    cancelStartupTimer()
    output { ResponseWriter(stream: stream).ready(to: &$0) }
  }

  private func register(_ types: [String], stream: Int16) {
    var wanted: Set<EventType> = []
    for name in types {
      guard let type = EventType(rawValue: name) else {
        refuse("Invalid value '\(name)' for Type", stream: stream)
        return
      }
      wanted.insert(type)
    }
    eventTypes.formUnion(wanted)
    output { ResponseWriter(stream: stream).ready(to: &$0) }
  }

  private func prepare(_ text: String, stream: Int16) {
    do throws(QueryFailure) {
      let statement = try listener.engine.prepare(text, keyspace: keyspace)
      output {
        ResponseWriter(stream: stream).prepared(
          id: statement.id.bytes, markers: statement.variables.specifications,
          partitionKeyIndices: statement.partitionKeyIndexes.map(Int.init),
          resultColumns: statement.resultColumns?.specifications, to: &$0)
      }
    } catch {
      answer(stream, ErrorMessage(error))
    }
  }

  private func runBatch(_ batch: BatchRequest, stream: Int16) {
    guard begin(stream) else { return }
    let members = batch.statements.map { statement in
      switch statement.source {
      case .text(let text): BatchMember.text(text, .positional(statement.values))
      case .prepared(let id): BatchMember.prepared(id: id, .positional(statement.values))
      }
    }
    let parameters = QueryParameters(
      consistency: batch.consistency, serialConsistency: batch.serialConsistency,
      defaultTimestampMicroseconds: batch.defaultTimestampMicroseconds)
    let kind: BatchKind =
      switch batch.kind {
      case .logged: .logged
      case .unlogged: .unlogged
      case .counter: .counter
      }
    listener.engine.batch(
      kind, members, QueryOptions(parameters, keyspace: keyspace),
      completion: completion(stream, skipsMetadata: false))
  }

  // MARK: Answers

  /// Counts a request as under way; refuses it where the node has too many.
  private func begin(_ stream: Int16) -> Bool {
    guard listener.counters.inFlightNow < listener.configuration.maxInFlight else {
      listener.counters.overloaded += 1
      answer(
        stream,
        ErrorMessage(.overloaded, "\(listener.counters.inFlightNow) requests are under way on this node"))
      return false
    }
    inFlight += 1
    listener.counters.inFlightNow += 1
    return true
  }

  /// Answers one request; after the connection is gone it goes nowhere.
  private func completion(_ stream: Int16, skipsMetadata: Bool) -> (Result<QueryResult, QueryFailure>) -> Void {
    let began = listener.world.clock.now
    return { [self] result in
      inFlight -= 1
      listener.counters.inFlightNow -= 1
      let elapsed = listener.world.clock.now - began
      listener.counters.latency.record(microseconds: elapsed.wholeNanoseconds / 1000)
      switch result {
      case .success(let result): answer(stream, result, skipsMetadata: skipsMetadata)
      case .failure(let failure): answer(stream, ErrorMessage(failure))
      }
      endIfAnswered()
      resumeIfPossible()
    }
  }

  private func answer(_ stream: Int16, _ result: QueryResult, skipsMetadata: Bool) {
    let writer = ResponseWriter(stream: stream)
    switch result.body {
    case .void: output { writer.void(warnings: result.warnings, to: &$0) }
    case .setKeyspace(let name):
      keyspace = name
      output { writer.setKeyspace(name, warnings: result.warnings, to: &$0) }
    case .schemaChange(let event):
      output { writer.schemaChange(SchemaChangeMessage(event), warnings: result.warnings, to: &$0) }
    case .rows(let rows):
      let metadata = skipsMetadata ? nil : listener.metadataCache.encoded(rows.columns)
      output {
        writer.rows(
          columnCount: rows.columns.count, metadata: metadata, pagingState: rows.pagingState, rowCount: rows.rowCount,
          cells: rows.cells.bytes, warnings: result.warnings, to: &$0)
      }
    }
  }

  private func answer(_ stream: Int16, _ error: ErrorMessage) {
    listener.counters.count(error: error.code)
    output { ResponseWriter(stream: stream).error(error, to: &$0) }
  }

  private func output(_ body: (inout ByteWriter) -> Void) { stream?.withOutput(body) }

  func isRegistered(_ type: EventType) -> Bool { state == .ready && eventTypes.contains(type) }

  /// Appends an event's frame.
  func push(_ frame: [UInt8]) { output { $0.append(frame) } }

  // MARK: Ending

  /// Says what is wrong, then ends.
  private func refuse(_ message: String, stream: Int16) {
    listener.counters.protocolErrors += 1
    answer(stream, ErrorMessage(.protocolError, message))
    listener.logger.debug("protocol error", ["why": message, "client": self.stream?.peer.description ?? ""])
    endWhenAnswered()
  }

  /// Reads no more; ends when all that is under way is answered.
  func drain() { endWhenAnswered() }

  private func endWhenAnswered() {
    guard state != .ending else { return }
    state = .ending
    pauseReading()
    endIfAnswered()
  }

  private func endIfAnswered() {
    guard state == .ending, inFlight == 0, !isCutting, let stream else { return }
    self.stream = nil
    // A paused stream would not see the peer's end, nor what it still sends.
    stream.resumeReading()
    stream.finish()
  }
}
