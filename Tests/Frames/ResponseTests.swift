import Base
import Data
import Testing

@testable import Frames

@Suite struct ResponseTests {
  @Test(arguments: ProtocolVersion.allCases)
  func readsBackWhatItWrites(version: ProtocolVersion) throws {
    for (name, bytes, response, warnings) in allResponses(version) {
      let (header, received) = try decodeResponse(bytes)
      #expect(header.version == version, "\(name)")
      #expect(received.response == response, "\(name)")
      #expect(received.warnings == warnings, "\(name)")
      #expect(header.bodyBytes == bytes.count - FrameHeader.bytes, "\(name)")
      let isEvent = if case .event = response { true } else { false }
      #expect(header.stream == 7 || isEvent, "\(name)")
    }
  }

  /// Byte by byte from the specification.
  @Test func writesTheSpecifiedBytes() {
    var output = ByteWriter()
    ResponseWriter(stream: 258).error(
      ErrorMessage(
        .writeTimeout, "no", details: .writeTimeout(consistency: 4, received: 1, required: 2, writeType: "SIMPLE")),
      to: &output)
    #expect(
      Hex.encode(output.bytes)
        == "840001020000" + "00001a" + "00001100" + "00026e6f" + "0004" + "00000001" + "00000002" + "000653494d504c45")
    output.removeAll()
    ResponseWriter(stream: 0).rows(
      columnCount: 1,
      metadata: EncodedMetadata([ColumnSpecification(keyspace: "k", table: "t", name: "a", type: .list(.int))]),
      pagingState: [7], rowCount: 1, cells: [0, 0, 0, 0], to: &output)
    #expect(
      Hex.encode(output.bytes)
        == "840000000800000026" + "00000002" + "00000003" + "00000001" + "0000000107" + "00016b" + "000174" + "000161"
        + "00200009" + "00000001" + "00000000")
    output.removeAll()
    ResponseWriter(stream: ResponseWriter.eventStream).event(
      .statusChange(.up, InetAddress(bytes: [127, 0, 0, 1], port: 9042)), to: &output)
    #expect(
      Hex.encode(output.bytes)
        == "8400ffff0c0000001c" + "000d5354415455535f4348414e4745" + "00025550" + "047f000001" + "00002352")
  }

  @Test func appendsBehindWhatIsThere() throws {
    var output = ByteWriter()
    ResponseWriter(stream: 1).ready(to: &output)
    let first = output.count
    ResponseWriter(stream: 2).void(to: &output)
    let second = Array(output.bytes[first...])
    let (header, received) = try decodeResponse(second)
    #expect(header.stream == 2)
    #expect(received.response == .void)
  }

  @Test func cutsALongTextAtACharacter() throws {
    let text = String(repeating: "ü", count: 40_000)
    var output = ByteWriter()
    ResponseWriter(stream: 1).error(ErrorMessage(.invalid, text), to: &output)
    guard case .error(let error) = try decodeResponse(output.bytes).1.response else {
      Issue.record("not an error")
      return
    }
    #expect(error.message == String(repeating: "ü", count: 32_767))
  }

  @Test(arguments: ProtocolVersion.allCases)
  func knowsEveryTypesOption(version: ProtocolVersion) throws {
    let scalars = CQLType.scalars.values
    let nested: [CQLType] = [
      .list(.text), .set(.int), .map(.text, .blob), .tuple([.int, .list(.uuid)]), .map(.int, .set(.tuple([.duration]))),
    ]
    for type in Array(scalars) + nested {
      var writer = ByteWriter()
      type.encodeOption(version: version, to: &writer)
      let decoded = try writer.bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
        let type = try CQLType.decodeOption(from: &reader, version: version)
        try reader.expectEnd()
        return type
      }
      #expect(decoded == type)
    }
    var writer = ByteWriter()
    CQLType.frozen(.list(.frozen(.set(.int)))).encodeOption(version: .v4, to: &writer)
    #expect(Hex.encode(writer.bytes) == "002000220009")
  }
}
