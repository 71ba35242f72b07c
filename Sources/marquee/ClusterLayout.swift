// Where a cluster on one machine stands: a folder with the token secret and one folder a node, which holds its
// configuration, data, log and process id. Node N listens on 127.0.0.N at the usual ports, so stock drivers find all.
//
//   DIRECTORY/token-secret
//   DIRECTORY/node-1/{marquee.yaml,data/,node.log,pid}

import Base
import Node

struct ClusterLayout {
  static let maxNodes = 9
  /// Absolute.
  var directory: String

  func folder(_ node: Int) -> String { "\(directory)/node-\(node)" }
  func configuration(_ node: Int) -> String { "\(folder(node))/marquee.yaml" }
  func log(_ node: Int) -> String { "\(folder(node))/node.log" }
  func pidFile(_ node: Int) -> String { "\(folder(node))/pid" }
  var secretFile: String { "\(directory)/token-secret" }
  static func address(_ node: Int) -> String { "127.0.0.\(node)" }

  /// The nodes that were set up here, by number.
  var nodes: [Int] {
    (1...Self.maxNodes).filter { Files.exists(configuration($0)) }
  }

  /// Writes what is missing: a secret, and each node's configuration. What is there stays as a person left it.
  func prepare(nodes count: Int) throws {
    try Files.makeFolders(directory)
    if !Files.exists(secretFile) {
      try Files.write(Hex.encode(try Files.randomBytes(32)) + "\n", to: secretFile, mode: 0o600)
    }
    for node in 1...count {
      try Files.makeFolders(folder(node))
      guard !Files.exists(configuration(node)) else { continue }
      try Files.write(Self.text(node: node, of: count), to: configuration(node))
    }
  }

  /// Node N's configuration file.
  static func text(node: Int, of count: Int) -> String {
    file(node: node, of: count).rendered(heading: [
      "Node \(node) of a cluster of \(count), as `marquee cluster up` writes it. Yours to change."
    ])
  }

  /// Node N of a cluster on loopback, up to three of its nodes seeds.
  static func file(node: Int, of count: Int) -> ConfigurationFile {
    var file = ConfigurationFile()
    file.values.clusterName = "marquee"
    file.values.dataDirectory = "data"
    file.address = address(node)
    file.seeds = (1...min(count, 3)).map(address)
    file.tokenSecretFile = "../token-secret"
    return file
  }
}
