// A replica in memory for the query engine's tests: one copy of everything, merged by Data's rule, and read by scanning
// it all. It is slow and plain on purpose.

import Base
import Coordinator
import Data
import Query

final class MemoryReplica: DataPath {
  private struct Place: Hashable {
    var table: UUID
    var incarnation: UInt32
  }
  private var tables: [Place: [PartitionKey: Partition]] = [:]
  /// What the next requests fail with.
  var failure: RequestFailure?
  var writes: [WriteRequest] = []
  var reads: [ReadRequest] = []
  var batches: [LoggedBatchRequest] = []

  func write(_ request: WriteRequest, completion: @escaping (RequestFailure?) -> Void) {
    writes.append(request)
    if let failure { return completion(failure) }
    for mutation in request.mutations {
      let place = Place(table: mutation.table, incarnation: mutation.incarnation)
      let known = tables[place]?[mutation.partition.key]
      let parts = [known, mutation.partition].compactMap { $0 }
      do {
        tables[place, default: [:]][mutation.partition.key] = try Partition.merged(parts)
      } catch {
        preconditionFailure("\(error)")
      }
    }
    completion(nil)
  }

  func write(_ request: LoggedBatchRequest, completion: @escaping (RequestFailure?) -> Void) {
    batches.append(request)
    let mutations = request.parts.flatMap(\.mutations)
    write(
      WriteRequest(keyspace: "", mutations: mutations, consistency: request.consistency, kind: .batch),
      completion: completion)
  }

  func read(_ request: ReadRequest, completion: @escaping (Result<ReadResponse, RequestFailure>) -> Void) {
    reads.append(request)
    if let failure { return completion(.failure(failure)) }
    do { completion(.success(try read(request.command))) } catch { preconditionFailure("\(error)") }
  }

  private func read(_ command: ReadCommand) throws -> ReadResponse {
    let all = tables[Place(table: command.table, incarnation: command.incarnation)] ?? [:]
    var response = ReadResponse(partitions: [], hasMore: false)
    var left = command.rowLimit
    for partition in all.values.sorted(by: { PartitionKey.precedes($0.key, $1.key) }) {
      var after: [UInt8]?
      switch command.scope {
      case .partition(let key): guard key == partition.key else { continue }
      case .range(let range, let cursor):
        guard range.contains(partition.key.token) else { continue }
        if let cursor {
          if PartitionKey.precedes(partition.key, cursor.key) { continue }
          if cursor.key == partition.key {
            guard let clustering = cursor.clustering else { continue }
            after = clustering
          }
        }
      }
      guard left > 0 else {
        response.hasMore = true
        break
      }
      let (found, rows, isCut) = try part(of: partition, command, after: after, limit: left)
      if isCut { response.hasMore = true }
      left -= rows
      if !found.entries.isEmpty { response.partitions.append(found) }
    }
    return response
  }

  private func part(
    of partition: Partition, _ command: ReadCommand, after: [UInt8]?, limit: Int
  ) throws -> (Partition, rows: Int, isCut: Bool) {
    var kept: [Entry] = []
    var rows = 0
    var isCut = false
    var hasStatics = false
    let most = min(limit, command.rowLimitPerPartition)
    for entry in command.isReversed ? partition.entries.reversed() : partition.entries {
      switch entry.kind {
      case .partitionDeletion, .rangeDeletion: kept.append(entry)
      case .staticRow:
        guard command.wantsStatics else { continue }
        kept.append(entry)
        hasStatics = try entry.row().isLive(nowInSeconds: command.nowInSeconds)
      case .row:
        guard command.ranges.contains(where: { $0.contains(entry.clustering) }) else { continue }
        if let after, !after.lexicographicallyPrecedes(entry.clustering) { continue }
        let isLive = try entry.row().isLive(nowInSeconds: command.nowInSeconds)
        if rows >= most {
          if isLive, most == limit { isCut = true }
          continue
        }
        kept.append(entry)
        if isLive { rows += 1 }
      }
    }
    if command.isReversed { kept.reverse() }
    return (Partition(key: partition.key, entries: kept), rows == 0 && hasStatics ? 1 : rows, isCut)
  }
}
