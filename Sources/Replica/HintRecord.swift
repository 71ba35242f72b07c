// What lies on disk under a hint's key: the mutations that one host missed in one tick, in their order, and when that
// was.
//
//     made 8 (seconds since 1970) | mutations varint | packed: each its length varint and its bytes
//
// A pure form over bytes: the store counts by the head alone, and tests and fuzzers call it without a store.

import Base
import Codec
import Data

public struct HintRecord: Equatable, Sendable {
  public static let maxMutations = 1 << 20

  public var madeSeconds: Int64
  /// Each as `Mutation.encode` writes it.
  public var mutations: [[UInt8]]

  public init(madeSeconds: Int64, mutations: [[UInt8]]) {
    self.madeSeconds = madeSeconds
    self.mutations = mutations
  }

  /// Shorter records are not worth a frame's head.
  static let minPackedBytes = 256

  public var encoded: [UInt8] { encoded(with: ZstdCompressor()) }

  func encoded(with compressor: ZstdCompressor) -> [UInt8] {
    var body = ByteWriter(reserving: mutations.reduce(0) { $0 + $1.count + 4 })
    for mutation in mutations { body.lengthPrefixed(mutation) }
    var writer = ByteWriter(reserving: 16 + body.count)
    writer.int64(madeSeconds)
    writer.count(mutations.count)
    let isWorthIt = body.count >= Self.minPackedBytes
    PackedBytes.append(body.take(), with: isWorthIt ? compressor : nil, to: &writer)
    return writer.take()
  }

  public init(decoding bytes: [UInt8]) throws(DecodeError) {
    let (madeSeconds, count, body) = try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      (try reader.int64(), try reader.count(max: Self.maxMutations), try PackedBytes.take(from: &reader))
    }
    self.madeSeconds = madeSeconds
    mutations = try body.withReader { (reader: inout ByteReader) throws(DecodeError) in
      var mutations: [[UInt8]] = []
      // One byte is the least a mutation takes, so a lying count reserves no memory.
      mutations.reserveCapacity(min(count, reader.remaining))
      for _ in 0..<count { mutations.append(try reader.lengthPrefixed(max: PackedBytes.maxBytes)) }
      try reader.expectEnd()
      return mutations
    }
  }

  /// When a record was made and how many mutations it holds, without unpacking it.
  public static func head(of bytes: [UInt8]) throws(DecodeError) -> (madeSeconds: Int64, count: Int) {
    try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      (try reader.int64(), try reader.count(max: maxMutations))
    }
  }

  /// Which table a mutation is of, and under which incarnation it was made.
  public static func table(of mutation: [UInt8]) throws(DecodeError) -> (id: UUID, incarnation: UInt32) {
    try mutation.withReader { (reader: inout ByteReader) throws(DecodeError) in
      (try reader.uuid(), try reader.uint32())
    }
  }
}
