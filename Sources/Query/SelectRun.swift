// One execution of a SELECT: reads partitions or ranges of tokens bit by bit, checks and counts rows, and stops where
// the page, the limit or the data ends. Between pages nothing is kept: the paging state says where to go on.
//
// A page asks for one row more than it shows, so that a page that is exactly full is known to be the last.

import Base
import CQL
import Coordinator
import Data

/// What an execution needs from outside.
struct SelectRequest {
  var select: BoundSelect
  var layout: RowLayout
  var columns: ResultColumns
  var plan: SelectPlan
  var context: EvaluationContext
  var pageSize: Int?
  var state: PagingState?
  var seal: PagingSeal
}

final class SelectRun {
  typealias Read = (ReadCommand, @escaping (Result<ReadResponse, RequestFailure>) -> Void) -> Void

  /// Rows one read may bring: what a node holds of a scan at a time.
  static let maxRowsARead = 5_000
  /// Of the least read where rows are filtered or folded.
  static let minRowsAFilteredRead = 500
  /// Of partitions named by IN.
  static let maxReadsAtOnce = 16
  static let maxResultBytes = 128 << 20
  /// A page ends early behind so much.
  static let maxPageBytes = 16 << 20

  private let request: SelectRequest
  private let read: Read
  private let completion: (Result<QueryResult, QueryFailure>) -> Void

  private let keys: [PartitionKey]
  private let tokenRanges: [TokenRange]
  /// Index of the partition or range that is being read.
  private var target = 0
  /// The last row that was looked at.
  private var cursor: ReadCursor?
  private var output: RowOutput
  private var pageLeft: Int
  private var limitLeft: Int
  /// The partition whose rows are being counted, and how many more of them may be shown.
  private var countedKey: PartitionKey?
  private var partitionLeft: Int
  /// A row of it that lives was met.
  private var hasLiveRow = false
  /// Statics of a partition that was cut off before a live row was met.
  private var alone: Alone?

  private struct Alone {
    var key: PartitionKey
    var values: RowValues
    /// The cursor in front of the partition.
    var start: ReadCursor?
  }

  private let perPartitionLimit: Int
  private let isPaged: Bool
  private var isDone = false
  private var isProceeding = false
  /// The target's answer, or that it was asked for.
  private var answer: Result<ReadResponse, RequestFailure>?
  private var isWaiting = false
  /// Where partitions are small, so many are read at once: their answers, and which are on their way.
  private let window: Int
  private var ahead: [Int: Result<ReadResponse, RequestFailure>] = [:]
  private var awaited: Set<Int> = []
  private var nextAhead = 0

  init(
    _ request: SelectRequest, read: @escaping Read,
    completion: @escaping (Result<QueryResult, QueryFailure>) -> Void
  ) {
    self.request = request
    self.read = read
    self.completion = completion
    let select = request.select
    switch request.plan.scope {
    case .partitions(let keys):
      self.keys = keys
      tokenRanges = []
    case .tokens(let ranges):
      keys = []
      tokenRanges = ranges
    }
    output = RowOutput(request)
    isPaged = request.pageSize != nil && !select.isAggregate && select.mergeOrder.isEmpty
    pageLeft = isPaged ? request.pageSize ?? .max : .max
    // A limit on folded rows counts them when they are folded (`RowOutput`).
    let limit = select.isAggregate || !select.mergeOrder.isEmpty ? nil : request.plan.limit
    limitLeft = request.state?.limit ?? limit ?? .max
    perPartitionLimit = select.isDistinct ? 1 : request.plan.perPartitionLimit ?? .max
    partitionLeft = perPartitionLimit
    let arePartitionsSmall = select.table.clustering.isEmpty || perPartitionLimit <= 10
    window = keys.count > 1 && arePartitionsSmall ? Self.maxReadsAtOnce : 1
    resume(request.state)
  }

  private func resume(_ state: PagingState?) {
    guard let state else { return }
    cursor = state.cursor
    if state.cursor.clustering != nil {
      countedKey = state.cursor.key
      partitionLeft = state.perPartitionLimit ?? perPartitionLimit
      hasLiveRow = state.hasLiveRow
    }
    if !keys.isEmpty {
      target = keys.firstIndex(of: state.cursor.key) ?? keys.count
      if target < keys.count, state.cursor.clustering == nil { target += 1 }
    } else {
      target = tokenRanges.firstIndex { $0.last >= state.cursor.key.token } ?? tokenRanges.count
    }
  }

  // MARK: - Reading

  func start() {
    guard !request.plan.ranges.isEmpty || request.select.isDistinct else { return finish(hasMore: false) }
    proceed()
  }

  /// Consumes answers and asks for more until one must be waited for. Answers may come within the asking.
  private func proceed() {
    guard !isProceeding else { return }
    isProceeding = true
    defer { isProceeding = false }
    while !isDone {
      if let result = answer {
        answer = nil
        consume(result)
      } else if isWaiting || !ask() {
        return
      }
    }
  }

  /// Asks for the target's rows, and for those of partitions behind it; false while the answer is not there.
  private func ask() -> Bool {
    guard target < keys.count + tokenRanges.count else {
      finish(hasMore: false)
      return false
    }
    askAhead()
    if let result = ahead.removeValue(forKey: target) {
      answer = result
      return true
    }
    if awaited.contains(target) { return false }
    isWaiting = true
    read(command(for: target)) { [self] result in
      isWaiting = false
      answer = result
      proceed()
    }
    return answer != nil
  }

  private func askAhead() {
    guard window > 1, target < keys.count else { return }
    let end = min(keys.count, target + window)
    for index in max(nextAhead, target)..<max(nextAhead, target, end) {
      awaited.insert(index)
      read(command(for: index)) { [self] result in
        guard !isDone else { return }
        awaited.remove(index)
        ahead[index] = result
        if index == target { proceed() }
      }
    }
    nextAhead = max(nextAhead, end)
  }

  private func command(for target: Int) -> ReadCommand {
    let plan = request.plan
    let table = request.select.table
    var ranges = plan.ranges
    let scope: ReadCommand.Scope
    if target < keys.count {
      let key = keys[target]
      scope = .partition(key)
      if let cursor, cursor.key == key, let clustering = cursor.clustering {
        ranges = rest(of: ranges, behind: clustering)
      }
    } else {
      let range = tokenRanges[target - keys.count]
      var after = cursor.flatMap { range.contains($0.key.token) ? $0 : nil }
      if partitionLeft == 0, after?.key == countedKey { after?.clustering = nil }
      scope = .range(range, after: after)
    }
    let isPlain = plan.filter.isEmpty && !request.select.isAggregate
    return ReadCommand(
      table: table.id, incarnation: table.incarnation, scope: scope, ranges: ranges, isReversed: plan.isReversed,
      wantsStatics: request.select.wantsStatics, rowLimit: rowLimit(isPlain: isPlain),
      rowLimitPerPartition: plan.filter.isEmpty ? perPartitionLimit : .max,
      nowInSeconds: request.context.nowInSeconds)
  }

  private func rowLimit(isPlain: Bool) -> Int {
    let wanted = min(limitLeft, pageLeft)
    if !isPlain { return min(max(wanted, Self.minRowsAFilteredRead), Self.maxRowsARead) }
    return min(wanted < limitLeft ? wanted + 1 : wanted, Self.maxRowsARead)
  }

  private func rest(of ranges: [ClusteringRange], behind clustering: [UInt8]) -> [ClusteringRange] {
    ranges.compactMap { range in
      var range = range
      if request.plan.isReversed {
        if range.end.isEmpty || clustering.lexicographicallyPrecedes(range.end) { range.end = clustering }
      } else if range.start.lexicographicallyPrecedes(clustering) || range.start == clustering {
        range.start = clustering + [ClusteringCodec.afterPrefix]
      }
      return range.end.isEmpty || range.start.lexicographicallyPrecedes(range.end) ? range : nil
    }
  }

  // MARK: - Rows

  private func consume(_ result: Result<ReadResponse, RequestFailure>) {
    let response: ReadResponse
    switch result {
    case .failure(let failure): return fail(QueryFailure(failure))
    case .success(let found): response = found
    }
    do {
      let end = response.hasMore ? response.end(isReversed: request.plan.isReversed) : nil
      let before = cursor
      for partition in response.partitions {
        try consume(partition, isCut: end?.key == partition.key && end?.clustering != nil)
        if isDone { return }
        if cursor?.key != partition.key { cursor = ReadCursor(key: partition.key, clustering: nil) }
      }
      if response.hasMore { try goOn(behind: end, from: before) }
      if !response.hasMore { try showAlone() }
      if isDone { return }
    } catch let failure as QueryFailure {
      return fail(failure)
    } catch {
      return fail(
        .server("The data of \(request.select.table.keyspace).\(request.select.table.name) is damaged: \(error)"))
    }
    if !response.hasMore || (target < keys.count && partitionLeft == 0 && countedKey == keys[target]) {
      target += 1
      cursor?.clustering = nil
    }
    if target >= keys.count + tokenRanges.count { return finish(hasMore: false) }
    if pageLeft == 0 { finish(hasMore: true) }
  }

  /// An answer that was cut off says where: not always behind its last row, which another replica's deletion may hide.
  private func goOn(behind end: ReadCursor?, from before: ReadCursor?) throws(QueryFailure) {
    guard let end, end != before else { throw .server("A read of \(request.select.table.name) does not get on") }
    cursor = end
    if countedKey != end.key {
      countedKey = end.key
      partitionLeft = perPartitionLimit
      hasLiveRow = false
    }
  }

  /// - Parameter isCut: more of the partition follows.
  private func consume(_ partition: Partition, isCut: Bool) throws {
    let layout = request.layout
    let shared = try layout.shared(partition)
    let now = request.context.nowInSeconds
    if let alone, alone.key != partition.key {
      try showAlone()
      if isDone { return }
    }
    if countedKey != partition.key {
      countedKey = partition.key
      partitionLeft = perPartitionLimit
      hasLiveRow = false
    }
    let start = cursor
    let entries = request.plan.isReversed ? partition.entries.reversed() : partition.entries
    for entry in entries where entry.kind == .row {
      let row = try entry.row()
      if row.isLive(nowInSeconds: now) {
        hasLiveRow = true
        alone = nil
        if partitionLeft > 0 {
          let values = try layout.values(shared, clustering: entry.clustering, row, nowInSeconds: now)
          try add(values)
          if isDone { return }
        }
      }
      cursor = ReadCursor(key: partition.key, clustering: entry.clustering)
    }
    if !hasLiveRow, showsStaticsAlone, shared.statics?.isLive(nowInSeconds: now) ?? false {
      let values = try layout.values(shared, clustering: nil, nil, nowInSeconds: now)
      alone = Alone(key: partition.key, values: values, start: alone?.key == partition.key ? alone?.start : start)
      if !isCut { try showAlone() }
    }
  }

  /// Shows statics of whose partition no row is left. If the page has no room for them, the next one begins with the
  /// partition anew.
  private func showAlone() throws {
    guard let shown = alone else { return }
    alone = nil
    let end = cursor
    cursor = shown.start
    try add(shown.values)
    if !isDone { cursor = end }
  }

  /// A partition of which only statics are left is a row, unless the statement asks for some of its rows
  /// (SelectStatement.java, returnStaticContentOnPartitionWithNoRows).
  private var showsStaticsAlone: Bool {
    !request.select.table.clustering.isEmpty && request.plan.ranges == [.all]
  }

  /// Shows a row, if it passes and the page has room; a row that has none ends the page in front of it.
  private func add(_ values: RowValues) throws {
    guard request.plan.filter.isEmpty || request.plan.filter.matches(values) else { return }
    guard pageLeft > 0 else { return finish(hasMore: true) }
    try output.add(values)
    if partitionLeft != .max { partitionLeft -= 1 }
    if limitLeft != .max { limitLeft -= 1 }
    if pageLeft != .max { pageLeft -= 1 }
    if limitLeft == 0 { return finish(hasMore: false) }
    guard output.byteCount > Self.maxPageBytes else { return }
    if isPaged {
      pageLeft = 0
    } else if output.byteCount > Self.maxResultBytes {
      throw QueryFailure.invalid("The result is larger than \(Self.maxResultBytes) bytes: ask for it in pages")
    }
  }

  // MARK: - The end

  private func fail(_ failure: QueryFailure) {
    isDone = true
    completion(.failure(failure))
  }

  private func finish(hasMore: Bool) {
    isDone = true
    var rows: ResultRows
    do throws(QueryFailure) { rows = try output.finish() } catch { return completion(.failure(error)) }
    if let alone { cursor = alone.start }
    if hasMore, isPaged, var cursor {
      // Rows of a later partition were met: the cursor's has no more.
      if partitionLeft == 0 || cursor.key != countedKey { cursor.clustering = nil }
      let state = PagingState(
        table: request.select.table.id, cursor: cursor, limit: limitLeft == .max ? nil : limitLeft,
        perPartitionLimit: partitionLeft == .max || cursor.clustering == nil ? nil : partitionLeft,
        hasLiveRow: cursor.clustering != nil && hasLiveRow)
      rows.pagingState = state.encoded(request.seal)
    }
    completion(.success(QueryResult(.rows(rows), warnings: warnings)))
  }

  private var warnings: [String] {
    guard request.select.isAggregate, !request.select.restrictions.namesOnePartition else { return [] }
    return [
      request.select.restrictions.namesPartitions
        ? "Aggregation query used on multiple partition keys (IN restriction)"
        : "Aggregation query used without partition key"
    ]
  }
}
