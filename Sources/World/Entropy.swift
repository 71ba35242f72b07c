// Randomness: the kernel's generator in a real node, one seeded generator in a simulated one.

import Base

/// Random numbers fit for keys and tokens (real side) or fully repeatable (simulated side).
public protocol Entropy: AnyObject {
  /// 64 uniformly random bits.
  func next() -> UInt64
}

extension Entropy {
  /// `count` random bytes.
  public func bytes(_ count: Int) -> [UInt8] {
    [UInt8](count: count) { next() }
  }

  /// A uniformly random integer in `0..<bound`, without modulo bias (Lemire's method).
  /// - Precondition: `bound > 0`.
  public func below(_ bound: UInt64) -> UInt64 {
    precondition(bound > 0, "a bound of 0 holds no number")
    var product = next().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// A random (version 4) UUID, RFC 9562 section 5.4.
  public func uuid() -> UUID {
    let high = next()
    return UUID(random: high, next())
  }
}

extension [UInt8] {
  /// Fills eight bytes a draw.
  fileprivate init(count: Int, _ draw: () -> UInt64) {
    self = []
    reserveCapacity(count)
    while self.count < count {
      var bits = draw()
      for _ in 0..<Swift.min(8, count - self.count) {
        append(UInt8(truncatingIfNeeded: bits))
        bits >>= 8
      }
    }
  }
}

/// Time-ordered (version 1) UUIDs, RFC 9562 section 5.1: unique and increasing within one node's life even
/// when the wall clock stands still or goes back.
public final class TimeUUIDs {
  private let clock: any Clock
  /// Clock sequence and node, random at each start (RFC 9562 section 6.10 allows it with the multicast bit).
  private let low: UInt64
  private var last: UInt64 = 0

  init(clock: any Clock, entropy: any Entropy) {
    self.clock = clock
    low = (entropy.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0100_0000_0000
  }

  /// The next one. Its timestamp is the wall clock's in 100 ns, or one more than the last one's.
  public func next() -> UUID {
    let ticks = UInt64(max(0, clock.wallMicroseconds)) &* 10 &+ Self.gregorianOffset
    last = max(ticks, last &+ 1)
    let timeLow = last & 0xFFFF_FFFF
    let timeMiddle = (last >> 32) & 0xFFFF
    let timeHigh = (last >> 48) & 0x0FFF
    return UUID(high: timeLow << 32 | timeMiddle << 16 | 0x1000 | timeHigh, low: low)
  }

  /// 100 ns steps from 1582-10-15 to the Unix epoch.
  public static let gregorianOffset: UInt64 = 0x01B2_1DD2_1381_4000
}
