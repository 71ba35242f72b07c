// INSERT, UPDATE, DELETE and BATCH: bound statements become mutations, one a partition, and go to the coordinator.
//
// Deviation: there is no batch log yet. A logged batch over several partitions is applied like an unlogged one and its
// answer says so; its timeouts say UNLOGGED_BATCH, so that no driver takes it for one that will be completed.

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
    let context = try context(options, values, writes: true)
    if modification.needsRead { return try runAfterRead(modification, options, context, completion) }
    let mutations: [Mutation]
    do throws(CQLFailure) { mutations = try modification.mutations(context) } catch { throw QueryFailure(error) }
    try write(mutations, keyspace: modification.table.keyspace, options, warnings: [], completion)
  }

  /// A list's elements by place or value: the row is read at the write's consistency, as Cassandra does, then written.
  private func runAfterRead(
    _ modification: BoundModification, _ options: QueryOptions, _ context: EvaluationContext,
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    let command: ReadCommand?
    do throws(CQLFailure) { command = try modification.readCommand(context) } catch { throw QueryFailure(error) }
    guard let command else { preconditionFailure("no read before a write of \(modification.table.name)") }
    let keyspace = modification.table.keyspace
    data.read(
      ReadRequest(keyspace: keyspace, command: command, consistency: options.consistency, trace: options.trace)
    ) { [self] result in
      do throws(QueryFailure) {
        let current: ReadResponse
        switch result {
        case .success(let response): current = response
        case .failure(let failure): throw QueryFailure(failure)
        }
        let mutations: [Mutation]
        do throws(CQLFailure) { mutations = try modification.mutations(context, current: current) } catch {
          throw QueryFailure(error)
        }
        try write(mutations, keyspace: keyspace, options, warnings: [], completion)
      } catch { refuse(error, completion) }
    }
  }

  // MARK: - Batches

  func run(
    _ batch: BoundBatch, _ options: QueryOptions, _ values: [BoundValue],
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    counters.batches += 1
    let context = try context(options, values, writes: true)
    let mutations: [Mutation]
    do throws(CQLFailure) { mutations = try batch.mutations(context) } catch { throw QueryFailure(error) }
    try write(mutations, tables: batch.members.map(\.table), batch.kind, options, completion)
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
      var joined = BatchMutations()
      var tables: [Table] = []
      for member in members {
        let (modification, values) = try bound(member, options)
        context.values = values
        do throws(CQLFailure) { try joined.add(modification, context) } catch { throw QueryFailure(error) }
        tables.append(modification.table)
      }
      try write(joined.mutations(), tables: tables, kind, options, completion)
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
    _ mutations: [Mutation], tables: [Table], _ kind: BatchKind, _ options: QueryOptions,
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    if kind == .counter { throw .invalid("Counter tables are not supported yet") }
    var keyspaces: [UUID: String] = [:]
    for table in tables { keyspaces[table.id] = table.keyspace }
    guard mutations.count > 1 else {
      let keyspace = mutations.first.flatMap { keyspaces[$0.table] } ?? ""
      return try write(mutations, keyspace: keyspace, options, warnings: [], completion)
    }
    try checkSize(mutations)
    let names = Set(tables.map { "\($0.keyspace).\($0.name)" }).sorted().joined(separator: ", ")
    let warnings = try batchWarnings(mutations, names: names, kind)
    let groups = Dictionary(grouping: mutations) { keyspaces[$0.table] ?? "" }.sorted { $0.key < $1.key }
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

  private func batchWarnings(
    _ mutations: [Mutation], names: String, _ kind: BatchKind
  ) throws(QueryFailure) -> [String] {
    var warnings: [String] = []
    let bytes = mutations.reduce(0) { $0 + $1.byteCount }
    if bytes > configuration.batchFailBytes { throw .invalid("Batch too large") }
    if bytes > configuration.batchWarnBytes {
      warnings.append(
        "Batch for [\(names)] is of size \(bytes) B, exceeding specified threshold of \(configuration.batchWarnBytes) B"
          + " by \(bytes - configuration.batchWarnBytes) B.")
    }
    switch kind {
    case .logged:
      warnings.append(
        "Logged batch over \(mutations.count) partitions was applied without a batch log: if this node fails midway, a"
          + " part of it may be missing")
    case .unlogged where mutations.count > configuration.batchWarnPartitions:
      warnings.append(
        "Unlogged batch covering \(mutations.count) partitions detected against tables [\(names)]. You should use a"
          + " logged batch for atomicity, or asynchronous writes for performance.")
    case .unlogged, .counter: break
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
    if options.consistency.isSerial {
      throw .invalid("You must use conditional updates for serializable writes")
    }
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
