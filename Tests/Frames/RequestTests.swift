import Base
import Data
import Testing

@testable import Frames

@Suite struct RequestTests {
  @Test func readsWhatTheDriverWrites() throws {
    for frame in driverFrames + otherDriverFrames {
      let (header, request) = try decodeRequest(frame.bytes)
      #expect(header.stream == frame.stream)
      #expect(header.bodyBytes == frame.bytes.count - FrameHeader.bytes)
      #expect(request == frame.request)
    }
  }

  @Test func writesThemAlike() throws {
    for frame in driverFrames + otherDriverFrames where frame.request.opcode != .startup {
      var writer = ByteWriter()
      let version = try #require(frame.bytes.first.flatMap(ProtocolVersion.init))
      frame.request.encode(stream: frame.stream, version: version, to: &writer)
      #expect(Hex.encode(writer.bytes) == frame.hex)
    }
  }

  @Test func readsNamedValuesAndSkipMetadata() throws {
    let parameters = QueryParameters(
      consistency: 10, values: [.bytes([1]), .null], names: ["a", "b"], skipsMetadata: true)
    var writer = ByteWriter()
    Request.query("x", parameters).encode(stream: 1, to: &writer)
    #expect(try decodeRequest(writer.bytes).1 == .query("x", parameters))
  }

  @Test func skipsACustomPayload() throws {
    var body = ByteWriter()
    body.uint16(2)
    body.shortString("key")
    body.longBytes([1, 2, 3])
    body.shortString("none")
    body.longBytes(nil)
    body.longString("SELECT")
    var frame = ByteWriter()
    FrameHeader(
      isResponse: false, flags: [.customPayload, .tracing], stream: 3, opcode: .prepare, bodyBytes: body.count
    )
    .encode(to: &frame)
    frame.append(body.bytes)
    #expect(try decodeRequest(frame.bytes).1 == .prepare("SELECT"))
  }

  @Test func takesNoPageSizeOfZeroOrLess() throws {
    for size in [0, -1] {
      var writer = ByteWriter()
      Request.query("x", QueryParameters(consistency: 1, pageSize: size)).encode(stream: 1, to: &writer)
      #expect(try decodeRequest(writer.bytes).1 == .query("x", QueryParameters(consistency: 1)))
    }
  }

  /// Each body, as hex, with what is wrong with it.
  @Test(arguments: [
    (Opcode.query, "0000000178ffff00", "bad consistency level"),
    (.query, "0000000178000101000100000001", "the bytes end too early"),
    (.query, "00000001780001010001fffffffd", "bad length -3"),
    (.query, "ffffffff000100", "bad length -1"),
    (.query, "00000002c328000100", "not valid UTF-8"),
    (.query, "7fffffff78000100", "the bytes end too early"),
    (.query, "00000001780001208000000000000000", "bad default timestamp"),
    (.prepare, "0000000178".dropLast(2).description, "the bytes end too early"),
    (.execute, "ffff00", "the bytes end too early"),
    (.batch, "030000000100", "bad batch type"),
    (.batch, "0000010200000000", "bad kind of a batch's statement"),
    (.batch, "000000000140", "bad flags: values of a batch cannot be given by name"),
    (.batch, "00ffff", "the bytes end too early"),
    (.startup, "ffff", "bad length 65535"),
    (.register, "ffff", "bad length 65535"),
    (.authResponse, "7fffffff00", "the bytes end too early"),
  ])
  func saysWhatIsWrong(opcode: Opcode, hex: String, message: String) throws {
    let body = try #require(Hex.decode(hex))
    let header = FrameHeader(isResponse: false, stream: 0, opcode: opcode, bodyBytes: body.count)
    do throws(DecodeError) {
      let request = try Request(header, body: body.span.bytes, limits: FrameLimits())
      Issue.record("decoded \(request)")
    } catch {
      #expect("\(error)" == message)
    }
  }

  @Test func boundsTheValuesOfABatch() throws {
    var limits = FrameLimits()
    limits.maxBatchValues = 3
    func batch(_ count: Int) -> [UInt8] {
      let statement = BatchRequest.Statement(.text("x"), values: [.null])
      var writer = ByteWriter()
      Request.batch(
        BatchRequest(kind: .logged, statements: Array(repeating: statement, count: count), consistency: 1)
      ).encode(stream: 1, to: &writer)
      return writer.bytes
    }
    #expect(throws: Never.self) { try decodeRequest(batch(3), limits: limits) }
    #expect(throws: DecodeError.badLength(4)) { try decodeRequest(batch(4), limits: limits) }
  }

  @Test(arguments: [
    ("420000000500000000", HeaderProblem.version(66)), ("060000000500000000", .version(6)),
    ("020000000500000000", .version(2)), ("474554202f20485454", .version(0x47)), ("840000000500000000", .direction),
    ("040000006300000000", .opcode(0x63)), ("040000000200000000", .opcode(2)), ("0400000007ffffffff", .length(-1)),
    ("040000000710000001", .length((256 << 20) + 1)),
  ])
  func refusesHeaders(hex: String, problem: HeaderProblem) throws {
    let bytes = try #require(Hex.decode(hex))
    #expect(throws: problem) { try FrameHeader(bytes.span.bytes, isRequest: true) }
  }

  @Test func refusesAVersionInTheWordsDriversLookFor() {
    #expect(
      HeaderProblem.version(66).message
        == "Invalid or unsupported protocol version (66); supported versions are (3/v3, 4/v4, 5/v5)")
  }
}
