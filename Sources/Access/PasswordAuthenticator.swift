// Checks passwords against a file of scrypt hashes, as Cassandra's PasswordAuthenticator does against its tables of
// bcrypt's.
//
// A check costs a tenth of a second of CPU on purpose, and anybody may ask for one, so checks run beside the loop, at
// most `maxRunning` at a time, and wait in a bounded queue, of which one name may fill a part (CVE-2026-32588 is the
// same attack on Cassandra). A driver opens its connections all at once: checks of the same name and password are one,
// and its success is remembered for a minute under a keyed digest of both and of the stored hash, so that a changed
// password is asked for again at once. Failures are not remembered. A name that is not known costs what one that is
// known costs.

import Base
import Crypto
import World

/// Loop-bound.
public final class PasswordAuthenticator: Authenticator {
  public struct Configuration: Sendable {
    /// Checks at a time.
    public var maxRunning = 2
    /// Checks that wait; over it a client is told to try again.
    public var maxQueued = 64
    /// Of them, for one name.
    public var maxQueuedOfName = 16
    /// Connections that wait for one check.
    public var maxWaitersOfCheck = 4096
    /// Successes remembered.
    public var maxRemembered = 1024
    public var rememberedFor: Duration = .seconds(60)
    /// How often the file is read again.
    public var readInterval: Duration = .seconds(10)

    public init() {}
  }

  /// Sums since the start.
  public struct Counters: Sendable {
    public var succeeded: UInt64 = 0
    public var failed: UInt64 = 0
    public var overloaded: UInt64 = 0
    /// Derivations made.
    public var checks: UInt64 = 0
    /// Successes that were remembered.
    public var remembered: UInt64 = 0
  }

  private struct Check {
    var digest: [UInt8]
    var name: String
    var password: [UInt8]
    var stored: StoredPassword
    /// Nobody's password is checked, so that a stranger's name takes as long.
    var isDecoy: Bool
  }

  public var className: String { "org.apache.cassandra.auth.PasswordAuthenticator" }
  public private(set) var counters = Counters()
  public private(set) var credentials: Credentials

  private let world: World
  private let configuration: Configuration
  private let logger: Logger
  private let read: @Sendable () -> Result<[UInt8], CredentialsFailure>
  /// Of this process alone: what is remembered means nothing elsewhere.
  private let key: [UInt8]
  private let decoy: StoredPassword
  private var queue: [Check] = []
  private var running = 0
  private var waiters: [[UInt8]: [(Result<Principal, AuthenticationFailure>) -> Void]] = [:]
  private var remembered: [[UInt8]: Instant] = [:]
  private var reading: RepeatingTimer?
  private var isReading = false
  private var lastBytes: [UInt8]
  /// What was wrong with the file, as last logged.
  private var trouble: CredentialsFailure?

  /// - Parameters:
  ///   - file: the file's bytes, read by the caller.
  ///   - read: reads the file again; runs beside the loop.
  public init(
    file: [UInt8], world: World, configuration: Configuration = .init(), logger: Logger = .silent,
    read: @escaping @Sendable () -> Result<[UInt8], CredentialsFailure>
  ) throws(CredentialsFailure) {
    credentials = try Credentials(file)
    lastBytes = file
    self.world = world
    self.configuration = configuration
    self.logger = logger
    self.read = read
    func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(world.entropy.below(256)) } }
    key = random(32)
    decoy = StoredPassword(
      parameters: .standard, salt: random(StoredPassword.saltBytes), hash: random(StoredPassword.hashBytes))
    reading = world.timers.every(configuration.readInterval) { [weak self] in self?.reload() }
  }

  public func stop() { reading?.stop() }

  // MARK: Checks

  public func authenticate(
    name: String, password: [UInt8], completion: @escaping (Result<Principal, AuthenticationFailure>) -> Void
  ) {
    guard password.count <= Credentials.maxPasswordBytes, Credentials.problem(withName: name) == nil else {
      counters.failed += 1
      return completion(.failure(Self.refusal(name)))
    }
    let stored = credentials.users[name]
    let digest = digest(name, password, stored ?? decoy)
    if stored != nil, let until = remembered[digest], world.clock.now < until {
      counters.remembered += 1
      counters.succeeded += 1
      return completion(.success(Principal(name: name)))
    }
    if let waiting = waiters[digest] {
      guard waiting.count < configuration.maxWaitersOfCheck else { return refuseForNow(completion) }
      waiters[digest]?.append(completion)
      return
    }
    let ofName = queue.count { $0.name == name }
    guard queue.count < configuration.maxQueued, ofName < configuration.maxQueuedOfName else {
      return refuseForNow(completion)
    }
    waiters[digest] = [completion]
    queue.append(
      Check(digest: digest, name: name, password: password, stored: stored ?? decoyLikeOthers, isDecoy: stored == nil))
    runNext()
  }

  /// As dear as the passwords that are there.
  private var decoyLikeOthers: StoredPassword {
    var decoy = decoy
    if let parameters = credentials.users.values.first?.parameters { decoy.parameters = parameters }
    return decoy
  }

  private func digest(_ name: String, _ password: [UInt8], _ stored: StoredPassword) -> [UInt8] {
    var message = ByteWriter()
    message.lengthPrefixed(name)
    message.lengthPrefixed(password)
    message.lengthPrefixed(stored.salt)
    message.lengthPrefixed(stored.hash)
    return hmacSHA256(key: key, message.bytes)
  }

  private func runNext() {
    while running < configuration.maxRunning, !queue.isEmpty {
      let check = queue.removeFirst()
      running += 1
      counters.checks += 1
      do throws(WorkersRefused) {
        let matches: @Sendable () -> Bool = { check.stored.matches(check.password) }
        try world.workers.run(matches) { [self] isRight in
          running -= 1
          finish(check, isRight: isRight && !check.isDecoy)
          runNext()
        }
      } catch {
        running -= 1
        for waiter in waiters.removeValue(forKey: check.digest) ?? [] { refuseForNow(waiter) }
      }
    }
  }

  private func finish(_ check: Check, isRight: Bool) {
    // The file may have changed meanwhile: what is not there any more is not remembered.
    if isRight, credentials.users[check.name] == check.stored { remember(check.digest) }
    for waiter in waiters.removeValue(forKey: check.digest) ?? [] {
      if isRight {
        counters.succeeded += 1
        waiter(.success(Principal(name: check.name)))
      } else {
        counters.failed += 1
        waiter(.failure(Self.refusal(check.name)))
      }
    }
  }

  private func remember(_ digest: [UInt8]) {
    let now = world.clock.now
    if remembered.count >= configuration.maxRemembered { remembered = remembered.filter { $0.value > now } }
    if remembered.count >= configuration.maxRemembered { remembered.removeAll(keepingCapacity: true) }
    remembered[digest] = now + configuration.rememberedFor
  }

  /// In Cassandra's words (PasswordAuthenticator.java).
  private static func refusal(_ name: String) -> AuthenticationFailure {
    AuthenticationFailure(.badCredentials, "Provided username \(name) and/or password are incorrect")
  }

  private func refuseForNow(_ completion: (Result<Principal, AuthenticationFailure>) -> Void) {
    counters.overloaded += 1
    completion(.failure(AuthenticationFailure(.overloaded, "Too many passwords are being checked; try again")))
  }

  // MARK: The file

  /// Reads the file now, rather than at the next of the regular times.
  public func reload() {
    guard !isReading else { return }
    isReading = true
    do throws(WorkersRefused) {
      try world.workers.run(read) { [self] result in
        isReading = false
        take(result)
      }
    } catch { isReading = false }
  }

  private func take(_ result: Result<[UInt8], CredentialsFailure>) {
    do throws(CredentialsFailure) {
      let bytes = try result.get()
      guard bytes != lastBytes || trouble != nil else { return }
      lastBytes = bytes
      let fresh = try Credentials(bytes)
      trouble = nil
      if fresh == credentials { return }
      credentials = fresh
      logger.info("new credentials are in use", ["users": "\(credentials.users.count)"])
    } catch {
      // Said once, not each time.
      if trouble != error {
        logger.error("the credentials file cannot be used; the old credentials stay", ["why": "\(error)"])
      }
      trouble = error
    }
  }
}
