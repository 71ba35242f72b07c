// The encoding service of one node: takes jobs from clients, looks after its shards of the open jobs, and works on
// those it was given. Two rounds every second, a few single-partition reads each:
//
//   assigner: for each shard whose first live replica this node is, read the open jobs, name workers (AssignCore)
//   worker:   say that this node encodes; read what it was given, start and stop attempts (WorkerCore)
//
// No node talks to another about jobs: the rows are the protocol. A node that dies leaves a heartbeat that ends by
// its time to live; whoever is then the shard's first live replica names another worker.

import Base
import Crypto
import Media
import Query
import World

/// What an operator chooses of it.
public struct EncodingOptions: Sendable {
  /// Attempts at a time; 0: this node takes no jobs (it may still look after them).
  public var workers: Int
  public var tools: MediaTools
  public var settings: EncodeSettings
  public var paths: EncodingPaths
  /// Bytes of the largest clip.
  public var maxUploadBytes: Int64

  public init(
    workers: Int = 1, tools: MediaTools, settings: EncodeSettings = EncodeSettings(),
    paths: EncodingPaths = EncodingPaths(),
    maxUploadBytes: Int64 = 16 << 30
  ) {
    self.workers = max(0, workers)
    self.tools = tools
    self.settings = settings
    self.paths = paths
    self.maxUploadBytes = maxUploadBytes
  }
}

/// Loop-bound.
public final class EncodingService {
  /// Bytes of a video id and of a title.
  public static let maxVideoIDBytes = 128
  public static let maxTitleBytes = 512
  /// Between two rounds; after one that failed (no keyspace, no quorum) longer.
  private static let roundPause = Duration.seconds(1)
  private static let failurePause = Duration.seconds(5)
  private static let beatInterval = Duration.seconds(3)
  /// Rounds between two registrations of this node as a worker.
  private static let registerRounds = 8

  let world: World
  let localHostID: String
  let tools: MediaTools
  let settings: EncodeSettings
  let paths: EncodingPaths
  let copies: Copies
  private let store: JobStore
  private let directory: any EncodingDirectory
  private let logger: Logger
  private var assigner = AssignCore()
  private var worker: WorkerCore
  private var attempts: [UUID: Attempt] = [:]
  private var task: SpawnedTask?
  private var rounds = 0
  private var registered: WorkerRecord?

  /// - Parameters:
  ///   - authority: mints the tokens that nodes show each other (scope `node`); nil where the cluster has no secret.
  public init(
    session: Session, world: World, directory: any EncodingDirectory, localHostID: String, authority: TokenAuthority?,
    options: EncodingOptions, logger: Logger = .silent
  ) {
    self.world = world
    self.localHostID = localHostID
    self.directory = directory
    self.logger = logger
    tools = options.tools
    settings = options.settings
    paths = options.paths
    store = JobStore(session: session, clock: world.clock)
    worker = WorkerCore(slots: options.workers)
    copies = Copies(
      world: world, directory: directory, authority: authority, localHostID: localHostID, paths: options.paths,
      maxUploadBytes: options.maxUploadBytes)
  }

  // MARK: life

  /// Begins the rounds. Work that an earlier life left is removed first.
  public func start() {
    precondition(task == nil, "the encoding service was started twice")
    task = world.spawner.spawn { await self.live() }
  }

  /// Ends the rounds and kills what runs; the jobs go to other nodes when the heartbeats have ended.
  public func stop() {
    task?.cancel()
    for attempt in attempts.values { attempt.cancel() }
  }

  /// Attempts under way here, for metrics.
  public var runningAttempts: Int { attempts.count }

  private func live() async {
    try? await world.disk.remove(paths.work)
    while !Task.isCancelled {
      var pause = Self.roundPause
      do throws(StoreFailure) {
        try await workerRound()
        try await assignerRound()
        rounds += 1
      } catch {
        // No keyspace yet, or no quorum: neither is this service's fault nor worth a line each second.
        if rounds > 0 { logger.debug("an encoding round failed", ["error": "\(error)"]) }
        pause = Self.failurePause
      }
      do { try await world.spawner.sleep(pause) } catch { return }
    }
  }

  // MARK: for clients

  /// Makes a job of a clip that was uploaded to this node.
  /// - Parameter title: the title's name in the catalog; nil leaves the catalog alone.
  public func createJob(
    videoID: String, title: String?, uploadID: UUID
  ) async throws(EncodingFailure) -> JobRecord {
    try Self.check(videoID, "/video_id", maxBytes: Self.maxVideoIDBytes)
    if let title { try Self.check(title, "/title", maxBytes: Self.maxTitleBytes) }
    let status: DiskStatus?
    do { status = try await world.disk.status("\(paths.uploads)/\(uploadID)") } catch { status = nil }
    guard let status, !status.isDirectory else { throw .noUpload }
    let job = JobRecord(
      id: world.timeUUIDs.next(), videoID: videoID, title: title, uploadID: uploadID, uploadNode: localHostID,
      createdAt: world.clock.wallMicroseconds / 1000)
    do throws(StoreFailure) { try await store.insert(job) } catch { throw .store(error) }
    logger.info("an encode job was made", ["job": job.id.description])
    return job
  }

  /// How far a job is.
  public func job(_ id: UUID) async throws(EncodingFailure) -> JobRecord {
    do throws(StoreFailure) {
      guard let job = try await store.job(id) else { throw StoreFailure.missing }
      return job
    } catch {
      if case .missing = error { throw .noJob }
      throw .store(error)
    }
  }

  private static func check(_ text: String, _ pointer: String, maxBytes: Int) throws(EncodingFailure) {
    guard (1...maxBytes).contains(text.utf8.count) else {
      throw .malformed(pointer: pointer, reason: "It must have 1 to \(maxBytes) bytes.")
    }
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw .malformed(pointer: pointer, reason: "It must not hold control characters.")
    }
  }

  // MARK: naming workers

  private func assignerRound() async throws(StoreFailure) {
    let mine = (0..<JobStore.shards).filter {
      directory.isFirstLiveReplica(ofPartition: JobStore.partitionKey(ofShard: $0))
    }
    var jobs: [JobRecord] = []
    for shard in mine {
      for id in try await store.openJobs(shard: shard) {
        if let job = try await store.job(id) { jobs.append(job) }
      }
    }
    guard !jobs.isEmpty else {
      assigner = AssignCore()
      return
    }
    let live = Set(directory.members().filter(\.isLive).map(\.hostID))
    let workers = try await store.workers().filter { live.contains($0.id) }
    for directive in assigner.round(jobs: jobs, workers: workers, live: live, draw: { world.entropy.uuid() }) {
      try await carryOut(directive)
    }
  }

  private func carryOut(_ directive: AssignDirective) async throws(StoreFailure) {
    switch directive {
    case .assign(let job, let worker, let attempt, let attemptID):
      logger.info("a worker was named", ["job": job.description, "worker": worker, "attempt": "\(attempt)"])
      try await store.assign(job, worker: worker, attempt: attempt, attemptID: attemptID)
    case .withdraw(let job, let worker): try await store.withdraw(job, worker: worker)
    case .release(let job, let reason):
      logger.info("an encode job waits", ["job": job.description, "reason": reason])
      try await store.release(job, reason: reason)
    case .fail(let job, let reason):
      logger.warning("an encode job failed", ["job": job.description, "reason": reason])
      try await store.fail(job, reason: reason)
      if let record = try await store.job(job) { await copies.removeUpload(record.uploadID, at: record.uploadNode) }
    case .close(let job): try await store.close(job)
    }
  }

  // MARK: working

  private func workerRound() async throws(StoreFailure) {
    guard worker.slots > 0 else { return }
    let notes = try await store.assignments(of: localHostID)
    for directive in worker.assignments(notes) { try await carryOut(directive) }
    let record = WorkerRecord(id: localHostID, slots: worker.slots, running: worker.given)
    if record != registered || rounds % Self.registerRounds == 0 {
      try await store.register(record)
      registered = record
    }
  }

  private func carryOut(_ directive: WorkerDirective) async throws(StoreFailure) {
    switch directive {
    case .start(let assignment):
      let job = try await store.job(assignment.job)
      guard let job, job.attemptID == assignment.attemptID, !job.state.isFinal else {
        for directive in worker.ended(assignment) { try await carryOut(directive) }
        return
      }
      begin(Attempt(job, assignment, service: self))
    case .cancel(let assignment): attempts[assignment.attemptID]?.cancel()
    case .forget(let assignment):
      // The note may be a newer attempt's already.
      guard try await store.assignments(of: localHostID).contains(assignment) else { return }
      try await store.withdraw(assignment.job, worker: localHostID)
    }
  }

  private func begin(_ attempt: Attempt) {
    attempts[attempt.assignment.attemptID] = attempt
    let names: KeyValuePairs = [
      "job": attempt.job.id.description, "attempt": attempt.assignment.attemptID.description,
    ]
    logger.info("an attempt begins", names)
    let beats = world.timers.every(Self.beatInterval) { [weak self] in
      guard let self else { return }
      world.spawner.spawn { await self.beat(attempt) }
    }
    world.spawner.spawn {
      let result: Result<Publication, AttemptFailure>
      do throws(AttemptFailure) { result = .success(try await attempt.run()) } catch { result = .failure(error) }
      beats.stop()
      await self.settle(attempt, result)
      self.attempts[attempt.assignment.attemptID] = nil
      for directive in self.worker.ended(attempt.assignment) {
        do throws(StoreFailure) { try await self.carryOut(directive) } catch {
          self.logger.debug("a note stays for the next round", names)
        }
      }
    }
  }

  /// Says that an attempt lives and how far it is; finds out whether it is still wanted.
  func beat(_ attempt: Attempt) async {
    guard attempts[attempt.assignment.attemptID] != nil else { return }
    do throws(StoreFailure) {
      let row = try await store.job(attempt.job.id)
      let directives = worker.row(row, of: attempt.assignment)
      for directive in directives { try await carryOut(directive) }
      guard directives.isEmpty, attempts[attempt.assignment.attemptID] != nil else { return }
      try await store.progress(attempt.assignment, state: attempt.state, percent: attempt.percent)
    } catch {
      // Without a quorum the work goes on: it may be there again before the work is done.
      logger.debug("a heartbeat failed", ["job": attempt.job.id.description, "error": "\(error)"])
    }
  }

  /// Writes an attempt's end into the store, trying again for a while: the work is done.
  private func settle(_ attempt: Attempt, _ result: Result<Publication, AttemptFailure>) async {
    for _ in 0..<12 {
      do throws(StoreFailure) {
        try await settleOnce(attempt, result)
        return
      } catch {
        logger.warning("an attempt's end was not written", ["job": attempt.job.id.description, "error": "\(error)"])
      }
      do { try await world.spawner.sleep(Self.failurePause) } catch { return }
    }
  }

  private func settleOnce(_ attempt: Attempt, _ result: Result<Publication, AttemptFailure>) async throws(StoreFailure)
  {
    let job = attempt.job
    switch result {
    case .success(let publication):
      try await store.publish(publication)
      logger.info("a title was published", ["job": job.id.description, "video": publication.dashPath])
      await copies.removeUpload(job.uploadID, at: job.uploadNode)
    case .failure(.cancelled): break
    case .failure(let failure):
      logger.warning("an attempt failed", ["job": job.id.description, "reason": failure.reason])
      // What became of the job since is not this attempt's to undo.
      guard try await store.job(job.id)?.attemptID == attempt.assignment.attemptID else { return }
      if failure.isFinal {
        try await store.fail(job.id, reason: failure.reason)
        await copies.removeUpload(job.uploadID, at: job.uploadNode)
      } else {
        try await store.release(job.id, reason: failure.reason)
      }
    }
  }
}
