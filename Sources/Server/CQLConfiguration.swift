// What bounds the traffic with drivers, what they are told about this server, and what it was.

import Base
import Frames
import World

public struct CQLConfiguration: Sendable {
  public var security = WireSecurity.plain
  public var maxConnections = 1024
  /// Requests under way on one connection. At it the connection is not read.
  public var maxInFlightPerConnection = 1024
  /// Requests under way on all connections. Over it they are answered with OVERLOADED.
  public var maxInFlight = 16_384
  /// Answers waiting to be sent on one connection. Over it the connection is not read.
  /// Less than 256 KiB counts as that.
  public var maxUnsentBytes = 8 << 20
  /// Of a frame's body before STARTUP was accepted.
  public var maxUnstartedBodyBytes = 64 << 10
  /// A connection that is not ready for requests by then is closed.
  public var startupTimeout: Duration = .seconds(60)
  /// Wrong passwords on one connection; then it ends.
  public var maxFailedAuthentications = 3
  public var limits = FrameLimits()
  /// As SUPPORTED says it and STARTUP is answered.
  public var cqlVersion = "3.4.7"

  public init() {}

  /// What OPTIONS is answered.
  var supported: [String: [String]] {
    [
      "CQL_VERSION": [cqlVersion], "COMPRESSION": FrameCompression.allCases.map(\.rawValue),
      "PROTOCOL_VERSIONS": ProtocolVersion.names,
    ]
  }
}

/// Sums since the start, but for what is named "now".
public struct CQLCounters: Sendable {
  public internal(set) var connectionsNow = 0
  public internal(set) var inFlightNow = 0
  public internal(set) var connectionsAccepted: UInt64 = 0
  public internal(set) var connectionsRefused: UInt64 = 0
  public internal(set) var protocolErrors: UInt64 = 0
  public internal(set) var corruptSegments: UInt64 = 0
  public internal(set) var authenticationFailures: UInt64 = 0
  public internal(set) var overloaded: UInt64 = 0
  public internal(set) var eventsSent: UInt64 = 0
  /// Times a connection was not read for a while because its client was ahead.
  public internal(set) var pauses: UInt64 = 0
  /// By opcode's raw value.
  private var requestsByOpcode = [UInt64](repeating: 0, count: 17)
  private var errorsByCode: [Int32: UInt64] = [:]
  /// From a request's arrival to its answer.
  public internal(set) var latency = Histogram()

  public init() {}

  public func requests(_ opcode: Opcode) -> UInt64 { requestsByOpcode[Int(opcode.rawValue)] }

  /// By the native protocol's error code, in order.
  public var errors: [(code: Int32, count: UInt64)] {
    errorsByCode.sorted { $0.key < $1.key }.map { (code: $0.key, count: $0.value) }
  }

  mutating func count(_ opcode: Opcode) { requestsByOpcode[Int(opcode.rawValue)] += 1 }
  mutating func count(error code: ErrorCode) { errorsByCode[code.rawValue, default: 0] += 1 }
}
