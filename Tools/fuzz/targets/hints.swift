// What waits on disk for other nodes: hints and logged batches. The first byte of an input says which; with a small
// letter what follows is the record itself, with a capital what stands in it unpacked, which is then packed as a node
// packs it, or the fuzzer would see little behind a Zstandard frame.

import Base
import Codec
import Data

func fuzz(_ bytes: [UInt8]) {
  guard let kind = bytes.first else { return }
  let rest = Array(bytes.dropFirst())
  switch kind {
  case UInt8(ascii: "h"): readHint(rest)
  case UInt8(ascii: "H"): readHint(Array(rest.prefix(9)) + packed(Array(rest.dropFirst(9))))
  case UInt8(ascii: "b"): readBatch(rest)
  case UInt8(ascii: "B"): readBatch(BatchRecord.encode(madeSeconds: 1, body: rest))
  default: break
  }
}

private func packed(_ bytes: [UInt8]) -> [UInt8] {
  var writer = ByteWriter()
  PackedBytes.append(bytes, with: ZstdCompressor(), to: &writer)
  return writer.take()
}

private func readHint(_ bytes: [UInt8]) {
  let head = try? HintRecord.head(of: bytes)
  guard let record = try? HintRecord(decoding: bytes) else { return }
  require(head?.count == record.mutations.count, "a hint's head counts otherwise than its body")
  require((try? HintRecord(decoding: record.encoded)) == record, "a hint is read as another after it was written")
  for mutation in record.mutations {
    guard let table = try? HintRecord.table(of: mutation) else { continue }
    let read = try? mutation.withReader { (reader: inout ByteReader) throws(DecodeError) in
      try Mutation(from: &reader)
    }
    require(read.map { $0.table == table.id } ?? true, "a mutation is of another table than its head says")
  }
}

private func readBatch(_ bytes: [UInt8]) {
  guard let record = try? BatchRecord(decoding: bytes) else { return }
  var body = ByteWriter()
  LoggedBatch(id: UUID(high: 1, low: 1), mutations: record.mutations).encodeMutations(to: &body)
  let again = BatchRecord.encode(madeSeconds: record.madeSeconds, body: body.take())
  require((try? BatchRecord(decoding: again)) == record, "a batch is read as another after it was written")
}
