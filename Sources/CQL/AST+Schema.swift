// Statements that change or describe the schema.

/// `WITH a = 1 AND b = {'k': 'v'}`, in the order written, names lower case.
public struct Properties: Sendable, Equatable {
  public enum Value: Sendable, Equatable {
    /// A constant's or keyword's text, a string without its quotes.
    case text(String)
    case map([String: String])
  }
  public struct Entry: Sendable, Equatable {
    public var name: String
    public var value: Value
  }
  public var entries: [Entry] = []

  public init() {}

  public subscript(name: String) -> Value? { entries.first { $0.name == name }?.value }
}

public struct CreateKeyspaceStatement: Sendable {
  public var name: String
  public var ifNotExists: Bool
  public var properties: Properties
}

public struct AlterKeyspaceStatement: Sendable {
  public var name: String
  public var ifExists: Bool
  public var properties: Properties
}

public struct DropKeyspaceStatement: Sendable {
  public var name: String
  public var ifExists: Bool
}

public struct ColumnDefinition: Sendable {
  public var name: String
  public var type: TypeName
  public var isStatic: Bool
}

public struct CreateTableStatement: Sendable {
  public struct ClusteringOrder: Sendable {
    public var column: String
    public var isDescending: Bool
  }
  public var table: QualifiedName
  public var ifNotExists: Bool
  /// In the order written.
  public var columns: [ColumnDefinition]
  /// Names as the primary key gives them; checked against `columns` by the binder.
  public var partitionKey: [String]
  public var clusteringKey: [String]
  public var clusteringOrder: [ClusteringOrder]
  public var isCompactStorage: Bool
  /// `WITH ID = uuid`
  public var id: String?
  public var properties: Properties
}

public struct AlterTableStatement: Sendable {
  public struct Rename: Sendable {
    public var from: String
    public var to: String
  }
  public enum Change: Sendable {
    case add([ColumnDefinition], ifNotExists: Bool)
    case drop([String], timestamp: String?, ifExists: Bool)
    case dropCompactStorage
    case rename([Rename], ifExists: Bool)
    case alterType(column: String, TypeName)
    case properties(Properties)
    /// `ALTER column MASKED WITH ...`
    case mask(column: String)
  }
  public var table: QualifiedName
  public var ifExists: Bool
  public var change: Change
}

public struct DropTableStatement: Sendable {
  public var table: QualifiedName
  public var ifExists: Bool
}

public struct DescribeStatement: Sendable {
  public enum Target: Sendable, Equatable {
    case cluster
    /// `[FULL] SCHEMA`
    case schema(isFull: Bool)
    case keyspaces
    /// `[ONLY] KEYSPACE [name]`; nil: the session's keyspace.
    case keyspace(String?, isOnly: Bool)
    case tables
    case types
    case functions
    case aggregates
    case table(QualifiedName)
    case index(QualifiedName)
    case materializedView(QualifiedName)
    case type(QualifiedName)
    case function(QualifiedName)
    case aggregate(QualifiedName)
    /// A bare name: a keyspace, a table, an index or a view, in this order.
    case generic(QualifiedName)
  }
  public var target: Target
  /// `WITH INTERNALS`
  public var withInternals: Bool
}

/// A statement of Cassandra's that Marquee recognises and refuses.
public struct UnsupportedStatement: Sendable, Equatable {
  /// As in "CREATE INDEX", "LIST ROLES".
  public var name: String
}
