import Base
import Data
import Testing

@testable import Coordinator

@Suite struct AnswerDigestTests {
  func response(
    key: [UInt8] = [1], _ entries: [(EntryKind, [UInt8], [UInt8])], hasMore: Bool = false
  ) -> ReadResponse {
    let partition = Partition(
      key: PartitionKey(token: 1, bytes: key), entries: entries.map { Entry(kind: $0, clustering: $1, value: $2) })
    return ReadResponse(partitions: [partition], hasMore: hasMore)
  }

  @Test func whatDiffersHasAnotherDigest() {
    let base = response([(.row, [1, 2], [3, 4])])
    let others = [
      ReadResponse(partitions: [], hasMore: false), ReadResponse(partitions: [], hasMore: true),
      ReadResponse(partitions: base.partitions + base.partitions, hasMore: false),
      response([(.row, [1, 2], [3, 4])], hasMore: true), response(key: [2], [(.row, [1, 2], [3, 4])]),
      response([(.row, [1], [2, 3, 4])]), response([(.row, [1, 2, 3], [4])]), response([(.row, [], [1, 2, 3, 4])]),
      response([(.staticRow, [1, 2], [3, 4])]), response([(.rangeDeletion, [1, 2], [3, 4])]),
      response([(.row, [1, 2], [3, 5])]), response([(.row, [1, 2], [3, 4]), (.row, [1, 2], [3, 4])]), response([]),
    ]
    let digests = ([base] + others).map(\.digest)
    #expect(Set(digests).count == digests.count)
    #expect(response([(.row, [1, 2], [3, 4])]).digest == base.digest)
  }

  /// A bit anywhere in a long answer counts.
  @Test func anyBitCounts() {
    var generator = SeededGenerator(seed: 7)
    let value = (0..<2000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    let digest = response([(.row, [1], value)]).digest
    for _ in 0..<200 {
      var other = value
      other[generator.below(other.count)] ^= 1 << UInt8(generator.below(8))
      #expect(response([(.row, [1], other)]).digest != digest)
    }
  }
}
