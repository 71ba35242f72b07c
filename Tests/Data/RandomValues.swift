// Random types and values of them, for properties that hold of all.

import Base

@testable import Data

struct RandomValues {
  var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  private mutating func pick<T>(_ values: [T]) -> T { values[generator.below(values.count)] }

  /// A type that can be a clustering column, nested at most `depth` levels.
  mutating func orderedType(depth: Int = 3) -> CQLType {
    let scalars: [CQLType] = [
      .ascii, .bigint, .blob, .boolean, .date, .decimal, .double, .float, .inet, .int, .smallint, .text, .time,
      .timestamp, .timeuuid, .tinyint, .uuid, .varint,
    ]
    guard depth > 0, generator.below(3) == 0 else { return pick(scalars) }
    switch generator.below(5) {
    case 0: return .frozen(.list(orderedType(depth: depth - 1)))
    case 1: return .frozen(.set(orderedType(depth: depth - 1)))
    case 2:
      let key = orderedType(depth: depth - 1)
      return .frozen(.map(key, orderedType(depth: depth - 1)))
    case 3: return .frozen(.tuple((0...generator.below(3)).map { _ in orderedType(depth: depth - 1) }))
    default: return .vector(orderedType(depth: depth - 1), dimension: 1 + generator.below(3))
    }
  }

  private mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in pick([0, 1, 2, 0x7F, 0x80, 0xFF]) } }

  mutating func value(of type: CQLType) -> [UInt8] {
    switch type {
    case .ascii, .text: return Array(pick(["", "a", "ab", "b", "\u{0}", "a\u{0}", "zz"]).utf8)
    case .blob: return bytes(generator.below(4))
    case .boolean: return [UInt8(generator.below(2))]
    case .tinyint: return bytes(1)
    case .smallint: return bytes(2)
    case .int, .date: return bytes(4)
    case .bigint, .counter: return bytes(8)
    // Years that have a text form.
    case .timestamp: return Values.bigint(pick([-62_000_000_000_000, -1, 0, 1, 1_600_000_000_123]))
    case .time: return Values.bigint(pick([0, 1, 43_200_000_000_000, 86_399_999_999_999]))
    case .float: return Values.float(pick([0, -0.0, 1.5, -1.5, .infinity, -.infinity, .nan, 3e38, 1e-30]))
    case .double: return Values.double(pick([0, -0.0, 1.5, -1.5, .infinity, -.infinity, .nan, 1e300, -1e-300]))
    case .uuid: return bytes(16)
    case .timeuuid:
      var id = bytes(16)
      id[6] = 0x10 | (id[6] & 0x0F)
      return id
    case .inet: return bytes(pick([4, 16]))
    case .varint: return bytes(1 + generator.below(4))
    case .decimal:
      let scale = pick([-3, -1, 0, 1, 2, 7])
      return Values.int(Int32(scale)) + bytes(1 + generator.below(3))
    case .duration: return (try? CQLType.duration.value(fromText: pick(["1mo", "2d", "-3h", "1y2mo3d"]))) ?? []
    case .list(let element): return Values.collection((0..<generator.below(4)).map { _ in value(of: element) })
    case .set(let element):
      return Values.collection(type.sortedSet((0..<generator.below(4)).map { _ in value(of: element) }))
    case .map(let key, let element):
      return Values.map(
        alternating: type.sortedMap((0..<generator.below(3)).map { _ in (value(of: key), value(of: element)) }))
    case .tuple(let types):
      return Values.tuple(types.map { generator.below(5) == 0 ? nil : value(of: $0) })
    case .vector(let element, let dimension):
      return type.vector((0..<dimension).map { _ in value(of: element) })
    case .frozen(let inner): return value(of: inner)
    }
  }
}
