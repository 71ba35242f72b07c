// How connections are secured: TLS, said by the files that an operator knows. What makes it so stands behind
// `Wire`; nothing above sees more of TLS than these words, and a stream looks the same with it and without.

/// Whether bytes travel as they are or under TLS.
public enum WireSecurity: Hashable, Sendable {
  case plain
  /// TLS 1.2 or later.
  case tls(TLSSettings)
}

/// One side of TLS connections. Files hold PEM and are read again when they change: connections made after that use
/// what they then hold.
public struct TLSSettings: Hashable, Sendable {
  /// This side's certificate, then those that lead to its authority. Empty (connecting only): it shows none.
  public var certificateFile: String
  /// The certificate's key, without a pass phrase.
  public var privateKeyFile: String
  /// The authorities whose certificates are believed. Empty: nobody is asked for a certificate, and a server's is
  /// not looked at.
  public var authorityFile: String
  /// Whether a server's certificate must name the address that was connected to. Listeners do not look at it: a
  /// connection's source address says nothing of who made it.
  public var checksHost: Bool

  public init(
    certificateFile: String = "", privateKeyFile: String = "", authorityFile: String = "", checksHost: Bool = false
  ) {
    self.certificateFile = certificateFile
    self.privateKeyFile = privateKeyFile
    self.authorityFile = authorityFile
    self.checksHost = checksHost
  }
}

extension Wire {
  /// A wire that knows no TLS refuses it, rather than to speak in the open what was meant to be secret.
  public func listen(
    _ endpoint: Endpoint, security: WireSecurity, accept: @escaping (any ByteStream) -> (any StreamHandler)?
  ) throws(WireFailure) -> any Listener {
    guard security == .plain else { throw .security("this wire has no TLS") }
    return try listen(endpoint, accept: accept)
  }

  public func connect(
    to endpoint: Endpoint, security: WireSecurity, handler: any StreamHandler, timeout: Duration
  ) -> any ByteStream {
    precondition(security == .plain, "this wire has no TLS, and it was asked for with \(endpoint)")
    return connect(to: endpoint, handler: handler, timeout: timeout)
  }

  public func reloadSecurity() {}
}
