// A configuration file: libyaml's events, our tree, and the keys and values of a node's configuration.

func fuzz(_ bytes: [UInt8]) {
  _ = try? YAMLReader.read(bytes)
}
