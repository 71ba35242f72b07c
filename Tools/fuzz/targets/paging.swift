// The paging state that a client hands back. Its seal would hide everything behind it: with a first byte of 1 the bytes
// are made a state of the table here and sealed as a node would, with 0 they come as from anybody, and must then not be
// taken.

import Base
import Data

/// Stand in for Query's own, which the paging state only names: without them that whole room would be built.
struct PreparedStatement {
  var pagingID: UUID
}

enum QueryFailure: Error, Equatable {
  case protocolViolation(String)
}

private let table = Table(
  id: UUID(high: 0x1234, low: 0x5678), incarnation: 7, keyspace: "ks", name: "t", columns: [], options: TableOptions(),
  nextColumnID: 0)
private let seal = PagingSeal(
  secret: Array("a secret of the cluster".utf8), statement: PreparedStatement(pagingID: UUID(high: 9, low: 9)))

func fuzz(_ bytes: [UInt8]) {
  guard let kind = bytes.first else { return }
  var body = Array(bytes.dropFirst())
  readBody(body)
  // The table's id stands behind the version.
  if kind & 1 != 0, body.count > 17 { body.replaceSubrange(1..<17, with: table.id.bytes) }
  let state = try? PagingState(kind & 1 == 0 ? body : body + seal.seal(body), for: table, seal)
  guard let state else { return }
  require(kind & 1 != 0, "a state without a seal of ours is taken")
  let sealed = state.encoded(seal)
  require((try? PagingState(sealed, for: table, seal)) == state, "a state is read as another after it was sealed")
  var other = seal
  other.statement.pagingID = UUID(high: 9, low: 8)
  require((try? PagingState(sealed, for: table, other)) == nil, "another statement's state is taken")
}

private func readBody(_ body: [UInt8]) {
  guard let state = try? PagingState(decoding: body) else { return }
  let again = PagingState(
    table: state.table, cursor: state.cursor, limit: state.limit, perPartitionLimit: state.perPartitionLimit,
    hasLiveRow: state.hasLiveRow)
  require((try? PagingState(decoding: again.encoded)) == state, "a state is read as another after it was written")
}
