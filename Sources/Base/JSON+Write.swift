// JSON out: compact text, straight into a writer.

extension JSON {
  /// Compact text in UTF-8.
  public var utf8: [UInt8] {
    var writer = ByteWriter()
    write(to: &writer)
    return writer.bytes
  }

  public var text: String { String(decoding: utf8, as: UTF8.self) }

  public func write(to writer: inout ByteWriter) {
    switch self {
    case .null: writer.append("null" as StaticString)
    case .bool(let value): writer.append(utf8: value ? "true" : "false")
    case .integer(let value): writer.append(utf8: String(value))
    // JSON has no infinities and no NaN.
    case .number(let value): writer.append(utf8: value.isFinite ? "\(value)" : "null")
    case .string(let text): JSON.write(text, to: &writer)
    case .array(let items):
      writer.uint8(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { writer.uint8(UInt8(ascii: ",")) }
        item.write(to: &writer)
      }
      writer.uint8(UInt8(ascii: "]"))
    case .object(let members):
      writer.uint8(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { writer.uint8(UInt8(ascii: ",")) }
        JSON.write(member.key, to: &writer)
        writer.uint8(UInt8(ascii: ":"))
        member.value.write(to: &writer)
      }
      writer.uint8(UInt8(ascii: "}"))
    }
  }

  /// A string in quotes, with what must be escaped escaped.
  public static func write(_ text: String, to writer: inout ByteWriter) {
    writer.uint8(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): writer.append("\\\"" as StaticString)
      case UInt8(ascii: "\\"): writer.append("\\\\" as StaticString)
      case 0x0A: writer.append("\\n" as StaticString)
      case 0x0D: writer.append("\\r" as StaticString)
      case 0x09: writer.append("\\t" as StaticString)
      case 0..<0x20: writer.append(utf8: "\\u00" + Hex.encode([byte]))
      default: writer.uint8(byte)
      }
    }
    writer.uint8(UInt8(ascii: "\""))
  }
}
