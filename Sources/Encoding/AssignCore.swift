// Who works on what: the decisions of the node that looks after a shard of the open jobs. A pure function of
// what was read in one round; whatever it decides is written to the store and read again next round, so two
// nodes that both think they look after a shard do no harm: an attempt too many, whose files have the same
// names.

import Base

/// A node that encodes, as it describes itself in the store.
struct WorkerRecord: Hashable, Sendable {
  /// Host id.
  var id: String
  /// Encodes it runs at a time.
  var slots: Int
  /// Jobs it has been given and not ended.
  var running: Int
}

/// What to do about an open job.
enum AssignDirective: Hashable, Sendable {
  /// Name this worker for the job's next attempt.
  case assign(job: UUID, worker: String, attempt: Int, attemptID: UUID)
  /// Take the worker's note of an attempt that is over, so that its slot is free.
  case withdraw(job: UUID, worker: String)
  /// Nobody can work on it now: say why.
  case release(job: UUID, reason: String)
  /// Give it up.
  case fail(job: UUID, reason: String)
  /// It is over: take it off the list of open jobs.
  case close(job: UUID)
}

struct AssignCore: Sendable {
  /// Attempts that may fail or die before the job has failed.
  static let maxAttempts = 4

  /// Rounds without a heartbeat after which an attempt counts as dead. The heartbeat's own time to live comes
  /// before these.
  static let maxSilentRounds = 5

  /// Rounds that a job rests after a failed attempt, times the attempts so far.
  static let restRounds = 5

  static let clipIsAway = "the node that has the clip is down"

  /// Rounds that nothing was heard of a job's attempt. A worker begins within a round or two; a heartbeat that is
  /// missing right after the naming is not a death.
  private var silent: [UUID: (attemptID: UUID, rounds: Int)] = [:]

  init() {}

  /// Decides a round.
  /// - Parameters:
  ///   - jobs: the shard's open jobs, as their rows say.
  ///   - workers: the workers that are registered and up.
  ///   - live: the nodes that are up.
  ///   - draw: draws attempt ids.
  mutating func round(
    jobs: [JobRecord], workers: [WorkerRecord], live: Set<String>, draw: () -> UUID
  ) -> [AssignDirective] {
    var directives: [AssignDirective] = []
    var load = workers.sorted { $0.id < $1.id }
    let open = Set(jobs.map(\.id))
    silent = silent.filter { open.contains($0.key) }
    for job in jobs.sorted(by: { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }) {
      if job.state.isFinal {
        directives.append(.close(job: job.id))
        continue
      }
      guard isFree(job) else { continue }
      // No attempt is wasted on a clip that nobody can fetch.
      if !live.contains(job.uploadNode) {
        if job.state != .queued || job.reason != Self.clipIsAway {
          directives.append(.release(job: job.id, reason: Self.clipIsAway))
        }
        continue
      }
      // A worker that never began (it had no slot after all) has not used up an attempt.
      let attempt = job.state == .assigned ? job.attempt : job.attempt + 1
      if attempt > Self.maxAttempts {
        if let worker = job.worker { directives.append(.withdraw(job: job.id, worker: worker)) }
        let last = job.reason ?? "its worker died"
        directives.append(.fail(job: job.id, reason: "\(job.attempt) attempts failed; the last: \(last)"))
        continue
      }
      guard let index = Self.choose(load, for: job) else { continue }
      load[index].running += 1
      // A worker has one note a job: naming the same one again replaces it.
      if let worker = job.worker, worker != load[index].id {
        directives.append(.withdraw(job: job.id, worker: worker))
      }
      directives.append(.assign(job: job.id, worker: load[index].id, attempt: attempt, attemptID: draw()))
    }
    return directives
  }

  /// Whether nobody works on the job: no attempt was made, or the last one shows no sign of life and has rested.
  private mutating func isFree(_ job: JobRecord) -> Bool {
    guard let attemptID = job.attemptID else { return true }
    if job.heartbeat == attemptID {
      silent[job.id] = nil
      return false
    }
    let before = silent[job.id].flatMap { $0.attemptID == attemptID ? $0.rounds : nil } ?? 0
    silent[job.id] = (attemptID, before + 1)
    guard job.state == .queued else { return before + 1 >= Self.maxSilentRounds }
    return job.attempt >= Self.maxAttempts || before + 1 >= Self.restRounds * job.attempt
  }

  /// The worker with a free slot and the fewest running; among equals not the one that failed last, and the one
  /// that has the clip.
  private static func choose(_ workers: [WorkerRecord], for job: JobRecord) -> Int? {
    workers.indices.filter { workers[$0].running < workers[$0].slots }.min { a, b in
      rank(workers[a], job) < rank(workers[b], job)
    }
  }

  private static func rank(_ worker: WorkerRecord, _ job: JobRecord) -> (Int, Int, Int, String) {
    (worker.running, worker.id == job.worker ? 1 : 0, worker.id == job.uploadNode ? 0 : 1, worker.id)
  }
}
