// A small strict reader of YAML over libyaml: mappings, sequences and scalars, each with its line. What configuration
// files do not need is refused by name: anchors, aliases, tags, several documents, repeated keys. The parser's events
// are C structures with unions, so this is the one file of the command line that touches unsafe memory for them.

import CYAML

/// A value of the file and the line it stands on, counted from 1.
struct YAMLNode: Equatable {
  indirect enum Content: Equatable {
    /// A scalar's text. `isPlain`: written without quotes, so `yes` and `12` may mean more than their letters.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }
  var line: Int
  var content: Content
}

/// A key of a mapping with its line and value.
struct YAMLEntry: Equatable {
  var key: String
  var line: Int
  var value: YAMLNode
}

/// Why a file is no configuration: the line, and what is wrong there.
struct YAMLFailure: Error, Equatable {
  var line: Int
  var message: String
}

/// Reads one document.
struct YAMLReader {
  static let maxDepth = 8
  static let maxFileBytes = 1 << 20

  private enum Event {
    case scalar(String, isPlain: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    case documentStart, documentEnd, streamEnd, other
  }

  private var events: [(event: Event, line: Int)] = []
  private var at = 0

  /// - Returns: nil for an empty file.
  /// - Throws: a failure with its line.
  static func read(_ bytes: [UInt8]) throws(YAMLFailure) -> YAMLNode? {
    guard bytes.count <= maxFileBytes else {
      throw YAMLFailure(line: 1, message: "the file is longer than \(maxFileBytes) bytes")
    }
    var reader = YAMLReader()
    reader.events = try scan(bytes)
    var node: YAMLNode?
    var documents = 0
    while reader.at < reader.events.count {
      let (event, line) = reader.events[reader.at]
      switch event {
      case .documentStart:
        documents += 1
        guard documents == 1 else { throw YAMLFailure(line: line, message: "a second document; one is wanted") }
        reader.at += 1
        node = try reader.node(depth: 0)
      default:
        reader.at += 1
      }
    }
    if case .scalar("", isPlain: true) = node?.content { return nil }
    return node
  }

  private mutating func node(depth: Int) throws(YAMLFailure) -> YAMLNode {
    guard at < events.count else { throw YAMLFailure(line: 1, message: "the file ends too early") }
    let (event, line) = events[at]
    at += 1
    guard depth < Self.maxDepth else { throw YAMLFailure(line: line, message: "nested deeper than \(Self.maxDepth)") }
    switch event {
    case .scalar(let text, let isPlain):
      return YAMLNode(line: line, content: .scalar(text, isPlain: isPlain))
    case .sequenceStart:
      var items: [YAMLNode] = []
      while at < events.count {
        if case .sequenceEnd = events[at].event { break }
        items.append(try node(depth: depth + 1))
      }
      at += 1
      return YAMLNode(line: line, content: .sequence(items))
    case .mappingStart:
      return YAMLNode(line: line, content: .mapping(try entries(depth: depth)))
    default:
      throw YAMLFailure(line: line, message: "a value is missing")
    }
  }

  private mutating func entries(depth: Int) throws(YAMLFailure) -> [YAMLEntry] {
    var entries: [YAMLEntry] = []
    while at < events.count {
      if case .mappingEnd = events[at].event { break }
      let keyNode = try node(depth: depth + 1)
      guard case .scalar(let key, _) = keyNode.content else {
        throw YAMLFailure(line: keyNode.line, message: "a key must be a word")
      }
      if let first = entries.first(where: { $0.key == key }) {
        throw YAMLFailure(line: keyNode.line, message: "\(key) stands on line \(first.line) already")
      }
      entries.append(YAMLEntry(key: key, line: keyNode.line, value: try node(depth: depth + 1)))
    }
    at += 1
    return entries
  }

  /// Every event of the stream, copied out of libyaml's memory.
  private static func scan(_ bytes: [UInt8]) throws(YAMLFailure) -> [(event: Event, line: Int)] {
    var parser = unsafe yaml_parser_t()
    guard unsafe yaml_parser_initialize(&parser) == 1 else {
      throw YAMLFailure(line: 1, message: "no memory to read it")
    }
    defer { unsafe yaml_parser_delete(&parser) }
    let result: Result<[(event: Event, line: Int)], YAMLFailure> = unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
      do throws(YAMLFailure) { return .success(try unsafe events(of: &parser)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  private static func events(of parser: inout yaml_parser_t) throws(YAMLFailure) -> [(event: Event, line: Int)] {
    var events: [(event: Event, line: Int)] = []
    while true {
      var event = unsafe yaml_event_t()
      guard unsafe yaml_parser_parse(&parser, &event) == 1 else {
        let line = unsafe Int(parser.problem_mark.line) + 1
        let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "not readable as YAML"
        throw YAMLFailure(line: line, message: problem)
      }
      defer { unsafe yaml_event_delete(&event) }
      let line = unsafe Int(event.start_mark.line) + 1
      let read = try unsafe translate(event, line: line)
      events.append((read, line))
      if case .streamEnd = read { return events }
    }
  }

  private static func translate(_ event: yaml_event_t, line: Int) throws(YAMLFailure) -> Event {
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      guard unsafe scalar.anchor == nil else { throw YAMLFailure(line: line, message: "anchors (&) are not used here") }
      guard unsafe scalar.tag == nil else { throw YAMLFailure(line: line, message: "tags (!) are not used here") }
      let text = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE
      return .scalar(unsafe String(decoding: text, as: UTF8.self), isPlain: isPlain)
    case YAML_ALIAS_EVENT:
      throw YAMLFailure(line: line, message: "aliases (*) are not used here")
    case YAML_SEQUENCE_START_EVENT: return .sequenceStart
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT: return .mappingStart
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_STREAM_END_EVENT: return .streamEnd
    default: return .other
    }
  }
}
