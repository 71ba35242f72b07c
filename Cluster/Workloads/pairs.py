#!/usr/bin/env python3
"""Marquee beside a warmed Cassandra: the same load in turns, medians of pairs, and whether the bars hold. `Tools/bench
--peers` runs it.

Both stay up all the while; one is idle while the other is measured. CPU is user and system time of all of a side's
processes (fields 14 and 15 of /proc/PID/stat) divided by operations. Cassandra's compiler needs about a million
operations of each kind before it is at its best, so it is warmed first, and ours gets the same warming.
"""
import argparse
import fcntl
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from cluster import Cluster, StepFailed, address, expect
from latte import Latte

IN_FLIGHT = 64
SCRIPT = "kv.rn"
FUNCTIONS = ("write", "read")
# Operations of each kind before anything is measured, on one node and on three.
WARMING = {1: 1_000_000, 3: 650_000}
MEASURED = {1: 200_000, 3: 60_000}
ALONE = 10_000
CONNECTIONS, CONNECTED_OPERATIONS = 1_024, 100_000
# Ours over Cassandra's.
BARS = {1: 1 / 2, 3: 1 / 5}
HEAP = {1: "2G", 3: "1G"}


class Cassandra:
    """Nodes of the peer's launcher, in a folder of their own."""

    def __init__(self, peers, directory, nodes, base, jmx):
        self.launcher = Path(peers) / "cassandra" / "peer"
        self.nodes = nodes
        self.base = base
        self.environment = {
            **os.environ, "PEER_DIR": str(directory), "PEER_HEAP": HEAP[nodes], "PEER_BASE": str(base), "PEER_JMX": str(jmx)}

    def _peer(self, *words):
        done = subprocess.run(
            [str(self.launcher), *map(str, words)], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=900)
        expect(done.returncode == 0, f"Cassandra's {words[0]} exited {done.returncode}: {done.stderr[-500:]}")
        return done.stdout

    def hosts(self):
        return [f"127.0.0.{self.base + number}" for number in range(1, self.nodes + 1)]

    def up(self):
        self._peer("up", self.nodes)

    def down(self):
        self._peer("down")

    def cpu_seconds(self):
        return sum(float(line.split()[1]) for line in self._peer("cpu").splitlines())


class Side:
    """One of the two and the load upon it."""

    def __init__(self, name, system, latte):
        self.name = name
        self.system = system
        self.latte = latte

    def cpu_us(self, function, operations):
        """Microseconds of CPU an operation over all processes."""
        before = self.system.cpu_seconds()
        told = self.latte.run(SCRIPT, function, operations, IN_FLIGHT)
        expect(told["errors"] == 0, f"{self.name}: {told['errors']} operations failed")
        return (self.system.cpu_seconds() - before) / operations * 1e6

    def p50_ms(self, function):
        return self.latte.run(SCRIPT, function, ALONE, in_flight=1)["p50_ms"]


def warm(side, operations):
    for function in FUNCTIONS:
        side.latte.run(SCRIPT, function, operations, IN_FLIGHT)
    for function in FUNCTIONS:
        side.p50_ms(function)


def paired(sides, pairs, measure):
    """Both in turns, the first of a pair by turns too: each pair's figures."""
    rounds = []
    for number in range(pairs):
        order = sides if number % 2 == 0 else sides[::-1]
        found = {side.name: measure(side) for side in order}
        rounds.append((found[sides[0].name], found[sides[1].name]))
    return rounds


def told(what, rounds, bar, unit):
    """Prints the medians and the median of the pairs' ratios; whether the bar holds."""
    ours, theirs = (statistics.median(side) for side in zip(*rounds))
    ratio = statistics.median(mine / other for mine, other in rounds)
    holds = ratio <= bar
    print(f"  {what:34} {ours:8.3g} against {theirs:8.3g} {unit}: {ratio:.3f} ({min(a / b for a, b in rounds):.3f} to "
          f"{max(a / b for a, b in rounds):.3f}), at most {bar:.2f}: {'holds' if holds else 'DOES NOT HOLD'}", flush=True)
    return {"what": what, "ours": ours, "theirs": theirs, "ratio": ratio, "bar": bar, "holds": holds, "rounds": rounds}


def compare(directory, arguments, count):
    """Both sides with `count` nodes."""
    where = "one node" if count == 1 else f"{count} nodes, QUORUM"
    consistency = "ONE" if count == 1 else "QUORUM"
    cluster = Cluster(directory / f"marquee-{count}", nodes=count)
    cassandra = Cassandra(arguments.peers, directory / f"cassandra-{count}", count, arguments.base, arguments.jmx)
    sides = [
        Side("Marquee", cluster, Latte(arguments.peers, directory, [address(n) for n in range(1, count + 1)], consistency)),
        Side("Cassandra", cassandra, Latte(arguments.peers, directory, cassandra.hosts(), consistency)),
    ]
    results = []
    try:
        cassandra.up()
        cluster.up()
        print(f"\n{where}: warming both with {WARMING[count]:,} operations of each kind", flush=True)
        for side in sides:
            side.latte.prepare(SCRIPT, count)
            warm(side, int(WARMING[count] * arguments.warming))
        print(f"{where}: medians of {arguments.pairs} pairs, Marquee against Cassandra", flush=True)
        for function in FUNCTIONS:
            rounds = paired(sides, arguments.pairs, lambda side, f=function: side.cpu_us(f, MEASURED[count]))
            results.append(told(f"{where}: point {function}, {IN_FLIGHT} in flight", rounds, BARS[count], "CPU-us/op"))
        if count == 1:
            for function in FUNCTIONS:
                rounds = paired(sides, arguments.pairs, lambda side, f=function: side.p50_ms(f))
                results.append(told(f"{where}: {function} alone, p50", rounds, 1.0, "ms"))
            results += [connected(sides[0], function) for function in FUNCTIONS]
    finally:
        cluster.down()
        cassandra.down()
    return results


def connected(side, function):
    """As many connections as the bar asks, one request in flight on each."""
    told = side.latte.run(
        SCRIPT, function, CONNECTED_OPERATIONS, in_flight=CONNECTIONS, connections=CONNECTIONS, options=["--retries", 0])
    holds = told["errors"] == 0 and told["operations"] == CONNECTED_OPERATIONS
    print(f"  {CONNECTIONS:,} connections: {function:16} {told['operations']:,} operations, {told['errors']} failed, "
          f"{told['per_second']:.0f}/s: {'holds' if holds else 'DOES NOT HOLD'}", flush=True)
    return {"what": f"{CONNECTIONS} connections, {function}", "errors": told["errors"], "holds": holds}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, help="the folder that holds latte/ and cassandra/")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--nodes", type=int, action="append", choices=(1, 3), help="clusters to compare (default: 1 and 3)")
    parser.add_argument("--warming", type=float, default=1.0, help="how much of the warming is done (default 1: all)")
    parser.add_argument("--base", type=int, default=100, help="Cassandra's node N is 127.0.0.(BASE+N)")
    parser.add_argument("--jmx", type=int, default=7100, help="its JMX port is JMX+N")
    parser.add_argument("--lock", default="/tmp/cassandra.lock", help="held meanwhile: one Cassandra at a time")
    parser.add_argument("--output", help="a JSON file for the figures")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="marquee-pairs-"))
    results, status = [], 1
    try:
        with open(arguments.lock, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for count in arguments.nodes or [1, 3]:
                results += compare(directory, arguments, count)
        missed = [result["what"] for result in results if not result["holds"]]
        print("\nevery bar holds" if not missed else f"\nnot held: {'; '.join(missed)}", flush=True)
        status = 1 if missed else 0
    except StepFailed as failure:
        print(f"bench: {failure}", file=sys.stderr)
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(results, indent=1) + "\n")
    shutil.rmtree(directory, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
