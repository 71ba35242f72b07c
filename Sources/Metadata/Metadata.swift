// The one place that holds the current snapshot, and who of the members answers.

import Base
import Data
import Ring

/// Bound to its node's loop.
public final class Metadata {
  public private(set) var snapshot: ClusterSnapshot
  private var alive: Set<UUID>
  private var maps: [Placement: ReplicaMap] = [:]
  private var observers: [(Change) -> Void] = []

  public enum Change {
    /// From the old schema to the current one.
    case schema(from: Schema)
    case memberAdded(Member)
    case memberChanged(Member)
    case alive(Member)
    case dead(Member)
  }

  public init(snapshot: ClusterSnapshot) {
    self.snapshot = snapshot
    alive = [snapshot.localHostID]
  }

  /// Called after each change, on the loop, in the order of registration.
  public func observe(_ body: @escaping (Change) -> Void) { observers.append(body) }

  private func publish(_ change: Change) { for observer in observers { observer(change) } }

  public func isAlive(_ hostID: UUID) -> Bool { alive.contains(hostID) }

  /// Takes a schema whose epoch is higher; says whether it was.
  @discardableResult
  public func adopt(_ schema: Schema) -> Bool {
    let old = snapshot.schema
    guard schema.epoch > old.epoch else { return false }
    snapshot = ClusterSnapshot(
      clusterName: snapshot.clusterName, localHostID: snapshot.localHostID, schema: schema, ring: snapshot.ring)
    publish(.schema(from: old))
    return true
  }

  public func put(_ member: Member) {
    let known = snapshot.member(member.hostID)
    guard known != member else { return }
    let others = snapshot.members.filter { $0.hostID != member.hostID }
    snapshot = ClusterSnapshot(
      clusterName: snapshot.clusterName, localHostID: snapshot.localHostID, schema: snapshot.schema,
      ring: TokenRing(members: others + [member]))
    maps = [:]
    publish(known == nil ? .memberAdded(member) : .memberChanged(member))
  }

  public func setAlive(_ hostID: UUID, _ isAlive: Bool) {
    guard let member = snapshot.member(hostID) else { return }
    if isAlive {
      if alive.insert(hostID).inserted { publish(.alive(member)) }
    } else if hostID != snapshot.localHostID, alive.remove(hostID) != nil {
      publish(.dead(member))
    }
  }

  /// The replicas of every range for a placement, made once for each ring.
  public func replicaMap(_ placement: Placement) -> ReplicaMap {
    if let map = maps[placement] { return map }
    let map = snapshot.ring.replicaMap(placement)
    maps[placement] = map
    return map
  }
}
