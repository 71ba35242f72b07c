// The encoding service's rows, in CQL through the session (tables: Cluster/schema/marquee.cql).
//
// Query first: a job is one row (encode_jobs); a shard of open jobs is one partition (open_encode_jobs), so is
// what a worker was given (encode_assignments), and so are all workers (encode_workers). A published title is
// one row (encodes): writing it is what publishes.
//
// Everything is read and written at LOCAL_QUORUM, so that what one node wrote the next one sees. Where so many replicas
// are not up (one node under a replication factor of three, or a majority lost) LOCAL_ONE does: an old row read may
// cost an attempt too many, which does no harm.

import Base
import Query
import World

/// Why the store did not do it, in the service's terms.
public enum StoreFailure: Error, Equatable, Sendable, CustomStringConvertible {
  case query(QueryFailure)
  /// The row is not there.
  case missing

  public var description: String {
    switch self {
    case .query(let failure): failure.message
    case .missing: "no such row"
    }
  }
}

/// What becomes the `encodes` row.
struct Publication: Sendable {
  var videoID: String
  var title: String?
  var jobID: UUID
  var attemptID: UUID
  var dashPath: String
  var hlsPath: String
  var variants: JSON
  var audioTracks: JSON
  var subtitleTracks: JSON
  var segmentMilliseconds: Int64
  var durationMilliseconds: Int64
  var holders: [String]
}

/// Loop-bound.
final class JobStore {
  /// Partitions that the open jobs are spread over.
  static let shards = 4
  /// Open jobs looked at a round and shard.
  static let maxOpenJobs = 64
  /// A worker that says nothing for this long is none.
  static let workerSeconds = 30
  /// An attempt whose worker says nothing for this long is dead.
  static let heartbeatSeconds = 15
  private static let pool = "default"

  private let session: Session
  private let clock: any Clock

  init(session: Session, clock: any Clock) {
    self.session = session
    self.clock = clock
  }

  private var nowMilliseconds: Int64 { clock.wallMicroseconds / 1000 }

  private func run(_ cql: String, _ values: [CQLValue]) async throws(StoreFailure) -> Rows {
    do throws(QueryFailure) {
      do throws(QueryFailure) {
        return try await session.execute(cql, values, consistency: .localQuorum)
      } catch {
        guard case .unavailable = error else { throw error }
        return try await session.execute(cql, values, consistency: .localOne)
      }
    } catch {
      throw .query(error)
    }
  }

  /// The shard that a job is listed in. A time UUID's fast bits are in the middle of its upper half.
  static func shard(of job: UUID) -> Int { Int((job.high >> 34 ^ job.high ^ job.low) % UInt64(shards)) }

  /// The serialized partition key of a shard, an INT.
  static func partitionKey(ofShard shard: Int) -> [UInt8] { [0, 0, 0, UInt8(truncatingIfNeeded: shard)] }

  // MARK: jobs

  /// Writes a new job, then lists it as open.
  func insert(_ job: JobRecord) async throws(StoreFailure) {
    _ = try await run(
      "INSERT INTO marquee.encode_jobs (job_id, video_id, title, upload_id, upload_node, state, attempt,"
        + " progress_percent, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      [
        .uuid(job.id), .text(job.videoID), .text(job.title), .uuid(job.uploadID), .text(job.uploadNode),
        .text(job.state.rawValue), .int(job.attempt), .int(job.progressPercent), .timestamp(job.createdAt),
        .timestamp(nowMilliseconds),
      ])
    _ = try await run(
      "INSERT INTO marquee.open_encode_jobs (shard, job_id) VALUES (?, ?)",
      [.int(Self.shard(of: job.id)), .uuid(job.id)])
  }

  /// A job's row; nil if there is none, or it is not one of ours.
  func job(_ id: UUID) async throws(StoreFailure) -> JobRecord? {
    let rows = try await run(
      "SELECT video_id, title, upload_id, upload_node, state, worker, attempt, attempt_id, heartbeat,"
        + " progress_percent, reason, created_at FROM marquee.encode_jobs WHERE job_id = ?", [.uuid(id)])
    guard let row = rows.first, let videoID = row.text("video_id"), let uploadID = row.uuid("upload_id"),
      let uploadNode = row.text("upload_node"), let state = row.text("state").flatMap(JobState.init(rawValue:))
    else { return nil }
    return JobRecord(
      id: id, videoID: videoID, title: row.text("title"), uploadID: uploadID, uploadNode: uploadNode, state: state,
      worker: row.text("worker"), attempt: Int(clamping: row.int("attempt") ?? 0), attemptID: row.uuid("attempt_id"),
      heartbeat: row.uuid("heartbeat"), progressPercent: Int(clamping: row.int("progress_percent") ?? 0),
      reason: row.text("reason"), createdAt: row.timestamp("created_at") ?? 0)
  }

  func openJobs(shard: Int) async throws(StoreFailure) -> [UUID] {
    let rows = try await run(
      "SELECT job_id FROM marquee.open_encode_jobs WHERE shard = ? LIMIT \(Self.maxOpenJobs)", [.int(shard)])
    return rows.compactMap { $0.uuid("job_id") }
  }

  func close(_ job: UUID) async throws(StoreFailure) {
    _ = try await run(
      "DELETE FROM marquee.open_encode_jobs WHERE shard = ? AND job_id = ?",
      [.int(Self.shard(of: job)), .uuid(job)])
  }

  // MARK: attempts

  /// Names a worker: the job's row first, then the worker's note.
  func assign(_ job: UUID, worker: String, attempt: Int, attemptID: UUID) async throws(StoreFailure) {
    _ = try await run(
      "UPDATE marquee.encode_jobs SET state = ?, worker = ?, attempt = ?, attempt_id = ?, progress_percent = 0,"
        + " updated_at = ? WHERE job_id = ?",
      [
        .text(JobState.assigned.rawValue), .text(worker), .int(attempt), .uuid(attemptID), .timestamp(nowMilliseconds),
        .uuid(job),
      ])
    _ = try await run(
      "INSERT INTO marquee.encode_assignments (worker, job_id, attempt_id) VALUES (?, ?, ?)",
      [.text(worker), .uuid(job), .uuid(attemptID)])
  }

  func assignments(of worker: String) async throws(StoreFailure) -> [Assignment] {
    let rows = try await run(
      "SELECT job_id, attempt_id FROM marquee.encode_assignments WHERE worker = ? LIMIT \(Self.maxOpenJobs)",
      [.text(worker)])
    return rows.compactMap { row in
      guard let job = row.uuid("job_id"), let attempt = row.uuid("attempt_id") else { return nil }
      return Assignment(job: job, attemptID: attempt)
    }
  }

  func withdraw(_ job: UUID, worker: String) async throws(StoreFailure) {
    _ = try await run(
      "DELETE FROM marquee.encode_assignments WHERE worker = ? AND job_id = ?", [.text(worker), .uuid(job)])
  }

  /// Says how far an attempt is, and that it lives. The heartbeat cell alone has a time to live.
  func progress(_ assignment: Assignment, state: JobState, percent: Int) async throws(StoreFailure) {
    _ = try await run(
      "UPDATE marquee.encode_jobs SET state = ?, progress_percent = ?, updated_at = ? WHERE job_id = ?",
      [.text(state.rawValue), .int(percent), .timestamp(nowMilliseconds), .uuid(assignment.job)])
    _ = try await run(
      "UPDATE marquee.encode_jobs USING TTL \(Self.heartbeatSeconds) SET heartbeat = ? WHERE job_id = ?",
      [.uuid(assignment.attemptID), .uuid(assignment.job)])
  }

  /// The attempt failed in a way that another may not, or is dead: the job is free again.
  func release(_ job: UUID, reason: String) async throws(StoreFailure) {
    _ = try await run(
      "UPDATE marquee.encode_jobs SET state = ?, progress_percent = 0, heartbeat = null, reason = ?, updated_at = ?"
        + " WHERE job_id = ?",
      [.text(JobState.queued.rawValue), .text(reason), .timestamp(nowMilliseconds), .uuid(job)])
  }

  func fail(_ job: UUID, reason: String) async throws(StoreFailure) {
    _ = try await run(
      "UPDATE marquee.encode_jobs SET state = ?, reason = ?, updated_at = ? WHERE job_id = ?",
      [.text(JobState.failed.rawValue), .text(reason), .timestamp(nowMilliseconds), .uuid(job)])
  }

  // MARK: workers

  func register(_ worker: WorkerRecord) async throws(StoreFailure) {
    _ = try await run(
      "INSERT INTO marquee.encode_workers (pool, worker, slots, running) VALUES (?, ?, ?, ?)"
        + " USING TTL \(Self.workerSeconds)",
      [.text(Self.pool), .text(worker.id), .int(worker.slots), .int(worker.running)])
  }

  func workers() async throws(StoreFailure) -> [WorkerRecord] {
    let rows = try await run(
      "SELECT worker, slots, running FROM marquee.encode_workers WHERE pool = ?", [.text(Self.pool)])
    return rows.compactMap { row in
      guard let id = row.text("worker"), let slots = row.int("slots") else { return nil }
      return WorkerRecord(id: id, slots: Int(clamping: slots), running: Int(clamping: row.int("running") ?? 0))
    }
  }

  // MARK: titles

  /// Publishes: the catalog's row first, if there is a title, then the one row that makes it playable, then the
  /// job's state.
  func publish(_ title: Publication) async throws(StoreFailure) {
    if let name = title.title {
      _ = try await run(
        "INSERT INTO marquee.videos (video_id, title, type, duration_ms) VALUES (?, ?, ?, ?)",
        [.text(title.videoID), .text(name), .text("movie"), .bigint(title.durationMilliseconds)])
    }
    _ = try await run(
      "INSERT INTO marquee.encodes (video_id, job_id, attempt_id, encoding_profile, dash_path, hls_path, variants,"
        + " audio_tracks, subtitle_tracks, segment_duration_ms, duration_ms, holders, published_at)"
        + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      [
        .text(title.videoID), .uuid(title.jobID), .uuid(title.attemptID), .text("fixed_ladder"), .text(title.dashPath),
        .text(title.hlsPath), .text(title.variants.text), .text(title.audioTracks.text),
        .text(title.subtitleTracks.text), .int(title.segmentMilliseconds), .bigint(title.durationMilliseconds),
        .texts(set: title.holders), .timestamp(nowMilliseconds),
      ])
    _ = try await run(
      "UPDATE marquee.encode_jobs SET state = ?, progress_percent = 100, reason = null, updated_at = ?"
        + " WHERE job_id = ?",
      [.text(JobState.published.rawValue), .timestamp(nowMilliseconds), .uuid(title.jobID)])
  }
}
