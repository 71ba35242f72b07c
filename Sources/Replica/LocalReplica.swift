// This node's half of requests: takes mutations into the tick's batch and answers when the batch is stored; reads.
//
// A mutation names its table by id and incarnation. One made under an older incarnation belongs to rows that a
// TRUNCATE took away, or comes from a node that has not heard of it: it is refused, since to answer it as done would
// promise a write that is nowhere. One made under a newer schema than this node has is refused, and the node that hears
// of it fetches the schema; the sender keeps a hint meanwhile.

import Base
import Data
import Storage

public enum ReplicaRefusal: Error, Equatable, Sendable {
  case overloaded
  /// The table, or its incarnation, is newer than the schema here.
  case unknownTable(UUID)
  case failed(String)

  init(_ failure: StorageFailure) {
    switch failure {
    case .overloaded: self = .overloaded
    default: self = .failed(failure.description)
    }
  }
}

/// Bound to the loop that owns the store.
public final class LocalReplica {
  private let store: Store
  private let table: (UUID) -> Table?
  private var waiting: [UInt64: [(ReplicaRefusal?) -> Void]] = [:]

  /// - Parameter table: looks a table up in the current schema.
  public init(store: Store, table: @escaping (UUID) -> Table?) {
    self.store = store
    self.table = table
    store.onSettled = { [unowned self] ticket, failure in settle(ticket, failure) }
  }

  private func settle(_ ticket: UInt64, _ failure: StorageFailure?) {
    guard let completions = waiting.removeValue(forKey: ticket) else { return }
    let refusal = failure.map(ReplicaRefusal.init)
    for completion in completions { completion(refusal) }
  }

  private enum Standing { case current, outdated, unknown }

  private func standing(_ id: UUID, _ incarnation: UInt32) -> Standing {
    guard let known = table(id), known.incarnation >= incarnation else { return .unknown }
    return known.incarnation == incarnation ? .current : .outdated
  }

  /// Completion comes at a later tick's end when the mutation is stored, or within the call when it is refused.
  public func apply(_ mutation: Mutation, completion: @escaping (ReplicaRefusal?) -> Void) {
    switch standing(mutation.table, mutation.incarnation) {
    case .unknown: return completion(.unknownTable(mutation.table))
    case .outdated: return completion(Self.truncated)
    case .current: break
    }
    do throws(StorageFailure) {
      let ticket = try store.apply(mutation)
      waiting[ticket, default: []].append(completion)
    } catch {
      completion(ReplicaRefusal(error))
    }
  }

  private static let truncated = ReplicaRefusal.failed("the table was truncated since")

  /// What this node has; an outdated incarnation is refused, or who asks would show its own rows of it.
  public func read(_ command: ReadCommand) throws(ReplicaRefusal) -> ReadResponse {
    switch standing(command.table, command.incarnation) {
    case .unknown: throw .unknownTable(command.table)
    case .outdated: throw Self.truncated
    case .current: break
    }
    do throws(StorageFailure) {
      return try store.read(command)
    } catch {
      throw ReplicaRefusal(error)
    }
  }
}
