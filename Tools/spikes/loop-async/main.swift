// Spike 1 of "First light": does `async` service code stay on its loop's thread, and what does a suspension cost?
//
// Two loops on two threads, each an executor drained by its thread. On each: a root task started from a C
// callback, a completion turned into a value, several at once, a sleep that is cancelled. Every step checks the
// thread; the runtime's hook counts what went to the global executor, which must be nothing.
import Glibc
import Synchronization

/// The least a loop can be: one thread, a mutex and a condition, timers that fire when nothing else is to do.
final class TinyLoop: Timers, @unchecked Sendable {
  let thread = Mutex<UInt>(0)
  var pending: [() -> Void] = []
  var delayed: [(token: TimerToken, body: () -> Void)] = []
  var next: UInt32 = 0
  let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  var isWoken = false
  var wakes = 0
  var isDone = false
  lazy var executor = LoopExecutor(isCurrent: { [self] in isCurrent }, wake: { [self] in wake() })
  lazy var spawner = Spawner(executor: executor, timers: self)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  var isCurrent: Bool { thread.withLock { $0 } == UInt(pthread_self()) }

  func wake() {
    pthread_mutex_lock(mutex)
    isWoken = true
    wakes += 1
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    next += 1
    let token = TimerToken(slot: next, generation: 0)
    delayed.append((token, body))
    return token
  }

  func cancel(_ token: TimerToken) { delayed.removeAll { $0.token == token } }

  func run() {
    while !isDone {
      let bodies = pending
      pending.removeAll(keepingCapacity: true)
      for body in bodies { body() }
      let ran = executor.run()
      if !ran && pending.isEmpty && !isDone {
        if !delayed.isEmpty {
          delayed.removeFirst().body()
          continue
        }
        pthread_mutex_lock(mutex)
        while !isWoken { pthread_cond_wait(condition, mutex) }
        isWoken = false
        pthread_mutex_unlock(mutex)
      }
    }
  }
}

func nanoseconds() -> Int {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return now.tv_sec * 1_000_000_000 + now.tv_nsec
}

final class Program {
  let loop: TinyLoop
  let name: String
  var checks = 0

  init(_ loop: TinyLoop, _ name: String) {
    self.loop = loop
    self.name = name
  }

  func onLoop(_ line: Int = #line) {
    precondition(loop.isCurrent, "\(name): line \(line) ran off the loop")
    checks += 1
  }

  /// Plain async functions, as services are written.
  func step(_ value: Int) async -> Int {
    onLoop()
    let loop = loop
    let answer: Int = await suspend { resume in loop.pending.append { resume(value + 1) } }
    onLoop()
    return answer
  }

  func direct(_ value: Int) async -> Int { value &+ 1 }

  func all() async {
    var value = 0
    for _ in 0..<1000 { value = await step(value) }
    precondition(value == 1000)
    let sum = await withTaskGroup(of: Int.self) { group in
      let boxed = OnLoop(value: self)
      for index in 0..<100 { group.addTask { await boxed.value.step(index) } }
      var sum = 0
      for await part in group {
        boxed.value.onLoop()
        sum += part
      }
      return sum
    }
    precondition(sum == 5050)
    onLoop()
    do {
      let boxed = OnLoop(value: self)
      async let first = boxed.value.step(1)
      async let second = boxed.value.step(2)
      let both = await (first, second)
      precondition(both == (2, 3))
    }
    onLoop()
    // A closure with a capture list loses its caller's actor (6.3.1): the preference for the loop's executor,
    // which every root task has, brings it back to this thread.
    let parts = await loop.spawner.concurrently(
      (0..<100).map { index in { [self] () async -> Int in await step(index) } })
    precondition(parts == Array(1...100))
    onLoop()
    let sleeping = loop.spawner.spawn { [self] in
      do throws(CancellationError) {
        try await loop.spawner.sleep(.seconds(1000))
        preconditionFailure("slept to the end")
      } catch {
        onLoop()
      }
    }
    sleeping.cancel()
    _ = await step(0)
    try? await loop.spawner.sleep(.milliseconds(1))
    onLoop()
    await measure()
    loop.isDone = true
  }

  func measure() async {
    let count = 1_000_000
    var start = nanoseconds()
    var value = 0
    for _ in 0..<count { value = await direct(value) }
    let call = Double(nanoseconds() - start) / Double(count)
    start = nanoseconds()
    let loop = loop
    for _ in 0..<count {
      value = await suspend { resume in loop.pending.append { resume(value) } }
    }
    let later = Double(nanoseconds() - start) / Double(count)
    start = nanoseconds()
    for _ in 0..<count { value = await suspend { resume in resume(value) } }
    let atOnce = Double(nanoseconds() - start) / Double(count)
    start = nanoseconds()
    for _ in 0..<count / 10 { loop.spawner.spawn { value &+= 1 } }
    let root = Double(nanoseconds() - start) / Double(count / 10)
    print(
      "\(name): call of an async function \(call) ns, suspension until a later callback \(later) ns,",
      "completion within the call \(atOnce) ns, root task without suspension \(root) ns")
  }
}

func start(_ program: Program) {
  // A C callback: what libuv calls is a context-free function like this one.
  let callback: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
    let program = Unmanaged<Program>.fromOpaque(argument!).takeRetainedValue()
    program.loop.thread.withLock { $0 = UInt(pthread_self()) }
    program.loop.spawner.spawn { await program.all() }
    program.loop.run()
    print("\(program.name): \(program.checks) checks on the loop's thread, \(program.loop.wakes) wake-ups from others")
    return nil
  }
  var thread = pthread_t()
  pthread_create(&thread, nil, callback, Unmanaged.passRetained(program).toOpaque())
  pthread_join(thread, nil)
}

func startAside(_ program: Program) -> pthread_t {
  var thread = pthread_t()
  pthread_create(
    &thread, nil,
    { argument in
      start(Unmanaged<Program>.fromOpaque(argument!).takeRetainedValue())
      return nil
    }, Unmanaged.passRetained(program).toOpaque())
  return thread
}

@main struct Spike {
  static func main() {
    spike_install_hook()
    // One after the other for steady figures, then both at once for the threads.
    start(Program(TinyLoop(), "loop 1"))
    start(Program(TinyLoop(), "loop 2"))
    var threads: [pthread_t] = []
    for name in ["loop 3", "loop 4"] { threads.append(startAside(Program(TinyLoop(), name))) }
    for thread in threads { pthread_join(thread, nil) }
    print("global enqueues: \(spike_global_enqueues())")
    exit(spike_global_enqueues() == 0 ? 0 : 1)
  }
}
