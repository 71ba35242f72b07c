// Frames as cassandra-driver 3.30.1 writes them (its own encoder, protocol version 4), and what they mean.

import Base
import Data

@testable import Frames

struct DriverFrame {
  var hex: String
  var stream: Int16
  var request: Request

  var bytes: [UInt8] { Hex.decode(hex) ?? [] }
}

private let id = [UInt8](0..<16)

let driverFrames: [DriverFrame] = [
  DriverFrame(hex: "040000000500000000", stream: 0, request: .options),
  DriverFrame(
    hex: """
      0400000101000000530003000b4452495645525f4e414d450016446174615374617820507974686f6e20447269766572000e\
      4452495645525f\
      56455253494f4e0006332e33302e31000b43514c5f56455253494f4e0005332e342e37
      """, stream: 1,
    request: .startup(options: [
      "DRIVER_NAME": "DataStax Python Driver", "DRIVER_VERSION": "3.30.1", "CQL_VERSION": "3.4.7",
    ])),
  DriverFrame(
    hex: """
      040000020b000000310003000f544f504f4c4f47595f4348414e4745000d5354415455535f4348414e4745000d534348454d415f4348414e\
      4745
      """, stream: 2, request: .register(eventTypes: ["TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"])),
  DriverFrame(
    hex: """
      0400000307000000330000002c53454c454354202a2046524f4d2073797374656d2e6c6f63616c205748455245206b65793d276c6f63616c\
      27000100
      """, stream: 3,
    request: .query("SELECT * FROM system.local WHERE key='local'", QueryParameters(consistency: 1))),
  DriverFrame(
    hex: """
      0400000707000000350000001a53454c454354202a2046524f4d207420574845524520613d257300043c0000138800000002010200080006\
      0a24181e4000
      """, stream: 7,
    request: .query(
      "SELECT * FROM t WHERE a=%s",
      QueryParameters(
        consistency: 4, pageSize: 5000, pagingState: [1, 2], serialConsistency: 8,
        defaultTimestampMicroseconds: 1_700_000_000_000_000))),
  DriverFrame(
    hex: """
      04000005090000002800000024494e5345525420494e544f206b2e742028612c2062292056414c55455320283f2c203f29
      """, stream: 5, request: .prepare("INSERT INTO k.t (a, b) VALUES (?, ?)")),
  DriverFrame(
    hex: """
      040012340a000000320010000102030405060708090a0b0c0d0e0f000625000300000003616263fffffffffffffffe000000\
      64000000000012\
      d687
      """, stream: 0x1234,
    request: .execute(
      id: id,
      QueryParameters(
        consistency: 6, values: [.bytes(Array("abc".utf8)), .null, .unset], pageSize: 100,
        defaultTimestampMicroseconds: 1_234_567))),
  DriverFrame(
    hex: """
      040000060d0000004f010002000000001c494e5345525420494e544f2074202861292056414c554553202831290000010010\
      00010203040506\
      0708090a0b0c0d0e0f00020000000178000000000001200000000000000063
      """, stream: 6,
    request: .batch(
      BatchRequest(
        kind: .unlogged,
        statements: [
          .init(.text("INSERT INTO t (a) VALUES (1)")),
          .init(.prepared(id), values: [.bytes([0x78]), .bytes([])]),
        ], consistency: 1, defaultTimestampMicroseconds: 99))),
  DriverFrame(
    hex: "040000090f0000000e0000000a00757365720070617373", stream: 9,
    request: .authResponse(Array("\0user\0pass".utf8))),
]

private let metadataID = [UInt8](16..<32)

/// Of the same driver, in versions 3 and 5.
let otherDriverFrames: [DriverFrame] = [
  DriverFrame(
    hex: "0300000107000000290000000f53454c454354202a2046524f4d207400043c0000000a000000010100080000000000000007",
    stream: 1,
    request: .query(
      "SELECT * FROM t",
      QueryParameters(
        consistency: 4, pageSize: 10, pagingState: [1], serialConsistency: 8, defaultTimestampMicroseconds: 7))),
  DriverFrame(
    hex: "0300000209000000130000000f53454c45435420612046524f4d2074", stream: 2, request: .prepare("SELECT a FROM t")),
  DriverFrame(
    hex: "030000030a000000220010000102030405060708090a0b0c0d0e0f000101000200000003616263ffffffff", stream: 3,
    request: .execute(id: id, QueryParameters(consistency: 1, values: [.bytes(Array("abc".utf8)), .null]))),
  DriverFrame(
    hex: """
      05000001070000002f0000000f53454c454354202a2046524f4d20740004000000bc0000000a0000000101000800000000000000070001\
      6b
      """, stream: 1,
    request: .query(
      "SELECT * FROM t",
      QueryParameters(
        consistency: 4, pageSize: 10, pagingState: [1], serialConsistency: 8, defaultTimestampMicroseconds: 7,
        keyspace: "k"))),
  DriverFrame(
    hex: "05000002090000001a0000000f53454c45435420612046524f4d20740000000100016b", stream: 2,
    request: .prepare("SELECT a FROM t", keyspace: "k")),
  DriverFrame(
    hex: """
      050000030a000000370010000102030405060708090a0b0c0d0e0f0010101112131415161718191a1b1c1d1e1f0001000000010002\
      00000003616263ffffffff
      """, stream: 3,
    request: .execute(
      id: id, resultMetadataID: metadataID,
      QueryParameters(consistency: 1, values: [.bytes(Array("abc".utf8)), .null]))),
  DriverFrame(
    hex: """
      050000040d00000051000002000000001c494e5345525420494e544f2074202861292056414c5545532028312900000100100001020304\
      05060708090a0b0c0d0e0f000100000001780001000000a0000000000000000900016b
      """, stream: 4,
    request: .batch(
      BatchRequest(
        kind: .logged,
        statements: [
          .init(.text("INSERT INTO t (a) VALUES (1)")), .init(.prepared(id), values: [.bytes([0x78])]),
        ], consistency: 1, defaultTimestampMicroseconds: 9, keyspace: "k"))),
]

/// Answers of every kind, whole frames, and what a client of that version reads out of them.
func allResponses(
  _ version: ProtocolVersion = .v4
) -> [(name: String, bytes: [UInt8], response: Response, warnings: [String])] {
  let writer = ResponseWriter(stream: 7, version: version)
  let columns = [
    ColumnSpecification(keyspace: "k", table: "t", name: "a", type: .text),
    ColumnSpecification(keyspace: "k", table: "t", name: "b", type: .map(.uuid, .list(.tuple([.int, .duration])))),
  ]
  let mixed = [columns[0], ColumnSpecification(keyspace: "k", table: "u", name: "c", type: .set(.timeuuid))]
  var cells = ByteWriter()
  cells.longBytes([0x78])
  cells.longBytes(nil)
  let row: [[UInt8]?] = [[0x78], nil]
  let address = InetAddress(bytes: [127, 0, 0, 2], port: 9042)
  let change = SchemaChangeMessage(change: "CREATED", target: "TABLE", keyspace: "k", name: "t")
  let keyspaceChange = SchemaChangeMessage(change: "DROPPED", target: "KEYSPACE", keyspace: "k")
  var all: [(name: String, bytes: [UInt8], response: Response, warnings: [String])] = []
  func add(_ name: String, _ response: Response, warnings: [String] = [], _ body: (inout ByteWriter) -> Void) {
    var output = ByteWriter()
    body(&output)
    all.append((name, output.take(), response, version >= .v4 ? warnings : []))
  }
  add("ready", .ready) { writer.ready(to: &$0) }
  add("authenticate", .authenticate("x.Y")) { writer.authenticate("x.Y", to: &$0) }
  add("challenge", .authChallenge([1])) { writer.authChallenge([1], to: &$0) }
  add("success", .authSuccess(nil)) { writer.authSuccess(nil, to: &$0) }
  let options = ["CQL_VERSION": ["3.4.7"], "COMPRESSION": []]
  add("supported", .supported(options)) { writer.supported(options, to: &$0) }
  add("void", .void, warnings: ["w1", "w2"]) { writer.void(warnings: ["w1", "w2"], to: &$0) }
  add("keyspace", .setKeyspace("k")) { writer.setKeyspace("k", to: &$0) }
  add("schema", .schemaChange(change)) { writer.schemaChange(change, to: &$0) }
  add("schema event", .event(.schemaChange(keyspaceChange))) { writer.event(.schemaChange(keyspaceChange), to: &$0) }
  add("status event", .event(.statusChange(.down, address))) { writer.event(.statusChange(.down, address), to: &$0) }
  add("topology event", .event(.topologyChange(.newNode, address))) {
    writer.event(.topologyChange(.newNode, address), to: &$0)
  }
  add("rows", .rows(RowsResponse(columnCount: 2, columns: columns, pagingState: nil, rows: [row]))) {
    writer.rows(
      columnCount: 2, metadata: EncodedMetadata(columns, version: version), pagingState: nil, rowCount: 1,
      cells: cells.bytes, to: &$0)
  }
  add("rows of two tables", .rows(RowsResponse(columnCount: 2, columns: mixed, pagingState: [9], rows: [row]))) {
    writer.rows(
      columnCount: 2, metadata: EncodedMetadata(mixed, version: version), pagingState: [9], rowCount: 1,
      cells: cells.bytes, to: &$0)
  }
  add("bare rows", .rows(RowsResponse(columnCount: 2, columns: [], pagingState: [9], rows: [row]))) {
    writer.rows(columnCount: 2, metadata: nil, pagingState: [9], rowCount: 1, cells: cells.bytes, to: &$0)
  }
  if version >= .v5 {
    let changed = RowsResponse(
      columnCount: 2, columns: columns, newMetadataID: metadataID, pagingState: [9], rows: [row])
    add("rows with other columns", .rows(changed)) {
      writer.rows(
        columnCount: 2, metadata: EncodedMetadata(columns, version: version), newMetadataID: metadataID,
        pagingState: [9], rowCount: 1, cells: cells.bytes, to: &$0)
    }
  }
  let knownID = version >= .v5 ? metadataID : nil
  let prepared = PreparedResponse(
    id: id, resultMetadataID: knownID, markers: columns, partitionKeyIndices: version >= .v4 ? [1, 0] : [],
    resultColumns: mixed)
  add("prepared", .prepared(prepared)) {
    writer.prepared(
      id: id, resultMetadataID: metadataID, markers: columns, partitionKeyIndices: [1, 0], resultColumns: mixed,
      to: &$0)
  }
  let bare = PreparedResponse(
    id: id, resultMetadataID: knownID, markers: [], partitionKeyIndices: [], resultColumns: [])
  add("prepared write", .prepared(bare)) {
    writer.prepared(
      id: id, resultMetadataID: metadataID, markers: [], partitionKeyIndices: [], resultColumns: nil, to: &$0)
  }
  for error in allErrors + newErrors(version) {
    add("\(error.code)", .error(error)) { writer.error(error, to: &$0) }
  }
  return all
}

let allErrors: [ErrorMessage] = [
  ErrorMessage(.serverError, "s"), ErrorMessage(.protocolError, "p"), ErrorMessage(.authenticationError, "a"),
  ErrorMessage(.overloaded, "o"), ErrorMessage(.isBootstrapping, "b"), ErrorMessage(.truncateError, "t"),
  ErrorMessage(.syntaxError, "line 1:0 no viable alternative"), ErrorMessage(.unauthorized, "u"),
  ErrorMessage(.invalid, "ü"), ErrorMessage(.configError, "c"),
  ErrorMessage(.unavailable, "m", details: .unavailable(consistency: 4, required: 2, alive: 1)),
  ErrorMessage(
    .writeTimeout, "m", details: .writeTimeout(consistency: 4, received: 1, required: 2, writeType: "SIMPLE")),
  ErrorMessage(.readTimeout, "m", details: .readTimeout(consistency: 4, received: 1, required: 2, hasData: true)),
  ErrorMessage(.alreadyExists, "m", details: .alreadyExists(keyspace: "k", table: "")),
  ErrorMessage(.unprepared, "m", details: .unprepared(id: id)),
]

/// Errors that not every version has, as that version carries them.
func newErrors(_ version: ProtocolVersion) -> [ErrorMessage] {
  guard version >= .v4 else { return [] }
  let reasons = [
    ReplicaFailureReason(address: [127, 0, 0, 2], .tooManyTombstones),
    ReplicaFailureReason(address: [UInt8](repeating: 1, count: 16), .unknown),
  ]
  let named = version >= .v5 ? reasons : []
  let errors = [
    ErrorMessage(
      .readFailure, "m",
      details: .readFailure(
        consistency: 4, received: 1, required: 2, failures: 2, reasons: named, hasData: false)),
    ErrorMessage(
      .writeFailure, "m",
      details: .writeFailure(
        consistency: 4, received: 1, required: 2, failures: 2, reasons: named, writeType: "BATCH")),
    ErrorMessage(
      .functionFailure, "m", details: .functionFailure(keyspace: "k", function: "f", argumentTypes: ["int"])),
    ErrorMessage(.cdcWriteFailure, "m"),
  ]
  guard version >= .v5 else { return errors }
  return errors + [
    ErrorMessage(.casWriteUnknown, "m", details: .casWriteUnknown(consistency: 8, received: 1, required: 2)),
    ErrorMessage(
      .writeTimeout, "m",
      details: .writeTimeout(consistency: 8, received: 1, required: 2, writeType: "CAS", contentions: 3)),
  ]
}

/// Reads a request out of a whole frame.
func decodeRequest(_ bytes: [UInt8], limits: FrameLimits = FrameLimits()) throws -> (FrameHeader, Request) {
  let span = bytes.span.bytes
  guard bytes.count >= FrameHeader.bytes else { throw DecodeError.truncated }
  let header = try FrameHeader(span.extracting(0..<FrameHeader.bytes), isRequest: true)
  return (header, try Request(header, body: span.extracting(FrameHeader.bytes..<bytes.count), limits: limits))
}

func decodeResponse(_ bytes: [UInt8]) throws -> (FrameHeader, ReceivedResponse) {
  let span = bytes.span.bytes
  guard bytes.count >= FrameHeader.bytes else { throw DecodeError.truncated }
  let header = try FrameHeader(span.extracting(0..<FrameHeader.bytes), isRequest: false)
  return (header, try ReceivedResponse(header, body: span.extracting(FrameHeader.bytes..<bytes.count)))
}
