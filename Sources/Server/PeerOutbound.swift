// One connection to another node, from the attempt to its end: the hello both ways, then answers.

import Base
import Messages
import World

final class PeerOutbound: StreamHandler {
  private weak var link: PeerLink?
  private let pool: PeerPool
  private(set) var stream: (any ByteStream)?
  private(set) var isReady = false
  private var reassembler = Reassembler(headBytes: MessageHeader.bytes)
  private var problem: String?
  /// When the last message came, or the attempt began.
  private var lastHeard: Instant
  private let ours: Hello

  init(_ link: PeerLink, _ pool: PeerPool) {
    self.link = link
    self.pool = pool
    lastHeard = pool.world.clock.now
    ours = pool.hello
  }

  func connect(to endpoint: Endpoint) {
    let stream = pool.world.wire.connect(
      to: endpoint, security: pool.configuration.security, handler: self, timeout: pool.configuration.connectTimeout)
    self.stream = stream
    stream.withOutput { MessageWriter.write(.hello, requestID: 0, to: &$0) { ours.encode(to: &$0) } }
  }

  func opened(_ stream: any ByteStream) {}

  func closed(_ failure: WireFailure?) {
    stream = nil
    end(failure?.description ?? "the peer closed the connection")
  }

  /// Ends it from this side.
  func abandon(_ reason: String) {
    stream?.close()
    stream = nil
    end(reason)
  }

  private func end(_ reason: String) {
    let link = link
    self.link = nil
    link?.lost(reason)
    isReady = false
  }

  func received(_ bytes: RawSpan) {
    lastHeard = pool.world.clock.now
    reassembler.push(bytes, measure: { measure($0) }, take: { take($0) })
    if let problem { abandon(problem) }
  }

  private func measure(_ head: RawSpan) -> Reassembler.Measure {
    let limits = pool.configuration.limits
    do throws(DecodeError) {
      let header = try MessageHeader(head)
      let maxBytes = isReady ? limits.maxPayloadBytes : 2 * limits.maxHelloBytes
      guard header.payloadBytes <= maxBytes else {
        problem = "a message of \(header.payloadBytes) bytes"
        return .refuse
      }
      return .whole(MessageHeader.bytes + header.payloadBytes)
    } catch {
      return .refuse
    }
  }

  private func take(_ message: RawSpan) -> Bool {
    guard let link else { return false }
    let payload = message.extracting(MessageHeader.bytes..<message.byteCount)
    do throws(DecodeError) {
      let header = try MessageHeader(message.extracting(0..<MessageHeader.bytes))
      guard header.matches(payload) else {
        pool.counters.damagedMessages += 1
        problem = "a damaged message"
        return false
      }
      if !isReady {
        try greet(header, payload)
      } else if !link.received(header, payload) {
        problem = "an answer that cannot be read"
      }
    } catch {
      problem = "not a hello: \(error)"
    }
    return problem == nil && self.link != nil
  }

  private func greet(_ header: MessageHeader, _ payload: RawSpan) throws(DecodeError) {
    var reader = ByteReader(payload)
    switch header.verb {
    case .hello:
      let theirs = try Hello(from: &reader)
      do throws(HelloRefusal) {
        _ = try ours.agreedVersion(with: theirs)
      } catch {
        problem = error.reason
        return
      }
      isReady = true
      link?.greeted(by: theirs)
    case .failure: problem = try MessageFailure(from: &reader).text
    default: throw .badValue("verb")
    }
  }

  func sweep(now: Instant) {
    let configuration = pool.configuration
    if !isReady {
      // The wire's own timeout is for the connection; this one is for the hello behind it.
      let patience = configuration.connectTimeout + configuration.greetingTimeout
      if now >= lastHeard + patience { abandon("no hello") }
    } else if now >= lastHeard + configuration.deadAfter {
      abandon("nothing heard")
    } else if now >= lastHeard + configuration.pingAfter {
      stream?.withOutput { MessageWriter.write(.ping, requestID: 0, to: &$0) }
    }
  }
}
