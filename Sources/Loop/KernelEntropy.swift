// The real Entropy: the kernel's generator, read in blocks.

import Base
import CUV
import Glibc
import World

/// Random numbers from getrandom(2).
public final class KernelEntropy: Entropy {
  /// One read's worth; getrandom never returns less for up to 256 bytes.
  private static let blockBytes = 256

  private var block: [UInt64] = []

  public init() {}

  public func next() -> UInt64 {
    if block.isEmpty { refill() }
    return block.removeLast()
  }

  private func refill() {
    let count = Self.blockBytes / 8
    block = unsafe [UInt64](unsafeUninitializedCapacity: count) { buffer, filled in
      while unsafe cuv_random(buffer.baseAddress, Self.blockBytes) != Self.blockBytes {
        precondition(errno == EINTR, "getrandom failed with errno \(errno)")
      }
      filled = count
    }
  }
}
