// The one error of this room: what a client is told about its statement. The kinds are the error
// codes of the native protocol (native_protocol_v4.spec, section 9) that a statement's text, names,
// types or values can cause; the words are Cassandra's, since drivers and people search for them.

/// Why a statement was refused. Nothing was executed.
public struct CQLFailure: Error, Sendable, Equatable {
  /// Error codes of the native protocol.
  public enum Kind: Int32, Sendable {
    case syntax = 0x2000
    case unauthorized = 0x2100
    case invalid = 0x2200
    case configuration = 0x2300
    /// A function that could not be computed: a division by zero, JSON that is none.
    case function = 0x1400
  }

  public var kind: Kind
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  public static func invalid(_ message: String) -> CQLFailure { CQLFailure(.invalid, message) }
  public static func syntax(_ message: String) -> CQLFailure { CQLFailure(.syntax, message) }
  public static func function(_ message: String) -> CQLFailure { CQLFailure(.function, message) }
  public static func configuration(_ message: String) -> CQLFailure { CQLFailure(.configuration, message) }
}
