import Base
import Testing
import World

@testable import Loop

@Suite struct ChildTests {
  private func run(_ loop: Loop, _ world: World, _ command: ProcessCommand) -> Result<ProcessOutcome, ProcessFailure>? {
    runAsync(loop, world) { () async -> Result<ProcessOutcome, ProcessFailure> in
      do throws(ProcessFailure) {
        return .success(try await world.processes.run(command))
      } catch {
        return .failure(error)
      }
    }
  }

  @Test func outputStatusDirectoryAndEnvironment() throws {
    try withWorld { loop, world in
      var command = ProcessCommand(
        arguments: ["sh", "-c", "pwd; echo \"$GREETING $HOME\"; echo oops >&2; printf last; exit 3"],
        environment: ["GREETING": "good evening; rm -rf"], workingDirectory: world.disk.root)
      command.inherited = ["PATH"]
      let outcome = try #require(run(loop, world, command)).get()
      #expect(outcome.status == .exited(code: 3))
      #expect(outcome.output == "\(world.disk.root)\ngood evening; rm -rf \nlast\n")
      #expect(outcome.error == "oops\n")
    }
  }

  @Test func argumentsAreNotInterpreted() throws {
    try withWorld { loop, world in
      let strange = "$(echo x); `id` 'q' \"d\" * \\"
      let outcome = try #require(run(loop, world, ProcessCommand(arguments: ["printf", "%s", strange]))).get()
      #expect(outcome.output == strange + "\n")
      #expect(outcome.status.isSuccess)
    }
  }

  @Test func whatCannotBeStartedIsNamed() throws {
    try withWorld { loop, world in
      #expect(
        run(loop, world, ProcessCommand(arguments: ["/no/such/program"]))
          == .failure(.notExecutable("/no/such/program")))
      #expect(
        run(loop, world, ProcessCommand(arguments: ["no-such-program"])) == .failure(.notExecutable("no-such-program")))
      #expect(run(loop, world, ProcessCommand(arguments: [])) == .failure(.invalidCommand("no program")))
      #expect(run(loop, world, ProcessCommand(arguments: ["echo", "a\0b"])) == .failure(.invalidCommand("a NUL byte")))
      #expect(
        run(loop, world, ProcessCommand(arguments: ["echo"], workingDirectory: "/no/such/directory"))
          == .failure(.notExecutable("/usr/bin/echo")))
    }
  }

  @Test func killEndsTheWholeGroup() throws {
    try withWorld { loop, world in
      var lines: [String] = []
      var status: ProcessStatus?
      let child = try world.processes.spawn(
        ProcessCommand(arguments: ["sh", "-c", "sleep 1000 & echo $!; wait"]),
        line: { _, line in lines.append(line) }, exited: { status = $0 })
      loop.run(until: { !lines.isEmpty })
      let grandchild = try #require(Int32(lines.first ?? ""))
      #expect(TestDirectory.processExists(grandchild))
      child.kill()
      loop.run(until: { status != nil })
      #expect(status == .signalled(signal: 9))
      loop.run(until: { !TestDirectory.isRunning(grandchild) }, deadline: .seconds(5))
      #expect(!TestDirectory.isRunning(grandchild))
    }
  }

  @Test func terminateTurnsIntoKill() throws {
    try withWorld { loop, world in
      var status: ProcessStatus?
      var isReady = false
      let child = try world.processes.spawn(
        ProcessCommand(arguments: ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"]),
        line: { _, _ in isReady = true }, exited: { status = $0 })
      loop.run(until: { isReady })
      child.terminate(grace: .milliseconds(50))
      loop.run(until: { status != nil })
      #expect(status == .signalled(signal: 9))
    }
  }

  @Test func limitsHold() throws {
    try withWorld { loop, world in
      var limits = ProcessLimits(wallTime: .milliseconds(50))
      let slow = try #require(run(loop, world, ProcessCommand(arguments: ["sleep", "100"], limits: limits))).get()
      #expect(slow.status == .timedOut)
      limits = ProcessLimits(fileSizeBytes: 4096)
      let big = try #require(
        run(
          loop, world,
          ProcessCommand(
            arguments: ["sh", "-c", "sleep 0.1; head -c 100000 /dev/zero > big"], workingDirectory: world.disk.root,
            limits: limits))
      ).get()
      #expect(!big.status.isSuccess)
      limits = ProcessLimits(cpuSeconds: 1)
      let busy = try #require(
        run(loop, world, ProcessCommand(arguments: ["sh", "-c", "while :; do :; done"], limits: limits))
      ).get()
      #expect(busy.status == .signalled(signal: 24))
      let nice = try #require(
        run(
          loop, world,
          ProcessCommand(
            arguments: ["sh", "-c", "sleep 0.1; nice; ulimit -n"], limits: ProcessLimits(descriptors: 77), nice: 7))
      ).get()
      #expect(nice.output == "7\n77\n")
    }
  }

  @Test func endingTheLoopKillsChildren() throws {
    var id: Int32 = 0
    try withWorld { _, world in
      id = try world.processes.spawn(ProcessCommand(arguments: ["sleep", "1000"]), line: { _, _ in }, exited: { _ in })
        .id
      #expect(TestDirectory.isRunning(id))
    }
    #expect(!TestDirectory.isRunning(id))
  }

  @Test func linesAreCutAtTheirLimit() {
    var splitter = LineSplitter(maxLineBytes: 4)
    let lines = Array("ab\r\n\nabcdefgh\nxy".utf8).withUnsafeBytes { splitter.add($0) }
    #expect(lines == ["ab", "", "abcd", "efgh", ""])
    #expect(splitter.finish() == "xy")
    #expect(splitter.finish() == nil)
  }
}
