"""What Tools/fuzz/run builds: a decoder each, out of targets/NAME.swift; the rooms that it and `files` import come along.

    files     compiled beside the target, in one module: where a room is not needed whole, or a decoder is internal to it
    options   for libFuzzer
    decoders  files whose lines the corpus must reach
    elsewhere functions of those files that decode nothing, by a part of their first line
    trap      planted by --trap in a copy of the sources: behind the one line of `file` that holds `after` the code traps
              where all `conditions` hold, and the fuzzer must find it
"""

TARGETS = {
    "frames": {
        "about": "the native protocol: requests, answers, events",
        "options": [
            "-dict=frames.dict",
        ],
        "decoders": [
            "Sources/Frames/FrameHeader.swift",
            "Sources/Frames/Request+Decode.swift",
            "Sources/Frames/Notations.swift",
            "Sources/Frames/ErrorMessage.swift",
            "Sources/Frames/ServerEvent.swift",
            "Sources/Frames/Response.swift",
            "Sources/Frames/TypeOption.swift",
        ],
        "elsewhere": [
            "public var name: String {",
            "public init(address:",
            "public init(change:",
            "private func downgraded(",
            "var className: String {",
        ],
        "trap": {
            "file": "Sources/Frames/Request+Decode.swift",
            "after": "let timestamp = try int64()",
            "conditions": ["timestamp & 0xF == 0xF", "timestamp & 0xFF == 0xAF"],
        },
    },
    "segments": {
        "about": "segments of protocol v5, plain and with LZ4",
        "decoders": [
            "Sources/Frames/Segments.swift",
            "Sources/Codec/CRC24.swift",
        ],
        "trap": {
            "file": "Sources/Frames/Segments.swift",
            "after": "let payload = segment.extracting(headBytes..<(headBytes + header.payloadBytes))",
            "conditions": ["isCompressed", "header.payloadBytes == 0x1E", "header.uncompressedBytes & 0xF == 0xA"],
        },
    },
    "compression": {
        "about": "compressed bodies of protocol v3 and v4: LZ4, Snappy",
        "decoders": [
            "Sources/Frames/FrameCompression.swift",
            "Sources/Codec/LZ4.swift",
            "Sources/Codec/Snappy.swift",
        ],
        "trap": {
            "file": "Sources/Frames/FrameCompression.swift",
            "after": "guard byteCount >= 0, byteCount <= maxBytes else { throw .badLength(byteCount) }",
            "conditions": ["byteCount & 0xF == 0xF", "byteCount & 0xFF == 0xAF"],
        },
    },
    "messages": {
        "about": "what nodes say to one another: the hello and every verb's payload",
        "decoders": [
            "Sources/Messages/Message.swift",
            "Sources/Messages/Hello.swift",
            "Sources/Messages/Payloads.swift",
            "Sources/Messages/ForwardedWrite.swift",
            "Sources/Gossip/NodeState.swift",
            "Sources/Data/ReadCommand.swift",
            "Sources/Data/Entry.swift",
        ],
        "elsewhere": [
            "public init(_ code: Code",
            "public init(text: String",
            "public init(hostID: UUID, failure",
            "public init(partitions:",
            "public init(table: UUID, incarnation: UInt32, partition",
            "public init(key: PartitionKey",
            "public static func precedes(",
            "public func contains(",
        ],
        "trap": {
            "file": "Sources/Messages/Message.swift",
            "after": "requestID = try reader.uint64()",
            "conditions": ["requestID & 0xFF == 0xAF", "requestID >> 60 == 0xE"],
        },
    },
    "stored": {
        "about": "what lies on disk: keys, rows, deletions, the schema, the node's record",
        "files": [
            "Sources/Storage/StorageKey.swift",
            "Sources/Storage/StorageFailure.swift",
        ],
        "decoders": [
            "Sources/Data/EntryCodec.swift",
            "Sources/Storage/StorageKey.swift",
            "Sources/Data/Schema+Codec.swift",
            "Sources/Metadata/NodeRecord.swift",
            "Sources/Data/CQLType.swift",
        ],
        "trap": {
            "file": "Sources/Storage/StorageKey.swift",
            "after": "let byte = key[at]",
            "conditions": ["bytes.count == 2", "bytes[0] & 0xF == 0xE", "byte & 0xF == 0xF"],
        },
    },
    "hints": {
        "about": "what waits on disk for other nodes: hints, logged batches",
        "files": [
            "Sources/Replica/HintRecord.swift",
            "Sources/Replica/BatchRecord.swift",
            "Sources/Replica/PackedBytes.swift",
        ],
        "decoders": [
            "Sources/Replica/HintRecord.swift",
            "Sources/Replica/BatchRecord.swift",
            "Sources/Replica/PackedBytes.swift",
            "Sources/Data/LoggedBatch.swift",
            "Sources/Codec/Zstd.swift",
        ],
        "trap": {
            "file": "Sources/Replica/HintRecord.swift",
            "after": "mutations.reserveCapacity(min(count, reader.remaining))",
            "conditions": ["count == 3", "reader.remaining & 0xF == 0xE", "reader.remaining < 32"],
        },
    },
    "paging": {
        "about": "the paging state that a client hands back",
        "files": [
            "Sources/Query/PagingState.swift",
        ],
        "decoders": [
            "Sources/Query/PagingState.swift",
        ],
        "trap": {
            "file": "Sources/Query/PagingState.swift",
            "after": "if flags & 1 != 0 { cursor.clustering =",
            "conditions": ["flags == 0xF", "(cursor.clustering?.first ?? 0) & 0xF == 0xE"],
        },
    },
    "http": {
        "about": "HTTP/1.1: request lines, headers, bodies, chunks, trailers",
        "decoders": [
            "Sources/HTTP/RequestParser.swift",
            "Sources/HTTP/HeadParser.swift",
            "Sources/HTTP/RequestHead.swift",
            "Sources/HTTP/Target.swift",
        ],
        "trap": {
            "file": "Sources/HTTP/RequestParser.swift",
            "after": "guard remaining <= maxBodyBytes, bodyBytes <= maxBodyBytes - remaining else",
            "conditions": ["remaining & 0xF == 0x7", "remaining & 0x1F0 == 0x1A0"],
        },
    },
    "yaml": {
        "about": "the configuration file",
        "files": [
            "Sources/marquee/YAML.swift",
        ],
        "decoders": [
            "Sources/marquee/YAML.swift",
        ],
        "trap": {
            "file": "Sources/marquee/YAML.swift",
            "after": "let text = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)",
            "conditions": ["text.count == 4", "unsafe text[0] & 0xF == 0x4", "unsafe text[3] & 0xF == 0"],
        },
    },
    "cql": {
        "about": "CQL's text, and the values bound to a statement",
        "options": [
            "-dict=cql.dict",
        ],
        "decoders": [
            "Sources/CQL/Lexer.swift",
            "Sources/CQL/Parser.swift",
            "Sources/CQL/Parser+Statements.swift",
            "Sources/CQL/Parser+Names.swift",
            "Sources/CQL/Parser+Terms.swift",
            "Sources/CQL/Parser+Select.swift",
            "Sources/CQL/Parser+Modification.swift",
            "Sources/CQL/Parser+Schema.swift",
        ],
        "trap": {
            "file": "Sources/CQL/Lexer.swift",
            "after": "guard let end, end == text.count ||",
            "conditions": ['text[end - 1] == UInt8(ascii: "w")', "end & 1 == 1"],
        },
    },
}
