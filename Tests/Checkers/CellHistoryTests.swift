import Testing

@testable import Checkers

/// The checker is held against histories with a known fault in them: one that finds nothing there finds nothing.
@Suite struct CellHistoryTests {
  static let three = ReplicaFactors(factors: [3])
  static let quorum = Strength(level: "QUORUM", datacenter: 0, placement: three)
  static let one = Strength(level: "ONE", datacenter: 0, placement: three)
  static let all = Strength(level: "ALL", datacenter: 0, placement: three)
  let key = CellKey(1)
  let old = CellWrite(key: CellKey(1), timestamp: 1, value: "a")
  let new = CellWrite(key: CellKey(1), timestamp: 2, value: "b")
  let deletion = CellWrite(key: CellKey(1), timestamp: 3, value: nil)

  /// Write number N (from 0) is sent at 10 N and acknowledged at 10 N + 5 through node 0.
  func history(_ writes: CellWrite..., at strength: Strength = quorum) -> CellHistory {
    var history = CellHistory(placement: Self.three, hintWindow: 2)
    for (number, write) in writes.enumerated() {
      history.sent(write)
      history.acknowledged(write, strength, Span(began: Int64(10 * number), ended: Int64(10 * number + 5), node: 0))
    }
    return history
  }

  func state(_ write: CellWrite) -> CellState {
    write.value.map { .value($0, timestamp: write.timestamp) } ?? .absent
  }

  /// What a read at 1,000 says to a state.
  func problem(_ history: CellHistory, _ state: CellState, reading strength: Strength = quorum) -> String? {
    history.check(key, state, floor: history.floor(of: key, readBy: strength, began: 1_000), reader: "r")
  }

  @Test func theNewestIsFine() { #expect(problem(history(old, new), state(new)) == nil) }

  @Test func aLostWriteIsNoticed() {
    #expect(problem(history(old, new), state(old)) != nil)
    #expect(problem(history(old, new), .absent) != nil)
  }

  @Test func aValueNobodyWroteIsNoticed() {
    #expect(problem(history(old), .value("z", timestamp: 9)) != nil)
    #expect(problem(history(old), .value("a", timestamp: 9)) != nil, "a timestamp that is not its own")
    #expect(problem(CellHistory(placement: Self.three), .value("z", timestamp: nil)) != nil)
  }

  @Test func aDeletionExplainsAbsenceAndNothingComesBackFromIt() {
    #expect(problem(history(new, deletion), .absent) == nil)
    #expect(problem(history(new, deletion), state(new)) != nil, "it came back")
  }

  @Test func goingBackwardsIsNoticed() {
    var history = CellHistory(placement: Self.three)
    history.sent(old)
    history.sent(new)
    #expect(problem(history, state(old)) == nil, "nothing is promised of what nobody acknowledged")
    history.seen(key, state(new), Self.quorum, Span(began: 20, ended: 30, node: 0))
    #expect(problem(history, state(old)) != nil)
    #expect(
      history.floor(of: key, readBy: Self.quorum, began: 25) == nil, "a read that began before need not see it")
  }

  @Test func tiesGoToTheDeletionThenToTheGreaterValue() {
    let a = CellWrite(key: key, timestamp: 5, value: "a")
    let b = CellWrite(key: key, timestamp: 5, value: "b")
    let gone = CellWrite(key: key, timestamp: 5, value: nil)
    #expect(b.beats(a) && !a.beats(b))
    #expect(gone.beats(b) && !b.beats(gone))
    #expect(problem(history(a, b), state(a)) != nil)
  }

  @Test func levelsPromiseWhatTheirReplicasShare() {
    #expect(problem(history(new, at: Self.one), .absent) == nil, "ONE and QUORUM need not meet")
    #expect(problem(history(new, at: Self.all), .absent, reading: Self.one) != nil)
    #expect(problem(history(new, at: Self.one), .absent, reading: Self.all) != nil)
  }

  @Test func aPowerLossTakesOneReplicaOfWhatWasNotSynced() {
    var near = history(new)
    near.lostPower(datacenter: 0, at: 50, reach: 100)
    #expect(problem(near, .absent) == nil)
    #expect(problem(near, .absent, reading: Self.all) != nil, "one of the two still has it")
    near.lostPower(datacenter: 0, at: 60, reach: 100)
    #expect(problem(near, .absent, reading: Self.all) == nil)
    var far = history(new)
    far.lostPower(datacenter: 0, at: 50, reach: 20)
    #expect(problem(far, .absent) != nil, "what is synced stays")
    var late = CellHistory(placement: Self.three)
    late.sent(new)
    late.lostPower(datacenter: 0, at: 5, reach: 2)
    late.acknowledged(new, Self.quorum, Span(began: 0, ended: 10, node: 0))
    #expect(problem(late, .absent) == nil, "a replica that had answered lost it before the client heard")
  }

  @Test func onlyWritesWhoseCoordinatorLivedAreOwedToEveryReplica() {
    var history = history(old, new)
    #expect(history.owedToAll(key) == new)
    history.coordinatorDied(0, at: 16)
    #expect(history.owedToAll(key) == old)
    history.doubtAllHints()
    #expect(history.owedToAll(key) == nil)
  }

  @Test func theLastAnswerOfADeadCoordinatorOwesNoHints() {
    var history = CellHistory(placement: Self.three)
    history.sent(new)
    history.coordinatorDied(0, at: 5)
    history.acknowledged(new, Self.quorum, Span(began: 0, ended: 10, node: 0))
    #expect(history.owedToAll(key) == nil)
  }
}

@Suite struct StrengthTests {
  let two = ReplicaFactors(factors: [3, 3])

  func meets(_ write: String, _ a: Int, _ read: String, _ b: Int) -> Bool {
    Strength(level: write, datacenter: a, placement: two)
      .meets(Strength(level: read, datacenter: b, placement: two), in: two)
  }

  @Test func localQuorumsMeetAtHome() {
    #expect(meets("LOCAL_QUORUM", 0, "LOCAL_QUORUM", 0))
    #expect(!meets("LOCAL_QUORUM", 0, "LOCAL_QUORUM", 1))
    #expect(meets("EACH_QUORUM", 0, "LOCAL_QUORUM", 1))
    #expect(meets("QUORUM", 0, "QUORUM", 1))
    #expect(!meets("QUORUM", 0, "LOCAL_QUORUM", 0), "four of six may leave one here, and two others be asked")
    #expect(meets("ALL", 0, "LOCAL_ONE", 1))
    #expect(!meets("ANY", 0, "ALL", 0))
  }
}
