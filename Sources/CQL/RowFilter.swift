// What ALLOW FILTERING leaves to check of each row, its terms evaluated once for an execution.

import Base
import Data

public struct RowFilter: Sendable {
  enum Test: Sendable {
    case comparison(ComparisonOperator, [UInt8])
    case membership([[UInt8]])
    case entry(key: [UInt8], [UInt8])
  }
  struct Check: Sendable {
    var slot: Int
    var type: CQLType
    var test: Test
  }
  var checks: [Check] = []

  public var isEmpty: Bool { checks.isEmpty }

  /// Whether a row passes every check; a null passes none.
  public func matches(_ row: RowValues) -> Bool {
    checks.allSatisfy { check in row.values[check.slot].map { check.passes($0) } ?? false }
  }
}

extension RowFilter.Check {
  func passes(_ value: [UInt8]) -> Bool {
    switch test {
    case .membership(let values): return values.contains { type.compare(value, $0) == 0 }
    case .entry(let key, let wanted):
      guard let parts = try? type.collectionElements(of: value) else { return false }
      return stride(from: 0, to: parts.count, by: 2).contains { parts[$0] == key && parts[$0 + 1] == wanted }
    case .comparison(.contains, let wanted):
      guard let parts = try? type.collectionElements(of: value) else { return false }
      guard case .map = type.unfrozen else { return parts.contains(wanted) }
      return stride(from: 1, to: parts.count, by: 2).contains { parts[$0] == wanted }
    case .comparison(.containsKey, let wanted):
      guard let parts = try? type.collectionElements(of: value) else { return false }
      return stride(from: 0, to: parts.count, by: 2).contains { parts[$0] == wanted }
    case .comparison(let comparison, let bound):
      let order = type.compare(value, bound)
      switch comparison {
      case .equal: return order == 0
      case .notEqual: return order != 0
      case .less: return order < 0
      case .lessOrEqual: return order <= 0
      case .greater: return order > 0
      case .greaterOrEqual: return order >= 0
      case .contains, .containsKey, .like: return false
      }
    }
  }
}
