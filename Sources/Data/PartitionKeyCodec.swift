// Partition keys in Cassandra's serialized form (CompositeType.java): what Murmur3 hashes and drivers route by.

import Base

public enum PartitionKeyCodec {
  /// The key's bytes; nil when a value or the whole is longer than 65,535 bytes.
  public static func encode(_ values: [[UInt8]]) -> [UInt8]? {
    if values.count == 1 { return values[0].count <= Partition.maxKeyBytes ? values[0] : nil }
    var writer = ByteWriter()
    for value in values {
      guard let length = UInt16(exactly: value.count) else { return nil }
      writer.uint16(length)
      writer.append(value)
      writer.uint8(0)
    }
    return writer.count <= Partition.maxKeyBytes ? writer.take() : nil
  }

  /// The columns' values.
  public static func decode(_ bytes: [UInt8], columns: Int) throws(DecodeError) -> [[UInt8]] {
    if columns == 1 { return [bytes] }
    return try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
      var values: [[UInt8]] = []
      for _ in 0..<columns {
        let length = try reader.uint16()
        values.append(try reader.bytes(Int(length)))
        guard try reader.uint8() == 0 else { throw .badValue("partition key") }
      }
      try reader.expectEnd()
      return values
    }
  }
}
