// The state of one HTTP/1.1 connection (RFC 9112 section 9): events in, directives out. A value type without IO
// or clock; `Server/HTTPConnection.swift` carries its directives out.
//
// One request is served at a time. What a client pipelines behind it waits in the parser's buffer, which is
// bounded because reading pauses, so answers are in order without a queue of answers. (Deviation from what
// RFC 9112 permits: pipelined safe requests are not served in parallel. Players and browsers do not pipeline.)
//
// A body is pulled: the handler asks for a piece, and only then one is given, which is the backpressure.
// Deadlines count the time this side waited, so that dripped bytes do not put them off and a slow handler is not
// held against the client.

import Base

/// What the connection's shell is to do, in order.
public enum ConnectionDirective: Sendable {
  /// A request begins: `admit` it, serve it, answer it.
  case request(RequestHead)
  /// No request: answer with this refusal, as a request's handler would.
  case refuse(HTTPRefusal)
  /// Write `100 Continue`.
  case sendContinue
  /// The piece of the body that was asked for.
  case body([UInt8])
  /// There is no more of the body.
  case bodyEnd
  /// The body was cut off or is not to be had: the handler's answer should say so.
  case bodyFailed(HTTPRefusal)
  case pauseReading
  case resumeReading
  /// Send what is queued, then close, lingering.
  case finish
  /// Close at once.
  case abort
}

/// How the shell is to write an answer.
public struct AnswerShape: Equatable, Sendable {
  public var framing: ResponseFraming
  /// False for HEAD and for statuses that have none.
  public var sendsBody: Bool
  public var closes: Bool
  /// HTTP/1.0 has to be told that the connection lives on.
  public var saysKeepAlive: Bool
}

/// One connection's state.
public struct ConnectionCore {
  private enum Phase {
    /// For a request's head.
    case waiting
    /// A request, or a refusal, until its answer is queued whole.
    case serving
    /// The answer is queued: for the output to go and the rest of an unwanted body to come.
    case flushing
    /// Nothing more is read or begun.
    case closing
  }

  private let limits: HTTPLimits
  private var parser: RequestParser
  private var phase = Phase.waiting
  private var requestCount = 0
  private var peerEnded = false
  private var isReadingPaused = false
  private var closesAfterAnswer = false

  // The request in hand.
  private var method = HTTPMethod.get
  private var version = HTTPVersion.http11
  private var awaitsContinue = false
  private var isBodyComplete = true
  private var isBodyWanted = false
  private var bodyFailure: HTTPRefusal?
  private var answerCloses: Bool?
  private var bodyBytes: UInt64 = 0
  private var bodyWaited: Duration = .zero
  private var waitingSince: Instant

  // Deadlines.
  private var requestDeadline: Instant
  private var isHeadBegun = false
  private var unreadDeadline = Instant.never
  private var sentAtWindowStart: UInt64 = 0
  private var queuedBytes = 0
  private var sentBytes: UInt64 = 0

  public init(limits: HTTPLimits = HTTPLimits(), now: Instant) {
    self.limits = limits
    parser = RequestParser(limits: limits)
    waitingSince = now
    requestDeadline = now + limits.firstByteTimeout
  }

  /// When `tick` is due next; `.never` where nothing is awaited.
  public var deadline: Instant { min(requestDeadline, unreadDeadline) }

  /// Whether a request is being served.
  public var isServing: Bool { phase == .serving }

  /// Whether an answer is given and too much of what is queued has not gone out for the next request to begin.
  public var awaitsOutput: Bool {
    phase == .flushing && isBodyComplete && queuedBytes > limits.maxQueuedOutputBytes
  }

  // MARK: events from the wire

  public mutating func received(_ bytes: RawSpan, now: Instant, into out: inout [ConnectionDirective]) {
    guard phase != .closing else { return }
    parser.feed(bytes)
    advance(now: now, into: &out)
  }

  /// The client will send no more. What it asked for is answered still.
  public mutating func peerEnded(now: Instant, into out: inout [ConnectionDirective]) {
    peerEnded = true
    advance(now: now, into: &out)
  }

  /// What waits for the client and what was ever sent, bytes; told after every answer, whenever the output
  /// drained, and before `tick`.
  public mutating func outputChanged(
    queuedBytes: Int, sentBytes: UInt64, now: Instant, into out: inout [ConnectionDirective]
  ) {
    self.queuedBytes = queuedBytes
    self.sentBytes = sentBytes
    if queuedBytes == 0 {
      unreadDeadline = .never
    } else if unreadDeadline == .never {
      unreadDeadline = now + limits.unreadTimeout
      sentAtWindowStart = sentBytes
    }
    if phase == .flushing { advance(now: now, into: &out) }
  }

  /// Time passed: looks at the deadlines.
  public mutating func tick(now: Instant, into out: inout [ConnectionDirective]) {
    if now >= unreadDeadline {
      guard sentBytes &- sentAtWindowStart >= limits.minSentBytes else {
        phase = .closing
        unreadDeadline = .never
        requestDeadline = .never
        out.append(.abort)
        return
      }
      unreadDeadline = now + limits.unreadTimeout
      sentAtWindowStart = sentBytes
    }
    guard now >= requestDeadline else { return }
    requestDeadline = .never
    switch phase {
    case .waiting where parser.isWithinRequest:
      beginRefusal(HTTPRefusal(408, "the request's head took too long"), into: &out)
    case .waiting, .flushing: close(into: &out)
    case .serving where isBodyWanted: failBody(HTTPRefusal(408, "the request's body took too long"), into: &out)
    case .serving, .closing: break
    }
  }

  /// The node stops: idle connections end now, the others after their answer.
  public mutating func shutDown(into out: inout [ConnectionDirective]) {
    closesAfterAnswer = true
    if phase == .waiting, !parser.isWithinRequest { close(into: &out) }
  }

  // MARK: events from the handler

  /// Lets the request just begun have a body of so many bytes.
  /// - Returns: the refusal to answer with instead of serving it, if its head announces more.
  public mutating func admit(maxBodyBytes: UInt64) -> HTTPRefusal? {
    do throws(HTTPRefusal) {
      try parser.limitBody(toBytes: maxBodyBytes)
      return nil
    } catch {
      bodyFailure = error
      isBodyComplete = true
      closesAfterAnswer = true
      return error
    }
  }

  /// The handler wants the next piece of the body: one `.body`, `.bodyEnd` or `.bodyFailed` will come.
  public mutating func wantBody(now: Instant, into out: inout [ConnectionDirective]) {
    precondition(phase == .serving, "a body is wanted while \(phase)")
    if let bodyFailure {
      out.append(.bodyFailed(bodyFailure))
    } else if isBodyComplete {
      out.append(.bodyEnd)
    } else {
      if awaitsContinue {
        awaitsContinue = false
        out.append(.sendContinue)
      }
      isBodyWanted = true
      startBodyDeadline(now: now)
      advance(now: now, into: &out)
    }
  }

  /// The handler's answer begins. `lengthBytes` is its body's length, nil where it is not known yet.
  public mutating func beginAnswer(_ head: ResponseHead, lengthBytes: UInt64?) -> AnswerShape {
    precondition(phase == .serving && answerCloses == nil, "an answer while \(phase), closes \(answerCloses as Any)")
    isBodyWanted = false
    requestDeadline = .never
    var framing = ResponseFraming.none
    if !head.neverHasBody {
      if let lengthBytes {
        framing = .length(lengthBytes)
      } else {
        framing = version == .http11 ? .chunked : .untilClose
      }
    }
    let closes =
      closesAfterAnswer || requestCount >= limits.maxRequests || framing == .untilClose
      || !(isBodyComplete || canDiscardBody)
    answerCloses = closes
    return AnswerShape(
      framing: framing, sendsBody: framing != .none && method != .head, closes: closes,
      saysKeepAlive: !closes && version == .http10)
  }

  /// All of the answer is queued.
  public mutating func endAnswer(now: Instant, into out: inout [ConnectionDirective]) {
    guard phase == .serving, let closes = answerCloses else {
      preconditionFailure("the end of an answer while \(phase), closes \(answerCloses as Any)")
    }
    answerCloses = nil
    if closes {
      close(into: &out)
    } else {
      phase = .flushing
      advance(now: now, into: &out)
    }
  }

  /// What is left of the body is known to be little, and the client sends it without being asked.
  private var canDiscardBody: Bool {
    guard !awaitsContinue, bodyFailure == nil, let remaining = parser.remainingBodyBytes else { return false }
    return remaining <= limits.maxDiscardedBodyBytes
  }

  // MARK: what happens

  private mutating func advance(now: Instant, into out: inout [ConnectionDirective]) {
    var goesOn = true
    while goesOn {
      switch phase {
      case .waiting: goesOn = advanceWaiting(now: now, into: &out)
      case .serving: goesOn = advanceServing(now: now, into: &out)
      case .flushing: goesOn = advanceFlushing(now: now, into: &out)
      case .closing: goesOn = false
      }
    }
    settleReading(into: &out)
  }

  private mutating func advanceWaiting(now: Instant, into out: inout [ConnectionDirective]) -> Bool {
    do throws(HTTPRefusal) {
      switch try parser.next() {
      case .head(let head)?:
        try begin(head, into: &out)
      case nil:
        if peerEnded {
          close(into: &out)
        } else if parser.isWithinRequest, !isHeadBegun {
          isHeadBegun = true
          requestDeadline = now + limits.headTimeout
        }
      case .body?, .end?: preconditionFailure("a body while waiting for a head")
      }
    } catch {
      beginRefusal(error, into: &out)
    }
    return false
  }

  private mutating func begin(_ head: RequestHead, into out: inout [ConnectionDirective]) throws(HTTPRefusal) {
    phase = .serving
    isHeadBegun = false
    requestDeadline = .never
    requestCount += 1
    method = head.method
    version = head.version
    if !head.keepsAlive { closesAfterAnswer = true }
    awaitsContinue = head.expectsContinue
    isBodyWanted = false
    bodyFailure = nil
    bodyBytes = 0
    bodyWaited = .zero
    isBodyComplete = head.framing == .none || head.framing == .length(0)
    if isBodyComplete {
      guard case .end? = try parser.next() else { preconditionFailure("a request without a body does not end") }
    }
    out.append(.request(head))
  }

  private mutating func beginRefusal(_ refusal: HTTPRefusal, into out: inout [ConnectionDirective]) {
    phase = .serving
    requestDeadline = .never
    method = .get
    version = .http11
    awaitsContinue = false
    isBodyComplete = true
    isBodyWanted = false
    closesAfterAnswer = true
    out.append(.refuse(refusal))
  }

  private mutating func advanceServing(now: Instant, into out: inout [ConnectionDirective]) -> Bool {
    guard isBodyWanted else { return false }
    do throws(HTTPRefusal) {
      switch try parser.next() {
      case .body(let piece)?:
        isBodyWanted = false
        bodyWaited += now - waitingSince
        bodyBytes += UInt64(piece.count)
        requestDeadline = .never
        out.append(.body(piece))
      case .end?:
        isBodyWanted = false
        isBodyComplete = true
        requestDeadline = .never
        out.append(.bodyEnd)
      case nil:
        if peerEnded { failBody(HTTPRefusal(400, "the request's body ends too early"), into: &out) }
      case .head?: preconditionFailure("a head within a body")
      }
    } catch {
      failBody(error, into: &out)
    }
    return false
  }

  private mutating func failBody(_ refusal: HTTPRefusal, into out: inout [ConnectionDirective]) {
    bodyFailure = refusal
    isBodyWanted = false
    closesAfterAnswer = true
    requestDeadline = .never
    out.append(.bodyFailed(refusal))
  }

  private mutating func advanceFlushing(now: Instant, into out: inout [ConnectionDirective]) -> Bool {
    while !isBodyComplete {
      guard let piece = try? parser.next() else {
        // Not here yet, or malformed: the answer is given, so there is nothing to say but goodbye.
        if peerEnded || parser.remainingBodyBytes == nil {
          close(into: &out)
        } else if requestDeadline == .never {
          startBodyDeadline(now: now)
        }
        return false
      }
      if case .end = piece { isBodyComplete = true }
    }
    requestDeadline = .never
    guard queuedBytes <= limits.maxQueuedOutputBytes else { return false }
    phase = .waiting
    isHeadBegun = false
    requestDeadline = now + limits.idleTimeout
    return true
  }

  private mutating func startBodyDeadline(now: Instant) {
    waitingSince = now
    let earned = Duration.seconds(Int64(min(bodyBytes / max(1, limits.minBodyBytesPerSecond), 1_000_000_000)))
    requestDeadline = now + (limits.bodyTimeout + earned - bodyWaited)
  }

  private mutating func close(into out: inout [ConnectionDirective]) {
    phase = .closing
    requestDeadline = .never
    out.append(.finish)
  }

  /// Reads only as much as the parser may hold. A connection that is closing keeps reading: its stream throws
  /// away what comes.
  private mutating func settleReading(into out: inout [ConnectionDirective]) {
    let isFull = phase != .closing && parser.bufferedBytes >= limits.maxBufferedBytes
    guard isFull != isReadingPaused else { return }
    isReadingPaused = isFull
    out.append(isFull ? .pauseReading : .resumeReading)
  }
}
