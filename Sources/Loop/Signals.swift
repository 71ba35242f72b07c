// Signals that end a node in an orderly way.

import CUV
import Glibc

/// A signal that a loop listens to; the default action does not happen.
public enum LoopSignal: Sendable {
  /// SIGTERM: drain, then stop.
  case terminate
  /// SIGINT: a person pressed Ctrl-C.
  case interrupt
  /// SIGHUP: a terminal went away, or a log was moved.
  case hangUp

  var number: Int32 {
    switch self {
    case .terminate: SIGTERM
    case .interrupt: SIGINT
    case .hangUp: SIGHUP
    }
  }
}

extension Loop {
  /// Calls `body` each time the process gets `signal`, until the loop ends.
  public func onSignal(_ signal: LoopSignal, _ body: @escaping () -> Void) {
    adopt(SignalWatch(loop: self, number: signal.number, body))
  }
}

@safe final class SignalWatch: LoopResource {
  private let body: () -> Void
  private var handle: UnsafeMutablePointer<uv_signal_t>?

  init(loop: Loop, number: Int32, _ body: @escaping () -> Void) {
    self.body = body
    let handle = unsafe Handle.make(uv_signal_t.self, owner: self)
    unsafe self.handle = unsafe handle
    unsafe Loop.check(uv_signal_init(loop.uv, handle), "uv_signal_init")
    let result = unsafe uv_signal_start(
      handle, { handle, _ in unsafe Handle.owner(handle, as: SignalWatch.self).body() }, number)
    Loop.check(result, "uv_signal_start")
  }

  func handleClosed() {}

  func abandon() {
    if let handle = unsafe handle { unsafe Handle.close(handle) }
    unsafe handle = nil
  }
}
