// The real Workers: a few threads behind a bounded queue.
//
// Threads start when there is work and no thread is free, up to the pool's size, and then stay. Their signals
// are blocked, so that the loop's thread gets them.

import Base
import Glibc
import Synchronization
import World

/// A pool of threads for one loop.
public final class Threads: Workers {
  private let loop: Loop
  private let pool: ThreadPool

  /// - Parameters:
  ///   - threads: at most this many run at once.
  ///   - maxQueued: work waiting for a thread, beyond which `run` refuses.
  public init(loop: Loop, threads: Int = 4, maxQueued: Int = 1024) {
    self.loop = loop
    pool = ThreadPool(threads: threads, maxQueued: maxQueued)
    loop.whenShutDown { [pool] in pool.stop() }
  }

  public func run<Value: Sendable>(
    _ work: @Sendable @escaping () -> Value, completion: @escaping (Value) -> Void
  ) throws(WorkersRefused) {
    let drop = Drop<Value>()
    let mailbox = loop.mailbox
    let number = loop.register {
      guard let value = drop.take() else { preconditionFailure("a worker reported without its result") }
      completion(value)
    }
    let isQueued = pool.submit {
      drop.put(work())
      mailbox.post(number)
    }
    if !isQueued {
      loop.forget(number)
      throw WorkersRefused()
    }
  }
}

/// The threads and their queue; used from the loop and from its own threads.
///
/// `@unchecked Sendable`: `mutex` and `condition` are pthread's own, the queue is only touched under `mutex`.
@safe final class ThreadPool: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private let maxThreads: Int
  private let maxQueued: Int
  private var queue: [@Sendable () -> Void] = []
  private var head = 0
  private var threads: [pthread_t] = []
  private var idleThreads = 0
  private var isStopping = false

  init(threads: Int, maxQueued: Int) {
    maxThreads = threads
    self.maxQueued = maxQueued
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body()
  }

  /// - Returns: false if the queue is full or the pool stops.
  func submit(_ work: @Sendable @escaping () -> Void) -> Bool {
    locked {
      if isStopping || queue.count - head >= maxQueued { return false }
      queue.append(work)
      // A thread that was signalled may not have woken yet, so it counts as one that takes one piece.
      if queue.count - head > idleThreads, threads.count < maxThreads, !startThread(), threads.isEmpty {
        queue.removeLast()
        return false
      }
      unsafe pthread_cond_signal(condition)
      return true
    }
  }

  private func startThread() -> Bool {
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(self)
    var blocked = sigset_t()
    var before = sigset_t()
    unsafe sigfillset(&blocked)
    unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)
    let result = unsafe pthread_create(
      &thread, nil,
      { argument in
        if let argument = unsafe argument {
          unsafe Unmanaged<ThreadPool>.fromOpaque(argument).takeRetainedValue().work()
        }
        return nil
      }, argument.toOpaque())
    unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    if result != 0 {
      unsafe argument.release()
      return false
    }
    threads.append(thread)
    return true
  }

  private func work() {
    while let work = next() { work() }
  }

  /// Waits for work; nil when the pool stops.
  private func next() -> (@Sendable () -> Void)? {
    locked {
      while head == queue.count {
        if isStopping { return nil }
        idleThreads += 1
        unsafe pthread_cond_wait(condition, mutex)
        idleThreads -= 1
      }
      let work = queue[head]
      head += 1
      if head == queue.count {
        queue.removeAll(keepingCapacity: true)
        head = 0
      } else if head > 1024 {
        queue.removeFirst(head)
        head = 0
      }
      return work
    }
  }

  /// Throws away what waits, and returns when what runs has ended.
  func stop() {
    let running = locked {
      isStopping = true
      queue.removeAll()
      head = 0
      unsafe pthread_cond_broadcast(condition)
      defer { threads.removeAll() }
      return threads
    }
    for thread in running { pthread_join(thread, nil) }
  }
}
