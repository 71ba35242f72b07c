import Checkers
import Testing

@testable import Simulator

/// Whole nodes under faults. More seeds, and longer ones, are run by `marquee sim`.
@Suite struct SimulationRunTests {
  static func swarm(_ seed: UInt64) -> Swarm {
    var swarm = Swarm(seed: seed)
    swarm.operations = 200
    return swarm
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func nothingAcknowledgedIsLost(seed: UInt64) {
    let report = SimulationRun(seed: seed, swarm: Self.swarm(seed)).run()
    #expect(report.problems.isEmpty, "seed \(seed); repeat: marquee sim --seed \(seed)")
    #expect(report.counters.acknowledgedWrites > 30, "\(report.text)")
  }

  @Test func oneSeedIsOneRun() {
    let swarm = Self.swarm(5)
    #expect(SimulationRun(seed: 5, swarm: swarm).run().hash == SimulationRun(seed: 5, swarm: swarm).run().hash)
  }

  @Test func seedsDrawDifferentFaults() {
    let drawn = (0..<200).map { Swarm(seed: $0) }
    for kind in FaultKind.allCases { #expect(drawn.contains { $0.faults.contains(kind) }, "\(kind)") }
    #expect(drawn.contains { $0.isGroupDurable } && drawn.contains { !$0.isGroupDurable })
    #expect(drawn.allSatisfy { !$0.faults.isEmpty })
  }

  @Test func whatWasNeverReachedIsNamed() {
    var sometimes = Sometimes()
    #expect(sometimes.missing == Sometimes.required)
    sometimes.add("hint kept")
    sometimes.add("hint dropped", 0)
    #expect(!sometimes.missing.contains("hint kept") && sometimes.missing.contains("hint dropped"))
  }
}
