// tidy: the style guide as a program. It reads every file of the tree that git would keep, in milliseconds, and prints
// `file:line: message` for each breach; it exits 1 if there is any. The rules' tables are data, each in a file of its
// own: ImportTable.swift, Bans.swift, Lengths.swift. Tests/tidy tries each rule on text that must and must not pass.
//
// After TigerBeetle's tidy (a linter that is a test) and Pebble's internal/lint: rules that a person would otherwise
// repeat in review. Not a parser: what needs types is left to the compiler.

import Foundation

/// The checks, as functions from a file to findings.
enum Check {
  static func all(_ file: SourceFile, exists: (String) -> Bool) -> [Finding] {
    if file.path == "Package.swift" { return package(file) }
    return imports(file) + bans(file) + unfinished(file) + privatePaths(file) + lengths(file) + header(file)
      + readmePaths(file, exists: exists)
  }
}

@main struct Tidy {
  static func main() {
    let root = CommandLine.arguments.dropFirst().first ?? "."
    let paths = filePaths(root: root)
    var findings = Check.rooms(paths: paths)
    var files = 0
    let exists = { (path: String) in FileManager.default.fileExists(atPath: root + "/" + path) }
    for path in paths where isChecked(path) {
      guard let data = FileManager.default.contents(atPath: root + "/" + path) else { continue }
      files += 1
      findings += Check.all(SourceFile(path: path, bytes: [UInt8](data)), exists: exists)
    }
    for finding in findings.sorted() { print(finding) }
    if files == 0 {
      print("tidy: no files under \(root)")
      exit(2)
    }
    print("tidy: \(files) files, \(findings.count) findings")
    exit(findings.isEmpty ? 0 : 1)
  }

  /// Text that people wrote; not what tools make.
  static func isChecked(_ path: String) -> Bool {
    if path.hasPrefix("Tools/spikes/") { return false }  // measurements, kept as they were run
    let kinds = [".swift", ".md", ".sh", ".py", ".yaml", ".cql", ".c", ".h", ".cc", ".modulemap"]
    if kinds.contains(where: { path.hasSuffix($0) }) { return true }
    let name = path.split(separator: "/").last ?? ""
    return (path.hasPrefix("Tools/") || path.hasPrefix(".ci/")) && !name.contains(".")
  }

  /// Paths from the top of the tree, without what is built or hidden (but for `.ci`).
  static func filePaths(root: String) -> [String] {
    var found: [String] = []
    var open = [""]
    while let folder = open.popLast() {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
      for name in names where name == ".ci" || !name.hasPrefix(".") {
        if name == "__pycache__" { continue }
        let path = folder.isEmpty ? name : folder + "/" + name
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: root + "/" + path) else { continue }
        if attributes[.type] as? FileAttributeType == .typeDirectory { open.append(path) } else { found.append(path) }
      }
    }
    return found.sorted()
  }
}
