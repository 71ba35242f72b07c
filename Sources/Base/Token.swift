/// A partition's place on the ring: Murmur3 of its key, as Cassandra computes it (room Ring).
public typealias Token = Int64

/// The tokens from `first` to `last`, both included; never wraps.
public struct TokenRange: Hashable, Sendable {
  public var first: Token
  public var last: Token

  public init(first: Token, last: Token) {
    precondition(first <= last, "token range \(first)...\(last)")
    self.first = first
    self.last = last
  }

  public static let all = TokenRange(first: .min, last: .max)

  public func contains(_ token: Token) -> Bool { first <= token && token <= last }
}
