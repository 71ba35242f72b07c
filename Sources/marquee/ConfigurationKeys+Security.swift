// The keys that say who may come in and what is encrypted, in the words of cassandra.yaml: an operator who has secured
// a Cassandra knows them. Files are PEM instead of Java's keystores, each under a key of its own, as Cassandra's
// PEMBasedSslContextFactory takes them in one value.
//
// Deviations: `optional` is false (a port that takes both would be in the open for whoever asks), and
// `internode_encryption` knows all or none (`dc` and `rack` leave most of the traffic in the open). Between nodes both
// sides always show a certificate and check the other's, so there is no `require_client_auth` for them.

import Node
import World

/// `client_encryption_options`.
struct ClientEncryption: Equatable {
  var isEnabled = false
  var optional = "false"
  var certificate = ""
  var privateKey = ""
  var authority = ""
  var requiresClientCertificate = false
}

/// `server_encryption_options`.
struct ServerEncryption: Equatable {
  static let modes = ["none", "all"]
  var mode = "none"
  var certificate = ""
  var privateKey = ""
  var authority = ""
  var checksHost = false
}

extension ConfigurationKey {
  static var clientEncryptionSection: ConfigurationSection {
    ConfigurationSection(
      name: "client_encryption_options",
      comment:
        "TLS for drivers. Files are PEM and are read again when they change, and at SIGHUP; relative paths begin\n"
        + "at this file's folder.")
  }

  static var serverEncryptionSection: ConfigurationSection {
    ConfigurationSection(
      name: "server_encryption_options",
      comment: "TLS between nodes. Both sides show a certificate of the same authority, which should be another than\n"
        + "the drivers' one: whoever has such a certificate is believed to be a node.")
  }

  static var authentication: [ConfigurationKey] {
    [
      ConfigurationKey(
        name: "authenticator",
        kind: .choice(\.authenticator, Configuration.Authentication.allCases.map(\.rawValue)),
        comment: "Who may speak CQL. AllowAllAuthenticator: everybody. PasswordAuthenticator: who stands in\n"
          + "credentials_file. Without TLS passwords travel in the open."),
      ConfigurationKey(
        name: "credentials_file", kind: .text(\.credentialsFile),
        comment:
          "Names and passwords, the same on every node; read again when it changes. `marquee credentials set NAME`\n"
          + "writes it."),
    ]
  }

  static var clientEncryption: [ConfigurationKey] {
    let section = clientEncryptionSection.name
    return [
      ConfigurationKey(
        section: section, name: "enabled", kind: .flag(\.clientEncryption.isEnabled),
        comment: "Whether the CQL port speaks TLS, and nothing else."),
      ConfigurationKey(
        section: section, name: "optional", kind: .choice(\.clientEncryption.optional, ["false"]), comment: ""),
      ConfigurationKey(
        section: section, name: "certificate", kind: .text(\.clientEncryption.certificate),
        comment: "The node's certificate, then those that lead to its authority."),
      ConfigurationKey(
        section: section, name: "private_key", kind: .text(\.clientEncryption.privateKey),
        comment: "Its key, without a pass phrase."),
      ConfigurationKey(
        section: section, name: "ca", kind: .text(\.clientEncryption.authority),
        comment: "The authorities whose clients are let in; for require_client_auth."),
      ConfigurationKey(
        section: section, name: "require_client_auth", kind: .flag(\.clientEncryption.requiresClientCertificate),
        comment: "Whether a client must show a certificate."),
    ]
  }

  static var serverEncryption: [ConfigurationKey] {
    let section = serverEncryptionSection.name
    return [
      ConfigurationKey(
        section: section, name: "internode_encryption", kind: .choice(\.serverEncryption.mode, ServerEncryption.modes),
        comment: "none or all; the same on every node."),
      ConfigurationKey(
        section: section, name: "certificate", kind: .text(\.serverEncryption.certificate),
        comment: "The node's certificate, then those that lead to its authority."),
      ConfigurationKey(
        section: section, name: "private_key", kind: .text(\.serverEncryption.privateKey),
        comment: "Its key, without a pass phrase."),
      ConfigurationKey(
        section: section, name: "ca", kind: .text(\.serverEncryption.authority),
        comment: "The authority of the nodes' certificates."),
      ConfigurationKey(
        section: section, name: "require_endpoint_verification", kind: .flag(\.serverEncryption.checksHost),
        comment: "Whether a node's certificate must name the address that it is reached at."),
    ]
  }
}

extension ConfigurationFile {
  /// What the keys of security want of each other: the key that is wrong, and what is wrong with it.
  var securityProblems: [(section: String?, message: String)] {
    var problems: [(section: String?, message: String)] = []
    func need(_ section: ConfigurationSection, _ name: String, _ value: String, _ why: String) {
      if value.isEmpty { problems.append((section.name, "\(section.name).\(name) is wanted where \(why)")) }
    }
    let client = ConfigurationKey.clientEncryptionSection
    if clientEncryption.isEnabled {
      need(client, "certificate", clientEncryption.certificate, "enabled is true")
      need(client, "private_key", clientEncryption.privateKey, "enabled is true")
      if clientEncryption.requiresClientCertificate {
        need(client, "ca", clientEncryption.authority, "require_client_auth is true")
      }
    }
    let server = ConfigurationKey.serverEncryptionSection
    if serverEncryption.mode != "none" {
      need(server, "certificate", serverEncryption.certificate, "internode_encryption is all")
      need(server, "private_key", serverEncryption.privateKey, "internode_encryption is all")
      need(server, "ca", serverEncryption.authority, "internode_encryption is all")
    }
    if authenticator == Configuration.Authentication.password.rawValue, credentialsFile.isEmpty {
      problems.append((nil, "credentials_file is wanted where authenticator is \(authenticator)"))
    }
    return problems
  }

  /// Puts the settings into the node's configuration.
  func resolveSecurity(_ result: inout Configuration, folder: String) {
    func path(_ text: String) -> String { text.isEmpty ? "" : absolute(text, in: folder) }
    if clientEncryption.isEnabled {
      result.clientSecurity = .tls(
        TLSSettings(
          certificateFile: path(clientEncryption.certificate), privateKeyFile: path(clientEncryption.privateKey),
          authorityFile: clientEncryption.requiresClientCertificate ? path(clientEncryption.authority) : ""))
    }
    if serverEncryption.mode != "none" {
      result.internodeSecurity = .tls(
        TLSSettings(
          certificateFile: path(serverEncryption.certificate), privateKeyFile: path(serverEncryption.privateKey),
          authorityFile: path(serverEncryption.authority), checksHost: serverEncryption.checksHost))
    }
    result.authentication = Configuration.Authentication(rawValue: authenticator) ?? .password
    result.credentialsFile = path(credentialsFile)
  }
}
