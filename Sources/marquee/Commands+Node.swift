// `marquee serve` runs one node; `marquee config` prints a configuration to begin with.

import Node

extension Command {
  static var nodeCommands: [Command] {
    [
      Command(
        words: ["serve"], summary: "runs one node until SIGTERM, which drains and stops it",
        options: [OptionRule(name: "--config", value: "FILE", help: "the node's configuration", isRequired: true)],
        notes: "`marquee config` prints a commented configuration to begin with.",
        run: { arguments in
          let configuration = try ConfigurationReader.load(Files.absolute(arguments.text("--config") ?? ""))
          return NodeProcess.run(configuration)
        }),
      Command(
        words: ["config"], summary: "prints a commented configuration with the defaults",
        run: { _ in
          print(ConfigurationFile.sample, terminator: "")
          return 0
        }),
    ]
  }
}

extension ConfigurationFile {
  /// One node on a laptop: `Cluster/topologies/one-node.yaml`.
  static var sample: String {
    var file = ConfigurationFile()
    file.values.clusterName = "marquee"
    file.values.dataDirectory = "data"
    file.address = "127.0.0.1"
    return file.rendered(heading: [
      "One node. Every key stands here with its default; only cluster_name, data_directory and listen.address",
      "must be there. Run it with `marquee serve --config FILE`.",
    ])
  }
}

extension ConfigurationReader {
  private static let minSecretCharacters = 32

  /// Reads a file and the secret it names.
  static func load(_ path: String) throws -> Configuration {
    let file = try read(try Files.read(path), path: path)
    let folder = Files.folder(of: path)
    guard !file.tokenSecretFile.isEmpty else { return try file.resolved(folder: folder, secret: []) }
    let name = file.tokenSecretFile
    let secret = try secret(at: name.hasPrefix("/") ? name : folder + "/" + name)
    return try file.resolved(folder: folder, secret: secret)
  }

  /// A secret file's text without the line's end.
  static func secret(at path: String) throws -> [UInt8] {
    var bytes = try Files.read(path)
    while let last = bytes.last, last == 0x0A || last == 0x0D || last == 0x20 { bytes.removeLast() }
    guard bytes.count >= minSecretCharacters else {
      throw CommandFailure("\(path) holds \(bytes.count) characters; a secret has at least \(minSecretCharacters)")
    }
    return bytes
  }
}
