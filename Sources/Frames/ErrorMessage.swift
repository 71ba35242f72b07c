// ERROR bodies (v4.spec section 9): a code, a text, and for some codes more.

import Base

public enum ErrorCode: Int32, Sendable, CaseIterable {
  case serverError = 0x0000
  case protocolError = 0x000A
  case authenticationError = 0x0100
  case unavailable = 0x1000
  case overloaded = 0x1001
  case isBootstrapping = 0x1002
  case truncateError = 0x1003
  case writeTimeout = 0x1100
  case readTimeout = 0x1200
  case readFailure = 0x1300
  case functionFailure = 0x1400
  case writeFailure = 0x1500
  case syntaxError = 0x2000
  case unauthorized = 0x2100
  case invalid = 0x2200
  case configError = 0x2300
  case alreadyExists = 0x2400
  case unprepared = 0x2500
}

/// What follows the text of an ERROR. Consistency levels are codes of [consistency].
public enum ErrorDetails: Equatable, Sendable {
  case none
  case unavailable(consistency: UInt16, required: Int32, alive: Int32)
  case writeTimeout(consistency: UInt16, received: Int32, required: Int32, writeType: String)
  case readTimeout(consistency: UInt16, received: Int32, required: Int32, hasData: Bool)
  case readFailure(consistency: UInt16, received: Int32, required: Int32, failures: Int32, hasData: Bool)
  case writeFailure(consistency: UInt16, received: Int32, required: Int32, failures: Int32, writeType: String)
  case functionFailure(keyspace: String, function: String, argumentTypes: [String])
  /// `table` is empty where it is the keyspace that exists.
  case alreadyExists(keyspace: String, table: String)
  case unprepared(id: [UInt8])
}

public struct ErrorMessage: Equatable, Sendable {
  public var code: ErrorCode
  public var message: String
  public var details: ErrorDetails

  public init(_ code: ErrorCode, _ message: String, details: ErrorDetails = .none) {
    self.code = code
    self.message = message
    self.details = details
  }

  /// Appends the body. v5 would have maps of reasons where v4 has counts of failures.
  public func encode(version: ProtocolVersion, to writer: inout ByteWriter) {
    writer.int32(code.rawValue)
    writer.shortString(message)
    switch details {
    case .none: break
    case .unavailable(let consistency, let required, let alive):
      writer.uint16(consistency)
      writer.int32(required)
      writer.int32(alive)
    case .writeTimeout(let consistency, let received, let required, let writeType):
      Self.encode(consistency, received, required, to: &writer)
      writer.shortString(writeType)
    case .readTimeout(let consistency, let received, let required, let hasData):
      Self.encode(consistency, received, required, to: &writer)
      writer.uint8(hasData ? 1 : 0)
    case .readFailure(let consistency, let received, let required, let failures, let hasData):
      Self.encode(consistency, received, required, to: &writer)
      writer.int32(failures)
      writer.uint8(hasData ? 1 : 0)
    case .writeFailure(let consistency, let received, let required, let failures, let writeType):
      Self.encode(consistency, received, required, to: &writer)
      writer.int32(failures)
      writer.shortString(writeType)
    case .functionFailure(let keyspace, let function, let argumentTypes):
      writer.shortString(keyspace)
      writer.shortString(function)
      writer.stringList(argumentTypes)
    case .alreadyExists(let keyspace, let table):
      writer.shortString(keyspace)
      writer.shortString(table)
    case .unprepared(let id): writer.shortBytes(id)
    }
  }

  private static func encode(
    _ consistency: UInt16, _ received: Int32, _ required: Int32, to writer: inout ByteWriter
  ) {
    writer.uint16(consistency)
    writer.int32(received)
    writer.int32(required)
  }

  public init(from reader: inout ByteReader, version: ProtocolVersion) throws(DecodeError) {
    guard let code = ErrorCode(rawValue: try reader.int32()) else { throw .badValue("error code") }
    self.code = code
    message = try reader.shortString()
    switch code {
    case .unavailable:
      details = .unavailable(
        consistency: try reader.uint16(), required: try reader.int32(), alive: try reader.int32())
    case .writeTimeout:
      details = .writeTimeout(
        consistency: try reader.uint16(), received: try reader.int32(), required: try reader.int32(),
        writeType: try reader.shortString())
    case .readTimeout:
      details = .readTimeout(
        consistency: try reader.uint16(), received: try reader.int32(), required: try reader.int32(),
        hasData: try reader.uint8() != 0)
    case .readFailure:
      details = .readFailure(
        consistency: try reader.uint16(), received: try reader.int32(), required: try reader.int32(),
        failures: try reader.int32(), hasData: try reader.uint8() != 0)
    case .writeFailure:
      details = .writeFailure(
        consistency: try reader.uint16(), received: try reader.int32(), required: try reader.int32(),
        failures: try reader.int32(), writeType: try reader.shortString())
    case .functionFailure:
      details = .functionFailure(
        keyspace: try reader.shortString(), function: try reader.shortString(),
        argumentTypes: try reader.stringList(max: 256))
    case .alreadyExists:
      details = .alreadyExists(keyspace: try reader.shortString(), table: try reader.shortString())
    case .unprepared: details = .unprepared(id: try reader.shortBytes())
    default: details = .none
    }
  }
}
