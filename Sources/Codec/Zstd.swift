// Zstandard (RFC 8878, Debian's libzstd): for records that lie on disk for a while, hints and batches. One frame a
// call, with its content size, so that a reader knows what it will get before it asks for memory.

import Base
import CZstd

/// One frame in, one frame out.
public enum Zstd {
  /// Quick: what it saves is disk and its syncs, what it costs is the loop's time.
  public static let defaultLevel: Int32 = 1

  /// - Returns: a whole frame.
  public static func compress(_ bytes: [UInt8], level: Int32 = defaultLevel) -> [UInt8] {
    ZstdCompressor().compress(bytes, level: level)
  }

  /// - Parameter maxBytes: of what comes out; a frame that says more, or nothing, is refused before memory is taken.
  /// - Throws: `badLength` for such a frame, `badValue` for what is no frame or a damaged one.
  public static func decompress(_ frame: [UInt8], maxBytes: Int) throws(DecodeError) -> [UInt8] {
    let said = unsafe frame.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    // The two largest numbers are zstd's words for "not said" and "not a frame".
    guard said < UInt64.max - 1 else { throw .badValue("zstd frame") }
    guard let size = Int(exactly: said), size <= maxBytes else { throw .badLength(Int(clamping: said)) }
    var isWhole = false
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { output, count in
      let written = unsafe frame.withUnsafeBytes { input in
        unsafe ZSTD_decompress(output.baseAddress, output.count, input.baseAddress, input.count)
      }
      isWhole = ZSTD_isError(written) == 0 && written == size
      count = isWhole ? written : 0
    }
    guard isWhole else { throw .badValue("zstd frame") }
    return bytes
  }
}

/// What zstd works in, kept from frame to frame: making it anew costs 8 us, four times what a frame of a kilobyte does.
/// Loop-bound.
@safe public final class ZstdCompressor {
  private let context: OpaquePointer

  public init() {
    guard let made = unsafe ZSTD_createCCtx() else { preconditionFailure("no memory for zstd") }
    unsafe context = made
  }

  deinit { unsafe ZSTD_freeCCtx(context) }

  /// - Returns: a whole frame.
  public func compress(_ bytes: [UInt8], level: Int32 = Zstd.defaultLevel) -> [UInt8] {
    let bound = ZSTD_compressBound(bytes.count)
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      let written = unsafe bytes.withUnsafeBytes { input in
        unsafe ZSTD_compressCCtx(context, output.baseAddress, output.count, input.baseAddress, input.count, level)
      }
      precondition(ZSTD_isError(written) == 0, "zstd could not compress \(bytes.count) bytes into \(bound)")
      count = written
    }
  }
}
