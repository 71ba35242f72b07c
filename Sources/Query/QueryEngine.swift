// The query engine of one node: statements in, results out. It parses and binds, keeps what is prepared, computes
// timestamps, and hands reads and writes to the coordinator; system tables it answers itself.
//
// Loop-bound. Completions run on the loop, once each; for what needs no replica within the call.

import Base
import CQL
import Coordinator
import Data
import Metadata
import Ring
import World

/// The way to the replicas.
public protocol DataPath: AnyObject {
  func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void)
  /// All of it happens, or nothing.
  func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void)
  func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void)
}

extension RequestCoordinator: DataPath {}

/// Who orders changes of the schema.
public protocol SchemaChanger: AnyObject {
  /// Runs a statement that changes the schema (`SchemaChange.apply`); completes when this node has the new schema. The
  /// event is nil where there is nothing to tell clients (TRUNCATE, IF NOT EXISTS on what exists).
  func change(
    _ statement: String, keyspace: String?, completion: @escaping (Result<SchemaChangeEvent?, QueryFailure>) -> Void)
}

public final class QueryEngine {
  public struct Configuration: Sendable {
    public var maxPreparedStatements = 10_000
    /// Of all prepared statements together, by `PreparedStatement.estimatedBytes`.
    public var maxPreparedBytes = 4 << 20
    /// Of a statement's text.
    public var maxStatementBytes = 1 << 20
    public var maxBatchStatements = 65_535
    /// Of the values in a batch over several partitions.
    public var batchWarnBytes = 5 << 10
    public var batchFailBytes = 50 << 10
    /// An unlogged batch over more partitions gets a warning.
    public var batchWarnPartitions = 10
    /// Whatever the client asks for.
    public var maxPageRows = 100_000
    /// Of the values of one statement.
    public var maxMutationBytes = 16 << 20
    /// How far a driver's timestamp may be ahead of this node's clock.
    public var maxFutureMicroseconds: Int64 = 24 * 3600 * 1_000_000

    public init() {}
  }

  public struct Counters: Sendable {
    public var selects: UInt64 = 0
    public var modifications: UInt64 = 0
    public var batches: UInt64 = 0
    public var schemaChanges: UInt64 = 0
    public var traces: UInt64 = 0
    public var failures: UInt64 = 0
  }

  public let metadata: Metadata
  public internal(set) var counters = Counters()
  /// The schema that a member is known to have; without an answer, this node's own.
  public var schemaVersion: ((Member) -> UUID?)?
  let configuration: Configuration
  let data: any DataPath
  let changer: any SchemaChanger
  let clock: any Clock
  let random: () -> UInt64
  private let startSeconds: Int32
  /// Where the schema has no secret yet, and so no table of a user.
  private let ownSecret: [UInt8]
  private var prepared: BoundedCache<UUID, PreparedStatement>
  private var preparedBytes = 0
  private var lastMicroseconds: Int64 = 0

  public init(
    metadata: Metadata, data: any DataPath, changer: any SchemaChanger, clock: any Clock, entropy: any Entropy,
    configuration: Configuration = .init()
  ) {
    self.metadata = metadata
    self.data = data
    self.changer = changer
    self.clock = clock
    self.configuration = configuration
    random = { entropy.next() }
    ownSecret = entropy.bytes(32)
    startSeconds = Int32(clamping: clock.wallSeconds)
    prepared = BoundedCache(capacity: configuration.maxPreparedStatements)
  }

  /// What seals the statement's paging states.
  func pagingSeal(_ statement: PreparedStatement) -> PagingSeal {
    PagingSeal(secret: schema.secret.isEmpty ? ownSecret : schema.secret, statement: statement)
  }

  public var preparedCount: Int { prepared.count }
  var schema: Schema { metadata.snapshot.schema }

  var systemView: SystemView {
    let own = schema.version
    return SystemView(
      snapshot: metadata.snapshot, schemaVersion: { [self] in schemaVersion?($0) ?? own }, generation: startSeconds)
  }

  // MARK: - Preparing

  /// Parses and binds, or finds what was prepared of the same text; kept until others push it out.
  public func prepare(_ text: String, keyspace: String?) throws(QueryFailure) -> PreparedStatement {
    let id = PreparedStatement.id(text: text, keyspace: keyspace)
    let known = prepared.get(id)
    if let known, known.text == text, known.epoch == schema.epoch { return known }
    let statement = try bound(text, keyspace: keyspace, id: id, previous: known?.resultColumns)
    if case .use = statement.statement.body { return statement }
    keep(statement)
    return statement
  }

  /// What was prepared under an id, bound to the present schema.
  /// - Throws: `.unprepared` for an id that is not known (any more).
  public func preparedStatement(id bytes: [UInt8]) throws(QueryFailure) -> PreparedStatement {
    guard let id = UUID(bytes: bytes), let known = prepared.get(id) else { throw .unprepared(id: bytes) }
    return try current(known)
  }

  /// The statement itself, or the same bound anew where the schema has changed since.
  func current(_ statement: PreparedStatement) throws(QueryFailure) -> PreparedStatement {
    if statement.epoch == schema.epoch { return statement }
    let renewed = try bound(
      statement.text, keyspace: statement.keyspace, id: statement.id, previous: statement.resultColumns)
    keep(renewed)
    return renewed
  }

  /// Puts a statement in, and the least recently used ones out until all fit.
  private func keep(_ statement: PreparedStatement) {
    if let old = prepared.remove(statement.id) { preparedBytes -= old.estimatedBytes }
    while preparedBytes + statement.estimatedBytes > configuration.maxPreparedBytes,
      let (_, evicted) = prepared.removeOldest()
    {
      preparedBytes -= evicted.estimatedBytes
    }
    preparedBytes += statement.estimatedBytes
    if let (_, evicted) = prepared.set(statement.id, statement) { preparedBytes -= evicted.estimatedBytes }
  }

  /// Bound for one execution.
  func unkept(_ text: String, keyspace: String?) throws(QueryFailure) -> PreparedStatement {
    try bound(text, keyspace: keyspace, id: PreparedStatement.unkept)
  }

  private func bound(
    _ text: String, keyspace: String?, id: UUID, previous: ResultColumns? = nil
  ) throws(QueryFailure) -> PreparedStatement {
    do throws(CQLFailure) {
      let parsed = try CQLParser.parse(text)
      let statement = try Binder.bind(parsed, source: AllKeyspaces(schema: schema), keyspace: keyspace)
      return PreparedStatement(
        id: id, text: text, keyspace: keyspace, epoch: schema.epoch, statement: statement, previous: previous)
    } catch { throw QueryFailure(error) }
  }

  // MARK: - Executing

  /// Runs a statement's text.
  public func execute(
    _ text: String, _ options: QueryOptions, completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) {
    if options.isTraced, options.trace == nil {
      return traced(options, "Execute CQL3 query", ["query": text], completion) { options, completion in
        execute(text, options, completion: completion)
      }
    }
    let statement: PreparedStatement
    do throws(QueryFailure) {
      options.trace?.record("Parsing \(text)")
      statement = try unkept(text, keyspace: options.keyspace)
      options.trace?.record("Preparing statement")
    } catch { return refuse(error, completion) }
    run(statement, options, completion)
  }

  /// Runs what was prepared under `id`.
  public func execute(
    id: [UInt8], _ options: QueryOptions, completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) {
    let statement: PreparedStatement
    do throws(QueryFailure) { statement = try preparedStatement(id: id) } catch { return refuse(error, completion) }
    if options.isTraced {
      let parameters = traceParameters(statement, options)
      return traced(options, "Execute CQL3 prepared query", parameters, completion) { options, completion in
        run(statement, options, completion)
      }
    }
    run(statement, options, completion)
  }

  /// Runs a prepared statement that the caller holds.
  public func execute(
    _ statement: PreparedStatement, _ options: QueryOptions,
    completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) {
    let renewed: PreparedStatement
    do throws(QueryFailure) { renewed = try current(statement) } catch { return refuse(error, completion) }
    run(renewed, options, completion)
  }

  func refuse(_ failure: QueryFailure, _ completion: (Result<QueryResult, QueryFailure>) -> Void) {
    counters.failures += 1
    completion(.failure(failure))
  }

  private func run(
    _ statement: PreparedStatement, _ options: QueryOptions,
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) {
    do throws(QueryFailure) {
      if let refusal = statement.refusal { throw refusal }
      options.trace?.record("Binding \(statement.variables.count) values")
      let values = try positional(options.values, statement.statement)
      switch statement.statement.body {
      case .select(let select): try run(select, statement, options, values, completion)
      case .modification(let modification): try run(modification, options, values, completion)
      case .batch(let batch): try run(batch, options, values, completion)
      case .use(let keyspace): completion(.success(QueryResult(.setKeyspace(keyspace))))
      case .describe(let describe, let keyspace): try run(describe, keyspace: keyspace, options, completion)
      case .truncate(let table):
        if SystemSchema.isSystem(table.keyspace) { throw .invalid("Cannot truncate system tables") }
        change(statement, completion)
      case .schemaChange: change(statement, completion)
      }
    } catch { refuse(error, completion) }
  }

  func positional(_ values: QueryOptions.Values, _ statement: BoundStatement) throws(QueryFailure) -> [BoundValue] {
    do throws(CQLFailure) {
      switch values {
      case .positional(let values):
        try statement.check(valueCount: values.count)
        return values
      case .named(let values): return try statement.positional(named: values)
      }
    } catch { throw QueryFailure(error) }
  }

  /// - Parameter writes: the execution needs a moment of its own.
  func context(
    _ options: QueryOptions, _ values: [BoundValue], writes: Bool
  ) throws(QueryFailure) -> EvaluationContext {
    if let now = options.nowInSeconds, now < 0 { throw .invalid("now-in-seconds is out of range") }
    let moment = writes ? nextMicroseconds() : clock.wallMicroseconds
    return EvaluationContext(
      values: values, timestampMicroseconds: try timestamp(options) ?? moment, nowMicroseconds: moment,
      nowInSeconds: options.nowInSeconds, random: random, token: Murmur3.token)
  }

  /// The wall clock's, but greater than every other this node has given: the loop's clock stands still within a tick,
  /// and what two statements of one tick do must have an order (the places of list elements, too).
  private func nextMicroseconds() -> Int64 {
    lastMicroseconds = max(clock.wallMicroseconds, lastMicroseconds + 1)
    return lastMicroseconds
  }

  /// The driver's timestamp, if it sent one.
  private func timestamp(_ options: QueryOptions) throws(QueryFailure) -> Int64? {
    guard let given = options.defaultTimestampMicroseconds else { return nil }
    guard given <= clock.wallMicroseconds + configuration.maxFutureMicroseconds else {
      throw .invalid(
        "The default timestamp \(given) is more than \(configuration.maxFutureMicroseconds) microseconds ahead of this"
          + " node's clock")
    }
    return given
  }

  // MARK: - Schema

  private func change(
    _ statement: PreparedStatement, _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) {
    counters.schemaChanges += 1
    let before = schema
    changer.change(statement.text, keyspace: statement.keyspace) { [self] result in
      switch result {
      case .failure(let failure): refuse(failure, completion)
      case .success(nil): completion(.success(.void))
      case .success(let event?):
        completion(.success(QueryResult(.schemaChange(event), warnings: warnings(of: event, before: before))))
      }
    }
  }

  /// What Cassandra says of a keyspace's replication (guardrails, AlterKeyspaceStatement.clientWarnings).
  private func warnings(of event: SchemaChangeEvent, before: Schema) -> [String] {
    guard event.target == .keyspace, event.change != .dropped, let keyspace = schema.keyspace(event.keyspace) else {
      return []
    }
    let replication = keyspace.replication
    var warnings: [String] = []
    for (name, factor) in replication.factors.sorted(by: { $0.key < $1.key }) {
      let isSimple = replication.strategy == .simple
      let nodes = metadata.snapshot.members.count { isSimple || $0.datacenter == name }
      guard factor > nodes else { continue }
      warnings.append(
        "Your replication factor \(factor) for keyspace \(keyspace.name) is higher than the number of nodes \(nodes)"
          + (isSimple ? "" : " for datacenter \(name)"))
    }
    if event.change == .updated, let old = before.keyspace(event.keyspace)?.replication,
      old.totalFactor < replication.totalFactor
    {
      warnings.append(
        "When increasing replication factor you need to run a full (-full) repair to distribute the data.")
    }
    return warnings
  }

  private func run(
    _ describe: DescribeStatement, keyspace: String?, _ options: QueryOptions,
    _ completion: (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    let snapshot = metadata.snapshot
    let placement = keyspace.flatMap { snapshot.schema.keyspace($0)?.replication.placement }
    let answer = try Description.answer(
      describe, keyspace: keyspace, snapshot, ranges: placement.map(metadata.replicaMap))
    let page = try Description.page(
      answer, pageSize: options.pageSize, state: options.pagingState, epoch: snapshot.schema.epoch)
    completion(.success(QueryResult(.rows(page))))
  }
}
