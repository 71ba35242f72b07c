// The words that code here may not say, each with its reason and the few files that may. This is the whole list:
// an exception is added here, in sight, with its reason beside it.

/// A pattern of code that is refused outside the named places.
struct Ban {
  enum Pattern {
    /// The text, where no identifier character stands before it (and none behind it, if it ends in one).
    case text(String)
    /// `x!`: a force unwrap or an implicitly unwrapped type.
    case forceUnwrap
    /// `any P`, not a name that is spelled so.
    case existential
  }
  var name: String
  var patterns: [Pattern]
  /// What to do instead.
  var advice: String
  /// Folders the ban holds in; a path is in a folder when it begins with it.
  var folders: [String]
  /// Files or folders inside those that may use it, each with its reason in a comment.
  var allowed: [String] = []
}

/// Where the nodes' own code stands.
let nodeFolders = ["Sources/", "Cluster/Simulator/"]
let allFolders = ["Sources/", "Cluster/", "Tests/", "Tools/"]

/// Rooms on the path of a CQL request: bytes, core, directives; nothing suspends there.
let dataPathFolders = [
  "Sources/Base/", "Sources/Codec/", "Sources/Data/", "Sources/Ring/", "Sources/Storage/", "Sources/Gossip/",
  "Sources/CQL/", "Sources/Frames/", "Sources/HTTP/", "Sources/Messages/", "Sources/Replica/", "Sources/Coordinator/",
  "Sources/Metadata/", "Sources/Crypto/",
]

let houseBans: [Ban] = [
  Ban(
    name: "try!", patterns: [.text("try!")], advice: "handle the error, or state the invariant with precondition",
    folders: allFolders),
  Ban(
    name: "force unwrap", patterns: [.forceUnwrap],
    advice: "use guard let, #require in a test, or a precondition that says what must hold", folders: allFolders),
  Ban(name: "as!", patterns: [.text("as!")], advice: "use as? and say what happens otherwise", folders: allFolders),
  Ban(
    name: "print", patterns: [.text("print("), .text("debugPrint("), .text("dump(")],
    advice: "log through Base's Logger", folders: nodeFolders,
    allowed: ["Sources/marquee/"]),  // the command line speaks to a person
  Ban(
    name: "a task of Dispatch's pool",
    patterns: [.text("Task {"), .text("Task{"), .text("Task("), .text("Task.detached")],
    advice: "start it through World's Spawner, which keeps it on the loop's thread", folders: nodeFolders + ["Tests/"],
    allowed: [
      // Nothing yet: Spawner's one leaf uses Task.immediate.
    ]),
  Ban(
    name: "async let", patterns: [.text("async let")], advice: "children start through World's Spawner",
    folders: nodeFolders + ["Tests/"]),
  Ban(
    name: "@concurrent", patterns: [.text("@concurrent")], advice: "work that blocks goes to World's Workers",
    folders: nodeFolders + ["Tests/"]),
  Ban(
    name: "a sleep", patterns: [.text("Task.sleep"), .text("Thread.sleep"), .text("usleep("), .text("nanosleep(")],
    advice: "wait for a condition with a deadline on World's Timers", folders: allFolders),
  Ban(
    name: "system randomness",
    patterns: [
      .text(".random(in"), .text("Bool.random("), .text(".shuffled()"), .text(".shuffle()"), .text(".randomElement()"),
      .text("SystemRandomNumberGenerator"), .text("arc4random"), .text("getrandom("), .text("getentropy("),
      .text("RAND_bytes"),
    ],
    advice: "draw from World's Entropy, or a SeededGenerator whose seed is printed", folders: nodeFolders + ["Tests/"],
    allowed: ["Sources/Loop/"]),  // the real side of the seam
  Ban(
    name: "the wall clock",
    patterns: [
      .text("ContinuousClock"), .text("SuspendingClock"), .text("clock_gettime("), .text("gettimeofday("),
      .text("Date()"), .text("time(nil)"), .text("DispatchTime"), .text("DispatchQueue"), .text("uv_hrtime("),
    ],
    advice: "read World's Clock", folders: nodeFolders + ["Tests/"],
    allowed: ["Sources/Loop/", "Tests/Loop/"]),  // the real side of the seam, and its test
  Ban(
    name: "an unchecked promise to the compiler",
    patterns: [.text("@unchecked Sendable"), .text("nonisolated(unsafe)")],
    advice: "keep it on one loop, or make it Sendable by its parts", folders: allFolders,
    allowed: uncheckedFiles),
  Ban(
    name: "async on the data path", patterns: [.text("async")],
    advice: "the data path is bytes, core, directives: use a completion", folders: dataPathFolders),
  Ban(
    name: "a trap in a decoder",
    patterns: [.text("precondition("), .text("preconditionFailure("), .text("fatalError("), .text("assert(")],
    advice: "bytes from outside throw a typed error (exactly:), they never trap", folders: decoderFiles),
  Ban(
    name: "an existential on a hot path", patterns: [.existential],
    advice: "an existential allocates and hides the callee: use a generic or the type itself", folders: hotFiles),
]

/// What every request runs through.
let hotFiles = [
  "Sources/Base/ByteReader", "Sources/Base/ByteWriter", "Sources/Data/Merge", "Sources/Data/Partition",
  "Sources/Data/Entry", "Sources/Data/ClusteringCodec", "Sources/Storage/StorageKey", "Sources/Storage/ReadRun",
  "Sources/Storage/ReadCache", "Sources/Ring/", "Sources/Frames/", "Sources/Messages/",
  "Sources/Coordinator/ReadCore", "Sources/Coordinator/WriteCore",
]

/// Files in which bytes from outside are read.
let decoderFiles = [
  "Sources/Frames/", "Sources/Messages/", "Sources/HTTP/RequestParser", "Sources/HTTP/ByteRanges",
  "Sources/HTTP/Target", "Sources/HTTP/Dates", "Sources/CQL/Parser", "Sources/Data/EntryCodec",
  "Sources/Data/ClusteringCodec", "Sources/Media/Fragment.swift", "Sources/Media/Probe",
]

/// Where a type crosses threads by a protocol that the compiler cannot see.
let uncheckedFiles: [String] = [
  "Sources/World/Executor.swift",  // the loop's job queue: other threads only append, under its lock
  "Sources/World/Spawner.swift",  // the two leaves between completions and async code, both on the loop's thread
  "Sources/Loop/",  // hands work and completions between the loop and its workers, under its own lock
]

/// Words that no file of the tree may hold: paths of one person's machine.
let privateFolders = ["home", "root", "Users", "work", "workspace"]
