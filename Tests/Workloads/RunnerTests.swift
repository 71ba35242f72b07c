import Base
import Checkers
import Data
import Testing

@testable import Workloads

@Suite struct RunnerTests {
  @Test func setsAreWrittenAsTheProtocolHasThem() {
    #expect(BoundValue.intSet([5]) == .bytes([0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5]))
  }

  @Test func localLevelsAreForSeveralDatacenters() {
    var random = SeededGenerator(seed: 1)
    let read = (0..<200).map { _ in LevelMix.local.read(&random) }
    #expect(!read.contains(.eachQuorum), "reads at EACH_QUORUM are refused")
    #expect((0..<200).allSatisfy { _ in LevelMix.quorum.write(&random) == .quorum })
  }
}
