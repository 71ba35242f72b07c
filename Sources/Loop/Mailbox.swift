// How other threads speak to a loop: they post numbers, the loop knows what each means.
//
// Completions are closures over loop-bound objects, so they never leave the loop's thread, not even to be
// released: a table on the loop keeps them, other threads carry only their number.

import CUV
import Synchronization

/// The part other threads see: numbers in, one wake-up for all that came meanwhile.
///
/// `@unchecked Sendable`: the handle's pointer is only used for `uv_async_send`, the one call of libuv that is
/// safe from any thread, and only while `isOpen`, behind the mutex.
@safe final class Mailbox: @unchecked Sendable {
  private struct State {
    var numbers: [UInt64] = []
    var isOpen = true
  }

  private let state = Mutex(State())
  private let signal: UnsafeMutablePointer<uv_async_t>

  init(signal: UnsafeMutablePointer<uv_async_t>) {
    unsafe self.signal = unsafe signal
  }

  /// Makes the loop run the closure registered under `number`. From any thread.
  func post(_ number: UInt64) {
    state.withLock { state in
      guard state.isOpen else { return }
      state.numbers.append(number)
      if state.numbers.count == 1 { _ = unsafe uv_async_send(signal) }
    }
  }

  /// Makes the loop turn once. From any thread.
  func wake() {
    state.withLock { state in
      if state.isOpen { _ = unsafe uv_async_send(signal) }
    }
  }

  func take() -> [UInt64] {
    state.withLock { state in
      if state.numbers.isEmpty { return [] }
      defer { state.numbers.removeAll(keepingCapacity: true) }
      return state.numbers
    }
  }

  /// After this nobody uses the handle.
  func close() {
    state.withLock { $0.isOpen = false }
  }
}

/// A number that is also known on the loop's side, in the order of registration.
struct MailNumbers {
  private var next: UInt64 = 1
  private var bodies: [UInt64: (isOnce: Bool, body: () -> Void)] = [:]

  var count: Int { bodies.count }

  mutating func register(once: Bool, _ body: @escaping () -> Void) -> UInt64 {
    defer { next += 1 }
    bodies[next] = (once, body)
    return next
  }

  mutating func forget(_ number: UInt64) { bodies[number] = nil }

  mutating func body(of number: UInt64) -> (() -> Void)? {
    guard let entry = bodies[number] else { return nil }
    if entry.isOnce { bodies[number] = nil }
    return entry.body
  }

  mutating func removeAll() { bodies.removeAll() }
}

/// A place for one value that a thread leaves and the loop takes.
final class Drop<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)

  func put(_ new: Value) {
    value.withLock { $0 = new }
  }

  func take() -> Value? {
    value.withLock { value in
      defer { value = nil }
      return value
    }
  }
}
