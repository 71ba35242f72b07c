// What clients ask (v4.spec section 4.1), decoded out of a frame's body, and encoded for clients of our own and tests.
// What only v5 carries (v5.spec 4.1.4 to 4.1.7) is nil in other versions and not encoded for them.

import Base
import Data

/// What goes beside a statement (v4.spec section 4.1.4).
public struct QueryParameters: Equatable, Sendable {
  /// A code of [consistency], known to exist.
  public var consistency: UInt16
  public var values: [BoundValue]
  /// As many as values where they are given by name; else empty.
  public var names: [String]
  public var skipsMetadata: Bool
  /// Rows; nil for no paging. Zero and less mean the same and are decoded as nil.
  public var pageSize: Int?
  public var pagingState: [UInt8]?
  public var serialConsistency: UInt16?
  public var defaultTimestampMicroseconds: Int64?
  /// v5: of unqualified names, instead of the connection's.
  public var keyspace: String?
  /// v5: judges expiry in place of the coordinator's clock.
  public var nowInSeconds: Int32?

  public init(
    consistency: UInt16, values: [BoundValue] = [], names: [String] = [], skipsMetadata: Bool = false,
    pageSize: Int? = nil, pagingState: [UInt8]? = nil, serialConsistency: UInt16? = nil,
    defaultTimestampMicroseconds: Int64? = nil, keyspace: String? = nil, nowInSeconds: Int32? = nil
  ) {
    self.consistency = consistency
    self.values = values
    self.names = names
    self.skipsMetadata = skipsMetadata
    self.pageSize = pageSize
    self.pagingState = pagingState
    self.serialConsistency = serialConsistency
    self.defaultTimestampMicroseconds = defaultTimestampMicroseconds
    self.keyspace = keyspace
    self.nowInSeconds = nowInSeconds
  }
}

public struct BatchRequest: Equatable, Sendable {
  public enum Kind: UInt8, Sendable {
    case logged = 0
    case unlogged, counter
  }
  public enum Source: Equatable, Sendable {
    case text(String)
    /// A prepared statement's id.
    case prepared([UInt8])
  }
  public struct Statement: Equatable, Sendable {
    public var source: Source
    public var values: [BoundValue]

    public init(_ source: Source, values: [BoundValue] = []) {
      self.source = source
      self.values = values
    }
  }

  public var kind: Kind
  public var statements: [Statement]
  public var consistency: UInt16
  public var serialConsistency: UInt16?
  public var defaultTimestampMicroseconds: Int64?
  /// v5: of unqualified names, instead of the connection's.
  public var keyspace: String?
  /// v5: judges expiry in place of the coordinator's clock.
  public var nowInSeconds: Int32?

  public init(
    kind: Kind, statements: [Statement], consistency: UInt16, serialConsistency: UInt16? = nil,
    defaultTimestampMicroseconds: Int64? = nil, keyspace: String? = nil, nowInSeconds: Int32? = nil
  ) {
    self.kind = kind
    self.statements = statements
    self.consistency = consistency
    self.serialConsistency = serialConsistency
    self.defaultTimestampMicroseconds = defaultTimestampMicroseconds
    self.keyspace = keyspace
    self.nowInSeconds = nowInSeconds
  }
}

public enum Request: Equatable, Sendable {
  case startup(options: [String: String])
  case options
  case authResponse([UInt8]?)
  case query(String, QueryParameters)
  /// v5 may name a keyspace.
  case prepare(String, keyspace: String? = nil)
  /// v5 tells which metadata of the result the client has.
  case execute(id: [UInt8], resultMetadataID: [UInt8]? = nil, QueryParameters)
  case batch(BatchRequest)
  case register(eventTypes: [String])

  public var opcode: Opcode {
    switch self {
    case .startup: .startup
    case .options: .options
    case .authResponse: .authResponse
    case .query: .query
    case .prepare: .prepare
    case .execute: .execute
    case .batch: .batch
    case .register: .register
    }
  }
}
