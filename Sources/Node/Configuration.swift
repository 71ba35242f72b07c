// What one node is told at its start: plain values, checked by whoever made them (the YAML reader of the command
// line, a test, the simulator). Durations and sizes carry their unit in their names; every limit of the node that an
// operator may want to change stands here, and nowhere else.

import World

/// One node's configuration. The defaults suit several nodes on a laptop.
public struct Configuration: Hashable, Sendable {
  /// When a write is acknowledged: `periodic` once the log has it (synced at most 100 ms later), `group` once it is
  /// synced, one fdatasync for all that came meanwhile.
  public enum Durability: String, CaseIterable, Hashable, Sendable {
    case periodic, group
  }

  /// Who may speak CQL, in Cassandra's words.
  public enum Authentication: String, CaseIterable, Hashable, Sendable {
    /// Everybody who reaches the port.
    case allowAll = "AllowAllAuthenticator"
    /// Who has a name and a password in the credentials file.
    case password = "PasswordAuthenticator"
  }

  /// Where the node listens. Drivers use the CQL address of every node, peers the internode one.
  public struct Listen: Hashable, Sendable {
    public var cql: Endpoint
    public var http: Endpoint
    public var internode: Endpoint
    /// Metrics, health, status: not for the public.
    public var admin: Endpoint

    public init(address: String, cqlPort: UInt16, httpPort: UInt16, internodePort: UInt16, adminPort: UInt16) {
      cql = Endpoint(address, cqlPort)
      http = Endpoint(address, httpPort)
      internode = Endpoint(address, internodePort)
      admin = Endpoint(address, adminPort)
    }
  }

  /// Budgets of memory, named.
  public struct Memory: Hashable, Sendable {
    /// LevelDB's write buffer; it holds two.
    public var writeBufferBytes = 4 << 20
    /// LevelDB's cache of table blocks.
    public var blockCacheBytes = 32 << 20
    /// Merged rows, in front of LevelDB.
    public var rowCacheBytes = 64 << 20
    /// Output that one connection may have waiting before the node reads no more from it.
    public var connectionOutputBytes = 8 << 20
    /// Prepared statements, by the length of their text.
    public var preparedStatementBytes = 4 << 20

    public init() {}
  }

  /// Over a limit: OVERLOADED, 429, or stop reading; never growth.
  public struct Limits: Hashable, Sendable {
    /// A native-protocol frame's body.
    public var frameBytes = 16 << 20
    /// One mutation, as Cassandra's `max_mutation_size`.
    public var mutationBytes = 8 << 20
    /// Connections of drivers; above what a driver that opens a thousand needs besides.
    public var cqlConnections = 4096
    public var httpConnections = 1024
    /// CQL requests that one connection may have under way.
    public var requestsPerConnection = 1024
    /// CQL requests that the node may have under way.
    public var requestsInFlight = 16384
    /// A page of rows, whatever the driver asked for.
    public var pageRows = 10_000
    /// Hints kept on disk for nodes that are down.
    public var hintBytes = 256 << 20
    /// One uploaded clip.
    public var uploadBytes = 16 << 30

    public init() {}
  }

  /// How long a coordinator waits for replicas.
  public struct Timeouts: Hashable, Sendable {
    public var readMilliseconds = 5_000
    public var writeMilliseconds = 2_000

    public init() {}
  }

  /// How this node encodes.
  public struct Encoding: Hashable, Sendable {
    /// Absolute path of ffmpeg; empty: the one of `Tools/setup` if it stands, else the system's.
    public var ffmpegPath = ""
    /// Absolute path of ffprobe; empty as above.
    public var ffprobePath = ""
    /// Encodes at a time; 0: this node takes no jobs.
    public var workers = 1
    /// Threads that one ffmpeg may use; 0: as many as there are cores.
    public var threads = 0
    /// CPU seconds that one ffmpeg may use.
    public var cpuSeconds = 4 * 3600

    public init() {}
  }

  /// Nodes of another cluster are refused.
  public var clusterName: String
  public var datacenter = "datacenter1"
  public var rack = "rack1"
  /// The store's folder: one node alone may have it open.
  public var dataDirectory: String
  /// Uploads, work in progress and published media.
  public var mediaDirectory: String
  public var listen: Listen
  /// Internode addresses of the nodes that order schema changes and are asked first; in the same order on all nodes.
  public var seeds: [Endpoint]
  public var tokenCount = 16
  public var durability = Durability.periodic
  /// Event loops, a thread each.
  public var loops = 1
  /// The secret that signs bearer tokens, the same on every node; empty: the HTTP API admits nobody.
  public var tokenSecret: [UInt8] = []
  /// Of drivers' connections.
  public var clientSecurity = WireSecurity.plain
  /// Of connections between nodes, both ways.
  public var internodeSecurity = WireSecurity.plain
  public var authentication = Authentication.allowAll
  /// The file that `Authentication.password` checks against; absolute.
  public var credentialsFile = ""
  public var memory = Memory()
  public var limits = Limits()
  public var timeouts = Timeouts()
  public var recovery = Recovery()
  public var encoding = Encoding()

  /// Whether there are files of keys or passwords that may change while the node runs.
  public var isSecured: Bool { clientSecurity != .plain || internodeSecurity != .plain || authentication == .password }

  public init(clusterName: String, dataDirectory: String, mediaDirectory: String, listen: Listen, seeds: [Endpoint]) {
    self.clusterName = clusterName
    self.dataDirectory = dataDirectory
    self.mediaDirectory = mediaDirectory
    self.listen = listen
    self.seeds = seeds
  }
}
