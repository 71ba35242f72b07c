// The real side of every seam, put together.

import Base
import World

extension Loop {
  /// The seams of a real node on this loop.
  /// - Parameters:
  ///   - root: the absolute path of the directory that `world.disk` works in; made if missing.
  ///   - workerThreads: threads for blocking work; those of the HTTP client are its own.
  ///   - logger: told of certificates in use and of TLS handshakes that failed.
  /// - Throws: `DiskFailure` if the root cannot be made.
  public func makeWorld(root: String, workerThreads: Int = 4, logger: Logger = .silent) throws(DiskFailure) -> World {
    let workers = Threads(loop: self, threads: workerThreads)
    return World(
      clock: self, timers: self, entropy: KernelEntropy(), wire: Wires(loop: self, logger: logger),
      disk: try LocalDisk(root: root, loop: self, workers: workers), processes: Children(loop: self),
      workers: workers, fetch: CurlFetch(loop: self), tick: self,
      spawner: Spawner(executor: executor, timers: self))
  }
}
