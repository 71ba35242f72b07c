// status and ring as nodetool lays them out.

import Base
import Node
import Testing

@testable import marquee

private let report = RingReport(
  clusterName: "film", schemaEpoch: 3,
  lines: [
    .init(
      address: "127.0.0.1", hostID: "a", datacenter: "datacenter1", rack: "rack1", isUp: true, loadBytes: 1536,
      tokens: [0]),
    .init(
      address: "127.0.0.2", hostID: "b", datacenter: "datacenter1", rack: "rack1", isUp: false, loadBytes: nil,
      tokens: [-0x4000_0000_0000_0000]),
  ])

@Suite struct RingTextTests {
  @Test func statusHasALineANode() {
    #expect(
      RingText(report: report).status == """
        Datacenter: datacenter1
        =======================
        Status=Up/Down
        |/ State=Normal/Leaving/Joining/Moving
        --  Address    Load     Tokens  Owns   Host ID  Rack
        UN  127.0.0.1  1.5 KiB  1       25.0%  a        rack1
        DN  127.0.0.2  ?        1       75.0%  b        rack1


        """)
  }

  @Test func ringHasALineAToken() {
    #expect(
      RingText(report: report).ring == """
        Datacenter: datacenter1
        =======================
        Address    Rack   Status  State   Load     Owns   Token
                                                          0
        127.0.0.2  rack1  Down    Normal  ?        75.0%  -4611686018427387904
        127.0.0.1  rack1  Up      Normal  1.5 KiB  25.0%  0


        """)
  }

  @Test func oneTokenOwnsAll() {
    var alone = report
    alone.lines.removeLast()
    #expect(RingText(report: alone).ownership == ["127.0.0.1": 100])
  }

  @Test func reportsTravelAsJSON() throws {
    #expect(RingReport(try JSON(parsing: report.json.utf8)) == report)
    #expect(RingReport(.object(["cluster": "film"])) == nil)
  }

  @Test func sizesAreInTheUnitThatFits() {
    #expect(
      [0, 1023, 1024, 5 << 20, 3 << 40].map { RingText.size($0) } == [
        "0 bytes", "1023 bytes", "1.0 KiB", "5.0 MiB", "3.0 TiB",
      ])
  }
}
