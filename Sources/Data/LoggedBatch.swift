// A batch of mutations that must all happen or none, on its way to the nodes that keep it until it is done, and as they
// keep it.

import Base

/// Mutations of several partitions, made by one BATCH.
public struct LoggedBatch: Equatable, Sendable {
  public static let maxMutations = 65_536
  /// Of one mutation.
  public static let maxMutationBytes = 64 << 20

  /// Unique in the cluster.
  public var id: UUID
  public var mutations: [Mutation]

  public init(id: UUID, mutations: [Mutation]) {
    self.id = id
    self.mutations = mutations
  }

  /// The mutations alone: who keeps the batch need not read them before they are needed.
  public func encodeMutations(to writer: inout ByteWriter) {
    writer.count(mutations.count)
    var each = ByteWriter()
    for mutation in mutations {
      each.removeAll()
      mutation.encode(to: &each)
      writer.lengthPrefixed(each.bytes)
    }
  }

  public static func decodeMutations(from reader: inout ByteReader) throws(DecodeError) -> [Mutation] {
    let count = try reader.count(max: maxMutations)
    var mutations: [Mutation] = []
    // No mutation takes less than a byte, so a lying count reserves no memory.
    mutations.reserveCapacity(min(count, reader.remaining))
    for _ in 0..<count {
      let bytes = try reader.lengthPrefixed(max: maxMutationBytes)
      mutations.append(
        try bytes.withReader { (reader: inout ByteReader) throws(DecodeError) in
          let mutation = try Mutation(from: &reader)
          try reader.expectEnd()
          return mutation
        })
    }
    try reader.expectEnd()
    return mutations
  }
}
