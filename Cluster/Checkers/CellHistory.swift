// What clients asked and heard of single cells (a register, a row of a partition, an element of a set), and the
// promises it is held against. Every write carries its own timestamp, so what was read names the write it came from;
// a deletion of a range is one deletion of each cell in it.
//
// Promises. A write that was acknowledged at some level is seen by every later read whose replicas must overlap with
// that level's (`Strength`); what a read has seen, later ones see too, as if the read had written it (blocking read
// repair); of two writes with one timestamp a deletion wins, else the greater value, everywhere. The rule is written
// here a second time, on purpose: a checker that called the code it checks would agree with its mistakes.
//
// A machine that loses power under `periodic` may lose what was applied within the sync interval before: one replica
// less holds whatever was acknowledged or seen in that time, or was on its way. Under `group` nothing is subtracted.
//
// Hints: once all is healed and handed over, every replica holds every write whose coordinator lived until it knew who
// had missed it and could store hints. What is exempt is said by the events that exempt it.

/// A cell's name within its workload.
public struct CellKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var partition: Int32
  public var element: Int32

  public init(_ partition: Int32, _ element: Int32 = 0) {
    self.partition = partition
    self.element = element
  }

  public static func < (a: CellKey, b: CellKey) -> Bool { (a.partition, a.element) < (b.partition, b.element) }

  public var description: String { "\(partition)/\(element)" }
}

/// A write or a deletion of one cell.
public struct CellWrite: Equatable, Sendable {
  public var key: CellKey
  public var timestamp: Int64
  /// Nil deletes.
  public var value: String?

  public init(key: CellKey, timestamp: Int64, value: String?) {
    self.key = key
    self.timestamp = timestamp
    self.value = value
  }

  /// Whether this write hides `other`.
  public func beats(_ other: CellWrite) -> Bool {
    if timestamp != other.timestamp { return timestamp > other.timestamp }
    guard let value else { return other.value != nil }
    guard let theirs = other.value else { return false }
    return theirs.utf8.lexicographicallyPrecedes(value.utf8)
  }
}

/// What a read showed of one cell.
public enum CellState: Equatable, Sendable {
  case absent
  /// The timestamp is nil where the language does not tell it (elements of sets).
  case value(String, timestamp: Int64?)
}

/// When a request was sent and answered, in nanoseconds of the checker's own clock, and through which node.
public struct Span: Equatable, Sendable {
  public var began: Int64
  public var ended: Int64
  /// The coordinator's number.
  public var node: Int

  public init(began: Int64, ended: Int64, node: Int) {
    self.began = began
    self.ended = ended
    self.node = node
  }
}

public struct CellHistory {
  private struct Evidence {
    var write: CellWrite
    var strength: Strength
    var span: Span
    /// An acknowledged write whose hints are owed to who missed it.
    var isHintSafe: Bool
  }

  private struct Cell {
    var sent: [CellWrite] = []
    var evidence: [Evidence] = []
  }

  private struct Loss {
    var datacenter: Int
    var time: Int64
    var reach: Int64
  }

  public let placement: ReplicaFactors
  private var cells: [CellKey: Cell] = [:]
  private var losses: [Loss] = []
  private var doubts: [(node: Int, from: Int64, to: Int64)] = []
  /// Nanoseconds after its answer in which a write's coordinator finds out who missed it.
  private let hintWindow: Int64

  public init(placement: ReplicaFactors, hintWindow: Int64 = 2_500_000_000) {
    self.placement = placement
    self.hintWindow = hintWindow
  }

  /// In order.
  public var keys: [CellKey] { cells.keys.sorted() }

  /// The cells of one partition that anything was ever sent to, in order.
  public func keys(of partition: Int32) -> [CellKey] { cells.keys.filter { $0.partition == partition }.sorted() }

  // MARK: What happened

  public mutating func sent(_ write: CellWrite) { cells[write.key, default: Cell()].sent.append(write) }

  public mutating func acknowledged(_ write: CellWrite, _ strength: Strength, _ span: Span) {
    // The answer of a coordinator that died is heard after its death.
    let isDoubted = doubts.contains { $0.node == span.node && span.ended >= $0.from && span.began <= $0.to }
    add(write, strength, span, isHintSafe: !isDoubted && !losses.contains { $0.time >= span.began })
  }

  /// A read of `strength` replicas showed this.
  public mutating func seen(_ key: CellKey, _ state: CellState, _ strength: Strength, _ span: Span) {
    guard case .value(let value, let timestamp) = state else { return }
    let known = cells[key]?.sent.filter { $0.value == value && (timestamp == nil || $0.timestamp == timestamp) } ?? []
    // Without a timestamp two writes of one value cannot be told apart.
    if let write = known.first, known.count == 1 { add(write, strength, span, isHintSafe: false) }
  }

  private mutating func add(_ write: CellWrite, _ strength: Strength, _ span: Span, isHintSafe: Bool) {
    var strength = strength
    for loss in losses where loss.time >= span.began && span.ended >= loss.time - loss.reach {
      strength = strength.losingOne(of: loss.datacenter)
    }
    cells[write.key, default: Cell()].evidence.append(
      Evidence(write: write, strength: strength, span: span, isHintSafe: isHintSafe))
  }

  /// A machine lost power, and with it what it had applied in the last `reach` nanoseconds.
  public mutating func lostPower(datacenter: Int, at time: Int64, reach: Int64) {
    losses.append(Loss(datacenter: datacenter, time: time, reach: reach))
    forEachEvidence { evidence in
      // A hint that was handed over just before is lost as well, of however old a write.
      evidence.isHintSafe = false
      if evidence.span.ended >= time - reach {
        evidence.strength = evidence.strength.losingOne(of: datacenter)
      }
    }
  }

  /// A node's process ended: what it coordinated lately has no hints yet, and never will.
  public mutating func coordinatorDied(_ node: Int, at time: Int64, slack: Int64 = 0) {
    doubtHints(of: node, from: time - hintWindow - slack, to: time)
  }

  /// Hints that a node kept or wanted to keep in this time may be gone: it died before, or its disk refused them.
  public mutating func doubtHints(of node: Int, from: Int64, to: Int64) {
    doubts.append((node, from, to))
    forEachEvidence { evidence in
      if evidence.span.node == node, evidence.span.ended >= from, evidence.span.began <= to {
        evidence.isHintSafe = false
      }
    }
  }

  /// No hint is owed: they have a bound, or a window, that this run goes beyond.
  public mutating func doubtAllHints() { forEachEvidence { $0.isHintSafe = false } }

  private mutating func forEachEvidence(_ body: (inout Evidence) -> Void) {
    for key in keys {
      guard let count = cells[key]?.evidence.count else { continue }
      for index in 0..<count {
        guard var evidence = cells[key]?.evidence[index] else { continue }
        body(&evidence)
        cells[key]?.evidence[index] = evidence
      }
    }
  }

  // MARK: What is promised

  private static func strongest(_ writes: some Sequence<CellWrite>) -> CellWrite? {
    var best: CellWrite?
    for write in writes {
      if let known = best, !write.beats(known) { continue }
      best = write
    }
    return best
  }

  /// What a read of `strength` replicas that began at `began` must at least show.
  public func floor(of key: CellKey, readBy strength: Strength, began: Int64) -> CellWrite? {
    guard let cell = cells[key] else { return nil }
    return Self.strongest(
      cell.evidence.lazy.filter { $0.span.ended <= began && $0.strength.meets(strength, in: placement) }.map(\.write))
  }

  /// What every replica must hold once all is healed and all hints are handed over.
  public func owedToAll(_ key: CellKey) -> CellWrite? {
    Self.strongest((cells[key]?.evidence ?? []).lazy.filter(\.isHintSafe).map(\.write))
  }

  /// The strongest write of all that were sent, acknowledged or not.
  public func strongestSent(_ key: CellKey) -> CellWrite? { Self.strongest(cells[key]?.sent ?? []) }

  /// Whether a write was acknowledged (at whatever level).
  public func isAcknowledged(_ write: CellWrite) -> Bool {
    cells[write.key]?.evidence.contains { $0.write == write } ?? false
  }

  /// Checks what a read showed against its floor.
  /// - Returns: the broken promise, in words.
  public func check(_ key: CellKey, _ state: CellState, floor: CellWrite?, reader: String) -> String? {
    let sent = cells[key]?.sent ?? []
    switch state {
    case .value(let value, let timestamp):
      let candidates = sent.filter { $0.value == value && (timestamp == nil || $0.timestamp == timestamp) }
      guard !candidates.isEmpty else {
        return "\(reader): \(key) shows \(value) at \(timestamp ?? 0), which nobody wrote"
      }
      if let floor, !candidates.contains(where: { !floor.beats($0) }) {
        return "\(reader): \(key) shows \(value) at \(timestamp ?? 0), older than \(floor)"
      }
    case .absent:
      guard let floor, floor.value != nil else { return nil }
      if !sent.contains(where: { $0.value == nil && $0.beats(floor) }) {
        return "\(reader): \(key) is absent, \(floor) is lost"
      }
    }
    return nil
  }
}
