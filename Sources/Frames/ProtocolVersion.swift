// The versions of CQL's native protocol (doc/native_protocol_v3.spec, v4.spec and v5.spec in Cassandra).
//
// v3 lacks unset values, custom payloads, warnings, the failure errors and five types. v5 has wider query flags, a
// keyspace and now-in-seconds with each query, an id for each result's metadata, reasons in failures, and after STARTUP
// wraps all frames in checksummed segments (Segments.swift). Each codec that differs takes the version.
//
// Deviation: v6-beta, which Cassandra 5 speaks to who sets the flag USE_BETA, is refused like any unknown version.

public enum ProtocolVersion: UInt8, Sendable, CaseIterable, Comparable {
  case v3 = 3
  case v4, v5

  /// What an answer to a frame of an unknown version is sent in.
  public static let newest = ProtocolVersion.v5

  public static func < (a: ProtocolVersion, b: ProtocolVersion) -> Bool { a.rawValue < b.rawValue }

  /// As Cassandra writes it: `4/v4`.
  public var name: String { "\(rawValue)/v\(rawValue)" }

  /// As SUPPORTED lists them.
  public static var names: [String] { allCases.map(\.name) }

  /// Whether frames travel in segments once STARTUP is answered.
  public var hasSegments: Bool { self >= .v5 }

  /// Cassandra's words. Drivers look for "unsupported protocol version" in them and try the next lower one.
  public static func refusal(of version: UInt8) -> String {
    "Invalid or unsupported protocol version (\(version)); supported versions are (\(names.joined(separator: ", ")))"
  }
}
