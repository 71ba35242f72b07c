// Replicas that hold the same state hold the same bytes: after healing and one read at ALL of everything, whatever
// differs was not repaired.

public enum ReplicaCheck {
  /// - Parameter copies: for each partition what each of its replicas answers for it.
  /// - Returns: a line for each partition whose replicas differ.
  public static func problems(_ copies: [(partition: String, replicas: [(node: Int, bytes: [UInt8])])]) -> [String] {
    copies.compactMap { partition, replicas in
      guard let first = replicas.first, let other = replicas.first(where: { $0.bytes != first.bytes }) else {
        return nil
      }
      return "replicas \(first.node) and \(other.node) differ in \(partition) after a read at ALL"
        + " (\(first.bytes.count) and \(other.bytes.count) bytes)"
    }
  }
}
