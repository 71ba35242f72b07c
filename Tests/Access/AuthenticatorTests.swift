import Access
import Base
import Crypto
import Synchronization
import TestWorld
import Testing
import World

/// Workers whose work is done when the test says so.
private final class HeldWorkers: Workers {
  var isFull = false
  private(set) var held: [() -> Void] = []

  func run<Value: Sendable>(
    _ work: @Sendable @escaping () -> Value, completion: @escaping (Value) -> Void
  ) throws(WorkersRefused) {
    if isFull { throw WorkersRefused() }
    held.append { completion(work()) }
  }

  func runOne() { held.removeFirst()() }
  func runAll() { while !held.isEmpty { runOne() } }
}

/// The file as the node's other side would read it.
private final class FileBox: Sendable {
  private let held = Mutex<Result<[UInt8], CredentialsFailure>>(.success([]))
  var result: Result<[UInt8], CredentialsFailure> {
    get { held.withLock { $0 } }
    set { held.withLock { $0 = newValue } }
  }
}

private final class LogList: LogSink {
  var events: [String] = []
  func write(level: LogLevel, event: String, facts: [(String, String)]) { events.append("\(level) \(event)") }
}

private struct Bench {
  let clock = TestClock()
  let timers: TestTimers
  let workers = HeldWorkers()
  let file = FileBox()
  let log = LogList()
  let authenticator: PasswordAuthenticator
  // Cheap, so that the tests are fast.
  static let parameters = ScryptParameters(cost: 16, blockSize: 1, parallelism: 1)

  init(_ configuration: PasswordAuthenticator.Configuration = .init(), users: [String: String] = ["ada": "lovelace"])
    throws
  {
    timers = TestTimers(clock: clock)
    let absent = AbsentSeams()
    let world = World(
      clock: clock, timers: timers, entropy: TestEntropy(seed: 1), wire: absent, disk: absent, processes: absent,
      workers: workers, fetch: absent, tick: absent,
      spawner: Spawner(executor: LoopExecutor(isCurrent: { true }, wake: {}), timers: timers))
    let bytes = try Self.file(users)
    file.result = .success(bytes)
    authenticator = try PasswordAuthenticator(
      file: bytes, world: world, configuration: configuration, logger: Logger(sink: log)
    ) { [file] in file.result }
  }

  static func file(_ users: [String: String]) throws -> [UInt8] {
    var credentials = Credentials()
    for (name, password) in users {
      let parameters = try #require(parameters)
      let stored = StoredPassword(
        password: [UInt8](password.utf8), salt: [UInt8](name.utf8) + [UInt8](repeating: 1, count: 8),
        parameters: parameters)
      credentials.set(name, try #require(stored))
    }
    return [UInt8](credentials.text.utf8)
  }

  /// Asks; the answer comes when the workers have run.
  func ask(_ name: String, _ password: String) -> Answer {
    let answer = Answer()
    authenticator.authenticate(name: name, password: [UInt8](password.utf8)) { answer.result = $0 }
    return answer
  }

  final class Answer {
    var result: Result<Principal, AuthenticationFailure>?
    var name: String? { try? result?.get().name }
    var reason: AuthenticationFailure.Reason? {
      if case .failure(let failure) = result { failure.reason } else { nil }
    }
  }
}

@Suite struct AuthenticatorTests {
  @Test func tellsRightFromWrong() throws {
    let bench = try Bench()
    let right = bench.ask("ada", "lovelace")
    let wrong = bench.ask("ada", "byron")
    let stranger = bench.ask("eve", "lovelace")
    let empty = bench.ask("ada", "")
    #expect(right.result == nil, "never on the loop")
    bench.workers.runAll()
    #expect(right.name == "ada")
    for answer in [wrong, stranger, empty] { #expect(answer.reason == .badCredentials) }
    guard case .failure(let failure) = stranger.result else { return }
    #expect(failure.message == "Provided username eve and/or password are incorrect")
    #expect(bench.authenticator.counters.checks == 4, "a stranger costs what a user costs")
  }

  @Test func aDriversConnectionsCostOneCheck() throws {
    let bench = try Bench()
    let answers = (0..<100).map { _ in bench.ask("ada", "lovelace") }
    #expect(bench.workers.held.count == 1)
    bench.workers.runAll()
    #expect(answers.allSatisfy { $0.name == "ada" })
    #expect(bench.ask("ada", "lovelace").name == "ada", "remembered: answered at once")
    #expect(bench.authenticator.counters.checks == 1)
    // Not for ever, and no other password with it.
    _ = bench.ask("ada", "lovelace2")
    #expect(bench.workers.held.count == 1)
    bench.workers.runAll()
    bench.clock.advance(.seconds(61))
    let later = bench.ask("ada", "lovelace")
    #expect(later.result == nil)
    bench.workers.runAll()
    #expect(later.name == "ada")
  }

  @Test func failuresAreNotRemembered() throws {
    let bench = try Bench()
    for _ in 0..<3 {
      let answer = bench.ask("ada", "wrong")
      #expect(answer.result == nil)
      bench.workers.runAll()
      #expect(answer.reason == .badCredentials)
    }
    #expect(bench.authenticator.counters.checks == 3)
  }

  @Test func checksAreBounded() throws {
    var configuration = PasswordAuthenticator.Configuration()
    configuration.maxQueued = 10
    configuration.maxQueuedOfName = 4
    let bench = try Bench(configuration)
    let guesses = (0..<20).map { bench.ask("ada", "guess \($0)") }
    #expect(bench.workers.held.count == 2)
    #expect(guesses.count { $0.reason == .overloaded } == 14, "2 run, 4 of one name wait")
    let others = (0..<10).map { bench.ask("name \($0)", "x") }
    #expect(others.count { $0.reason == .overloaded } == 4, "10 wait in all")
    bench.workers.runAll()
    #expect((guesses + others).allSatisfy { $0.result != nil })
    bench.workers.isFull = true
    #expect(bench.ask("ada", "lovelace").reason == .overloaded)
    bench.workers.isFull = false
    let after = bench.ask("ada", "lovelace")
    bench.workers.runAll()
    #expect(after.name == "ada")
  }

  @Test func aChangedFileCountsAtOnce() throws {
    let bench = try Bench()
    _ = bench.ask("ada", "lovelace")
    bench.workers.runAll()
    bench.file.result = .success(try Bench.file(["ada": "countess", "bob": "builder"]))
    bench.timers.advance(.seconds(10))
    bench.workers.runAll()
    #expect(bench.log.events == ["info new credentials are in use"])
    let old = bench.ask("ada", "lovelace")
    let new = bench.ask("ada", "countess")
    bench.workers.runAll()
    #expect(old.reason == .badCredentials)
    #expect(new.name == "ada")

    // A file that is broken, or gone, leaves what was there, and says so once.
    for result in [Result.success([UInt8]("ada:what".utf8)), .failure(CredentialsFailure(line: 0, "gone"))] {
      bench.file.result = result
      for _ in 0..<3 {
        bench.timers.advance(.seconds(10))
        bench.workers.runAll()
      }
    }
    #expect(bench.log.events.count { $0.hasPrefix("error") } == 2)
    let still = bench.ask("bob", "builder")
    bench.workers.runAll()
    #expect(still.name == "bob")
  }
}

@Suite struct CredentialsTests {
  @Test func readsWhatItWrites() throws {
    let bytes = try Bench.file(["ada": "lovelace", "bob": "builder", "ü": "x"])
    let credentials = try Credentials([UInt8]("# who may come in\n\n".utf8) + bytes)
    #expect(credentials.users.keys.sorted() == ["ada", "bob", "ü"].sorted())
    #expect([UInt8](credentials.text.utf8) == bytes)
  }

  @Test(arguments: [
    "ada", "ada:N=16,r=1,p=1:AAAAAAAAAAA", ":N=16,r=1,p=1:AAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA",
    "ada:N=15,r=1,p=1:AAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA", "ada:N=16,r=1,p=1:AAAA:AAAAAAAAAAAAAAAAAAAAAA",
    "ada:N=16,r=1,p=1:AAAAAAAAAAA:AAAA", "ada:N=16,r=1,p=1:AAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:more",
    "a\u{1}da:N=16,r=1,p=1:AAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA",
    "ada:N=16,r=1,p=1:AAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAA",
  ])
  func refusesABadLine(_ line: String) {
    #expect(throws: CredentialsFailure.self) { try Credentials([UInt8]("\n\(line)\n".utf8)) }
    do throws(CredentialsFailure) {
      _ = try Credentials([UInt8]("\n\(line)\n".utf8))
    } catch { #expect(error.line == 2) }
  }

  @Test func refusesNamesTwiceAndFilesWithoutEnd() throws {
    let bytes = try Bench.file(["ada": "lovelace"])
    #expect(throws: CredentialsFailure(line: 2, "ada is there twice")) { try Credentials(bytes + bytes) }
    #expect(throws: CredentialsFailure.self) {
      try Credentials([UInt8](repeating: 0x0A, count: Credentials.maxFileBytes + 1))
    }
  }
}
