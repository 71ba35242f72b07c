// Folding: several versions of one row become their merge, in one batch. The merge takes the newest version's key, so
// nothing has to be numbered anew; what a row's own deletion hides is gone with it, and the deletion stays: nothing
// is purged here.

import Base
import Data

/// All versions of one row (or static row, or partition deletion), in any order.
struct Versions {
  let prefix: [UInt8]
  let kind: EntryKind
  let clustering: [UInt8]
  private(set) var invertedSequences: [UInt64] = []
  private(set) var values: [[UInt8]] = []

  init(prefix: [UInt8], kind: EntryKind, clustering: [UInt8]) {
    self.prefix = prefix
    self.kind = kind
    self.clustering = clustering
  }

  var count: Int { values.count }

  mutating func append(_ invertedSequence: UInt64, _ value: [UInt8]) {
    invertedSequences.append(invertedSequence)
    values.append(value)
  }

  /// The key without its sequence.
  var stem: [UInt8] {
    var key = prefix
    key.append(kind.rawValue)
    key.append(contentsOf: clustering)
    return key
  }

  func mergedRow() throws(DecodeError) -> Row {
    var row = try EntryCodec.decodeRow(values[0])
    for value in values.dropFirst() { row = row.merged(with: try EntryCodec.decodeRow(value)) }
    return row
  }

  func mergedDeletion() throws(DecodeError) -> Deletion {
    var deletion = try Entry(kind: kind, clustering: [], value: values[0]).deletion()
    for value in values.dropFirst() {
      deletion = deletion.merged(with: try Entry(kind: kind, clustering: [], value: value).deletion())
    }
    return deletion
  }

  func merged() throws(DecodeError) -> [UInt8] {
    kind == .partitionDeletion
      ? Entry.partitionDeletion(try mergedDeletion()).value : EntryCodec.encode(try mergedRow())
  }
}

/// A replacement that a read or the sweeper found worth making.
enum Fold {
  case versions(Versions, merged: [UInt8])
  /// Range deletions of one partition, by the disjoint ranges that mean the same.
  case ranges(prefix: [UInt8], oldKeys: [[UInt8]], merged: [RangeDeletion])
}

extension Store {
  /// Puts a fold into the pending batch, unless writing is held up.
  func carryOut(_ fold: Fold) {
    guard broken == nil, database.pendingBytes < options.maxPendingBytes, database.pressure == .none else { return }
    switch fold {
    case .versions(let versions, let merged):
      let stem = versions.stem
      guard foldedKeys.insert(stem).inserted, let newest = versions.invertedSequences.min() else { return }
      for sequence in versions.invertedSequences where sequence != newest {
        var key = stem
        StorageKey.append(sequence, to: &key)
        database.delete(key)
      }
      var key = stem
      StorageKey.append(newest, to: &key)
      database.put(key, merged)
    case .ranges(let prefix, let oldKeys, let merged):
      guard foldedKeys.insert(prefix).inserted else { return }
      for key in oldKeys { database.delete(key) }
      for range in merged {
        let entry = Entry.rangeDeletion(range)
        var key = prefix
        key.append(entry.kind.rawValue)
        key.append(contentsOf: entry.clustering)
        StorageKey.appendSequence(takeSequence(), to: &key)
        database.put(key, entry.value)
      }
    }
    counters.folds += 1
  }
}
