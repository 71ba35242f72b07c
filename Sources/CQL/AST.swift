// The parsed statement: what the text says, before any name is looked up. One case for every
// statement of CQL 3.4.7 (doc/cql3/CQL.textile, src/antlr/Parser.g of Cassandra 5.0); those Marquee
// does not run are `.unsupported`, so that a client reads "not supported" and not "syntax error".
//
// Names are folded when they are read: an unquoted name is lower case, a quoted one is as written.

/// A statement and the bind markers that were met in it, in the order of the text.
public struct ParsedStatement: Sendable {
  public var statement: Statement
  public var markers: [Marker]
}

public enum Statement: Sendable {
  case select(SelectStatement)
  case insert(InsertStatement)
  case update(UpdateStatement)
  case delete(DeleteStatement)
  case batch(BatchStatement)
  case use(keyspace: String)
  case truncate(QualifiedName)
  case createKeyspace(CreateKeyspaceStatement)
  case alterKeyspace(AlterKeyspaceStatement)
  case dropKeyspace(DropKeyspaceStatement)
  case createTable(CreateTableStatement)
  case alterTable(AlterTableStatement)
  case dropTable(DropTableStatement)
  case describe(DescribeStatement)
  case unsupported(UnsupportedStatement)
}

/// `?` (name nil) or `:name`.
public struct Marker: Sendable, Equatable {
  /// Position among the statement's markers, from 0.
  public var index: Int
  public var name: String?
}

/// `[keyspace.]name`
public struct QualifiedName: Sendable, Equatable, CustomStringConvertible {
  public var keyspace: String?
  public var name: String

  public init(keyspace: String?, name: String) {
    self.keyspace = keyspace
    self.name = name
  }

  public var description: String { keyspace.map { "\($0).\(name)" } ?? name }
}

/// A type as written; resolved against a keyspace by the binder.
public indirect enum TypeName: Sendable, Equatable {
  /// A native type's name, lower case.
  case native(String)
  case list(TypeName)
  case set(TypeName)
  case map(TypeName, TypeName)
  case tuple([TypeName])
  case vector(TypeName, dimension: Int)
  case frozen(TypeName)
  case user(QualifiedName)
  /// A Java class name in quotes.
  case custom(String)
}

/// `USING TIMESTAMP t AND TTL t`
public struct Attributes: Sendable {
  public var timestamp: Term?
  public var timeToLive: Term?

  public init(timestamp: Term? = nil, timeToLive: Term? = nil) {
    self.timestamp = timestamp
    self.timeToLive = timeToLive
  }
}

// MARK: - Select

public struct SelectStatement: Sendable {
  public var table: QualifiedName
  public var selection: Selection
  public var isDistinct = false
  public var isJSON = false
  public var restrictions: [Relation] = []
  public var groupBy: [Selector] = []
  public var ordering: [Ordering] = []
  public var perPartitionLimit: Term?
  public var limit: Term?
  public var allowsFiltering = false
}

public enum Selection: Sendable {
  case wildcard
  case items([SelectionItem])
}

public struct SelectionItem: Sendable {
  public var selector: Selector
  public var alias: String?
}

public indirect enum Selector: Sendable {
  case column(String)
  /// `COUNT(*)`, `COUNT(1)`
  case countRows
  case term(Term)
  case function(QualifiedName, [Selector])
  case cast(Selector, TypeName)
  case writeTime(Selector)
  case maxWriteTime(Selector)
  case timeToLive(Selector)
  case element(Selector, Term)
  case slice(Selector, from: Term?, to: Term?)
  case field(Selector, String)
  case arithmetic(ArithmeticOperator, Selector, Selector)
  case negation(Selector)
}

public struct Ordering: Sendable {
  public enum Key: Sendable {
    case column(String)
    /// `ORDER BY v ANN OF [...]`
    case nearest(String, Term)
  }
  public var key: Key
  public var isDescending: Bool
}

public enum ComparisonOperator: String, Sendable {
  case equal = "="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case contains = "CONTAINS"
  case containsKey = "CONTAINS KEY"
  case like = "LIKE"
}

/// What stands right of `IN`.
public enum InValues: Sendable {
  case terms([Term])
  /// `IN ?`: the marker holds a list.
  case marker(Marker)
}

public enum Relation: Sendable {
  case comparison(column: String, ComparisonOperator, Term)
  case membership(column: String, InValues)
  case isNotNull(column: String)
  /// `m[k] = v`
  case element(column: String, key: Term, ComparisonOperator, Term)
  /// `token(a, b) > t`
  case token(columns: [String], ComparisonOperator, Term)
  /// `(a, b) > (1, 2)`
  case tuple(columns: [String], ComparisonOperator, Term)
  /// `(a, b) IN ((1, 2), (3, 4))`
  case tupleMembership(columns: [String], InValues)
}

// MARK: - Modifications

public struct InsertStatement: Sendable {
  public enum Source: Sendable {
    case values(columns: [String], terms: [Term])
    /// `JSON '...'`; `defaultsToUnset`: columns left out stay as they are.
    case json(Term, defaultsToUnset: Bool)
  }
  public var table: QualifiedName
  public var source: Source
  public var ifNotExists = false
  public var attributes = Attributes()
}

public struct UpdateStatement: Sendable {
  public var table: QualifiedName
  public var attributes = Attributes()
  public var assignments: [Assignment]
  public var restrictions: [Relation]
  public var condition = Condition.none
}

public struct Assignment: Sendable {
  public enum Operation: Sendable {
    /// `c = t`
    case set(Term)
    /// `c[k] = t`
    case setElement(key: Term, Term)
    /// `c.f = t`
    case setField(String, Term)
    /// `c = c + t`, `c += t`
    case add(Term)
    /// `c = t + c`
    case prepend(Term)
    /// `c = c - t`, `c -= t`
    case subtract(Term)
  }
  public var column: String
  public var operation: Operation
}

public struct DeleteStatement: Sendable {
  public enum Target: Sendable {
    case column(String)
    case element(column: String, Term)
    case field(column: String, String)
  }
  public var table: QualifiedName
  /// Empty: whole rows.
  public var targets: [Target]
  public var attributes = Attributes()
  public var restrictions: [Relation]
  public var condition = Condition.none
}

/// `IF ...` of a conditional write.
public enum Condition: Sendable {
  case none
  case exists
  case notExists
  case columns([ColumnCondition])

  public var isNone: Bool { if case .none = self { true } else { false } }
}

public struct ColumnCondition: Sendable {
  public enum Target: Sendable {
    case column(String)
    case element(column: String, key: Term)
    case field(column: String, String)
  }
  public enum Test: Sendable {
    case comparison(ComparisonOperator, Term)
    case membership(InValues)
  }
  public var target: Target
  public var test: Test
}

public struct BatchStatement: Sendable {
  public enum Kind: String, Sendable {
    case logged
    case unlogged
    case counter
  }
  public enum Member: Sendable {
    case insert(InsertStatement)
    case update(UpdateStatement)
    case delete(DeleteStatement)
  }
  public var kind: Kind
  public var attributes = Attributes()
  public var members: [Member]
}
