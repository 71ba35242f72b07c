// The client's side of answers: for this binary's own clients (status, load) and for tests.

import Base
import Data

public struct RowsResponse: Equatable, Sendable {
  public var columnCount: Int
  /// Empty where the metadata was left out.
  public var columns: [ColumnSpecification]
  /// v5: the client's metadata is out of date, this is the new one's id.
  public var newMetadataID: [UInt8]?
  public var pagingState: [UInt8]?
  public var rows: [[[UInt8]?]]
}

public struct PreparedResponse: Equatable, Sendable {
  public var id: [UInt8]
  /// v5.
  public var resultMetadataID: [UInt8]?
  public var markers: [ColumnSpecification]
  /// Empty in v3.
  public var partitionKeyIndices: [Int]
  public var resultColumns: [ColumnSpecification]
}

public enum Response: Equatable, Sendable {
  case error(ErrorMessage)
  case ready
  case authenticate(String)
  case supported([String: [String]])
  case void
  case rows(RowsResponse)
  case setKeyspace(String)
  case prepared(PreparedResponse)
  case schemaChange(SchemaChangeMessage)
  case event(ServerEvent)
  case authChallenge([UInt8]?)
  case authSuccess([UInt8]?)
}

/// An answer and what came with it.
public struct ReceivedResponse: Equatable, Sendable {
  public var response: Response
  public var warnings: [String]
  public var traceID: UUID?

  /// - Parameter body: all bytes behind the header, decompressed.
  public init(_ header: FrameHeader, body: RawSpan) throws(DecodeError) {
    var reader = ByteReader(body)
    traceID = header.flags.contains(.tracing) ? try reader.uuid() : nil
    warnings = header.flags.contains(.warning) ? try reader.stringList(max: Int(UInt16.max)) : []
    if header.flags.contains(.customPayload) { try reader.skipBytesMap(max: Int(UInt16.max)) }
    let version = header.version
    switch header.opcode {
    case .error: response = .error(try ErrorMessage(from: &reader, version: version))
    case .ready: response = .ready
    case .authenticate: response = .authenticate(try reader.shortString())
    case .supported: response = .supported(try reader.stringMultimap(max: Int(UInt16.max)))
    case .result: response = try Self.result(from: &reader, version: version)
    case .event: response = .event(try ServerEvent(from: &reader))
    case .authChallenge: response = .authChallenge(try reader.longBytes())
    case .authSuccess: response = .authSuccess(try reader.longBytes())
    default: throw .badValue("opcode")
    }
  }

  private static func result(
    from reader: inout ByteReader, version: ProtocolVersion
  ) throws(DecodeError) -> Response {
    guard let kind = ResultKind(rawValue: try reader.int32()) else { throw .badValue("result kind") }
    switch kind {
    case .void: return .void
    case .rows: return .rows(try rows(from: &reader, version: version))
    case .setKeyspace: return .setKeyspace(try reader.shortString())
    case .prepared: return .prepared(try prepared(from: &reader, version: version))
    case .schemaChange: return .schemaChange(try SchemaChangeMessage(from: &reader))
    }
  }

  private static func rows(
    from reader: inout ByteReader, version: ProtocolVersion
  ) throws(DecodeError) -> RowsResponse {
    let metadata = try self.metadata(from: &reader, version: version)
    let rowCount = Int(try reader.int32())
    // Rows without columns would take no bytes, so their count could lie without end.
    guard rowCount >= 0, metadata.count > 0 || rowCount == 0 else { throw .badLength(rowCount) }
    var rows: [[[UInt8]?]] = []
    for _ in 0..<rowCount {
      var row: [[UInt8]?] = []
      for _ in 0..<metadata.count { row.append(try reader.longBytes()) }
      rows.append(row)
    }
    return RowsResponse(
      columnCount: metadata.count, columns: metadata.columns, newMetadataID: metadata.newID,
      pagingState: metadata.pagingState, rows: rows)
  }

  private static func metadata(
    from reader: inout ByteReader, version: ProtocolVersion
  ) throws(DecodeError) -> (count: Int, columns: [ColumnSpecification], newID: [UInt8]?, pagingState: [UInt8]?) {
    let flags = MetadataFlags(rawValue: try reader.int32())
    let count = Int(try reader.int32())
    guard count >= 0 else { throw .badLength(count) }
    let pagingState = flags.contains(.hasMorePages) ? try reader.longBytes() : nil
    let newID = version >= .v5 && flags.contains(.metadataChanged) ? try reader.shortBytes() : nil
    if flags.contains(.noMetadata) { return (count, [], newID, pagingState) }
    return (count, try columns(count, flags, from: &reader, version: version), newID, pagingState)
  }

  private static func columns(
    _ count: Int, _ flags: MetadataFlags, from reader: inout ByteReader, version: ProtocolVersion
  ) throws(DecodeError) -> [ColumnSpecification] {
    var table: (keyspace: String, name: String) = ("", "")
    let isOneTable = flags.contains(.globalTableSpec)
    if isOneTable { table = (try reader.shortString(), try reader.shortString()) }
    var columns: [ColumnSpecification] = []
    for _ in 0..<count {
      if !isOneTable { table = (try reader.shortString(), try reader.shortString()) }
      let name = try reader.shortString()
      columns.append(
        ColumnSpecification(
          keyspace: table.keyspace, table: table.name, name: name,
          type: try CQLType.decodeOption(from: &reader, version: version)))
    }
    return columns
  }

  private static func prepared(
    from reader: inout ByteReader, version: ProtocolVersion
  ) throws(DecodeError) -> PreparedResponse {
    let id = try reader.shortBytes()
    let metadataID = version >= .v5 ? try reader.shortBytes() : nil
    let flags = MetadataFlags(rawValue: try reader.int32())
    let count = Int(try reader.int32())
    let keyCount = version >= .v4 ? Int(try reader.int32()) : 0
    guard count >= 0, keyCount >= 0 else { throw .badLength(min(count, keyCount)) }
    var indices: [Int] = []
    for _ in 0..<keyCount { indices.append(Int(try reader.uint16())) }
    let markers = try columns(count, flags, from: &reader, version: version)
    let result = try metadata(from: &reader, version: version)
    return PreparedResponse(
      id: id, resultMetadataID: metadataID, markers: markers, partitionKeyIndices: indices,
      resultColumns: result.columns)
  }
}
