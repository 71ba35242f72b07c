// Terms with their types known, and their evaluation. A constant is serialized when the statement is
// bound; what is left at execution are markers, functions and collections that hold them.

import Base
import Data

indirect enum BoundTerm: Sendable {
  case constant([UInt8]?)
  case variable(Int, CQLType)
  case list([BoundTerm], CQLType)
  case set([BoundTerm], CQLType)
  case map([(key: BoundTerm, value: BoundTerm)], CQLType)
  case tuple([BoundTerm], CQLType)
  case call(ScalarFunction, [BoundTerm])
  /// One column's value of the JSON document that a marker holds.
  case member(Int, of: JSONDocument, Column)

  static let maxElementBytes = 65_535 << 8

  /// The value; a marker's bytes are checked against its type.
  func evaluate(_ context: borrowing EvaluationContext) throws(CQLFailure) -> BoundValue {
    switch self {
    case .constant(let bytes): return bytes.map { .bytes($0) } ?? .null
    case .variable(let index, let type):
      let value = context.values[index]
      if case .bytes(let bytes) = value {
        do throws(ValueError) { try type.validate(bytes) } catch { throw .invalid(error.message) }
      }
      return value
    case .member(let index, let document, let column):
      return try document.value(of: column, in: context.values[index])
    default:
      return try composed(context).map { .bytes($0) } ?? .null
    }
  }

  /// The value where unset is not allowed.
  func bytes(_ context: borrowing EvaluationContext, for name: String) throws(CQLFailure) -> [UInt8]? {
    switch try evaluate(context) {
    case .bytes(let bytes): return bytes
    case .null: return nil
    case .unset: throw .invalid("Invalid unset value for column \(name)")
    }
  }

  private func composed(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [UInt8]? {
    switch self {
    case .list(let terms, let type):
      let elements = try Self.elements(terms, context)
      if case .vector = type.unfrozen { return type.vector(elements) }
      return Values.collection(elements)
    case .set(let terms, let type): return Values.collection(type.sortedSet(try Self.elements(terms, context)))
    case .map(let entries, let type):
      var pairs: [(key: [UInt8], value: [UInt8])] = []
      for entry in entries {
        pairs.append((try Self.element(entry.key, context), try Self.element(entry.value, context)))
      }
      return Values.map(alternating: type.sortedMap(pairs))
    case .tuple(let terms, _):
      var parts: [[UInt8]?] = []
      for term in terms { parts.append(try term.bytes(context, for: "tuple")) }
      return Values.tuple(parts)
    case .call(let function, let arguments):
      var values: [[UInt8]?] = []
      for argument in arguments { values.append(try argument.bytes(context, for: function.name)) }
      return try function.call(values, context)
    case .constant, .variable, .member: preconditionFailure("not composed: \(self)")
    }
  }

  private static func elements(
    _ terms: [BoundTerm], _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [[UInt8]] {
    var elements: [[UInt8]] = []
    for term in terms { elements.append(try element(term, context)) }
    return elements
  }

  private static func element(
    _ term: BoundTerm, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [UInt8] {
    switch try term.evaluate(context) {
    case .bytes(let bytes): return bytes
    case .null: throw .invalid("null is not supported inside collections")
    case .unset: throw .invalid("unset value is not supported inside collections")
    }
  }

  /// The value if it is the same at every execution.
  var constantBytes: [UInt8]?? { if case .constant(let bytes) = self { .some(bytes) } else { .none } }

  var isConstant: Bool { if case .constant = self { true } else { false } }
}
