// Selectors with their types known: what stands in a result's column, out of a row's values in slots.

import Base
import Data

public indirect enum BoundSelector: Sendable {
  case column(slot: Int, CQLType)
  case writeTime(slot: Int)
  case timeToLive(slot: Int)
  /// WRITETIME and the like of a multi-cell collection, or of a part of it.
  case elementTimes(slot: Int, ElementTimeSelector)
  /// `m[a..b]` of a map or a set; no bound is none.
  case slice(BoundSelector, from: BoundSelector?, to: BoundSelector?, container: CQLType)
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
    case .elementTimes(_, let selector): selector.type
    case .slice(_, _, _, let container): container.unfrozen
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
    case .slice(let inner, _, _, _): inner.hasAggregate
    default: false
    }
  }

  var needsCellTimes: Bool {
    switch self {
    case .writeTime, .timeToLive, .elementTimes: true
    case .slice(let inner, _, _, _): inner.needsCellTimes
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
    case .elementTimes(let slot, let selector): return try selector.evaluate(row, slot: slot, context)
    case .slice(let inner, let from, let to, let container):
      guard let bytes = try inner.evaluate(row, context) else { return nil }
      let bounds = (try from?.evaluate(row, context), try to?.evaluate(row, context))
      return Self.slice(of: bytes, from: bounds.0, to: bounds.1, container)
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

extension BoundSelector {
  private static func slice(of bytes: [UInt8], from: [UInt8]??, to: [UInt8]??, _ container: CQLType) -> [UInt8]? {
    guard let parts = try? container.collectionElements(of: bytes), let key = container.keyType else { return nil }
    let isMap = if case .map = container.unfrozen { true } else { false }
    var kept: [[UInt8]] = []
    for index in stride(from: 0, to: parts.count, by: isMap ? 2 : 1) {
      guard key.isWithin(parts[index], from: from, to: to) else { continue }
      kept += parts[index..<(index + (isMap ? 2 : 1))]
    }
    // None of them is null, as in Cassandra.
    if kept.isEmpty { return nil }
    return isMap ? Values.map(alternating: kept) : Values.collection(kept)
  }
}

extension CQLType {
  /// Whether a value lies between two bounds, themselves included; a bound that is none or null bounds nothing.
  fileprivate func isWithin(_ value: [UInt8], from: [UInt8]??, to: [UInt8]??) -> Bool {
    if let from, let from, compare(value, from) < 0 { return false }
    if let to, let to, compare(value, to) > 0 { return false }
    return true
  }
}

/// What is asked of the cells of a multi-cell collection (Selectable.WritetimeOrTTL): a list of one each, or the one of
/// one element.
public struct ElementTimeSelector: Sendable {
  enum Kind: String, Sendable {
    case writeTime = "writetime"
    case maxWriteTime = "maxwritetime"
    case timeToLive = "ttl"
  }
  enum Part: Sendable {
    case whole
    case element(BoundSelector)
    case slice(from: BoundSelector?, to: BoundSelector?)
  }
  var kind: Kind
  var part: Part
  /// The collection's type.
  var container: CQLType

  public var type: CQLType {
    let one: CQLType = kind == .timeToLive ? .int : .bigint
    if case .element = part { return one }
    return kind == .maxWriteTime ? one : .list(one)
  }

  func evaluate(
    _ row: RowValues, slot: Int, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [UInt8]? {
    guard var times = row.elementTimes[slot] else { return nil }
    let key = container.keyType ?? .blob
    switch part {
    case .whole: break
    case .element(let wanted):
      guard let path = try wanted.evaluate(row, context) else { return nil }
      return times.first { key.compare($0.path, path) == 0 }.flatMap(value)
    case .slice(let from, let to):
      let bounds = (try from?.evaluate(row, context), try to?.evaluate(row, context))
      times = times.filter { key.isWithin($0.path, from: bounds.0, to: bounds.1) }
    }
    if times.isEmpty { return nil }
    if kind == .maxWriteTime { return times.map(\.writeTimeMicroseconds).max().map(Values.bigint) }
    return Values.listWithNulls(times.map(value))
  }

  private func value(_ times: ElementTimes) -> [UInt8]? {
    kind == .timeToLive ? times.timeToLiveSeconds.map { Values.int($0) } : Values.bigint(times.writeTimeMicroseconds)
  }
}

/// A term inside a selector.
public struct BoundTermBox: Sendable {
  let term: BoundTerm
}
