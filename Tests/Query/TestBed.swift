// A query engine over the memory replica, with a clock that stands still, and results as text.

import Base
import CQL
import Data
import Metadata
import Query
import Ring
import TestWorld
import World

/// Changes the schema here and now.
final class LocalChanger: SchemaChanger {
  let metadata: Metadata
  private let secret: [UInt8]
  private var tables: UInt64 = 0

  init(metadata: Metadata, secret: UInt8 = 7) {
    self.metadata = metadata
    self.secret = [UInt8](repeating: secret, count: 32)
  }

  func change(
    _ statement: String, keyspace: String?, completion: @escaping (Result<SchemaChangeEvent?, QueryFailure>) -> Void
  ) {
    tables += 1
    let context = SchemaChange.Context(
      keyspace: keyspace, newTableID: UUID(random: 42, tables),
      datacenters: Set(metadata.snapshot.members.map(\.datacenter)), newSecret: secret)
    do throws(QueryFailure) {
      let outcome = try SchemaChange.apply(statement, to: metadata.snapshot.schema, context)
      metadata.adopt(outcome.schema)
      completion(.success(outcome.event))
    } catch { completion(.failure(error)) }
  }
}

final class TestBed {
  let clock = TestClock(now: Instant(nanoseconds: 0), wallMicroseconds: 1_700_000_000_000_000)
  let replica = MemoryReplica()
  let metadata: Metadata
  let engine: QueryEngine
  var keyspace: String?

  static let members = (1...3).map { number in
    let id = UUID(random: 0xABCD, UInt64(number))
    return Member(
      hostID: id, address: "127.0.0.\(number)", datacenter: "datacenter1", rack: "rack1",
      tokens: Member.tokens(for: id, count: 4))
  }

  /// - Parameter data: in place of the memory replica.
  init(_ statements: String..., keyspace: String? = "k", data: (any DataPath)? = nil, secret: UInt8 = 7) {
    metadata = Metadata(
      snapshot: ClusterSnapshot(
        clusterName: "Test Cluster", localHostID: Self.members[0].hostID, schema: .empty,
        ring: TokenRing(members: Self.members)))
    engine = QueryEngine(
      metadata: metadata, data: data ?? replica, changer: LocalChanger(metadata: metadata, secret: secret),
      clock: clock,
      entropy: TestEntropy(seed: 7))
    if let keyspace {
      require(
        "CREATE KEYSPACE \(keyspace) WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
      self.keyspace = keyspace
    }
    for statement in statements { require(statement) }
  }

  private func require(_ statement: String) {
    if case .failure(let failure) = result(statement) { preconditionFailure("\(statement): \(failure.message)") }
  }

  // MARK: - Running

  func result(_ text: String, _ change: (inout QueryOptions) -> Void = { _ in }) -> Result<QueryResult, QueryFailure> {
    var options = QueryOptions(keyspace: keyspace)
    change(&options)
    var answer: Result<QueryResult, QueryFailure>?
    engine.execute(text, options) {
      precondition(answer == nil, "two answers to \(text)")
      answer = $0
    }
    guard let answer else { preconditionFailure("no answer to \(text)") }
    if case .success(let result) = answer, case .setKeyspace(let name) = result.body { keyspace = name }
    return answer
  }

  /// Rows as text, values joined by "|"; a failure as one line.
  func rows(_ text: String, _ change: (inout QueryOptions) -> Void = { _ in }) -> [String] {
    switch result(text, change) {
    case .failure(let failure): ["\(Self.name(failure)): \(failure.message)"]
    case .success(let result): Self.lines(result)
    }
  }

  /// A failure's kind and words; "" when there was none.
  func error(_ text: String, _ change: (inout QueryOptions) -> Void = { _ in }) -> String {
    switch result(text, change) {
    case .failure(let failure): "\(Self.name(failure)): \(failure.message)"
    case .success: ""
    }
  }

  /// All pages of a statement: each page's rows.
  func pages(_ text: String, size: Int) -> [[String]] {
    var pages: [[String]] = []
    var state: [UInt8]?
    repeat {
      guard
        case .success(let result) = result(
          text,
          {
            $0.pageSize = size
            $0.pagingState = state
          }),
        case .rows(let rows) = result.body
      else { return pages + [["failed"]] }
      pages.append(Self.lines(result))
      state = rows.pagingState
    } while state != nil && pages.count < 1000
    return pages
  }

  private static func name(_ failure: QueryFailure) -> String {
    switch failure {
    case .syntax: "syntax"
    case .invalid: "invalid"
    case .configuration: "configuration"
    case .alreadyExists: "exists"
    case .unauthorized: "unauthorized"
    case .protocolViolation: "protocol"
    default: "0x" + String(failure.code, radix: 16)
    }
  }

  static func lines(_ result: QueryResult) -> [String] {
    switch result.body {
    case .void: return ["void"]
    case .setKeyspace(let name): return ["use \(name)"]
    case .schemaChange(let event):
      return ["\(event.change.rawValue) \(event.target.rawValue) \(event.keyspace) \(event.name)"]
    case .rows(let rows):
      var lines: [String] = []
      rows.cells.bytes.withReader { (reader: inout ByteReader) in
        for _ in 0..<rows.rowCount {
          var values: [String] = []
          for column in rows.columns.columns {
            guard let length = try? reader.int32(), length >= 0 else {
              values.append("null")
              continue
            }
            values.append(column.type.text(of: try? reader.bytes(Int(length))))
          }
          lines.append(values.joined(separator: "|"))
        }
        precondition(reader.isAtEnd, "bytes behind the last row")
      }
      return lines
    }
  }
}
