// Rooms: a Tests folder for each, a first comment in each file, and READMEs that name only what exists.

import Foundation

extension Check {
  /// A file begins with a comment that says its idea.
  static func header(_ file: SourceFile) -> [Finding] {
    guard file.path.hasSuffix(".swift"), !file.path.hasPrefix("Tests/"), file.path != "Package.swift" else { return [] }
    guard file.bytes.starts(with: Array("//".utf8)) else {
      return [
        Finding(path: file.path, line: 1, message: "begin with a comment: the idea, its source, deviations and why")
      ]
    }
    return []
  }

  /// Every room with Swift files has tests.
  static func rooms(paths: [String], table: [RoomRule] = importTable) -> [Finding] {
    table.compactMap { room in
      guard room.needsTests, paths.contains(where: { $0.hasPrefix(room.folder + "/") }) else { return nil }
      let folder = "Tests/\(room.name)/"
      if paths.contains(where: { $0.hasPrefix(folder) && $0.hasSuffix(".swift") }) { return nil }
      return Finding(path: room.folder, line: 1, message: "the room has no \(folder)")
    }
  }

  /// Paths in backticks that begin at the top of the tree, or beside the README, exist.
  static func readmePaths(_ file: SourceFile, exists: (String) -> Bool) -> [Finding] {
    guard file.path.hasSuffix("README.md") else { return [] }
    let folder = file.path.dropLast("README.md".count)
    var findings: [Finding] = []
    for index in 0..<file.lineStarts.count {
      let pieces = file.text(ofLine: index).split(separator: "`", omittingEmptySubsequences: false)
      for (number, piece) in pieces.enumerated() where number % 2 == 1 {
        guard let path = namedPath(String(piece)) else { continue }
        if exists(path) || exists(folder + path) { continue }
        findings.append(Finding(path: file.path, line: index + 1, message: "\(path) does not exist"))
      }
    }
    return findings
  }

  /// The path that a piece of inline code names, if it names one of the tree.
  static func namedPath(_ piece: String) -> String? {
    guard var path = piece.split(separator: " ").first.map(String.init) else { return nil }
    if path == "bash", let second = piece.split(separator: " ").dropFirst().first { path = String(second) }
    let tops = ["Sources/", "Tests/", "Cluster/", "Tools/", ".ci/", "Package.swift"]
    let isRelativeFile = path.contains("/") && (path.hasSuffix(".swift") || path.hasSuffix(".cql"))
    guard tops.contains(where: { path.hasPrefix($0) }) || isRelativeFile else { return nil }
    if path.contains(where: { "*<>{}$…".contains($0) }) || path.contains("...") { return nil }
    while path.hasSuffix("/") || path.hasSuffix(",") || path.hasSuffix(":") { path.removeLast() }
    return path
  }
}
