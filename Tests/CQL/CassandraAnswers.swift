import Base
import Data
import Testing

@testable import CQL

/// Statements with the answers of a real Cassandra.
@Suite struct CassandraAnswers {
  struct Question: CustomStringConvertible, Sendable {
    var statement: String
    var answer: String
    var description: String { statement }
  }

  /// A statement a line, its answer indented on the next.
  static func questions(_ text: String) -> [Question] {
    let lines = text.split(separator: "\n").map(String.init)
    return stride(from: 0, to: lines.count - 1, by: 2).map {
      Question(statement: lines[$0], answer: String(lines[$0 + 1].dropFirst(2)))
    }
  }

  /// This parser's and binder's answer in the same form.
  static func answer(_ statement: String, _ schema: Schema) -> String {
    do throws(CQLFailure) {
      let bound = try Binder.bind(try CQLParser.parse(statement), source: schema, keyspace: "ks")
      guard bound.variables.isEmpty else {
        let markers = bound.variables.map { "\($0.name) \(thawed($0.type))" }.joined(separator: ", ")
        let key = bound.partitionKeyIndexes.isEmpty ? "" : " key \(bound.partitionKeyIndexes)"
        return "ok \(markers)\(key)"
      }
      switch bound.body {
      case .select(let select): _ = try select.plan(context())
      case .modification(let modification) where !modification.needsRead:
        let mutations = try modification.mutations(context())
        guard statement.contains("all_types"), let entry = mutations.first?.partition.entries.first,
          let cell = (try? entry.row())?.cells.first
        else { return "ok" }
        // An empty value shows as nothing.
        let shown = cell.value.map { Hex.encode($0) } ?? "null"
        return shown.isEmpty ? "ok" : "ok \(shown)"
      case .batch(let batch): _ = try batch.mutations(context())
      default: break
      }
      return "ok"
    } catch {
      return "\(String(error.kind.rawValue, radix: 16)) \(error.message)"
    }
  }

  /// A driver sees no `frozen`.
  private static func thawed(_ type: CQLType) -> CQLType {
    switch type {
    case .frozen(let inner): thawed(inner)
    case .list(let element): .list(thawed(element))
    case .set(let element): .set(thawed(element))
    case .map(let key, let value): .map(thawed(key), thawed(value))
    case .tuple(let parts): .tuple(parts.map(thawed))
    default: type
    }
  }

  @Test(arguments: [select, write, values])
  func agrees(_ text: String) throws {
    let schema = try standardSchema()
    let questions = Self.questions(text)
    #expect(questions.count > 100)
    for question in questions {
      #expect(Self.answer(question.statement, schema) == question.answer, "\(question.statement)")
    }
  }
}
