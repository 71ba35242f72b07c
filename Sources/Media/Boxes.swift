// ISO base media file format (ISO/IEC 14496-12) as far as one fragmented track needs it: what an encoder
// wrote is read, never trusted. Every length is checked, every count bounded, and what does not fit is a
// typed error.

import Base

/// Why bytes are not the track that was expected, and where in the file.
public struct TrackError: Error, Hashable, Sendable, CustomStringConvertible {
  public var reason: String

  public init(_ reason: String) { self.reason = reason }

  init(_ box: String, _ error: DecodeError) { reason = "\(box): \(error)" }

  public var description: String { reason }
}

/// A box's type: four bytes.
struct BoxType: Hashable, Sendable, CustomStringConvertible {
  var code: UInt32

  init(code: UInt32) { self.code = code }

  /// - Precondition: four ASCII letters; only ever a literal.
  init(_ name: String) {
    precondition(name.utf8.count == 4, "a box type has four letters, not \(name)")
    code = name.utf8.reduce(0) { $0 << 8 | UInt32($1) }
  }

  var description: String {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: code >> (24 - 8 * UInt32($0))) }
    return String(decoding: bytes.map { (0x20..<0x7F).contains($0) ? $0 : 0x3F }, as: UTF8.self)
  }
}

/// A box's first bytes: its type and where it ends.
struct BoxHeader: Hashable, Sendable {
  /// Bytes of a header that has a 64-bit size.
  static let maxHeaderBytes = 16

  var type: BoxType
  /// 8 or 16.
  var headerBytes: Int
  /// The whole box, header included.
  var sizeBytes: Int64

  /// Reads a header. A size of 0 ("to the end of the file") is not accepted: nothing we read has it.
  @_lifetime(reader: copy reader)
  init(_ reader: inout ByteReader) throws(DecodeError) {
    let short = try reader.uint32()
    type = BoxType(code: try reader.uint32())
    if short == 1 {
      guard let long = Int64(exactly: try reader.uint64()), long >= 16 else { throw .badValue("box size") }
      sizeBytes = long
      headerBytes = 16
    } else {
      guard short >= 8 else { throw .badValue("box size") }
      sizeBytes = Int64(short)
      headerBytes = 8
    }
  }
}

/// Walks the boxes within a span.
struct BoxWalker: ~Escapable {
  private var reader: ByteReader

  @_lifetime(copy span)
  init(_ span: RawSpan) { reader = ByteReader(span) }

  var isAtEnd: Bool { reader.isAtEnd }

  /// The next box's type and contents.
  /// - Precondition: not at the end.
  @_lifetime(copy self)
  mutating func next(_ type: inout BoxType) throws(DecodeError) -> RawSpan {
    let header = try BoxHeader(&reader)
    type = header.type
    guard let length = Int(exactly: header.sizeBytes - Int64(header.headerBytes)) else { throw .badLength(.max) }
    return try reader.slice(length)
  }
}

/// The contents of the first box along a path of types, lent to `body`; nil if there is none.
func withBox<T>(
  _ span: RawSpan, _ path: ArraySlice<BoxType>, _ body: (RawSpan) throws(DecodeError) -> T
) throws(DecodeError) -> T? {
  guard let first = path.first else { return try body(span) }
  var walker = BoxWalker(span)
  while !walker.isAtEnd {
    var type = first
    let contents = try walker.next(&type)
    if type == first { return try withBox(contents, path.dropFirst(), body) }
  }
  return nil
}

extension ByteReader {
  /// A full box's version and flags.
  @_lifetime(self: copy self)
  mutating func versionAndFlags() throws(DecodeError) -> (version: UInt8, flags: UInt32) {
    let word = try uint32()
    return (UInt8(truncatingIfNeeded: word >> 24), word & 0xFF_FFFF)
  }
}
