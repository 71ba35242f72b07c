// SELECT: what may be asked at which level, and where the rows come from.

import Base
import CQL
import Coordinator
import Data
import Ring

extension QueryEngine {
  func run(
    _ select: BoundSelect, _ statement: PreparedStatement, _ options: QueryOptions, _ values: [BoundValue],
    _ completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) throws(QueryFailure) {
    counters.selects += 1
    guard let layout = statement.layout, let columns = statement.resultColumns else {
      preconditionFailure("a SELECT without columns: \(statement.text)")
    }
    let context = try context(options, values, writes: false)
    let plan: SelectPlan
    do throws(CQLFailure) { plan = try select.plan(context) } catch { throw QueryFailure(error) }
    if let pageSize = options.pageSize, !select.mergeOrder.isEmpty, pageSize < plan.limit ?? .max {
      throw .invalid(
        "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you must either remove the"
          + " ORDER BY or the IN and sort client side, or disable paging for this query")
    }
    let seal = pagingSeal(statement)
    let state = try options.pagingState.map { bytes throws(QueryFailure) in
      try PagingState(bytes, for: select.table, seal)
    }
    let request = SelectRequest(
      select: select, layout: layout, columns: columns, plan: plan, context: context,
      pageSize: options.pageSize.map { min($0, configuration.maxPageRows) }, state: state, seal: seal)
    let read = try source(of: select.table, isSystem: statement.readsSystemTable, options)
    SelectRun(request, read: read) { [self] result in
      if case .failure = result { counters.failures += 1 }
      completion(result)
    }.start()
  }

  private func source(
    of table: Table, isSystem: Bool, _ options: QueryOptions
  ) throws(QueryFailure) -> SelectRun.Read {
    let consistency = options.consistency
    if consistency == .any { throw .invalid("ANY ConsistencyLevel is only supported for writes") }
    if isSystem {
      let view = systemView
      return { command, answer in
        do throws(QueryFailure) { answer(.success(try view.read(command, table))) } catch {
          preconditionFailure("\(table.keyspace).\(table.name) cannot be computed: \(error.message)")
        }
      }
    }
    if consistency.isSerial { throw .invalid("\(consistency.name) reads are not supported yet") }
    let keyspace = table.keyspace
    let data = data
    let trace = options.trace
    trace?.record("Executing read on \(keyspace).\(table.name)")
    return { command, answer in
      data.read(
        ReadRequest(keyspace: keyspace, command: command, consistency: consistency, trace: trace), completion: answer)
    }
  }
}
