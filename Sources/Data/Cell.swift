// What a row is made of. Times of a deletion or an expiry are seconds since 1970; timestamps that order writes are
// microseconds, as drivers send them.

import Base

/// One column's (or one collection element's) value at a timestamp, or the mark that it was deleted.
public struct Cell: Equatable, Sendable {
  /// The column's storage id (`Column.id`).
  public var column: UInt16
  /// Which element of a multi-cell collection: a set's element, a map's key, a list's timeuuid; nil otherwise.
  public var path: [UInt8]?
  public var timestampMicroseconds: Int64
  /// Seconds to live as asked for; 0 is for ever.
  public var ttlSeconds: Int32
  /// When an expiring cell expires, or when a tombstone was made; 0 for a live cell.
  public var localDeletionSeconds: Int64
  /// Nil is a tombstone.
  public var value: [UInt8]?

  public init(
    column: UInt16, path: [UInt8]? = nil, timestampMicroseconds: Int64, ttlSeconds: Int32 = 0,
    localDeletionSeconds: Int64 = 0, value: [UInt8]?
  ) {
    self.column = column
    self.path = path
    self.timestampMicroseconds = timestampMicroseconds
    self.ttlSeconds = ttlSeconds
    self.localDeletionSeconds = localDeletionSeconds
    self.value = value
  }

  public var isTombstone: Bool { value == nil }
  public var isExpiring: Bool { ttlSeconds > 0 && value != nil }

  public func isLive(nowInSeconds: Int64) -> Bool {
    value != nil && (ttlSeconds == 0 || nowInSeconds < localDeletionSeconds)
  }
}

/// A deletion of a row, a partition, a range or a whole collection: hides what has no greater timestamp.
public struct Deletion: Equatable, Sendable {
  public var timestampMicroseconds: Int64
  public var localDeletionSeconds: Int64

  public init(timestampMicroseconds: Int64, localDeletionSeconds: Int64) {
    self.timestampMicroseconds = timestampMicroseconds
    self.localDeletionSeconds = localDeletionSeconds
  }

  public func hides(_ timestampMicroseconds: Int64) -> Bool { timestampMicroseconds <= self.timestampMicroseconds }

  public func supersedes(_ other: Deletion) -> Bool {
    timestampMicroseconds != other.timestampMicroseconds
      ? timestampMicroseconds > other.timestampMicroseconds : localDeletionSeconds > other.localDeletionSeconds
  }
}

/// The mark an INSERT leaves, by which a row without any value is there.
public struct Liveness: Equatable, Sendable {
  public var timestampMicroseconds: Int64
  public var ttlSeconds: Int32
  /// When it expires; 0 for never.
  public var expirySeconds: Int64

  public init(timestampMicroseconds: Int64, ttlSeconds: Int32 = 0, expirySeconds: Int64 = 0) {
    self.timestampMicroseconds = timestampMicroseconds
    self.ttlSeconds = ttlSeconds
    self.expirySeconds = expirySeconds
  }

  public func isLive(nowInSeconds: Int64) -> Bool { ttlSeconds == 0 || nowInSeconds < expirySeconds }
}

/// What was deleted of one multi-cell collection as a whole.
public struct CollectionDeletion: Equatable, Sendable {
  public var column: UInt16
  public var deletion: Deletion

  public init(column: UInt16, deletion: Deletion) {
    self.column = column
    self.deletion = deletion
  }
}

/// One row, or one mutation's share of it; its clustering stands beside it (`Entry.clustering`).
public struct Row: Equatable, Sendable {
  public var liveness: Liveness?
  public var deletion: Deletion?
  /// By column, each once.
  public var collectionDeletions: [CollectionDeletion]
  /// By column, then path; each once.
  public var cells: [Cell]

  public init(
    liveness: Liveness? = nil, deletion: Deletion? = nil, collectionDeletions: [CollectionDeletion] = [],
    cells: [Cell] = []
  ) {
    self.liveness = liveness
    self.deletion = deletion
    self.collectionDeletions = collectionDeletions
    self.cells = cells
  }

  public var isEmpty: Bool { liveness == nil && deletion == nil && collectionDeletions.isEmpty && cells.isEmpty }

  /// Whether a reader sees the row.
  public func isLive(nowInSeconds: Int64) -> Bool {
    if let liveness, liveness.isLive(nowInSeconds: nowInSeconds) { return true }
    return cells.contains { $0.isLive(nowInSeconds: nowInSeconds) }
  }
}
