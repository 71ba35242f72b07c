// The event loop: libuv's poll, and around it a tick with a fixed order.
//
// A turn: what IO became ready was read and handled (libuv's poll phase); then, just before the next poll
// (libuv's prepare phase), in this order: timers, completions from other threads, deferred calls, jobs of
// `async` code, the tick's hooks (storage commits, acknowledgements are appended), one send for each dirty
// stream. If anything is left after that the next poll does not block. Nothing wakes an idle loop.
//
// libuv gives epoll, the clock of its timers, wake-ups, child processes and signals. Sockets are read and
// written by our own recv and send on `uv_poll` handles: that puts sendfile, half-closed connections and the
// one bounded read a turn into our hands (Tools/spikes/loop-streams compares it with `uv_tcp`).

import Base
import CUV
import Glibc
import Synchronization
import World

/// Counts since the loop began, for metrics.
public struct LoopCounters: Sendable {
  public var turns: UInt64 = 0
  public var receives: UInt64 = 0
  public var sends: UInt64 = 0
  public var accepted: UInt64 = 0
  /// Connections closed at once because descriptors or handlers were lacking.
  public var refusedConnections: UInt64 = 0
  public var connections = 0
}

/// One event loop, bound to the thread that made it. It is the clock, the timers and the tick of its `World`.
@safe public final class Loop: Clock, Timers, TickHooks {
  /// Rounds of the tick's hooks before the rest waits for the next turn.
  public static let maxHookRounds = 16
  /// One read's size, and the size of the one buffer that all reads of a loop go into.
  public static let receiveBufferBytes = 65_536

  let uv: UnsafeMutablePointer<uv_loop_t>
  let receiveBuffer: UnsafeMutableRawBufferPointer
  /// What TLS decrypts into.
  let plainBuffer: UnsafeMutableRawBufferPointer
  let mailbox: Mailbox
  public let executor: LoopExecutor
  public internal(set) var counters = LoopCounters()

  private let core: LoopHandles
  private var heap = TimerHeap()
  private var armedDeadline: Int64?
  private var isIdleStarted = false
  private var hooks: [() -> Bool] = []
  private var deferred: [() -> Void] = []
  private var numbers = MailNumbers()
  private var dirty: [SocketStream] = []
  private var flushing: [SocketStream] = []
  /// TLS streams with output that is not encrypted yet.
  private var unsealed: [TLSStream] = []
  private var isTimeStale = true
  private var monotonic = Instant(nanoseconds: 0)
  private var wall: Int64 = 0
  private var isStopped = false
  /// Whether someone looks at a condition after each turn: then a turn that did anything is not followed by a
  /// poll that blocks, since what it did may have been waited for.
  private var isWatched = false
  private var isShutDown = false
  private var owned: [ObjectIdentifier: any LoopResource] = [:]
  private var atShutDown: [() -> Void] = []

  /// Makes a loop on the calling thread, which is the only one that may use it.
  public init() {
    signal(SIGPIPE, SIG_IGN)
    cuv_count_global_enqueues()
    unsafe uv = .allocate(capacity: 1)
    unsafe Loop.check(uv_loop_init(uv), "uv_loop_init")
    unsafe receiveBuffer = .allocate(byteCount: Loop.receiveBufferBytes, alignment: 16)
    // Memory that nobody touches costs an address, not a page.
    unsafe plainBuffer = .allocate(byteCount: Loop.receiveBufferBytes, alignment: 16)
    core = unsafe LoopHandles(uv)
    let mailbox = unsafe Mailbox(signal: core.wake)
    self.mailbox = mailbox
    let thread = UInt(pthread_self())
    executor = LoopExecutor(isCurrent: { UInt(pthread_self()) == thread }, wake: { mailbox.wake() })
    core.loop = self
  }

  deinit {
    precondition(isShutDown, "a loop went away without shutDown()")
  }

  // MARK: Running

  /// Runs until `stop()`.
  public func run() {
    precondition(!isShutDown, "run() after shutDown()")
    executor.checkIsolated()
    isStopped = false
    cuv_running_loop(1)
    defer { cuv_running_loop(0) }
    while !isStopped { unsafe uv_run(uv, UV_RUN_ONCE) }
  }

  /// Runs until `condition` holds, looked at after each turn, or `deadline` has passed.
  /// - Returns: whether the condition holds.
  @discardableResult
  public func run(until condition: () -> Bool, deadline: Duration = .seconds(10)) -> Bool {
    executor.checkIsolated()
    var isOver = false
    let token = schedule(after: deadline) { isOver = true }
    defer { cancel(token) }
    isWatched = true
    cuv_running_loop(1)
    defer {
      isWatched = false
      cuv_running_loop(0)
    }
    while !condition() && !isOver { unsafe uv_run(uv, UV_RUN_ONCE) }
    return condition()
  }

  /// Makes `run()` return after this turn.
  public func stop() {
    isStopped = true
    deferred.append {}
  }

  /// Makes the loop run a turn soon, its hooks included; may be called from any thread.
  public var waker: @Sendable () -> Void { { [mailbox] in mailbox.wake() } }

  /// Aborts every stream, kills every child, waits for the workers' running work, and frees the loop.
  /// No handler and no completion is called any more.
  public func shutDown() {
    guard !isShutDown else { return }
    executor.checkIsolated()
    isShutDown = true
    for body in atShutDown { body() }
    let resources = owned
    owned.removeAll()
    for resource in resources.values { resource.abandon() }
    mailbox.close()
    core.close()
    while unsafe uv_run(uv, UV_RUN_NOWAIT) != 0 {}
    unsafe Loop.check(uv_loop_close(uv), "uv_loop_close")
    unsafe uv.deallocate()
    unsafe receiveBuffer.deallocate()
    unsafe plainBuffer.deallocate()
    heap = TimerHeap()
    hooks.removeAll()
    deferred.removeAll()
    numbers.removeAll()
    atShutDown.removeAll()
  }

  /// One turn's work besides IO; libuv calls it before each poll.
  func turn() {
    if isShutDown { return }
    counters.turns += 1
    isTimeStale = true
    var didWork = runTimers()
    for number in mailbox.take() {
      numbers.body(of: number)?()
      didWork = true
    }
    if !deferred.isEmpty {
      let bodies = deferred
      deferred.removeAll(keepingCapacity: true)
      for body in bodies { body() }
      didWork = true
    }
    if executor.run() { didWork = true }
    var rounds = 0
    var isDirty = true
    while isDirty && rounds < Self.maxHookRounds {
      isDirty = false
      for hook in hooks where hook() { isDirty = true }
      rounds += 1
    }
    if flushDirty() || rounds > 1 { didWork = true }
    let isLeft = isDirty || !deferred.isEmpty || executor.hasJobs || !dirty.isEmpty || isStopped
    setBusy(isLeft || isWatched && didWork)
    armTimer()
    isTimeStale = true
  }

  private func runTimers() -> Bool {
    let limit = heap.sequence
    let now = now.nanoseconds
    var didWork = false
    while let body = heap.popDue(at: now, before: limit) {
      body()
      didWork = true
    }
    return didWork
  }

  private func flushDirty() -> Bool {
    if !unsealed.isEmpty {
      let streams = unsealed
      unsealed.removeAll(keepingCapacity: true)
      for stream in streams { stream.seal() }
    }
    if dirty.isEmpty { return false }
    swap(&dirty, &flushing)
    for stream in flushing { stream.flush() }
    flushing.removeAll(keepingCapacity: true)
    return true
  }

  /// While there is work left the poll does not block.
  private func setBusy(_ isBusy: Bool) {
    if isBusy == isIdleStarted { return }
    isIdleStarted = isBusy
    core.setBusy(isBusy)
  }

  private func armTimer() {
    let earliest = heap.earliest()
    if earliest == armedDeadline { return }
    armedDeadline = earliest
    guard let earliest else { return core.disarm() }
    let wait = max(0, earliest - now.nanoseconds)
    core.arm(milliseconds: UInt64((wait + 999_999) / 1_000_000))
  }

  /// libuv's timer fired: whatever stands in the heap is armed anew.
  func timerFired() { armedDeadline = nil }

  // MARK: For the other files of this room

  /// Runs `body` in the next turn.
  func later(_ body: @escaping () -> Void) {
    deferred.append(body)
  }

  func markDirty(_ stream: SocketStream) { dirty.append(stream) }

  func markUnsealed(_ stream: TLSStream) { unsealed.append(stream) }

  /// A number under which another thread can have `body` run here; with `once`, forgotten after its first run.
  func register(once: Bool = true, _ body: @escaping () -> Void) -> UInt64 {
    numbers.register(once: once, body)
  }

  func forget(_ number: UInt64) { numbers.forget(number) }

  /// Keeps `resource` alive, and ends it with the loop, until it is disowned.
  func adopt(_ resource: any LoopResource) { owned[ObjectIdentifier(resource)] = resource }

  func disown(_ resource: any LoopResource) { owned[ObjectIdentifier(resource)] = nil }

  func whenShutDown(_ body: @escaping () -> Void) { atShutDown.append(body) }

  static func check(_ result: Int32, _ call: StaticString) {
    precondition(result == 0, "\(call) failed with \(result)")
  }

  // MARK: Clock

  public var now: Instant {
    if isTimeStale { readClocks() }
    return monotonic
  }

  public var wallMicroseconds: Int64 {
    if isTimeStale { readClocks() }
    return wall
  }

  private func readClocks() {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    monotonic = Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    wall = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    isTimeStale = false
  }

  // MARK: Timers

  @discardableResult
  public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    heap.insert(at: (now + max(delay, .zero)).nanoseconds, body)
  }

  public func cancel(_ token: TimerToken) { heap.cancel(token) }

  /// Timers that will still fire.
  public var timerCount: Int { heap.count }

  // MARK: Tick

  public func onTickEnd(_ body: @escaping () -> Bool) { hooks.append(body) }

  /// Jobs that the Swift runtime handed to its global executor from a thread that was running a loop: `async`
  /// code that left its loop. Always 0 where all of it was started by a `Spawner`.
  public static var globalEnqueues: Int64 { cuv_global_enqueues() }
}

/// The loop's own handles: before the poll, wake-up, timer, and the idle handle that keeps a poll from blocking.
@safe final class LoopHandles: LoopResource {
  unowned var loop: Loop?
  let wake = unsafe Handle.allocate(uv_async_t.self)
  private let prepare = unsafe Handle.allocate(uv_prepare_t.self)
  private let idle = unsafe Handle.allocate(uv_idle_t.self)
  private let timer = unsafe Handle.allocate(uv_timer_t.self)

  init(_ uv: UnsafeMutablePointer<uv_loop_t>) {
    unsafe Handle.setOwner(of: wake, self)
    unsafe Handle.setOwner(of: prepare, self)
    unsafe Handle.setOwner(of: idle, self)
    unsafe Handle.setOwner(of: timer, self)
    unsafe Loop.check(uv_async_init(uv, wake) { _ in }, "uv_async_init")
    unsafe Loop.check(uv_prepare_init(uv, prepare), "uv_prepare_init")
    unsafe Loop.check(uv_idle_init(uv, idle), "uv_idle_init")
    unsafe Loop.check(uv_timer_init(uv, timer), "uv_timer_init")
    unsafe uv_prepare_start(prepare) { unsafe Handle.owner($0, as: LoopHandles.self).loop?.turn() }
  }

  func setBusy(_ isBusy: Bool) {
    if isBusy { unsafe uv_idle_start(idle) { _ in } } else { unsafe uv_idle_stop(idle) }
  }

  func arm(milliseconds: UInt64) {
    unsafe uv_timer_start(timer, { unsafe Handle.owner($0, as: LoopHandles.self).loop?.timerFired() }, milliseconds, 0)
  }

  func disarm() { unsafe uv_timer_stop(timer) }

  func close() {
    unsafe Handle.close(wake)
    unsafe Handle.close(prepare)
    unsafe Handle.close(idle)
    unsafe Handle.close(timer)
  }

  func handleClosed() {}
  func abandon() {}
}
