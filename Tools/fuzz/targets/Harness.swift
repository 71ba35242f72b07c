// What every fuzz target shares: libFuzzer's entry point (by its C name, which SwiftPM would change) and the ways to
// say that a property does not hold. A target gives `fuzz(_:)`.

import Base
import Glibc

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz([UInt8](UnsafeBufferPointer(start: start, count: count)))
  return 0
}

/// Ends the run as a finding where a property of the decoder does not hold.
func require(_ holds: Bool, _ property: @autoclosure () -> String) {
  if !holds { fatalError(property()) }
}

/// In one call: a loop over bytes would be instrumented, and cost more than what is tested.
func areSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  guard a.count == b.count else { return false }
  return a.withUnsafeBytes { a in
    b.withUnsafeBytes { b in
      guard let first = a.baseAddress, let second = b.baseAddress else { return true }
      return memcmp(first, second, a.count) == 0
    }
  }
}

/// What a decoder reads and the encoder writes again must be read as the same.
func requireRoundTrip<Value: Equatable>(
  _ value: Value, encode: (Value, inout ByteWriter) -> Void,
  decode: (inout ByteReader) throws(DecodeError) -> Value
) {
  var writer = ByteWriter()
  encode(value, &writer)
  let bytes = writer.take()
  let again = try? bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in try decode(&reader) }
  require(again == value, "\(Value.self) is read as another after it was written")
}

/// The value, and checks that it survives being written and read.
func decoded<Value: Equatable>(
  _ bytes: [UInt8], encode: (Value, inout ByteWriter) -> Void, decode: (inout ByteReader) throws(DecodeError) -> Value
) -> Value? {
  let value = try? bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in try decode(&reader) }
  if let value { requireRoundTrip(value, encode: encode, decode: decode) }
  return value
}
