// The node processes of a cluster folder, found through their pid files. A pid is believed only while /proc says that
// it is this node: the kernel gives numbers away again.

import Glibc

struct NodeProcesses {
  enum State: String {
    case running, paused, stopped
  }
  var layout: ClusterLayout

  /// The node's process id, if it runs.
  func pid(_ node: Int) -> pid_t? {
    guard let text = try? Files.text(layout.pidFile(node)), let pid = pid_t(text.split(separator: "\n").first ?? ""),
      pid > 1
    else { return nil }
    Detached.reap(pid)
    guard let line = try? Files.text("/proc/\(pid)/cmdline") else { return nil }
    // A process that has just been started, or has just ended, has no words yet, or no more; `state` tells them apart.
    let words = line.split(separator: "\0")
    return words.isEmpty || (words.contains("serve") && words.contains(Substring(layout.configuration(node))))
      ? pid : nil
  }

  func state(_ node: Int) -> State {
    guard let pid = pid(node), let stat = try? Files.text("/proc/\(pid)/stat"),
      let letter = stat.split(separator: ")").last?.split(separator: " ").first
    else { return .stopped }
    if letter == "Z" || letter == "X" { return .stopped }
    return letter == "T" || letter == "t" ? .paused : .running
  }

  /// Starts the node's process, detached, by this very binary.
  func start(_ node: Int) throws -> pid_t {
    guard let binary = Files.link("/proc/self/exe") else { throw CommandFailure("/proc/self/exe cannot be read") }
    let pid = try Detached.start([binary, "serve", "--config", layout.configuration(node)], log: layout.log(node))
    try Files.write("\(pid)\n", to: layout.pidFile(node))
    return pid
  }

  /// Sends a signal; false if the node does not run.
  func signal(_ node: Int, _ number: Int32) -> Bool {
    guard let pid = pid(node) else { return false }
    return kill(pid, number) == 0
  }

  /// The last lines of a node's log.
  func logTail(_ node: Int, lines: Int = 12) -> String {
    guard let text = try? Files.text(layout.log(node)) else { return "" }
    return text.split(separator: "\n").suffix(lines).map { "  \($0)" }.joined(separator: "\n")
  }
}
