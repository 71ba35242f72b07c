// What the node that orders schema changes answers to the node that asked: the event, or why not, as it goes to the
// client.

import Base
import Query

enum SchemaOutcome {
  static func encode(_ result: Result<SchemaChangeEvent?, QueryFailure>) -> [UInt8] {
    var writer = ByteWriter()
    switch result {
    case .success(nil): writer.uint8(0)
    case .success(let event?):
      writer.uint8(1)
      writer.lengthPrefixed(event.change.rawValue)
      writer.lengthPrefixed(event.target.rawValue)
      writer.lengthPrefixed(event.keyspace)
      writer.lengthPrefixed(event.name)
    case .failure(.alreadyExists(let keyspace, let table)):
      writer.uint8(2)
      writer.lengthPrefixed(keyspace)
      writer.lengthPrefixed(table)
    case .failure(let failure):
      writer.uint8(3)
      writer.int32(failure.code)
      writer.lengthPrefixed(failure.message)
    }
    return writer.take()
  }

  static func decode(_ bytes: [UInt8]) throws(DecodeError) -> Result<SchemaChangeEvent?, QueryFailure> {
    try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      switch try reader.uint8() {
      case 0: return .success(nil)
      case 1:
        guard let change = SchemaChangeEvent.Change(rawValue: try reader.lengthPrefixedString()),
          let target = SchemaChangeEvent.Target(rawValue: try reader.lengthPrefixedString())
        else { throw .badValue("schema change") }
        let keyspace = try reader.lengthPrefixedString()
        return .success(
          SchemaChangeEvent(
            change: change, target: target, keyspace: keyspace, name: try reader.lengthPrefixedString()))
      case 2:
        let keyspace = try reader.lengthPrefixedString()
        return .failure(.alreadyExists(keyspace: keyspace, table: try reader.lengthPrefixedString()))
      case 3:
        let code = try reader.int32()
        let message = try reader.lengthPrefixedString()
        switch code {
        case 0x2000: return .failure(.syntax(message))
        case 0x2100: return .failure(.unauthorized(message))
        case 0x2200: return .failure(.invalid(message))
        case 0x2300: return .failure(.configuration(message))
        case 0x1001: return .failure(.overloaded(message))
        default: return .failure(.server(message))
        }
      default: throw .badValue("schema outcome")
      }
    }
  }
}
