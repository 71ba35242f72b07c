import COpenSSL
import Glibc
import World

/// Authorities and certificates in memory, written as PEM into a test's directory.
final class TestAuthority {
  private let key: OpaquePointer
  private let certificate: OpaquePointer
  private var lastSerial = 0
  let name: String

  init(_ name: String) {
    self.name = name
    key = Self.makeKey()
    certificate = Self.makeCertificate(subject: name, issuer: name, key: key, serial: 1, days: 10)
    Self.add(NID_basic_constraints, "critical,CA:TRUE", to: certificate)
    X509_sign(certificate, key, EVP_sha256())
  }

  deinit {
    X509_free(certificate)
    EVP_PKEY_free(key)
  }

  /// Writes the authority's own certificate.
  func write(_ path: String) {
    withFile(path) { PEM_write_X509($0, certificate) }
  }

  /// Issues a certificate and writes it with its key.
  /// - Returns: its serial number.
  @discardableResult
  func issue(
    _ subject: String, addresses: [String] = ["127.0.0.1"], days: Int = 10, certificate path: String,
    key keyPath: String?
  ) -> Int {
    lastSerial += 1
    let serial = 100 + lastSerial
    let leafKey = Self.makeKey()
    defer { EVP_PKEY_free(leafKey) }
    let leaf = Self.makeCertificate(subject: subject, issuer: name, key: leafKey, serial: serial, days: days)
    defer { X509_free(leaf) }
    Self.add(NID_subject_alt_name, addresses.map { "IP:\($0)" }.joined(separator: ","), to: leaf)
    X509_sign(leaf, key, EVP_sha256())
    withFile(path) { PEM_write_X509($0, leaf) }
    if let keyPath { withFile(keyPath) { PEM_write_PrivateKey($0, leafKey, nil, nil, 0, nil, nil) } }
    return serial
  }

  private static func makeKey() -> OpaquePointer {
    let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
    defer { EVP_PKEY_CTX_free(context) }
    EVP_PKEY_keygen_init(context)
    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1)
    var key: OpaquePointer?
    guard EVP_PKEY_keygen(context, &key) == 1, let key else { fatalError("EVP_PKEY_keygen failed") }
    return key
  }

  private static func makeCertificate(
    subject: String, issuer: String, key: OpaquePointer, serial: Int, days: Int
  ) -> OpaquePointer {
    guard let certificate = X509_new() else { fatalError("X509_new failed") }
    X509_set_version(certificate, 2)
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial)
    let day = 86_400
    X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * day)
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * day)
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, subject, -1, -1, 0)
    let name = X509_NAME_new()
    defer { X509_NAME_free(name) }
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, issuer, -1, -1, 0)
    X509_set_issuer_name(certificate, name)
    X509_set_pubkey(certificate, key)
    return certificate
  }

  private static func add(_ id: Int32, _ value: String, to certificate: OpaquePointer) {
    guard let part = X509V3_EXT_conf_nid(nil, nil, id, value) else { fatalError("no extension \(value)") }
    X509_add_ext(certificate, part, -1)
    X509_EXTENSION_free(part)
  }

  private func withFile(_ path: String, _ body: (UnsafeMutablePointer<FILE>) -> Int32) {
    guard let file = fopen(path, "w") else { fatalError("fopen \(path) failed with errno \(errno)") }
    guard body(file) == 1 else { fatalError("cannot write \(path)") }
    fclose(file)
  }
}

/// A node's files: a certificate of `authority`, its key, and whom it believes.
struct TestIdentity {
  var directory: String
  var certificate: String { "\(directory)/node.pem" }
  var key: String { "\(directory)/node.key" }
  var authorityFile: String { "\(directory)/ca.pem" }
  let serial: Int

  init(_ directory: String, authority: TestAuthority, addresses: [String] = ["127.0.0.1"], days: Int = 10) {
    self.directory = directory
    mkdir(directory, 0o755)
    serial = authority.issue(
      "node", addresses: addresses, days: days, certificate: "\(directory)/node.pem", key: "\(directory)/node.key")
    authority.write("\(directory)/ca.pem")
  }

  /// For a listener that asks nobody for a certificate.
  var server: WireSecurity { .tls(TLSSettings(certificateFile: certificate, privateKeyFile: key)) }
  /// For a client that believes the authority and shows nothing.
  var client: WireSecurity { .tls(TLSSettings(authorityFile: authorityFile, checksHost: true)) }
  /// Both sides show and check.
  var mutual: WireSecurity {
    .tls(
      TLSSettings(certificateFile: certificate, privateKeyFile: key, authorityFile: authorityFile, checksHost: true))
  }
}
