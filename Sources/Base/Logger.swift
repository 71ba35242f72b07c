// Structured logs: one line an event, an event's name in plain words, its facts as keys and values.
// No credentials and no personal data go into them.

public enum LogLevel: Int, Comparable, Sendable {
  case debug, info, warning, error
  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }
}

/// Where lines go: a file descriptor in a process, a list in a simulation.
public protocol LogSink: AnyObject {
  func write(level: LogLevel, event: String, facts: [(String, String)])
}

/// What a room logs through; bound to its node's thread like everything else.
public struct Logger {
  public var sink: (any LogSink)?
  public var minimum: LogLevel
  /// Said with every line, such as the node's address.
  public var context: [(String, String)]

  public init(sink: (any LogSink)?, minimum: LogLevel = .info, context: [(String, String)] = []) {
    self.sink = sink
    self.minimum = minimum
    self.context = context
  }

  /// Says nothing.
  public static var silent: Logger { Logger(sink: nil) }

  public func log(_ level: LogLevel, _ event: String, _ facts: KeyValuePairs<String, String> = [:]) {
    guard let sink, level >= minimum else { return }
    sink.write(level: level, event: event, facts: context + facts.map { ($0.key, $0.value) })
  }

  public func debug(_ event: String, _ facts: KeyValuePairs<String, String> = [:]) { log(.debug, event, facts) }
  public func info(_ event: String, _ facts: KeyValuePairs<String, String> = [:]) { log(.info, event, facts) }
  public func warning(_ event: String, _ facts: KeyValuePairs<String, String> = [:]) { log(.warning, event, facts) }
  public func error(_ event: String, _ facts: KeyValuePairs<String, String> = [:]) { log(.error, event, facts) }
}
