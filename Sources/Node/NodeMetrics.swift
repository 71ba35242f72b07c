// What a node did, in Prometheus' text format (version 0.0.4): counters since its start, gauges of now. Labels are of a
// fixed set: opcodes, operations, error codes; never data.

import Base
import Encoding
import Frames
import Server
import Storage

/// Loop-bound; reads the parts' counters when it is asked.
struct NodeMetrics {
  unowned let node: Node
  let encoding: EncodingService
  let web: HTTPListener

  var text: String {
    var lines = MetricLines()
    requests(&lines)
    storage(&lines)
    cluster(&lines)
    services(&lines)
    return lines.text
  }

  private func requests(_ lines: inout MetricLines) {
    let cql = node.cql.counters
    lines.gauge("cql_connections", "Open CQL connections.", cql.connectionsNow)
    lines.gauge("cql_requests_in_flight", "CQL requests under way.", cql.inFlightNow)
    lines.counter("cql_connections_accepted_total", "CQL connections accepted.", cql.connectionsAccepted)
    lines.counter("cql_connections_refused_total", "CQL connections over the limit.", cql.connectionsRefused)
    lines.counter(
      "cql_authentication_failures_total", "Wrong passwords and unreadable credentials.", cql.authenticationFailures)
    lines.counter("cql_corrupt_segments_total", "Segments of v5 that were damaged.", cql.corruptSegments)
    lines.counter("cql_overloaded_total", "Requests refused as overloaded.", cql.overloaded)
    lines.family("cql_requests_total", "counter", "Requests by opcode.")
    for opcode in Opcode.allCases where opcode.isRequest {
      lines.sample("cql_requests_total", labels: ["opcode": opcode.name], "\(cql.requests(opcode))")
    }
    lines.family("cql_errors_total", "counter", "Errors by code.")
    for (code, count) in cql.errors {
      let hex = String(code, radix: 16)
      let padded = "0x" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
      lines.sample("cql_errors_total", labels: ["code": padded], "\(count)")
    }
    lines.summary("cql_latency_microseconds", "From a request's bytes to its answer's.", cql.latency)
    let coordinator = node.coordinator.counters
    lines.counter("coordinator_writes_total", "Writes coordinated.", coordinator.writes)
    lines.counter("coordinator_reads_total", "Reads coordinated.", coordinator.reads)
    lines.counter("coordinator_failures_total", "Requests that failed.", coordinator.failures)
    lines.counter("coordinator_read_repairs_total", "Replicas repaired by a read.", coordinator.repairs)
    lines.counter("coordinator_hints_total", "Replicas that a write missed and has a hint for.", coordinator.hints)
    lines.counter(
      "coordinator_digest_mismatches_total", "Reads whose replicas' digests differed.", coordinator.digestMismatches)
    lines.counter(
      "coordinator_speculative_reads_total", "Replicas asked since others were slow.", coordinator.speculations)
    lines.counter(
      "coordinator_short_reads_total", "Reads that end where a limit cut off a replica's answer.",
      coordinator.shortReads)
    lines.gauge("coordinator_in_flight", "Requests that wait for replicas.", node.coordinator.inFlight)
  }

  private func storage(_ lines: inout MetricLines) {
    let store = node.store.metrics()
    lines.counter("storage_mutations_total", "Mutations applied.", store.mutations)
    lines.counter("storage_reads_total", "Reads.", store.reads)
    lines.counter("storage_cached_reads_total", "Reads answered by the cache of merged rows.", store.cachedReads)
    lines.counter("storage_folds_total", "Rows whose versions were folded.", store.folds)
    lines.counter("storage_commits_total", "Batches committed.", store.commits)
    lines.counter("storage_committed_bytes_total", "Bytes committed.", store.committedBytes)
    lines.counter("storage_deferred_commits_total", "Commits put off for compaction.", store.deferredCommits)
    lines.counter("storage_failed_commits_total", "Commits that failed.", store.failedCommits)
    lines.counter("storage_corruptions_total", "Corrupt data met.", store.corruptions)
    lines.counter("leveldb_writes_total", "Calls of Write.", store.databaseWrites)
    lines.counter("leveldb_gets_total", "Calls of Get.", store.databaseGets)
    lines.counter("leveldb_seeks_total", "Iterators' seeks.", store.databaseSeeks)
    lines.counter("leveldb_steps_total", "Iterators' steps.", store.databaseSteps)
    lines.counter("leveldb_log_syncs_total", "Syncs of the log.", store.logSyncs)
    lines.counter("leveldb_slowdowns_total", "Writes that LevelDB slowed down.", store.slowdowns)
    let shape = node.store.shape()
    lines.family("leveldb_files", "gauge", "Table files by level.")
    for (level, count) in shape.filesAtLevel.enumerated() {
      lines.sample("leveldb_files", labels: ["level": "\(level)"], "\(count)")
    }
    lines.gauge("leveldb_memory_bytes", "Block cache and memtables.", Int(clamping: shape.memoryBytes))
    lines.gauge("storage_free_bytes", "Free space on the disk.", Int(clamping: shape.freeBytes))
  }

  private func cluster(_ lines: inout MetricLines) {
    let metadata = node.metadata
    lines.gauge("cluster_members", "Members known.", metadata.snapshot.members.count)
    lines.gauge(
      "cluster_members_up", "Members that answer.",
      metadata.snapshot.members.count { metadata.isAlive($0.hostID) })
    lines.gauge("schema_epoch", "The schema's epoch.", Int(metadata.snapshot.schema.epoch))
    lines.gauge("hints_waiting", "Hints on disk.", node.hints.count())
    lines.counter("hints_kept_total", "Hints kept.", node.hints.counters.kept)
    lines.counter("hints_handed_over_total", "Hints handed over.", node.hints.counters.handedOver)
    lines.counter("hints_dropped_total", "Hints over the limit or too old.", node.hints.counters.dropped)
    lines.gauge("hints_bytes", "Hints on disk, bytes.", node.hints.bytes)
    lines.counter("hints_raw_bytes_total", "Hints kept, bytes before packing.", node.hints.counters.rawBytes)
    lines.counter("hints_stored_bytes_total", "Hints kept, bytes on disk.", node.hints.counters.storedBytes)
    let batchlog = node.batchlog.counters
    lines.gauge("batchlog_waiting", "Batches held for coordinators.", node.batchlog.count)
    lines.gauge("batchlog_bytes", "Batches held, bytes on disk.", node.batchlog.bytes)
    lines.counter("batchlog_stored_total", "Batches taken.", batchlog.stored)
    lines.counter("batchlog_replayed_total", "Batches finished for coordinators that did not.", batchlog.replayed)
    lines.counter("batchlog_refused_total", "Batches over a bound.", batchlog.refused)
    lines.counter("coordinator_batches_total", "Logged batches coordinated.", node.coordinator.counters.batches)
    let peers = node.pool.counters
    lines.gauge("peer_connections", "Connections to peers that stand.", node.pool.connectedCount)
    lines.gauge("peer_queued_bytes", "Bytes waiting to be sent to peers.", node.pool.queuedBytes)
    lines.counter("peer_requests_total", "Requests sent to peers.", peers.requestsSent)
    lines.counter("peer_requests_failed_total", "Requests to peers that failed.", peers.requestsFailed)
    lines.counter("peer_forwards_total", "Writes sent once to another datacenter.", peers.forwardsSent)
    lines.counter(
      "peer_forwards_served_total", "Writes of another datacenter passed on here.", node.peers.counters.forwardsServed)
    lines.counter("peer_connections_lost_total", "Connections to peers lost.", peers.connectionsLost)
  }

  private func services(_ lines: inout MetricLines) {
    lines.gauge("http_connections", "Open HTTP connections.", web.openConnections)
    lines.counter("http_connections_accepted_total", "HTTP connections accepted.", web.counters.accepted)
    lines.counter("http_connections_refused_total", "HTTP connections over the limit.", web.counters.refused)
    lines.family("http_requests_total", "counter", "Requests by operation and status.")
    let byRoute = web.service.counters.byRoute.sorted {
      ($0.key.operation, $0.key.status) < ($1.key.operation, $1.key.status)
    }
    for (key, count) in byRoute {
      lines.sample("http_requests_total", labels: ["operation": key.operation, "status": "\(key.status)"], "\(count)")
    }
    lines.gauge("encoding_attempts", "Encodes under way here.", encoding.runningAttempts)
  }
}

/// Lines of the format, every name with the product's before it.
struct MetricLines {
  private(set) var text = ""

  mutating func family(_ name: String, _ type: String, _ help: String) {
    text += "# HELP marquee_\(name) \(help)\n# TYPE marquee_\(name) \(type)\n"
  }

  mutating func sample(_ name: String, labels: KeyValuePairs<String, String> = [:], _ value: String) {
    let inner = labels.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
    text += "marquee_\(name)\(inner.isEmpty ? "" : "{\(inner)}") \(value)\n"
  }

  mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
    family(name, "counter", help)
    sample(name, "\(value)")
  }

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    family(name, "gauge", help)
    sample(name, "\(value)")
  }

  mutating func summary(_ name: String, _ help: String, _ histogram: Histogram) {
    family(name, "summary", help)
    for share in [0.5, 0.9, 0.99, 0.999] {
      sample(name, labels: ["quantile": "\(share)"], "\(histogram.quantile(share))")
    }
    sample("\(name)_sum", "\(histogram.sumMicroseconds)")
    sample("\(name)_count", "\(histogram.total)")
  }
}
