// The versions of CQL's native protocol (doc/native_protocol_v4.spec and its siblings in Cassandra). Only v4 is spoken
// now. What differs elsewhere: v3 lacks unset values, custom payloads, warnings and the failure errors; v5 has wider
// query flags, a keyspace and now-in-seconds with each query, a metadata id with each prepared statement, reason maps
// in failures, and wraps all frames in checksummed segments. Each codec that would change takes the version.

public enum ProtocolVersion: UInt8, Sendable, CaseIterable {
  case v4 = 4

  /// What an answer to a frame of an unknown version is sent in.
  public static let newest = ProtocolVersion.v4

  /// As SUPPORTED lists them.
  public static var names: [String] { allCases.map { "\($0.rawValue)/v\($0.rawValue)" } }

  /// Cassandra's words. Drivers look for "unsupported protocol version" in them and try the next lower one.
  public static func refusal(of version: UInt8) -> String {
    "Invalid or unsupported protocol version (\(version)); supported versions are (\(names.joined(separator: ", ")))"
  }
}
