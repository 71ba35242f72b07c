// The seams of one simulated process: its clock, timers, randomness, wire and tick, over one `Simulation`.
//
// A process that was killed is over: what is still planned for it does not happen. A tick is one event and what the
// tick's hooks make of it; then its streams are sent.

import Base
import World

/// One life of one process.
public final class SimulatedWorld {
  public let simulation: Simulation
  public let network: SimulatedNetwork
  /// The address it has, such as 127.0.0.1.
  public let address: String
  public private(set) var isOver = false
  /// Stopped as by SIGSTOP: what comes for it waits.
  public private(set) var isPaused = false
  private var frozen: [() -> Void] = []
  /// Its wall clock's error, microseconds.
  public var skewMicroseconds: Int64
  public private(set) lazy var world = makeWorld()
  /// Sets what else has a clock.
  var beforeTick: () -> Void = {}
  private let hooks = SimulatedHooks()
  private let executor = LoopExecutor(isCurrent: { true }, wake: {})
  private var dirty: [SimulatedStream] = []
  var streams: [SimulatedStream] = []
  var listeners: [SimulatedListener] = []

  /// The wall clock at the beginning of every run: 2026-01-01 00:00:00 UTC in microseconds.
  static let wallStart: Int64 = 1_767_225_600_000_000
  /// More rounds than this in one tick are a bug.
  private static let maxRounds = 10_000

  public init(simulation: Simulation, network: SimulatedNetwork, address: String, skewMicroseconds: Int64 = 0) {
    self.simulation = simulation
    self.network = network
    self.address = address
    self.skewMicroseconds = skewMicroseconds
    network.worlds[address] = self
  }

  private func makeWorld() -> World {
    let timers = SimulatedTimers(process: self)
    return World(
      clock: SimulatedClock(process: self), timers: timers, entropy: SimulatedEntropy(seed: simulation.random.next()),
      wire: SimulatedWire(process: self), disk: NoDisk(), processes: NoProcesses(),
      workers: SimulatedWorkers(timers: timers), fetch: NoFetch(timers: timers), tick: hooks,
      spawner: Spawner(executor: executor, timers: timers))
  }

  /// Runs something in the process and then ends its tick; nothing when it is over.
  public func perform(_ body: @escaping () -> Void) {
    guard !isOver else { return }
    if isPaused {
      frozen.append(body)
      return
    }
    beforeTick()
    body()
    endTick()
  }

  func schedule(after delay: Int64, _ body: @escaping () -> Void) {
    simulation.schedule(after: delay) { [self] in perform(body) }
  }

  func markDirty(_ stream: SimulatedStream) {
    if !stream.isDirty {
      stream.isDirty = true
      dirty.append(stream)
    }
  }

  private func endTick() {
    var rounds = 0
    while !isOver {
      let ran = executor.run()
      let didWork = hooks.runAll()
      if !ran && !didWork { break }
      rounds += 1
      precondition(rounds < Self.maxRounds, "the tick of \(address) does not end")
    }
    let sending = dirty
    dirty = []
    for stream in sending {
      stream.isDirty = false
      stream.flush()
    }
  }

  /// SIGSTOP.
  public func pause() { isPaused = true }

  /// SIGCONT: timers that are overdue and bytes that came meanwhile are handled now, in the order in which they came.
  public func resume() {
    guard isPaused else { return }
    isPaused = false
    let waiting = frozen
    frozen = []
    for body in waiting { perform(body) }
  }

  /// SIGKILL: the process is gone; the kernel still delivers what it had sent, then resets its connections.
  public func kill() { end { $0.ownerDied() } }

  /// The machine lost power: nobody is told.
  public func losePower() { end { $0.machineDied() } }

  private func end(_ body: (SimulatedStream) -> Void) {
    isOver = true
    frozen = []
    if network.worlds[address] === self { network.worlds[address] = nil }
    for listener in listeners { listener.close() }
    for stream in streams { body(stream) }
    streams = []
    dirty = []
  }
}

final class SimulatedClock: Clock {
  private unowned let process: SimulatedWorld

  init(process: SimulatedWorld) { self.process = process }

  var now: Instant { Instant(nanoseconds: process.simulation.now) }
  var wallMicroseconds: Int64 {
    SimulatedWorld.wallStart + process.simulation.now / 1000 + process.skewMicroseconds
  }
}

final class SimulatedEntropy: Entropy {
  private var generator: SeededGenerator
  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }
  func next() -> UInt64 { generator.next() }
}

final class SimulatedHooks: TickHooks {
  private var hooks: [() -> Bool] = []
  func onTickEnd(_ body: @escaping () -> Bool) { hooks.append(body) }

  func runAll() -> Bool {
    var didWork = false
    for hook in hooks where hook() { didWork = true }
    return didWork
  }
}

final class SimulatedTimers: Timers {
  private unowned let process: SimulatedWorld
  private var live: Set<TimerToken> = []
  private var next: UInt32 = 0

  init(process: SimulatedWorld) { self.process = process }

  func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
    next += 1
    let token = TimerToken(slot: next, generation: 0)
    live.insert(token)
    process.schedule(after: delay.wholeNanoseconds) { [self] in
      if live.remove(token) != nil { body() }
    }
    return token
  }

  func cancel(_ token: TimerToken) { live.remove(token) }
}

/// Blocking work is done at once, its completion a little later.
final class SimulatedWorkers: Workers {
  private let timers: SimulatedTimers
  init(timers: SimulatedTimers) { self.timers = timers }

  func run<Value: Sendable>(
    _ work: @Sendable @escaping () -> Value, completion: @escaping (Value) -> Void
  ) throws(WorkersRefused) {
    let value = work()
    _ = timers.schedule(after: .microseconds(50)) { completion(value) }
  }
}
