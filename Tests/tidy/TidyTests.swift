// Each rule of tidy on text that must pass and text that must not: a rule that finds nothing proves nothing.

import Testing

@testable import tidy

private func file(_ text: String, at path: String = "Sources/Ring/Token.swift") -> SourceFile {
  SourceFile(path: path, text: text)
}

private func messages(_ findings: [Finding]) -> [String] { findings.map { "\($0.line): \($0.message)" } }

@Suite struct ScannerTests {
  @Test func commentsAndStringsAreNoCode() {
    let source = file(
      ##"""
      let a = "try! \(b!) \"x!" // c!
      /* d! /* e! */ f! */ let g = #"h! \(i!) \#(j!)"#
      """##)
    let code = String(decoding: source.code, as: UTF8.self)
    for kept in ["let a", "b!", "let g", "j!"] { #expect(code.contains(kept)) }
    for gone in ["try!", "x!", "c!", "d!", "e!", "f!", "h!", "i!"] { #expect(!code.contains(gone)) }
    #expect(String(decoding: source.comments, as: UTF8.self).contains("f!"))
  }

  @Test func multilineStringsEndWhereTheyEnd() {
    let source = file("let a = \"\"\"\n  x! \"y!\" \n  \"\"\"\nlet b = c!\n")
    #expect(messages(Check.bans(source)).count == 1)
    #expect(Check.bans(source).first?.line == 4)
  }

  @Test func linesAreCountedFromOne() {
    let source = file("a\nb\n\nc\n")
    #expect(source.lineCount == 4)
    #expect(source.line(at: 0) == 1)
    #expect(source.line(at: 5) == 4)
    #expect(source.text(ofLine: 3) == "c")
  }
}

@Suite struct ImportTests {
  @Test func anArrowOutsideTheTableIsFound() {
    let source = file("// x\nimport Base\nimport Storage\n@testable import Glibc\n")
    #expect(
      messages(Check.imports(source)) == [
        "3: Ring imports Storage: an arrow the import table does not have",
        "4: Ring imports Glibc: not among its system modules",
      ])
  }

  @Test func importsInProseAndOtherWordsAreNoArrows() {
    #expect(Check.imports(file("// import Storage\nlet important = \"import Storage\"\n")).isEmpty)
  }

  @Test func kindsAndAccessLevelsAreSeenThrough() {
    let found = Check.importedModules(file("public import struct Storage.Key\nimport Base; let a = 1\n"))
    #expect(found.map(\.module) == ["Storage", "Base"])
  }

  @Test func testsAndClusterMayImportAnyRoomThatExists() {
    #expect(Check.imports(file("import Storage\nimport Testing\n", at: "Tests/Ring/A.swift")).isEmpty)
    #expect(!Check.imports(file("import Storag\n", at: "Tests/Ring/A.swift")).isEmpty)
    #expect(!Check.imports(file("import Loop\n", at: "Cluster/Simulator/A.swift")).isEmpty)
  }

  @Test func aRoomAmongTheTestsIsHeldToItsRowAndForTestsOnly() {
    let world = "Tests/TestWorld/A.swift"
    #expect(Check.imports(file("import World\n", at: world)).isEmpty)
    #expect(!Check.imports(file("import Storage\n", at: world)).isEmpty)
    #expect(Check.imports(file("import TestWorld\n", at: "Tests/Web/A.swift")).isEmpty)
    #expect(!Check.imports(file("import TestWorld\n", at: "Sources/Web/A.swift")).isEmpty)
  }

  @Test func aFolderThatIsNoRoomIsFound() {
    #expect(!Check.imports(file("", at: "Sources/Attic/A.swift")).isEmpty)
  }

  @Test func packageAndTableMustAgree() {
    let table = [RoomRule("A", ["B", "C"]), RoomRule("B"), RoomRule("C")]
    let agreed = "Room(name: \"A\", imports: [\"B\", \"C\"]),\nRoom(\n name: \"B\"),"
    #expect(Check.package(file(agreed, at: "Package.swift"), table: table).isEmpty)
    let found = Check.package(file("Room(name: \"A\", imports: [\"B\"])", at: "Package.swift"), table: table)
    #expect(messages(found) == ["1: A: Package.swift and the import table differ in C"])
    #expect(!Check.package(file("Room(name: \"D\")", at: "Package.swift"), table: table).isEmpty)
  }
}

@Suite struct BanTests {
  /// Code that must be refused in the folder named, and the rule that refuses it.
  static let refused: [(code: String, path: String, rule: String)] = [
    ("let a = try! b()", "Sources/Data/A.swift", "try!"),
    ("let a = b!", "Sources/Data/A.swift", "force unwrap"),
    ("let a = b[0]!.c", "Tests/Data/A.swift", "force unwrap"),
    ("var a: Int!", "Sources/Data/A.swift", "force unwrap"),
    ("let a = b as! C", "Cluster/Simulator/A.swift", "as!"),
    ("print(a)", "Sources/Data/A.swift", "print"),
    ("Task { await a() }", "Sources/Node/A.swift", "a task of Dispatch's pool"),
    ("Task.detached { }", "Sources/Web/A.swift", "a task of Dispatch's pool"),
    ("async let a = b()", "Sources/Web/A.swift", "async let"),
    ("@concurrent func a() {}", "Sources/Web/A.swift", "@concurrent"),
    ("try await Task.sleep(for: a)", "Tests/Web/A.swift", "a sleep"),
    ("let a = Int.random(in: b)", "Sources/Data/A.swift", "system randomness"),
    ("let a = b.shuffled()", "Cluster/Simulator/A.swift", "system randomness"),
    ("let a = ContinuousClock.now", "Sources/Node/A.swift", "the wall clock"),
    ("final class A: @unchecked Sendable {}", "Sources/Data/A.swift", "an unchecked promise to the compiler"),
    ("func a() async {}", "Sources/Storage/A.swift", "async on the data path"),
    ("precondition(a)", "Sources/Frames/A.swift", "a trap in a decoder"),
    ("let a: any B", "Sources/Ring/A.swift", "an existential on a hot path"),
  ]

  @Test(arguments: refused) func isRefused(_ row: (code: String, path: String, rule: String)) {
    let found = Check.bans(file(row.code, at: row.path))
    #expect(found.contains { $0.message.hasPrefix(row.rule + ":") }, "\(row.code) in \(row.path)")
  }

  static let passed: [(code: String, path: String)] = [
    ("if a != b, !c { }", "Sources/Data/A.swift"),
    ("let a = try? b()", "Sources/Data/A.swift"),
    ("blueprint(a)", "Sources/Data/A.swift"),
    ("print(a)", "Sources/marquee/A.swift"),
    ("let a = context.random()", "Sources/CQL/A.swift"),
    ("final class A: @unchecked Sendable {}", "Sources/Loop/A.swift"),
    ("func a() async {}", "Sources/Web/A.swift"),
    ("precondition(a)", "Sources/Storage/A.swift"),
    ("let a = Int.random(in: 0..<9, using: &b)", "Tools/fuzz/A.swift"),
    ("let a: any B", "Sources/Web/A.swift"),
    ("case any = 0; a(.any)", "Sources/Ring/A.swift"),
    ("let isAsync = async_", "Sources/Storage/A.swift"),
  ]

  @Test(arguments: passed) func isPassed(_ row: (code: String, path: String)) {
    #expect(messages(Check.bans(file(row.code, at: row.path))) == [], "\(row.code) in \(row.path)")
  }

  @Test func unfinishedWorkNamesItsIssue() {
    #expect(Check.unfinished(file("// TODO: later")).count == 1)
    #expect(Check.unfinished(file("// TODO(#12): later")).isEmpty)
    #expect(Check.unfinished(file("let TODO = 1")).isEmpty)
    #expect(Check.unfinished(file("FIXME", at: "README.md")).count == 1)
  }

  @Test func pathsOfOneMachineAreFound() {
    #expect(Check.privatePaths(file("cd /home/ada/marquee", at: "README.md")).count == 1)
    #expect(Check.privatePaths(file("cd \"/root/x\"", at: "Tools/demo")).count == 1)
    #expect(Check.privatePaths(file("GET /api/v1/home and $HOME/x, media/home/x, /usr/lib/x", at: "README.md")).isEmpty)
  }
}

@Suite struct LengthTests {
  private func function(_ name: String, lines: Int) -> String {
    "func \(name)() {\n" + String(repeating: "  a()\n", count: lines - 2) + "}\n"
  }

  @Test func functionsAreMeasuredFromNameToBrace() {
    let text = """
      protocol P { func a(); func b(c: () -> Void) -> Int
        init()
      }
      struct S {
        init(a: Int = { 1 }()) where A: B {
          x()
        }
        func long(
          a: Int
        ) throws
          -> Int
        { 1 }
      }
      """
    #expect(
      Check.functionSpans(file(text)) == [
        FunctionSpan(name: "init", line: 5, lines: 3), FunctionSpan(name: "long", line: 8, lines: 5),
      ])
  }

  @Test func aLongFunctionIsFoundAndAnAllowanceMayOnlyShrink() {
    let path = "Sources/Ring/Token.swift"
    let text = file(function("a", lines: 80))
    #expect(Check.lengths(file(function("a", lines: 70))).isEmpty)
    #expect(messages(Check.lengths(text)) == ["1: a has 80 lines, over 70: would two be clearer?"])
    #expect(Check.lengths(text, functions: ["\(path) a": 80]).isEmpty)
    #expect(Check.lengths(text, functions: ["\(path) a": 79]).count == 1)
    #expect(Check.lengths(file(function("a", lines: 70)), functions: ["\(path) a": 80]).count == 1)
  }

  @Test func aLongFileAndALongLineAreFound() {
    #expect(Check.lengths(file(String(repeating: "a\n", count: 800))).isEmpty)
    #expect(Check.lengths(file(String(repeating: "a\n", count: 801))).count == 1)
    #expect(Check.lengths(file(String(repeating: "é", count: 120))).isEmpty)
    #expect(Check.lengths(file(String(repeating: "é", count: 121))).count == 1)
  }
}

@Suite struct RoomTests {
  @Test func aRoomWithoutTestsIsFound() {
    let table = [RoomRule("A"), RoomRule("B"), RoomRule("C", needsTests: false)]
    let paths = ["Sources/A/A.swift", "Sources/B/B.swift", "Sources/C/C.swift", "Tests/A/ATests.swift"]
    #expect(messages(Check.rooms(paths: paths, table: table)) == ["1: the room has no Tests/B/"])
  }

  @Test func aFileBeginsWithItsIdea() {
    #expect(Check.header(file("import Base\n")).count == 1)
    #expect(Check.header(file("// Tokens.\nimport Base\n")).isEmpty)
  }

  @Test func aReadmeNamesOnlyWhatExists() {
    let text =
      "See `Sources/Ring/Token.swift`, `Tools/demo --check`, `bash .ci/run`, `Ring/Gone.swift`, `Tools/gone`, `a/b`."
    let there: Set<String> = ["Sources/Ring/Token.swift", "Tools/demo", ".ci/run"]
    let found = Check.readmePaths(file(text, at: "Sources/README.md")) { there.contains($0) }
    #expect(messages(found).sorted() == ["1: Ring/Gone.swift does not exist", "1: Tools/gone does not exist"])
  }
}
