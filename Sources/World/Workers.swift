// Blocking work on other threads, its completion on the caller's loop.
//
// A hop to a sleeping core and back costs 50 us or more of CPU, so this is for what blocks for long: fsync,
// big scans, hashing of passwords, files that are not in memory.

/// The queue to the workers is full.
public struct WorkersRefused: Error, Hashable, Sendable {
  public init() {}
}

/// A bounded pool of threads behind a bounded queue.
public protocol Workers: AnyObject {
  /// Runs `work` on a worker thread, then `completion` with its result on the caller's loop.
  /// `work` must not touch anything loop-bound: it is `@Sendable`.
  /// - Throws: `WorkersRefused` at once if the queue is full; then neither closure is called.
  func run<Value: Sendable>(
    _ work: @Sendable @escaping () -> Value, completion: @escaping (Value) -> Void
  ) throws(WorkersRefused)
}

extension Workers {
  /// The same for `async` code.
  public func run<Value: Sendable>(_ work: @Sendable @escaping () -> Value) async throws(WorkersRefused) -> Value {
    let result: Result<Value, WorkersRefused> = await suspend { resume in
      do throws(WorkersRefused) {
        try self.run(work) { resume(.success($0)) }
      } catch {
        resume(.failure(error))
      }
    }
    return try result.get()
  }
}
