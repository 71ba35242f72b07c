// Terms: everything that stands where a value stands. A constant keeps its text, since what it means
// ('2011-02-03' is a date, a timestamp or a text) is known only with the column's type.

/// A constant as written.
public struct Constant: Sendable, Equatable {
  /// The names are those of Cassandra's messages ("Invalid STRING constant (x) ...").
  public enum Kind: String, Sendable {
    case string = "STRING"
    case integer = "INTEGER"
    case float = "FLOAT"
    case boolean = "BOOLEAN"
    case uuid = "UUID"
    case hex = "HEX"
    case duration = "DURATION"
  }
  public var kind: Kind
  /// A string without its quotes; anything else as written.
  public var text: String

  public init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}

public enum ArithmeticOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case modulo = "%"
}

public indirect enum Term: Sendable {
  case constant(Constant)
  case null
  case marker(Marker)
  /// `[a, b]`: a list or a vector.
  case list([Term])
  /// `{a, b}`; `{}` is an empty set or an empty map.
  case set([Term])
  /// `{k: v}`
  case map([MapEntry])
  /// `{field: v}`
  case userType([FieldEntry])
  /// `(a, b)`
  case tuple([Term])
  case function(QualifiedName, [Term])
  /// `(type) t`
  case typed(TypeName, Term)
  case arithmetic(ArithmeticOperator, Term, Term)
  case negation(Term)
  /// `CAST(t AS type)`
  case cast(Term, TypeName)

  public struct MapEntry: Sendable {
    public var key: Term
    public var value: Term
  }

  public struct FieldEntry: Sendable {
    public var name: String
    public var value: Term
  }
}
