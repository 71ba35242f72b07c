// One end of a simulated connection.

import Base
import World

final class SimulatedStream: ByteStream {
  /// Queued output above which `drained` becomes due, as with the real stream.
  private static let highWaterBytes = 262_144

  private enum Phase { case connecting, open, finishing, closed }
  private enum Arrival {
    case bytes([UInt8])
    case end, reset
  }

  let owner: SimulatedWorld
  let local: Endpoint
  let peer: Endpoint
  var handler: (any StreamHandler)?
  private var other: SimulatedStream?
  private var phase = Phase.connecting
  private var output = ByteWriter()
  private var hasSentEnd = false
  private var isPaused = false
  private var inbox: [[UInt8]] = []
  private var hasPeerEnded = false
  /// On their way to the other end. Whatever delays or holds an arrival, the oldest of them arrives first.
  private var inTransit: [Arrival] = []
  private var isSilenced = false
  private var arrivalsLeft = 0
  var isDirty = false
  var maxQueuedBytes = 64 << 20
  var allowsHalfOpen = false
  private(set) var receivedBytes: UInt64 = 0
  private(set) var sentBytes: UInt64 = 0

  init(owner: SimulatedWorld, local: Endpoint, peer: Endpoint) {
    self.owner = owner
    self.local = local
    self.peer = peer
    owner.streams.append(self)
  }

  var queuedBytes: Int { output.count }
  private var network: SimulatedNetwork { owner.network }
  private var link: SimulatedNetwork.Link { .init(from: local.host, to: peer.host) }

  // MARK: Connecting

  /// The server's side joins the client's.
  func join(_ client: SimulatedStream, handler: any StreamHandler) {
    self.handler = handler
    other = client
    client.other = self
    phase = .open
  }

  func connected() {
    guard phase == .connecting else {
      // Given up meanwhile; the other end, which has just accepted, hears of it.
      transmit(.reset)
      other = nil
      return
    }
    phase = .open
    handler?.opened(self)
    owner.markDirty(self)
  }

  func connectTimedOut() {
    guard phase == .connecting else { return }
    transmit(.reset)
    end(.connectTimedOut(peer))
  }

  // MARK: Sending

  func withOutput(_ body: (inout ByteWriter) -> Void) {
    guard phase == .open || phase == .connecting else { return }
    body(&output)
    owner.markDirty(self)
  }

  func flush() {
    guard phase == .open || phase == .finishing else { return }
    if output.count > Self.highWaterBytes { owner.schedule(after: 0) { [self] in handler?.drained() } }
    var bytes = output.take()[...]
    sentBytes += UInt64(bytes.count)
    while !bytes.isEmpty {
      // Most sends arrive whole; some in two pieces cut anywhere.
      let isCut = owner.simulation.random.oneIn(8)
      let piece = isCut ? bytes.prefix(1 + owner.simulation.random.below(bytes.count)) : bytes
      bytes = bytes.dropFirst(piece.count)
      if network.breaks(link) {
        transmit(.bytes(Array(piece.prefix(owner.simulation.random.below(piece.count)))))
        return owner.schedule(after: 0) { [self] in breakNow() }
      }
      transmit(.bytes(Array(piece)))
    }
    if phase == .finishing, !hasSentEnd {
      hasSentEnd = true
      transmit(.end)
    }
  }

  private func transmit(_ arrival: Arrival) {
    guard let target = other, !isSilenced else { return }
    inTransit.append(arrival)
    let link = link
    owner.simulation.schedule(after: network.delay(link)) { [self] in
      network.pass(link) { [self] in
        let oldest = inTransit.removeFirst()
        guard arrives() else { return }
        if target.isSilenced, network.worlds[target.local.host] != nil {
          // The machine there is up again and knows nothing of this connection.
          owner.perform { [self] in end(.reset) }
        }
        target.owner.perform { target.arrived(oldest) }
      }
    }
  }

  func sendFile(_ file: any DiskFile, offset: Int64, count: Int64, completion: @escaping (Bool) -> Void) {
    owner.schedule(after: 0) { completion(false) }
  }

  // MARK: Receiving

  private func arrived(_ arrival: Arrival) {
    guard phase != .closed else { return }
    switch arrival {
    case .bytes(let bytes):
      receivedBytes += UInt64(bytes.count)
      owner.simulation.note(bytes)
      inbox.append(bytes)
    case .end: hasPeerEnded = true
    case .reset: return end(.reset)
    }
    deliver()
  }

  private func deliver() {
    while !isPaused, phase != .closed, !inbox.isEmpty {
      let bytes = inbox.removeFirst()
      if phase == .open || phase == .connecting {
        bytes.withReader { (reader: inout ByteReader) in handler?.received(reader.rest()) }
      }
    }
    guard hasPeerEnded, inbox.isEmpty, phase != .closed else { return }
    if phase == .finishing { return end(nil) }
    if allowsHalfOpen {
      hasPeerEnded = false
      handler?.ended()
    } else {
      finish()
      end(nil)
    }
  }

  func pauseReading() { isPaused = true }

  func resumeReading() {
    guard isPaused else { return }
    isPaused = false
    owner.schedule(after: 0) { [self] in deliver() }
  }

  // MARK: Ending

  func close() {
    guard phase != .closed else { return }
    phase = .closed
    output.removeAll()
    transmit(.reset)
    owner.schedule(after: 0) { [self] in release(nil) }
  }

  func finish() {
    guard phase == .open || phase == .connecting else { return }
    phase = .finishing
    flush()
  }

  /// The connection breaks: the other end hears of it behind what is on its way.
  func breakNow() {
    guard phase != .closed else { return }
    transmit(.reset)
    owner.perform { [self] in end(.reset) }
  }

  /// The process of this end died.
  func ownerDied() {
    guard phase != .closed else { return }
    phase = .closed
    handler = nil
    // The reset comes behind what was sent before it.
    transmit(.reset)
  }

  /// The machine of this end lost power: some of what is on its way still arrives, then there is silence.
  func machineDied() {
    guard phase != .closed else { return }
    phase = .closed
    handler = nil
    isSilenced = true
    arrivalsLeft = owner.simulation.random.below(inTransit.count + 1)
    // The first that does not arrive whole may have been cut anywhere.
    guard arrivalsLeft < inTransit.count, case .bytes(let bytes) = inTransit[arrivalsLeft], !bytes.isEmpty else {
      return
    }
    inTransit[arrivalsLeft] = .bytes(Array(bytes.prefix(1 + owner.simulation.random.below(bytes.count))))
    arrivalsLeft += 1
  }

  private func arrives() -> Bool {
    guard isSilenced else { return true }
    arrivalsLeft -= 1
    return arrivalsLeft >= 0
  }

  func end(_ failure: WireFailure?) {
    guard phase != .closed else { return }
    phase = .closed
    release(failure)
  }

  private func release(_ failure: WireFailure?) {
    let told = handler
    handler = nil
    other = nil
    owner.streams.removeAll { $0 === self }
    told?.closed(failure)
  }
}
