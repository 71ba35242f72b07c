// The configuration file: what it takes, what it refuses, and in which words.

import Node
import Testing
import World

@testable import marquee

private func read(_ text: String) throws(ConfigurationFailure) -> ConfigurationFile {
  try ConfigurationReader.read(Array(text.utf8), path: "node.yaml")
}

/// The problems of a file that must not be taken, as `line: message`.
private func problems(_ text: String) -> [String] {
  do throws(ConfigurationFailure) {
    _ = try read(text)
    return []
  } catch {
    return error.problems.map { "\($0.line): \($0.message)" }
  }
}

private let least = "cluster_name: film\ndata_directory: data\nlisten:\n  address: 127.0.0.1\n"

@Suite struct ConfigurationTests {
  @Test func theLeastFileHasTheDefaults() throws {
    let configuration = try read(least).resolved(folder: "/etc/marquee", secret: [1])
    #expect(configuration.clusterName == "film")
    #expect(configuration.dataDirectory == "/etc/marquee/data")
    #expect(configuration.mediaDirectory == "/etc/marquee/data/media")
    #expect(configuration.listen.cql == Endpoint("127.0.0.1", 9042))
    #expect(configuration.listen.admin == Endpoint("127.0.0.1", 10000))
    #expect(configuration.seeds == [Endpoint("127.0.0.1", 7000)])
    #expect(configuration.tokenCount == 16)
    #expect(configuration.durability == .periodic)
    #expect(configuration.memory.writeBufferBytes == 4 << 20)
  }

  @Test func everyKeyIsWrittenAndReadBack() throws {
    var file = ConfigurationFile()
    file.values.clusterName = "a \"film\": \\ 1"
    file.values.dataDirectory = "/var/lib/marquee"
    file.address = "127.0.0.9"
    file.ports.cql = 19042
    file.seeds = ["127.0.0.9", "[::1]:7001"]
    file.mediaDirectory = "null"
    file.tokenSecretFile = "-secret"
    file.values.durability = .group
    file.values.tokenCount = 256
    file.values.memory.rowCacheBytes = 0
    file.values.encoding.threads = 3
    #expect(try read(file.rendered(heading: ["One", "", "two"])) == file)
  }

  @Test func valuesAreTaken() throws {
    let text =
      least + "  cql_port: 19042\nseeds: [127.0.0.2, '127.0.0.3:7001']\ndurability: group\nnum_tokens: 4\n"
      + "memory:\n  block_cache_mib: 32\nmedia_directory: /srv/media\ntoken_secret_file: ~\n"
    let configuration = try read(text).resolved(folder: ".", secret: [])
    #expect(configuration.listen.cql.port == 19042)
    #expect(configuration.seeds == [Endpoint("127.0.0.2", 7000), Endpoint("127.0.0.3", 7001)])
    #expect(configuration.durability == .group)
    #expect(configuration.tokenCount == 4)
    #expect(configuration.memory.blockCacheBytes == 32 << 20)
    #expect(configuration.mediaDirectory == "/srv/media")
  }

  @Test func securityIsTaken() throws {
    let plain = try read(least).resolved(folder: "/etc", secret: [])
    #expect(plain.clientSecurity == .plain && plain.internodeSecurity == .plain && plain.authentication == .allowAll)
    #expect(!plain.isSecured)
    let text =
      least + "authenticator: PasswordAuthenticator\ncredentials_file: users\n"
      + "client_encryption_options: {enabled: true, certificate: /a.pem, private_key: a.key, ca: ca.pem}\n"
      + "server_encryption_options: {internode_encryption: all, certificate: b.pem, private_key: b.key, ca: n.pem,"
      + " require_endpoint_verification: true}\n"
    let configuration = try read(text).resolved(folder: "/etc", secret: [])
    #expect(configuration.authentication == .password)
    #expect(configuration.credentialsFile == "/etc/users")
    // Without require_client_auth nobody is asked for a certificate.
    #expect(
      configuration.clientSecurity == .tls(TLSSettings(certificateFile: "/a.pem", privateKeyFile: "/etc/a.key")))
    #expect(
      configuration.internodeSecurity
        == .tls(
          TLSSettings(
            certificateFile: "/etc/b.pem", privateKeyFile: "/etc/b.key", authorityFile: "/etc/n.pem", checksHost: true))
    )
  }

  /// What is added to the least file, and what is said about it.
  static let refused: [(added: String, problem: String)] = [
    ("nun_tokens: 3\n", "5: unknown key nun_tokens (did you mean num_tokens?)"),
    ("cql_port: 3\n", "5: unknown key cql_port (there is listen.cql_port)"),
    ("compaction_throughput: 3\n", "5: unknown key compaction_throughput"),
    ("limits:\n  fame_mib: 3\n", "6: unknown key limits.fame_mib (did you mean limits.frame_mib?)"),
    ("num_tokens: many\n", "5: num_tokens wants a whole number, not \"many\""),
    ("num_tokens: '3'\n", "5: num_tokens wants a whole number, not \"3\""),
    ("num_tokens: [3]\n", "5: num_tokens wants a whole number"),
    ("num_tokens: 0\n", "5: num_tokens wants 1 to 256, not 0"),
    ("  cql_port: 70000\n", "5: listen.cql_port wants 1 to 65535, not 70000"),
    ("durability: always\n", "5: durability wants one of periodic, group"),
    ("seeds: 127.0.0.1\n", "5: seeds wants a list, as in [127.0.0.1, 127.0.0.2]"),
    ("seeds:\n  - 127.0.0.1\n  - []\n", "7: seeds wants addresses, as in 127.0.0.1 or 127.0.0.1:7000"),
    ("memory: 3\n", "5: memory holds keys of its own, each on a line below it"),
    ("rack: {a: b}\n", "5: rack wants text"),
    ("data_directory: other\n", "5: data_directory stands on line 2 already"),
    ("rack: &a b\n", "5: anchors (&) are not used here"),
    ("rack: *a\n", "5: aliases (*) are not used here"),
    ("rack: !!str a\n", "5: tags (!) are not used here"),
    ("---\nrack: a\n", "5: a second document; one is wanted"),
    ("rack: [[[[[[[[[[1]]]]]]]]]]\n", "5: nested deeper than 8"),
    ("authenticator: Kerberos\n", "5: authenticator wants one of AllowAllAuthenticator, PasswordAuthenticator"),
    (
      "authenticator: PasswordAuthenticator\n",
      "5: credentials_file is wanted where authenticator is PasswordAuthenticator"
    ),
    ("client_encryption_options:\n  enabled: yes\n", "6: client_encryption_options.enabled wants true or false"),
    (
      "client_encryption_options: {enabled: true, certificate: a}\n",
      "5: client_encryption_options.private_key is wanted where enabled is true"
    ),
    ("client_encryption_options: {optional: true}\n", "5: client_encryption_options.optional wants false"),
    (
      "client_encryption_options: {enabled: true, certificate: a, private_key: b, require_client_auth: true}\n",
      "5: client_encryption_options.ca is wanted where require_client_auth is true"
    ),
    (
      "server_encryption_options: {internode_encryption: dc}\n",
      "5: server_encryption_options.internode_encryption wants one of none, all"
    ),
    (
      "server_encryption_options: {internode_encryption: all, certificate: a, private_key: b}\n",
      "5: server_encryption_options.ca is wanted where internode_encryption is all"
    ),
  ]

  @Test(arguments: refused) func isRefused(_ row: (added: String, problem: String)) {
    #expect(problems(least + row.added) == [row.problem])
  }

  @Test func missingKeysAreNamed() {
    #expect(
      problems("listen:\n  cql_port: 1\n") == [
        "1: the key listen.address is missing", "1: the key cluster_name is missing",
        "1: the key data_directory is missing",
      ])
    #expect(problems("cluster_name: a\ndata_directory: b\n") == ["1: the key listen.address is missing"])
    #expect(problems("cluster_name: ''\ndata_directory: b\nlisten: {address: c}\n") == ["1: cluster_name is empty"])
  }

  @Test func whatIsNoYAMLIsRefused() {
    #expect(problems("").count == 1)
    #expect(problems("# only a comment\n").count == 1)
    #expect(problems("just words") == ["1: keys with values are wanted, as in `cluster_name: marquee`"])
    #expect(problems("a: b\n c: [d\n").first?.hasPrefix("2: ") == true)
    #expect(problems("a: \u{0}\n").count == 1)
    #expect(problems("a: \"\\uD800\"\n").count == 1)
    for cut in 0..<least.utf8.count { _ = problems(String(decoding: least.utf8.prefix(cut), as: UTF8.self)) }
  }

  @Test func theTopologiesAreWhatIsWritten() throws {
    let folder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Cluster/topologies"
    #expect(try Files.text("\(folder)/one-node.yaml") == ConfigurationFile.sample)
    #expect(try Files.text("\(folder)/node-2-of-three.yaml") == ClusterLayout.text(node: 2, of: .init(nodes: 3)))
  }

  @Test func theDistanceOfWordsIsLevenshteins() {
    #expect(distance("kitten", "sitting") == 3)
    #expect(distance("", "abc") == 3)
    #expect(distance("abc", "abc") == 0)
  }
}
