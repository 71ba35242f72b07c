// Selectors with their types known: what stands in a result's column, out of a row's values in slots.

import Base
import Data

public indirect enum BoundSelector: Sendable {
  case column(slot: Int, CQLType)
  case writeTime(slot: Int)
  case timeToLive(slot: Int)
  case constant([UInt8]?, CQLType)
  case term(BoundTermBox, CQLType)
  case call(ScalarFunction, [BoundSelector])
  case aggregate(AggregateFunction, BoundSelector?)
  /// `m[k]` of a map, `s[e]` of a set, `l[i]` of a list.
  case element(BoundSelector, key: BoundSelector, container: CQLType)

  public var type: CQLType {
    switch self {
    case .column(_, let type), .constant(_, let type), .term(_, let type): type
    case .writeTime: .bigint
    case .timeToLive: .int
    case .call(let function, _): function.result
    case .aggregate(let function, _): function.result
    case .element(_, _, let container): container.elementType ?? container
    }
  }

  var hasAggregate: Bool {
    switch self {
    case .aggregate: true
    case .call(_, let arguments): arguments.contains { $0.hasAggregate }
    case .element(let inner, let key, _): inner.hasAggregate || key.hasAggregate
    default: false
    }
  }

  var needsCellTimes: Bool {
    switch self {
    case .writeTime, .timeToLive: true
    case .call(_, let arguments): arguments.contains { $0.needsCellTimes }
    case .aggregate(_, let argument): argument?.needsCellTimes ?? false
    case .element(let inner, let key, _): inner.needsCellTimes || key.needsCellTimes
    case .column, .constant, .term: false
    }
  }

  /// The value for one row. An aggregate has the value of its last row: use `Aggregation`.
  public func evaluate(_ row: RowValues, _ context: borrowing EvaluationContext) throws(CQLFailure) -> [UInt8]? {
    switch self {
    case .column(let slot, _): return row.values[slot]
    case .writeTime(let slot): return row.writeTimesMicroseconds[slot].map(Values.bigint)
    case .timeToLive(let slot): return row.timesToLiveSeconds[slot].map { Values.int($0) }
    case .constant(let bytes, _): return bytes
    case .term(let box, _): return try box.term.bytes(context, for: "[selection]")
    case .aggregate(_, let argument): return try argument?.evaluate(row, context)
    case .call(let function, let arguments):
      var values: [[UInt8]?] = []
      for argument in arguments { values.append(try argument.evaluate(row, context)) }
      return try function.call(values, context)
    case .element(let inner, let key, let container):
      guard let bytes = try inner.evaluate(row, context), let wanted = try key.evaluate(row, context) else {
        return nil
      }
      return Self.element(of: bytes, at: wanted, container)
    }
  }

  private static func element(of bytes: [UInt8], at key: [UInt8], _ container: CQLType) -> [UInt8]? {
    guard let parts = try? container.collectionElements(of: bytes) else { return nil }
    switch container.unfrozen {
    case .list:
      guard let index = Values.int(key).map(Int.init), parts.indices.contains(index) else { return nil }
      return parts[index]
    case .set: return parts.contains(key) ? key : nil
    default:
      for index in stride(from: 0, to: parts.count, by: 2) where parts[index] == key { return parts[index + 1] }
      return nil
    }
  }
}

/// A term inside a selector.
public struct BoundTermBox: Sendable {
  let term: BoundTerm
}
