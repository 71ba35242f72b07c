// The ring in text, as an operator knows it from nodetool: `status` one line a node, `ring` one line a token.

import Node

struct RingText {
  var report: RingReport

  /// Share of all tokens that a node's ranges cover as first replica, in percent, by address.
  var ownership: [String: Double] {
    let all = report.lines.flatMap { line in line.tokens.map { (token: $0, address: line.address) } }
      .sorted { $0.token < $1.token }
    guard let last = all.last else { return [:] }
    var shares: [String: Double] = [:]
    var before = last.token
    for (token, address) in all {
      let width = UInt64(bitPattern: token &- before)
      shares[address, default: 0] += (all.count == 1 ? 100 : Double(width) / 0x1p64 * 100)
      before = token
    }
    return shares
  }

  var status: String {
    let owned = ownership
    var text = ""
    for datacenter in datacenters {
      let title = "Datacenter: \(datacenter)"
      text += "\(title)\n\(String(repeating: "=", count: title.count))\n"
      text += "Status=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n"
      var rows = [["--", "Address", "Load", "Tokens", "Owns", "Host ID", "Rack"]]
      for line in lines(in: datacenter) {
        rows.append([
          line.isUp ? "UN" : "DN", line.address, Self.size(line.loadBytes), "\(line.tokens.count)",
          Self.percent(owned[line.address]), line.hostID, line.rack,
        ])
      }
      text += Self.table(rows) + "\n"
    }
    return text
  }

  var ring: String {
    let owned = ownership
    var text = ""
    for datacenter in datacenters {
      let title = "Datacenter: \(datacenter)"
      text += "\(title)\n\(String(repeating: "=", count: title.count))\n"
      var rows = [["Address", "Rack", "Status", "State", "Load", "Owns", "Token"]]
      var tokens: [(token: Int64, row: [String])] = []
      for line in lines(in: datacenter) {
        let row = [
          line.address, line.rack, line.isUp ? "Up" : "Down", "Normal", Self.size(line.loadBytes),
          Self.percent(owned[line.address]),
        ]
        tokens += line.tokens.map { ($0, row + ["\($0)"]) }
      }
      tokens.sort { $0.token < $1.token }
      // nodetool names the last token first: the ring's ranges wrap there.
      if let last = tokens.last { rows.append(["", "", "", "", "", "", "\(last.token)"]) }
      rows += tokens.map(\.row)
      text += Self.table(rows) + "\n"
    }
    return text
  }

  private var datacenters: [String] { Set(report.lines.map(\.datacenter)).sorted() }

  private func lines(in datacenter: String) -> [RingReport.Line] {
    report.lines.filter { $0.datacenter == datacenter }
  }

  private static func percent(_ share: Double?) -> String {
    guard let share else { return "?" }
    let tenths = Int((share * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)%"
  }

  /// Bytes in the unit that fits, one digit behind the point.
  static func size(_ bytes: Int64?) -> String {
    guard let bytes else { return "?" }
    if bytes < 1024 { return "\(bytes) bytes" }
    var value = Double(bytes)
    for unit in ["KiB", "MiB", "GiB", "TiB"] {
      value /= 1024
      if value < 1024 || unit == "TiB" {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
      }
    }
    return "?"
  }

  /// Columns as wide as their widest cell, two spaces between.
  private static func table(_ rows: [[String]]) -> String {
    guard let columns = rows.first?.count else { return "" }
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        column == columns - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
      }
      return cells.joined(separator: "  ") + "\n"
    }.joined()
  }
}
