import Base
import Data
import Testing

@testable import CQL

/// Mutated statements, through parser, binder and execution: whatever comes out, nothing traps and a refusal says why.
/// Tools/fuzz/run does the same for longer, led by coverage.
@Suite struct FuzzTests {
  static let words = [
    "SELECT", "FROM", "WHERE", "AND", "INSERT", "INTO", "VALUES", "UPDATE", "SET", "DELETE", "IN", "CONTAINS", "KEY",
    "token", "(", ")", "[", "]", "{", "}", ",", ":", "?", ":x", "=", "<=", ">", "+", "-", "*", "..", ".", "'x'", "1",
    "-2", "3.5", "0xff", "1h", "NULL", "NaN", "true", "a", "b", "k", "v", "kv", "t", "coll", "LIMIT", "ORDER", "BY",
    "DESC", "ALLOW", "FILTERING", "IF", "EXISTS", "USING", "TTL", "TIMESTAMP", "BATCH", "BEGIN", "APPLY", "now()",
    "cast(", "AS", "list<", "map<", "$$", "'", "\"", "--", "/*", "\u{B5}s", "é", "\0",
  ]

  private func mutate(_ text: String, _ generator: inout SeededGenerator, _ others: [String]) -> [UInt8] {
    var bytes = Array(text.utf8)
    for _ in 0..<generator.below(4) {
      let place = generator.below(bytes.count + 1)
      switch generator.below(6) {
      case 0: bytes.insert(contentsOf: Array(" \(Self.words[generator.below(Self.words.count)]) ".utf8), at: place)
      case 1 where place < bytes.count: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
      case 2 where place < bytes.count: bytes.removeSubrange(place..<min(bytes.count, place + 1 + generator.below(9)))
      case 3: bytes.removeLast(bytes.count - place)
      case 4:
        let other = Array(others[generator.below(others.count)].utf8)
        bytes = Array(bytes[..<place]) + other[generator.below(other.count)...]
      default:
        let end = min(bytes.count, place + generator.below(20))
        bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
      }
    }
    return bytes
  }

  private func value(_ type: CQLType, _ generator: inout SeededGenerator) -> BoundValue {
    switch generator.below(5) {
    case 0: return .null
    case 1: return .unset
    case 2:
      return .bytes([UInt8](repeating: UInt8(generator.below(3)), count: type.fixedLengthBytes ?? generator.below(9)))
    default: return .bytes((0..<generator.below(12)).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    }
  }

  private func run(_ text: [UInt8], _ schema: Schema, _ generator: inout SeededGenerator) throws -> Bool {
    let parsed = try CQLParser.parse(utf8: text)
    let bound = try Binder.bind(parsed, source: schema, keyspace: "ks")
    let context = context(bound.variables.map { value($0.type, &generator) })
    switch bound.body {
    case .select(let select):
      let plan = try select.plan(context)
      let row = RowValues(
        values: select.fetched.map { column in
          if case .bytes(let bytes) = value(column.type, &generator) { bytes } else { nil }
        },
        writeTimesMicroseconds: select.fetched.map { _ in 1 }, timesToLiveSeconds: select.fetched.map { _ in nil })
      _ = plan.filter.matches(row)
      var aggregation = Aggregation(select)
      for selector in select.selectors { _ = try? selector.evaluate(row, context) }
      try? aggregation.add(row, context)
      _ = try? aggregation.finish(context)
    case .modification(let modification): _ = try modification.mutations(context)
    case .batch(let batch): _ = try batch.mutations(context)
    case .use, .truncate, .schemaChange, .describe: break
    }
    return true
  }

  @Test(arguments: [UInt64(1), 2, 3])
  func survivesMutations(_ seed: UInt64) throws {
    let schema = try standardSchema()
    let statements = ParserTests.statements + BinderTests.outcomes.map(\.0)
    var generator = SeededGenerator(seed: seed)
    var accepted = 0
    for _ in 0..<2000 {
      let text = mutate(statements[generator.below(statements.count)], &generator, statements)
      do {
        if try run(text, schema, &generator) { accepted += 1 }
      } catch let failure as CQLFailure {
        #expect(!failure.message.isEmpty, "seed \(seed): \(String(decoding: text, as: UTF8.self))")
      }
    }
    // A mutator that breaks everything would test nothing behind the parser.
    #expect(accepted > 100, "seed \(seed): \(accepted) accepted")
  }
}
