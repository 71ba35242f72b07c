// Compressed bodies of protocol v3 and v4. The first byte of an input is even for LZ4, odd for Snappy; with bit 1 the
// bytes are compressed and must come back instead.

import Base
import Frames

private let maxBytes = 1 << 20

func fuzz(_ bytes: [UInt8]) {
  guard let kind = bytes.first else { return }
  let compression = kind & 1 == 0 ? FrameCompression.lz4 : .snappy
  let rest = Array(bytes.dropFirst())
  if kind & 2 != 0 { return requireSame(rest, compression) }
  guard let body = try? compression.decompressed(rest.span.bytes, maxBytes: maxBytes) else { return }
  require(body.count <= maxBytes, "a body of \(body.count) bytes is more than was allowed")
  requireSame(body, compression)
}

private func requireSame(_ body: [UInt8], _ compression: FrameCompression) {
  let compressed = compression.compressed(body.span.bytes)
  let again = try? compression.decompressed(compressed.span.bytes, maxBytes: maxBytes)
  require(again.map { areSame($0, body) } ?? false, "\(body.count) bytes are others after \(compression.rawValue)")
}
