// What a worker does about the jobs it was given: which attempts to start, which to stop. Events come from
// the store's rows and from attempts that ended; the directives are carried out by the service.

import Base

/// A worker's note of a job, as the store has it.
struct Assignment: Hashable, Sendable {
  var job: UUID
  var attemptID: UUID
}

enum WorkerDirective: Hashable, Sendable {
  /// Run this attempt.
  case start(Assignment)
  /// Stop it: another worker has the job, or it is over.
  case cancel(Assignment)
  /// Remove the note: the attempt is not the job's any more.
  case forget(Assignment)
}

struct WorkerCore: Sendable {
  let slots: Int
  /// Attempts under way, by job.
  private(set) var running: [UUID: UUID] = [:]
  /// Attempts that ended here; their notes may still be there for a moment.
  private var ended: Set<UUID> = []

  /// - Parameter slots: attempts at a time.
  init(slots: Int) { self.slots = slots }

  /// Jobs given and not ended.
  private(set) var given = 0

  /// The notes were read, oldest first.
  mutating func assignments(_ notes: [Assignment]) -> [WorkerDirective] {
    var directives: [WorkerDirective] = []
    ended.formIntersection(notes.map(\.attemptID))
    given = notes.count { !ended.contains($0.attemptID) }
    for note in notes {
      if ended.contains(note.attemptID) {
        directives.append(.forget(note))
        continue
      }
      if let current = running[note.job] {
        // The job was taken from this worker and given back: the old attempt ends first.
        if current != note.attemptID { directives.append(.cancel(Assignment(job: note.job, attemptID: current))) }
        continue
      }
      guard running.count < slots else { continue }
      running[note.job] = note.attemptID
      directives.append(.start(note))
    }
    return directives
  }

  /// A job's row was read while its attempt runs here; nil if the row is gone.
  mutating func row(_ job: JobRecord?, of assignment: Assignment) -> [WorkerDirective] {
    guard running[assignment.job] == assignment.attemptID else { return [] }
    if let job, job.attemptID == assignment.attemptID, !job.state.isFinal { return [] }
    return [.cancel(assignment)]
  }

  /// An attempt came to its end, good or bad.
  mutating func ended(_ assignment: Assignment) -> [WorkerDirective] {
    guard running[assignment.job] == assignment.attemptID else { return [] }
    running[assignment.job] = nil
    ended.insert(assignment.attemptID)
    given = max(0, given - 1)
    return [.forget(assignment)]
  }
}
