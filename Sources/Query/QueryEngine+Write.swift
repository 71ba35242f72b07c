// INSERT, UPDATE, DELETE and BATCH: bound statements become mutations, one a partition, and go to the coordinator.
//
// A logged batch over several partitions goes through the batch log; one over a single partition is one mutation, which
// happens or not by itself.

import Base
import CQL
import Coordinator
import Data
import Ring

/// One statement of a BATCH frame.
public enum BatchMember: Sendable {
  case text(String, QueryOptions.Values)
  case prepared(id: [UInt8], QueryOptions.Values)
}

public typealias BatchKind = BatchStatement.Kind

extension QueryEngine {
  func run(
    _ modification: BoundModification, _ options: QueryOptions, _ values: [BoundValue],
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    counters.modifications += 1
    // A batch is not asked: there Cassandra takes the serial levels for QUORUM and LOCAL_QUORUM.
    if options.consistency.isSerial {
      throw .invalid("You must use conditional updates for serializable writes")
    }
    let context = try context(options, values, writes: true)
    if modification.needsRead { return try runAfterRead(modification, options, context, completion) }
    let mutations: [Mutation]
    do throws(CQLFailure) { mutations = try modification.mutations(context) } catch { throw QueryFailure(error) }
    try write(mutations, keyspace: modification.table.keyspace, options, warnings: [], completion)
  }

  /// A list's elements by place or value: the rows are read at the write's consistency, as Cassandra does, and
  /// written then.
  private func runAfterRead(
    _ modification: BoundModification, _ options: QueryOptions, _ context: EvaluationContext,
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    let commands: [ReadCommand]
    do throws(CQLFailure) { commands = try modification.readCommands(context) } catch { throw QueryFailure(error) }
    let keyspace = modification.table.keyspace
    read(commands.map { (keyspace, $0) }, options, completion) { [self] (current) throws(QueryFailure) in
      let mutations: [Mutation]
      do throws(CQLFailure) { mutations = try modification.mutations(context, current: current) } catch {
        throw QueryFailure(error)
      }
      try write(mutations, keyspace: keyspace, options, warnings: [], completion)
    }
  }

  /// Reads all of `commands`, then goes on with their answers together.
  private func read(
    _ commands: [(keyspace: String, command: ReadCommand)], _ options: QueryOptions,
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void,
    then body: @escaping ([ReadResponse]) throws(QueryFailure) -> Void
  ) {
    var answers: [ReadResponse] = []
    var failure: QueryFailure?
    var left = commands.count
    let finish = { [self] in
      do throws(QueryFailure) {
        if let failure { throw failure }
        try body(answers)
      } catch { refuse(error, completion) }
    }
    guard left > 0 else { return finish() }
    for (keyspace, command) in commands {
      let request = ReadRequest(
        keyspace: keyspace, command: command, consistency: options.consistency, trace: options.trace)
      data.read(request) { result in
        switch result {
        case .success(let response): answers.append(response)
        case .failure(let reason): failure = failure ?? QueryFailure(reason)
        }
        left -= 1
        if left == 0 { finish() }
      }
    }
  }

  // MARK: - Batches

  func run(
    _ batch: BoundBatch, _ options: QueryOptions, _ values: [BoundValue],
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    counters.batches += 1
    let context = try context(options, values, writes: true)
    let commands: [(keyspace: String, command: ReadCommand)]
    do throws(CQLFailure) { commands = try Self.reads(batch.members.map { ($0, context) }) } catch {
      throw QueryFailure(error)
    }
    let finish = { [self] (current: [ReadResponse]) throws(QueryFailure) in
      let mutations: [Mutation]
      do throws(CQLFailure) { mutations = try batch.mutations(context, current: current) } catch {
        throw QueryFailure(error)
      }
      try write(mutations, tables: batch.members.map(\.table), batch.kind, options, completion)
    }
    if commands.isEmpty { return try finish([]) }
    read(commands, options, completion, then: finish)
  }

  /// What members must know before they write.
  private static func reads(
    _ members: [(BoundModification, EvaluationContext)]
  ) throws(CQLFailure) -> [(keyspace: String, command: ReadCommand)] {
    var commands: [(keyspace: String, command: ReadCommand)] = []
    for (member, context) in members where member.needsRead {
      commands += try member.readCommands(context).map { (member.table.keyspace, $0) }
    }
    return commands
  }

  /// A BATCH frame: statements that bring their values each.
  public func batch(
    _ kind: BatchKind, _ members: [BatchMember], _ options: QueryOptions,
    completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) {
    if options.isTraced, options.trace == nil {
      return traced(options, "Execute batch of CQL3 queries", [:], completion) { options, completion in
        batch(kind, members, options, completion: completion)
      }
    }
    counters.batches += 1
    do throws(QueryFailure) {
      guard members.count <= configuration.maxBatchStatements else {
        throw .invalid("A batch holds at most \(configuration.maxBatchStatements) statements")
      }
      var context = try context(options, [], writes: true)
      var bound: [(BoundModification, EvaluationContext)] = []
      bound.reserveCapacity(members.count)
      for member in members {
        let (modification, values) = try self.bound(member, options)
        context.values = values
        bound.append((modification, context))
      }
      let commands: [(keyspace: String, command: ReadCommand)]
      do throws(CQLFailure) { commands = try Self.reads(bound) } catch { throw QueryFailure(error) }
      if commands.isEmpty { return try write(kind, bound, current: [], options, completion) }
      read(commands, options, completion) { [self] (current) throws(QueryFailure) in
        try write(kind, bound, current: current, options, completion)
      }
    } catch { refuse(error, completion) }
  }

  private func bound(
    _ member: BatchMember, _ options: QueryOptions
  ) throws(QueryFailure) -> (BoundModification, [BoundValue]) {
    let statement: PreparedStatement
    let values: QueryOptions.Values
    switch member {
    case .text(let text, let given):
      statement = try unkept(text, keyspace: options.keyspace)
      values = given
    case .prepared(let id, let given):
      statement = try preparedStatement(id: id)
      values = given
    }
    if let refusal = statement.refusal { throw refusal }
    guard case .modification(let modification) = statement.statement.body else {
      throw .invalid("Invalid statement in batch: only UPDATE, INSERT and DELETE statements are allowed.")
    }
    return (modification, try positional(values, statement.statement))
  }

  private func write(
    _ kind: BatchKind, _ members: [(BoundModification, EvaluationContext)], current: [ReadResponse],
    _ options: QueryOptions, _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    var joined = BatchMutations()
    for (modification, context) in members {
      do throws(CQLFailure) { try joined.add(modification, context, current: current) } catch {
        throw QueryFailure(error)
      }
    }
    try write(joined.mutations(), tables: members.map(\.0.table), kind, options, completion)
  }

  private func write(
    _ mutations: [Mutation], tables: [Table], _ kind: BatchKind, _ options: QueryOptions,
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    if kind == .counter { throw .invalid("Counter tables are not supported yet") }
    var keyspaces: [UUID: String] = [:]
    for table in tables { keyspaces[table.id] = table.keyspace }
    let shortLived = kind == .logged ? Self.shortLivedWarning(tables) : []
    guard mutations.count > 1 else {
      let keyspace = mutations.first.flatMap { keyspaces[$0.table] } ?? ""
      return try write(mutations, keyspace: keyspace, options, warnings: shortLived, completion)
    }
    try checkSize(mutations)
    let warnings = shortLived + (try batchWarnings(mutations, tables, kind))
    let groups = Dictionary(grouping: mutations) { keyspaces[$0.table] ?? "" }.sorted { $0.key < $1.key }
    if kind == .logged {
      return try writeLogged(groups.map { ($0.key, $0.value) }, options, warnings: warnings, completion)
    }
    guard groups.count > 1 else {
      return try write(mutations, keyspace: groups[0].key, options, warnings: warnings, completion)
    }
    // Replication belongs to a keyspace, so each has a request of its own; the first failure is the batch's.
    var left = groups.count
    var failure: QueryFailure?
    for group in groups {
      try write(group.value, keyspace: group.key, options, warnings: []) { result in
        if case .failure(let reason) = result, failure == nil { failure = reason }
        left -= 1
        guard left == 0 else { return }
        completion(failure.map { .failure($0) } ?? .success(QueryResult(.void, warnings: warnings)))
      }
    }
  }

  private func writeLogged(
    _ parts: [(keyspace: String, mutations: [Mutation])], _ options: QueryOptions, warnings: [String],
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    let request = LoggedBatchRequest(
      id: UUID(random: random(), random()), parts: parts, consistency: options.consistency, trace: options.trace)
    options.trace?.record("Determining replicas for atomic batch")
    data.write(request) { [self] failure in
      if let failure { return refuse(QueryFailure(failure), completion) }
      completion(.success(QueryResult(.void, warnings: warnings)))
    }
  }

  /// A kept batch lives no longer than gc_grace_seconds (`Batchlog`), or it could bring back what was deleted since.
  private static func shortLivedWarning(_ tables: [Table]) -> [String] {
    guard tables.contains(where: { $0.options.gcGraceSeconds == 0 }) else { return [] }
    let names = Set(tables.filter { $0.options.gcGraceSeconds == 0 }.map { "\($0.keyspace).\($0.name)" }).sorted()
    return [
      "Executing a LOGGED BATCH on table\(names.count == 1 ? "" : "s") [\(names.joined(separator: ", "))], configured"
        + " with a gc_grace_seconds of 0. The gc_grace_seconds is used to TTL batchlog entries, so setting"
        + " gc_grace_seconds too low on tables involved in an atomic batch might cause batchlog entries to expire"
        + " before being replayed."
    ]
  }

  private func batchWarnings(
    _ mutations: [Mutation], _ tables: [Table], _ kind: BatchKind
  ) throws(QueryFailure) -> [String] {
    let names = Set(tables.map { "\($0.keyspace).\($0.name)" }).sorted()
    var warnings: [String] = []
    let bytes = mutations.reduce(0) { $0 + $1.byteCount }
    if bytes > configuration.batchFailBytes { throw .invalid("Batch too large") }
    if bytes > configuration.batchWarnBytes {
      warnings.append(
        "Batch for [\(names.joined(separator: ", "))] is of size \(bytes), exceeding specified threshold of"
          + " \(configuration.batchWarnBytes) by \(bytes - configuration.batchWarnBytes).")
    }
    // Partitions of one key in several tables are one to Cassandra.
    let keys = Set(mutations.map(\.partition.key)).count
    switch kind {
    case .unlogged where keys > configuration.batchWarnPartitions:
      warnings.append(
        "Unlogged batch covering \(keys) partitions detected against table\(names.count == 1 ? "" : "s")"
          + " [\(names.joined(separator: ", "))]. You should use a logged batch for atomicity, or asynchronous writes"
          + " for performance.")
    case .logged, .unlogged, .counter: break
    }
    return warnings
  }

  // MARK: - Writing

  private func checkSize(_ mutations: [Mutation]) throws(QueryFailure) {
    for mutation in mutations where mutation.byteCount > configuration.maxMutationBytes {
      throw .invalid(
        "Mutation of \(mutation.byteCount) bytes is too large for the maximum size of \(configuration.maxMutationBytes)"
      )
    }
  }

  private func write(
    _ mutations: [Mutation], keyspace: String, _ options: QueryOptions, warnings: [String],
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    try checkSize(mutations)
    guard !mutations.isEmpty else { return completion(.success(QueryResult(.void, warnings: warnings))) }
    let request = WriteRequest(
      keyspace: keyspace, mutations: mutations, consistency: options.consistency,
      kind: mutations.count > 1 ? .unloggedBatch : .simple, trace: options.trace)
    options.trace?.record("Determining replicas for mutation")
    data.write(request) { [self] failure in
      if let failure { return refuse(QueryFailure(failure), completion) }
      completion(.success(QueryResult(.void, warnings: warnings)))
    }
  }
}

extension Mutation {
  /// Of keys and values.
  var byteCount: Int {
    partition.entries.reduce(partition.key.bytes.count) { $0 + $1.clustering.count + $1.value.count }
  }
}
