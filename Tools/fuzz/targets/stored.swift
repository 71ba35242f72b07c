// What a node reads from its own disk, which may have been damaged: storage keys, rows, deletions, the schema, the
// node's own record. The first byte of an input chooses.

import Base
import Data
import Metadata
import Ring

func fuzz(_ bytes: [UInt8]) {
  guard let kind = bytes.first else { return }
  let rest = Array(bytes.dropFirst())
  switch kind {
  case UInt8(ascii: "r"): readRow(rest)
  case UInt8(ascii: "d"): readEntry(.partitionDeletion, rest)
  case UInt8(ascii: "g"): readEntry(.rangeDeletion, rest)
  case UInt8(ascii: "k"): readKey(rest)
  case UInt8(ascii: "s"): readSchema(rest)
  case UInt8(ascii: "n"): readNodeRecord(rest)
  case UInt8(ascii: "p"): readPartitions(rest)
  default: break
  }
}

private func readRow(_ bytes: [UInt8]) {
  _ = EntryCodec.isPlainlyLive(bytes)
  guard let row = try? EntryCodec.decodeRow(bytes) else { return }
  require((try? EntryCodec.decodeRow(EntryCodec.encode(row))) == row, "a row is read as another after it was written")
  _ = row.isLive(nowInSeconds: 1_700_000_000)
  _ = row.merged(with: row)
}

private func readEntry(_ kind: EntryKind, _ bytes: [UInt8]) {
  let entry = Entry(kind: kind, clustering: [1, 2], value: bytes)
  if kind == .partitionDeletion {
    guard let deletion = try? entry.deletion() else { return }
    require((try? Entry.partitionDeletion(deletion).deletion()) == deletion, "a deletion is read as another")
  } else {
    guard let range = try? entry.rangeDeletion() else { return }
    require((try? Entry.rangeDeletion(range).rangeDeletion()) == range, "a range deletion is read as another")
  }
}

private func readKey(_ bytes: [UInt8]) {
  _ = StorageKey.successor(of: bytes)
  guard let read = try? StorageKey.decodePartition(bytes) else { return }
  var key: [UInt8] = []
  let incarnation = bytes[1...4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
  StorageKey.appendPartition(incarnation: incarnation, read.key, to: &key)
  require(key == Array(bytes[..<read.prefixBytes]), "a partition's prefix is written otherwise than it was read")
}

private func readSchema(_ bytes: [UInt8]) {
  guard let schema = try? Schema(encoded: bytes) else { return }
  let again = try? Schema(encoded: schema.encoded)
  require(again?.encoded == schema.encoded, "a schema is read as another after it was written")
  for table in schema.keyspaces.values.flatMap({ $0.tables.values }) {
    for column in table.columns { _ = ("\(column.type)", column.type.isCollection, column.type.fixedLengthBytes) }
  }
}

private func readNodeRecord(_ bytes: [UInt8]) {
  guard let record = try? NodeRecord(decoding: bytes) else { return }
  require((try? NodeRecord(decoding: record.encoded))?.encoded == record.encoded, "a node's record is read as another")
}

/// Replicas' answers, merged: any bytes that decode may come from a damaged replica.
private func readPartitions(_ bytes: [UInt8]) {
  let read = try? bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
    [try ReadResponse(from: &reader), try ReadResponse(from: &reader)]
  }
  guard let read else { return }
  guard let merged = try? ReadResponse.merged(read, isReversed: false) else { return }
  for answer in read { _ = merged.missing(from: answer) }
  for partition in merged.partitions { _ = partition.liveRows(nowInSeconds: 1_700_000_000) }
}
