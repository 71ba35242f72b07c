// Answers (v4.spec section 4.2), written straight into a connection's output: a header, the body, and the body's
// length put in afterwards. Rows come already serialized; nothing stands between them and the output.

import Base
import Data

/// A column of a result, or a bind marker.
public struct ColumnSpecification: Equatable, Sendable {
  public var keyspace: String
  public var table: String
  public var name: String
  public var type: CQLType

  public init(keyspace: String, table: String, name: String, type: CQLType) {
    self.keyspace = keyspace
    self.table = table
    self.name = name
    self.type = type
  }
}

/// The kinds of RESULT.
enum ResultKind: Int32 {
  case void = 1
  case rows, setKeyspace, prepared, schemaChange
}

/// <flags> of result metadata.
struct MetadataFlags: OptionSet {
  let rawValue: Int32
  static let globalTableSpec = MetadataFlags(rawValue: 0x0001)
  static let hasMorePages = MetadataFlags(rawValue: 0x0002)
  static let noMetadata = MetadataFlags(rawValue: 0x0004)
  /// v5: an id of the metadata follows, which the client takes instead of what it had.
  static let metadataChanged = MetadataFlags(rawValue: 0x0008)
}

/// Appends one answer's frame to bytes. Made for one request, with what its answer needs to know of it.
public struct ResponseWriter: Sendable {
  public let stream: Int16
  public let version: ProtocolVersion
  /// Of longer bodies; nil where none was agreed upon, and in v5, whose segments are compressed.
  public let compression: FrameCompression?
  /// Of the trace that was asked for.
  public var traceID: UUID?

  /// Events have it.
  public static let eventStream: Int16 = -1

  public init(
    stream: Int16, version: ProtocolVersion = .v4, compression: FrameCompression? = nil, traceID: UUID? = nil
  ) {
    self.stream = stream
    self.version = version
    self.compression = compression
    self.traceID = traceID
  }

  /// Writes a frame around what `body` writes. A body too long for the protocol becomes an error. v3 has no warnings.
  private func frame(
    _ opcode: Opcode, warnings: [String] = [], to writer: inout ByteWriter, _ body: (inout ByteWriter) -> Void
  ) {
    let start = writer.count
    var flags: FrameFlags = []
    let warns = !warnings.isEmpty && version >= .v4
    if warns { flags.insert(.warning) }
    if traceID != nil { flags.insert(.tracing) }
    FrameHeader(version: version, isResponse: true, flags: flags, stream: stream, opcode: opcode, bodyBytes: 0)
      .encode(to: &writer)
    if let traceID { writer.uuid(traceID) }
    if warns { writer.stringList(warnings) }
    body(&writer)
    let bodyBytes = writer.count - start - FrameHeader.bytes
    if bodyBytes <= FrameLimits.maxProtocolBodyBytes {
      writer.setInt32(Int32(truncatingIfNeeded: bodyBytes), at: start + 5)
      if let compression, bodyBytes >= FrameCompression.minBodyBytes {
        compress(compression, flags, opcode, start, &writer)
      }
    } else {
      writer.truncate(to: start)
      let text = "The result of \(bodyBytes) bytes is longer than a frame may be; ask for it in pages"
      error(ErrorMessage(.invalid, text), to: &writer)
    }
  }

  /// Puts a compressed body in the place of the frame's at `start`, unless it would be longer.
  private func compress(
    _ compression: FrameCompression, _ flags: FrameFlags, _ opcode: Opcode, _ start: Int, _ writer: inout ByteWriter
  ) {
    let end = writer.count
    let body = unsafe compression.compressed(
      writer.bytes.span.bytes.extracting((start + FrameHeader.bytes)..<end))
    guard body.count < end - start - FrameHeader.bytes else { return }
    writer.truncate(to: start)
    FrameHeader(
      version: version, isResponse: true, flags: flags.union(.compressed), stream: stream, opcode: opcode,
      bodyBytes: body.count
    ).encode(to: &writer)
    writer.append(body)
  }

  public func ready(to writer: inout ByteWriter) { frame(.ready, to: &writer) { _ in } }

  /// What STARTUP may ask for.
  public func supported(_ options: [String: [String]], to writer: inout ByteWriter) {
    frame(.supported, to: &writer) { $0.stringMultimap(options) }
  }

  /// - Parameter authenticator: the name of Cassandra's class, by which drivers choose what they answer.
  public func authenticate(_ authenticator: String, to writer: inout ByteWriter) {
    frame(.authenticate, to: &writer) { $0.shortString(authenticator) }
  }

  public func authChallenge(_ token: [UInt8]?, to writer: inout ByteWriter) {
    frame(.authChallenge, to: &writer) { $0.longBytes(token) }
  }

  public func authSuccess(_ token: [UInt8]?, to writer: inout ByteWriter) {
    frame(.authSuccess, to: &writer) { $0.longBytes(token) }
  }

  public func error(_ error: ErrorMessage, warnings: [String] = [], to writer: inout ByteWriter) {
    frame(.error, warnings: warnings, to: &writer) { error.encode(version: version, to: &$0) }
  }

  public func event(_ event: ServerEvent, to writer: inout ByteWriter) {
    frame(.event, to: &writer) { event.encode(to: &$0) }
  }

  // MARK: Results

  public func void(warnings: [String] = [], to writer: inout ByteWriter) {
    frame(.result, warnings: warnings, to: &writer) { $0.int32(ResultKind.void.rawValue) }
  }

  public func setKeyspace(_ keyspace: String, warnings: [String] = [], to writer: inout ByteWriter) {
    frame(.result, warnings: warnings, to: &writer) {
      $0.int32(ResultKind.setKeyspace.rawValue)
      $0.shortString(keyspace)
    }
  }

  public func schemaChange(_ change: SchemaChangeMessage, warnings: [String] = [], to writer: inout ByteWriter) {
    frame(.result, warnings: warnings, to: &writer) {
      $0.int32(ResultKind.schemaChange.rawValue)
      change.encode(to: &$0)
    }
  }

  /// - Parameters:
  ///   - columnCount: cells a row.
  ///   - metadata: the columns as `encodeMetadata` wrote them; nil leaves them out, as asked for by skip_metadata.
  ///   - newMetadataID: v5's mark that the client's metadata is out of date; goes with `metadata`.
  ///   - cells: rowCount * columnCount [bytes].
  public func rows(
    columnCount: Int, metadata: EncodedMetadata?, newMetadataID: [UInt8]? = nil, pagingState: [UInt8]?,
    rowCount: Int, cells: [UInt8], warnings: [String] = [], to writer: inout ByteWriter
  ) {
    writer.reserve(cells.count + (metadata?.bytes.count ?? 0) + 64)
    frame(.result, warnings: warnings, to: &writer) {
      $0.int32(ResultKind.rows.rawValue)
      writeMetadata(columnCount, metadata, newID: newMetadataID, pagingState: pagingState, to: &$0)
      $0.int32(Int32(clamping: rowCount))
      $0.append(cells)
    }
  }

  /// - Parameters:
  ///   - id: what EXECUTE names the statement by.
  ///   - resultMetadataID: v5 sends it.
  ///   - partitionKeyIndices: which markers are the partition key's columns, in their order; empty where not all are.
  ///     v3 does not send them.
  ///   - resultColumns: nil for a statement that answers no rows.
  public func prepared(
    id: [UInt8], resultMetadataID: [UInt8] = [], markers: [ColumnSpecification], partitionKeyIndices: [Int],
    resultColumns: [ColumnSpecification]?,
    warnings: [String] = [], to writer: inout ByteWriter
  ) {
    frame(.result, warnings: warnings, to: &writer) {
      $0.int32(ResultKind.prepared.rawValue)
      $0.shortBytes(id)
      if version >= .v5 { $0.shortBytes(resultMetadataID) }
      let encoded = EncodedMetadata(markers, version: version)
      $0.int32(encoded.flags.rawValue)
      $0.int32(Int32(clamping: markers.count))
      if version >= .v4 {
        $0.int32(Int32(clamping: partitionKeyIndices.count))
        for index in partitionKeyIndices { $0.uint16(UInt16(clamping: index)) }
      }
      $0.append(encoded.bytes)
      let columns = resultColumns ?? []
      writeMetadata(
        columns.count, resultColumns.map { EncodedMetadata($0, version: version) }, newID: nil, pagingState: nil,
        to: &$0)
    }
  }

  private func writeMetadata(
    _ columnCount: Int, _ metadata: EncodedMetadata?, newID: [UInt8]?, pagingState: [UInt8]?,
    to writer: inout ByteWriter
  ) {
    var flags = metadata?.flags ?? .noMetadata
    if pagingState != nil { flags.insert(.hasMorePages) }
    let newID = version >= .v5 ? newID : nil
    if newID != nil { flags.insert(.metadataChanged) }
    writer.int32(flags.rawValue)
    writer.int32(Int32(clamping: columnCount))
    if let pagingState { writer.longBytes(pagingState) }
    if let newID { writer.shortBytes(newID) }
    if let metadata { writer.append(metadata.bytes) }
  }
}

/// The columns of a result in the form of a version's frames: made once for many answers.
public struct EncodedMetadata: Sendable {
  let flags: MetadataFlags
  let bytes: [UInt8]

  public init(_ columns: [ColumnSpecification], version: ProtocolVersion = .v4) {
    var writer = ByteWriter()
    let first = columns.first
    let isOneTable = columns.allSatisfy { $0.keyspace == first?.keyspace && $0.table == first?.table }
    if let first, isOneTable {
      flags = .globalTableSpec
      writer.shortString(first.keyspace)
      writer.shortString(first.table)
    } else {
      flags = []
    }
    for column in columns {
      if !isOneTable {
        writer.shortString(column.keyspace)
        writer.shortString(column.table)
      }
      writer.shortString(column.name)
      column.type.encodeOption(version: version, to: &writer)
    }
    bytes = writer.take()
  }
}
