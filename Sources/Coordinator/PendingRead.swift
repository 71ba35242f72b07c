// One read under way (`ReadCore`): its replicas and what is known of each.

import Base
import Data
import Ring

struct PendingRead {
  private enum State {
    /// Alive and not asked.
    case spare
    /// Asked in an earlier round and slow: the last choice for another one.
    case late
    case askedDigest, askedData
    case digest(UInt64)
    /// Index into `responses`.
    case data(Int)
    /// As `data`; it gets what it lacks of the merge.
    case repairing(Int)
    /// It holds the merge.
    case holds(Int)
    case failed
  }

  private struct Slot {
    let hostID: UUID
    let datacenter: Int
    var state = State.spare
  }

  private enum Phase { case comparing, collecting, repairing }

  private let consistency: Consistency
  private let requirement: Requirement
  private let isReversed: Bool
  private let rowLimit: Int
  private let nowInSeconds: Int64
  /// Of each partition of a scan: what a replica leaves out there, its answer does not say.
  private let scanLimit: (rows: Int, nowInSeconds: Int64)?
  /// Those that are alive and count, the nearest first.
  private var slots: [Slot] = []
  private var responses: [ReadResponse] = []
  private var merged: ReadResponse?
  private var phase = Phase.comparing
  private var failed: [UUID] = []
  /// Of the directives under way; answers to earlier ones don't count.
  private(set) var round = 0
  private(set) var hasMismatch = false

  /// Whether the merge had to end where a limit cut off a replica's answer, before it had all the rows asked for.
  var isShort: Bool {
    guard let merged, merged.hasMore else { return false }
    return merged.partitions.reduce(0) { $0 + $1.liveRows(nowInSeconds: nowInSeconds) } < rowLimit
  }

  init(
    _ command: ReadCommand, _ replicas: [ReplicaState], _ requirement: Requirement, _ consistency: Consistency
  ) {
    self.consistency = consistency
    self.requirement = requirement
    isReversed = command.isReversed
    rowLimit = command.rowLimit
    nowInSeconds = command.nowInSeconds
    if case .range = command.scope, command.rowLimitPerPartition != .max {
      scanLimit = (command.rowLimitPerPartition, command.nowInSeconds)
    } else {
      scanLimit = nil
    }
    slots.reserveCapacity(replicas.count)
    for replica in replicas where replica.isAlive && requirement.counts(replica.datacenter) {
      slots.append(Slot(hostID: replica.hostID, datacenter: replica.datacenter))
    }
  }

  var unavailable: RequestFailure? {
    for share in requirement.each {
      let alive = slots.count { $0.datacenter == share.datacenter }
      if alive < share.required {
        return .unavailable(consistency, required: share.required, alive: alive, place: share.place)
      }
    }
    guard slots.count < requirement.total else { return nil }
    return .unavailable(consistency, required: requirement.total, alive: slots.count)
  }

  /// EACH_QUORUM does not speculate: an answer more says nothing of the datacenter that lacks one (Cassandra's 11980).
  var hasSpare: Bool { requirement.each.isEmpty && slots.count > requirement.total }

  // MARK: Asking

  mutating func begin(
    _ request: UInt64, _ speculation: Speculation, into directives: inout [ReadCore.Directive]
  ) {
    let extra = speculation == .always && hasSpare ? 1 : 0
    if requirement.each.isEmpty {
      for index in 0..<(requirement.total + extra) {
        ask(request, index, forData: index == 0 || index <= extra, into: &directives)
      }
      return
    }
    var isFirst = true
    var left = requirement.each.map(\.required)
    for index in slots.indices {
      guard let share = requirement.each.firstIndex(where: { $0.datacenter == slots[index].datacenter }),
        left[share] > 0
      else { continue }
      left[share] -= 1
      ask(request, index, forData: isFirst, into: &directives)
      isFirst = false
    }
  }

  private mutating func ask(
    _ request: UInt64, _ index: Int, forData: Bool, into directives: inout [ReadCore.Directive]
  ) {
    let hostID = slots[index].hostID
    slots[index].state = forData ? .askedData : .askedDigest
    directives.append(
      forData
        ? .read(request: request, round: round, from: hostID)
        : .readDigest(request: request, round: round, from: hostID))
  }

  /// Asks one replica more, for data unless data is there; says whether there was one.
  mutating func askSpare(_ request: UInt64, into directives: inout [ReadCore.Directive]) -> Bool {
    guard requirement.each.isEmpty, let index = spare(nil) else { return false }
    ask(request, index, forData: phase != .comparing || responses.isEmpty, into: &directives)
    return true
  }

  private func spare(_ datacenter: Int?) -> Int? {
    var late: Int?
    for (index, slot) in slots.enumerated() where datacenter == nil || slot.datacenter == datacenter {
      switch slot.state {
      case .spare: return index
      case .late: late = late ?? index
      default: break
      }
    }
    return late
  }

  // MARK: Answers

  /// - Returns: whether the read has ended.
  mutating func replied(
    _ request: UInt64, from hostID: UUID, _ outcome: Result<ReplicaAnswer, ReplicaFailure>,
    into directives: inout [ReadCore.Directive]
  ) -> Bool {
    guard let index = slots.firstIndex(where: { $0.hostID == hostID }) else { return false }
    let wasForData: Bool
    switch slots[index].state {
    case .askedData: wasForData = true
    case .askedDigest: wasForData = false
    default: return false
    }
    switch outcome {
    case .success(.data(let response)):
      slots[index].state = .data(responses.count)
      responses.append(response)
      return goOn(request, into: &directives)
    case .success(.digest(let digest)):
      // Data was asked for: a digest in its place cannot be merged.
      guard !wasForData else { return failed(request, index, .failed("a digest"), forData: true, into: &directives) }
      slots[index].state = .digest(digest)
      return goOn(request, into: &directives)
    case .failure(let failure):
      return failed(request, index, failure, forData: wasForData, into: &directives)
    }
  }

  private mutating func failed(
    _ request: UInt64, _ index: Int, _ failure: ReplicaFailure, forData: Bool,
    into directives: inout [ReadCore.Directive]
  ) -> Bool {
    slots[index].state = .failed
    if failure != .unreachable { failed.append(slots[index].hostID) }
    let datacenter = requirement.each.isEmpty ? nil : slots[index].datacenter
    if let spare = spare(datacenter) { ask(request, spare, forData: forData, into: &directives) }
    return failIfLost(request, into: &directives)
  }

  private mutating func failIfLost(_ request: UInt64, into directives: inout [ReadCore.Directive]) -> Bool {
    let isPossible = isMet { slot in
      switch slot.state {
      case .askedDigest, .askedData, .digest, .data, .repairing, .holds: true
      case .spare, .late, .failed: false
      }
    }
    guard isPossible else {
      directives.append(.finish(request: request, .failure(failure)))
      return true
    }
    return false
  }

  /// Whether enough replicas are such that `holds`, for the level.
  private func isMet(_ holds: (Slot) -> Bool) -> Bool {
    guard !requirement.each.isEmpty else { return slots.count(where: holds) >= requirement.total }
    return requirement.each.allSatisfy { share in
      slots.count { $0.datacenter == share.datacenter && holds($0) } >= share.required
    }
  }

  private mutating func goOn(_ request: UInt64, into directives: inout [ReadCore.Directive]) -> Bool {
    switch phase {
    case .comparing:
      // One that was asked for data and failed was replaced by another that was: data is on its way.
      guard let first = responses.first else { return false }
      if requirement.total == 1 { return finish(request, first, into: &directives) }
      let isEnough = isMet { slot in
        switch slot.state {
        case .digest, .data: true
        default: false
        }
      }
      return isEnough ? compare(request, into: &directives) : false
    case .collecting, .repairing:
      let isEnough = isMet { slot in
        switch slot.state {
        case .data, .repairing, .holds: true
        default: false
        }
      }
      return isEnough ? merge(request, into: &directives) : false
    }
  }

  private mutating func compare(_ request: UInt64, into directives: inout [ReadCore.Directive]) -> Bool {
    let first = responses[0]
    var areEqual = responses.dropFirst().allSatisfy { $0 == first }
    var ofFirst: UInt64?
    for slot in slots where areEqual {
      guard case .digest(let digest) = slot.state else { continue }
      let expected = ofFirst ?? first.digest
      ofFirst = expected
      areEqual = digest == expected
    }
    if areEqual { return finish(request, first, into: &directives) }
    hasMismatch = true
    phase = .collecting
    round += 1
    for index in slots.indices {
      switch slots[index].state {
      case .digest: ask(request, index, forData: true, into: &directives)
      case .askedDigest, .askedData: slots[index].state = .late
      default: break
      }
    }
    return goOn(request, into: &directives)
  }

  private mutating func merge(_ request: UInt64, into directives: inout [ReadCore.Directive]) -> Bool {
    let merged: ReadResponse
    do throws(DecodeError) {
      merged = try ReadResponse.merged(responses, isReversed: isReversed, scanLimit: scanLimit)
    } catch {
      // One of them sent what cannot be read; which one is not known.
      failed.append(contentsOf: slots.prefix(1).map(\.hostID))
      directives.append(.finish(request: request, .failure(failure)))
      return true
    }
    self.merged = merged
    phase = .repairing
    round += 1
    for index in slots.indices {
      switch slots[index].state {
      case .data(let place), .repairing(let place), .holds(let place):
        let lacking = merged.missing(from: responses[place])
        if lacking.isEmpty {
          slots[index].state = .holds(place)
        } else {
          slots[index].state = .repairing(place)
          directives.append(.repair(request: request, round: round, at: slots[index].hostID, lacking))
        }
      case .askedDigest, .askedData: slots[index].state = .late
      case .spare, .late, .digest, .failed: break
      }
    }
    return finishIfHeld(request, into: &directives)
  }

  /// - Returns: whether the read has ended.
  mutating func repaired(
    _ request: UInt64, at hostID: UUID, _ outcome: Result<Void, ReplicaFailure>,
    into directives: inout [ReadCore.Directive]
  ) -> Bool {
    guard let index = slots.firstIndex(where: { $0.hostID == hostID }), case .repairing(let place) = slots[index].state
    else { return false }
    if case .success = outcome {
      slots[index].state = .holds(place)
      return finishIfHeld(request, into: &directives)
    }
    // What the others know stands on fewer replicas than the level promises: another one has to hold it too.
    slots[index].state = .failed
    let datacenter = requirement.each.isEmpty ? nil : slots[index].datacenter
    if let spare = spare(datacenter) { ask(request, spare, forData: true, into: &directives) }
    return failIfLost(request, into: &directives)
  }

  private mutating func finishIfHeld(_ request: UInt64, into directives: inout [ReadCore.Directive]) -> Bool {
    let isHeld = isMet { if case .holds = $0.state { true } else { false } }
    guard isHeld, let merged else { return false }
    return finish(request, merged, into: &directives)
  }

  private func finish(
    _ request: UInt64, _ response: ReadResponse, into directives: inout [ReadCore.Directive]
  ) -> Bool {
    directives.append(.finish(request: request, .success(response)))
    return true
  }

  // MARK: Failures

  /// Those whose answers the phase waits for.
  private var received: Int {
    slots.count { slot in
      switch (phase, slot.state) {
      case (.comparing, .digest), (.comparing, .data), (.collecting, .data), (_, .holds): true
      default: false
      }
    }
  }

  private var failure: RequestFailure {
    // A repair that failed is a timeout, as in Cassandra: the client hears how many hold what was read.
    guard !failed.isEmpty, phase != .repairing else { return timeout }
    return .readFailure(
      consistency, received: received, required: requirement.total,
      failures: failed.map { FailedReplica($0) }, hasData: !responses.isEmpty)
  }

  var timeout: RequestFailure {
    .readTimeout(consistency, received: received, required: requirement.total, hasData: !responses.isEmpty)
  }
}
