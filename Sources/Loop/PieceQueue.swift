// A stream's output where files stand between bytes: buffers and pieces of files, in order.

import World

/// What is left of a file to be sent.
struct FilePiece {
  var descriptor: Descriptor
  var offset: Int64
  var rest: Int64
  var completion: (Bool) -> Void
}

/// First in, first out.
struct PieceQueue {
  private enum Piece {
    case buffer(bytes: [UInt8], sent: Int)
    case file(FilePiece)
  }

  private var pieces: [Piece] = []
  private var head = 0
  /// Unsent bytes in buffers.
  private(set) var bufferBytes = 0
  /// Unsent bytes of files.
  private(set) var fileBytes = 0

  var isEmpty: Bool { head == pieces.count }

  mutating func append(buffer bytes: [UInt8], sent: Int) {
    bufferBytes += bytes.count - sent
    pieces.append(.buffer(bytes: bytes, sent: sent))
  }

  mutating func append(_ file: FilePiece) {
    fileBytes += Int(file.rest)
    pieces.append(.file(file))
  }

  var firstBuffer: (bytes: [UInt8], sent: Int)? {
    if head < pieces.count, case .buffer(let bytes, let sent) = pieces[head] { return (bytes, sent) }
    return nil
  }

  var firstFile: FilePiece? {
    if head < pieces.count, case .file(let file) = pieces[head] { return file }
    return nil
  }

  /// - Returns: whether the buffer is done and gone.
  mutating func advanceBuffer(by count: Int) -> Bool {
    guard case .buffer(let bytes, let sent) = pieces[head] else { return false }
    bufferBytes -= count
    if sent + count == bytes.count {
      removeFirst()
      return true
    }
    pieces[head] = .buffer(bytes: bytes, sent: sent + count)
    return false
  }

  mutating func advanceFile(by count: Int64) {
    guard case .file(var file) = pieces[head] else { return }
    file.offset += count
    file.rest -= count
    fileBytes -= Int(count)
    pieces[head] = .file(file)
  }

  /// - Returns: what the file that is done calls.
  mutating func removeFirstFile() -> ((Bool) -> Void)? {
    defer { removeFirst() }
    return firstFile?.completion
  }

  /// Empties it; the files that were not sent to their ends come back.
  mutating func removeAll() -> [FilePiece] {
    let files = pieces[head...].compactMap { piece in
      if case .file(let file) = piece { file } else { nil }
    }
    self = PieceQueue()
    return files
  }

  private mutating func removeFirst() {
    head += 1
    if head == pieces.count {
      pieces.removeAll()
      head = 0
    }
  }
}
