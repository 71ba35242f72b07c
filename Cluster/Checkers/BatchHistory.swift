// Logged batches over several partitions: all of a batch comes to be there or nothing of it does, whoever died in the
// middle; an acknowledged one is there. Each batch writes rows of its own, so that a row names its batch.

public struct BatchHistory {
  public enum Outcome: Equatable, Sendable { case acknowledged, refused, unknown }

  private struct Batch {
    var parts: Int
    var outcome: Outcome?
    /// Parts that were found after healing.
    var found: Set<Int> = []
    var isExempt = false
  }

  private var batches: [Int32: Batch] = [:]

  public init() {}

  /// In order.
  public var ids: [Int32] { batches.keys.sorted() }
  public func parts(of id: Int32) -> Int { batches[id]?.parts ?? 0 }

  public mutating func sent(_ id: Int32, parts: Int) { batches[id] = Batch(parts: parts) }
  public mutating func ended(_ id: Int32, _ outcome: Outcome) { batches[id]?.outcome = outcome }

  public func isAcknowledged(_ id: Int32) -> Bool { batches[id]?.outcome == .acknowledged }

  /// Machines lost power so that every copy of a record, or of a part that was written from it, may be gone: nothing is
  /// promised of a batch that was not acknowledged, which may have been finished from its record at any time.
  public mutating func exemptUnacknowledged() {
    for id in ids where batches[id]?.outcome != .acknowledged { batches[id]?.isExempt = true }
  }

  public mutating func exempt(_ id: Int32) { batches[id]?.isExempt = true }

  /// After healing, a read at ALL showed this part.
  public mutating func found(_ id: Int32, part: Int) { batches[id]?.found.insert(part) }

  /// Once every part of every batch was looked for.
  public func problems() -> [String] {
    ids.compactMap { id in
      guard let batch = batches[id], !batch.isExempt else { return nil }
      let text = "batch \(id): \(batch.found.count) of \(batch.parts) parts"
      if batch.outcome == .acknowledged, batch.found.count < batch.parts { return "\(text), though acknowledged" }
      if !batch.found.isEmpty, batch.found.count < batch.parts { return "\(text): torn" }
      return nil
    }
  }

  /// Batches that nobody heard the end of and that are there.
  public var finishedInSilence: Int {
    batches.values.count { $0.outcome != .acknowledged && $0.found.count == $0.parts }
  }
}
