// One run of an event loop for a command: made, used until the command's work is done, shut down.

import Base
import Loop
import World

enum RealLoop {
  /// Runs `body` on a loop of its own and returns what it returns.
  static func run<Value>(_ body: @escaping (World) async throws -> Value) throws -> Value {
    let loop = Loop()
    defer { loop.shutDown() }
    // Commands use clock, timers, wire and fetch; the disk's root is only a place that is there.
    let world = try loop.makeWorld(root: Files.absolute("."), workerThreads: 1)
    let outcome = Outcome<Value>()
    world.spawner.spawn {
      do {
        outcome.result = .success(try await body(world))
      } catch {
        outcome.result = .failure(error)
      }
      loop.stop()
    }
    // The body may be done before its first suspension, and `stop()` is for a loop that runs.
    while true {
      if let result = outcome.result { return try result.get() }
      loop.run()
    }
  }
}

private final class Outcome<Value> {
  var result: Result<Value, any Error>?
}
