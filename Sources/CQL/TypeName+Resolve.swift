// Types as written made types: what may stand within what (CQL3Type.java).

import Data

extension TypeName {
  static let maxDepth = 12

  /// The type; throws for those that there are not, or not here.
  func resolved(keyspace: String?) throws(CQLFailure) -> CQLType { try resolve(keyspace, depth: 0, isFrozen: false) }

  private static func unknown(_ name: String, in keyspace: String?) -> CQLFailure {
    .invalid("Unknown type \(keyspace.map { "\($0)." } ?? "")\(name)")
  }

  private func resolve(_ keyspace: String?, depth: Int, isFrozen: Bool) throws(CQLFailure) -> CQLType {
    guard depth < Self.maxDepth else { throw .invalid("Types are nested more than \(Self.maxDepth) levels deep") }
    switch self {
    case .native(let name):
      guard let type = CQLType.scalars[name] else { throw Self.unknown(name, in: keyspace) }
      return type
    case .list(let element): return .list(try element.part(of: self, keyspace, depth, isFrozen))
    case .set(let element):
      let type = try element.part(of: self, keyspace, depth, isFrozen)
      if type == .duration { throw .invalid("Durations are not allowed inside sets: \(written)") }
      return .set(type)
    case .map(let key, let value):
      let keyType = try key.part(of: self, keyspace, depth, isFrozen)
      if keyType == .duration { throw .invalid("Durations are not allowed as map keys: \(written)") }
      return .map(keyType, try value.part(of: self, keyspace, depth, isFrozen))
    case .tuple(let parts):
      var types: [CQLType] = []
      for part in parts {
        let type = try part.resolve(keyspace, depth: depth + 1, isFrozen: true)
        if type == .counter { throw .invalid("Counters are not allowed inside tuples") }
        types.append(type.isMultiCell && !isFrozen ? .frozen(type) : type)
      }
      // A tuple is always frozen, and Cassandra's schema says so.
      return .frozen(.tuple(types))
    case .frozen(let inner):
      switch inner {
      case .list, .set, .map: return .frozen(try inner.resolve(keyspace, depth: depth + 1, isFrozen: true))
      case .tuple, .frozen: return try inner.resolve(keyspace, depth: depth + 1, isFrozen: true)
      case .user, .vector, .custom: return try inner.resolve(keyspace, depth: depth + 1, isFrozen: true)
      case .native:
        throw .invalid("frozen<> is only allowed on collections, tuples, and user-defined types (got \(inner.written))")
      }
    case .vector(let element, let dimension):
      guard dimension > 0 else { throw .invalid("vectors may only have positive dimensions; given \(dimension)") }
      guard dimension <= CQLType.maxVectorDimension else {
        throw .invalid("vectors may have at most \(CQLType.maxVectorDimension) dimensions; given \(dimension)")
      }
      let type = try element.resolve(keyspace, depth: depth + 1, isFrozen: true)
      if type == .counter { throw .invalid("Counters are not allowed inside vectors: \(written)") }
      return .vector(type, dimension: dimension)
    case .user(let name): throw Self.unknown(name.name, in: name.keyspace ?? keyspace)
    case .custom(let name): throw .invalid("Custom types are not supported (got '\(name)')")
    }
  }

  /// The type of an element: a collection within a collection must be frozen, by itself or from outside.
  private func part(
    of whole: TypeName, _ keyspace: String?, _ depth: Int, _ isFrozen: Bool
  ) throws(CQLFailure) -> CQLType {
    let type = try resolve(keyspace, depth: depth + 1, isFrozen: isFrozen)
    if type == .counter { throw .invalid("Counters are not allowed inside collections: \(whole.written)") }
    guard type.isMultiCell else { return type }
    guard isFrozen else {
      throw .invalid("Non-frozen collections are not allowed inside collections: \(whole.written)")
    }
    return .frozen(type)
  }

  /// As the statement has it, for messages.
  private var written: String {
    switch self {
    case .native(let name): name
    case .list(let element): "list<\(element.written)>"
    case .set(let element): "set<\(element.written)>"
    case .map(let key, let value): "map<\(key.written), \(value.written)>"
    case .tuple(let parts): "tuple<\(parts.map(\.written).joined(separator: ", "))>"
    case .vector(let element, let dimension): "vector<\(element.written), \(dimension)>"
    case .frozen(let inner): "frozen<\(inner.written)>"
    case .user(let name): name.description
    case .custom(let name): "'\(name)'"
    }
  }
}
