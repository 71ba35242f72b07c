// What a check says: where, and in one sentence what is wrong and what to do instead.

struct Finding: Equatable, Comparable, CustomStringConvertible {
  var path: String
  var line: Int
  var message: String

  var description: String { "\(path):\(line): \(message)" }

  static func < (left: Finding, right: Finding) -> Bool {
    (left.path, left.line, left.message) < (right.path, right.line, right.message)
  }
}
