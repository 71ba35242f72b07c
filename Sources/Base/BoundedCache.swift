// A cache that never outgrows its bound and forgets what was not used for longest, in constant time.

/// Least-recently-used map of at most `capacity` entries.
public struct BoundedCache<Key: Hashable, Value> {
  private struct Slot {
    var key: Key
    var value: Value
    var newer: Int
    var older: Int
  }

  public let capacity: Int
  private var slots: [Slot?] = []
  private var free: [Int] = []
  private var index: [Key: Int] = [:]
  // Ends of the list by use; -1 is no slot.
  private var newest = -1
  private var oldest = -1

  public init(capacity: Int) {
    precondition(capacity > 0, "a cache of \(capacity)")
    self.capacity = capacity
  }

  public var count: Int { index.count }

  /// The value, which becomes the most recently used.
  public mutating func get(_ key: Key) -> Value? {
    guard let at = index[key] else { return nil }
    if at != newest {
      unlink(at)
      pushNewest(at)
    }
    return slots[at]?.value
  }

  /// Stores a value; returns what had to go for it.
  @discardableResult
  public mutating func set(_ key: Key, _ value: Value) -> (Key, Value)? {
    if let at = index[key] {
      slots[at]?.value = value
      unlink(at)
      pushNewest(at)
      return nil
    }
    let evicted = count == capacity ? removeOldest() : nil
    let at: Int
    if let reused = free.popLast() {
      at = reused
    } else {
      at = slots.count
      slots.append(nil)
    }
    slots[at] = Slot(key: key, value: value, newer: -1, older: -1)
    index[key] = at
    pushNewest(at)
    return evicted
  }

  @discardableResult
  public mutating func remove(_ key: Key) -> Value? {
    guard let at = index.removeValue(forKey: key) else { return nil }
    unlink(at)
    let value = slots[at]?.value
    slots[at] = nil
    free.append(at)
    return value
  }

  public mutating func removeAll() { self = BoundedCache(capacity: capacity) }

  @discardableResult
  public mutating func removeOldest() -> (Key, Value)? {
    guard oldest >= 0, let slot = slots[oldest] else { return nil }
    return remove(slot.key).map { (slot.key, $0) }
  }

  private mutating func unlink(_ at: Int) {
    guard let slot = slots[at] else { return }
    if slot.newer >= 0 { slots[slot.newer]?.older = slot.older } else { newest = slot.older }
    if slot.older >= 0 { slots[slot.older]?.newer = slot.newer } else { oldest = slot.newer }
  }

  private mutating func pushNewest(_ at: Int) {
    slots[at]?.older = newest
    slots[at]?.newer = -1
    if newest >= 0 { slots[newest]?.newer = at } else { oldest = at }
    newest = at
  }
}
