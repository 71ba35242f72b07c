// What differs between versions 3, 4 and 5, byte by byte from the specifications.

import Base
import Data
import Testing

@testable import Frames

@Suite struct VersionTests {
  private func body(_ version: ProtocolVersion, _ write: (ResponseWriter, inout ByteWriter) -> Void) -> String {
    var output = ByteWriter()
    write(ResponseWriter(stream: 0, version: version), &output)
    return Hex.encode(Array(output.bytes[FrameHeader.bytes...]))
  }

  @Test func anUnsetValueIsNullInV3() throws {
    let body = try #require(Hex.decode("00000001780001010002fffffffefffffffd"))
    let header = FrameHeader(version: .v3, isResponse: false, stream: 0, opcode: .query, bodyBytes: body.count)
    let request = try Request(header, body: body.span.bytes, limits: FrameLimits())
    #expect(request == .query("x", QueryParameters(consistency: 1, values: [.null, .null])))
  }

  @Test func nowInSecondsIsOfV5() throws {
    for version in ProtocolVersion.allCases {
      var writer = ByteWriter()
      let parameters = QueryParameters(consistency: 1, keyspace: "k", nowInSeconds: -5)
      Request.query("x", parameters).encode(stream: 1, version: version, to: &writer)
      let plain = QueryParameters(consistency: 1)
      #expect(try decodeRequest(writer.bytes).1 == .query("x", version >= .v5 ? parameters : plain))
    }
  }

  /// Bits 7 and up mean nothing in the one byte of v4.
  @Test func v4IgnoresTheFlagsOfV5() throws {
    let body = try #require(Hex.decode("0000000178000180"))
    let header = FrameHeader(isResponse: false, stream: 0, opcode: .query, bodyBytes: body.count)
    let request = try Request(header, body: body.span.bytes, limits: FrameLimits())
    #expect(request == .query("x", QueryParameters(consistency: 1)))
  }

  @Test func metadataIDsAreOfV5() {
    let column = ColumnSpecification(keyspace: "k", table: "t", name: "a", type: .int)
    func prepared(_ version: ProtocolVersion) -> String {
      body(version) {
        $0.prepared(
          id: [1], resultMetadataID: [2], markers: [column], partitionKeyIndices: [0], resultColumns: nil, to: &$1)
      }
    }
    let spec = "00016b" + "000174" + "000161" + "0009"
    let result = "00000004" + "00000000"
    #expect(prepared(.v3) == "00000004" + "000101" + "00000001" + "00000001" + spec + result)
    #expect(prepared(.v4) == "00000004" + "000101" + "00000001" + "00000001" + "00000001" + "0000" + spec + result)
    #expect(
      prepared(.v5) == "00000004" + "000101" + "000102" + "00000001" + "00000001" + "00000001" + "0000" + spec + result)
    let rows = body(.v5) {
      $0.rows(
        columnCount: 1, metadata: EncodedMetadata([column], version: .v5), newMetadataID: [7, 8], pagingState: [9],
        rowCount: 0, cells: [], to: &$1)
    }
    #expect(
      rows == "00000002" + "0000000b" + "00000001" + "00000001" + "09" + "0002" + "0708" + spec + "00000000")
  }

  @Test func failuresHaveReasonsInV5() {
    let details = ErrorDetails.writeFailure(
      consistency: 4, received: 1, required: 2, failures: 1,
      reasons: [ReplicaFailureReason(address: [10, 0, 0, 1], .incompatibleSchema)], writeType: "SIMPLE")
    func failure(_ version: ProtocolVersion) -> String {
      body(version) { $0.error(ErrorMessage(.writeFailure, "m", details: details), to: &$1) }
    }
    let simple = "000653494d504c45"
    let head = "00001500" + "00016d" + "0004" + "00000001" + "00000002"
    #expect(failure(.v4) == head + "00000001" + simple)
    #expect(failure(.v5) == head + "00000001" + "040a000001" + "0003" + simple)
    let text = Hex.encode(Array("Operation timed out - received only 1 responses.".utf8))
    #expect(failure(.v3) == "00001100" + "0030" + text + "0004" + "00000001" + "00000002" + simple)
  }

  @Test func anUnknownOutcomeIsAWriteTimeoutBeforeV5() {
    let unknown = ErrorMessage(
      .casWriteUnknown, "m", details: .casWriteUnknown(consistency: 8, received: 1, required: 2))
    let tail = "0008" + "00000001" + "00000002"
    #expect(body(.v5) { $0.error(unknown, to: &$1) } == "00001700" + "00016d" + tail)
    for version in [ProtocolVersion.v3, .v4] {
      #expect(body(version) { $0.error(unknown, to: &$1) } == "00001100" + "00016d" + tail + "0003434153")
    }
    #expect(body(.v3) { $0.error(ErrorMessage(.cdcWriteFailure, "m"), to: &$1) } == "00002200" + "00016d")
  }

  @Test func warningsAndTracesAreFlagged() throws {
    let id = UUID(high: 1, low: 2)
    for version in ProtocolVersion.allCases {
      var output = ByteWriter()
      ResponseWriter(stream: 1, version: version, traceID: id).void(warnings: ["w"], to: &output)
      let (header, received) = try decodeResponse(output.bytes)
      #expect(header.flags == (version >= .v4 ? [.tracing, .warning] : .tracing))
      #expect(received.traceID == id)
      #expect(received.warnings == (version >= .v4 ? ["w"] : []))
      #expect(received.response == .void)
    }
  }

  @Test func typesThatAVersionLacksAreCustom() {
    func option(_ type: CQLType, _ version: ProtocolVersion) -> String {
      var writer = ByteWriter()
      type.encodeOption(version: version, to: &writer)
      return Hex.encode(writer.bytes)
    }
    func custom(_ name: String) -> String {
      var writer = ByteWriter()
      writer.uint16(0)
      writer.shortString("org.apache.cassandra.db.marshal." + name)
      return Hex.encode(writer.bytes)
    }
    #expect(option(.date, .v3) == custom("SimpleDateType"))
    #expect(option(.time, .v3) == custom("TimeType"))
    #expect(option(.smallint, .v3) == custom("ShortType"))
    #expect(option(.tinyint, .v3) == custom("ByteType"))
    #expect(option(.duration, .v3) == custom("DurationType"))
    #expect(option(.duration, .v4) == custom("DurationType"))
    #expect(option(.duration, .v5) == "0015")
    #expect(option(.date, .v4) == "0011")
    #expect(option(.list(.tinyint), .v3) == "0020" + custom("ByteType"))
  }

  @Test(arguments: [
    ("00757300707", nil), ("007573657200706173737764", PlainCredentials(name: "user", password: Array("passwd".utf8))),
    ("610075736572007077", PlainCredentials(name: "user", password: Array("pw".utf8))), ("", nil), ("0000", nil),
    ("00750000", nil), ("0000700070", nil), ("75736572007077", nil), ("00c3280070", nil), ("007500700070", nil),
  ])
  func readsCredentials(hex: String, expected: PlainCredentials?) {
    let token = Hex.decode(hex) ?? [1]
    #expect((try? PlainCredentials(token: token)) == expected)
    if let expected, hex.hasPrefix("00") { #expect(Hex.encode(expected.token) == hex) }
  }

  @Test func aTokenIsBounded() throws {
    let limits = FrameLimits()
    for (count, isRead) in [(limits.maxTokenBytes, true), (limits.maxTokenBytes + 1, false)] {
      var writer = ByteWriter()
      Request.authResponse([UInt8](repeating: 1, count: count)).encode(stream: 1, to: &writer)
      #expect(((try? decodeRequest(writer.bytes)) != nil) == isRead)
    }
  }
}
