// ERROR bodies (v4.spec section 9, v5.spec section 9): a code, a text, and for some codes more.
//
// A client of an older version is told the nearest thing its version has, as Cassandra does (ErrorMessage.java,
// getBackwardsCompatibleException): in v3 a failure is a timeout, before v5 an unknown outcome is a write timeout.

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
  /// Not before v4.
  case cdcWriteFailure = 0x1600
  /// Not before v5.
  case casWriteUnknown = 0x1700
  case syntaxError = 0x2000
  case unauthorized = 0x2100
  case invalid = 0x2200
  case configError = 0x2300
  case alreadyExists = 0x2400
  case unprepared = 0x2500
}

/// Why a replica could not (RequestFailureReason.java).
public enum FailureReason: UInt16, Sendable {
  case unknown = 0
  case tooManyTombstones, timeout, incompatibleSchema, readSize, nodeDown, indexNotAvailable
}

/// A replica that could not: v5 tells which, before that only their number.
public struct ReplicaFailureReason: Equatable, Sendable {
  /// 4 or 16 bytes.
  public var address: [UInt8]
  /// A code of `FailureReason`, or one that is not known here.
  public var code: UInt16

  public init(address: [UInt8], _ reason: FailureReason) {
    self.address = address
    code = reason.rawValue
  }

  fileprivate init(from reader: inout ByteReader) throws(DecodeError) {
    address = try reader.inetAddress()
    code = try reader.uint16()
  }
}

/// What follows the text of an ERROR. Consistency levels are codes of [consistency].
///
/// Of a failure, `failures` counts for v4 and `reasons` for v5; what is decoded has the other one empty or counted.
public enum ErrorDetails: Equatable, Sendable {
  case none
  case unavailable(consistency: UInt16, required: Int32, alive: Int32)
  /// `contentions` is sent in v5 with the write type CAS.
  case writeTimeout(
    consistency: UInt16, received: Int32, required: Int32, writeType: String, contentions: UInt16 = 0)
  case readTimeout(consistency: UInt16, received: Int32, required: Int32, hasData: Bool)
  case readFailure(
    consistency: UInt16, received: Int32, required: Int32, failures: Int32, reasons: [ReplicaFailureReason] = [],
    hasData: Bool)
  case writeFailure(
    consistency: UInt16, received: Int32, required: Int32, failures: Int32, reasons: [ReplicaFailureReason] = [],
    writeType: String)
  case casWriteUnknown(consistency: UInt16, received: Int32, required: Int32)
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

  /// Appends the body.
  public func encode(version: ProtocolVersion, to writer: inout ByteWriter) {
    let told = downgraded(to: version)
    writer.int32(told.code.rawValue)
    writer.shortString(told.message)
    switch told.details {
    case .none: break
    case .unavailable(let consistency, let required, let alive):
      Self.encode(consistency, required, alive, to: &writer)
    case .writeTimeout(let consistency, let received, let required, let writeType, let contentions):
      Self.encode(consistency, received, required, to: &writer)
      writer.shortString(writeType)
      if version >= .v5, writeType == Self.cas { writer.uint16(contentions) }
    case .readTimeout(let consistency, let received, let required, let hasData):
      Self.encode(consistency, received, required, to: &writer)
      writer.uint8(hasData ? 1 : 0)
    case .readFailure(let consistency, let received, let required, let failures, let reasons, let hasData):
      Self.encode(consistency, received, required, to: &writer)
      Self.encode(failures, reasons, version, to: &writer)
      writer.uint8(hasData ? 1 : 0)
    case .writeFailure(let consistency, let received, let required, let failures, let reasons, let writeType):
      Self.encode(consistency, received, required, to: &writer)
      Self.encode(failures, reasons, version, to: &writer)
      writer.shortString(writeType)
    case .casWriteUnknown(let consistency, let received, let required):
      Self.encode(consistency, received, required, to: &writer)
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

  private static let cas = "CAS"

  /// What a client of that version is told instead.
  private func downgraded(to version: ProtocolVersion) -> ErrorMessage {
    switch (code, details) {
    case (.readFailure, .readFailure(let consistency, let received, let required, _, _, let hasData))
    where version < .v4:
      ErrorMessage(
        .readTimeout, "Operation timed out - received only \(received) responses.",
        details: .readTimeout(consistency: consistency, received: received, required: required, hasData: hasData))
    case (.writeFailure, .writeFailure(let consistency, let received, let required, _, _, let writeType))
    where version < .v4:
      ErrorMessage(
        .writeTimeout, "Operation timed out - received only \(received) responses.",
        details: .writeTimeout(
          consistency: consistency, received: received, required: required, writeType: writeType))
    case (.functionFailure, _) where version < .v4, (.cdcWriteFailure, _) where version < .v4:
      ErrorMessage(.invalid, message)
    case (.casWriteUnknown, .casWriteUnknown(let consistency, let received, let required)) where version < .v5:
      ErrorMessage(
        .writeTimeout, message,
        details: .writeTimeout(consistency: consistency, received: received, required: required, writeType: Self.cas))
    default: self
    }
  }

  private static func encode(
    _ failures: Int32, _ reasons: [ReplicaFailureReason], _ version: ProtocolVersion, to writer: inout ByteWriter
  ) {
    guard version >= .v5 else { return writer.int32(failures) }
    writer.int32(Int32(clamping: reasons.count))
    for reason in reasons {
      writer.inetAddress(reason.address)
      writer.uint16(reason.code)
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
      let (consistency, received, required) = (try reader.uint16(), try reader.int32(), try reader.int32())
      let writeType = try reader.shortString()
      details = .writeTimeout(
        consistency: consistency, received: received, required: required, writeType: writeType,
        contentions: version >= .v5 && writeType == Self.cas ? try reader.uint16() : 0)
    case .readTimeout:
      details = .readTimeout(
        consistency: try reader.uint16(), received: try reader.int32(), required: try reader.int32(),
        hasData: try reader.uint8() != 0)
    case .readFailure:
      let (consistency, received, required) = (try reader.uint16(), try reader.int32(), try reader.int32())
      let (failures, reasons) = try Self.reasons(from: &reader, version)
      details = .readFailure(
        consistency: consistency, received: received, required: required, failures: failures, reasons: reasons,
        hasData: try reader.uint8() != 0)
    case .writeFailure:
      let (consistency, received, required) = (try reader.uint16(), try reader.int32(), try reader.int32())
      let (failures, reasons) = try Self.reasons(from: &reader, version)
      details = .writeFailure(
        consistency: consistency, received: received, required: required, failures: failures, reasons: reasons,
        writeType: try reader.shortString())
    case .casWriteUnknown:
      details = .casWriteUnknown(
        consistency: try reader.uint16(), received: try reader.int32(), required: try reader.int32())
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

  private static func reasons(
    from reader: inout ByteReader, _ version: ProtocolVersion
  ) throws(DecodeError) -> (failures: Int32, reasons: [ReplicaFailureReason]) {
    let count = try reader.int32()
    guard version >= .v5 else { return (count, []) }
    guard count >= 0 else { throw .badLength(Int(count)) }
    var reasons: [ReplicaFailureReason] = []
    for _ in 0..<count { reasons.append(try ReplicaFailureReason(from: &reader)) }
    return (count, reasons)
  }
}
