// Arrows: every import against the table, and Package.swift's table against ours.

import Foundation

extension Check {
  /// Tests and Cluster may import the room they are about and any other; a room of the table, wherever it stands, only
  /// what its row names.
  static func imports(_ file: SourceFile, table: [RoomRule] = importTable) -> [Finding] {
    guard file.path.hasSuffix(".swift") else { return [] }
    let room = table.first { file.path.hasPrefix($0.folder + "/") }
    let isFree = room == nil && (file.path.hasPrefix("Tests/") || file.path.hasPrefix("Cluster/"))
    if file.path.hasPrefix("Sources/"), room == nil {
      return [Finding(path: file.path, line: 1, message: "this folder is no room of Tools/tidy/ImportTable.swift")]
    }
    guard room != nil || isFree else { return [] }
    let rooms = Set(table.map(\.name) + libraryRooms)
    var findings: [Finding] = []
    for (module, line) in importedModules(file) {
      if isFree {
        if !rooms.contains(module), !systemModules.contains(module) {
          findings.append(Finding(path: file.path, line: line, message: "import \(module): no such room"))
        }
        continue
      }
      guard let room, module != "Swift", module != room.name else { continue }
      if room.imports.contains(module) || room.system.contains(module) { continue }
      let kind = rooms.contains(module) ? "an arrow the import table does not have" : "not among its system modules"
      findings.append(Finding(path: file.path, line: line, message: "\(room.name) imports \(module): \(kind)"))
    }
    return findings
  }

  /// Module names with their lines; `@testable`, `public import` and `import struct X.Y` included.
  static func importedModules(_ file: SourceFile) -> [(module: String, line: Int)] {
    var found: [(String, Int)] = []
    for offset in file.occurrences(of: "import") {
      let line = file.line(at: offset)
      let lineStart = file.lineStarts[line - 1]
      let before = String(decoding: file.code[lineStart..<offset], as: UTF8.self)
      let isDeclaration = before.split(separator: " ").allSatisfy {
        $0.hasPrefix("@") || ["public", "internal", "package", "private", "fileprivate"].contains($0)
      }
      guard isDeclaration else { continue }
      var words = file.text(ofLine: line - 1).dropFirst(offset - lineStart + "import".utf8.count)
        .split(whereSeparator: { $0 == " " || $0 == ";" })
      let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias", "actor"]
      if let first = words.first, kinds.contains(first) { words.removeFirst() }
      if let module = words.first?.split(separator: ".").first { found.append((String(module), line)) }
    }
    return found
  }

  /// The `Room(name:imports:)` rows of Package.swift must say what the table says.
  static func package(_ file: SourceFile, table: [RoomRule] = importTable) -> [Finding] {
    var findings: [Finding] = []
    let text = String(decoding: file.bytes, as: UTF8.self)
    for (name, imports) in packageRooms(text) {
      guard let room = table.first(where: { $0.name == name }) else {
        findings.append(
          Finding(path: file.path, line: 1, message: "\(name) is missing in Tools/tidy/ImportTable.swift"))
        continue
      }
      let difference = Set(imports).symmetricDifference(room.imports).sorted()
      if !difference.isEmpty {
        let names = difference.joined(separator: ", ")
        findings.append(
          Finding(path: file.path, line: 1, message: "\(name): Package.swift and the import table differ in \(names)"))
      }
    }
    return findings
  }

  static func packageRooms(_ text: String) -> [(name: String, imports: [String])] {
    var rooms: [(String, [String])] = []
    // The executable's list stands by itself.
    if let list = text.range(of: "let marqueeImports = ["), let end = text[list.upperBound...].firstIndex(of: "]") {
      rooms.append(("marquee", quotedWords(text[list.upperBound..<end])))
    }
    for part in text.components(separatedBy: "Room(").dropFirst() {
      guard let nameLabel = part.range(of: "name: \""), let nameEnd = part[nameLabel.upperBound...].firstIndex(of: "\"")
      else { continue }
      let name = String(part[nameLabel.upperBound..<nameEnd])
      var imports: [String] = []
      if let list = part.range(of: "imports: ["), let end = part[list.upperBound...].firstIndex(of: "]") {
        imports = quotedWords(part[list.upperBound..<end])
      }
      rooms.append((name, imports))
    }
    return rooms
  }

  private static func quotedWords(_ text: Substring) -> [String] {
    text.components(separatedBy: "\"").enumerated().compactMap { $0.offset % 2 == 1 ? $0.element : nil }
  }
}
