import Base
import Data
import Query
import Storage
import Testing
import World

@testable import Node

@Suite struct SchemaOutcomeTests {
  static let outcomes: [Result<SchemaChangeEvent?, QueryFailure>] = [
    .success(nil),
    .success(SchemaChangeEvent(change: .created, target: .table, keyspace: "k", name: "t")),
    .success(SchemaChangeEvent(change: .dropped, target: .keyspace, keyspace: "k")),
    .failure(.alreadyExists(keyspace: "k", table: "")),
    .failure(.alreadyExists(keyspace: "k", table: "t")),
    .failure(.syntax("line 1:0 no")),
    .failure(.invalid("no")),
    .failure(.configuration("no")),
    .failure(.unauthorized("no")),
    .failure(.overloaded("no")),
    .failure(.server("no")),
  ]

  @Test(arguments: outcomes)
  func whatTheSeedAnswersReachesTheClientAsItWas(outcome: Result<SchemaChangeEvent?, QueryFailure>) throws {
    let bytes = SchemaOutcome.encode(outcome)
    #expect(try SchemaOutcome.decode(bytes) == outcome)
    for length in 0..<bytes.count {
      #expect(throws: DecodeError.self) { try SchemaOutcome.decode(Array(bytes[..<length])) }
    }
  }
}

@Suite struct MetricLinesTests {
  @Test func linesAreOfPrometheusTextFormat() {
    var lines = MetricLines()
    lines.counter("a_total", "How many.", 3)
    lines.family("b", "gauge", "By level.")
    lines.sample("b", labels: ["level": "0"], "1")
    #expect(
      lines.text == """
        # HELP marquee_a_total How many.
        # TYPE marquee_a_total counter
        marquee_a_total 3
        # HELP marquee_b By level.
        # TYPE marquee_b gauge
        marquee_b{level="0"} 1

        """)
  }
}

@Suite struct RingReportTests {
  @Test func survivesJSON() throws {
    let report = RingReport(
      clusterName: "c", schemaEpoch: 7,
      lines: [
        .init(
          address: "127.0.0.1", hostID: "id", datacenter: "d", rack: "r", isUp: false, loadBytes: nil,
          tokens: [.min, 5])
      ])
    let text = try JSON(parsing: report.json.utf8)
    #expect(text["schema_epoch"] == .integer(7))
    #expect(text["nodes"]?[0]?["status"] == .string("down"))
    #expect(text["nodes"]?[0]?["tokens"] == .array([.integer(.min), .integer(5)]))
  }
}
