// The import table of the house, held apart from Package.swift on purpose: two people must agree before an arrow
// is added. `Check+Imports.swift` holds every `import` and Package.swift's own table against it.

/// What one room (a target of the package) may import besides itself.
struct RoomRule {
  var name: String
  /// The folder its files stand in, from the top of the tree.
  var folder: String
  var imports: [String]
  /// Modules of the system or the toolchain that it may see; the rest of the house knows only the standard library.
  var system: [String] = []
  /// A module map or a C shim has no Swift files and needs no Tests folder; the seams are tested through the Loop, and
  /// their doubles for tests through the tests that use them.
  var needsTests = true

  init(_ name: String, _ imports: [String] = [], system: [String] = [], folder: String? = nil, needsTests: Bool = true)
  {
    self.name = name
    self.folder = folder ?? "Sources/\(name)"
    self.imports = imports
    self.system = system
    self.needsTests = needsTests
  }
}

/// The libraries of Debian behind module maps: they import nothing of ours.
let libraryRooms = ["CLevelDB", "CZ", "CXXHash", "COpenSSL", "CLZ4", "CSnappy", "CZstd", "CUV", "CCurl", "CYAML"]

/// Bottom to top, as in Package.swift.
let importTable: [RoomRule] = [
  RoomRule("Base"),
  RoomRule("World", ["Base"], system: ["Synchronization"], needsTests: false),
  RoomRule("TestWorld", ["Base", "World"], folder: "Tests/TestWorld", needsTests: false),
  RoomRule("Crypto", ["Base", "COpenSSL"]),
  RoomRule("Codec", ["Base", "CZ", "CXXHash", "CLZ4", "CSnappy", "CZstd"]),
  RoomRule("Data", ["Base"]),
  RoomRule("Ring", ["Base"]),
  RoomRule("Loop", ["Base", "World", "CUV", "CCurl", "COpenSSL"], system: ["Glibc", "Synchronization"]),
  RoomRule("Storage", ["Base", "World", "Codec", "Data", "CLevelDB"]),
  RoomRule("Gossip", ["Base", "Ring"]),
  RoomRule("CQL", ["Base", "Data"]),
  RoomRule("Frames", ["Base", "Codec", "Data"]),
  RoomRule("HTTP", ["Base"]),
  RoomRule("Messages", ["Base", "Codec", "Data", "Ring", "Gossip"]),
  RoomRule("Replica", ["Base", "World", "Codec", "Data", "Storage"]),
  RoomRule("Coordinator", ["Base", "World", "Codec", "Data", "Ring", "Gossip"]),
  RoomRule("Metadata", ["Base", "Data", "Ring"]),
  RoomRule("Access", ["Base", "World", "Crypto"]),
  RoomRule("Query", ["Base", "World", "Crypto", "Data", "Ring", "CQL", "Coordinator", "Metadata"]),
  RoomRule("Media", ["Base", "World"]),
  RoomRule("Playback", ["Base", "World", "Data", "Query", "Crypto"]),
  RoomRule("Encoding", ["Base", "World", "Data", "Query", "Media", "Crypto"]),
  RoomRule("Web", ["Base", "World", "Data", "Crypto", "HTTP", "Query", "Playback", "Encoding"]),
  RoomRule(
    "Server",
    [
      "Base", "World", "Data", "Ring", "Gossip", "Coordinator", "Metadata", "CQL", "Frames", "HTTP", "Messages",
      "Query", "Replica", "Web", "Access", "Codec",
    ]),
  RoomRule(
    "Node",
    [
      "Base", "World", "Crypto", "Codec", "Data", "Ring", "Storage", "Gossip", "CQL", "Frames", "HTTP", "Messages",
      "Replica", "Coordinator", "Metadata", "Query", "Media", "Playback", "Encoding", "Web", "Server",
      "Access",
    ]),
  RoomRule("Checkers", ["Base"], folder: "Cluster/Checkers"),
  RoomRule("Workloads", ["Base", "World", "Data", "Ring", "Frames", "Checkers"], folder: "Cluster/Workloads"),
  RoomRule(
    "Simulator",
    [
      "Base", "World", "Data", "Ring", "Storage", "Query", "Coordinator", "Replica", "Node", "Codec", "Metadata",
      "Frames", "Checkers", "Workloads",
    ],
    folder: "Cluster/Simulator"),
  RoomRule(
    "marquee",
    [
      "Base", "World", "Loop", "Data", "Storage", "Crypto", "Media", "Encoding", "Node", "Simulator", "Workloads",
      "CYAML", "Access",
    ], system: ["Glibc"]),
  RoomRule("tidy", system: ["Foundation"], folder: "Tools/tidy"),
]

/// Module names that are the toolchain's or the system's, so that an unknown name is told from a forbidden one.
let systemModules: Set<String> = [
  "Swift", "Glibc", "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Testing", "XCTest",
  "_Concurrency", "_StringProcessing", "RegexBuilder", "Observation", "Distributed", "Cxx", "CxxStdlib",
]
