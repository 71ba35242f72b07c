// Which options a table has in Cassandra 5.0, what they hold and what they are unless said (TableParams.java). A few
// mean something here (`TableOptions`); the others are checked for their form, kept and shown again, so that a schema
// made for Cassandra loads and comes back as it was.

import CQL
import Data

enum TableOptionCatalog {
  enum Kind { case text, boolean, int, double, map }

  struct Option {
    var name: String
    var kind: Kind
    /// As CQL writes it.
    var standard: String
  }

  /// In the order in which DESCRIBE shows them.
  static let options: [Option] = [
    Option(name: "additional_write_policy", kind: .text, standard: "'99p'"),
    Option(name: "allow_auto_snapshot", kind: .boolean, standard: "true"),
    Option(name: "bloom_filter_fp_chance", kind: .double, standard: "0.01"),
    Option(name: "caching", kind: .map, standard: "{'keys': 'ALL', 'rows_per_partition': 'NONE'}"),
    Option(name: "cdc", kind: .boolean, standard: "false"),
    Option(name: "comment", kind: .text, standard: "''"),
    Option(
      name: "compaction", kind: .map,
      standard: "{'class': 'org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy', 'max_threshold': '32',"
        + " 'min_threshold': '4'}"),
    Option(
      name: "compression", kind: .map,
      standard: "{'chunk_length_in_kb': '16', 'class': 'org.apache.cassandra.io.compress.LZ4Compressor'}"),
    Option(name: "memtable", kind: .text, standard: "'default'"),
    Option(name: "crc_check_chance", kind: .double, standard: "1.0"),
    Option(name: "default_time_to_live", kind: .int, standard: "0"),
    Option(name: "extensions", kind: .map, standard: "{}"),
    Option(name: "gc_grace_seconds", kind: .int, standard: "864000"),
    Option(name: "incremental_backups", kind: .boolean, standard: "true"),
    Option(name: "max_index_interval", kind: .int, standard: "2048"),
    Option(name: "memtable_flush_period_in_ms", kind: .int, standard: "0"),
    Option(name: "min_index_interval", kind: .int, standard: "128"),
    Option(name: "read_repair", kind: .text, standard: "'BLOCKING'"),
    Option(name: "speculative_retry", kind: .text, standard: "'99p'"),
  ]
  /// Taken and forgotten.
  static let obsolete: Set<String> = [
    "read_repair_chance", "dclocal_read_repair_chance", "replicate_on_write", "populate_io_cache_on_flush",
    "index_interval",
  ]
  /// Twenty years, Attributes.MAX_TTL.
  static let maxTimeToLiveSeconds: Int32 = 20 * 365 * 24 * 60 * 60

  /// `old` with the properties of a WITH clause put in.
  static func options(_ properties: Properties, changing old: TableOptions) throws(QueryFailure) -> TableOptions {
    var result = old
    var seen: Set<String> = []
    for entry in properties.entries {
      guard seen.insert(entry.name).inserted else { throw .syntax("Multiple definition for property '\(entry.name)'") }
      if obsolete.contains(entry.name) { continue }
      guard let option = options.first(where: { $0.name == entry.name }) else {
        throw .syntax("Unknown property '\(entry.name)'")
      }
      let text = try cql(entry.value, option)
      switch entry.name {
      case "comment": if case .text(let comment) = entry.value { result.comment = comment }
      case "default_time_to_live":
        result.defaultTimeToLiveSeconds = try seconds(text, option.name, atMost: maxTimeToLiveSeconds)
      case "gc_grace_seconds": result.gcGraceSeconds = try seconds(text, option.name, atMost: .max)
      default: result.others[entry.name] = text == option.standard ? nil : text
      }
    }
    return result
  }

  private static func seconds(_ text: String, _ name: String, atMost most: Int32) throws(QueryFailure) -> Int32 {
    let value = Int32(text) ?? 0
    guard value >= 0 else { throw .configuration("\(name) must be greater than or equal to 0 (got \(value))") }
    guard value <= most else { throw .configuration("\(name) must be less than or equal to \(most) (got \(value))") }
    return value
  }

  private static func cql(_ value: Properties.Value, _ option: Option) throws(QueryFailure) -> String {
    switch (value, option.kind) {
    case (.text(let text), .text): return quoted(text)
    case (.text(let text), .boolean):
      return ["1", "true", "yes"].contains(text.lowercased()) ? "true" : "false"
    case (.text(let text), .int):
      guard let value = Int32(text) else { throw .syntax("Invalid integer value \(text) for '\(option.name)'") }
      return String(value)
    case (.text(let text), .double):
      guard let value = Double(text), value.isFinite else {
        throw .syntax("Invalid double value \(text) for '\(option.name)'")
      }
      return String(value)
    case (.text, .map): throw .syntax("Invalid value for property '\(option.name)'. It should be a map.")
    case (.map(let map), .map):
      if option.name == "compaction", map["class"] == nil {
        throw .configuration("Missing sub-option 'class' for the 'compaction' option.")
      }
      return text(of: map)
    case (.map, _): throw .syntax("Invalid value for property '\(option.name)'. It should be a string")
    }
  }

  // MARK: - Reading them again

  /// An option of a table as CQL writes it.
  static func text(_ option: Option, of options: TableOptions) -> String {
    switch option.name {
    case "comment": quoted(options.comment)
    case "default_time_to_live": String(options.defaultTimeToLiveSeconds)
    case "gc_grace_seconds": String(options.gcGraceSeconds)
    default: options.others[option.name] ?? option.standard
    }
  }

  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
  }

  static func text(of map: [String: String]) -> String {
    let entries = map.sorted { $0.key < $1.key }.map { "\(quoted($0.key)): \(quoted($0.value))" }
    return "{" + entries.joined(separator: ", ") + "}"
  }

  /// The strings of what `quoted` and `text(of:)` wrote, in order.
  static func strings(_ text: String) -> [String] {
    var strings: [String] = []
    var current: [UInt8]?
    var bytes = text.utf8.makeIterator()
    var pending = bytes.next()
    while let byte = pending {
      pending = bytes.next()
      guard byte == UInt8(ascii: "'") else {
        current?.append(byte)
        continue
      }
      guard let open = current else {
        current = []
        continue
      }
      if pending == byte {
        current?.append(byte)
        pending = bytes.next()
      } else {
        strings.append(String(decoding: open, as: UTF8.self))
        current = nil
      }
    }
    return strings
  }

  static func map(_ text: String) -> [String: String] {
    let strings = strings(text)
    var map: [String: String] = [:]
    for index in stride(from: 0, to: strings.count - 1, by: 2) { map[strings[index]] = strings[index + 1] }
    return map
  }
}
