"""latte, a load generator on the Rust driver of today: it makes tables, writes and reads, and a node dies under it."""
import json
import os
import subprocess
import time
from pathlib import Path

import harness
from bench import Latte
from cluster import address, cqlsh, expect, wait_until
from test_clients import NODES, addresses

# The folder of the peers; set by the runner.
PEERS = Path()

ROWS = 20_000
ROUNDS = 3
RUN_SECONDS = 9
SECONDS_BEFORE_THE_KILL = 4
MAX_P99_MILLISECONDS = 100
CONNECTIONS = 1024


def prepared(directory, script, *parameters):
    latte = Latte(PEERS, directory, addresses(), "QUORUM")
    words = [word for pair in parameters for word in ("-P", pair)]
    latte._run("schema", latte.folder / script, "-P", f"rf={NODES}")
    latte._run("load", latte.folder / script, *words, "-q")
    return latte


def report_of(file):
    report = json.loads(file.read_text())
    return report["percentiles"].index(99.0), report["result"]


def test_latte_writes_and_reads(directory):
    with harness.running_cluster(directory, NODES):
        for script, parameters in (("kv.rn", ["rows=5000"]), ("history.rn", ["profiles=50", "depth=100"])):
            latte = prepared(directory, script, *parameters)
            for function in ("write", "read"):
                words = [word for pair in parameters for word in ("-P", pair)]
                file = directory / f"{script}-{function}.json"
                latte._run(
                    "run", latte.folder / script, *words, "-f", function, "-d", 5000, "-w", 0, "-p", 64, "--consistency", "QUORUM",
                    "-q", "-o", file,
                )
                _, result = report_of(file)
                expect(result["error_count"] == 0 and result["cycle_count"] == 5000, f"{script} {function}: {result['error_count']} errors")
                if function == "read":
                    # 50 rows a read: a page of a profile's history.
                    wanted = 5000 if script == "kv.rn" else 5000 * 50
                    expect(result["row_count"] == wanted, f"{script} read {result['row_count']} rows, not {wanted}")
        expect("CREATE TABLE latte.kv" in cqlsh(2, "-e", "DESCRIBE latte.kv"), "latte's table is not described")


def test_a_node_killed_under_latte_fails_nothing_and_holds_up_nobody(directory):
    """Each node in turn, at QUORUM: no operation fails, and the 99th percentile stays below 100 ms in the second of the
    kill, in the next one, and to the end. What was in flight to the dead node waits latte's own 100 ms before it is sent
    again: those requests are far less than one in a hundred."""
    with harness.running_cluster(directory, NODES) as cluster:
        latte = prepared(directory, "kv.rn", f"rows={ROWS}")
        for number in range(ROUNDS):
            victim = number % NODES + 1
            file = directory / f"kill-{number}.json"
            process = subprocess.Popen(
                [str(latte.folder / "latte"), "run", str(latte.folder / "kv.rn"), "-P", f"rows={ROWS}", "-f", "read:0.5", "-f",
                 "write:0.5", "-d", f"{RUN_SECONDS}s", "-w", "1s", "-p", "64", "-c", "1", "-t", "1", "--consistency", "QUORUM",
                 "--retry-on-all-errors", "-s", "1s", "-q", "-o", str(file), *addresses()],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=latte.environment,
                cwd=directory,
            )
            # The load runs by the clock, so the kill does too.
            time.sleep(SECONDS_BEFORE_THE_KILL)
            cluster.kill(victim)
            text = process.communicate(timeout=120)[0]
            expect(process.returncode == 0, f"latte exited {process.returncode}: {text[-800:]}")
            judge(file, victim)
            cluster.start(victim)
            cluster.wait_for_views(range(1, NODES + 1), range(1, NODES + 1))


def judge(file, victim):
    at, result = report_of(file)
    samples = [
        (sample["cycle_latency"]["percentiles"][at]["value"], sample["cycle_count"], sample["req_retry_count"])
        for sample in result["log"]
    ]
    retried = [number for number, (_, _, retries) in enumerate(samples) if retries]
    print(
        f"        node {victim} killed: {result['cycle_count']} operations, {result['error_count']} failed, "
        f"{result['request_retry_count']} sent again; p99 by second, ms: " + " ".join(f"{p99:.1f}" for p99, _, _ in samples), flush=True,
    )
    expect(retried, "no request was sent again: the node did not die under load")
    expect(result["error_count"] == 0, f"{result['error_count']} operations failed: {result['errors']}")
    worst = max(p99 for p99, _, _ in samples[retried[0]:])
    expect(worst < MAX_P99_MILLISECONDS, f"after the kill p99 was {worst:.1f} ms in a second")


def test_1024_connections_at_once(directory):
    """All to one node, which is 1,024 and the driver's own for events; then through all three."""
    with harness.running_cluster(directory, NODES) as cluster:
        latte = prepared(directory, "kv.rn", f"rows={ROWS}")
        for hosts, connections in ([address(1)], CONNECTIONS), (addresses(), CONNECTIONS):
            file = directory / "connections.json"
            latte.hosts = hosts
            latte._run(
                "run", latte.folder / "kv.rn", "-P", f"rows={ROWS}", "-f", "read:0.5", "-f", "write:0.5", "-d", 30_000, "-w", 0,
                "-p", CONNECTIONS, "-c", connections, "-t", 1, "--consistency", "QUORUM", "--retries", 0, "-q", "-o", file,
            )
            _, result = report_of(file)
            expect(result["error_count"] == 0, f"{result['error_count']} operations failed: {result['errors']}")
        refused = [cluster.metrics(node).get("marquee_cql_connections_refused_total", 0) for node in range(1, NODES + 1)]
        expect(not any(refused), f"nodes refused connections: {refused}")
