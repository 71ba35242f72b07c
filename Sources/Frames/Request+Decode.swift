// A request's body to its value. What stands behind the last field is ignored, as the specification asks of both
// sides (v4.spec section 1); every count is bounded before memory is taken for it.

import Base
import Data

/// The bits of <flags> in <query_parameters> (v4.spec section 4.1.4); the last two are v5's.
struct QueryFlags: OptionSet {
  let rawValue: UInt32
  static let values = QueryFlags(rawValue: 0x01)
  static let skipMetadata = QueryFlags(rawValue: 0x02)
  static let pageSize = QueryFlags(rawValue: 0x04)
  static let pagingState = QueryFlags(rawValue: 0x08)
  static let serialConsistency = QueryFlags(rawValue: 0x10)
  static let defaultTimestamp = QueryFlags(rawValue: 0x20)
  static let names = QueryFlags(rawValue: 0x40)
  static let keyspace = QueryFlags(rawValue: 0x80)
  static let nowInSeconds = QueryFlags(rawValue: 0x100)

  /// PREPARE's own flags (v5.spec section 4.1.5).
  static let preparedKeyspace = QueryFlags(rawValue: 0x01)
}

extension Request {
  /// - Parameter body: all bytes behind the header.
  /// - Throws: what is wrong with it; the frame's end is known, so that the connection could go on.
  public init(_ header: FrameHeader, body: RawSpan, limits: FrameLimits) throws(DecodeError) {
    var reader = ByteReader(body)
    if header.flags.contains(.customPayload), header.version >= .v4 { try reader.skipBytesMap(max: limits.maxOptions) }
    switch header.opcode {
    case .startup: self = .startup(options: try reader.stringMap(max: limits.maxOptions))
    case .options: self = .options
    case .authResponse:
      // A password stands in it: an attacker must not make the node keep megabytes of it.
      guard body.byteCount <= limits.maxTokenBytes + 4 else { throw .badLength(body.byteCount) }
      self = .authResponse(try reader.longBytes())
    case .query:
      let text = try reader.longString()
      self = .query(text, try QueryParameters(from: &reader, version: header.version))
    case .prepare:
      let text = try reader.longString()
      self = .prepare(text, keyspace: try reader.preparedKeyspace(header.version))
    case .execute:
      let id = try reader.shortBytes()
      let metadataID = header.version >= .v5 ? try reader.shortBytes() : nil
      self = .execute(
        id: id, resultMetadataID: metadataID, try QueryParameters(from: &reader, version: header.version))
    case .batch: self = .batch(try BatchRequest(from: &reader, version: header.version, limits: limits))
    case .register: self = .register(eventTypes: try reader.stringList(max: limits.maxOptions))
    default: throw .badValue("opcode")
    }
  }
}

extension ByteReader {
  /// <n><value_1>...<value_n>
  @_lifetime(self: copy self)
  mutating func boundValues(_ version: ProtocolVersion) throws(DecodeError) -> [BoundValue] {
    let count = Int(try uint16())
    var values: [BoundValue] = []
    // Four bytes are the least a value takes, so a lying count reserves no memory.
    values.reserveCapacity(min(count, remaining / 4))
    for _ in 0..<count { values.append(try boundValue(version)) }
    return values
  }

  /// One byte, from v5 on four.
  @_lifetime(self: copy self)
  mutating func queryFlags(_ version: ProtocolVersion) throws(DecodeError) -> QueryFlags {
    version >= .v5
      ? QueryFlags(rawValue: try uint32())
      : QueryFlags(rawValue: UInt32(try uint8())).subtracting([.keyspace, .nowInSeconds])
  }

  /// What PREPARE has behind its text from v5 on.
  @_lifetime(self: copy self)
  mutating func preparedKeyspace(_ version: ProtocolVersion) throws(DecodeError) -> String? {
    guard version >= .v5 else { return nil }
    return QueryFlags(rawValue: try uint32()).contains(.preparedKeyspace) ? try shortString() : nil
  }

  @_lifetime(self: copy self)
  mutating func defaultTimestamp() throws(DecodeError) -> Int64 {
    let timestamp = try int64()
    // Cassandra's mark for "none", which must not order writes.
    guard timestamp != .min else { throw .badValue("default timestamp") }
    return timestamp
  }
}

extension QueryParameters {
  init(from reader: inout ByteReader, version: ProtocolVersion) throws(DecodeError) {
    self.init(consistency: try reader.consistencyCode())
    let flags = try reader.queryFlags(version)
    skipsMetadata = flags.contains(.skipMetadata)
    if flags.contains(.values) {
      if flags.contains(.names) {
        try decodeNamed(from: &reader, version: version)
      } else {
        values = try reader.boundValues(version)
      }
    }
    if flags.contains(.pageSize) {
      let rows = Int(try reader.int32())
      pageSize = rows > 0 ? rows : nil
    }
    if flags.contains(.pagingState) { pagingState = try reader.longBytes() }
    if flags.contains(.serialConsistency) { serialConsistency = try reader.consistencyCode() }
    if flags.contains(.defaultTimestamp) { defaultTimestampMicroseconds = try reader.defaultTimestamp() }
    if flags.contains(.keyspace) { keyspace = try reader.shortString() }
    if flags.contains(.nowInSeconds) { nowInSeconds = try reader.int32() }
  }

  private mutating func decodeNamed(from reader: inout ByteReader, version: ProtocolVersion) throws(DecodeError) {
    for _ in 0..<Int(try reader.uint16()) {
      names.append(try reader.shortString())
      values.append(try reader.boundValue(version))
    }
  }
}

extension BatchRequest {
  init(from reader: inout ByteReader, version: ProtocolVersion, limits: FrameLimits) throws(DecodeError) {
    guard let kind = Kind(rawValue: try reader.uint8()) else { throw .badValue("batch type") }
    let count = Int(try reader.uint16())
    var statements: [Statement] = []
    // A kind, a length and a count are the least a statement takes.
    statements.reserveCapacity(min(count, reader.remaining / 5))
    var valueCount = 0
    for _ in 0..<count {
      let source: Source
      switch try reader.uint8() {
      case 0: source = .text(try reader.longString())
      case 1: source = .prepared(try reader.shortBytes())
      default: throw .badValue("kind of a batch's statement")
      }
      let values = try reader.boundValues(version)
      valueCount += values.count
      guard valueCount <= limits.maxBatchValues else { throw .badLength(valueCount) }
      statements.append(Statement(source, values: values))
    }
    self.init(kind: kind, statements: statements, consistency: try reader.consistencyCode())
    let flags = try reader.queryFlags(version)
    // The specification itself calls named values in batches impossible (CASSANDRA-10246).
    guard !flags.contains(.names) else { throw .badValue("flags: values of a batch cannot be given by name") }
    if flags.contains(.serialConsistency) { serialConsistency = try reader.consistencyCode() }
    if flags.contains(.defaultTimestamp) { defaultTimestampMicroseconds = try reader.defaultTimestamp() }
    if flags.contains(.keyspace) { keyspace = try reader.shortString() }
    if flags.contains(.nowInSeconds) { nowInSeconds = try reader.int32() }
  }
}
