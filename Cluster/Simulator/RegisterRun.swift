// One run: three nodes, a few clients that write, delete and read registers at QUORUM while faults come and go; then
// all is healed, and what was promised is checked (`History`).

import Base
import Data
import Frames
import Ring
import World

public struct RunOptions: Sendable {
  /// A run has at least so many requests,
  public var operations = 2000
  /// and at least so many writes that were acknowledged while something was broken.
  public var acknowledgedDuringFault = 200
  public var clients = 6
  public var registers = 40
  /// Virtual seconds that healing may take.
  public var healSeconds = 120.0

  public init() {}
}

public struct RunReport: Sendable {
  public var seed: UInt64
  public var hash: UInt64 = 0
  public var operations = 0
  public var acknowledgedWrites = 0
  public var acknowledgedDuringFault = 0
  public var reads = 0
  public var unknown = 0
  public var refused = 0
  public var kills = 0
  public var cuts = 0
  public var hints: UInt64 = 0
  public var repairs: UInt64 = 0
  public var virtualSeconds = 0.0
  public var problems: [String] = []

  public var text: String {
    "seed \(seed) hash \(Hex.encode(UUID(high: 0, low: hash).bytes.suffix(8))) operations \(operations)"
      + " acknowledged \(acknowledgedWrites) (\(acknowledgedDuringFault) during a fault) reads \(reads)"
      + " refused \(refused) unknown \(unknown) kills \(kills) cuts \(cuts) hints \(hints) repairs \(repairs)"
      + " seconds \(Int(virtualSeconds))"
  }
}

public final class RegisterRun {
  private let cluster: SimulatedCluster
  private let faults: Faults
  private let options: RunOptions
  private var history = History()
  private var report: RunReport
  private var clients: [SimulatedClient] = []
  private var admin: SimulatedClient
  private var nextTimestamp: Int64 = 1_000
  private var nextValue = 0
  private var active = 0
  /// Acknowledged writes whose coordinator may still have to keep a hint: host, until when, which.
  private var unsettled: [(host: Int, until: Int64, index: Int)] = []

  public init(seed: UInt64, options: RunOptions = .init()) {
    self.options = options
    report = RunReport(seed: seed)
    cluster = SimulatedCluster(seed: seed, nodes: 3)
    faults = Faults(cluster: cluster)
    admin = Self.client(100, of: cluster)
    clients = (0..<options.clients).map { [cluster] in Self.client($0, of: cluster) }
  }

  private static func client(_ number: Int, of cluster: SimulatedCluster) -> SimulatedClient {
    SimulatedClient(
      process: SimulatedWorld(
        simulation: cluster.simulation, network: cluster.network, address: "127.0.1.\(number)"))
  }

  private var random: SeededGenerator {
    get { cluster.simulation.random }
    set { cluster.simulation.random = newValue }
  }

  private func fail(_ text: String) { report.problems.append(text) }

  /// Runs it all.
  public func run() -> RunReport {
    cluster.startAll()
    if cluster.run(seconds: 60, until: { cluster.isWhole }), makeSchema() {
      safetyPhase()
      heal()
      check()
    } else {
      fail("the cluster did not come up: \(cluster.problems)")
    }
    report.problems += cluster.problems
    report.kills = faults.kills
    report.cuts = faults.cuts
    for host in cluster.hosts {
      report.hints += host.node?.hints.counters.kept ?? 0
      report.repairs += host.node?.coordinator.counters.repairs ?? 0
    }
    report.virtualSeconds = Double(cluster.simulation.now) / 1e9
    report.hash = cluster.hash
    for host in cluster.hosts { host.kill() }
    return report
  }

  private func makeSchema() -> Bool {
    let statements = [
      "CREATE KEYSPACE sim WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}",
      "CREATE TABLE sim.registers (id int PRIMARY KEY, value text)",
    ]
    for statement in statements {
      guard case .answered(.schemaChange)? = ask(admin, .query(statement, QueryParameters(consistency: 1)), host: 0)
      else { return false }
    }
    return true
  }

  /// Sends one request and runs the simulation until its outcome is known.
  private func ask(_ client: SimulatedClient, _ request: Request, host: Int) -> ClientOutcome? {
    var outcome: ClientOutcome?
    client.send(request, to: cluster.hosts[host].cqlEndpoint) { outcome = $0 }
    _ = cluster.run(seconds: 60, until: { outcome != nil })
    return outcome
  }

  // MARK: The safety phase

  private func safetyPhase() {
    faults.onKill = { [unowned self] host in
      let now = cluster.simulation.now
      for entry in unsettled where entry.host == host && entry.until > now { history.lostCoordinator(of: entry.index) }
    }
    faults.start()
    for client in clients { next(client) }
    _ = cluster.run(seconds: 3600, until: { hasEnough && active == 0 })
    faults.stop()
    if !hasEnough { fail("only \(report.operations) operations in an hour") }
  }

  private var hasEnough: Bool {
    report.operations >= options.operations
      && report.acknowledgedDuringFault >= options.acknowledgedDuringFault
  }

  private func next(_ client: SimulatedClient) {
    guard !hasEnough else { return }
    report.operations += 1
    active += 1
    let key = Int32(random.below(options.registers))
    let host = random.below(cluster.hosts.count)
    if random.below(10) < 3 { read(client, key, host) } else { write(client, key, host) }
  }

  private func again(_ client: SimulatedClient) {
    active -= 1
    cluster.simulation.schedule(after: Int64(random.below(30)) * 1_000_000) { [self] in next(client) }
  }

  private func write(_ client: SimulatedClient, _ key: Int32, _ host: Int) {
    // One write in three ties with an earlier one.
    if !random.oneIn(3) { nextTimestamp += 1 }
    nextValue += 1
    let isDelete = random.oneIn(8)
    let write = RegisterWrite(
      key: key, timestamp: nextTimestamp, value: isDelete ? nil : "\(random.below(1000)) v\(nextValue)")
    history.sent(write)
    let wasFault = faults.isActive
    client.send(Self.request(write), to: cluster.hosts[host].cqlEndpoint) { [self] outcome in
      switch outcome {
      case .answered(.void):
        report.acknowledgedWrites += 1
        if wasFault || faults.isActive { report.acknowledgedDuringFault += 1 }
        let index = history.acknowledged(write)
        // The coordinator's write timeout and a little more: by then it has kept a hint for who was silent.
        unsettled.append((host, cluster.simulation.now + 2_200_000_000, index))
      case .answered: report.refused += 1
      case .unknown: report.unknown += 1
      }
      again(client)
    }
  }

  private static func request(_ write: RegisterWrite) -> Request {
    let key = BoundValue.bytes(bytes(of: write.key))
    var parameters = QueryParameters(consistency: Consistency.quorum.rawValue)
    parameters.defaultTimestampMicroseconds = write.timestamp
    guard let value = write.value else {
      parameters.values = [key]
      return .query("DELETE FROM sim.registers WHERE id = ?", parameters)
    }
    parameters.values = [.bytes(Array(value.utf8)), key]
    return .query("UPDATE sim.registers SET value = ? WHERE id = ?", parameters)
  }

  private static func bytes(of key: Int32) -> [UInt8] {
    var writer = ByteWriter()
    writer.int32(key)
    return writer.take()
  }

  private static func readRequest(_ key: Int32, _ consistency: Consistency) -> Request {
    .query(
      "SELECT value, writetime(value) FROM sim.registers WHERE id = ?",
      QueryParameters(consistency: consistency.rawValue, values: [.bytes(bytes(of: key))]))
  }

  private func read(_ client: SimulatedClient, _ key: Int32, _ host: Int) {
    let floor = history.floor(of: key)
    client.send(Self.readRequest(key, .quorum), to: cluster.hosts[host].cqlEndpoint) { [self] outcome in
      switch outcome {
      case .answered(.rows(let rows)):
        report.reads += 1
        let state = Self.state(rows)
        if let problem = history.check(key, state, floor: floor, reader: "a QUORUM read") { fail(problem) }
        history.seen(key, state)
      case .answered: report.refused += 1
      case .unknown: report.unknown += 1
      }
      again(client)
    }
  }

  private static func state(_ rows: RowsResponse) -> RegisterState {
    guard let row = rows.rows.first, row.count == 2, let value = row[0], let time = row[1] else { return .absent }
    let timestamp = time.withReader { (reader: inout ByteReader) in (try? reader.int64()) ?? .min }
    return .value(String(decoding: value, as: UTF8.self), timestamp: timestamp)
  }

  // MARK: Healing and checking

  private func heal() {
    cluster.network.healAll()
    cluster.startAll()
    if !cluster.run(seconds: options.healSeconds, until: { cluster.isWhole }) {
      fail("the nodes do not find one another")
    }
    // Requests that are still under way end, and their hints are handed over.
    _ = cluster.run(seconds: 5)
    if !cluster.run(seconds: options.healSeconds, until: { cluster.isSettled }) { fail("hints are not handed over") }
  }

  private func check() {
    for key in history.keys {
      for host in cluster.hosts {
        checkRead(key, .one, host.index, floor: history.durable(key), reader: "replica \(host.index + 1) after healing")
      }
    }
    for key in history.keys {
      checkRead(key, .quorum, random.below(3), floor: history.floor(of: key), reader: "a QUORUM read after healing")
      checkRead(key, .all, 0, floor: history.floor(of: key), reader: "a read at ALL after healing")
      let states = cluster.hosts.map { stored(key, at: $0) }
      if Set(states).count != 1 { fail("replicas differ in register \(key) after a read at ALL") }
    }
  }

  private func checkRead(_ key: Int32, _ level: Consistency, _ host: Int, floor: RegisterWrite?, reader: String) {
    let outcome = ask(admin, Self.readRequest(key, level), host: host)
    guard case .answered(.rows(let rows))? = outcome else {
      return fail("\(reader): register \(key) cannot be read: \(outcome.map { "\($0)" } ?? "no answer")")
    }
    if let problem = history.check(key, Self.state(rows), floor: floor, reader: reader) { fail(problem) }
  }

  /// A register's bytes in one node's store.
  private func stored(_ key: Int32, at host: SimulatedHost) -> [UInt8] {
    guard let node = host.node, let table = node.metadata.snapshot.schema.table("sim", "registers") else { return [] }
    let bytes = Self.bytes(of: key)
    let command = ReadCommand(
      table: table.id, incarnation: table.incarnation,
      scope: .partition(PartitionKey(token: Murmur3.token(of: bytes), bytes: bytes)), nowInSeconds: 0)
    var writer = ByteWriter()
    (try? node.replica.read(command))?.encode(to: &writer)
    return writer.take()
  }
}
