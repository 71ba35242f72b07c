import Base
import Data
import Testing

@testable import CQL

@Suite struct MutationTests {
  private func mutations(_ text: String, _ values: [BoundValue] = [], seed: UInt64 = 7) throws -> [Mutation] {
    switch try bind(text, standardSchema()).body {
    case .modification(let modification): return try modification.mutations(context(values, seed: seed))
    case .batch(let batch): return try batch.mutations(context(values, seed: seed))
    default: fatalError("\(text)")
    }
  }

  private func row(_ text: String, _ values: [BoundValue] = [], seed: UInt64 = 7) throws -> Row {
    let all = try mutations(text, values, seed: seed)
    #expect(all.count == 1 && all[0].partition.entries.count == 1)
    return try all[0].partition.entries[0].row()
  }

  private let now: Int64 = 1_700_000_000

  @Test func insertsARow() throws {
    let mutation = try mutations("INSERT INTO two (p, q, c, v) VALUES (1, 'x', '1970-01-01', 5)")[0]
    #expect(mutation.partition.key.bytes == [0, 4, 0, 0, 0, 1, 0, 0, 1, 0x78, 0])
    let entry = mutation.partition.entries[0]
    var clustering: [UInt8] = []
    try ClusteringCodec.encode(Values.bigint(0), type: .timestamp, isDescending: true, to: &clustering)
    #expect(entry.kind == .row && entry.clustering == clustering)
    #expect(
      try entry.row()
        == Row(
          liveness: Liveness(timestampMicroseconds: 1_000_000),
          cells: [Cell(column: 3, timestampMicroseconds: 1_000_000, value: Values.int(5))]))
  }

  @Test func givesTimestampsAndTimesToLive() throws {
    let row = try row("INSERT INTO kv (k, v) VALUES ('a', 'b') USING TIMESTAMP 77 AND TTL 10")
    #expect(row.liveness == Liveness(timestampMicroseconds: 77, ttlSeconds: 10, expirySeconds: now + 10))
    #expect(
      row.cells == [
        Cell(
          column: 1, timestampMicroseconds: 77, ttlSeconds: 10, localDeletionSeconds: now + 10, value: Values.text("b"))
      ])
    let forever = try self.row("INSERT INTO kv (k, v) VALUES ('a', 'b') USING TTL 0")
    #expect(forever.cells[0].ttlSeconds == 0 && forever.liveness?.ttlSeconds == 0)
  }

  @Test(arguments: [
    ("USING TTL ?", BoundValue.bytes(Values.int(-1)), "A TTL must be greater or equal to 0, but was -1"),
    ("USING TTL ?", .bytes(Values.int(630_720_001)), "ttl is too large. requested (630720001) maximum (630720000)"),
    ("USING TIMESTAMP ?", .null, "Invalid null value of timestamp"),
    ("USING TIMESTAMP ?", .bytes([1]), "Expected 8 or 0 byte long (1)"),
  ])
  func refusesTimes(_ clause: String, _ value: BoundValue, _ expected: String) {
    #expect(
      outcome { _ = try mutations("INSERT INTO kv (k) VALUES ('a') \(clause)", [value]) } == expected)
  }

  @Test func nullIsATombstoneAndUnsetIsNothing() throws {
    let row = try row("INSERT INTO kv (k, v, n) VALUES ('a', ?, ?)", [.null, .unset])
    #expect(
      row.cells == [Cell(column: 1, timestampMicroseconds: 1_000_000, localDeletionSeconds: now, value: nil)])
    #expect(try mutations("UPDATE kv SET v = ? WHERE k = 'a'", [.unset]).isEmpty)
  }

  @Test func updateLeavesNoMarker() throws {
    let row = try row("UPDATE kv SET big = 3, n = 2 WHERE k = 'a'")
    #expect(row.liveness == nil)
    #expect(row.cells.map(\.column) == [2, 3])
  }

  @Test func staticsGoToTheirOwnRow() throws {
    let entries = try mutations("INSERT INTO t (a, b, c, d, v, s) VALUES (1, 2, 3, 4, 'x', 'y')")[0].partition.entries
    #expect(entries.map(\.kind) == [.staticRow, .row])
    let alone = try mutations("INSERT INTO t (a, s) VALUES (1, 'y')")[0].partition.entries
    #expect(alone.map(\.kind) == [.staticRow])
    #expect(try alone[0].row().liveness == nil)
    #expect(try mutations("UPDATE t SET s = 'y' WHERE a = 1")[0].partition.entries.map(\.kind) == [.staticRow])
  }

  @Test func setsCollections() throws {
    let row = try row("INSERT INTO coll (k, l, s, m, f) VALUES (1, ['x', 'y'], {2, 1, 2}, {'b': 2, 'a': 1}, [7])")
    #expect(row.collectionDeletions.map(\.column) == [1, 2, 3])
    #expect(row.collectionDeletions.allSatisfy { $0.deletion.timestampMicroseconds == 999_999 })
    let list = row.cells.filter { $0.column == 1 }
    #expect(list.map(\.value) == [Values.text("x"), Values.text("y")])
    #expect(row.cells.filter { $0.column == 2 }.map(\.path) == [Values.int(1), Values.int(2)])
    let map = row.cells.filter { $0.column == 3 }
    #expect(map.map(\.path) == [Values.text("a"), Values.text("b")])
    #expect(map.map(\.value) == [Values.int(1), Values.int(2)])
    #expect(row.cells.last?.value == Values.collection([Values.int(7)]))
    var sorted = row
    sorted.normalize()
    #expect(sorted == row)
  }

  @Test func changesCollections() throws {
    let table = try #require(try standardSchema().table("ks", "coll"))
    let list = try #require(table.column(named: "l"))
    var state = Row()
    for (seed, text) in ["l = ['c', 'd']", "l = l + ['e', 'f']", "l = ['a', 'b'] + l"].enumerated() {
      state = state.merged(with: try row("UPDATE coll SET \(text) WHERE k = 1", seed: UInt64(seed)))
    }
    let cells = state.cells.filter { $0.column == list.id }
    let value = list.type.collectionValue(of: cells, nowInSeconds: now)
    // Appends of one microsecond stand in the order of their random bits, so only the ends are sure.
    let texts = try list.type.collectionElements(of: try #require(value)).map { String(decoding: $0, as: UTF8.self) }
    #expect(texts.prefix(2) == ["a", "b"] && texts.count == 6)
    let row = try row("UPDATE coll SET m['z'] = 3, s = s - {4}, m = m - {'y'} WHERE k = 1")
    #expect(row.collectionDeletions.isEmpty)
    #expect(row.cells.map(\.isTombstone) == [true, true, false])
    let deletion = try self.row("DELETE l, m['x'], s[3] FROM coll WHERE k = 1")
    #expect(deletion.collectionDeletions.map(\.column) == [1])
    #expect(deletion.cells.map(\.path) == [Values.int(3), Values.text("x")])
  }

  @Test func batchKeepsListOrder() throws {
    let text =
      "BEGIN BATCH UPDATE coll SET l = l + ['c'] WHERE k = 1; UPDATE coll SET l = l + ['d'] WHERE k = 1;"
      + " UPDATE coll SET l = ['b'] + l WHERE k = 1; UPDATE coll SET l = ['a'] + l WHERE k = 1; APPLY BATCH"
    let all = try mutations(text)
    #expect(all.count == 1 && all[0].partition.entries.count == 1)
    let value = CQLType.list(.text).collectionValue(of: try all[0].partition.entries[0].row().cells, nowInSeconds: now)
    #expect(CQLType.list(.text).text(of: value) == "['a', 'b', 'c', 'd']")
  }

  @Test func changesListsByPlaceAndValue() throws {
    let schema = try standardSchema()
    let before = try mutations("INSERT INTO coll (k, l) VALUES (1, ['a', 'b', 'c', 'b'])")[0].partition
    func after(_ text: String, _ values: [BoundValue] = [], current: [Partition]) throws -> String {
      guard case .modification(let modification) = try bind(text, schema).body else { fatalError(text) }
      let command = try #require(try modification.readCommands(context(values)).first)
      #expect(command.scope == .partition(before.key))
      let response = ReadResponse(partitions: current, hasMore: false)
      let all = try modification.mutations(context(values), current: [response])
      var row = try before.entries[0].row()
      for mutation in all { row = row.merged(with: try mutation.partition.entries[0].row()) }
      return CQLType.list(.text).text(of: CQLType.list(.text).collectionValue(of: row.cells, nowInSeconds: now))
    }
    let later = "UPDATE coll USING TIMESTAMP 2000000 SET"
    #expect(try after("\(later) l[1] = 'x' WHERE k = 1", current: [before]) == "['a', 'x', 'c', 'b']")
    #expect(
      try after("\(later) l[?] = null WHERE k = 1", [.bytes(Values.int(0))], current: [before]) == "['b', 'c', 'b']")
    #expect(try after("\(later) l = l - ['b', 'z'] WHERE k = 1", current: [before]) == "['a', 'c']")
    #expect(
      try after("DELETE l[3] FROM coll USING TIMESTAMP 2000000 WHERE k = 1", current: [before]) == "['a', 'b', 'c']")
    #expect(
      outcome { _ = try after("\(later) l[4] = 'x' WHERE k = 1", current: [before]) }
        == "List index 4 out of bound, list has size 4")
    #expect(
      outcome { _ = try after("\(later) l[0] = 'x' WHERE k = 1", current: []) }
        == "Attempted to set an element on a list which is null")
    #expect(try after("\(later) l = l - ['a'] WHERE k = 1", current: []) == "['a', 'b', 'c', 'b']")
  }

  /// What a batch takes must not grow with the square of its statements, though all are of one row.
  @Test(.timeLimit(.minutes(2))) func aBatchChangesOneRowManyTimes() throws {
    guard
      case .modification(let modification) = try bind(
        "UPDATE coll SET m[?] = 1 WHERE k = 1", try standardSchema()
      ).body
    else { fatalError() }
    var batch = BatchMutations()
    for number in 0..<30_000 { try batch.add(modification, context([.bytes(Values.text("\(number)"))])) }
    let all = batch.mutations()
    #expect(all.count == 1)
    #expect(try all[0].partition.entries[0].row().cells.count == 30_000)
  }

  @Test func membersOfABatchSeeARowOnceThoughEachReadsIt() throws {
    let schema = try standardSchema()
    let before = try mutations("INSERT INTO coll (k, l) VALUES (1, ['a', 'b', 'c', 'd'])")[0].partition
    let text =
      "BEGIN BATCH USING TIMESTAMP 2000000 DELETE l[1] FROM coll WHERE k = 1;"
      + " UPDATE coll SET l[2] = 'x' WHERE k = 1; APPLY BATCH"
    guard case .batch(let batch) = try bind(text, schema).body else { fatalError(text) }
    let response = ReadResponse(partitions: [before], hasMore: false)
    var row = try before.entries[0].row()
    for mutation in try batch.mutations(context(), current: [response, response]) {
      row = row.merged(with: try mutation.partition.entries[0].row())
    }
    let list = CQLType.list(.text)
    #expect(list.text(of: list.collectionValue(of: row.cells, nowInSeconds: now)) == "['a', 'x', 'd']")
  }

  @Test func insertsJSON() throws {
    let document = BoundValue.bytes(Values.text(#"{"k": "a", "N": 5, "big": null}"#))
    let row = try row("INSERT INTO kv JSON ?", [document])
    #expect(row.cells.map(\.column) == [1, 2, 3])
    #expect(row.cells.map(\.value) == [nil, Values.int(5), nil])
    let unset = try self.row("INSERT INTO kv JSON ? DEFAULT UNSET", [document])
    #expect(unset.cells.map(\.column) == [2, 3])
    let literal = try self.row(#"INSERT INTO kv JSON '{"k": "a", "n": 5, "big": null}' DEFAULT UNSET"#)
    #expect(literal == unset)
    #expect(
      outcome { _ = try mutations("INSERT INTO kv JSON ?", [.bytes(Values.text(#"{"n": 5}"#))]) }
        == "Invalid null value in condition for column k")
  }

  @Test func deletes() throws {
    func kinds(_ text: String) throws -> [EntryKind] { try mutations(text)[0].partition.entries.map(\.kind) }
    #expect(try kinds("DELETE FROM t WHERE a = 1") == [.partitionDeletion])
    #expect(try kinds("DELETE FROM t WHERE a = 1 AND b = 2") == [.rangeDeletion])
    #expect(try kinds("DELETE FROM t WHERE a = 1 AND b = 2 AND c > 1 AND c < 4") == [.rangeDeletion])
    #expect(try kinds("DELETE FROM t WHERE a = 1 AND b IN (2, 3)") == [.rangeDeletion, .rangeDeletion])
    #expect(try kinds("DELETE FROM t WHERE a = 1 AND b = 2 AND c = 3 AND d IN (4, 5)") == [.row, .row])
    #expect(try kinds("DELETE v FROM t WHERE a = 1 AND b = 2 AND c = 3 AND d = 4") == [.row])
    #expect(try kinds("DELETE s FROM t WHERE a = 1") == [.staticRow])
    #expect(try kinds("DELETE FROM kv WHERE k = 'x'") == [.partitionDeletion])
    let row = try row("DELETE FROM t USING TIMESTAMP 9 WHERE a = 1 AND b = 2 AND c = 3 AND d = 4")
    #expect(row == Row(deletion: Deletion(timestampMicroseconds: 9, localDeletionSeconds: now)))
    let range = try mutations("DELETE FROM t WHERE a = 1 AND b = 2")[0].partition.entries[0].rangeDeletion()
    var prefix: [UInt8] = []
    try ClusteringCodec.encode(Values.int(2), type: .int, isDescending: false, to: &prefix)
    #expect(range.start == prefix && range.end == prefix + [0xFF])
  }

  @Test func batchIsOneMutationAPartition() throws {
    let all = try mutations(
      "BEGIN BATCH USING TIMESTAMP 5 INSERT INTO kv (k, v) VALUES ('a', 'x'); UPDATE kv SET n = 1 WHERE k = 'a';"
        + " INSERT INTO kv (k, v) VALUES ('b', 'y'); INSERT INTO coll (k) VALUES (1); APPLY BATCH")
    #expect(all.count == 3)
    let first = try all[0].partition.entries[0].row()
    #expect(first.cells.map(\.column) == [1, 2])
    #expect(first.liveness?.timestampMicroseconds == 5)
  }

  @Test func updatesSeveralPartitions() throws {
    #expect(try mutations("UPDATE kv SET v = 'x' WHERE k IN ('a', 'b', 'a')").count == 2)
  }

  @Test func callsFunctions() throws {
    let row = try row(
      "INSERT INTO all_types (k, timeuuid_c, uuid_c, timestamp_c, date_c, blob_c)"
        + " VALUES (1, now(), uuid(), toTimestamp(now()), currentDate(), textAsBlob('ab'))")
    let schema = try standardSchema()
    let table = try #require(schema.table("ks", "all_types"))
    for cell in row.cells {
      let column = try #require(table.columns.first { $0.id == cell.column })
      try column.type.validate(try #require(cell.value))
      if column.name == "timestamp_c" { #expect(cell.value == Values.bigint(1_700_000_000_000)) }
      if column.name == "date_c" { #expect(column.type.text(of: cell.value) == "2023-11-14") }
      if column.name == "blob_c" { #expect(cell.value == [0x61, 0x62]) }
      if column.name == "timeuuid_c" {
        #expect(UUID(bytes: cell.value ?? [])?.timeUUIDMilliseconds == 1_700_000_000_000)
      }
    }
  }
}
