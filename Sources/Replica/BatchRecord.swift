// What lies on disk under a batch's key until the batch is done.
//
//     made 8 (seconds since 1970) | packed: the mutations as `LoggedBatch.encodeMutations` writes them
//
// A pure form over bytes: tests and fuzzers call it without a store.

import Base
import Codec
import Data

public struct BatchRecord: Equatable, Sendable {
  public var madeSeconds: Int64
  public var mutations: [Mutation]

  public init(madeSeconds: Int64, mutations: [Mutation]) {
    self.madeSeconds = madeSeconds
    self.mutations = mutations
  }

  /// Most batches are small and lie here for milliseconds.
  static let minPackedBytes = 4096

  /// - Parameter body: the mutations as they came, which need not be read to be kept.
  public static func encode(madeSeconds: Int64, body: [UInt8]) -> [UInt8] {
    encode(madeSeconds: madeSeconds, body: body, with: ZstdCompressor())
  }

  static func encode(madeSeconds: Int64, body: [UInt8], with compressor: ZstdCompressor) -> [UInt8] {
    var writer = ByteWriter(reserving: 16 + body.count)
    writer.int64(madeSeconds)
    PackedBytes.append(body, with: body.count >= minPackedBytes ? compressor : nil, to: &writer)
    return writer.take()
  }

  public init(decoding bytes: [UInt8]) throws(DecodeError) {
    let (madeSeconds, body) = try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      (try reader.int64(), try PackedBytes.take(from: &reader))
    }
    self.madeSeconds = madeSeconds
    mutations = try body.withReader { (reader: inout ByteReader) throws(DecodeError) in
      try LoggedBatch.decodeMutations(from: &reader)
    }
  }
}
