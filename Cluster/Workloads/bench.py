#!/usr/bin/env python3
"""What an operation costs, under latte's load: CPU over all node processes, and, free of noise, system calls,
instructions, allocations and LevelDB calls. `Tools/bench --peers` runs it.

CPU is user and system time of the nodes (fields 14 and 15 of /proc/PID/stat) divided by operations, the median of
several rounds: it holds up on a busy machine, a throughput hardly does.
"""
import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from cluster import MARQUEE, Cluster, StepFailed, address, expect, request, wait_until

IN_FLIGHT = 64
KEYS = 100_000
PROFILES, DEPTH = 2_000, 100
COUNTED_OPERATIONS = 20_000
CALLGRIND_OPERATIONS = 3_000
WORKLOADS = [("kv.rn", "write", {}), ("kv.rn", "read", {}), ("history.rn", "write", {}), ("history.rn", "read", {})]


class Latte:
    def __init__(self, peers, directory, hosts, consistency):
        self.folder = Path(peers) / "latte"
        self.directory = Path(directory)
        self.hosts = hosts
        self.consistency = consistency
        self.environment = {**os.environ, "LATTE_LOG_DIR": str(directory)}

    def _run(self, *words, seconds=600):
        done = subprocess.run(
            [str(self.folder / "latte"), *map(str, words), *self.hosts], capture_output=True, text=True,
            timeout=seconds, env=self.environment, stdin=subprocess.DEVNULL, cwd=self.directory,
        )
        expect(done.returncode == 0, f"latte {' '.join(map(str, words))} exited {done.returncode}: {done.stderr[-600:]}{done.stdout[-600:]}")
        return done.stdout

    def parameters(self, script):
        pairs = [f"rows={KEYS}"] if script == "kv.rn" else [f"profiles={PROFILES}", f"depth={DEPTH}"]
        return [word for pair in pairs for word in ("-P", pair)]

    def prepare(self, script, replicas):
        self._run("schema", self.folder / script, "-P", f"rf={replicas}")
        self._run("load", self.folder / script, *self.parameters(script), "-q")

    def run(self, script, function, operations, in_flight=IN_FLIGHT):
        """Operations a second."""
        text = self._run(
            "run", self.folder / script, *self.parameters(script), "-f", function, "-d", operations, "-w", 0,
            "-p", in_flight, "-c", 1, "-t", 1, "--consistency", self.consistency, "-q",
        )
        found = re.search(r"Throughput[^\d]*([\d.]+)", text)
        return float(found.group(1)) if found else 0.0


LEVELDB_CALLS = {f"marquee_leveldb_{call}_total" for call in ("writes", "gets", "seeks", "steps")}


def leveldb_calls(cluster, nodes):
    """LevelDB calls (writes, gets, seeks, steps) so far, over nodes."""
    return sum(value for node in nodes for name, value in cluster.metrics(node).items() if name in LEVELDB_CALLS)


def cpu_figures(cluster, latte, nodes, arguments):
    """{workload: figures}, each the median of the rounds."""
    figures = {}
    for script, function, _ in WORKLOADS:
        if function == "write":
            latte.prepare(script, 1 if len(nodes) == 1 else 3)
        rounds, rates, calls = [], [], 0.0
        for number in range(arguments.rounds + 1):
            before, calls_before = cluster.cpu_seconds(nodes), leveldb_calls(cluster, nodes)
            rates.append(latte.run(script, function, arguments.operations))
            used = (cluster.cpu_seconds(nodes) - before) / arguments.operations * 1e6
            calls = (leveldb_calls(cluster, nodes) - calls_before) / arguments.operations
            if number > 0:  # the first round warms up
                rounds.append(used)
        name = f"{script.removesuffix('.rn')} {function}"
        figures[name] = {
            "cpu_us": statistics.median(rounds), "least": min(rounds), "most": max(rounds),
            "per_second": statistics.median(rates[1:]), "leveldb_calls": calls,
        }
        print(
            f"  {len(nodes)} node{'s' if len(nodes) > 1 else ' '}  {name:14} {figures[name]['cpu_us']:7.1f} CPU-us/op "
            f"({min(rounds):.1f} to {max(rounds):.1f})  {figures[name]['per_second']:8.0f}/s  {calls:.2f} LevelDB calls/op",
            flush=True,
        )
    return figures


def system_calls(cluster, latte, nodes):
    """System calls an operation by name, as strace counts them on all nodes."""
    if shutil.which("strace") is None:
        print("  strace is not here: no counts of system calls", flush=True)
        return {}
    figures = {}
    for script, function, _ in WORKLOADS:
        tracers = []
        for node in nodes:
            out = latte.directory / f"strace-{node}"
            tracers.append((subprocess.Popen(
                ["strace", "-c", "-f", "-U", "name,calls", "-o", str(out), "-p", str(cluster.pid(node))],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), out))
        try:
            for node in nodes:
                wait_until(lambda node=node: traced(cluster.pid(node)), 10, f"strace holds node {node}")
            latte.run(script, function, COUNTED_OPERATIONS)
        finally:
            for tracer, _ in tracers:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(30)
        counts = {}
        for _, out in tracers:
            for line in out.read_text().splitlines():
                words = line.split()
                if len(words) == 2 and words[1].isdigit() and words[0] != "total":
                    counts[words[0]] = counts.get(words[0], 0) + int(words[1])
        name = f"{script.removesuffix('.rn')} {function}"
        figures[name] = {call: count / COUNTED_OPERATIONS for call, count in counts.items()}
        total = sum(figures[name].values())
        top = sorted(figures[name].items(), key=lambda pair: -pair[1])[:6]
        print(f"  {len(nodes)} nodes  {name:14} {total:6.2f} system calls/op: " + ", ".join(f"{c} {v:.2f}" for c, v in top), flush=True)
    return figures


def traced(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return re.search(r"TracerPid:\s+[1-9]", status) is not None


def instructions(directory, peers):
    """Instructions and allocations an operation of one node, under callgrind."""
    if shutil.which("valgrind") is None:
        print("  valgrind is not here: no instruction counts", flush=True)
        return {}
    cluster = Cluster(Path(directory) / "callgrind", nodes=1)
    cluster.up()
    latte = Latte(peers, directory, [address(1)], "ONE")
    for script in ("kv.rn", "history.rn"):
        latte.prepare(script, 1)
    cluster.stop(1)
    out = Path(directory) / "callgrind.out"
    # valgrind gives up over the debug information that Swift writes, so it is given a copy without.
    binary = Path(directory) / "marquee-stripped"
    subprocess.run(["strip", "--strip-debug", "-o", str(binary), str(MARQUEE)], check=True)
    log = open(Path(directory) / "callgrind.log", "w")
    node = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", str(binary), "serve",
         "--config", str(cluster.directory / "node-1" / "marquee.yaml")],
        stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    figures = {}
    try:
        def healthy():
            try:
                return request("GET", f"http://{address(1)}:10000/health", seconds=2)[0] == 200
            except OSError:
                return False

        wait_until(healthy, 120, "the node answers under valgrind")
        dumps = 0
        for script, function, _ in WORKLOADS:
            counted = []
            latte.run(script, function, CALLGRIND_OPERATIONS, in_flight=16)  # a first run fills caches and compacts
            for operations in (CALLGRIND_OPERATIONS, 3 * CALLGRIND_OPERATIONS):
                control(node.pid, "-i", "on")
                latte.run(script, function, operations, in_flight=16)
                control(node.pid, "-i", "off")
                control(node.pid, "-d")
                dumps += 1
                counted.append(read_callgrind(wait_until(lambda i=dumps: dump(out, i), 60, "callgrind's dump")))
            # The difference of two runs, so that connecting and preparing do not count.
            (few, few_allocations), (many, many_allocations) = counted
            name = f"{script.removesuffix('.rn')} {function}"
            figures[name] = {
                "instructions": (many - few) / (2 * CALLGRIND_OPERATIONS),
                "allocations": (many_allocations - few_allocations) / (2 * CALLGRIND_OPERATIONS),
            }
            print(
                f"  1 node   {name:14} {figures[name]['instructions']:9.0f} instructions/op, "
                f"{figures[name]['allocations']:.1f} allocations/op", flush=True)
    finally:
        node.terminate()
        try:
            node.wait(60)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()
        log.close()
    return figures


def control(pid, *words):
    done = subprocess.run(["callgrind_control", *words, str(pid)], capture_output=True, text=True, timeout=120)
    expect(done.returncode == 0, f"callgrind_control {' '.join(words)}: {done.stderr or done.stdout}")


def dump(out, index):
    path = out.with_name(f"{out.name}.{index}")
    return path if path.exists() and "totals:" in path.read_text(errors="replace") else None


def read_callgrind(path):
    """Total instructions, and calls of malloc, calloc and realloc, of one dump (format: valgrind manual, cl-format)."""
    names, total, allocations, called = {}, 0, 0, None
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("totals:"):
            total = int(line.split()[1])
        elif line.startswith(("cfn=", "fn=")):
            found = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line)
            if found.group(2):
                names[found.group(1)] = found.group(2)
            if line.startswith("cfn="):
                called = names.get(found.group(1), "")
        elif line.startswith("calls=") and called is not None:
            if called.split("'")[0] in ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"):
                allocations += int(line[len("calls="):].split()[0])
            called = None
    return total, allocations


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, help="the folder that holds latte/")
    parser.add_argument("--operations", type=int, default=200_000, help="a round's operations")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, action="append", help="clusters to measure (default: 1 and 3)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--only-cpu", action="store_true", help="leave out the counts, which take minutes")
    only.add_argument("--only-counts", action="store_true", help="leave out CPU, which wants a quiet machine")
    parser.add_argument("--output", help="a JSON file for the figures")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="marquee-bench-"))
    figures, status = {}, 1
    try:
        for count in arguments.nodes or [1, 3]:
            cluster = Cluster(directory / f"cluster-{count}", nodes=count)
            nodes = list(range(1, count + 1))
            latte = Latte(arguments.peers, directory, [address(n) for n in nodes], "ONE" if count == 1 else "QUORUM")
            print(f"\n{count} node{'s, QUORUM' if count > 1 else ''}, {IN_FLIGHT} in flight, medians of {arguments.rounds} rounds of {arguments.operations:,}", flush=True)
            try:
                cluster.up()
                cluster.wait_for_views(nodes, up=nodes)
                if arguments.only_counts:
                    for script in ("kv.rn", "history.rn"):
                        latte.prepare(script, 1 if count == 1 else 3)
                else:
                    figures[f"cpu_{count}"] = cpu_figures(cluster, latte, nodes, arguments)
                if not arguments.only_cpu:
                    figures[f"system_calls_{count}"] = system_calls(cluster, latte, nodes)
            finally:
                cluster.down()
        if not arguments.only_cpu:
            print("\none node under callgrind", flush=True)
            figures["instructions"] = instructions(directory, arguments.peers)
        status = 0
    except StepFailed as failure:
        print(f"bench: {failure}", file=sys.stderr)
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(figures, indent=1) + "\n")
    shutil.rmtree(directory, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
