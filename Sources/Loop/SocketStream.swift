// A TCP connection on a `uv_poll` handle, with our own recv, send and sendfile.
//
// Output is one writer that a tick appends to and one send empties; a file in the output splits it into
// pieces, which is the rare case. Whatever the kernel does not take waits for the socket to be writable.

import Base
import CUV
import Glibc
import World

@safe final class SocketStream: ByteStream, LoopResource {
  /// Queued output below which `drained` is told.
  static let lowWaterBytes = 65_536
  /// Queued output above which `drained` becomes due.
  static let highWaterBytes = 262_144
  /// A file's bytes sent in one turn, so that one viewer does not hold up the loop.
  static let maxFileBytesPerTurn = 1_048_576
  /// An output buffer that grew larger than this is given back when it is empty.
  static let maxKeptBufferBytes = 32_768
  /// Sent bytes at the front of the buffer that are worth moving the rest for.
  static let compactionBytes = 1_048_576

  enum State { case connecting, open, finishing, lingering, closed }

  let loop: Loop
  let peer: Endpoint
  private(set) var local: Endpoint
  private(set) var state: State
  private(set) var receivedBytes: UInt64 = 0
  private(set) var sentBytes: UInt64 = 0
  var maxQueuedBytes = 64 << 20
  var allowsHalfOpen = false

  private let socket: Int32
  private var poll: UnsafeMutablePointer<uv_poll_t>?
  private var handler: (any StreamHandler)?
  private var output = ByteWriter()
  /// Bytes at the front of `output` that the kernel has.
  private var sentOffset = 0
  /// What goes before `output`: buffers and files in order.
  private var pieces = PieceQueue()
  private var isDirty = false
  private var isPaused = false
  private var hasEnded = false
  private var wantsWrite = false
  private var isDrainDue = false
  private var events: Int32 = 0
  private var timer: TimerToken?
  private var ending: (sentBytes: UInt64, lingeredBytes: Int) = (0, 0)
  private var failure: WireFailure?

  /// - Parameter socket: a non-blocking socket; the stream closes it.
  init(loop: Loop, socket: Int32, peer: Endpoint, local: Endpoint, state: State) {
    self.loop = loop
    self.socket = socket
    self.peer = peer
    self.local = local
    self.state = state
    let poll = unsafe Handle.make(uv_poll_t.self, owner: self)
    let result = unsafe uv_poll_init(loop.uv, poll, socket)
    if result == 0 {
      unsafe self.poll = unsafe poll
    } else {
      unsafe Handle.discard(poll)
      failure = .system(call: "uv_poll_init", errno: -result)
    }
    loop.adopt(self)
    loop.counters.connections += 1
  }

  /// Begins an accepted stream's life; its handler hears of it in the next turn.
  func start(_ handler: any StreamHandler) {
    self.handler = handler
    loop.later { [self] in
      if let failure { return fail(failure) }
      if state != .open { return }
      handler.opened(self)
      updateEvents()
    }
  }

  /// Begins a connecting stream's life.
  func startConnecting(_ handler: any StreamHandler, timeout: Duration) {
    self.handler = handler
    if let failure {
      loop.later { [self] in fail(failure) }
      return
    }
    timer = loop.schedule(after: timeout) { [self] in fail(.connectTimedOut(peer)) }
    wantsWrite = true
    updateEvents()
  }

  // MARK: Output

  func withOutput(_ body: (inout ByteWriter) -> Void) {
    guard state == .open || state == .connecting else { return }
    body(&output)
    markDirty()
  }

  private func markDirty() {
    if isDirty { return }
    isDirty = true
    loop.markDirty(self)
  }

  private var queuedBufferBytes: Int { output.count - sentOffset + pieces.bufferBytes }

  var queuedBytes: Int { queuedBufferBytes + pieces.fileBytes }

  func sendFile(_ file: any DiskFile, offset: Int64, count: Int64, completion: @escaping (_ sent: Bool) -> Void) {
    guard state == .open || state == .connecting, let file = file as? LocalFile, offset >= 0, count >= 0 else {
      loop.later { completion(false) }
      return
    }
    if output.count > sentOffset { pieces.append(buffer: output.take(), sent: sentOffset) }
    output.removeAll()
    sentOffset = 0
    pieces.append(FilePiece(descriptor: file.descriptor, offset: offset, rest: count, completion: completion))
    markDirty()
  }

  /// Sends what waits; called at a tick's end for each dirty stream, and when the socket is writable again.
  func flush() {
    isDirty = false
    guard state == .open || state == .finishing else { return }
    // Whoever stopped reading because so much was queued is told, also when it all goes out now.
    if queuedBytes > Self.highWaterBytes { isDrainDue = true }
    var budget = Self.maxFileBytesPerTurn
    var isBlocked = false
    while !isBlocked, !pieces.isEmpty {
      switch sendPiece(&budget) {
      case .success(let wentAll): isBlocked = !wentAll
      case .failure(let failure): return fail(failure)
      }
    }
    if !isBlocked, output.count > sentOffset {
      switch send(output.bytes, from: sentOffset) {
      case .success(let count):
        sentOffset += count
        isBlocked = sentOffset < output.count
      case .failure(let failure): return fail(failure)
      }
    }
    settleOutput()
    wantsWrite = isBlocked
    updateEvents()
    afterFlush()
  }

  /// Gives memory back, or moves what is left to the front when much was sent.
  private func settleOutput() {
    if sentOffset == output.count {
      if sentOffset > Self.maxKeptBufferBytes { output = ByteWriter() } else { output.removeAll() }
      sentOffset = 0
    } else if sentOffset > Self.compactionBytes, sentOffset * 2 > output.count {
      output.removeFirst(sentOffset)
      sentOffset = 0
    }
  }

  private func afterFlush() {
    let queued = queuedBytes
    if state == .finishing {
      if queued == 0 { endSending() }
      return
    }
    if queuedBufferBytes > maxQueuedBytes { return fail(.outputOverflow(maxBytes: maxQueuedBytes)) }
    if queued > Self.highWaterBytes {
      isDrainDue = true
    } else if isDrainDue, queued < Self.lowWaterBytes {
      isDrainDue = false
      loop.later { [self] in
        if state == .open { handler?.drained() }
      }
    }
  }

  /// Sends from the first piece. True: the piece is done; false: the kernel takes no more, or the budget is used up.
  private func sendPiece(_ budget: inout Int) -> Result<Bool, WireFailure> {
    if let buffer = pieces.firstBuffer {
      switch send(buffer.bytes, from: buffer.sent) {
      case .success(let count): return .success(pieces.advanceBuffer(by: count))
      case .failure(let failure): return .failure(failure)
      }
    }
    while let file = pieces.firstFile, file.rest > 0 {
      if budget <= 0 { return .success(false) }
      var offset = off_t(file.offset)
      loop.counters.sends += 1
      let count = unsafe sendfile(socket, file.descriptor.number, &offset, min(Int(file.rest), budget))
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EAGAIN ? .success(false) : .failure(Self.sendFailure(errno, fileCall: true))
      }
      if count == 0 { return .failure(.fileUnreadable) }
      budget -= count
      sentBytes += UInt64(count)
      pieces.advanceFile(by: Int64(count))
    }
    if let completion = pieces.removeFirstFile() { loop.later { completion(true) } }
    return .success(true)
  }

  /// One send. 0: the kernel takes nothing now.
  private func send(_ bytes: [UInt8], from offset: Int) -> Result<Int, WireFailure> {
    while true {
      loop.counters.sends += 1
      let count = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Glibc.send(
          socket, buffer.baseAddress.map { unsafe $0 + offset }, buffer.count - offset, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sentBytes += UInt64(count)
        return .success(count)
      }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .success(0) : .failure(Self.sendFailure(errno, fileCall: false))
    }
  }

  private static func sendFailure(_ code: Int32, fileCall: Bool) -> WireFailure {
    switch code {
    case EPIPE, ECONNRESET: .reset
    case EIO where fileCall, EINVAL where fileCall: .fileUnreadable
    default: .system(call: fileCall ? "sendfile" : "send", errno: code)
    }
  }

  // MARK: Input

  func pauseReading() {
    isPaused = true
    updateEvents()
  }

  func resumeReading() {
    isPaused = false
    updateEvents()
  }

  private func updateEvents() {
    guard let poll = unsafe poll else { return }
    var wanted: Int32 = 0
    switch state {
    case .connecting: wanted = Int32(UV_WRITABLE.rawValue)
    case .open, .finishing:
      // A stream that finishes reads no more until its output is out: the peer may still send much.
      if state == .open, !isPaused, !hasEnded { wanted |= Int32(UV_READABLE.rawValue) }
      if wantsWrite { wanted |= Int32(UV_WRITABLE.rawValue) }
    case .lingering: wanted = Int32(UV_READABLE.rawValue)
    case .closed: return
    }
    if wanted == events { return }
    events = wanted
    if wanted == 0 {
      unsafe uv_poll_stop(poll)
    } else {
      unsafe uv_poll_start(poll, wanted) { handle, status, events in
        unsafe Handle.owner(handle, as: SocketStream.self).ready(status, events)
      }
    }
  }

  private func ready(_ status: Int32, _ ready: Int32) {
    if status < 0 {
      // libuv stops a handle whose socket has an error, and leaves it to us to ask which.
      events = 0
    }
    let isReadable = status < 0 || ready & Int32(UV_READABLE.rawValue) != 0
    let isWritable = status < 0 || ready & Int32(UV_WRITABLE.rawValue) != 0
    switch state {
    case .connecting: if isWritable { finishConnecting() }
    case .open:
      if isReadable { receive() }
      if isWritable, state == .open { flush() }
    case .finishing: if isWritable { flush() }
    case .lingering: if isReadable { discard() }
    case .closed: return
    }
    if status < 0, state != .closed {
      let code = -cuv_connect_result(socket)
      fail(code == 0 || code == ECONNRESET || code == EPIPE ? .reset : .system(call: "poll", errno: code))
    }
  }

  private func finishConnecting() {
    let result = cuv_connect_result(socket)
    if result != 0 { return fail(Wires.connectFailure(-result, peer)) }
    if let timer { loop.cancel(timer) }
    timer = nil
    local = Wires.localAddress(of: socket) ?? local
    state = .open
    wantsWrite = false
    updateEvents()
    handler?.opened(self)
    if state == .open, queuedBytes > 0 { markDirty() }
  }

  /// One bounded read into the loop's buffer.
  private func receive() {
    let buffer = unsafe loop.receiveBuffer
    loop.counters.receives += 1
    let count = unsafe recv(socket, buffer.baseAddress, buffer.count, 0)
    if count > 0 {
      receivedBytes += UInt64(count)
      let bytes = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      handler?.received(bytes)
    } else if count == 0 {
      hasEnded = true
      updateEvents()
      if allowsHalfOpen { handler?.ended() } else { finish() }
    } else if errno != EAGAIN && errno != EINTR {
      fail(errno == ECONNRESET ? .reset : .system(call: "recv", errno: errno))
    }
  }

  // MARK: The end

  func finish() {
    switch state {
    case .connecting: close()
    case .open:
      state = .finishing
      ending.sentBytes = sentBytes
      timer = loop.schedule(after: Wires.stuckTimeout) { [self] in endIfStuck() }
      markDirty()
      updateEvents()
    case .finishing, .lingering, .closed: return
    }
  }

  private func endIfStuck() {
    guard state == .finishing else { return }
    if sentBytes == ending.sentBytes { return fail(nil) }
    ending.sentBytes = sentBytes
    timer = loop.schedule(after: Wires.stuckTimeout) { [self] in endIfStuck() }
  }

  /// The last byte is with the kernel: end this side, wait for the other.
  private func endSending() {
    if let timer { loop.cancel(timer) }
    timer = nil
    if hasEnded { return fail(nil) }
    shutdown(socket, Int32(SHUT_WR))
    state = .lingering
    timer = loop.schedule(after: Wires.lingerTimeout) { [self] in fail(nil) }
    updateEvents()
  }

  private func discard() {
    let buffer = unsafe loop.receiveBuffer
    let count = unsafe recv(socket, buffer.baseAddress, buffer.count, 0)
    if count > 0 {
      receivedBytes += UInt64(count)
      ending.lingeredBytes += count
      if ending.lingeredBytes > Wires.maxLingerBytes { fail(nil) }
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      fail(nil)
    }
  }

  func close() { fail(nil) }

  /// Ends the stream; its handler hears of it when libuv let go of the handle.
  private func fail(_ failure: WireFailure?) {
    guard state != .closed else { return }
    state = .closed
    self.failure = failure
    if let timer { loop.cancel(timer) }
    timer = nil
    if let poll = unsafe poll {
      unsafe self.poll = nil
      unsafe Handle.close(poll)
    } else {
      loop.later { [self] in handleClosed() }
    }
  }

  func handleClosed() {
    _ = Glibc.close(socket)
    loop.counters.connections -= 1
    loop.disown(self)
    output = ByteWriter()
    for file in pieces.removeAll() { file.completion(false) }
    let handler = handler
    self.handler = nil
    handler?.closed(failure)
  }

  func abandon() {
    handler = nil
    fail(nil)
  }
}
