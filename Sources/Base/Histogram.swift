// Counts of durations in buckets of 12.5% width: eight a power of two, from 1 us to over an hour.

/// A distribution of microseconds that costs one array slot a sample.
public struct Histogram: Sendable {
  private static let bucketsPerOctave = 8
  private var counts = [UInt64](repeating: 0, count: 33 * bucketsPerOctave)
  public private(set) var total: UInt64 = 0
  public private(set) var sumMicroseconds: UInt64 = 0

  public init() {}

  public mutating func record(microseconds: Int64) {
    let value = UInt64(max(0, microseconds))
    counts[Self.bucket(of: value)] += 1
    total += 1
    sumMicroseconds &+= value
  }

  /// The upper edge, in microseconds, of the bucket that holds the given share (0 to 1) of all samples.
  public func quantile(_ share: Double) -> UInt64 {
    let rank = UInt64((Double(total) * share).rounded(.up))
    var seen: UInt64 = 0
    for (index, count) in counts.enumerated() {
      seen += count
      if count > 0, seen >= rank { return Self.upperEdge(of: index) }
    }
    return 0
  }

  /// Forgets half of every bucket, so that what is recorded from now on weighs more.
  public mutating func halve() {
    total = 0
    for index in counts.indices {
      counts[index] /= 2
      total += counts[index]
    }
    sumMicroseconds /= 2
  }

  private static func bucket(of value: UInt64) -> Int {
    guard value >= UInt64(bucketsPerOctave) else { return Int(value) }
    let octave = 63 - value.leadingZeroBitCount
    let step = Int(value >> UInt64(octave - 3)) & (bucketsPerOctave - 1)
    return min((octave - 2) * bucketsPerOctave + step, 33 * bucketsPerOctave - 1)
  }

  private static func upperEdge(of index: Int) -> UInt64 {
    guard index >= bucketsPerOctave else { return UInt64(index) }
    let octave = index / bucketsPerOctave + 2
    let step = index % bucketsPerOctave
    return UInt64(bucketsPerOctave + step + 1) << UInt64(octave - 3) - 1
  }
}
