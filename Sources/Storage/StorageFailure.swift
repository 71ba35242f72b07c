// What storage can answer instead of data. Few cases, each one something a caller does differently.

/// Why a storage operation failed.
public enum StorageFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// A checksum, a structure or a stored value is wrong: not served; to be rebuilt from replicas.
  case corrupt(String)
  case io(String)
  /// No space left: writes fail, reads go on, and writing resumes by itself once there is space again.
  case diskFull(String)
  /// Another node has the data directory open.
  case locked(String)
  /// A sync of the log failed. What is on disk is unknown: the node has to stop.
  case syncFailed(String)
  /// Compaction falls behind, or too much waits for the next commit.
  case overloaded
  case closed
  /// The answer, or what had to be passed over for it, is larger than a read may be.
  case tooLarge(String)

  public var description: String {
    switch self {
    case .corrupt(let text): "corrupt data: \(text)"
    case .io(let text): "disk failure: \(text)"
    case .diskFull(let text): "the disk is full: \(text)"
    case .locked(let text): "the data directory is in use: \(text)"
    case .syncFailed(let text): "a sync failed: \(text)"
    case .overloaded: "storage is overloaded"
    case .closed: "storage is closed"
    case .tooLarge(let text): "read too large: \(text)"
    }
  }
}
