// Consistency levels with their numbers on the wire (native protocol v4, section 3 [consistency]).

public enum Consistency: UInt16, Sendable, CaseIterable {
  case any = 0
  case one, two, three, quorum, all, localQuorum, eachQuorum, serial, localSerial, localOne

  /// As Cassandra writes it in messages.
  public var name: String {
    switch self {
    case .any: "ANY"
    case .one: "ONE"
    case .two: "TWO"
    case .three: "THREE"
    case .quorum: "QUORUM"
    case .all: "ALL"
    case .localQuorum: "LOCAL_QUORUM"
    case .eachQuorum: "EACH_QUORUM"
    case .serial: "SERIAL"
    case .localSerial: "LOCAL_SERIAL"
    case .localOne: "LOCAL_ONE"
    }
  }

  public init?(name: String) {
    guard let level = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
    self = level
  }

  public var isSerial: Bool { self == .serial || self == .localSerial }

  /// How many replicas must answer where there is one datacenter; for several see `ReplicaMap.requirement`.
  /// - Parameter replicas: the replication factor.
  public func required(replicas: Int) -> Int {
    switch self {
    case .any, .one, .localOne: 1
    case .two: 2
    case .three: 3
    case .quorum, .localQuorum, .eachQuorum, .serial, .localSerial: Self.majority(of: replicas)
    case .all: replicas
    }
  }

  /// The smallest number two of which always share a replica.
  public static func majority(of replicas: Int) -> Int { replicas / 2 + 1 }
}
