import Base
import Testing

@testable import Coordinator

@Suite struct SpeculativeRetryTests {
  @Test(arguments: [
    ("99p", SpeculativeRetry.percentile(0.99)), ("99PERCENTILE", .percentile(0.99)), ("99.9p", .percentile(0.999)),
    ("50ms", .fixed(.milliseconds(50))), ("0.5ms", .fixed(.microseconds(500))), ("ALWAYS", .always),
    ("none", .never), ("NEVER", .never), ("MIN(99p,50ms)", .lesser(0.99, .milliseconds(50))),
    ("max( 20ms , 90p )", .greater(0.9, .milliseconds(20))),
  ])
  func readsWhatCassandraReads(text: String, policy: SpeculativeRetry) {
    guard let read = SpeculativeRetry(text) else {
      Issue.record("\(text) is not read")
      return
    }
    switch (read, policy) {
    case (.percentile(let a), .percentile(let b)): #expect(abs(a - b) < 1e-9)
    default: #expect(read == policy)
    }
  }

  @Test(arguments: ["", "p", "101p", "99", "99q", "-1ms", "MIN(99p)", "MIN(99p,99p)", "AVG(99p,50ms)", "1e3ms"])
  func refusesTheRest(text: String) { #expect(SpeculativeRetry(text) == nil) }

  @Test func aPercentileCountsOnceEnoughWasMeasured() {
    var latencies = ReadLatencies(untilMeasured: .milliseconds(100))
    let table = UUID(high: 1, low: 1)
    let start = Instant(nanoseconds: 0)
    let latency = latencies.of(table, now: start) { _ in "99p" }
    #expect(latency.speculation == .after(.milliseconds(100)))
    for _ in 0..<985 { latency.record(.milliseconds(2)) }
    for _ in 0..<15 { latency.record(.milliseconds(40)) }
    let later = latencies.of(table, now: start + .seconds(5)) { _ in "99p" }
    guard case .after(let delay) = later.speculation else {
      Issue.record("\(later.speculation)")
      return
    }
    #expect(delay >= .milliseconds(40) && delay < .milliseconds(50))
    // What comes now weighs more than what was.
    for round in 2..<9 {
      for _ in 0..<1000 { latencies.of(table, now: start) { _ in nil }.record(.milliseconds(1)) }
      _ = latencies.of(table, now: start + .seconds(5) * round) { _ in "99p" }
    }
    guard case .after(let recent) = latencies.of(table, now: start, option: { _ in nil }).speculation else {
      Issue.record("not a time")
      return
    }
    #expect(recent < .milliseconds(2))
  }

  @Test func anAlteredTableIsHeardOf() {
    var latencies = ReadLatencies(untilMeasured: .milliseconds(100))
    let table = UUID(high: 1, low: 1)
    _ = latencies.of(table, now: Instant(nanoseconds: 0)) { _ in "99p" }
    #expect(latencies.of(table, now: Instant(nanoseconds: 0) + .seconds(6)) { _ in "ALWAYS" }.speculation == .always)
  }

  @Test func thresholdsOfManySizesFallDueInOrder() {
    var queue = SpeculationQueue()
    var generator = SeededGenerator(seed: 11)
    var waiting: [UInt64: Int64] = [:]
    var now = Instant(nanoseconds: 0)
    for request in 1...500 as ClosedRange<UInt64> {
      let delay = Duration.microseconds(Int64(generator.below(200_000)))
      queue.add(request, at: now, after: delay)
      waiting[request] = (now + delay).nanoseconds
      now = now + .microseconds(Int64(generator.below(3000)))
      while let due = queue.popDue(now) {
        // Never early, and at most a third late.
        #expect((waiting.removeValue(forKey: due) ?? .max) <= now.nanoseconds)
      }
      #expect(queue.next.map { $0 > now } ?? waiting.isEmpty)
    }
    while queue.popDue(now + .seconds(60)) != nil {}
    #expect(queue.next == nil)
  }
}
