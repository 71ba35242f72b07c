// The digest of a replica's answer: what a QUORUM read compares. Two answers with the same digest are taken to be the
// same, so it covers everything that `ReadResponse.==` compares, lengths and counts included, and nothing else: not the
// order in which a row was written, nor the form it is stored in, since entries are in canonical form.
//
// XXH3 chained over the pieces, without encoding the answer first: a row's share is two hashes of bytes that lie there
// already. 64 bits are against chance (a difference is overlooked once in 2^64 times), not against a client that writes
// two colliding rows on purpose: it would hide the difference from its own reads alone, until the next write.

import Base
import Codec
import Data

extension ReadResponse {
  public var digest: UInt64 {
    var digest = UInt64(partitions.count) &* 2 &+ (hasMore ? 1 : 0)
    for partition in partitions {
      digest = XXH3.hash(partition.key.bytes, seed: digest) &+ UInt64(partition.entries.count)
      for entry in partition.entries {
        if !entry.clustering.isEmpty { digest = XXH3.hash(entry.clustering, seed: digest) }
        digest = XXH3.hash(
          entry.value, seed: digest ^ UInt64(entry.kind.rawValue) << 56 ^ UInt64(entry.clustering.count))
      }
    }
    return digest
  }
}
