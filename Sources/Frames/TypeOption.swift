// A type as [option] (v4.spec section 4.2.5.2): what drivers choose their codecs by.

import Base
import Data

extension CQLType {
  /// Types that a version has no number for travel as "custom" with the name of Cassandra's class.
  private static let customTypeCode: UInt16 = 0x0000
  private static let classPrefix = "org.apache.cassandra.db.marshal."
  private static let listCode: UInt16 = 0x20
  private static let mapCode: UInt16 = 0x21
  private static let setCode: UInt16 = 0x22
  private static let tupleCode: UInt16 = 0x31
  private static let maxOptionDepth = 16

  private struct Scalar {
    var code: UInt16
    var type: CQLType
    /// Below it the type is a custom one.
    var since = ProtocolVersion.v3
    /// Cassandra's class, behind `classPrefix`; of types that are not in every version.
    var className = ""
  }

  private static let scalarOptions: [Scalar] = [
    Scalar(code: 0x01, type: .ascii), Scalar(code: 0x02, type: .bigint), Scalar(code: 0x03, type: .blob),
    Scalar(code: 0x04, type: .boolean), Scalar(code: 0x05, type: .counter), Scalar(code: 0x06, type: .decimal),
    Scalar(code: 0x07, type: .double), Scalar(code: 0x08, type: .float), Scalar(code: 0x09, type: .int),
    Scalar(code: 0x0B, type: .timestamp), Scalar(code: 0x0C, type: .uuid), Scalar(code: 0x0D, type: .text),
    Scalar(code: 0x0E, type: .varint), Scalar(code: 0x0F, type: .timeuuid), Scalar(code: 0x10, type: .inet),
    Scalar(code: 0x11, type: .date, since: .v4, className: "SimpleDateType"),
    Scalar(code: 0x12, type: .time, since: .v4, className: "TimeType"),
    Scalar(code: 0x13, type: .smallint, since: .v4, className: "ShortType"),
    Scalar(code: 0x14, type: .tinyint, since: .v4, className: "ByteType"),
    Scalar(code: 0x15, type: .duration, since: .v5, className: "DurationType"),
  ]

  /// Appends the [option]; frozen is not shown, as in Cassandra.
  public func encodeOption(version: ProtocolVersion, to writer: inout ByteWriter) {
    switch self {
    case .frozen(let inner): inner.encodeOption(version: version, to: &writer)
    case .list(let element):
      writer.uint16(Self.listCode)
      element.encodeOption(version: version, to: &writer)
    case .set(let element):
      writer.uint16(Self.setCode)
      element.encodeOption(version: version, to: &writer)
    case .map(let key, let value):
      writer.uint16(Self.mapCode)
      key.encodeOption(version: version, to: &writer)
      value.encodeOption(version: version, to: &writer)
    case .tuple(let parts):
      writer.uint16(Self.tupleCode)
      writer.uint16(UInt16(clamping: parts.count))
      for part in parts { part.encodeOption(version: version, to: &writer) }
    case .vector:
      writer.uint16(Self.customTypeCode)
      writer.shortString(className)
    default:
      let scalar = Self.scalarOptions.first { $0.type == self }
      if let scalar, scalar.since <= version {
        writer.uint16(scalar.code)
      } else {
        writer.uint16(Self.customTypeCode)
        writer.shortString(scalar.map { Self.classPrefix + $0.className } ?? "\(self)")
      }
    }
  }

  /// Reads an [option]; a custom or user-defined type is refused.
  public static func decodeOption(
    from reader: inout ByteReader, version: ProtocolVersion, depth: Int = 0
  ) throws(DecodeError) -> CQLType {
    guard depth < maxOptionDepth else { throw .badValue("type depth") }
    let code = try reader.uint16()
    switch code {
    case customTypeCode:
      let name = try reader.shortString()
      guard let scalar = scalarOptions.first(where: { !$0.className.isEmpty && classPrefix + $0.className == name })
      else {
        throw .badValue("custom type")
      }
      return scalar.type
    case listCode: return .list(try decodeOption(from: &reader, version: version, depth: depth + 1))
    case setCode: return .set(try decodeOption(from: &reader, version: version, depth: depth + 1))
    case mapCode:
      let key = try decodeOption(from: &reader, version: version, depth: depth + 1)
      return .map(key, try decodeOption(from: &reader, version: version, depth: depth + 1))
    case tupleCode:
      var parts: [CQLType] = []
      for _ in 0..<Int(try reader.uint16()) {
        parts.append(try decodeOption(from: &reader, version: version, depth: depth + 1))
      }
      return .tuple(parts)
    default:
      guard let scalar = scalarOptions.first(where: { $0.code == code && $0.since <= version }) else {
        throw .badValue("type option")
      }
      return scalar.type
    }
  }
}

extension CQLType {
  /// As Cassandra's type parser writes it (db/marshal/TypeParser.java): a vector has no number in any version.
  var className: String {
    let prefix = "org.apache.cassandra.db.marshal."
    func of(_ name: String, _ parts: [CQLType]) -> String {
      "\(prefix)\(name)(\(parts.map(\.className).joined(separator: ",")))"
    }
    switch self {
    case .ascii: return prefix + "AsciiType"
    case .bigint: return prefix + "LongType"
    case .blob: return prefix + "BytesType"
    case .boolean: return prefix + "BooleanType"
    case .counter: return prefix + "CounterColumnType"
    case .date: return prefix + "SimpleDateType"
    case .decimal: return prefix + "DecimalType"
    case .double: return prefix + "DoubleType"
    case .duration: return prefix + "DurationType"
    case .float: return prefix + "FloatType"
    case .inet: return prefix + "InetAddressType"
    case .int: return prefix + "Int32Type"
    case .smallint: return prefix + "ShortType"
    case .text: return prefix + "UTF8Type"
    case .time: return prefix + "TimeType"
    case .timestamp: return prefix + "TimestampType"
    case .timeuuid: return prefix + "TimeUUIDType"
    case .tinyint: return prefix + "ByteType"
    case .uuid: return prefix + "UUIDType"
    case .varint: return prefix + "IntegerType"
    case .list(let element): return of("ListType", [element])
    case .set(let element): return of("SetType", [element])
    case .map(let key, let value): return of("MapType", [key, value])
    case .tuple(let parts): return of("TupleType", parts)
    case .vector(let element, let dimension):
      return "\(prefix)VectorType(\(element.className) , \(dimension))"
    case .frozen(let inner): return inner.className
    }
  }
}
