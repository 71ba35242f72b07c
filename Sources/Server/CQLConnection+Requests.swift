// What a connection does with each request, once its frame is read.

import Access
import Base
import Frames
import Query
import World

extension CQLConnection {
  func run(_ header: FrameHeader, body: RawSpan) {
    let request: Request
    do throws(DecodeError) {
      request = try Request(header, body: body, limits: listener.configuration.limits)
    } catch {
      refuse("Invalid \(header.opcode.name) message: \(error)", stream: header.stream)
      return
    }
    let stream = header.stream
    switch (request, state) {
    case (.options, _): output { writer(stream).supported(listener.configuration.supported, to: &$0) }
    case (.startup(let options), .starting): start(options, stream: stream)
    case (_, .starting):
      refuse("Unexpected message \(header.opcode.name), expecting STARTUP or OPTIONS", stream: stream)
    case (.authResponse(let token), .authenticating): authenticate(token ?? [], stream: stream)
    case (_, .authenticating):
      refuse("Unexpected message \(header.opcode.name), expecting SASL_RESPONSE", stream: stream)
    case (.startup, _), (.authResponse, _):
      refuse("Unexpected message \(header.opcode.name), the connection is already initialized", stream: stream)
    case (.register(let types), _): register(types, stream: stream)
    case (.prepare(let text, let keyspace), _): prepare(text, keyspace: keyspace, stream: stream)
    case (.query(let text, let parameters), _):
      guard begin(stream) else { return }
      listener.engine.execute(
        text, options(parameters, header),
        completion: completion(stream, skipsMetadata: parameters.skipsMetadata))
    case (.execute(let id, let metadataID, let parameters), _):
      guard begin(stream) else { return }
      listener.engine.execute(
        id: id, options(parameters, header),
        completion: completion(stream, skipsMetadata: parameters.skipsMetadata, metadataID: metadataID))
    case (.batch(let batch), _): runBatch(batch, header)
    }
  }

  private func options(_ parameters: QueryParameters, _ header: FrameHeader) -> QueryOptions {
    var options = QueryOptions(parameters, keyspace: keyspace)
    if header.flags.contains(.tracing) {
      options.isTraced = true
      options.client = stream?.peer.host
    }
    return options
  }

  // MARK: Coming in

  private func start(_ options: [String: String], stream: Int16) {
    guard options["CQL_VERSION"] != nil else {
      refuse("Missing value CQL_VERSION in STARTUP message", stream: stream)
      return
    }
    var agreed: FrameCompression?
    if let name = options["COMPRESSION"], !name.isEmpty {
      agreed = FrameCompression(rawValue: name.lowercased())
      guard agreed != nil else { return refuse("Unknown compression algorithm: \(name)", stream: stream) }
      guard agreed != .snappy || !version.hasSegments else {
        return refuse("Snappy compression is not supported in protocol V5", stream: stream)
      }
    }
    if let authenticator = listener.authenticator {
      state = .authenticating
      output { writer(stream).authenticate(authenticator.className, to: &$0) }
    } else {
      becomeReady()
      output { writer(stream).ready(to: &$0) }
    }
    // The answer itself is neither compressed nor in a segment.
    if version.hasSegments { beginSegments(isCompressed: agreed != nil) } else { compression = agreed }
  }

  private func authenticate(_ token: [UInt8], stream: Int16) {
    guard let authenticator = listener.authenticator, !isChecking else {
      return refuse("Unexpected message AUTH_RESPONSE, the last one is not answered yet", stream: stream)
    }
    let credentials: PlainCredentials
    do throws(DecodeError) {
      credentials = try PlainCredentials(token: token)
    } catch {
      let text = "Credential format error: username or password is empty or contains NUL(\\0) character"
      return failed(AuthenticationFailure(.badCredentials, text), stream: stream)
    }
    isChecking = true
    beginCheck()
    authenticator.authenticate(name: credentials.name, password: credentials.password) { [self] result in
      isChecking = false
      switch result {
      case .success(let known):
        if state == .authenticating {
          principal = known
          becomeReady()
          output { writer(stream).authSuccess(nil, to: &$0) }
        }
      case .failure(let failure): failed(failure, stream: stream)
      }
      finished()
    }
  }

  private func failed(_ failure: AuthenticationFailure, stream: Int16) {
    guard state == .authenticating else { return }
    switch failure.reason {
    case .overloaded: answer(stream, ErrorMessage(.overloaded, failure.message))
    case .badCredentials:
      listener.counters.authenticationFailures += 1
      failedAttempts += 1
      answer(stream, ErrorMessage(.authenticationError, failure.message))
    }
    if failedAttempts >= listener.configuration.maxFailedAuthentications { endWhenAnswered() }
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
    output { writer(stream).ready(to: &$0) }
  }

  // MARK: Statements

  private func prepare(_ text: String, keyspace own: String?, stream: Int16) {
    do throws(QueryFailure) {
      let statement = try listener.engine.prepare(text, keyspace: own ?? keyspace)
      let columns = statement.resultColumns
      prepared(columns)
      output {
        writer(stream).prepared(
          id: statement.id.bytes, resultMetadataID: (columns ?? .none).id ?? [],
          markers: statement.variables.specifications,
          partitionKeyIndices: statement.partitionKeyIndexes.map(Int.init),
          resultColumns: columns?.specifications, to: &$0)
      }
    } catch {
      answer(stream, ErrorMessage(error))
    }
  }

  private func runBatch(_ batch: BatchRequest, _ header: FrameHeader) {
    let stream = header.stream
    guard begin(stream) else { return }
    let members = batch.statements.map { statement in
      switch statement.source {
      case .text(let text): BatchMember.text(text, .positional(statement.values))
      case .prepared(let id): BatchMember.prepared(id: id, .positional(statement.values))
      }
    }
    let parameters = QueryParameters(
      consistency: batch.consistency, serialConsistency: batch.serialConsistency,
      defaultTimestampMicroseconds: batch.defaultTimestampMicroseconds, keyspace: batch.keyspace,
      nowInSeconds: batch.nowInSeconds)
    let kind: BatchKind =
      switch batch.kind {
      case .logged: .logged
      case .unlogged: .unlogged
      case .counter: .counter
      }
    listener.engine.batch(
      kind, members, options(parameters, header), completion: completion(stream, skipsMetadata: false))
  }
}
