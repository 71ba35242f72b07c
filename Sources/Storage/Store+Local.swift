// The node's own records, replicated to nobody: its host id and tokens, the schema, hints. Plain keys and values beside
// the data, in the same batch and log.

import Base

extension Store {
  public static let maxLocalKeyBytes = 65_535

  private static func localKey(_ key: [UInt8]) -> [UInt8] {
    precondition(key.count <= maxLocalKeyBytes, "a local key of \(key.count) bytes")
    return [StorageKey.localNamespace] + key
  }

  /// Puts a record into the pending batch; `getLocal` sees it after the commit.
  /// - Returns: the ticket that `onSettled` will name.
  @discardableResult
  public func putLocal(_ key: [UInt8], _ value: [UInt8]) throws(StorageFailure) -> UInt64 {
    try admit()
    hasPending = true
    database.put(Self.localKey(key), value)
    return pendingTicket
  }

  @discardableResult
  public func deleteLocal(_ key: [UInt8]) throws(StorageFailure) -> UInt64 {
    try admit()
    hasPending = true
    database.delete(Self.localKey(key))
    return pendingTicket
  }

  /// A record as of the last commit.
  public func getLocal(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
    try database.get(Self.localKey(key))
  }

  /// Writes a record, and all that is pending, and returns when it is on disk. It blocks for a sync: for what a node
  /// must know before it goes on (its host id, its tokens, a schema it acknowledged), not for requests.
  public func persistLocal(_ key: [UInt8], _ value: [UInt8]) throws(StorageFailure) {
    let ticket = try putLocal(key, value)
    // It blocks for a sync anyway, and a record that was refused must not reach the disk later.
    commit(mayWait: true)
    if let broken { throw broken }
    if ticket == pendingTicket { throw .overloaded }
    try database.syncNow()
  }

  /// Records whose key begins with `prefix`, in order, those behind `after` where it is given.
  /// - Parameters:
  ///   - limit: records at most.
  ///   - maxBytes: stops once so many bytes of keys and values were gathered.
  public func scanLocal(
    prefix: [UInt8], after: [UInt8]? = nil, limit: Int, maxBytes: Int = 4 << 20
  ) throws(StorageFailure) -> [(key: [UInt8], value: [UInt8])] {
    let start = Self.localKey(prefix)
    var records: [(key: [UInt8], value: [UInt8])] = []
    var bytes = 0
    var iterator = try database.iterator(fillCache: false)
    try iterator.seek(after.map { Self.localKey($0) + [0] } ?? start)
    while iterator.isValid, records.count < limit, bytes < maxBytes, iterator.keyHasPrefix(start) {
      let record = (key: iterator.key(from: 1, to: iterator.keyCount), value: iterator.value)
      bytes += record.key.count + record.value.count
      records.append(record)
      try iterator.next()
    }
    try iterator.check()
    return records
  }
}
