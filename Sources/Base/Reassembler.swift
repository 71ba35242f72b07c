// Cuts a stream of bytes into pieces whose length stands in a head of fixed size: CQL frames, messages between nodes.
//
// A piece that lies whole in the bytes just received is handed on where it lies, without a copy; only a piece that is
// spread over several receives is put together here. What is held is therefore at most one piece (whose length the
// caller has bounded), or what was left when the taker asked to stop, which is one receive at most.

/// Holds the unfinished piece between two receives.
public struct Reassembler: Sendable {
  /// What a piece's head says.
  public enum Measure: Sendable {
    /// A piece of so many bytes, head included.
    case whole(Int)
    /// So many bytes, head included, that are not wanted: only the head is handed on, the rest is thrown away.
    case skip(Int)
    /// Not a head: nothing more is cut.
    case refuse
  }

  /// How many bytes of a piece are needed to measure it.
  public let headBytes: Int
  private var held: [UInt8] = []
  private var skippingBytes = 0
  private var isRefused = false

  public init(headBytes: Int) {
    precondition(headBytes > 0, "a head of \(headBytes) bytes")
    self.headBytes = headBytes
  }

  /// Bytes held back.
  public var heldBytes: Int { held.count }

  /// Whether all that came was handed on: nothing is held, nothing left to be thrown away.
  public var isBetweenPieces: Bool { held.isEmpty && skippingBytes == 0 }

  /// Gives up what is held, for somebody who cuts it otherwise.
  public mutating func takeHeld() -> [UInt8] {
    let bytes = held
    held = []
    return bytes
  }

  /// Takes bytes in the order they came.
  ///
  /// - Parameters:
  ///   - measure: is given a head of `headBytes` and bounds what it says. A length below `headBytes` counts as that.
  ///   - take: is given each piece in order; false stops, and the rest is held until `resume` or the next `push`.
  public mutating func push(
    _ bytes: RawSpan, measure: (RawSpan) -> Measure, take: (RawSpan) -> Bool
  ) {
    if held.isEmpty {
      let used = cut(bytes, measure: measure, take: take)
      if used < bytes.byteCount, !isRefused { held = bytes.extracting(used..<bytes.byteCount).copied() }
      return
    }
    var rest = bytes
    // Only what completes the held piece is copied, then the rest is cut where it lies.
    while !held.isEmpty, rest.byteCount > 0, !isRefused {
      let wanted = missing(measure)
      if wanted == 0 || wanted > rest.byteCount {
        unsafe rest.withUnsafeBytes { unsafe held.append(contentsOf: $0) }
        if wanted == 0 { resume(measure: measure, take: take) }
        return
      }
      let next = rest.extracting(0..<wanted)
      unsafe next.withUnsafeBytes { unsafe held.append(contentsOf: $0) }
      rest = rest.extracting(wanted..<rest.byteCount)
      if missing(measure) == 0 {
        let isStopped = !resume(measure: measure, take: take)
        if isStopped {
          unsafe rest.withUnsafeBytes { unsafe held.append(contentsOf: $0) }
          return
        }
      }
    }
    if held.isEmpty, rest.byteCount > 0, !isRefused { push(rest, measure: measure, take: take) }
  }

  /// Cuts what is held, after a stop.
  /// - Returns: false if `take` stopped again.
  @discardableResult
  public mutating func resume(measure: (RawSpan) -> Measure, take: (RawSpan) -> Bool) -> Bool {
    var isStopped = false
    let bytes = held
    held = []
    let used = unsafe cut(bytes.span.bytes, measure: measure) { piece in
      let goesOn = take(piece)
      isStopped = !goesOn
      return goesOn
    }
    if used < bytes.count, !isRefused { held = Array(bytes[used...]) }
    return !isStopped
  }

  /// Bytes that the held piece lacks; as far as its head, if that is not whole. 0: there is a whole one.
  private func missing(_ measure: (RawSpan) -> Measure) -> Int {
    guard held.count >= headBytes else { return headBytes - held.count }
    let span = unsafe held.span.bytes
    return switch measure(span.extracting(0..<headBytes)) {
    case .whole(let length): max(0, max(length, headBytes) - held.count)
    case .skip, .refuse: 0
    }
  }

  /// - Returns: how many bytes were used up.
  private mutating func cut(_ bytes: RawSpan, measure: (RawSpan) -> Measure, take: (RawSpan) -> Bool) -> Int {
    var at = 0
    while !isRefused {
      if skippingBytes > 0 {
        let skipped = min(skippingBytes, bytes.byteCount - at)
        skippingBytes -= skipped
        at += skipped
        if skippingBytes > 0 { return at }
      }
      guard bytes.byteCount - at >= headBytes else { return at }
      switch measure(bytes.extracting(at..<(at + headBytes))) {
      case .refuse:
        isRefused = true
        held = []
      case .skip(let length):
        let head = bytes.extracting(at..<(at + headBytes))
        at += headBytes
        skippingBytes = max(0, length - headBytes)
        if !take(head) { return at }
      case .whole(let length):
        let length = max(length, headBytes)
        guard bytes.byteCount - at >= length else { return at }
        let piece = bytes.extracting(at..<(at + length))
        at += length
        if !take(piece) { return at }
      }
    }
    return bytes.byteCount
  }
}
