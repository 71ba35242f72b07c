import Testing

@testable import Checkers

@Suite struct SliceTests {
  static let three = ReplicaFactors(factors: [3])
  static let quorum = Strength(level: "QUORUM", datacenter: 0, placement: three)
  let whole = Slice(partition: 7)

  /// Rows 0..<5 of partition 7, all acknowledged.
  func history() -> CellHistory {
    var history = CellHistory(placement: Self.three)
    for element in 0..<5 as Range<Int32> {
      let write = CellWrite(key: CellKey(7, element), timestamp: Int64(element) + 1, value: "v\(element)")
      history.sent(write)
      history.acknowledged(write, Self.quorum, Span(began: 0, ended: 5, node: 0))
    }
    return history
  }

  func rows(_ elements: Int32...) -> [SliceRow] {
    elements.map { SliceRow(element: $0, value: "v\($0)", timestamp: Int64($0) + 1) }
  }

  func problems(_ slice: Slice, _ rows: [SliceRow]) -> [String] {
    var history = history()
    return history.checkSlice(slice, rows: rows, Self.quorum, Span(began: 10, ended: 20, node: 0), reader: "r")
  }

  @Test func whatIsThereIsFine() {
    #expect(problems(whole, rows(0, 1, 2, 3, 4)).isEmpty)
    #expect(problems(Slice(partition: 7, isDescending: true, limit: 2), rows(4, 3)).isEmpty)
    #expect(problems(Slice(partition: 7, bounds: 1...2), rows(1, 2)).isEmpty)
    #expect(problems(Slice(partition: 8), []).isEmpty)
  }

  @Test func aMissingRowIsNoticed() {
    #expect(problems(whole, rows(0, 1, 3, 4)).count == 1)
    #expect(problems(Slice(partition: 7, limit: 2), rows(0, 2)).count == 1, "passed over within the limit")
    #expect(problems(Slice(partition: 7, limit: 3), rows(0, 1)).count == 3, "ended before the limit")
  }

  @Test func aRowThatCameBackIsNoticed() {
    var history = history()
    let deletions = (1...2 as ClosedRange<Int32>).map { CellWrite(key: CellKey(7, $0), timestamp: 50, value: nil) }
    for write in deletions {
      history.sent(write)
      history.acknowledged(write, Self.quorum, Span(began: 6, ended: 7, node: 0))
    }
    let span = Span(began: 10, ended: 20, node: 0)
    #expect(history.checkSlice(whole, rows: rows(0, 3, 4), Self.quorum, span, reader: "r").isEmpty)
    #expect(history.checkSlice(whole, rows: rows(0, 1, 3, 4), Self.quorum, span, reader: "r").count == 1)
  }

  @Test func orderLimitAndBoundsAreNoticed() {
    #expect(problems(whole, rows(0, 2, 1, 3, 4)).count == 1)
    #expect(problems(whole, rows(0, 1, 1, 2, 3, 4)).count == 1, "twice")
    #expect(problems(Slice(partition: 7, isDescending: true), rows(0, 1, 2, 3, 4)).count == 4)
    #expect(problems(Slice(partition: 7, limit: 1), rows(0, 1)).count == 1)
    #expect(problems(Slice(partition: 7, bounds: 0...1), rows(0, 1, 2)).count == 1)
  }

  @Test func aRowNobodyWroteIsNoticed() { #expect(problems(whole, rows(0, 1, 2, 3, 4, 9)).count == 1) }
}

@Suite struct BatchHistoryTests {
  func problems(found: [Int], outcome: BatchHistory.Outcome?, isExempt: Bool = false) -> [String] {
    var history = BatchHistory()
    history.sent(1, parts: 3)
    if let outcome { history.ended(1, outcome) }
    if isExempt { history.exemptUnacknowledged() }
    for part in found { history.found(1, part: part) }
    return history.problems()
  }

  @Test func allOrNothing() {
    #expect(problems(found: [0, 1, 2], outcome: .acknowledged).isEmpty)
    #expect(problems(found: [0, 1, 2], outcome: .unknown).isEmpty)
    #expect(problems(found: [], outcome: .unknown).isEmpty)
  }

  @Test func aTornBatchIsNoticed() {
    #expect(problems(found: [0, 2], outcome: .unknown).count == 1)
    #expect(problems(found: [1], outcome: nil).count == 1)
    #expect(problems(found: [1], outcome: .unknown, isExempt: true).isEmpty)
  }

  @Test func aLostBatchIsNoticed() {
    #expect(problems(found: [], outcome: .acknowledged).count == 1)
    #expect(problems(found: [0, 1], outcome: .acknowledged, isExempt: true).count == 1)
  }
}

@Suite struct ReplicaCheckTests {
  @Test func adifferenceIsNoticed() {
    let same: (partition: String, replicas: [(node: Int, bytes: [UInt8])]) = ("a", [(1, [1, 2]), (2, [1, 2])])
    #expect(ReplicaCheck.problems([same]).isEmpty)
    #expect(ReplicaCheck.problems([same, ("b", [(1, [1]), (2, [1]), (3, [2])])]).count == 1)
  }
}
