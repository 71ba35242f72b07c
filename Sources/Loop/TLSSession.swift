// OpenSSL's half of a secured connection, between two memory BIOs: bytes of the socket in, bytes for the socket out,
// plain bytes on the other side. No call blocks and none touches a descriptor. All pointers of TLS stand here.

import Base
import COpenSSL
import World

@safe final class TLSSession {
  /// Encrypted at once: what waits in OpenSSL's buffer stays small.
  private static let maxPieceBytes = 65_536

  enum Progress: Equatable {
    case done
    case wantsInput
    case failed(String)
  }
  enum End: Equatable {
    case wantsInput
    /// The peer's close_notify.
    case closed
    case failed(String)
  }

  private let ssl: OpaquePointer
  /// From the peer, and for it; `ssl` owns both.
  private let incoming: OpaquePointer
  private let outgoing: OpaquePointer
  /// No certificate can name it: nobody is believed to be there.
  private var unnameableHost: String?

  /// - Parameter host: the address that a server's certificate must name; nil: none.
  init(_ context: TLSContext, isServer: Bool, host: String?) {
    guard let ssl = unsafe SSL_new(context.pointer), let incoming = unsafe BIO_new(BIO_s_mem()),
      let outgoing = unsafe BIO_new(BIO_s_mem())
    else { preconditionFailure("SSL_new: no memory") }
    unsafe self.ssl = ssl
    unsafe self.incoming = incoming
    unsafe self.outgoing = outgoing
    unsafe SSL_set_bio(ssl, incoming, outgoing)
    if isServer { unsafe SSL_set_accept_state(ssl) } else { unsafe SSL_set_connect_state(ssl) }
    if !context.settings.authorityFile.isEmpty {
      let mode = isServer ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_PEER
      unsafe SSL_set_verify(ssl, mode, nil)
      if !isServer, let host, unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1 {
        unnameableHost = host
      }
    }
  }

  deinit { unsafe SSL_free(ssl) }

  /// Takes bytes from the peer.
  func feed(_ bytes: RawSpan) {
    let count = unsafe bytes.withUnsafeBytes { unsafe BIO_write(incoming, $0.baseAddress, Int32($0.count)) }
    precondition(Int(count) == bytes.byteCount, "a memory BIO took \(count) of \(bytes.byteCount) bytes")
  }

  func handshake() -> Progress {
    if let unnameableHost { return .failed("no certificate can name \(unnameableHost)") }
    ERR_clear_error()
    let result = unsafe SSL_do_handshake(ssl)
    if result == 1 { return .done }
    return unsafe SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? .wantsInput : .failed(reason)
  }

  /// Decrypts into `buffer` until it is full (nil) or there is no more.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, end: End?) {
    var filled = 0
    while filled < buffer.count {
      ERR_clear_error()
      var count = 0
      let result = unsafe SSL_read_ex(ssl, buffer.baseAddress.map { unsafe $0 + filled }, buffer.count - filled, &count)
      if result == 1 {
        filled += count
        continue
      }
      switch unsafe SSL_get_error(ssl, result) {
      case SSL_ERROR_WANT_READ: return (filled, .wantsInput)
      case SSL_ERROR_ZERO_RETURN: return (filled, .closed)
      default: return (filled, .failed(reason))
      }
    }
    return (filled, nil)
  }

  /// Encrypts `bytes` into `output`.
  /// - Returns: false if the session is broken.
  func write(_ bytes: [UInt8], to output: inout ByteWriter) -> Bool {
    var offset = 0
    while offset < bytes.count {
      ERR_clear_error()
      let end = min(offset + Self.maxPieceBytes, bytes.count)
      var count = 0
      let result = unsafe bytes.withUnsafeBytes { buffer in
        unsafe SSL_write_ex(ssl, buffer.baseAddress.map { unsafe $0 + offset }, end - offset, &count)
      }
      guard result == 1 else { return false }
      offset += count
      drain(to: &output)
    }
    return true
  }

  /// Says close_notify.
  func shutDown() {
    ERR_clear_error()
    _ = unsafe SSL_shutdown(ssl)
  }

  /// Whether there are bytes for the peer.
  var hasOutput: Bool { unsafe BIO_ctrl_pending(outgoing) > 0 }

  /// Moves the bytes for the peer into `output`.
  func drain(to output: inout ByteWriter) {
    var start: UnsafeRawPointer?
    let count = unsafe cssl_contents(outgoing, &start)
    guard count > 0, let start = unsafe start else { return }
    output.append(unsafe RawSpan(_unsafeStart: start, byteCount: count))
    unsafe cssl_empty(outgoing)
  }

  /// Why OpenSSL gave up, in words.
  private var reason: String {
    let verified = unsafe SSL_get_verify_result(ssl)
    let error = unsafe cssl_take_error()
    // Where nobody looks at the certificate its faults are not the reason.
    if verified != Int(X509_V_OK), unsafe SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE {
      return "the peer's certificate is refused: \(unsafe String(cString: X509_verify_cert_error_string(verified)))"
    }
    return unsafe error.map { unsafe String(cString: $0) } ?? "the connection ended"
  }
}
