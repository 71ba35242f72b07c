// What the scalar functions compute. A null argument makes null.

import Base
import Data

extension ScalarFunction {
  func call(_ arguments: [[UInt8]?], _ context: borrowing EvaluationContext) throws(CQLFailure) -> [UInt8]? {
    var values: [[UInt8]] = []
    for argument in arguments {
      guard let argument else { return nullResult }
      values.append(argument)
    }
    switch body {
    case .now:
      let ticks = UInt64(bitPattern: context.nowMicroseconds * 10 + UUID.timeUUIDEpochTicks)
      return UUID(timeTicks: ticks, low: context.random()).bytes
    case .uuid: return UUID(random: context.random(), context.random()).bytes
    case .currentTimestamp: return Values.bigint(context.nowMicroseconds / 1000)
    case .currentDate: return Values.date(days: Int32(clamping: context.nowInSeconds / 86_400))
    case .currentTime: return Values.bigint(context.nowMicroseconds % 86_400_000_000 * 1000)
    case .minTimeUUID, .maxTimeUUID: return try timeUUIDBound(values[0])
    case .convertTime(let from, let to): return Self.convert(values[0], from: from, to: to)
    case .reinterpret:
      if (try? result.validate(values[0])) == nil {
        throw .invalid(
          "In call to function system.\(name), value \(CQLType.blob.text(of: values[0])) is not a valid binary"
            + " representation for type \(result)")
      }
      return values[0]
    case .token:
      guard let key = PartitionKeyCodec.encode(values) else {
        throw .invalid("Key length is longer than maximum of 65535")
      }
      // Murmur3Partitioner gives an empty key the least token.
      return Values.bigint(key.isEmpty ? .min : context.token(key))
    case .cast(let from, let to): return try Self.cast(values[0], from: from, to: to)
    case .arithmetic(let sign, let left, let right):
      return try arithmetic(sign, values[0], left, values[1], right)
    case .negate(let type):
      if AggregateFunction.isLong(type) { return type.negated(values[0]) }
      if type == .float || type == .double { return Self.double(values[0], type).map { Self.bytes(-$0, as: type) } }
      return try arithmetic(.subtract, Self.zero(type), type, values[0], type)
    case .move(let type, let isBackwards): return try moved(values[0], type, by: values[1], isBackwards: isBackwards)
    case .toJSON(let type): return Array(type.json(of: values[0]).utf8)
    case .fromJSON(let type): return try value(fromJSON: values[0], type)
    case .concatenate: return values[0] + values[1]
    case .absolute(let type): return try absolute(values[0], type)
    case .round(let type): return Self.rounded(values[0], type)
    case .collection(let operation, let type): return try collected(operation, values[0], type)
    case .similarity(let kind, let type): return try Self.similarity(kind, values[0], values[1], type)
    }
  }

  private var nullResult: [UInt8]? {
    if case .toJSON = body { Array("null".utf8) } else { nil }
  }

  private func value(fromJSON text: [UInt8], _ type: CQLType) throws(CQLFailure) -> [UInt8]? {
    let shown = String(decoding: text, as: UTF8.self)
    let json: JSON
    do throws(JSONError) { json = try JSON(parsing: shown) } catch {
      throw .function(
        "execution of 'system.\(name)[text]' failed: Could not decode JSON string '\(shown)': \(error)")
    }
    do throws(ValueError) { return try type.value(fromJSON: json) } catch {
      throw .function("org.apache.cassandra.serializers.MarshalException: \(error.message)")
    }
  }

  private func absolute(_ bytes: [UInt8], _ type: CQLType) throws(CQLFailure) -> [UInt8]? {
    if AggregateFunction.isLong(type) { return type.compare(bytes, type.zeroValue) < 0 ? type.negated(bytes) : bytes }
    if Self.isInteger(type) { return Values.integer(bytes).map { Self.bytes($0 < 0 ? 0 &- $0 : $0, as: type) } }
    return Self.double(bytes, type).map { Self.bytes($0.magnitude, as: type) }
  }

  /// Halves go away from zero, as BigDecimal's HALF_UP has it.
  private static func rounded(_ bytes: [UInt8], _ type: CQLType) -> [UInt8]? {
    if isInteger(type) || type == .varint { return bytes }
    return double(bytes, type).map { Self.bytes($0.rounded(.toNearestOrAwayFromZero), as: type) }
  }

  private func timeUUIDBound(_ bytes: [UInt8]) throws(CQLFailure) -> [UInt8]? {
    guard let milliseconds = Values.bigint(bytes) else { return nil }
    let (scaled, overflow) = milliseconds.multipliedReportingOverflow(by: 10_000)
    let (ticks, carry) = scaled.addingReportingOverflow(UUID.timeUUIDEpochTicks)
    guard !overflow, !carry, ticks >= 0, ticks < 1 << 60 else {
      throw .invalid("Timestamp \(milliseconds) is out of the range of a timeuuid")
    }
    if case .minTimeUUID = body {
      return UUID(timeTicks: UInt64(ticks), low: 0x8080_8080_8080_8080, keepsLow: true).bytes
    }
    return UUID(timeTicks: UInt64(ticks) + 9_999, low: 0x7F7F_7F7F_7F7F_7F7F, keepsLow: true).bytes
  }

  private static func convert(_ bytes: [UInt8], from: CQLType, to: CQLType) -> [UInt8]? {
    let milliseconds: Int64
    switch from {
    case .timeuuid:
      guard let id = UUID(bytes: bytes) else { return nil }
      milliseconds = id.timeUUIDMilliseconds
    case .date:
      guard let days = Values.date(bytes) else { return nil }
      milliseconds = Int64(days) * CivilTime.millisecondsPerDay
    default:
      guard let value = Values.bigint(bytes) else { return nil }
      milliseconds = value
    }
    guard to == .date else { return Values.bigint(milliseconds) }
    return Values.date(
      days: Int32(clamping: CivilTime.floorDivide(milliseconds, by: CivilTime.millisecondsPerDay).quotient))
  }

  // MARK: - Numbers

  static func zero(_ type: CQLType) -> [UInt8] { [UInt8](repeating: 0, count: type.fixedLengthBytes ?? 8) }

  static func isInteger(_ type: CQLType) -> Bool {
    switch type {
    case .tinyint, .smallint, .int, .bigint, .counter: true
    default: false
    }
  }

  static func isNumber(_ type: CQLType) -> Bool { isInteger(type) || type == .float || type == .double }

  static func bytes(_ value: Int64, as type: CQLType) -> [UInt8] {
    switch type {
    case .tinyint: Values.tinyint(Int8(truncatingIfNeeded: value))
    case .smallint: Values.smallint(Int16(truncatingIfNeeded: value))
    case .int: Values.int(Int32(truncatingIfNeeded: value))
    case .float: Values.float(Float(value))
    case .double: Values.double(Double(value))
    default: Values.bigint(value)
    }
  }

  static func bytes(_ value: Double, as type: CQLType) -> [UInt8] {
    if type == .double { return Values.double(value) }
    if type == .float { return Values.float(Float(value)) }
    let whole = value.isNaN ? 0 : (value >= 0x1p63 ? Int64.max : (value <= -0x1p63 ? .min : Int64(value)))
    // Java saturates to a long or an int, and cuts shorter types out of the int.
    return bytes(type == .bigint ? whole : Int64(Int32(clamping: whole)), as: type)
  }

  static func double(_ bytes: [UInt8], _ type: CQLType) -> Double? {
    switch type {
    case .float: Values.float(bytes).map(Double.init)
    case .double: Values.double(bytes)
    default: Values.integer(bytes).map(Double.init)
    }
  }

  private func arithmetic(
    _ sign: ArithmeticOperator, _ a: [UInt8], _ left: CQLType, _ b: [UInt8], _ right: CQLType
  ) throws(CQLFailure) -> [UInt8]? {
    if a.isEmpty || b.isEmpty { return nil }
    if AggregateFunction.isLong(result) { return try longArithmetic(sign, a, left, b, right) }
    if Self.isInteger(result) {
      guard let x = Values.integer(a), let y = Values.integer(b) else { return nil }
      let value: Int64
      switch sign {
      case .add: value = x &+ y
      case .subtract: value = x &- y
      case .multiply: value = x &* y
      case .divide, .modulo:
        guard y != 0 else {
          throw .function("the operation '\(left) \(sign.rawValue) \(right)' failed: / by zero")
        }
        value = sign == .divide ? x.dividedReportingOverflow(by: y).partialValue : (y == -1 ? 0 : x % y)
      }
      return Self.bytes(value, as: result)
    }
    guard let x = Self.double(a, left), let y = Self.double(b, right) else { return nil }
    let value: Double
    switch sign {
    case .add: value = x + y
    case .subtract: value = x - y
    case .multiply: value = x * y
    case .divide: value = x / y
    case .modulo: value = x.truncatingRemainder(dividingBy: y)
    }
    return Self.bytes(value, as: result)
  }

  private func longArithmetic(
    _ sign: ArithmeticOperator, _ a: [UInt8], _ left: CQLType, _ b: [UInt8], _ right: CQLType
  ) throws(CQLFailure) -> [UInt8] {
    let operation: NumberOperation =
      switch sign {
      case .add: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      case .modulo: .modulo
      }
    do throws(ValueError) {
      let isDecimal = result == .decimal
      let x = isDecimal ? try BigArithmetic.operand(a, left) : try BigArithmetic.varint(a, left)
      let y = isDecimal ? try BigArithmetic.operand(b, right) : try BigArithmetic.varint(b, right)
      return try BigArithmetic.apply(operation, x, y, result)
    } catch {
      throw .function("the operation '\(left) \(sign.rawValue) \(right)' failed: \(error.message)")
    }
  }

  private func moved(
    _ bytes: [UInt8], _ type: CQLType, by duration: [UInt8], isBackwards: Bool
  ) throws(CQLFailure) -> [UInt8]? {
    if bytes.isEmpty || duration.isEmpty { return nil }
    func failure(_ text: String) -> CQLFailure {
      .function("the operation '\(type) \(isBackwards ? "-" : "+") duration' failed: \(text)")
    }
    let span: CQLDuration
    do throws(ValueError) { span = try CQLDuration(serialized: duration) } catch { throw failure(error.message) }
    if type == .date {
      guard span.nanoseconds == 0 else {
        throw failure("The duration must have a day precision. Was: \(CQLType.duration.text(of: duration))")
      }
      guard let days = Values.date(bytes) else { return nil }
      guard let moved = span.added(toDays: days, isBackwards: isBackwards) else { throw failure("out of range") }
      return Values.date(days: moved)
    }
    guard let milliseconds = Values.bigint(bytes) else { return nil }
    guard let moved = span.added(toMilliseconds: milliseconds, isBackwards: isBackwards) else {
      throw failure("out of range")
    }
    return Values.bigint(moved)
  }

  // MARK: - CAST

  static func canCast(from: CQLType, to: CQLType) -> Bool {
    if from == to { return !from.isCollection }
    if to == .text || to == .ascii {
      switch from {
      case .blob, .duration, .list, .set, .map, .tuple, .vector, .frozen: return false
      case .text: return to == .text
      default: return true
      }
    }
    if isAnyNumber(from), isAnyNumber(to) { return to != .counter }
    switch (from, to) {
    case (.timeuuid, .timestamp), (.timeuuid, .date), (.timestamp, .date), (.date, .timestamp): return true
    default: return false
    }
  }

  private static func cast(_ bytes: [UInt8], from: CQLType, to: CQLType) throws(CQLFailure) -> [UInt8]? {
    if from == to { return bytes }
    if to == .text || to == .ascii {
      // Here, unlike elsewhere, a timestamp has a T.
      if from == .timestamp, let milliseconds = Values.bigint(bytes) {
        return Array(CivilTime.timestampText(milliseconds: milliseconds, separator: "T").utf8)
      }
      return Array(from.text(of: bytes).utf8)
    }
    if to == .decimal || to == .varint || AggregateFunction.isLong(from) { return try castLong(bytes, from, to) }
    if isInteger(from) { return Values.integer(bytes).map { Self.bytes($0, as: to) } }
    if isNumber(from) { return double(bytes, from).map { Self.bytes($0, as: to) } }
    return convert(bytes, from: from, to: to)
  }

  private static func castLong(_ bytes: [UInt8], _ from: CQLType, _ to: CQLType) throws(CQLFailure) -> [UInt8]? {
    if bytes.isEmpty { return nil }
    do throws(ValueError) {
      switch to {
      case .decimal: return try BigArithmetic.decimal(bytes, from)
      case .float, .double: return BigArithmetic.double(bytes, from).map { Self.bytes($0, as: to) }
      default:
        let isFloating = from == .float || from == .double
        let whole = try BigArithmetic.varint(
          isFloating ? try BigArithmetic.decimal(bytes, from) : bytes, isFloating ? .decimal : from)
        return to == .varint ? whole : Self.bytes(BigArithmetic.low64(whole), as: to)
      }
    } catch { throw .function("execution of 'system.cast_as_\(to)[\(from)]' failed: \(error.message)") }
  }
}
