// One driver's connection: frames in, answers out in whatever order they are done (v4.spec section 2.3).
//
// STARTUP comes first, only OPTIONS may come before it; with an authenticator only AUTH_RESPONSE after it, until that
// succeeds; then requests, many under way at once. STARTUP's version is the connection's. A frame that lies whole in
// what was received is decoded where it lies; an answer is written straight into the connection's output. When too many
// requests are under way, or answers are not fetched, the connection is not read until that is over.
//
// From v5 on, what follows STARTUP's answer travels in segments: payloads are cut out of them where they lie and are
// cut into frames the same way, and what a tick has to say is kept and sealed in segments at the tick's end.
//
// A frame or segment that cannot be read gets a protocol error; then no more is read, what is under way is answered,
// and the connection ends. A body that is merely too long is answered with an error and passed over.

import Access
import Base
import Frames
import Query
import World

final class CQLConnection: StreamHandler {
  enum State { case starting, authenticating, ready, ending }

  let listener: CQLListener
  /// In the order of acceptance, which is the order of everything done to all connections.
  let number: UInt64
  private(set) var stream: (any ByteStream)?
  var state = State.starting
  /// Of the last frame; from STARTUP on of all.
  private(set) var version = ProtocolVersion.newest
  /// Of bodies, as agreed upon for v3 and v4.
  var compression: FrameCompression?
  private var reassembler = Reassembler(headBytes: FrameHeader.bytes)
  private var inFlight = 0
  private var isReading = true
  /// What came all the same: a stream hands on what it has already.
  private var unread: [UInt8] = []
  /// While frames are cut: answers that come within the call must not cut further ones.
  private var isCutting = false
  private var headerProblem: HeaderProblem?
  private var refusedStream: Int16 = 0
  var eventTypes: Set<EventType> = []
  /// Of USE.
  private(set) var keyspace: String?
  private var startupTimer: TimerToken?
  /// Changed columns that were told on this connection, by their ids.
  private var knownColumns: Set<[UInt8]> = []

  // v5
  private(set) var hasSegments = false
  private var areSegmentsCompressed = false
  private var segments: SegmentReader?
  private var segmentProblem: SegmentReader.Problem?
  private var isInSelfContained = false
  /// STARTUP is being answered: what follows must not be cut as it was before.
  private var isSwitching = false
  /// Frames that are in no segment yet.
  private var unsealed = ByteWriter()

  // Authentication
  /// Whom the connection speaks for; nil where nobody is asked.
  var principal: Principal?
  var isChecking = false
  var failedAttempts = 0

  init(_ listener: CQLListener) {
    self.listener = listener
    number = listener.counters.connectionsAccepted
  }

  func opened(_ stream: any ByteStream) {
    self.stream = stream
    // Under TLS it opens a while after it was accepted; the listener may drain by then.
    if state == .ending { return endIfAnswered() }
    startupTimer = listener.world.timers.schedule(after: listener.configuration.startupTimeout) { [weak self] in
      guard let self, state == .starting || state == .authenticating else { return }
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

  /// Requests may come.
  func becomeReady() {
    state = .ready
    cancelStartupTimer()
  }

  /// What follows on this connection is in segments, both ways.
  func beginSegments(isCompressed: Bool) {
    hasSegments = true
    isSwitching = true
    areSegmentsCompressed = isCompressed
  }

  // MARK: Reading

  func received(_ bytes: RawSpan) {
    guard state != .ending else { return }
    guard isReading else { return unsafe bytes.withUnsafeBytes { unsafe unread.append(contentsOf: $0) } }
    isCutting = true
    if hasSegments { cutSegments(bytes) } else { cutFrames(bytes) }
    isCutting = false
    refuseProblem()
    endIfAnswered()
  }

  func drained() { resumeIfPossible() }

  private var isOutputFull: Bool { (stream?.queuedBytes ?? 0) + unsealed.count > listener.maxUnsentBytes }
  private var hasRoom: Bool { inFlight < listener.configuration.maxInFlightPerConnection && !isOutputFull }
  /// Half of the room must be free again, or what is held back would be moved for each request that ends.
  private var hasRoomAgain: Bool { inFlight <= listener.configuration.maxInFlightPerConnection / 2 && !isOutputFull }

  private func resumeIfPossible() {
    guard !isReading, !isCutting, state != .ending, hasRoomAgain, let stream else { return }
    isReading = true
    stream.resumeReading()
    isCutting = true
    reassembler.resume(measure: { measure($0) }, take: { take($0) })
    if isSwitching { switchToSegments() } else if hasSegments, endPayload() { resumeSegments() }
    if isReading, state != .ending, !unread.isEmpty, headerProblem == nil, segmentProblem == nil {
      let bytes = unread
      unread = []
      if hasSegments { unsafe cutSegments(bytes.span.bytes) } else { unsafe cutFrames(bytes.span.bytes) }
    }
    isCutting = false
    refuseProblem()
    endIfAnswered()
  }

  private func pauseReading() {
    isReading = false
    stream?.pauseReading()
  }

  private var maxBodyBytes: Int {
    let configuration = listener.configuration
    return switch state {
    case .starting, .authenticating: configuration.maxUnstartedBodyBytes
    case .ready, .ending: configuration.limits.maxBodyBytes
    }
  }

  private func cutFrames(_ bytes: RawSpan) {
    reassembler.push(bytes, measure: { measure($0) }, take: { take($0) })
    if isSwitching { switchToSegments() }
  }

  /// Begins behind STARTUP.
  private func switchToSegments() {
    isSwitching = false
    segments = SegmentReader(isCompressed: areSegmentsCompressed)
    // A client that did not wait for STARTUP's answer.
    let rest = reassembler.takeHeld()
    if rest.isEmpty { return }
    if isReading { unsafe cutSegments(rest.span.bytes) } else { unread = rest + unread }
  }

  private func cutSegments(_ bytes: RawSpan) {
    do throws(SegmentReader.Problem) {
      try segments?.push(bytes) { takePayload($0, isSelfContained: $1) }
    } catch { segmentProblem = error }
  }

  private func resumeSegments() {
    do throws(SegmentReader.Problem) {
      try segments?.resume { takePayload($0, isSelfContained: $1) }
    } catch { segmentProblem = error }
  }

  /// - Returns: whether the next segment may be taken.
  private func takePayload(_ payload: RawSpan, isSelfContained: Bool) -> Bool {
    guard state != .ending else { return false }
    if isSelfContained, !reassembler.isBetweenPieces {
      segmentProblem = .boundary
      return false
    }
    isInSelfContained = isSelfContained
    reassembler.push(payload, measure: { measure($0) }, take: { take($0) })
    return endPayload()
  }

  /// - Returns: whether all of the last payload was taken and is as it should be.
  private func endPayload() -> Bool {
    guard isReading, state != .ending, headerProblem == nil else { return false }
    if isInSelfContained, !reassembler.isBetweenPieces {
      segmentProblem = .boundary
      return false
    }
    return true
  }

  private func measure(_ head: RawSpan) -> Reassembler.Measure {
    do throws(HeaderProblem) {
      let header = try FrameHeader(head, isRequest: true)
      if header.version != version, state != .starting { throw .changedVersion(header.version, was: version) }
      let bytes = FrameHeader.bytes + header.bodyBytes
      return header.bodyBytes <= maxBodyBytes ? .whole(bytes) : .skip(bytes)
    } catch {
      headerProblem = error
      refusedStream = FrameHeader.stream(ofHead: head)
      if state == .starting { version = FrameHeader.version(ofHead: head) }
      return .refuse
    }
  }

  /// Where the next frame begins is not known any more.
  private func refuseProblem() {
    if let problem = segmentProblem, state != .ending {
      listener.counters.corruptSegments += 1
      listener.logger.warning(
        "a segment from a client is damaged", ["why": problem.message, "client": stream?.peer.description ?? ""])
      refuse(problem.message, stream: 0)
    }
    if let problem = headerProblem, state != .ending { refuse(problem.message, stream: refusedStream) }
    segmentProblem = nil
    headerProblem = nil
  }

  /// - Returns: whether more may be taken.
  private func take(_ frame: RawSpan) -> Bool {
    guard state != .ending, stream != nil else { return false }
    do throws(HeaderProblem) {
      let header = try FrameHeader(frame.extracting(0..<FrameHeader.bytes), isRequest: true)
      if state == .starting { version = header.version }
      listener.counters.count(header.opcode)
      if header.bodyBytes > maxBodyBytes {
        refuseLength(header)
      } else if header.flags.contains(.compressed), !hasSegments {
        runCompressed(header, body: frame.extracting(FrameHeader.bytes..<frame.byteCount))
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
    return isReading && !isSwitching
  }

  private func refuseLength(_ header: FrameHeader) {
    let text = "Request is too big: length \(header.bodyBytes) exceeds maximum allowed length \(maxBodyBytes)."
    if state == .ready {
      answer(header.stream, ErrorMessage(.invalid, text))
    } else {
      refuse(text, stream: header.stream)
    }
  }

  private func runCompressed(_ header: FrameHeader, body: RawSpan) {
    guard let compression else {
      return refuse(
        "Received a compressed frame, but no compression has been agreed upon", stream: header.stream)
    }
    do throws(DecodeError) {
      let bytes = try compression.decompressed(body, maxBytes: maxBodyBytes)
      unsafe run(header, body: bytes.span.bytes)
    } catch {
      refuse("The body cannot be decompressed with \(compression.rawValue): \(error)", stream: header.stream)
    }
  }

  // MARK: Answers

  /// Counts a request as under way; refuses it where the node has too many.
  func begin(_ stream: Int16) -> Bool {
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
  /// - Parameter metadataID: of the result's metadata that the client has (v5's EXECUTE).
  func completion(
    _ stream: Int16, skipsMetadata: Bool, metadataID: [UInt8]? = nil
  ) -> (Result<QueryResult, QueryFailure>) -> Void {
    let began = listener.world.clock.now
    return { [self] result in
      listener.counters.inFlightNow -= 1
      let elapsed = listener.world.clock.now - began
      listener.counters.latency.record(microseconds: elapsed.wholeNanoseconds / 1000)
      switch result {
      case .success(let result): answer(stream, result, skipsMetadata: skipsMetadata, metadataID: metadataID)
      case .failure(let failure): answer(stream, ErrorMessage(failure))
      }
      finished()
    }
  }

  /// One more under way that does not count as a request.
  func beginCheck() { inFlight += 1 }

  /// Something under way was answered.
  func finished() {
    inFlight -= 1
    endIfAnswered()
    resumeIfPossible()
  }

  func writer(_ stream: Int16) -> ResponseWriter {
    ResponseWriter(stream: stream, version: version, compression: compression)
  }

  private func answer(_ stream: Int16, _ result: QueryResult, skipsMetadata: Bool, metadataID: [UInt8]?) {
    var writer = writer(stream)
    writer.traceID = result.traceID
    switch result.body {
    case .void: output { writer.void(warnings: result.warnings, to: &$0) }
    case .setKeyspace(let name):
      keyspace = name
      output { writer.setKeyspace(name, warnings: result.warnings, to: &$0) }
    case .schemaChange(let event):
      output { writer.schemaChange(SchemaChangeMessage(event), warnings: result.warnings, to: &$0) }
    case .rows(let rows):
      if skipsMetadata, version < .v5, let id = rows.columns.changedStatement, !hasPrepared(rows.columns) {
        return answer(stream, ErrorMessage(QueryFailure.unprepared(id: id)))
      }
      let newID = metadataID.flatMap { rows.columns.newID(insteadOf: $0) }
      // Nobody knows the columns of what has no id: they were told by no PREPARE.
      let skips = skipsMetadata && newID == nil && rows.columns.id != nil
      let metadata = skips ? nil : listener.metadataCache.encoded(rows.columns, version)
      output {
        writer.rows(
          columnCount: rows.columns.count, metadata: metadata, newMetadataID: newID, pagingState: rows.pagingState,
          rowCount: rows.rowCount, cells: rows.cells.bytes, warnings: result.warnings, to: &$0)
      }
    }
  }

  // A client up to v4 reads rows without metadata by the columns of its PREPARE, and has no way to learn that they have
  // changed since. It is told that its statement is not prepared (as by Cassandra, which forgets what a table's change
  // concerns), and prepares it again on the same connection.

  /// More changed statements than this prepared on one connection are forgotten at once.
  private static let maxKnownColumns = 1024

  /// Remembers that this connection's client was told columns that have changed.
  func prepared(_ columns: ResultColumns?) {
    guard let columns, columns.changedStatement != nil, let id = columns.id, version < .v5 else { return }
    if knownColumns.count >= Self.maxKnownColumns { knownColumns = [] }
    knownColumns.insert(id)
  }

  private func hasPrepared(_ columns: ResultColumns) -> Bool { columns.id.map(knownColumns.contains) ?? false }

  func answer(_ stream: Int16, _ error: ErrorMessage) {
    listener.counters.count(error: error.code)
    output { writer(stream).error(error, to: &$0) }
  }

  func output(_ body: (inout ByteWriter) -> Void) {
    guard hasSegments else {
      stream?.withOutput(body)
      return
    }
    guard stream != nil else { return }
    if unsealed.isEmpty { listener.willSeal(self) }
    body(&unsealed)
  }

  /// More than this is not kept for the next tick's frames.
  private static let maxKeptBytes = 16 << 10

  /// Wraps what the tick had to say in segments.
  func seal() {
    guard !unsealed.isEmpty else { return }
    let frames = unsealed.take()
    stream?.withOutput { unsafe SegmentWriter.seal(frames.span.bytes, isCompressed: areSegmentsCompressed, to: &$0) }
    if frames.count <= Self.maxKeptBytes { unsealed = ByteWriter(emptied: frames) }
    // Sealed frames may be so few bytes that the stream has nothing to tell when they are sent.
    resumeIfPossible()
  }

  func isRegistered(_ type: EventType) -> Bool { state == .ready && eventTypes.contains(type) }

  /// Appends an event's frame.
  func push(_ frame: [UInt8]) { output { $0.append(frame) } }

  // MARK: Ending

  /// Says what is wrong, then ends.
  func refuse(_ message: String, stream: Int16) {
    listener.counters.protocolErrors += 1
    answer(stream, ErrorMessage(.protocolError, message))
    listener.logger.debug("protocol error", ["why": message, "client": self.stream?.peer.description ?? ""])
    endWhenAnswered()
  }

  /// Reads no more; ends when all that is under way is answered.
  func drain() { endWhenAnswered() }

  func endWhenAnswered() {
    guard state != .ending else { return }
    state = .ending
    pauseReading()
    endIfAnswered()
  }

  private func endIfAnswered() {
    guard state == .ending, inFlight == 0, !isCutting, let stream else { return }
    seal()
    self.stream = nil
    // A paused stream would not see the peer's end, nor what it still sends.
    stream.resumeReading()
    stream.finish()
  }
}
