// Reads a track's file from front to back without reading its media data: a core that says which bytes it
// wants next and takes them. Whoever has the file does the reading.

import Base

/// A run of bytes in a file.
public struct FileRange: Hashable, Sendable {
  public var offset: Int64
  public var count: Int64

  public init(offset: Int64, count: Int64) {
    self.offset = offset
    self.count = count
  }

  public var end: Int64 { offset + count }
}

/// A fragment and its place in the file.
struct PlacedFragment: Hashable, Sendable {
  /// moof and mdat together.
  var range: FileRange
  /// The samples' bytes.
  var data: FileRange
  var contents: Fragment
}

/// What a track's file holds.
public struct TrackFile: Sendable {
  public var header: TrackHeader
  /// ftyp and moov, the initialisation segment.
  var initialisation: [UInt8]
  var fragments: [PlacedFragment]

  public var durationTicks: Int64 { fragments.reduce(0) { $0 + $1.contents.durationTicks } }
  public var sampleCount: Int { fragments.reduce(0) { $0 + $1.contents.samples.count } }
}

/// The reading of one track's file.
public struct TrackScan: Sendable {
  /// Twelve hours in segments of a second.
  static let maxFragments = 43_200

  private let sizeBytes: Int64
  private var at: Int64 = 0
  private var initialisation: [UInt8] = []
  private var header: TrackHeader?
  private var fragments: [PlacedFragment] = []
  /// A moof that waits for its mdat, and where it began.
  private var open: (fragment: Fragment, offset: Int64)?
  /// The box whose whole contents were asked for.
  private var pending: BoxHeader?

  /// - Parameter sizeBytes: the file's size.
  public init(sizeBytes: Int64) { self.sizeBytes = sizeBytes }

  /// The bytes to read next; nil when the file has been read to its end.
  public var wanted: FileRange? {
    if let pending { return FileRange(offset: at, count: pending.sizeBytes) }
    guard at < sizeBytes else { return nil }
    return FileRange(offset: at, count: min(Int64(BoxHeader.maxHeaderBytes), sizeBytes - at))
  }

  /// Takes the bytes of `wanted`.
  public mutating func take(_ bytes: [UInt8]) throws(TrackError) {
    guard let wanted, Int64(bytes.count) == wanted.count else {
      throw TrackError("byte \(at): the file ends within a box")
    }
    if let box = pending {
      pending = nil
      try takeWhole(box, bytes)
      at += box.sizeBytes
      return
    }
    let box: BoxHeader
    do throws(DecodeError) {
      box = try bytes.withReader { reader throws(DecodeError) in try BoxHeader(&reader) }
    } catch {
      throw TrackError("byte \(at)", error)
    }
    guard box.sizeBytes <= sizeBytes - at else {
      throw TrackError("\(box.type) at byte \(at) goes past the file's end")
    }
    try begin(box)
  }

  private mutating func begin(_ box: BoxHeader) throws(TrackError) {
    if box.type == BoxType("ftyp") || box.type == BoxType("moov") {
      guard header == nil, box.sizeBytes <= Int64(TrackHeader.maxMoovBytes) else {
        throw TrackError("\(box.type) of \(box.sizeBytes) bytes at byte \(at)")
      }
      pending = box
    } else if box.type == BoxType("moof") {
      guard box.sizeBytes <= Int64(Fragment.maxMoofBytes), fragments.count < Self.maxFragments, open == nil else {
        throw TrackError("moof of \(box.sizeBytes) bytes at byte \(at), after \(fragments.count) fragments")
      }
      pending = box
    } else if box.type == BoxType("mdat") {
      try close(box)
      at += box.sizeBytes
    } else {
      throw TrackError("\(box.type) at byte \(at), where none is expected")
    }
  }

  private mutating func takeWhole(_ box: BoxHeader, _ bytes: [UInt8]) throws(TrackError) {
    let header = header
    let parsed: (TrackHeader?, Fragment?) = try bytes.withReader { reader throws(TrackError) in
      do throws(DecodeError) {
        try reader.skip(box.headerBytes)
      } catch {
        throw TrackError("\(box.type)", error)
      }
      if box.type == BoxType("moov") { return (try TrackHeader(moov: reader.rest()), nil) }
      guard box.type == BoxType("moof") else { return (nil, nil) }
      guard let header else { throw TrackError("moof before moov") }
      return (nil, try Fragment(moof: reader.rest(), track: header))
    }
    if let moov = parsed.0 { self.header = moov }
    if let fragment = parsed.1 { open = (fragment, at) }
    if box.type != BoxType("moof") { initialisation += bytes }
  }

  private mutating func close(_ mdat: BoxHeader) throws(TrackError) {
    guard let (fragment, offset) = open else { throw TrackError("mdat at byte \(at) without a moof") }
    open = nil
    let data = FileRange(offset: offset + fragment.dataOffset, count: fragment.dataBytes)
    guard data.offset == at + Int64(mdat.headerBytes), data.end == at + mdat.sizeBytes else {
      throw TrackError("the samples of the moof at byte \(offset) do not fill its mdat")
    }
    if let last = fragments.last {
      let expected = last.contents.decodeTime + last.contents.durationTicks
      guard fragment.decodeTime == expected, last.range.end == offset else {
        throw TrackError("the moof at byte \(offset) starts at \(fragment.decodeTime), not at \(expected)")
      }
    }
    fragments.append(
      PlacedFragment(
        range: FileRange(offset: offset, count: at + mdat.sizeBytes - offset), data: data, contents: fragment))
  }

  /// What was read.
  public consuming func finish() throws(TrackError) -> TrackFile {
    guard wanted == nil, open == nil, pending == nil else { throw TrackError("the file ends within a fragment") }
    guard let header, !fragments.isEmpty else { throw TrackError("no moov, or no fragments") }
    guard fragments[0].contents.decodeTime == 0 else { throw TrackError("the first fragment does not start at 0") }
    return TrackFile(header: header, initialisation: initialisation, fragments: fragments)
  }
}
