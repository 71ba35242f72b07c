// Where a cluster on one machine stands: a folder with the token secret and one folder a node, which holds its
// configuration, data, log and process id. Node N listens on 127.0.0.N at the usual ports, so stock drivers find all.
//
//   DIRECTORY/token-secret
//   DIRECTORY/node-1/{marquee.yaml,data/,node.log,pid}

import Base
import Node

struct ClusterLayout {
  /// Datacenters with how many nodes each has: `dc1:3,dc2:3`. Nodes are numbered through them in order.
  struct Datacenters: Equatable {
    static let usual = "datacenter1"

    var parts: [(name: String, nodes: Int)]

    init(nodes: Int) { parts = [(Self.usual, nodes)] }

    init?(_ text: String) {
      parts = []
      for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        let words = part.split(separator: ":", omittingEmptySubsequences: false)
        guard words.count == 2, !words[0].isEmpty, let nodes = Int(words[1]), (1...maxNodes).contains(nodes),
          words[0].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) }),
          !parts.contains(where: { $0.name == String(words[0]) })
        else { return nil }
        parts.append((String(words[0]), nodes))
      }
      guard nodes <= maxNodes else { return nil }
    }

    var nodes: Int { parts.reduce(0) { $0 + $1.nodes } }

    func name(of node: Int) -> String {
      var last = 0
      for part in parts {
        last += part.nodes
        if node <= last { return part.name }
      }
      return parts.last?.name ?? Self.usual
    }

    /// The first node of each datacenter, then the second of each, and so on, up to three: whichever datacenter is
    /// gone, a seed is left.
    var seeds: [Int] {
      var starts: [Int] = []
      var first = 1
      for part in parts {
        starts.append(first)
        first += part.nodes
      }
      var seeds: [Int] = []
      for step in 0..<maxNodes {
        for (start, part) in zip(starts, parts) where step < part.nodes { seeds.append(start + step) }
      }
      return Array(seeds.prefix(max(3, parts.count)))
    }

    static func == (a: Datacenters, b: Datacenters) -> Bool {
      a.parts.map(\.name) == b.parts.map(\.name) && a.parts.map(\.nodes) == b.parts.map(\.nodes)
    }
  }

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
  func prepare(_ datacenters: Datacenters) throws {
    try Files.makeFolders(directory)
    if !Files.exists(secretFile) {
      try Files.write(Hex.encode(try Files.randomBytes(32)) + "\n", to: secretFile, mode: 0o600)
    }
    for node in 1...datacenters.nodes {
      try Files.makeFolders(folder(node))
      guard !Files.exists(configuration(node)) else { continue }
      try Files.write(Self.text(node: node, of: datacenters), to: configuration(node))
    }
  }

  /// Node N's configuration file.
  static func text(node: Int, of datacenters: Datacenters) -> String {
    file(node: node, of: datacenters).rendered(heading: [
      "Node \(node) of a cluster of \(datacenters.nodes), as `marquee cluster up` writes it. Yours to change."
    ])
  }

  /// Node N of a cluster on loopback, a few of its nodes seeds.
  static func file(node: Int, of datacenters: Datacenters) -> ConfigurationFile {
    var file = ConfigurationFile()
    file.values.clusterName = "marquee"
    file.values.dataDirectory = "data"
    file.address = address(node)
    file.values.datacenter = datacenters.name(of: node)
    file.seeds = datacenters.seeds.map(address)
    file.tokenSecretFile = "../token-secret"
    return file
  }
}
