import Testing

@testable import Simulator

/// Whole nodes under faults. More seeds, and longer ones, are run by `marquee sim`.
@Suite struct RegisterRunTests {
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func nothingAcknowledgedIsLost(seed: UInt64) {
    var options = RunOptions()
    options.operations = 400
    options.acknowledgedDuringFault = 40
    let report = RegisterRun(seed: seed, options: options).run()
    #expect(report.problems.isEmpty, "seed \(seed); repeat: marquee sim --seed \(seed)")
    #expect(report.acknowledgedWrites > 100, "\(report.text)")
    #expect(report.kills + report.cuts > 0, "\(report.text)")
  }
}
