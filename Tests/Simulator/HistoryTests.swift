import Testing

@testable import Simulator

/// The checker is held against histories with a known fault in them.
@Suite struct HistoryTests {
  let old = RegisterWrite(key: 1, timestamp: 1, value: "a")
  let new = RegisterWrite(key: 1, timestamp: 2, value: "b")
  let deletion = RegisterWrite(key: 1, timestamp: 3, value: nil)

  func history(_ writes: RegisterWrite...) -> History {
    var history = History()
    for write in writes {
      history.sent(write)
      _ = history.acknowledged(write)
    }
    return history
  }

  func state(_ write: RegisterWrite) -> RegisterState {
    write.value.map { .value($0, timestamp: write.timestamp) } ?? .absent
  }

  @Test func theNewestIsFine() {
    let history = history(old, new)
    #expect(history.check(1, state(new), floor: history.floor(of: 1), reader: "r") == nil)
  }

  @Test func aLostWriteIsNoticed() {
    let history = history(old, new)
    #expect(history.check(1, state(old), floor: history.floor(of: 1), reader: "r") != nil)
    #expect(history.check(1, .absent, floor: history.floor(of: 1), reader: "r") != nil)
  }

  @Test func aValueNobodyWroteIsNoticed() {
    let history = history(old)
    #expect(history.check(1, .value("z", timestamp: 9), floor: nil, reader: "r") != nil)
  }

  @Test func aDeletionExplainsAbsence() {
    let history = history(new, deletion)
    #expect(history.check(1, .absent, floor: new, reader: "r") == nil)
    #expect(history.check(1, state(new), floor: history.floor(of: 1), reader: "r") != nil, "it came back")
  }

  @Test func goingBackwardsIsNoticed() {
    var history = History()
    history.sent(old)
    history.sent(new)
    history.seen(1, state(new))
    #expect(history.check(1, state(old), floor: history.floor(of: 1), reader: "r") != nil)
  }

  @Test func tiesGoToTheDeletionThenToTheGreaterValue() {
    let a = RegisterWrite(key: 1, timestamp: 5, value: "a")
    let b = RegisterWrite(key: 1, timestamp: 5, value: "b")
    let gone = RegisterWrite(key: 1, timestamp: 5, value: nil)
    #expect(b.beats(a) && !a.beats(b))
    #expect(gone.beats(b) && !b.beats(gone))
    let history = history(a, b)
    #expect(history.check(1, state(a), floor: history.floor(of: 1), reader: "r") != nil)
  }

  @Test func onlyWritesWhoseCoordinatorLivedAreOwedToEveryReplica() {
    var history = History()
    history.sent(old)
    history.sent(new)
    _ = history.acknowledged(old)
    let index = history.acknowledged(new)
    #expect(history.durable(1) == new)
    history.lostCoordinator(of: index)
    #expect(history.durable(1) == old)
  }
}
