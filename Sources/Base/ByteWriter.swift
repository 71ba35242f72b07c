// A growing run of bytes: what a frame, a record or a file's head is written into.

/// Appends values to bytes; integers are big-endian.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8]

  public init() { bytes = [] }

  public init(reserving capacityBytes: Int) {
    bytes = []
    bytes.reserveCapacity(capacityBytes)
  }

  /// Begins anew in the memory of bytes that are not needed any more.
  public init(emptied bytes: consuming [UInt8]) {
    bytes.removeAll(keepingCapacity: true)
    self.bytes = bytes
  }

  public var count: Int { bytes.count }
  public var isEmpty: Bool { bytes.isEmpty }

  public mutating func reserve(_ moreBytes: Int) { bytes.reserveCapacity(bytes.count + moreBytes) }

  /// Empties it and keeps the memory for the next use.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Drops the first `count` bytes.
  public mutating func removeFirst(_ count: Int) { bytes.removeFirst(count) }

  /// Cuts back to `count` bytes, as they stood before something failed half written.
  public mutating func truncate(to count: Int) { bytes.removeLast(bytes.count - count) }

  /// Hands the bytes over and starts anew.
  public mutating func take() -> [UInt8] {
    let taken = bytes
    bytes = []
    return taken
  }

  public mutating func uint8(_ value: UInt8) { bytes.append(value) }

  public mutating func uint16(_ value: UInt16) {
    bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    bytes.append(UInt8(truncatingIfNeeded: value))
  }

  public mutating func uint32(_ value: UInt32) { fixed(value.bigEndian) }
  public mutating func uint64(_ value: UInt64) { fixed(value.bigEndian) }
  public mutating func int16(_ value: Int16) { uint16(UInt16(bitPattern: value)) }
  public mutating func int32(_ value: Int32) { uint32(UInt32(bitPattern: value)) }
  public mutating func int64(_ value: Int64) { uint64(UInt64(bitPattern: value)) }
  public mutating func uuid(_ value: UUID) {
    uint64(value.high)
    uint64(value.low)
  }

  private mutating func fixed<T: BitwiseCopyable>(_ value: T) {
    unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
  }

  /// An unsigned LEB128 integer.
  public mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// A signed integer, zigzag over LEB128.
  public mutating func signedVarint(_ value: Int64) {
    varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  public mutating func count(_ value: Int) { varint(UInt64(value)) }

  public mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }
  public mutating func append(_ more: ArraySlice<UInt8>) { bytes.append(contentsOf: more) }
  public mutating func append(_ more: RawSpan) { unsafe more.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
  public mutating func append(_ text: StaticString) {
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
  public mutating func append(utf8 text: String) { bytes.append(contentsOf: text.utf8) }

  /// A varint length, then the bytes.
  public mutating func lengthPrefixed(_ more: [UInt8]) {
    count(more.count)
    bytes.append(contentsOf: more)
  }

  /// A varint length, then the text in UTF-8.
  public mutating func lengthPrefixed(_ text: String) {
    count(text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  /// Overwrites four bytes at `offset`, where a length stands that was not known before.
  public mutating func setInt32(_ value: Int32, at offset: Int) {
    precondition(offset >= 0 && offset + 4 <= bytes.count, "setInt32 at \(offset) of \(bytes.count) bytes")
    let raw = UInt32(bitPattern: value)
    for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: raw >> UInt32(24 - 8 * index)) }
  }
}
