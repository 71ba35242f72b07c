// Repeatable random numbers: SplitMix64 (Steele, Lea, Flood 2014). For simulation, jitter and tests, never for keys.

/// The same seed gives the same numbers, on every machine.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in `0..<bound`.
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "below(\(bound))")
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// True once in `n` on average.
  public mutating func oneIn(_ n: Int) -> Bool { below(n) == 0 }
}
