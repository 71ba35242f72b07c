// What a client binds to a marker: the one type that a frame's decoder makes and the binder takes, so that a value is
// copied out of the receive buffer once and never again.

/// A value as it arrives in a frame (native protocol v4 section 3, [value]).
public enum BoundValue: Equatable, Sendable {
  /// In serialized form, not yet checked against the marker's type.
  case bytes([UInt8])
  case null
  /// Leaves the column as it is.
  case unset
}
