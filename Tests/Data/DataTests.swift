import Base
import Testing

@testable import Data

/// Random rows and deletions, with few columns, timestamps and clusterings, so that ties and shadows are common.
struct RandomData {
  var generator: SeededGenerator

  mutating func deletion() -> Deletion {
    Deletion(timestampMicroseconds: Int64(generator.below(6)), localDeletionSeconds: Int64(generator.below(3)))
  }

  mutating func cell() -> Cell {
    let column = UInt16(generator.below(3))
    var cell = Cell(column: column, timestampMicroseconds: Int64(generator.below(6)), value: nil)
    if column == 2 { cell.path = [UInt8(generator.below(3))] }
    switch generator.below(3) {
    case 0: cell.localDeletionSeconds = Int64(generator.below(3))
    case 1:
      cell.ttlSeconds = Int32(1 + generator.below(2))
      cell.localDeletionSeconds = Int64(10 + generator.below(3))
      cell.value = [UInt8(generator.below(3))]
    default: cell.value = [UInt8(generator.below(3))]
    }
    return cell
  }

  mutating func row() -> Row {
    var row = Row()
    if generator.oneIn(2) { row.liveness = Liveness(timestampMicroseconds: Int64(generator.below(6))) }
    if generator.oneIn(4) { row.deletion = deletion() }
    if generator.oneIn(4) { row.collectionDeletions = [CollectionDeletion(column: 2, deletion: deletion())] }
    for _ in 0..<generator.below(4) { row.cells.append(cell()) }
    row.normalize()
    row = row.merged(with: Row())
    return row.isEmpty ? Row(liveness: Liveness(timestampMicroseconds: 1)) : row
  }

  mutating func partition() -> Partition {
    var entries: [Entry] = []
    if generator.oneIn(4) { entries.append(.partitionDeletion(deletion())) }
    for _ in 0..<generator.below(3) {
      let start = UInt8(generator.below(8))
      entries.append(
        .rangeDeletion(
          RangeDeletion(start: [start], end: [start + UInt8(1 + generator.below(4))], deletion: deletion())))
    }
    if generator.oneIn(3) { entries.append(.staticRow(row())) }
    for _ in 0..<generator.below(5) { entries.append(.row(clustering: [UInt8(generator.below(8))], row())) }
    return Partition(key: PartitionKey(token: 1, bytes: [1]), entries: entries)
  }
}

@Suite struct MergeTests {
  @Test(arguments: 0..<20) func aRowInOrderIsItsCellsMergedOneByOne(seed: UInt64) {
    var random = RandomData(generator: SeededGenerator(seed: seed))
    for round in 0..<100 {
      var row = Row(cells: (0..<random.generator.below(12)).map { _ in random.cell() })
      for _ in 0..<random.generator.below(3) {
        row.collectionDeletions.append(CollectionDeletion(column: 2, deletion: random.deletion()))
      }
      var expected = Row()
      for part in row.collectionDeletions { expected = expected.merged(with: Row(collectionDeletions: [part])) }
      for cell in row.cells { expected = expected.merged(with: Row(cells: [cell])) }
      row.normalize()
      #expect(row == expected, "seed \(seed), round \(round)")
    }
  }

  /// A client may write a collection of many elements: what that takes must not grow with the square of them.
  @Test(.timeLimit(.minutes(2))) func aRowOfManyElementsIsPutInOrder() {
    var generator = SeededGenerator(seed: 1)
    var row = Row()
    for _ in 0..<60_000 {
      let path = (0..<4).map { _ in UInt8(generator.below(256)) }
      row.cells.append(Cell(column: 1, path: path, timestampMicroseconds: 1, localDeletionSeconds: 0, value: [1]))
    }
    row.normalize()
    #expect(zip(row.cells, row.cells.dropFirst()).allSatisfy(Cell.precedes))
  }

  /// Whatever order and grouping partitions are merged in, the bytes come out the same.
  @Test(arguments: 0..<20)
  func mergingIsCommutativeAssociativeAndIdempotent(seed: UInt64) throws {
    var random = RandomData(generator: SeededGenerator(seed: seed))
    for round in 0..<200 {
      let (a, b, c) = (random.partition(), random.partition(), random.partition())
      let all = try Partition.merged([a, b, c])
      let context = "seed \(seed) round \(round)"
      #expect(try Partition.merged([c, a, b]) == all, "\(context): order")
      #expect(try Partition.merged([Partition.merged([a, b]), c]) == all, "\(context): grouping")
      #expect(try Partition.merged([all, all, a]) == all, "\(context): again")
    }
  }

  /// A replica that is given what it lacks knows all.
  @Test(arguments: 0..<20)
  func theDifferenceRepairs(seed: UInt64) throws {
    var random = RandomData(generator: SeededGenerator(seed: seed))
    for round in 0..<200 {
      let a = try Partition.merged([random.partition()])
      let all = try Partition.merged([a, random.partition()])
      let repaired = try Partition.merged([a] + (all.missing(from: a).map { [$0] } ?? []))
      #expect(repaired == all, "seed \(seed) round \(round)")
    }
  }

  /// The rule's cases, each the winner first.
  @Test(arguments: [
    (Cell(column: 0, timestampMicroseconds: 2, value: [0]), Cell(column: 0, timestampMicroseconds: 1, value: [9])),
    (
      Cell(column: 0, timestampMicroseconds: 1, localDeletionSeconds: 5, value: nil),
      Cell(column: 0, timestampMicroseconds: 1, value: [9])
    ),
    (
      Cell(column: 0, timestampMicroseconds: 1, ttlSeconds: 3, localDeletionSeconds: 5, value: [0]),
      Cell(column: 0, timestampMicroseconds: 1, value: [9])
    ),
    (
      Cell(column: 0, timestampMicroseconds: 1, localDeletionSeconds: 1, value: nil),
      Cell(column: 0, timestampMicroseconds: 1, ttlSeconds: 3, localDeletionSeconds: 5, value: [9])
    ),
    (
      Cell(column: 0, timestampMicroseconds: 1, ttlSeconds: 3, localDeletionSeconds: 6, value: [0]),
      Cell(column: 0, timestampMicroseconds: 1, ttlSeconds: 3, localDeletionSeconds: 5, value: [9])
    ),
    (Cell(column: 0, timestampMicroseconds: 1, value: [2]), Cell(column: 0, timestampMicroseconds: 1, value: [1, 9])),
  ])
  func theRule(winner: Cell, loser: Cell) {
    #expect(winner.reconciled(with: loser) == winner)
    #expect(loser.reconciled(with: winner) == winner)
  }

  @Test func aCutOffAnswerSaysNothingOfWhatLiesBehindIt() throws {
    func response(_ clusterings: [UInt8], hasMore: Bool) -> ReadResponse {
      let row = Row(liveness: Liveness(timestampMicroseconds: 1))
      return ReadResponse(
        partitions: [
          Partition(key: PartitionKey(token: 1, bytes: [1]), entries: clusterings.map { .row(clustering: [$0], row) })
        ], hasMore: hasMore)
    }
    let merged = try ReadResponse.merged(
      [response([1, 2, 3], hasMore: true), response([1, 3, 4], hasMore: true)], isReversed: false)
    #expect(merged.partitions == response([1, 2, 3], hasMore: true).partitions)
    #expect(merged.hasMore && merged.mergedEnd?.clustering == [3])
    let reversed = try ReadResponse.merged(
      [response([7, 8, 9], hasMore: true), response([6, 8, 9], hasMore: true)], isReversed: true)
    #expect(reversed.partitions == response([7, 8, 9], hasMore: true).partitions)
    #expect(reversed.hasMore && reversed.mergedEnd?.clustering == [7])
  }
}

@Suite struct CodecTests {
  @Test(arguments: 0..<10)
  func rowsSurviveAndTruncationsThrow(seed: UInt64) throws {
    var random = RandomData(generator: SeededGenerator(seed: seed))
    for _ in 0..<100 {
      let row = random.row()
      let bytes = EntryCodec.encode(row)
      #expect(try EntryCodec.decodeRow(bytes) == row, "seed \(seed)")
      for length in 0..<bytes.count {
        #expect(throws: DecodeError.self) { try EntryCodec.decodeRow(Array(bytes[..<length])) }
      }
    }
  }

  /// Flipped bits give a row or an error, never a trap.
  @Test(arguments: 0..<10)
  func flippedBitsNeverTrap(seed: UInt64) throws {
    var random = RandomData(generator: SeededGenerator(seed: seed))
    for _ in 0..<200 {
      var writer = ByteWriter()
      Mutation(table: UUID(high: 1, low: 2), incarnation: 3, partition: random.partition()).encode(to: &writer)
      var bytes = writer.take()
      bytes[random.generator.below(bytes.count)] ^= UInt8(1 << random.generator.below(8))
      let decoded = try? bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
        try Mutation(from: &reader)
      }
      if let decoded { _ = try? Partition.merged([decoded.partition]) }
    }
  }

  @Test func commandsSurvive() throws {
    let key = PartitionKey(token: -5, bytes: [1, 2])
    let commands = [
      ReadCommand(table: UUID(high: 1, low: 2), incarnation: 3, scope: .partition(key), nowInSeconds: 9),
      ReadCommand(
        table: UUID(high: 1, low: 2), incarnation: 3,
        scope: .range(TokenRange(first: 1, last: 7), after: ReadCursor(key: key, clustering: [5])),
        ranges: [ClusteringRange(start: [1], end: [])], isReversed: true, wantsStatics: false,
        rowLimit: 10, rowLimitPerPartition: 2, nowInSeconds: 9),
    ]
    for command in commands {
      var writer = ByteWriter()
      command.encode(to: &writer)
      #expect(
        try writer.bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
          try ReadCommand(from: &reader)
        } == command)
    }
  }

  @Test func schemasSurvive() throws {
    let columns = [
      Column(name: "k", type: .uuid, kind: .partitionKey, id: 0),
      Column(name: "c", type: .timestamp, kind: .clustering, id: 1, isDescending: true),
      Column(name: "m", type: .map(.text, .frozen(.list(.int))), kind: .regular, id: 2),
    ]
    let table = Table(
      id: UUID(high: 1, low: 1), incarnation: 2, keyspace: "ks", name: "t", columns: columns, options: .init(),
      nextColumnID: 3)
    let schema = Schema.empty.setting(
      Keyspace(name: "ks", replication: .simple(3), tables: ["t": table]), named: "ks")
    var writer = ByteWriter()
    schema.encode(to: &writer)
    let again = try writer.bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      try Schema(from: &reader)
    }
    #expect(again.epoch == 1)
    #expect(again.table("ks", "t")?.columns == columns)
    #expect(again.version == schema.version)
  }
}

@Suite struct ClusteringCodecTests {
  static func big(_ value: Int64, bytes: Int) -> [UInt8] {
    (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
  }

  static let ordered: [(CQLType, [[UInt8]])] = [
    (.int, [Int64(Int32.min), -2, -1, 0, 1, Int64(Int32.max)].map { big($0, bytes: 4) }),
    (.bigint, [Int64.min, -1, 0, 256, .max].map { big($0, bytes: 8) }),
    (.tinyint, [-128, -1, 0, 127].map { big($0, bytes: 1) }),
    (
      .text,
      [[], [0], [0, 0], [0, 1], [1], Array("a".utf8), Array("a".utf8) + [0], Array("ab".utf8), Array("b".utf8)]
    ),
    (
      .double,
      [-Double.infinity, -2.5, -0.0, 0.0, 1e-300, 3, .infinity].map { big(Int64(bitPattern: $0.bitPattern), bytes: 8) }
    ),
    (.varint, [[0x80, 0, 0], [0xFF, 0], [0x80], [0xFF], [0], [1], [0x7F], [0, 0x80], [1, 0, 0]]),
    (.boolean, [[0], [1]]),
    (.blob, [[], [0, 0xFF], [0xFF], [0xFF, 0], [0xFF, 0xFF]]),
  ]

  @Test(arguments: ordered)
  func bytesAreOrderedAsValuesAre(type: CQLType, values: [[UInt8]]) throws {
    for isDescending in [false, true] {
      let column = Column(name: "c", type: type, kind: .clustering, id: 0, isDescending: isDescending)
      let encoded = try values.map { value in
        var bytes: [UInt8] = []
        try ClusteringCodec.encode(value, type: type, isDescending: isDescending, to: &bytes)
        #expect(try ClusteringCodec.decode(bytes, columns: [column]) == [value])
        return bytes
      }
      for (a, b) in zip(encoded, encoded.dropFirst()) {
        #expect(isDescending ? b.lexicographicallyPrecedes(a) : a.lexicographicallyPrecedes(b))
      }
    }
  }

  @Test func timeUUIDsAreOrderedByTime() throws {
    let early = try #require(UUID("ffffffff-0000-1000-8000-000000000000"))
    let late = try #require(UUID("00000000-0001-1000-8000-000000000000"))
    var a: [UInt8] = []
    var b: [UInt8] = []
    try ClusteringCodec.encode(early.bytes, type: .timeuuid, isDescending: false, to: &a)
    try ClusteringCodec.encode(late.bytes, type: .timeuuid, isDescending: false, to: &b)
    #expect(a.lexicographicallyPrecedes(b))
    let column = Column(name: "c", type: .timeuuid, kind: .clustering, id: 0)
    #expect(try ClusteringCodec.decode(a, columns: [column]) == [early.bytes])
  }

  @Test func aPrefixAndItsEndEncloseEverythingThatBeginsWithIt() throws {
    var prefix: [UInt8] = []
    try ClusteringCodec.encode(Array("a".utf8), type: .text, isDescending: true, to: &prefix)
    for value in [[], [0xFF], Array("z".utf8)] as [[UInt8]] {
      var whole = prefix
      try ClusteringCodec.encode(value, type: .blob, isDescending: true, to: &whole)
      #expect(ClusteringRange(start: prefix, end: prefix + [ClusteringCodec.afterPrefix]).contains(whole))
    }
  }
}
