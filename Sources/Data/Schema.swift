// Keyspaces, tables and columns as immutable values: a node reads one snapshot of them at a time, and a change
// makes a new snapshot with a higher epoch.

import Base

public enum ColumnKind: UInt8, Sendable { case partitionKey, clustering, `static`, regular }

public struct Column: Hashable, Sendable {
  public var name: String
  public var type: CQLType
  public var kind: ColumnKind
  /// Place within the partition key or the clustering; 0 for others.
  public var position: Int
  /// What cells carry in place of the name; never used again for another column of the table.
  public var id: UInt16
  /// Only for clustering columns.
  public var isDescending: Bool

  public init(
    name: String, type: CQLType, kind: ColumnKind, position: Int = 0, id: UInt16, isDescending: Bool = false
  ) {
    self.name = name
    self.type = type
    self.kind = kind
    self.position = position
    self.id = id
    self.isDescending = isDescending
  }
}

/// One table; a change of it is a new object.
public final class Table: Sendable {
  public let id: UUID
  /// The schema epoch in which it was made or last truncated: the prefix of its keys in storage.
  public let incarnation: UInt32
  public let keyspace: String
  public let name: String
  public let partitionKey: [Column]
  public let clustering: [Column]
  /// In the order of their names, as Cassandra shows them.
  public let statics: [Column]
  /// In the order of their names.
  public let regulars: [Column]
  public let options: TableOptions
  /// The id that the next added column gets.
  public let nextColumnID: UInt16
  private let byName: [String: Column]

  public init(
    id: UUID, incarnation: UInt32, keyspace: String, name: String, columns: [Column], options: TableOptions,
    nextColumnID: UInt16
  ) {
    self.id = id
    self.incarnation = incarnation
    self.keyspace = keyspace
    self.name = name
    partitionKey = columns.filter { $0.kind == .partitionKey }.sorted { $0.position < $1.position }
    clustering = columns.filter { $0.kind == .clustering }.sorted { $0.position < $1.position }
    statics = columns.filter { $0.kind == .static }.sorted { $0.name < $1.name }
    regulars = columns.filter { $0.kind == .regular }.sorted { $0.name < $1.name }
    self.options = options
    self.nextColumnID = nextColumnID
    byName = Dictionary(columns.map { ($0.name, $0) }) { first, _ in first }
  }

  /// Partition key, clustering, statics, regulars: the order of `SELECT *`.
  public var columns: [Column] { partitionKey + clustering + statics + regulars }

  public func column(named name: String) -> Column? { byName[name] }

  /// A copy with other columns, options or incarnation.
  public func changed(
    columns: [Column]? = nil, options: TableOptions? = nil, incarnation: UInt32? = nil, nextColumnID: UInt16? = nil
  ) -> Table {
    Table(
      id: id, incarnation: incarnation ?? self.incarnation, keyspace: keyspace, name: name,
      columns: columns ?? self.columns, options: options ?? self.options,
      nextColumnID: nextColumnID ?? self.nextColumnID)
  }
}

public struct TableOptions: Hashable, Sendable {
  public var comment = ""
  public var defaultTimeToLiveSeconds: Int32 = 0
  public var gcGraceSeconds: Int32 = 864_000
  /// Options that are accepted and shown again but change nothing here, such as compaction: name to CQL text.
  public var others: [String: String] = [:]

  public init() {}
}

/// How many replicas, and where.
public struct Replication: Hashable, Sendable {
  public enum Strategy: UInt8, Sendable { case simple, networkTopology, local }
  public var strategy: Strategy
  /// Simple: the one factor under the key "replication_factor". NetworkTopology: datacenter to factor.
  public var factors: [String: Int]

  public init(strategy: Strategy, factors: [String: Int]) {
    self.strategy = strategy
    self.factors = factors
  }

  public static func simple(_ factor: Int) -> Replication {
    Replication(strategy: .simple, factors: ["replication_factor": factor])
  }

  /// The strategy's class as Cassandra names it.
  public var className: String {
    switch strategy {
    case .simple: "org.apache.cassandra.locator.SimpleStrategy"
    case .networkTopology: "org.apache.cassandra.locator.NetworkTopologyStrategy"
    case .local: "org.apache.cassandra.locator.LocalStrategy"
    }
  }

  /// Replicas in all datacenters together.
  public var totalFactor: Int { factors.values.reduce(0, +) }
}

public final class Keyspace: Sendable {
  public let name: String
  public let replication: Replication
  public let durableWrites: Bool
  public let tables: [String: Table]

  public init(name: String, replication: Replication, durableWrites: Bool = true, tables: [String: Table] = [:]) {
    self.name = name
    self.replication = replication
    self.durableWrites = durableWrites
    self.tables = tables
  }

  /// A copy with one table put in, replaced or (nil) taken out.
  public func setting(_ table: Table?, named name: String) -> Keyspace {
    var tables = tables
    tables[name] = table
    return Keyspace(name: self.name, replication: replication, durableWrites: durableWrites, tables: tables)
  }
}

/// All keyspaces that users made, at one epoch. Of the system's, traces are stored and known to every schema
/// (Schema+Traces.swift), the others computed (room Query).
public final class Schema: Sendable {
  /// Grows by one with every change; who has the higher epoch has the newer schema.
  public let epoch: UInt32
  /// What drivers compare to see whether nodes agree.
  public let version: UUID
  public let keyspaces: [String: Keyspace]
  /// Random bytes that the cluster's nodes share and no client knows, made with the first change: what a node signs
  /// with them, every other one recognises. Empty before.
  public let secret: [UInt8]
  private let byID: [UUID: Table]

  public static let maxSecretBytes = 64

  public init(epoch: UInt32, keyspaces: [String: Keyspace], secret: [UInt8] = []) {
    precondition(secret.count <= Self.maxSecretBytes, "a secret of \(secret.count) bytes")
    self.epoch = epoch
    self.keyspaces = keyspaces
    self.secret = secret
    version = Self.version(epoch: epoch)
    let own = keyspaces.values.flatMap { $0.tables.values }
    byID = Dictionary((own + Self.traces.tables.values).map { ($0.id, $0) }) { first, _ in first }
  }

  /// Changes are put in order by one node, so the epoch alone names the schema: the version is the epoch in a UUID's
  /// clothes.
  public static func version(epoch: UInt32) -> UUID { UUID(random: 0x6D61_7271_7565_6500, UInt64(epoch)) }

  public static let empty = Schema(epoch: 0, keyspaces: [:])

  public func table(_ keyspace: String, _ name: String) -> Table? { self.keyspace(keyspace)?.tables[name] }
  public func table(id: UUID) -> Table? { byID[id] }

  /// The next epoch's schema, with one keyspace put in, replaced or (nil) taken out.
  public func setting(_ keyspace: Keyspace?, named name: String) -> Schema {
    var keyspaces = keyspaces
    keyspaces[name] = keyspace
    return Schema(epoch: epoch + 1, keyspaces: keyspaces, secret: secret)
  }

  /// The same with a secret, if it has none.
  public func sharing(secret new: [UInt8]) -> Schema {
    secret.isEmpty ? Schema(epoch: epoch, keyspaces: keyspaces, secret: new) : self
  }
}

extension Schema {
  /// Every table of every keyspace, in order of the names.
  public var tables: [Table] {
    keyspaces.sorted { $0.key < $1.key }.flatMap { $0.value.tables.sorted { $0.key < $1.key }.map(\.value) }
  }
}
