// A configuration file as a person would write it: every key with the words above it. `cluster up` writes one for each
// node, and `Cluster/topologies` holds what it writes (a test compares them).

extension ConfigurationFile {
  /// The whole file.
  /// - Parameter heading: comment lines at its top, without their `#`.
  func rendered(heading: [String]) -> String {
    var text = heading.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined()
    for key in ConfigurationKey.all where key.section == nil { text += "\n" + rendered(key, indent: "") }
    for section in ConfigurationKey.sections {
      text += "\n" + section.comment.split(separator: "\n").map { "# \($0)\n" }.joined() + "\(section.name):\n"
      for key in ConfigurationKey.all where key.section == section.name { text += rendered(key, indent: "  ") }
    }
    return text
  }

  private func rendered(_ key: ConfigurationKey, indent: String) -> String {
    var text = ""
    if !key.comment.isEmpty {
      for line in key.comment.split(separator: "\n") { text += "\(indent)# \(line)\n" }
    }
    return text + "\(indent)\(key.name): \(rendered(key.kind))\n"
  }

  private func rendered(_ kind: ConfigurationKey.Kind) -> String {
    switch kind {
    case .flag(let path): String(self[keyPath: path])
    case .choice(let path, _): self[keyPath: path]
    case .text(let path): rendered(self[keyPath: path])
    case .integer(let path, _): String(self[keyPath: path])
    case .mebibytes(let path, _): String(self[keyPath: path] >> 20)
    case .addresses(let path): "[" + self[keyPath: path].map(rendered).joined(separator: ", ") + "]"
    case .durability: values.durability.rawValue
    }
  }

  /// Plain where YAML reads it back as the same text, else in double quotes.
  private func rendered(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text != "~" && text != "null" && text.first != "-"
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
          || "._/-".utf8.contains($0)
      }
    if isPlain { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
