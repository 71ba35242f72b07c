// A certificate, its key and the authorities believed, as OpenSSL holds them, and the files they came from.
//
// Certificates are renewed while a node runs: the files are looked at each `TLSContexts.lookInterval`, and at once when
// asked. What they hold is taken whole or not at all: a certificate whose key has not been written yet, or half of a
// file, leaves the old one in use and is logged once. Connections that stand keep what they were made with.

import Base
import COpenSSL
import Glibc
import World

/// One side's settings in use. OpenSSL counts references: a session keeps the context that it began with.
@safe final class TLSContext {
  /// What the settings asked for cannot be had.
  struct Failure: Error {
    var message: String
  }

  /// What tells that a file has changed, without reading it.
  private struct Stamp: Equatable {
    var inode: UInt64 = 0
    var sizeBytes: Int64 = -1
    var modified: (seconds: Int, nanoseconds: Int) = (0, 0)

    static func == (a: Stamp, b: Stamp) -> Bool {
      a.inode == b.inode && a.sizeBytes == b.sizeBytes && a.modified == b.modified
    }
  }

  let settings: TLSSettings
  private(set) var pointer: OpaquePointer
  /// As the files were when they were last read, whether they could be used or not.
  private var stamps: [Stamp]

  init(_ settings: TLSSettings) throws(Failure) {
    self.settings = settings
    stamps = Self.stamps(settings)
    unsafe pointer = try Self.load(settings)
  }

  deinit { unsafe SSL_CTX_free(pointer) }

  /// Reads the files again if they have changed.
  /// - Returns: whether they had.
  func reload() throws(Failure) -> Bool {
    let now = Self.stamps(settings)
    if now == stamps { return false }
    stamps = now
    let fresh = unsafe try Self.load(settings)
    unsafe SSL_CTX_free(pointer)
    unsafe pointer = fresh
    return true
  }

  private static func stamps(_ settings: TLSSettings) -> [Stamp] {
    [settings.certificateFile, settings.privateKeyFile, settings.authorityFile].map { path in
      var info = stat()
      guard !path.isEmpty, unsafe stat(path, &info) == 0 else { return Stamp() }
      return Stamp(
        inode: UInt64(info.st_ino), sizeBytes: Int64(info.st_size),
        modified: (info.st_mtim.tv_sec, info.st_mtim.tv_nsec))
    }
  }

  private static func load(_ settings: TLSSettings) throws(Failure) -> OpaquePointer {
    guard let context = unsafe SSL_CTX_new(TLS_method()) else { throw failure("SSL_CTX_new") }
    do throws(Failure) {
      guard unsafe cssl_set_up(context) == 1 else { throw failure("TLS 1.2") }
      // A key under a pass phrase would be asked for on the terminal.
      unsafe SSL_CTX_set_default_passwd_cb(context) { _, _, _, _ in 0 }
      // Without it a session with a client's certificate is not resumed but refused.
      _ = unsafe SSL_CTX_set_session_id_context(context, "marquee", 7)
      _ = unsafe SSL_CTX_set_num_tickets(context, 1)
      if !settings.certificateFile.isEmpty { unsafe try useCertificate(settings, context) }
      if !settings.authorityFile.isEmpty { unsafe try useAuthority(settings.authorityFile, context) }
      return unsafe context
    } catch {
      unsafe SSL_CTX_free(context)
      throw error
    }
  }

  private static func useCertificate(_ settings: TLSSettings, _ context: OpaquePointer) throws(Failure) {
    guard unsafe SSL_CTX_use_certificate_chain_file(context, settings.certificateFile) == 1 else {
      throw failure("the certificate \(settings.certificateFile) cannot be used")
    }
    guard unsafe SSL_CTX_use_PrivateKey_file(context, settings.privateKeyFile, SSL_FILETYPE_PEM) == 1 else {
      throw failure("the private key \(settings.privateKeyFile) cannot be used with \(settings.certificateFile)")
    }
    guard unsafe SSL_CTX_check_private_key(context) == 1 else {
      throw failure("the private key \(settings.privateKeyFile) is not that of \(settings.certificateFile)")
    }
  }

  private static func useAuthority(_ file: String, _ context: OpaquePointer) throws(Failure) {
    guard unsafe SSL_CTX_load_verify_file(context, file) == 1 else {
      throw failure("the authority's certificate \(file) cannot be used")
    }
    // Said to clients, so that those with several certificates choose the right one.
    if let names = unsafe SSL_load_client_CA_file(file) { unsafe SSL_CTX_set_client_CA_list(context, names) }
  }

  private static func failure(_ words: String) -> Failure {
    guard let reason = unsafe cssl_take_error() else { return Failure(message: words) }
    return Failure(message: "\(words): \(unsafe String(cString: reason))")
  }

  /// The certificate's serial number in hex and the days until it expires; nil where there is none.
  var certificate: (serial: String, daysLeft: Int)? {
    guard let certificate = unsafe SSL_CTX_get0_certificate(pointer) else { return nil }
    var days: Int32 = 0
    var seconds: Int32 = 0
    _ = unsafe ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate))
    guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nil) else { return nil }
    defer { unsafe BN_free(number) }
    guard let text = unsafe BN_bn2hex(number) else { return nil }
    defer { unsafe CRYPTO_free(text, "TLSContext", 0) }
    return (unsafe String(cString: text), Int(days))
  }
}

/// All contexts of a loop, one for each settings, and the gate for their handshakes.
final class TLSContexts {
  /// How often the files are looked at.
  static let lookInterval = Duration.seconds(10)
  /// Certificates that expire sooner are warned of.
  static let warnDays = 14

  let gate: HandshakeGate
  /// From the connection to the end of the handshake.
  var handshakeTimeout = Duration.seconds(10)
  private let loop: Loop
  private let logger: Logger
  private var contexts: [TLSSettings: TLSContext] = [:]
  private var looking: RepeatingTimer?
  private var nextWarning = Instant(nanoseconds: .min)
  private var unsaidWarnings = 0

  init(loop: Loop, logger: Logger) {
    self.loop = loop
    self.logger = logger
    gate = HandshakeGate(loop: loop)
  }

  func context(_ settings: TLSSettings) throws(WireFailure) -> TLSContext {
    if let context = contexts[settings] { return context }
    do throws(TLSContext.Failure) {
      let context = try TLSContext(settings)
      contexts[settings] = context
      say("a certificate is in use", context)
      if looking == nil { looking = loop.every(Self.lookInterval) { [weak self] in self?.reload() } }
      return context
    } catch {
      throw .security(error.message)
    }
  }

  func reload() {
    for context in contexts.values {
      do throws(TLSContext.Failure) {
        if try context.reload() { say("a new certificate is in use", context) }
      } catch {
        logger.error("new certificate files cannot be used; the old ones stay", ["why": error.message])
      }
    }
  }

  private func say(_ event: String, _ context: TLSContext) {
    guard let (serial, daysLeft) = context.certificate else { return }
    let level: LogLevel = daysLeft < Self.warnDays ? .warning : .info
    logger.log(
      level, event, ["file": context.settings.certificateFile, "serial": serial, "days left": "\(daysLeft)"])
  }

  /// At most one line a second: strangers must not fill the log.
  func warn(_ event: String, _ why: String, with peer: Endpoint) {
    guard loop.now >= nextWarning else {
      unsaidWarnings += 1
      return
    }
    logger.warning(event, ["why": why, "with": "\(peer)", "unsaid": "\(unsaidWarnings)"])
    nextWarning = loop.now + .seconds(1)
    unsaidWarnings = 0
  }
}

/// Lets a bounded number of handshakes' steps run in one tick: a step costs up to a millisecond, and a thousand drivers
/// that come back at once must not hold up those that are there.
final class HandshakeGate {
  static let maxStepsPerTick = 4

  private let loop: Loop
  private var waiting: [TLSStream] = []
  private var isScheduled = false

  init(loop: Loop) { self.loop = loop }

  /// Runs the stream's next step at this tick's end or, where others wait, at a later one's, in order of arrival.
  func admit(_ stream: TLSStream) {
    waiting.append(stream)
    schedule()
  }

  private func schedule() {
    if isScheduled { return }
    isScheduled = true
    loop.later { [self] in
      isScheduled = false
      let now = waiting.prefix(Self.maxStepsPerTick)
      waiting.removeFirst(now.count)
      for stream in now { stream.step() }
      if !waiting.isEmpty { schedule() }
    }
  }
}
