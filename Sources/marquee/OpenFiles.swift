// How many descriptors the process may have open. A shell's usual soft limit is 1,024, fewer than the connections that
// a node admits, so it is raised as far as the hard limit allows. Beyond it `accept` fails, and a driver waits in vain.

import Base
import Glibc
import Node

enum OpenFiles {
  /// LevelDB's tables (it keeps at most 1,000 open), logs, media, connections of peers, ffmpeg's pipes.
  private static let descriptorsBesideConnections = 2048
  private static let maxDescriptors = 65_536

  /// Raises the soft limit; says so in the log where what the configuration admits still does not fit.
  static func raiseLimit(for limits: Configuration.Limits, log: Logger) {
    let wanted = limits.cqlConnections + limits.httpConnections + descriptorsBesideConnections
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return }
    let raised = min(limit.rlim_max, rlim_t(max(wanted, maxDescriptors)))
    if raised > limit.rlim_cur {
      limit.rlim_cur = raised
      guard unsafe setrlimit(resource, &limit) == 0 else { return }
    }
    if limit.rlim_cur < rlim_t(wanted) {
      log.warning(
        "fewer open files are allowed than the limits of the configuration add up to",
        ["allowed": "\(limit.rlim_cur)", "wanted": "\(wanted)"])
    }
  }
}
