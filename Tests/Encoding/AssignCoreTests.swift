import Base
import Testing

@testable import Encoding

private func id(_ number: UInt64) -> UUID { UUID(high: 0, low: number) }

private func job(
  _ number: UInt64, _ state: JobState = .queued, worker: String? = nil, attempt: Int = 0, heartbeat: UInt64? = nil,
  upload: String = "u", reason: String? = nil
) -> JobRecord {
  JobRecord(
    id: id(number), videoID: "v\(number)", title: nil, uploadID: id(1000 + number), uploadNode: upload, state: state,
    worker: worker, attempt: attempt, attemptID: attempt == 0 ? nil : id(100 + UInt64(attempt)),
    heartbeat: heartbeat.map(id), reason: reason, createdAt: Int64(number))
}

private func workers(_ all: (String, Int)..., slots: Int = 2) -> [WorkerRecord] {
  all.map { WorkerRecord(id: $0.0, slots: slots, running: $0.1) }
}

@Suite struct AssignCoreTests {
  private func round(
    _ core: inout AssignCore, _ jobs: [JobRecord], _ workers: [WorkerRecord], live: Set<String> = ["u", "a", "b"]
  ) -> [AssignDirective] {
    var next: UInt64 = 500
    return core.round(jobs: jobs, workers: workers, live: live) {
      next += 1
      return id(next)
    }
  }

  @Test func theLeastBusyGetsTheOldestJob() {
    var core = AssignCore()
    let directives = round(&core, [job(2), job(1), job(3)], workers(("a", 1), ("b", 0)))
    #expect(
      directives == [
        .assign(job: id(1), worker: "b", attempt: 1, attemptID: id(501)),
        .assign(job: id(2), worker: "a", attempt: 1, attemptID: id(502)),
        .assign(job: id(3), worker: "b", attempt: 1, attemptID: id(503)),
      ])
  }

  @Test func amongEqualsTheOneThatHasTheClip() {
    var core = AssignCore()
    let directives = round(&core, [job(1, upload: "b")], workers(("a", 0), ("b", 0), ("c", 0)))
    #expect(directives == [.assign(job: id(1), worker: "b", attempt: 1, attemptID: id(501))])
  }

  @Test func withoutAFreeSlotJobsWait() {
    var core = AssignCore()
    #expect(round(&core, [job(1)], workers(("a", 2), ("b", 3))).isEmpty)
    #expect(round(&core, [job(1)], []).isEmpty)
    #expect(round(&core, [job(1)], workers(("a", 0), slots: 0)).isEmpty)
  }

  @Test func aLivingAttemptIsLeftAlone() {
    var core = AssignCore()
    for _ in 0..<20 {
      #expect(round(&core, [job(1, .encoding, worker: "a", attempt: 1, heartbeat: 101)], workers(("b", 0))).isEmpty)
    }
  }

  @Test func aSilentAttemptIsGivenToAnother() {
    var core = AssignCore()
    let silent = job(1, .encoding, worker: "a", attempt: 1)
    for _ in 1..<AssignCore.maxSilentRounds { #expect(round(&core, [silent], workers(("a", 0), ("b", 0))).isEmpty) }
    #expect(
      round(&core, [silent], workers(("a", 0), ("b", 0))) == [
        .withdraw(job: id(1), worker: "a"), .assign(job: id(1), worker: "b", attempt: 2, attemptID: id(501)),
      ])
  }

  @Test func anotherAttemptsHeartbeatIsNoSignOfLife() {
    var core = AssignCore()
    let stale = job(1, .encoding, worker: "a", attempt: 2, heartbeat: 101)
    for _ in 1..<AssignCore.maxSilentRounds { #expect(round(&core, [stale], workers(("b", 0))).isEmpty) }
    #expect(round(&core, [stale], workers(("b", 0))).count == 2)
  }

  @Test func aHeartbeatInBetweenStartsTheCountAnew() {
    var core = AssignCore()
    let silent = job(1, .encoding, worker: "a", attempt: 1)
    for _ in 0..<10 {
      for _ in 1..<AssignCore.maxSilentRounds { #expect(round(&core, [silent], workers(("b", 0))).isEmpty) }
      let alive = job(1, .encoding, worker: "a", attempt: 1, heartbeat: 101)
      #expect(round(&core, [alive], workers(("b", 0))).isEmpty)
    }
  }

  @Test func aWorkerThatNeverBeganUsesUpNoAttempt() {
    var core = AssignCore()
    let waiting = job(1, .assigned, worker: "a", attempt: 3)
    for _ in 1..<AssignCore.maxSilentRounds { #expect(round(&core, [waiting], workers(("a", 0))).isEmpty) }
    #expect(
      round(&core, [waiting], workers(("a", 0))) == [.assign(job: id(1), worker: "a", attempt: 3, attemptID: id(501))])
  }

  @Test func aFailedAttemptRestsLongerEachTime() {
    for attempt in 1..<AssignCore.maxAttempts {
      var core = AssignCore()
      let failed = job(1, .queued, worker: "a", attempt: attempt, reason: "the disk is full")
      for _ in 1..<AssignCore.restRounds * attempt {
        #expect(round(&core, [failed], workers(("a", 0), ("b", 0))).isEmpty)
      }
      #expect(
        round(&core, [failed], workers(("a", 0), ("b", 0))) == [
          .withdraw(job: id(1), worker: "a"),
          .assign(job: id(1), worker: "b", attempt: attempt + 1, attemptID: id(501)),
        ])
    }
  }

  @Test func afterSomeAttemptsAJobHasFailed() {
    var core = AssignCore()
    let tired = job(1, .queued, worker: "a", attempt: AssignCore.maxAttempts, reason: "the disk is full")
    #expect(
      round(&core, [tired], workers(("b", 0))) == [
        .withdraw(job: id(1), worker: "a"),
        .fail(job: id(1), reason: "4 attempts failed; the last: the disk is full"),
      ])
  }

  @Test func aJobWaitsForTheNodeThatHasItsClip() {
    var core = AssignCore()
    let dead = job(1, .encoding, worker: "u", attempt: 4)
    for _ in 1..<AssignCore.maxSilentRounds { #expect(round(&core, [dead], workers(("b", 0)), live: ["b"]).isEmpty) }
    #expect(
      round(&core, [dead], workers(("b", 0)), live: ["b"]) == [.release(job: id(1), reason: AssignCore.clipIsAway)])
    // Once said, it just waits, however long, and uses up nothing.
    let waiting = job(2, .queued, worker: "u", attempt: 1, reason: AssignCore.clipIsAway)
    for _ in 0..<100 { #expect(round(&core, [waiting], workers(("b", 0)), live: ["b"]).isEmpty) }
    #expect(round(&core, [waiting], workers(("b", 0)), live: ["b", "u"]).count == 2)
    // A worker that came back by itself keeps the job.
    let back = job(2, .queued, worker: "u", attempt: 1, heartbeat: 101, reason: AssignCore.clipIsAway)
    #expect(round(&core, [back], workers(("b", 0)), live: ["b", "u"]).isEmpty)
  }

  @Test func whatIsOverIsTakenOffTheList() {
    var core = AssignCore()
    #expect(
      round(&core, [job(1, .published, worker: "a", attempt: 1), job(2, .failed)], workers(("a", 0))) == [
        .close(job: id(1)), .close(job: id(2)),
      ])
  }
}

@Suite struct WorkerCoreTests {
  private func note(_ job: UInt64, _ attempt: UInt64) -> Assignment { Assignment(job: id(job), attemptID: id(attempt)) }

  @Test func startsWhatItHasSlotsFor() {
    var core = WorkerCore(slots: 2)
    #expect(core.assignments([note(1, 11), note(2, 12), note(3, 13)]) == [.start(note(1, 11)), .start(note(2, 12))])
    #expect(core.given == 3)
    #expect(core.assignments([note(1, 11), note(2, 12), note(3, 13)]).isEmpty)
    #expect(core.ended(note(1, 11)) == [.forget(note(1, 11))])
    #expect(core.given == 2)
    #expect(core.assignments([note(2, 12), note(3, 13)]) == [.start(note(3, 13))])
  }

  @Test func aNoteThatStaysIsForgottenAgainAndNotRunAgain() {
    var core = WorkerCore(slots: 1)
    #expect(core.assignments([note(1, 11)]) == [.start(note(1, 11))])
    _ = core.ended(note(1, 11))
    #expect(core.assignments([note(1, 11)]) == [.forget(note(1, 11))])
    #expect(core.given == 0)
    // Given back under a new attempt it runs.
    #expect(core.assignments([note(1, 12)]) == [.start(note(1, 12))])
  }

  @Test func anotherAttemptOfARunningJobCancelsTheOldFirst() {
    var core = WorkerCore(slots: 1)
    _ = core.assignments([note(1, 11)])
    #expect(core.assignments([note(1, 12)]) == [.cancel(note(1, 11))])
    #expect(core.ended(note(1, 11)) == [.forget(note(1, 11))])
    #expect(core.assignments([note(1, 12)]) == [.start(note(1, 12))])
  }

  @Test func aJobThatIsSomebodyElsesIsStopped() {
    var core = WorkerCore(slots: 1)
    _ = core.assignments([note(1, 101)])
    let mine = job(1, .encoding, worker: "a", attempt: 1, heartbeat: 101)
    #expect(core.row(mine, of: note(1, 101)).isEmpty)
    #expect(core.row(job(1, .assigned, worker: "b", attempt: 2), of: note(1, 101)) == [.cancel(note(1, 101))])
    #expect(core.row(job(1, .failed, worker: "a", attempt: 1), of: note(1, 101)) == [.cancel(note(1, 101))])
    #expect(core.row(nil, of: note(1, 101)) == [.cancel(note(1, 101))])
    // What does not run here is not stopped here.
    #expect(core.row(nil, of: note(2, 7)).isEmpty)
    #expect(core.ended(note(2, 7)).isEmpty)
  }
}

@Suite struct JobRecordTests {
  @Test func theAPIShowsStateProgressAndReason() {
    var record = job(7, .failed, worker: "a", attempt: 2, reason: "the clip cannot be read: moov atom not found")
    record.progressPercent = 12
    let json = record.json
    #expect(json["job_id"]?.string == "00000000-0000-0000-0000-000000000007")
    #expect(json["state"]?.string == "failed" && json["progress_percent"]?.integer == 12)
    #expect(json["reason"]?.string == "the clip cannot be read: moov atom not found")
    #expect(json["title"] == nil)
  }

  @Test func shardsAreWithinBoundsAndKeysAreInts() {
    for number in 0..<100 as Range<UInt64> {
      let shard = JobStore.shard(of: UUID(high: 1, low: UInt64.max - number))
      #expect((0..<JobStore.shards).contains(shard))
      #expect(JobStore.partitionKey(ofShard: shard) == [0, 0, 0, UInt8(shard)])
    }
  }
}
