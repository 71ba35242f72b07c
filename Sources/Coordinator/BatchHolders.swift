// Which nodes hold a batch until it is done (ReplicaPlans.forBatchlogWrite in Cassandra 5.0): two other living nodes
// of the local datacenter, of two racks and not of this node's where there are enough; one where there is but one;
// this node itself where it is the datacenter's only one.
//
// Deviation: of a datacenter of two nodes Cassandra takes both even while the other is dead, and every batch times out;
// here this node holds it alone then.

import Base
import Ring

enum BatchHolders {
  static let count = 2

  static var none: RequestFailure {
    .unavailable(
      .two, required: count, alive: 0, place: " for batchlog in local DC, required:\(count), available:0")
  }

  /// - Parameters:
  ///   - isAny: at level ANY this node will do if nobody else is there.
  ///   - random: a number that differs from batch to batch.
  /// - Returns: none if no node may hold the batch.
  static func choose(
    members: [Member], local hostID: UUID, isAlive: (UUID) -> Bool, isAny: Bool, random: UInt64
  ) -> [UUID] {
    guard let local = members.first(where: { $0.hostID == hostID }) else { return isAny ? [hostID] : [] }
    let neighbours = members.filter { $0.datacenter == local.datacenter }
    let others = neighbours.filter { $0.hostID != hostID && isAlive($0.hostID) }
    if neighbours.count <= count { return [hostID] + others.map(\.hostID) }
    if others.isEmpty { return isAny ? [hostID] : [] }
    if others.count <= count { return others.map(\.hostID) }
    var generator = SeededGenerator(seed: random)
    let elsewhere = others.filter { $0.rack != local.rack }
    var candidates = elsewhere.count >= count ? elsewhere : others
    var chosen: [Member] = []
    while chosen.count < count, !candidates.isEmpty {
      let racks = Set(chosen.map(\.rack))
      let fresh = candidates.filter { !racks.contains($0.rack) }
      // A rack first, then one of its nodes: a large rack is no likelier than a small one.
      let pool = fresh.isEmpty ? candidates : fresh
      let names = Set(pool.map(\.rack)).sorted()
      let rack = names[generator.below(names.count)]
      let inRack = pool.filter { $0.rack == rack }
      let next = inRack[generator.below(inRack.count)]
      chosen.append(next)
      candidates.removeAll { $0.hostID == next.hostID }
    }
    return chosen.map(\.hostID)
  }
}
