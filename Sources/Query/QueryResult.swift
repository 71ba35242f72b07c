// What a statement answers, close to the RESULT frame (v4.spec section 4.2.5), so that a server only has to copy it.

import Base
import CQL
import Coordinator
import Crypto
import Data
import Ring

/// A column of a result, or a bind marker of a prepared statement.
public struct ResultColumn: Hashable, Sendable {
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

/// The columns of a result in order; shared by all results of a prepared statement.
public final class ResultColumns: Sendable {
  public let columns: [ResultColumn]
  /// What v5 calls the result's metadata by: 16 bytes, equal for equal columns. Nil where nothing was prepared.
  public let id: [UInt8]?
  /// The statement that had other columns when it was first prepared: its clients up to v4 must prepare it again.
  public let changedStatement: [UInt8]?
  private let byName: [String: Int]

  /// - Parameter isPrepared: the columns get an id.
  public init(_ columns: [ResultColumn], isPrepared: Bool = false, changedStatement: [UInt8]? = nil) {
    self.columns = columns
    self.changedStatement = changedStatement
    id = isPrepared ? Self.id(of: columns) : nil
    byName = Dictionary(columns.enumerated().map { ($1.name, $0) }) { first, _ in first }
  }

  public static let none = ResultColumns([], isPrepared: true)

  private static func id(of columns: [ResultColumn]) -> [UInt8] {
    var writer = ByteWriter()
    for column in columns {
      for text in [column.keyspace, column.table, column.name, "\(column.type)"] { writer.lengthPrefixed(text) }
    }
    return Array(SHA256.digest(writer.bytes)[..<16])
  }

  public var count: Int { columns.count }

  /// The place of the first column of that name.
  public func index(of name: String) -> Int? { byName[name] }
}

/// Rows as they go into a frame.
public struct ResultRows: Sendable {
  public var columns: ResultColumns
  public var rowCount: Int
  /// For each row and column: length (int32, -1 is null) and as many bytes.
  public var cells: ByteWriter
  /// Nil on the last page.
  public var pagingState: [UInt8]?

  public init(columns: ResultColumns, rowCount: Int = 0, cells: ByteWriter = ByteWriter(), pagingState: [UInt8]? = nil)
  {
    self.columns = columns
    self.rowCount = rowCount
    self.cells = cells
    self.pagingState = pagingState
  }
}

/// What a change of the schema changed; drivers get the same as an event.
public struct SchemaChangeEvent: Equatable, Sendable {
  public enum Change: String, Sendable {
    case created = "CREATED"
    case updated = "UPDATED"
    case dropped = "DROPPED"
  }
  public enum Target: String, Sendable {
    case keyspace = "KEYSPACE"
    case table = "TABLE"
  }
  public var change: Change
  public var target: Target
  public var keyspace: String
  /// The table; empty where the target is a keyspace.
  public var name: String

  public init(change: Change, target: Target, keyspace: String, name: String = "") {
    self.change = change
    self.target = target
    self.keyspace = keyspace
    self.name = name
  }
}

public struct QueryResult: Sendable {
  public enum Body: Sendable {
    case void
    case rows(ResultRows)
    case setKeyspace(String)
    case schemaChange(SchemaChangeEvent)
  }
  public var body: Body
  /// For the frame's warning list.
  public var warnings: [String]
  /// Of the trace in `system_traces`, where one was asked for and is kept.
  public var traceID: UUID?

  public init(_ body: Body, warnings: [String] = [], traceID: UUID? = nil) {
    self.body = body
    self.warnings = warnings
    self.traceID = traceID
  }

  public static let void = QueryResult(.void)
}

/// Everything that travels beside a statement's text or id (v4.spec section 4.1.4, v5's additions too).
public struct QueryOptions {
  public enum Values: Sendable {
    case positional([BoundValue])
    case named([String: BoundValue])

    public var isEmpty: Bool {
      switch self {
      case .positional(let values): values.isEmpty
      case .named(let values): values.isEmpty
      }
    }
  }

  public var consistency: Consistency
  public var serialConsistency: Consistency
  public var values: Values
  /// Rows a page; nil for all in one.
  public var pageSize: Int?
  public var pagingState: [UInt8]?
  /// The driver's timestamp for statements without USING TIMESTAMP.
  public var defaultTimestampMicroseconds: Int64?
  /// The keyspace of unqualified names: the connection's USE, or the frame's own (v5).
  public var keyspace: String?
  /// v5: judges expiry in place of the coordinator's clock.
  public var nowInSeconds: Int64?
  /// Whether the client asked for a trace (the frame's flag 0x02).
  public var isTraced: Bool
  /// The client's address, for the trace; only where it is traced.
  public var client: String?
  /// Takes the notes where the request is traced; made by the engine.
  var trace: RequestTrace?

  public init(
    consistency: Consistency = .one, serialConsistency: Consistency = .serial, values: Values = .positional([]),
    pageSize: Int? = nil, pagingState: [UInt8]? = nil, defaultTimestampMicroseconds: Int64? = nil,
    keyspace: String? = nil, nowInSeconds: Int64? = nil, isTraced: Bool = false, client: String? = nil
  ) {
    self.consistency = consistency
    self.serialConsistency = serialConsistency
    self.values = values
    self.pageSize = pageSize
    self.pagingState = pagingState
    self.defaultTimestampMicroseconds = defaultTimestampMicroseconds
    self.keyspace = keyspace
    self.nowInSeconds = nowInSeconds
    self.isTraced = isTraced
    self.client = client
  }
}
