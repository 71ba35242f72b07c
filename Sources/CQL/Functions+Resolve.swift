// Which function a call means: by its name, then by the first overload that the arguments fit. Cassandra 5 knows
// the old names in one word and the new ones with underscores.

import Base
import Data

extension ScalarFunction {
  struct Overload {
    var arguments: [CQLType]
    var function: ScalarFunction
  }

  private static let legacyNames: [String: String] = [
    "current_timestamp": "currenttimestamp", "current_date": "currentdate", "current_time": "currenttime",
    "current_timeuuid": "currenttimeuuid", "min_timeuuid": "mintimeuuid", "max_timeuuid": "maxtimeuuid",
    "to_date": "todate", "to_timestamp": "totimestamp", "to_unix_timestamp": "tounixtimestamp",
    "to_json": "tojson",
  ]

  /// The overloads of a native function; nil for a name that is none.
  static func overloads(of name: String, partitionKey: [CQLType]) -> [Overload]? {
    func one(_ arguments: [CQLType], _ body: Body, _ result: CQLType) -> [Overload] {
      [Overload(arguments: arguments, function: ScalarFunction(name: name, body: body, result: result))]
    }
    func times(_ sources: [CQLType], to result: CQLType) -> [Overload] {
      sources.flatMap { one([$0], .convertTime(from: $0, to: result), result) }
    }
    switch legacyNames[name] ?? name {
    case "now", "currenttimeuuid": return one([], .now, .timeuuid)
    case "uuid": return one([], .uuid, .uuid)
    case "currenttimestamp": return one([], .currentTimestamp, .timestamp)
    case "currentdate": return one([], .currentDate, .date)
    case "currenttime": return one([], .currentTime, .time)
    case "mintimeuuid": return one([.timestamp], .minTimeUUID, .timeuuid)
    case "maxtimeuuid": return one([.timestamp], .maxTimeUUID, .timeuuid)
    case "todate": return times([.timeuuid, .timestamp], to: .date)
    case "totimestamp": return times([.timeuuid, .date], to: .timestamp)
    case "tounixtimestamp": return times([.timeuuid, .timestamp, .date], to: .bigint)
    case "dateof": return times([.timeuuid], to: .timestamp)
    case "unixtimestampof": return times([.timeuuid], to: .bigint)
    case "abs":
      return numbers.flatMap { one([$0], .absolute($0), $0) }
    case "round":
      return numbers.filter { $0 != .decimal }.flatMap { one([$0], .round($0), $0) }
    case "token": return one(partitionKey, .token(columns: partitionKey), .bigint)
    default: return blobOverloads(of: name)
    }
  }

  /// As messages list them; Cassandra in no order.
  static func signatures(_ name: String, _ overloads: [Overload]) -> String {
    overloads.map { overload in
      let arguments = overload.arguments.map(\.description).joined(separator: ", ")
      return "system.\(name) : (\(arguments)) -> \(overload.function.result)"
    }.joined(separator: ", ")
  }

  private static let numbers: [CQLType] = [
    .int, .bigint, .smallint, .tinyint, .varint, .float, .double, .decimal, .counter,
  ]

  private static func blobOverloads(of name: String) -> [Overload]? {
    func conversion(_ argument: CQLType, _ result: CQLType) -> [Overload] {
      [
        Overload(arguments: [argument], function: ScalarFunction(name: name, body: .reinterpret, result: result))
      ]
    }
    for suffix in ["_as_blob", "asblob"] where name.hasSuffix(suffix) {
      if let type = CQLType.scalars[String(name.dropLast(suffix.count))] { return conversion(type, .blob) }
    }
    for prefix in ["blob_as_", "blobas"] where name.hasPrefix(prefix) {
      if let type = CQLType.scalars[String(name.dropFirst(prefix.count))] { return conversion(.blob, type) }
    }
    return nil
  }

  /// What `a + b` and the like are of two types; nil where Cassandra has no such operation.
  static func operation(_ sign: ArithmeticOperator, _ a: CQLType, _ b: CQLType) -> ScalarFunction? {
    let strings: [CQLType] = [.text, .ascii]
    if sign == .add, strings.contains(a), strings.contains(b) {
      return ScalarFunction(
        name: sign.rawValue, body: .concatenate, result: a == .ascii && b == .ascii ? .ascii : .text)
    }
    if a == .timestamp || a == .date, b == .duration, sign == .add || sign == .subtract {
      return ScalarFunction(name: sign.rawValue, body: .move(a, isBackwards: sign == .subtract), result: a)
    }
    return arithmeticResult(a, b).map {
      ScalarFunction(name: sign.rawValue, body: .arithmetic(sign, a, b), result: $0)
    }
  }

  /// The type of `a + b` of numbers; nil where there is none (OperationFcts.returnType): the longer of the two, and
  /// floating where one of them is.
  static func arithmeticResult(_ a: CQLType, _ b: CQLType) -> CQLType? {
    guard let left = numberBytes(a), let right = numberBytes(b) else { return nil }
    let size = max(left, right)
    if [a, b].contains(where: { $0 == .float || $0 == .double || $0 == .decimal }) {
      return size == 4 ? .float : (size == 8 ? .double : (size < 4 ? .float : .decimal))
    }
    switch size {
    case 1: return .tinyint
    case 2: return .smallint
    case 4: return .int
    case 8: return .bigint
    default: return .varint
    }
  }

  /// Nil for what is no number; a varint and a decimal have no bound.
  private static func numberBytes(_ type: CQLType) -> Int? {
    if AggregateFunction.isLong(type) { return .max }
    return isNumber(type) ? type.fixedLengthBytes : nil
  }

  /// Any type that can be computed with.
  static func isAnyNumber(_ type: CQLType) -> Bool { numberBytes(type) != nil }
}

extension AggregateFunction {
  /// nil for a name that is no aggregate, or an argument it does not take.
  static func resolve(_ name: String, _ argument: CQLType) -> AggregateFunction? {
    switch name {
    case "count": return AggregateFunction(body: .count, argument: argument, result: .bigint)
    case "min": return AggregateFunction(body: .minimum, argument: argument, result: argument)
    case "max": return AggregateFunction(body: .maximum, argument: argument, result: argument)
    case "sum" where ScalarFunction.isNumber(argument) || isLong(argument):
      return AggregateFunction(body: .sum, argument: argument, result: argument)
    case "avg" where ScalarFunction.isNumber(argument) || isLong(argument):
      return AggregateFunction(body: .average, argument: argument, result: argument)
    default: return nil
    }
  }

  /// Numbers of any length.
  static func isLong(_ type: CQLType) -> Bool { type == .varint || type == .decimal }

  static let names: Set<String> = ["count", "min", "max", "sum", "avg"]
}

/// Folds rows into one. Selectors without an aggregate have their first row's value.
public struct Aggregation {
  private struct State {
    var count: Int64 = 0
    var extreme: [UInt8]?
    var wholeSum: Int64 = 0
    var sum = 0.0
    var longSum: NumberSum?
  }
  private let select: BoundSelect
  /// In the order in which `finish` meets them.
  private let aggregates: [(function: AggregateFunction, argument: BoundSelector?)]
  private var states: [State]
  private var firstRow: RowValues?

  public init(_ select: BoundSelect) {
    self.select = select
    var found: [(AggregateFunction, BoundSelector?)] = []
    for selector in select.selectors { Self.forEachAggregate(in: selector) { found.append(($0, $1)) } }
    aggregates = found
    states = [State](repeating: State(), count: found.count)
  }

  private static func forEachAggregate(
    in selector: BoundSelector, _ body: (AggregateFunction, BoundSelector?) -> Void
  ) {
    switch selector {
    case .aggregate(let function, let argument): body(function, argument)
    case .call(_, let arguments): for argument in arguments { forEachAggregate(in: argument, body) }
    case .element(let inner, let key, _):
      forEachAggregate(in: inner, body)
      forEachAggregate(in: key, body)
    case .slice(let inner, _, _, _): forEachAggregate(in: inner, body)
    default: return
    }
  }

  public mutating func add(_ row: RowValues, _ context: borrowing EvaluationContext) throws(CQLFailure) {
    if firstRow == nil { firstRow = row }
    for (index, (function, argument)) in aggregates.enumerated() {
      guard let argument else {
        states[index].count += 1
        continue
      }
      guard let value = try argument.evaluate(row, context) else { continue }
      do throws(ValueError) { try add(value, function, to: index) } catch { throw .invalid(error.message) }
    }
  }

  private mutating func add(
    _ value: [UInt8], _ function: AggregateFunction, to index: Int
  ) throws(ValueError) {
    states[index].count += 1
    let type = function.argument ?? .blob
    switch function.body {
    case .countRows, .count: return
    case .minimum:
      guard let extreme = states[index].extreme, type.compare(extreme, value) <= 0 else {
        states[index].extreme = value
        return
      }
    case .maximum:
      guard let extreme = states[index].extreme, type.compare(extreme, value) >= 0 else {
        states[index].extreme = value
        return
      }
    case .sum, .average:
      if AggregateFunction.isLong(type) {
        var sum = states[index].longSum ?? NumberSum(type)
        try sum.add(value)
        states[index].longSum = sum
      } else if ScalarFunction.isInteger(type) {
        states[index].wholeSum &+= Values.integer(value) ?? 0
      } else {
        states[index].sum += ScalarFunction.double(value, type) ?? 0
      }
    }
  }

  /// The row of the group that was added; without any row, counts are 0.
  public func finish(_ context: borrowing EvaluationContext) throws(CQLFailure) -> [[UInt8]?] {
    var next = 0
    var results: [[UInt8]?] = []
    for selector in select.selectors { results.append(try value(of: selector, &next, context)) }
    return results
  }

  private func value(
    of selector: BoundSelector, _ next: inout Int, _ context: borrowing EvaluationContext
  ) throws(CQLFailure) -> [UInt8]? {
    switch selector {
    case .aggregate(let function, _):
      defer { next += 1 }
      return result(function, states[next])
    case .call(let function, let arguments):
      var values: [[UInt8]?] = []
      for argument in arguments { values.append(try value(of: argument, &next, context)) }
      return try function.call(values, context)
    default:
      guard let firstRow else {
        if case .constant(let bytes, _) = selector { return bytes }
        return nil
      }
      return try selector.evaluate(firstRow, context)
    }
  }

  private func result(_ function: AggregateFunction, _ state: State) -> [UInt8]? {
    switch function.body {
    case .countRows, .count: return Values.bigint(state.count)
    case .minimum, .maximum: return state.extreme
    case .sum, .average:
      if AggregateFunction.isLong(function.result) {
        let sum = state.longSum ?? NumberSum(function.result)
        return function.body == .average ? sum.average(of: state.count) : sum.sum
      }
      let divisor = function.body == .average ? max(1, state.count) : 1
      if ScalarFunction.isInteger(function.result) {
        return ScalarFunction.bytes(state.wholeSum / divisor, as: function.result)
      }
      return ScalarFunction.bytes(state.sum / Double(divisor), as: function.result)
    }
  }
}
