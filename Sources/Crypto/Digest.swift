// Digests: SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104) by OpenSSL's EVP, and the comparison that
// takes the same time whatever it is given.
//
// OpenSSL can refuse to work only where memory is exhausted or the library is broken (a missing
// provider); no input makes it fail, so its failures are invariants here and trap.

import Base
import COpenSSL

/// An incremental SHA-256: for bytes that stream by (uploads, files) without being held.
@safe public struct SHA256: ~Copyable {
  /// Length of a digest, bytes.
  public static let digestBytes = 32

  private let context: OpaquePointer

  public init() {
    guard let context = unsafe EVP_MD_CTX_new() else { preconditionFailure("EVP_MD_CTX_new: no memory") }
    unsafe self.context = context
    let begun = unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
    precondition(begun == 1, "EVP_DigestInit_ex answered \(begun)")
  }

  deinit { unsafe EVP_MD_CTX_free(context) }

  /// Adds bytes to what is digested.
  public mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe add($0) }
  }

  /// Adds bytes to what is digested.
  public mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe add($0) }
  }

  private mutating func add(_ bytes: UnsafeRawBufferPointer) {
    let done = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(done == 1, "EVP_DigestUpdate of \(bytes.count) bytes answered \(done)")
  }

  /// The 32-byte digest of everything added.
  public consuming func finish() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Self.digestBytes)
    let done = unsafe EVP_DigestFinal_ex(context, &digest, nil)
    precondition(done == 1, "EVP_DigestFinal_ex answered \(done)")
    return digest
  }

  /// The 32-byte digest of `bytes`.
  public static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.finish()
  }
}

/// HMAC-SHA256 of `message` under `key` (any length): 32 bytes.
public func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
  var code = [UInt8](repeating: 0, count: SHA256.digestBytes)
  var length: UInt32 = 0
  // An empty array may hand over a null pointer, which HMAC() takes for "the key of last time".
  let secret = key.isEmpty ? [0] : key
  let answer = unsafe HMAC(EVP_sha256(), secret, Int32(key.count), message, message.count, &code, &length)
  precondition(unsafe answer != nil && Int(length) == code.count, "HMAC wrote \(length) bytes")
  return code
}

/// Whether two byte strings are equal, in time that depends on their lengths alone.
public func equalInConstantTime(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  guard a.count == b.count else { return false }
  guard !a.isEmpty else { return true }
  return unsafe CRYPTO_memcmp(a, b, a.count) == 0
}
