// Every key of the configuration file: its place, its type and range, its default, and the words above it. The reader
// and the writer both go through this one table, so a file that `cluster up` writes, the topologies in
// `Cluster/topologies` and what `serve` takes cannot drift apart.

import Node
import World

/// A file's values before paths and secrets are resolved.
struct ConfigurationFile: Equatable {
  var address = ""
  var ports = (cql: 9042, http: 8080, internode: 7000, admin: 10000)
  var seeds: [String] = []
  var mediaDirectory = ""
  var tokenSecretFile = ""
  var authenticator = Configuration.Authentication.allowAll.rawValue
  var credentialsFile = ""
  var clientEncryption = ClientEncryption()
  var serverEncryption = ServerEncryption()
  /// Its listen addresses, seeds and media folder are filled in when the whole file was read.
  var values = Configuration(
    clusterName: "", dataDirectory: "", mediaDirectory: "",
    listen: .init(address: "", cqlPort: 0, httpPort: 0, internodePort: 0, adminPort: 0), seeds: [])

  static func == (left: Self, right: Self) -> Bool {
    left.address == right.address && left.ports == right.ports && left.seeds == right.seeds
      && left.mediaDirectory == right.mediaDirectory && left.tokenSecretFile == right.tokenSecretFile
      && left.authenticator == right.authenticator && left.credentialsFile == right.credentialsFile
      && left.clientEncryption == right.clientEncryption && left.serverEncryption == right.serverEncryption
      && left.values == right.values
  }
}

/// One key.
struct ConfigurationKey {
  enum Kind {
    case flag(WritableKeyPath<ConfigurationFile, Bool>)
    /// One of some words.
    case choice(WritableKeyPath<ConfigurationFile, String>, [String])
    /// Text as it stands.
    case text(WritableKeyPath<ConfigurationFile, String>)
    /// A whole number in a range.
    case integer(WritableKeyPath<ConfigurationFile, Int>, ClosedRange<Int>)
    /// A number of MiB in the file, bytes in the node.
    case mebibytes(WritableKeyPath<ConfigurationFile, Int>, ClosedRange<Int>)
    /// Addresses.
    case addresses(WritableKeyPath<ConfigurationFile, [String]>)
    case durability
  }

  /// The mapping it stands in; nil: the top.
  var section: String?
  var name: String
  var kind: Kind
  var isRequired = false
  /// What a person reads above the key.
  var comment: String

  var path: String { section.map { "\($0).\(name)" } ?? name }
}

/// A heading of the file.
struct ConfigurationSection {
  var name: String
  var comment: String
}

extension ConfigurationKey {
  static var sections: [ConfigurationSection] {
    [
      ConfigurationSection(
        name: "listen", comment: "Where the node listens. One address for all; each port must be free."),
      clientEncryptionSection, serverEncryptionSection,
      ConfigurationSection(name: "memory", comment: "Budgets of memory."),
      ConfigurationSection(
        name: "limits", comment: "Over a limit a client is told so (OVERLOADED, 429) or waits; nothing grows."),
      ConfigurationSection(name: "timeouts", comment: "How long a coordinator waits for replicas, in milliseconds."),
      recoverySection,
      ConfigurationSection(name: "encoding", comment: "How this node encodes."),
    ]
  }

  /// In the order of the file.
  static var all: [ConfigurationKey] {
    top + listen + clientEncryption + serverEncryption + memory + limits + timeouts + recovery + encoding
  }

  private static var top: [ConfigurationKey] {
    [
      ConfigurationKey(
        name: "cluster_name", kind: .text(\.values.clusterName), isRequired: true,
        comment: "The cluster's name. A node of another cluster is refused."),
      ConfigurationKey(
        name: "data_directory", kind: .text(\.values.dataDirectory), isRequired: true,
        comment: "The store's folder, for this node alone. A relative path begins at this file's folder."),
      ConfigurationKey(
        name: "media_directory", kind: .text(\.mediaDirectory),
        comment: "Uploads and published media. Empty: media, inside the data directory."),
      ConfigurationKey(
        name: "seeds", kind: .addresses(\.seeds),
        comment:
          "Nodes that are asked first and that order schema changes: the same list, in the same order, on every\n"
          + "node, as ADDRESS or ADDRESS:PORT. Empty: this node is its own seed."),
      ConfigurationKey(name: "datacenter", kind: .text(\.values.datacenter), comment: "Where the node stands."),
      ConfigurationKey(name: "rack", kind: .text(\.values.rack), comment: ""),
      ConfigurationKey(
        name: "num_tokens", kind: .integer(\.values.tokenCount, 1...256),
        comment: "Ranges of the ring this node takes. Fixed when its data directory is made."),
      ConfigurationKey(
        name: "durability", kind: .durability,
        comment:
          "When a write is acknowledged. periodic: when the log has it; it is synced at most 100 ms later, so a\n"
          + "killed process loses nothing, a machine without power its last moments. group: when it is synced."),
      ConfigurationKey(
        name: "loops", kind: .integer(\.values.loops, 1...1),
        comment: "Event loops, a thread each. This release runs one a node."),
      ConfigurationKey(
        name: "token_secret_file", kind: .text(\.tokenSecretFile),
        comment: "A file with the secret (at least 32 characters) that signs bearer tokens, the same on every node.\n"
          + "Empty: the HTTP API admits nobody. `marquee token` mints a token with it."),
    ] + authentication
  }

  private static var listen: [ConfigurationKey] {
    let ports = 1...65535
    return [
      ConfigurationKey(
        section: "listen", name: "address", kind: .text(\.address), isRequired: true,
        comment: "An IP address of this machine that drivers and the other nodes can reach."),
      ConfigurationKey(
        section: "listen", name: "cql_port", kind: .integer(\.ports.cql, ports), comment: "Cassandra drivers and cqlsh."
      ),
      ConfigurationKey(
        section: "listen", name: "http_port", kind: .integer(\.ports.http, ports), comment: "The API and media."),
      ConfigurationKey(
        section: "listen", name: "internode_port", kind: .integer(\.ports.internode, ports), comment: "The other nodes."
      ),
      ConfigurationKey(
        section: "listen", name: "admin_port", kind: .integer(\.ports.admin, ports),
        comment: "Metrics, health, status, ring: keep it from the public."),
    ]
  }

  private static var memory: [ConfigurationKey] {
    let sizes = 1...1 << 20
    return [
      ConfigurationKey(
        section: "memory", name: "write_buffer_mib", kind: .mebibytes(\.values.memory.writeBufferBytes, sizes),
        comment: "What the store gathers before it writes a table; it holds two."),
      ConfigurationKey(
        section: "memory", name: "block_cache_mib", kind: .mebibytes(\.values.memory.blockCacheBytes, sizes),
        comment: "Blocks of tables, as read from disk."),
      ConfigurationKey(
        section: "memory", name: "row_cache_mib", kind: .mebibytes(\.values.memory.rowCacheBytes, 0...1 << 20),
        comment: "Merged rows. 0: none."),
      ConfigurationKey(
        section: "memory", name: "connection_output_mib",
        kind: .mebibytes(\.values.memory.connectionOutputBytes, sizes),
        comment: "Answers that may wait for one slow client before the node reads no more from it."),
      ConfigurationKey(
        section: "memory", name: "prepared_statements_mib",
        kind: .mebibytes(\.values.memory.preparedStatementBytes, sizes), comment: "Prepared statements."),
    ]
  }

  private static var limits: [ConfigurationKey] {
    [
      ConfigurationKey(
        section: "limits", name: "frame_mib", kind: .mebibytes(\.values.limits.frameBytes, 1...256),
        comment: "One CQL frame."),
      ConfigurationKey(
        section: "limits", name: "mutation_mib", kind: .mebibytes(\.values.limits.mutationBytes, 1...128),
        comment: "One statement's data."),
      ConfigurationKey(
        section: "limits", name: "cql_connections", kind: .integer(\.values.limits.cqlConnections, 1...100_000),
        comment: "Connections of drivers."),
      ConfigurationKey(
        section: "limits", name: "http_connections", kind: .integer(\.values.limits.httpConnections, 1...100_000),
        comment: "Connections of players and API clients."),
      ConfigurationKey(
        section: "limits", name: "requests_per_connection",
        kind: .integer(\.values.limits.requestsPerConnection, 1...32_768),
        comment: "CQL requests under way on one connection."),
      ConfigurationKey(
        section: "limits", name: "requests_in_flight", kind: .integer(\.values.limits.requestsInFlight, 1...1_000_000),
        comment: "CQL requests under way on the node."),
      ConfigurationKey(
        section: "limits", name: "page_rows", kind: .integer(\.values.limits.pageRows, 1...1_000_000),
        comment: "Rows of one page, whatever the driver asks for."),
      ConfigurationKey(
        section: "limits", name: "hints_mib", kind: .mebibytes(\.values.limits.hintBytes, 1...1 << 20),
        comment: "Hints on disk for nodes that are down."),
      ConfigurationKey(
        section: "limits", name: "upload_mib", kind: .mebibytes(\.values.limits.uploadBytes, 1...1 << 24),
        comment: "One uploaded clip."),
    ]
  }

  private static var timeouts: [ConfigurationKey] {
    let range = 1...3_600_000
    return [
      ConfigurationKey(
        section: "timeouts", name: "read_ms", kind: .integer(\.values.timeouts.readMilliseconds, range), comment: ""),
      ConfigurationKey(
        section: "timeouts", name: "write_ms", kind: .integer(\.values.timeouts.writeMilliseconds, range), comment: ""),
    ]
  }

  private static var encoding: [ConfigurationKey] {
    [
      ConfigurationKey(
        section: "encoding", name: "ffmpeg", kind: .text(\.values.encoding.ffmpegPath),
        comment: "Absolute path. Empty: the one `Tools/setup` put in place, else the system's."),
      ConfigurationKey(
        section: "encoding", name: "ffprobe", kind: .text(\.values.encoding.ffprobePath),
        comment: "The same for ffprobe."),
      ConfigurationKey(
        section: "encoding", name: "workers", kind: .integer(\.values.encoding.workers, 0...256),
        comment: "Encodes at a time. 0: this node takes none."),
      ConfigurationKey(
        section: "encoding", name: "threads", kind: .integer(\.values.encoding.threads, 0...1024),
        comment: "Threads of one ffmpeg. 0: as many as there are cores."),
      ConfigurationKey(
        section: "encoding", name: "cpu_seconds", kind: .integer(\.values.encoding.cpuSeconds, 1...10_000_000),
        comment: "CPU time of one ffmpeg; after it the encode has failed."),
    ]
  }
}
