// The seams between a node and everything outside it, chosen once, in `main` or by the simulator.
//
// Nothing above this target reads a clock, draws a random number, opens a socket or a file, starts a
// process or a thread by itself: it asks the `World` it was given. `Loop` is the real side; the
// simulator is the other one. (The habit is FoundationDB's and TigerBeetle's: four seams, chosen once,
// and the same node runs in simulation.)
//
// Every seam is bound to one event loop and one thread: none is Sendable, every call is made on that
// loop's thread, and every completion runs there, never inside the call that asked for it.

import Base

/// All seams of one node, handed to it once.
///
/// Loop-bound: not Sendable. Several nodes of a simulation each have a `World` of their own on one thread.
public final class World {
  /// Monotonic and wall time, cached for a tick.
  public let clock: any Clock
  /// One-shot timers on the loop.
  public let timers: any Timers
  /// Random numbers: the kernel's, or the simulator's seed.
  public let entropy: any Entropy
  /// Ordered byte streams: listeners and connections.
  public let wire: any Wire
  /// Files below one root directory.
  public let disk: any Disk
  /// Child processes.
  public let processes: any Processes
  /// Blocking work on other threads.
  public let workers: any Workers
  /// An HTTP client.
  public let fetch: any Fetch
  /// What runs at the end of a tick, before the sends.
  public let tick: any TickHooks
  /// The one place where `async` code starts and sleeps.
  public let spawner: Spawner
  /// Version 1 UUIDs in order, unique within this node's life.
  public let timeUUIDs: TimeUUIDs

  public init(
    clock: any Clock, timers: any Timers, entropy: any Entropy, wire: any Wire, disk: any Disk,
    processes: any Processes, workers: any Workers, fetch: any Fetch, tick: any TickHooks, spawner: Spawner
  ) {
    self.clock = clock
    self.timers = timers
    self.entropy = entropy
    self.wire = wire
    self.disk = disk
    self.processes = processes
    self.workers = workers
    self.fetch = fetch
    self.tick = tick
    self.spawner = spawner
    self.timeUUIDs = TimeUUIDs(clock: clock, entropy: entropy)
  }
}
