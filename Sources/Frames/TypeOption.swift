// A type as [option] (v4.spec section 4.2.5.2): what drivers choose their codecs by.

import Base
import Data

extension CQLType {
  /// Types that v4 has no number for travel as "custom" with the name of Cassandra's class.
  private static let customTypeCode: UInt16 = 0x0000
  private static let durationClass = "org.apache.cassandra.db.marshal.DurationType"
  private static let listCode: UInt16 = 0x20
  private static let mapCode: UInt16 = 0x21
  private static let setCode: UInt16 = 0x22
  private static let tupleCode: UInt16 = 0x31
  private static let maxOptionDepth = 16

  private static let scalarCodes: [(code: UInt16, type: CQLType)] = [
    (0x01, .ascii), (0x02, .bigint), (0x03, .blob), (0x04, .boolean), (0x05, .counter), (0x06, .decimal),
    (0x07, .double), (0x08, .float), (0x09, .int), (0x0B, .timestamp), (0x0C, .uuid), (0x0D, .text), (0x0E, .varint),
    (0x0F, .timeuuid), (0x10, .inet), (0x11, .date), (0x12, .time), (0x13, .smallint), (0x14, .tinyint),
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
    default:
      if let code = Self.scalarCodes.first(where: { $0.type == self })?.code {
        writer.uint16(code)
      } else {
        writer.uint16(Self.customTypeCode)
        writer.shortString(self == .duration ? Self.durationClass : "\(self)")
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
      guard try reader.shortString() == durationClass else { throw .badValue("custom type") }
      return .duration
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
      guard let scalar = scalarCodes.first(where: { $0.code == code })?.type else { throw .badValue("type option") }
      return scalar
    }
  }
}
