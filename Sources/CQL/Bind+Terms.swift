// Terms against the type that is expected of them.

import Base
import Data

/// What a term is for: the column it goes to, for messages and markers' names.
struct Receiver {
  var name: String
  var type: CQLType
  var table: Table

  func with(_ name: String, _ type: CQLType) -> Receiver { Receiver(name: name, type: type, table: table) }
}

extension Binding {
  mutating func bind(_ term: Term, _ receiver: Receiver) throws(CQLFailure) -> BoundTerm {
    switch term {
    case .null: return .constant(nil)
    case .marker(let marker): return variable(marker, receiver.name, receiver.type, receiver.table)
    case .constant(let constant): return .constant(try value(of: constant, receiver))
    case .list(let terms): return try bindList(terms, receiver)
    case .set(let terms): return try bindSet(terms, receiver)
    case .map(let entries): return try bindMap(entries, receiver)
    case .tuple(let terms): return try bindTuple(terms, receiver)
    case .userType: throw .invalid("Invalid user type literal for \(receiver.name) of type \(receiver.type)")
    case .typed(let name, let inner):
      let type = try Binder.type(name)
      guard Self.isAssignable(type, to: receiver.type) else {
        throw .invalid("Cannot assign value \(term) to \(receiver.name) of type \(receiver.type)")
      }
      return try bind(inner, receiver.with(receiver.name, type))
    case .function(let name, let arguments): return try bindCall(name, arguments, receiver)
    case .cast(let inner, let name): return try bindCast(inner, name, receiver)
    case .arithmetic(let sign, let left, let right): return try bindArithmetic(sign, left, right, receiver)
    case .negation(let inner):
      guard ScalarFunction.isAnyNumber(receiver.type) else {
        throw .invalid("The '-' operation is not supported for \(receiver.type)")
      }
      let body = ScalarFunction.Body.negate(receiver.type)
      let function = ScalarFunction(name: "-", body: body, result: receiver.type)
      return .call(function, [try bind(inner, receiver)])
    }
  }

  /// Whether a value of one type is one of the other, too.
  static func isAssignable(_ type: CQLType, to expected: CQLType) -> Bool {
    let from = type.unfrozen
    let to = expected.unfrozen
    if from == to || to == .blob { return true }
    return (from == .timeuuid && to == .uuid) || (from == .ascii && to == .text)
  }

  // MARK: - Constants

  func value(of constant: Constant, _ receiver: Receiver) throws(CQLFailure) -> [UInt8] {
    let type = receiver.type
    guard Self.accepts(constant.kind, type) else {
      throw .invalid(
        "Invalid \(constant.kind.rawValue) constant (\(constant.text)) for \"\(receiver.name)\" of type \(type)")
    }
    do throws(ValueError) {
      return try type.value(fromText: constant.text)
    } catch {
      throw .invalid(error.message)
    }
  }

  /// Which constants a type takes (Constants.java).
  static func accepts(_ kind: Constant.Kind, _ type: CQLType) -> Bool {
    switch kind {
    case .string: [.ascii, .text, .inet, .date, .time, .timestamp].contains(type)
    case .integer:
      [
        .bigint, .counter, .int, .smallint, .tinyint, .varint, .decimal, .double, .float, .date, .time, .timestamp,
        .duration,
      ].contains(type)
    case .float: [.decimal, .double, .float].contains(type)
    case .boolean: type == .boolean
    case .uuid: type == .uuid || type == .timeuuid
    case .hex: type == .blob
    case .duration: type == .duration
    }
  }

  // MARK: - Collections

  private mutating func bindList(_ terms: [Term], _ receiver: Receiver) throws(CQLFailure) -> BoundTerm {
    if case .vector(let element, let dimension) = receiver.type.unfrozen {
      for term in terms { if case .null = term { throw .invalid("null is not supported inside vectors") } }
      guard terms.count == dimension else {
        throw .invalid(
          "Invalid vector literal for \(receiver.name) of type \(receiver.type); expected \(dimension) elements, but"
            + " given \(terms.count)")
      }
      let bound = try bindElements(terms, receiver.with("value(\(receiver.name))", element), "vector", receiver.name)
      return try folded(.list(bound, receiver.type), bound)
    }
    guard case .list(let element) = receiver.type.unfrozen else {
      throw .invalid("Unexpected receiver type '\(receiver.type)'; only list and vector are expected")
    }
    let bound = try bindElements(terms, receiver.with("value(\(receiver.name))", element), "list", receiver.name)
    return try folded(.list(bound, receiver.type), bound)
  }

  private mutating func bindSet(_ terms: [Term], _ receiver: Receiver) throws(CQLFailure) -> BoundTerm {
    // `{}` stands for an empty map too.
    if terms.isEmpty, case .map = receiver.type.unfrozen { return .constant(Values.map(alternating: [])) }
    guard case .set(let element) = receiver.type.unfrozen else {
      throw .invalid("Invalid set literal for \(receiver.name) of type \(receiver.type)")
    }
    let bound = try bindElements(terms, receiver.with("value(\(receiver.name))", element), "set", receiver.name)
    return try folded(.set(bound, receiver.type), bound)
  }

  private mutating func bindElements(
    _ terms: [Term], _ element: Receiver, _ word: String, _ name: String, _ role: String = "value"
  ) throws(CQLFailure) -> [BoundTerm] {
    var bound: [BoundTerm] = []
    for term in terms {
      if case .null = term { throw .invalid("null is not supported inside collections") }
      if case .constant(let constant) = term, !Self.accepts(constant.kind, element.type) {
        throw .invalid("Invalid \(word) literal for \(name): \(role) \(term) is not of type \(element.type)")
      }
      bound.append(try bind(term, element))
    }
    return bound
  }

  private mutating func bindMap(_ entries: [Term.MapEntry], _ receiver: Receiver) throws(CQLFailure) -> BoundTerm {
    guard case .map(let key, let value) = receiver.type.unfrozen else {
      throw .invalid("Invalid map literal for \(receiver.name) of type \(receiver.type)")
    }
    let keys = try bindElements(
      entries.map(\.key), receiver.with("key(\(receiver.name))", key), "map", receiver.name, "key")
    let values = try bindElements(
      entries.map(\.value), receiver.with("value(\(receiver.name))", value), "map", receiver.name)
    return try folded(.map(zip(keys, values).map { ($0, $1) }, receiver.type), keys + values)
  }

  private mutating func bindTuple(_ terms: [Term], _ receiver: Receiver) throws(CQLFailure) -> BoundTerm {
    guard case .tuple(let types) = receiver.type.unfrozen else {
      // A term in parentheses is the term.
      if terms.count == 1, let only = terms.first { return try bind(only, receiver) }
      throw .invalid("Invalid tuple type literal for \(receiver.name) of type \(receiver.type)")
    }
    guard terms.count <= types.count else {
      throw .invalid(
        "Invalid tuple literal for \(receiver.name): too many elements. Type \(receiver.type) expects"
          + " \(types.count) but got \(terms.count)")
    }
    var bound: [BoundTerm] = []
    for (index, term) in terms.enumerated() {
      if case .constant(let constant) = term, !Self.accepts(constant.kind, types[index]) {
        throw .invalid(
          "Invalid tuple literal for \(receiver.name): component \(index) is not of type \(types[index])")
      }
      bound.append(try bind(term, receiver.with("\(receiver.name)[\(index)]", types[index])))
    }
    return try folded(.tuple(bound, receiver.type), bound)
  }

  /// A collection of constants is a constant.
  private func folded(_ term: BoundTerm, _ parts: [BoundTerm]) throws(CQLFailure) -> BoundTerm {
    guard parts.allSatisfy(\.isConstant) else { return term }
    let context = EvaluationContext(timestampMicroseconds: 0, nowMicroseconds: 0, random: { 0 }, token: { _ in 0 })
    return .constant(try term.evaluate(context).bytes)
  }

  // MARK: - Functions

  private mutating func bindCall(
    _ name: QualifiedName, _ arguments: [Term], _ receiver: Receiver
  ) throws(CQLFailure) -> BoundTerm {
    if ["fromjson", "from_json"].contains(name.name), arguments.count == 1 {
      let text = Receiver(name: "arg0(system.\(name.name))", type: .text, table: receiver.table)
      let function = ScalarFunction(name: name.name, body: .fromJSON(receiver.type), result: receiver.type)
      return .call(function, [try bind(arguments[0], text)])
    }
    let (function, bound) = try resolve(name, arguments, receiver.table)
    guard Self.isAssignable(function.result, to: receiver.type) else {
      throw .invalid(
        "Type error: cannot assign result of function system.\(function.name) (type \(function.result)) to"
          + " \(receiver.name) (type \(receiver.type))")
    }
    return .call(function, bound)
  }

  mutating func resolve(
    _ name: QualifiedName, _ arguments: [Term], _ table: Table
  ) throws(CQLFailure) -> (ScalarFunction, [BoundTerm]) {
    if ["tojson", "to_json"].contains(name.name), arguments.count == 1 {
      guard let type = inferredType(of: arguments[0], table) else {
        throw .invalid(
          "Cannot infer type for term \(arguments[0]) (try using a cast to force a type)")
      }
      let bound = try bind(arguments[0], Receiver(name: "arg0(system.\(name.name))", type: type, table: table))
      return (ScalarFunction(name: name.name, body: .toJSON(type), result: .text), [bound])
    }
    guard name.keyspace == nil || name.keyspace == "system",
      let overloads = ScalarFunction.overloads(of: name.name, partitionKey: table.partitionKey.map(\.type))
    else { throw .invalid("Unknown function \(name) called") }
    var lastFailure: CQLFailure?
    for overload in overloads where overload.arguments.count == arguments.count {
      let saved = variables
      do throws(CQLFailure) {
        var bound: [BoundTerm] = []
        for (index, argument) in arguments.enumerated() {
          let receiver = Receiver(
            name: "arg\(index)(system.\(name.name))", type: overload.arguments[index], table: table)
          bound.append(try bind(argument, receiver))
        }
        return (overload.function, bound)
      } catch {
        variables = saved
        lastFailure = error
      }
    }
    if let lastFailure {
      if overloads.count == 1 { throw lastFailure }
      throw .invalid(
        "Invalid call to function \(name), none of its type signatures match (known type signatures:"
          + " \(ScalarFunction.signatures(name.name, overloads)))")
    }
    let required = overloads.first?.arguments.count ?? 0
    throw .invalid(
      "Invalid number of arguments in call to function system.\(name.name): \(required) required but"
        + " \(arguments.count) provided")
  }

  private mutating func bindCast(
    _ inner: Term, _ name: TypeName, _ receiver: Receiver
  ) throws(CQLFailure) -> BoundTerm {
    let type = try Binder.type(name)
    guard let from = inferredType(of: inner, receiver.table), ScalarFunction.canCast(from: from, to: type) else {
      throw .invalid("CAST(\(inner) AS \(type)) is not supported")
    }
    guard Self.isAssignable(type, to: receiver.type) else {
      throw .invalid("Cannot assign value \(Term.cast(inner, name)) to \(receiver.name) of type \(receiver.type)")
    }
    let function = ScalarFunction(name: "cast", body: .cast(from: from, to: type), result: type)
    return .call(function, [try bind(inner, receiver.with("arg0(cast)", from))])
  }

  private mutating func bindArithmetic(
    _ sign: ArithmeticOperator, _ left: Term, _ right: Term, _ receiver: Receiver
  ) throws(CQLFailure) -> BoundTerm {
    if sign == .add, [.text, .ascii].contains(receiver.type) {
      let function = ScalarFunction(name: sign.rawValue, body: .concatenate, result: receiver.type)
      return .call(function, [try bind(left, receiver), try bind(right, receiver)])
    }
    if [.timestamp, .date].contains(receiver.type), sign == .add || sign == .subtract {
      let span = receiver.with("[duration]", .duration)
      let body = ScalarFunction.Body.move(receiver.type, isBackwards: sign == .subtract)
      let function = ScalarFunction(name: sign.rawValue, body: body, result: receiver.type)
      return .call(function, [try bind(left, receiver), try bind(right, span)])
    }
    guard ScalarFunction.isAnyNumber(receiver.type) else {
      throw .invalid("the '\(sign.rawValue)' operation is not supported for \(receiver.name) of type \(receiver.type)")
    }
    let body = ScalarFunction.Body.arithmetic(sign, receiver.type, receiver.type)
    let function = ScalarFunction(name: sign.rawValue, body: body, result: receiver.type)
    return .call(function, [try bind(left, receiver), try bind(right, receiver)])
  }

  /// The type of a term that no receiver gives one.
  func inferredType(of term: Term, _ table: Table) -> CQLType? {
    switch term {
    case .constant(let constant):
      switch constant.kind {
      case .string: return .text
      case .integer:
        if Int32(constant.text) != nil { return .int }
        return Int64(constant.text) != nil ? .bigint : .varint
      case .float: return .double
      case .boolean: return .boolean
      case .uuid: return .uuid
      case .hex: return .blob
      case .duration: return .duration
      }
    case .typed(let name, _), .cast(_, let name): return try? Binder.type(name)
    case .function(let name, let arguments):
      let overloads = ScalarFunction.overloads(of: name.name, partitionKey: table.partitionKey.map(\.type))
      return overloads?.first { $0.arguments.count == arguments.count }?.function.result
    case .arithmetic(_, let left, let right):
      guard let a = inferredType(of: left, table), let b = inferredType(of: right, table) else { return nil }
      return ScalarFunction.arithmeticResult(a, b)
    case .negation(let inner): return inferredType(of: inner, table)
    case .null, .marker, .list, .set, .map, .userType, .tuple: return nil
    }
  }
}

// MARK: - Text for messages

extension Term: CustomStringConvertible {
  /// As Cassandra's messages show it.
  public var description: String {
    func joined(_ terms: [Term]) -> String { terms.map(\.description).joined(separator: ", ") }
    switch self {
    case .constant(let constant): return constant.kind == .string ? "'\(constant.text)'" : constant.text
    case .null: return "NULL"
    case .marker(let marker): return marker.name.map { ":\($0)" } ?? "?"
    case .list(let terms): return "[\(joined(terms))]"
    case .set(let terms): return "{\(joined(terms))}"
    case .map(let entries): return "{\(entries.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
    case .userType(let fields): return "{\(fields.map { "\($0.name): \($0.value)" }.joined(separator: ", "))}"
    case .tuple(let terms): return "(\(joined(terms)))"
    case .function(let name, let terms): return "\(name)(\(joined(terms)))"
    case .typed(let type, let term): return "(\(type))\(term)"
    case .arithmetic(let sign, let left, let right): return "\(left) \(sign.rawValue) \(right)"
    case .negation(let term): return "-\(term)"
    case .cast(let term, let type): return "CAST(\(term) AS \(type))"
    }
  }
}

extension TypeName: CustomStringConvertible {
  public var description: String {
    switch self {
    case .native(let name): name
    case .list(let element): "list<\(element)>"
    case .set(let element): "set<\(element)>"
    case .map(let key, let value): "map<\(key), \(value)>"
    case .tuple(let parts): "tuple<\(parts.map(\.description).joined(separator: ", "))>"
    case .vector(let element, let dimension): "vector<\(element), \(dimension)>"
    case .frozen(let inner): "frozen<\(inner)>"
    case .user(let name): name.description
    case .custom(let name): "'\(name)'"
    }
  }
}

extension Relation: CustomStringConvertible {
  public var description: String {
    func names(_ columns: [String]) -> String { "(\(columns.joined(separator: ", ")))" }
    switch self {
    case .comparison(let column, let comparison, let term): return "\(column) \(comparison.rawValue) \(term)"
    case .membership(let column, let values): return "\(column) IN \(values)"
    case .isNotNull(let column): return "\(column) IS NOT NULL"
    case .element(let column, let key, let comparison, let term):
      return "\(column)[\(key)] \(comparison.rawValue) \(term)"
    case .token(let columns, let comparison, let term): return "token\(names(columns)) \(comparison.rawValue) \(term)"
    case .tuple(let columns, let comparison, let term): return "\(names(columns)) \(comparison.rawValue) \(term)"
    case .tupleMembership(let columns, let values): return "\(names(columns)) IN \(values)"
    }
  }
}

extension InValues: CustomStringConvertible {
  public var description: String {
    switch self {
    case .terms(let terms): "(\(terms.map(\.description).joined(separator: ", ")))"
    case .marker(let marker): Term.marker(marker).description
    }
  }
}
