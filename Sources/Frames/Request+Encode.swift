// The client's side of requests: for this binary's own clients (status, load) and for tests.

import Base
import Data

extension Request {
  /// Appends the whole frame, uncompressed and in no segment.
  /// - Parameter flags: `tracing` asks for a trace.
  public func encode(
    stream: Int16, version: ProtocolVersion = .v4, flags: FrameFlags = [], to writer: inout ByteWriter
  ) {
    let start = writer.count
    FrameHeader(version: version, isResponse: false, flags: flags, stream: stream, opcode: opcode, bodyBytes: 0)
      .encode(to: &writer)
    switch self {
    case .startup(let options): writer.stringMap(options)
    case .options: break
    case .authResponse(let token): writer.longBytes(token)
    case .query(let text, let parameters):
      writer.longString(text)
      parameters.encode(version, to: &writer)
    case .prepare(let text, let keyspace):
      writer.longString(text)
      if version >= .v5 {
        writer.queryFlags(keyspace == nil ? [] : .preparedKeyspace, version)
        if let keyspace { writer.shortString(keyspace) }
      }
    case .execute(let id, let metadataID, let parameters):
      writer.shortBytes(id)
      if version >= .v5 { writer.shortBytes(metadataID ?? []) }
      parameters.encode(version, to: &writer)
    case .batch(let batch): batch.encode(version, to: &writer)
    case .register(let types): writer.stringList(types)
    }
    writer.setInt32(Int32(clamping: writer.count - start - FrameHeader.bytes), at: start + 5)
  }
}

extension ByteWriter {
  fileprivate mutating func queryFlags(_ flags: QueryFlags, _ version: ProtocolVersion) {
    if version >= .v5 { uint32(flags.rawValue) } else { uint8(UInt8(truncatingIfNeeded: flags.rawValue)) }
  }
}

extension QueryParameters {
  func encode(_ version: ProtocolVersion, to writer: inout ByteWriter) {
    writer.uint16(consistency)
    var flags: QueryFlags = []
    if !values.isEmpty { flags.insert(.values) }
    if !names.isEmpty { flags.insert(.names) }
    if skipsMetadata { flags.insert(.skipMetadata) }
    if pageSize != nil { flags.insert(.pageSize) }
    if pagingState != nil { flags.insert(.pagingState) }
    if serialConsistency != nil { flags.insert(.serialConsistency) }
    if defaultTimestampMicroseconds != nil { flags.insert(.defaultTimestamp) }
    let keyspace = version >= .v5 ? keyspace : nil
    if keyspace != nil { flags.insert(.keyspace) }
    let nowInSeconds = version >= .v5 ? nowInSeconds : nil
    if nowInSeconds != nil { flags.insert(.nowInSeconds) }
    writer.queryFlags(flags, version)
    if flags.contains(.values) {
      writer.uint16(UInt16(clamping: values.count))
      for (index, value) in values.enumerated() {
        if index < names.count { writer.shortString(names[index]) }
        writer.boundValue(value)
      }
    }
    if let pageSize { writer.int32(Int32(clamping: pageSize)) }
    if let pagingState { writer.longBytes(pagingState) }
    if let serialConsistency { writer.uint16(serialConsistency) }
    if let defaultTimestampMicroseconds { writer.int64(defaultTimestampMicroseconds) }
    if let keyspace { writer.shortString(keyspace) }
    if let nowInSeconds { writer.int32(nowInSeconds) }
  }
}

extension BatchRequest {
  func encode(_ version: ProtocolVersion, to writer: inout ByteWriter) {
    writer.uint8(kind.rawValue)
    writer.uint16(UInt16(clamping: statements.count))
    for statement in statements {
      switch statement.source {
      case .text(let text):
        writer.uint8(0)
        writer.longString(text)
      case .prepared(let id):
        writer.uint8(1)
        writer.shortBytes(id)
      }
      writer.uint16(UInt16(clamping: statement.values.count))
      for value in statement.values { writer.boundValue(value) }
    }
    writer.uint16(consistency)
    var flags: QueryFlags = []
    if serialConsistency != nil { flags.insert(.serialConsistency) }
    if defaultTimestampMicroseconds != nil { flags.insert(.defaultTimestamp) }
    let keyspace = version >= .v5 ? keyspace : nil
    if keyspace != nil { flags.insert(.keyspace) }
    let nowInSeconds = version >= .v5 ? nowInSeconds : nil
    if nowInSeconds != nil { flags.insert(.nowInSeconds) }
    writer.queryFlags(flags, version)
    if let serialConsistency { writer.uint16(serialConsistency) }
    if let defaultTimestampMicroseconds { writer.int64(defaultTimestampMicroseconds) }
    if let keyspace { writer.shortString(keyspace) }
    if let nowInSeconds { writer.int32(nowInSeconds) }
  }
}
