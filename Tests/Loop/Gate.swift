import Glibc

/// Holds a thread until it is opened: a pipe whose end is waited for.
final class Gate: Sendable {
  private let ends: (read: Int32, write: Int32)

  init() {
    var pair: [Int32] = [0, 0]
    guard pipe(&pair) == 0 else { fatalError("pipe failed with errno \(errno)") }
    ends = (pair[0], pair[1])
  }

  func waitUntilOpen() {
    var byte: UInt8 = 0
    _ = read(ends.read, &byte, 1)
  }

  func open() { close(ends.write) }

  deinit { close(ends.read) }
}
