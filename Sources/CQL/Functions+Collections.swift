// Functions of whole collections and vectors in a SELECT (Cassandra 5.0, cql3/functions/CollectionFcts.java,
// VectorFcts.java). A null collection makes null.

import Base
import Data

extension ScalarFunction {
  enum CollectionOperation: String, Sendable {
    case mapKeys = "map_keys"
    case mapValues = "map_values"
    case count = "collection_count"
    case minimum = "collection_min"
    case maximum = "collection_max"
    case sum = "collection_sum"
    case average = "collection_avg"
  }

  enum Similarity: String, Sendable {
    case cosine = "similarity_cosine"
    case euclidean = "similarity_euclidean"
    case dotProduct = "similarity_dot_product"
  }

  /// The function for an argument of that type; nil for a name that is none of these.
  static func collectionFunction(
    _ name: String, of argument: CQLType, shown: String
  ) throws(CQLFailure) -> ScalarFunction? {
    guard let operation = CollectionOperation(rawValue: name) else { return nil }
    let result: CQLType?
    let wanted: String
    switch (operation, argument.unfrozen) {
    case (.mapKeys, .map(let key, _)): (wanted, result) = ("", .set(key))
    case (.mapValues, .map(_, let value)): (wanted, result) = ("", .list(value))
    case (.mapKeys, _), (.mapValues, _): (wanted, result) = ("map", nil)
    case (.count, .list), (.count, .set), (.count, .map): (wanted, result) = ("", .int)
    case (.count, _): (wanted, result) = ("collection", nil)
    case (.minimum, .list(let element)), (.maximum, .list(let element)), (.minimum, .set(let element)),
      (.maximum, .set(let element)):
      (wanted, result) = ("", element)
    case (.minimum, _), (.maximum, _): (wanted, result) = ("set/list", nil)
    case (.sum, .list(let element)), (.average, .list(let element)), (.sum, .set(let element)),
      (.average, .set(let element)):
      (wanted, result) = ("numeric set/list", isNumber(element) || AggregateFunction.isLong(element) ? element : nil)
    case (.sum, _), (.average, _): (wanted, result) = ("numeric set/list", nil)
    }
    guard let result else {
      throw .invalid(
        "Function system.\(name) requires a \(wanted) argument, but found argument \(shown) of type \(argument)")
    }
    return ScalarFunction(name: name, body: .collection(operation, argument), result: result)
  }

  func collected(
    _ operation: CollectionOperation, _ bytes: [UInt8], _ type: CQLType
  ) throws(CQLFailure) -> [UInt8]? {
    let parts: [[UInt8]]
    do throws(ValueError) { parts = try type.collectionElements(of: bytes) } catch { throw .invalid(error.message) }
    switch operation {
    case .mapKeys: return Values.collection(stride(from: 0, to: parts.count, by: 2).map { parts[$0] })
    case .mapValues: return Values.collection(stride(from: 1, to: parts.count, by: 2).map { parts[$0] })
    case .count:
      let isMap = if case .map = type.unfrozen { true } else { false }
      return Values.int(Int32(clamping: isMap ? parts.count / 2 : parts.count))
    case .minimum: return parts.min { result.compare($0, $1) < 0 }
    case .maximum: return parts.max { result.compare($0, $1) < 0 }
    case .sum, .average: return try total(parts, average: operation == .average)
    }
  }

  private func total(_ parts: [[UInt8]], average: Bool) throws(CQLFailure) -> [UInt8]? {
    let count = Int64(parts.count)
    if AggregateFunction.isLong(result) {
      var sum = NumberSum(result)
      do throws(ValueError) { for part in parts { try sum.add(part) } } catch { throw .invalid(error.message) }
      return average ? sum.average(of: count) : sum.sum
    }
    if Self.isInteger(result) {
      let sum = parts.reduce(Int64(0)) { $0 &+ (Values.integer($1) ?? 0) }
      return Self.bytes(average && count > 0 ? sum / count : sum, as: result)
    }
    let sum = parts.reduce(0.0) { $0 + (Self.double($1, result) ?? 0) }
    return Self.bytes(average && count > 0 ? sum / Double(count) : sum, as: result)
  }

  // MARK: - Vectors

  static func similarity(_ name: String, _ arguments: [CQLType]) throws(CQLFailure) -> ScalarFunction? {
    guard let kind = Similarity(rawValue: name), arguments.count == 2 else { return nil }
    guard case .vector(.float, let first) = arguments[0].unfrozen,
      case .vector(.float, let second) = arguments[1].unfrozen
    else {
      throw .invalid("Function system.\(name) requires a float vector argument")
    }
    guard first == second else { throw .invalid("All arguments must have the same vector dimensions") }
    return ScalarFunction(name: name, body: .similarity(kind, arguments[0]), result: .float)
  }

  /// As Lucene's VectorSimilarityFunction scores: 1 for the same, never below 0 but for dot products.
  static func similarity(
    _ kind: Similarity, _ a: [UInt8], _ b: [UInt8], _ type: CQLType
  ) throws(CQLFailure) -> [UInt8]? {
    func floats(_ bytes: [UInt8]) throws(CQLFailure) -> [Double] {
      do throws(ValueError) {
        return try type.vectorElements(of: bytes).map { Double(Values.float($0) ?? 0) }
      } catch { throw .invalid(error.message) }
    }
    let (x, y) = (try floats(a), try floats(b))
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let value: Double
    switch kind {
    case .dotProduct: value = (1 + dot(x, y)) / 2
    case .euclidean: value = 1 / (1 + zip(x, y).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) })
    case .cosine:
      let lengths = (dot(x, x) * dot(y, y)).squareRoot()
      guard lengths > 0 else {
        throw .invalid("Function system.similarity_cosine doesn't support all-zero vectors.")
      }
      value = (1 + dot(x, y) / lengths) / 2
    }
    return Values.float(Float(value))
  }
}
