// The nine bytes before each frame's body (v4.spec section 2): version and direction, flags, stream, opcode, length.
// v3 and v5 have the same; v5's compression flag means nothing, since there segments are compressed (v5.spec 2.3.2).

import Base

/// What a frame is (v4.spec section 2.4).
public enum Opcode: UInt8, Sendable, CaseIterable {
  case error = 0x00
  case startup = 0x01
  case ready = 0x02
  case authenticate = 0x03
  case options = 0x05
  case supported = 0x06
  case query = 0x07
  case result = 0x08
  case prepare = 0x09
  case execute = 0x0A
  case register = 0x0B
  case event = 0x0C
  case batch = 0x0D
  case authChallenge = 0x0E
  case authResponse = 0x0F
  case authSuccess = 0x10

  /// Whether clients send it.
  public var isRequest: Bool {
    switch self {
    case .startup, .options, .query, .prepare, .execute, .register, .batch, .authResponse: true
    default: false
    }
  }

  /// As the specification writes it.
  public var name: String {
    switch self {
    case .error: "ERROR"
    case .startup: "STARTUP"
    case .ready: "READY"
    case .authenticate: "AUTHENTICATE"
    case .options: "OPTIONS"
    case .supported: "SUPPORTED"
    case .query: "QUERY"
    case .result: "RESULT"
    case .prepare: "PREPARE"
    case .execute: "EXECUTE"
    case .register: "REGISTER"
    case .event: "EVENT"
    case .batch: "BATCH"
    case .authChallenge: "AUTH_CHALLENGE"
    case .authResponse: "AUTH_RESPONSE"
    case .authSuccess: "AUTH_SUCCESS"
    }
  }
}

/// v4.spec section 2.2; what is not named here is ignored.
public struct FrameFlags: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let compressed = FrameFlags(rawValue: 0x01)
  public static let tracing = FrameFlags(rawValue: 0x02)
  public static let customPayload = FrameFlags(rawValue: 0x04)
  public static let warning = FrameFlags(rawValue: 0x08)
}

/// What one frame may hold. Counts are of what a decoder would keep in memory.
public struct FrameLimits: Sendable {
  /// The protocol's own bound on a body (v4.spec section 2.5).
  public static let maxProtocolBodyBytes = 256 << 20

  /// A longer body is answered with an error and thrown away unread.
  public var maxBodyBytes = 16 << 20
  /// Of the token in AUTH_RESPONSE: two names and a password.
  public var maxTokenBytes = 4 << 10
  /// Values in all statements of one batch together.
  public var maxBatchValues = 1_000_000
  /// Options of STARTUP, event types of REGISTER, entries of a custom payload.
  public var maxOptions = 256

  public init() {}
}

/// A header that ends the connection: where the next frame begins cannot be trusted any more.
public enum HeaderProblem: Error, Equatable, Sendable {
  case version(UInt8)
  /// A response, which clients don't send.
  case direction
  case opcode(UInt8)
  case length(Int32)
  /// Another version than the one STARTUP came in.
  case changedVersion(ProtocolVersion, was: ProtocolVersion)

  /// What the client is told; Cassandra's words where it has some.
  public var message: String {
    switch self {
    case .version(let version): ProtocolVersion.refusal(of: version)
    case .direction: "Wrong protocol direction, expected a request"
    case .opcode(let code): "Unknown opcode \(code)"
    case .length(let length): "Invalid frame length: \(length) bytes"
    case .changedVersion(let version, let before):
      "Invalid message version. Got \(version.name) but previous messages on this connection had version \(before.name)"
    }
  }
}

public struct FrameHeader: Equatable, Sendable {
  public static let bytes = 9
  static let responseBit: UInt8 = 0x80

  public var version: ProtocolVersion
  public var isResponse: Bool
  public var flags: FrameFlags
  public var stream: Int16
  public var opcode: Opcode
  public var bodyBytes: Int

  public init(
    version: ProtocolVersion = .v4, isResponse: Bool, flags: FrameFlags = [], stream: Int16, opcode: Opcode,
    bodyBytes: Int
  ) {
    self.version = version
    self.isResponse = isResponse
    self.flags = flags
    self.stream = stream
    self.opcode = opcode
    self.bodyBytes = bodyBytes
  }

  public func encode(to writer: inout ByteWriter) {
    writer.uint8(version.rawValue | (isResponse ? Self.responseBit : 0))
    writer.uint8(flags.rawValue)
    writer.int16(stream)
    writer.uint8(opcode.rawValue)
    writer.int32(Int32(clamping: bodyBytes))
  }

  /// Reads a header out of nine bytes.
  /// - Parameter isRequest: the direction that is expected.
  public init(_ head: RawSpan, isRequest: Bool) throws(HeaderProblem) {
    var reader = ByteReader(head)
    let raw: (version: UInt8, flags: UInt8, stream: Int16, opcode: UInt8, length: Int32)
    do throws(DecodeError) {
      raw = (
        try reader.uint8(), try reader.uint8(), try reader.int16(), try reader.uint8(), try reader.int32()
      )
    } catch {
      throw .length(0)
    }
    guard let version = ProtocolVersion(rawValue: raw.version & ~Self.responseBit) else {
      throw .version(raw.version & ~Self.responseBit)
    }
    self.version = version
    isResponse = raw.version & Self.responseBit != 0
    guard isResponse != isRequest else { throw .direction }
    flags = FrameFlags(rawValue: raw.flags)
    guard let opcode = Opcode(rawValue: raw.opcode), !isRequest || opcode.isRequest else { throw .opcode(raw.opcode) }
    self.opcode = opcode
    stream = raw.stream
    guard raw.length >= 0, raw.length <= FrameLimits.maxProtocolBodyBytes else { throw .length(raw.length) }
    bodyBytes = Int(raw.length)
  }

  /// The version of a frame whose header is otherwise not understood; the newest for one that is not spoken here.
  public static func version(ofHead head: RawSpan) -> ProtocolVersion {
    var reader = ByteReader(head)
    guard let raw = try? reader.uint8() else { return .newest }
    return ProtocolVersion(rawValue: raw & ~responseBit) ?? .newest
  }

  /// The stream of a frame whose header is otherwise not understood, so that the refusal reaches who waits for it.
  public static func stream(ofHead head: RawSpan) -> Int16 {
    var reader = ByteReader(head)
    do throws(DecodeError) {
      try reader.skip(2)
      return try reader.int16()
    } catch {
      return 0
    }
  }
}
