// Carries bytes between a stream and the HTTP connection's core, and requests between the core and the web service.
//
// Handlers are `async` and take their time; the connection may be gone before they answer. So a handler holds an
// exchange and not the connection: when the connection ends the exchange is cut off, its pending read of the body
// fails, its task is marked as cancelled, and the answer goes nowhere.

import Base
import HTTP
import Web
import World

/// One HTTP/1.1 connection's shell.
final class HTTPConnection: StreamHandler {
  private let listener: HTTPListener
  private let stream: any ByteStream
  private var core: ConnectionCore
  private var exchange: HTTPExchange?
  private var isClosed = false

  // Directives wait here while one is carried out: pipelined requests that are answered at once would otherwise
  // recurse as deep as there are requests.
  private var pending: [ConnectionDirective] = []
  private var isPerforming = false

  private var timer: TimerToken?
  private var timerDue = Instant.never

  private var now: Instant { listener.world.clock.now }

  init(listener: HTTPListener, stream: any ByteStream) {
    self.listener = listener
    self.stream = stream
    core = ConnectionCore(limits: listener.limits, now: listener.world.clock.now)
  }

  // MARK: the stream's events

  func opened(_ stream: any ByteStream) {
    stream.allowsHalfOpen = true
    rearm()
  }

  func received(_ bytes: RawSpan) {
    guard !isClosed else { return }
    core.received(bytes, now: now, into: &pending)
    perform()
  }

  func drained() { outputChanged() }

  func ended() { step { $0.peerEnded(now: $1, into: &$2) } }

  func closed(_ failure: WireFailure?) {
    isClosed = true
    pending = []
    if let timer { listener.world.timers.cancel(timer) }
    timer = nil
    exchange?.cutOff()
    exchange = nil
    listener.ended(self)
  }

  func shutDown() { step { core, _, out in core.shutDown(into: &out) } }

  private func outputChanged() {
    let queued = stream.queuedBytes
    let sent = stream.sentBytes
    step { $0.outputChanged(queuedBytes: queued, sentBytes: sent, now: $1, into: &$2) }
  }

  // MARK: directives

  private func step(_ event: (inout ConnectionCore, Instant, inout [ConnectionDirective]) -> Void) {
    guard !isClosed else { return }
    event(&core, now, &pending)
    perform()
  }

  private func perform() {
    guard !isPerforming else { return }
    isPerforming = true
    var index = 0
    while index < pending.count {
      carryOut(pending[index])
      index += 1
    }
    pending.removeAll(keepingCapacity: true)
    isPerforming = false
    rearm()
  }

  private func carryOut(_ directive: ConnectionDirective) {
    switch directive {
    case .request(let head): begin(head)
    case .refuse(let refusal): answer(listener.service.answer(to: refusal))
    case .sendContinue: stream.withOutput { $0.append("HTTP/1.1 100 Continue\r\n\r\n" as StaticString) }
    case .body(let piece): exchange?.deliver(.success(piece))
    case .bodyEnd: exchange?.deliver(.success(nil))
    case .bodyFailed(let refusal): exchange?.deliver(.failure(refusal))
    case .pauseReading: stream.pauseReading()
    case .resumeReading: stream.resumeReading()
    case .finish: stream.finish()
    case .abort: stream.close()
    }
  }

  private func begin(_ head: RequestHead) {
    listener.countRequest()
    switch listener.service.decide(head) {
    case .answer(let response): answer(response)
    case .serve(let admitted):
      if let refusal = core.admit(maxBodyBytes: admitted.route.maxBodyBytes) {
        answer(listener.service.answer(to: refusal))
        return
      }
      let exchange = HTTPExchange(connection: self)
      self.exchange = exchange
      let service = listener.service
      let local = stream.local
      let body = RequestBody { completion in exchange.pull(completion) }
      exchange.task = listener.world.spawner.spawn {
        exchange.answer(await service.serve(admitted, head, body: body, local: local))
      }
    }
  }

  // MARK: what the handler does

  fileprivate func wantBody(of exchange: HTTPExchange) {
    precondition(exchange === self.exchange, "an exchange that is over wants a body")
    step { $0.wantBody(now: $1, into: &$2) }
  }

  fileprivate func answer(_ response: WebResponse, of exchange: HTTPExchange) {
    precondition(exchange === self.exchange, "an exchange that is over answers")
    self.exchange = nil
    answer(response)
  }

  private func answer(_ response: WebResponse) {
    let shape = core.beginAnswer(response.head, lengthBytes: response.lengthBytes)
    let date = listener.service.date
    stream.withOutput {
      $0.responseHead(
        response.head, framing: shape.framing, closes: shape.closes, saysKeepAlive: shape.saysKeepAlive, date: date)
    }
    if shape.sendsBody {
      for part in response.parts { send(part) }
    }
    outputChanged()
    step { $0.endAnswer(now: $1, into: &$2) }
    // The stream tells `drained` only of output that one send did not bring below its mark: look again after it.
    if core.awaitsOutput { listener.world.timers.schedule(after: .zero) { self.outputChanged() } }
  }

  private func send(_ part: WebBodyPart) {
    switch part {
    case .bytes(let bytes): stream.withOutput { $0.append(bytes) }
    case .file(let file, let offset, let count):
      guard count > 0 else { return }
      // A file that ends early ends the stream: the client must not take half a body for a whole one.
      stream.sendFile(file, offset: offset, count: count) { _ in self.outputChanged() }
    }
  }

  // MARK: the deadline

  /// One timer a connection, set again only where a deadline comes earlier than it: most deadlines are put off many
  /// times before they are due.
  private func rearm() {
    guard !isClosed else { return }
    let due = core.deadline
    guard due < timerDue else { return }
    if let timer { listener.world.timers.cancel(timer) }
    timerDue = due
    timer = listener.world.timers.schedule(after: due - now) { self.timeIsUp() }
  }

  private func timeIsUp() {
    timer = nil
    timerDue = .never
    guard !isClosed else { return }
    outputChanged()
    if now >= core.deadline { step { $0.tick(now: $1, into: &$2) } }
    rearm()
  }
}

/// One request under way, as its handler's task holds it.
private final class HTTPExchange {
  private var connection: HTTPConnection?
  private var completion: RequestBody.Completion?
  var task: SpawnedTask?

  init(connection: HTTPConnection) { self.connection = connection }

  func pull(_ completion: @escaping RequestBody.Completion) {
    guard let connection else {
      completion(.failure(Self.gone))
      return
    }
    precondition(self.completion == nil, "a body is read by two at once")
    self.completion = completion
    connection.wantBody(of: self)
  }

  func deliver(_ piece: Result<[UInt8]?, HTTPRefusal>) {
    let completion = completion
    self.completion = nil
    completion?(piece)
  }

  func answer(_ response: WebResponse) {
    let connection = connection
    self.connection = nil
    connection?.answer(response, of: self)
  }

  func cutOff() {
    connection = nil
    deliver(.failure(Self.gone))
    task?.cancel()
  }

  private static let gone = HTTPRefusal(400, "the connection is gone")
}
