// swift-tools-version: 6.2
// The house's floor plan: what each target may see. `Tools/tidy` holds the same table against the
// imports of every file; Sources/README.md says what each room is for.
import PackageDescription

let settings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableExperimentalFeature("Lifetimes"),
]
let testSettings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A target of Sources and what it may import; `tests` are what its tests import besides it.
struct Room {
  var name: String
  var imports: [String] = []
  var path: String?
  var tests: [String]? = []
  /// Files of the folder that are not Swift's.
  var exclude: [String] = []
}

let rooms: [Room] = [
  Room(name: "Base"),
  Room(name: "World", imports: ["Base"], tests: nil),
  // What tests of several rooms share; nothing of Sources imports it.
  Room(name: "TestWorld", imports: ["Base", "World"], path: "Tests/TestWorld", tests: nil),
  Room(name: "Crypto", imports: ["Base", "COpenSSL"]),
  Room(name: "Codec", imports: ["Base", "CZ", "CXXHash", "CLZ4", "CSnappy", "CZstd"]),
  Room(name: "Data", imports: ["Base"]),
  Room(name: "Ring", imports: ["Base"]),
  Room(name: "Loop", imports: ["Base", "World", "CUV", "CCurl", "COpenSSL"]),
  Room(
    name: "Storage", imports: ["Base", "World", "Codec", "Data", "CLevelDB"], tests: ["TestWorld"]),
  Room(name: "Gossip", imports: ["Base", "Ring"]),
  Room(name: "CQL", imports: ["Base", "Data"]),
  Room(name: "Frames", imports: ["Base", "Codec", "Data"]),
  Room(name: "HTTP", imports: ["Base"]),
  Room(name: "Messages", imports: ["Base", "Codec", "Data", "Ring", "Gossip"]),
  Room(name: "Replica", imports: ["Base", "World", "Codec", "Data", "Storage"], tests: ["TestWorld"]),
  Room(
    name: "Coordinator", imports: ["Base", "World", "Codec", "Data", "Ring", "Gossip"], tests: ["TestWorld"]),
  Room(name: "Metadata", imports: ["Base", "Data", "Ring"]),
  Room(name: "Access", imports: ["Base", "World", "Crypto"], tests: ["TestWorld"]),
  Room(
    name: "Query", imports: ["Base", "World", "Crypto", "Data", "Ring", "CQL", "Coordinator", "Metadata"],
    tests: ["Storage", "CLevelDB", "TestWorld"]),
  Room(name: "Media", imports: ["Base", "World"]),
  Room(name: "Playback", imports: ["Base", "World", "Data", "Query", "Crypto"], tests: ["TestWorld"]),
  Room(
    name: "Encoding", imports: ["Base", "World", "Data", "Query", "Media", "Crypto"], tests: ["TestWorld"]),
  Room(
    name: "Web", imports: ["Base", "World", "Data", "Crypto", "HTTP", "Query", "Playback", "Encoding"],
    tests: ["TestWorld"]),
  Room(
    name: "Server",
    imports: [
      "Base", "World", "Data", "Ring", "Gossip", "Coordinator", "Metadata", "CQL", "Frames", "HTTP",
      "Messages", "Query", "Replica", "Web", "Access", "Codec",
    ], tests: ["Storage", "TestWorld"]),
  Room(
    name: "Node",
    imports: [
      "Base", "World", "Crypto", "Codec", "Data", "Ring", "Storage", "Gossip", "CQL", "Frames",
      "HTTP", "Messages", "Replica", "Coordinator", "Metadata", "Query", "Media", "Playback", "Encoding",
      "Web", "Server", "Access",
    ]),
  Room(name: "Checkers", imports: ["Base"], path: "Cluster/Checkers"),
  Room(
    name: "Workloads", imports: ["Base", "World", "Data", "Ring", "Frames", "Checkers"], path: "Cluster/Workloads",
    exclude: ["bench.py", "cluster.py", "counts.py", "demo.py", "steady_inserts.py"]),
  Room(
    name: "Simulator",
    imports: [
      "Base", "World", "Data", "Ring", "Storage", "Frames", "Query", "Coordinator", "Replica", "Node", "Codec",
      "Metadata", "Checkers", "Workloads",
    ],
    path: "Cluster/Simulator"),
]

/// What the executable imports.
let marqueeImports = [
  "Base", "World", "Loop", "Data", "Storage", "Crypto", "Media", "Encoding", "Node", "Simulator", "Workloads",
  "CYAML", "Access",
]

/// Module maps over Debian's libraries; CLevelDB and CUV carry a small shim each.
let libraries: [Target] = [
  .systemLibrary(name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
  .systemLibrary(name: "CZ", path: "Sources/CZ", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .systemLibrary(
    name: "CXXHash", path: "Sources/CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
  .systemLibrary(name: "CLZ4", path: "Sources/CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
  .systemLibrary(name: "CSnappy", path: "Sources/CSnappy", providers: [.apt(["libsnappy-dev"])]),
  .systemLibrary(name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
  .target(name: "CUV", path: "Sources/CUV", linkerSettings: [.linkedLibrary("uv")]),
  .target(name: "CCurl", path: "Sources/CCurl", linkerSettings: [.linkedLibrary("curl")]),
  .target(
    name: "CLevelDB", path: "Sources/CLevelDB", cxxSettings: [.unsafeFlags(["-std=c++17"])],
    linkerSettings: [.linkedLibrary("leveldb"), .linkedLibrary("stdc++")]),
  .systemLibrary(name: "CYAML", path: "Sources/CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
]

/// `MARQUEE_ONLY=Storage,CQL` narrows the package to those rooms, what they need, and their tests.
let only = Context.environment["MARQUEE_ONLY"].map { Set($0.split(separator: ",").map(String.init)) }

func needed(by names: Set<String>) -> Set<String> {
  var all = names
  var open = Array(names)
  while let name = open.popLast() {
    let imports = name == "marquee" ? marqueeImports : rooms.first { $0.name == name }?.imports ?? []
    for next in imports where all.insert(next).inserted {
      open.append(next)
    }
  }
  return all
}

let wanted = only.map { names in
  needed(by: names.union(rooms.filter { names.contains($0.name) }.flatMap { $0.tests ?? [] }))
}
func isWanted(_ name: String) -> Bool { wanted?.contains(name) ?? true }
func isTested(_ name: String) -> Bool { only?.contains(name) ?? true }

var targets: [Target] = libraries.filter { isWanted($0.name) }
for room in rooms where isWanted(room.name) {
  targets.append(
    .target(
      name: room.name, dependencies: room.imports.map { .byName(name: $0) },
      path: room.path ?? "Sources/\(room.name)", exclude: room.exclude, swiftSettings: settings))
  if let extra = room.tests, isTested(room.name) {
    targets.append(
      .testTarget(
        name: "\(room.name)Tests",
        dependencies: ([room.name] + room.imports + extra).map { .byName(name: $0) },
        path: "Tests/\(room.name)", swiftSettings: testSettings))
  }
}
for (name, path, imports) in [("marquee", "Sources/marquee", marqueeImports), ("tidy", "Tools/tidy", [])]
where isTested(name) {
  let dependencies = imports.map { Target.Dependency.byName(name: $0) }
  targets.append(
    .executableTarget(
      name: name, dependencies: dependencies, path: path, swiftSettings: settings,
      // Fewer microseconds and bytes than the C library's allocator (Sources/README.md, "Decided by measuring").
      linkerSettings: name == "marquee" ? [.linkedLibrary("jemalloc")] : []))
  targets.append(
    .testTarget(
      name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, path: "Tests/\(name)",
      swiftSettings: testSettings))
}

let package = Package(name: "marquee", targets: targets, swiftLanguageModes: [.v6], cxxLanguageStandard: .cxx17)
