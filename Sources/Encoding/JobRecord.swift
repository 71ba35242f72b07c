// An encode job as it stands in the store: one row, which is the only truth about it. Whoever dies, the row
// says what is left to do.

import Base
import Media

/// How far a job is.
public enum JobState: String, Hashable, Sendable, CaseIterable {
  /// Nobody works on it.
  case queued
  /// A worker was named and has not begun.
  case assigned
  /// A worker reads the clip.
  case probing
  /// ffmpeg runs.
  case encoding
  /// The tracks are cut, indexed, hashed.
  case packaging
  /// The files go to their second node.
  case copying
  /// The title can be played.
  case published
  /// It will not be; `reason` says why.
  case failed

  public var isFinal: Bool { self == .published || self == .failed }
}

/// A job's row.
public struct JobRecord: Hashable, Sendable {
  public var id: UUID
  public var videoID: String
  /// The title's name for the catalog; nil leaves the catalog alone.
  public var title: String?
  public var uploadID: UUID
  /// Host id of the node that has the clip.
  public var uploadNode: String
  public var state: JobState
  /// Host id of the node that was named last.
  public var worker: String?
  /// How often a worker was named.
  public var attempt: Int
  /// Names the attempt; its files in work carry it.
  public var attemptID: UUID?
  /// The attempt that lives: written by its worker with a time to live, so that it is gone soon after the worker is.
  public var heartbeat: UUID?
  /// 0 to 100.
  public var progressPercent: Int
  /// Why it failed, or why the last attempt did.
  public var reason: String?
  /// Milliseconds since the Unix epoch.
  public var createdAt: Int64

  public init(
    id: UUID, videoID: String, title: String?, uploadID: UUID, uploadNode: String, state: JobState = .queued,
    worker: String? = nil, attempt: Int = 0, attemptID: UUID? = nil, heartbeat: UUID? = nil, progressPercent: Int = 0,
    reason: String? = nil, createdAt: Int64
  ) {
    self.id = id
    self.videoID = videoID
    self.title = title
    self.uploadID = uploadID
    self.uploadNode = uploadNode
    self.state = state
    self.worker = worker
    self.attempt = attempt
    self.attemptID = attemptID
    self.heartbeat = heartbeat
    self.progressPercent = progressPercent
    self.reason = reason
    self.createdAt = createdAt
  }

  /// As the API shows it.
  public var json: JSON {
    var members = [
      JSON.Member("job_id", .string(id.description)), JSON.Member("video_id", .string(videoID)),
      JSON.Member("state", .string(state.rawValue)), JSON.Member("progress_percent", .integer(Int64(progressPercent))),
      JSON.Member("attempt", .integer(Int64(attempt))),
    ]
    if let title { members.insert(JSON.Member("title", .string(title)), at: 2) }
    if let worker { members.append(JSON.Member("worker", .string(worker))) }
    if let reason { members.append(JSON.Member("reason", .string(reason))) }
    return .object(members)
  }
}

/// What a client is told when a job cannot be made or read.
public enum EncodingFailure: Error, Equatable, Sendable {
  /// A member of the request does not do; a JSON pointer and why.
  case malformed(pointer: String, reason: String)
  /// This node has no such upload.
  case noUpload
  /// There is no such job.
  case noJob
  /// The store did not do it.
  case store(StoreFailure)
}
