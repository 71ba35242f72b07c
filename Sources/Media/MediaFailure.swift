// What can be wrong with a clip, or with what an encoder wrote: each case is worded for the person who
// sent the clip, since it ends up in the job's row.

/// Why a clip cannot be made into a title.
public enum MediaFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// No demuxer of ours can read it, or it breaks off.
  case unreadable(String)
  /// It can be read, but there is no picture in it.
  case noVideo
  /// It has something that cannot be encoded here, or is over a limit.
  case unsupported(String)
  /// A tool is not there, or could not be started.
  case toolMissing(String)
  /// The encoder ended with an error; its last words.
  case encoderFailed(String)
  /// The encoder's output is not what was asked of it.
  case badOutput(String)

  public var description: String {
    switch self {
    case .unreadable(let reason): "the clip cannot be read: \(reason)"
    case .noVideo: "the clip has no video stream"
    case .unsupported(let reason): "the clip is not supported: \(reason)"
    case .toolMissing(let reason): "the encoder cannot be started: \(reason)"
    case .encoderFailed(let reason): "the encoder failed: \(reason)"
    case .badOutput(let reason): "the encoder's output is wrong: \(reason)"
    }
  }

  /// Whether another node, or another try, would meet the same: the clip itself is at fault.
  public var isFinal: Bool {
    switch self {
    case .unreadable, .noVideo, .unsupported: true
    case .toolMissing, .encoderFailed, .badOutput: false
    }
  }
}
