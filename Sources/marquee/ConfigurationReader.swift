// From the text of a configuration file to a `Configuration`. Each refusal says the line and what was wanted; all of
// them are found in one run, so a person mends a file once.

import Node
import World

/// What is wrong with a file, line by line.
struct ConfigurationFailure: Error, Equatable, CustomStringConvertible {
  struct Problem: Equatable {
    var line: Int
    var message: String
  }
  var path: String
  var problems: [Problem]

  var description: String {
    problems.map { "\(path):\($0.line): \($0.message)" }.joined(separator: "\n")
  }
}

/// Reads one file's bytes.
struct ConfigurationReader {
  private var file = ConfigurationFile()
  private var problems: [ConfigurationFailure.Problem] = []

  /// The keys of the file, checked one by one; addresses are not resolved yet.
  static func read(_ bytes: [UInt8], path: String) throws(ConfigurationFailure) -> ConfigurationFile {
    var reader = ConfigurationReader()
    do throws(YAMLFailure) {
      guard let node = try YAMLReader.read(bytes) else {
        throw YAMLFailure(line: 1, message: "the file is empty; `marquee config` prints one to begin with")
      }
      reader.top(node)
    } catch {
      reader.problems = [.init(line: error.line, message: error.message)]
    }
    guard reader.problems.isEmpty else {
      throw ConfigurationFailure(path: path, problems: reader.problems.sorted { $0.line < $1.line })
    }
    return reader.file
  }

  private mutating func problem(_ line: Int, _ message: String) {
    problems.append(.init(line: line, message: message))
  }

  private mutating func top(_ node: YAMLNode) {
    guard case .mapping(let entries) = node.content else {
      return problem(node.line, "keys with values are wanted, as in `cluster_name: marquee`")
    }
    let sections = Set(ConfigurationKey.sections.map(\.name))
    var seen: Set<String> = []
    for entry in entries {
      guard sections.contains(entry.key) else {
        take(entry, section: nil)
        seen.insert(entry.key)
        continue
      }
      guard case .mapping(let children) = entry.value.content else {
        problem(entry.line, "\(entry.key) holds keys of its own, each on a line below it")
        continue
      }
      for child in children { take(child, section: entry.key) }
      requireKeys(of: entry.key, among: Set(children.map(\.key)), line: entry.line)
      seen.insert(entry.key)
    }
    requireKeys(of: nil, among: seen, line: node.line)
    for section in sections where !seen.contains(section) && !entries.contains(where: { $0.key == section }) {
      requireKeys(of: section, among: [], line: node.line)
    }
    for (section, message) in file.securityProblems {
      problem(entries.first { $0.key == section ?? "authenticator" }?.line ?? node.line, message)
    }
  }

  private mutating func requireKeys(of section: String?, among names: Set<String>, line: Int) {
    for key in ConfigurationKey.all
    where key.section == section && key.isRequired && !names.contains(key.name) {
      problem(line, "the key \(key.path) is missing")
    }
  }

  private mutating func take(_ entry: YAMLEntry, section: String?) {
    guard let key = ConfigurationKey.all.first(where: { $0.section == section && $0.name == entry.key }) else {
      let name = section.map { "\($0).\(entry.key)" } ?? entry.key
      return problem(entry.line, "unknown key \(name)\(hint(entry.key))")
    }
    set(key, from: entry)
  }

  private func hint(_ name: String) -> String {
    if let elsewhere = ConfigurationKey.all.first(where: { $0.name == name }) { return " (there is \(elsewhere.path))" }
    let near = ConfigurationKey.all.min { distance($0.name, name) < distance($1.name, name) }
    guard let near, distance(near.name, name) <= 3 else { return "" }
    return " (did you mean \(near.path)?)"
  }

  private mutating func set(_ key: ConfigurationKey, from entry: YAMLEntry) {
    let line = entry.value.line
    switch key.kind {
    case .text(let path):
      guard let text = scalar(entry.value) else { return problem(line, "\(key.path) wants text") }
      if key.isRequired, text.isEmpty { return problem(line, "\(key.path) is empty") }
      file[keyPath: path] = text
    case .flag(let path):
      guard case .scalar(let text, isPlain: true) = entry.value.content, let value = Bool(text) else {
        return problem(line, "\(key.path) wants true or false")
      }
      file[keyPath: path] = value
    case .choice(let path, let names):
      guard let text = scalar(entry.value), names.contains(text) else {
        return problem(line, "\(key.path) wants \(names.count > 1 ? "one of " : "")\(names.joined(separator: ", "))")
      }
      file[keyPath: path] = text
    case .integer(let path, let range):
      guard let value = integer(entry.value, range: range, key: key) else { return }
      file[keyPath: path] = value
    case .mebibytes(let path, let range):
      guard let value = integer(entry.value, range: range, key: key) else { return }
      file[keyPath: path] = value << 20
    case .addresses(let path):
      guard case .sequence(let items) = entry.value.content else {
        return problem(line, "\(key.path) wants a list, as in [127.0.0.1, 127.0.0.2]")
      }
      file[keyPath: path] = items.compactMap { item in
        if let text = scalar(item), !text.isEmpty { return text }
        problem(item.line, "\(key.path) wants addresses, as in 127.0.0.1 or 127.0.0.1:7000")
        return nil
      }
    case .durability:
      let names = Configuration.Durability.allCases.map(\.rawValue)
      guard let value = scalar(entry.value).flatMap(Configuration.Durability.init(rawValue:)) else {
        return problem(line, "\(key.path) wants one of \(names.joined(separator: ", "))")
      }
      file.values.durability = value
    }
  }

  private mutating func integer(_ node: YAMLNode, range: ClosedRange<Int>, key: ConfigurationKey) -> Int? {
    guard case .scalar(let text, isPlain: true) = node.content, let value = Int(text) else {
      problem(node.line, "\(key.path) wants a whole number\(scalar(node).map { ", not \"\($0)\"" } ?? "")")
      return nil
    }
    guard range.contains(value) else {
      problem(node.line, "\(key.path) wants \(range.lowerBound) to \(range.upperBound), not \(value)")
      return nil
    }
    return value
  }

  /// A scalar's text; `~` and `null` mean empty.
  private func scalar(_ node: YAMLNode) -> String? {
    guard case .scalar(let text, let isPlain) = node.content else { return nil }
    return isPlain && (text == "~" || text == "null") ? "" : text
  }
}

/// Edits between two words (Levenshtein), for "did you mean".
func distance(_ left: String, _ right: String) -> Int {
  let right = Array(right)
  var row = Array(0...right.count)
  for (i, a) in left.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, b) in right.enumerated() {
      let cost = diagonal + (a == b ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(cost, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[right.count]
}

extension ConfigurationFile {
  /// The node's configuration: relative paths begin at `folder`, seeds get their port.
  /// - Parameter secret: the token secret's bytes, read by the caller.
  func resolved(folder: String, secret: [UInt8]) throws(ConfigurationFailure) -> Configuration {
    var result = values
    result.dataDirectory = absolute(values.dataDirectory, in: folder)
    result.mediaDirectory =
      mediaDirectory.isEmpty ? result.dataDirectory + "/media" : absolute(mediaDirectory, in: folder)
    result.listen = .init(
      address: address, cqlPort: UInt16(ports.cql), httpPort: UInt16(ports.http),
      internodePort: UInt16(ports.internode),
      adminPort: UInt16(ports.admin))
    let internodePort = UInt16(ports.internode)
    result.seeds = seeds.map { seed in Endpoint(seed) ?? Endpoint(seed, internodePort) }
    if result.seeds.isEmpty { result.seeds = [result.listen.internode] }
    result.tokenSecret = secret
    resolveSecurity(&result, folder: folder)
    return result
  }

  func absolute(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") ? path : folder + "/" + path
  }
}
