#!/usr/bin/env python3
"""What an operation of Marquee costs: CPU over all node processes under latte's load, LevelDB calls, and, free of noise,
system calls, instructions and allocations. `Tools/bench --peers --alone` runs it.

CPU is user and system time of the nodes (fields 14 and 15 of /proc/PID/stat) divided by operations, the median of
several rounds: it holds up on a busy machine, a throughput hardly does.
"""
import argparse
import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import counts
from cluster import Cluster, StepFailed, address, wait_until
from latte import Latte

IN_FLIGHT = 64
COUNTED_OPERATIONS = 20_000
WORKLOADS = [("kv.rn", "write"), ("kv.rn", "read"), ("history.rn", "write"), ("history.rn", "read")]
LEVELDB_CALLS = {f"marquee_leveldb_{call}_total" for call in ("writes", "gets", "seeks", "steps")}


def leveldb_calls(cluster, nodes):
    """LevelDB calls (writes, gets, seeks, steps) so far, over nodes."""
    return sum(value for node in nodes for name, value in cluster.metrics(node).items() if name in LEVELDB_CALLS)


def cpu_figures(cluster, latte, nodes, arguments):
    """{workload: figures}, each the median of the rounds."""
    figures = {}
    for script, function in WORKLOADS:
        if function == "write":
            latte.prepare(script, 1 if len(nodes) == 1 else 3)
        rounds, rates, calls = [], [], 0.0
        for number in range(arguments.rounds + 1):
            before, calls_before = cluster.cpu_seconds(nodes), leveldb_calls(cluster, nodes)
            rates.append(latte.run(script, function, arguments.operations, IN_FLIGHT)["per_second"])
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
    for script, function in WORKLOADS:
        tracers = []
        for node in nodes:
            out = latte.directory / f"strace-{node}"
            tracers.append((subprocess.Popen(
                ["strace", "-c", "-f", "-U", "name,calls", "-o", str(out), "-p", str(cluster.pid(node))],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), out))
        try:
            for node in nodes:
                wait_until(lambda node=node: traced(cluster.pid(node)), 10, f"strace holds node {node}")
            latte.run(script, function, COUNTED_OPERATIONS, IN_FLIGHT)
        finally:
            for tracer, _ in tracers:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(30)
        calls = {}
        for _, out in tracers:
            for line in out.read_text().splitlines():
                words = line.split()
                if len(words) == 2 and words[1].isdigit() and words[0] != "total":
                    calls[words[0]] = calls.get(words[0], 0) + int(words[1])
        name = f"{script.removesuffix('.rn')} {function}"
        figures[name] = {call: count / COUNTED_OPERATIONS for call, count in calls.items()}
        total = sum(figures[name].values())
        top = sorted(figures[name].items(), key=lambda pair: -pair[1])[:6]
        print(f"  {len(nodes)} nodes  {name:14} {total:6.2f} system calls/op: " + ", ".join(f"{c} {v:.2f}" for c, v in top), flush=True)
    return figures


def traced(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return re.search(r"TracerPid:\s+[1-9]", status) is not None


def measure(directory, arguments):
    figures = {}
    for count in arguments.nodes or [1, 3]:
        nodes = list(range(1, count + 1))
        if not arguments.only_instructions:
            cluster = Cluster(directory / f"cluster-{count}", nodes=count)
            latte = Latte(arguments.peers, directory, [address(n) for n in nodes], "ONE" if count == 1 else "QUORUM")
            print(f"\n{count} node{'s, QUORUM' if count > 1 else ''}, {IN_FLIGHT} in flight, medians of {arguments.rounds} rounds of {arguments.operations:,}", flush=True)
            try:
                cluster.up()
                cluster.wait_for_views(nodes, up=nodes)
                figures[f"cpu_{count}"] = cpu_figures(cluster, latte, nodes, arguments)
                if not arguments.only_cpu:
                    figures[f"system_calls_{count}"] = system_calls(cluster, latte, nodes)
            finally:
                cluster.down()
        if not arguments.only_cpu:
            print(f"\n{count} node{'s, QUORUM: the one that coordinates' if count > 1 else ''}, under callgrind", flush=True)
            figures[f"instructions_{count}"] = counts.instructions(directory, count)
    return figures


def compare(figures, baseline):
    """Prints instructions beside an earlier run's; the largest rise in percent."""
    worst = 0.0
    for part, workloads in figures.items():
        if not part.startswith("instructions"):
            continue
        for name, now in workloads.items():
            before = baseline.get(part, {}).get(name)
            if before:
                rise = 100 * (now["instructions"] / before["instructions"] - 1)
                worst = max(worst, rise)
                print(f"  {part.removeprefix('instructions_')} nodes  {name:21} {before['instructions']:9.0f} to "
                      f"{now['instructions']:9.0f} instructions/op: {rise:+.1f}%", flush=True)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True, help="the folder that holds latte/")
    parser.add_argument("--operations", type=int, default=200_000, help="a round's operations")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nodes", type=int, action="append", help="clusters to measure (default: 1 and 3)")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--only-cpu", action="store_true", help="leave out the counts, which take minutes")
    only.add_argument("--only-instructions", action="store_true", help="leave out what wants a quiet machine")
    parser.add_argument("--output", help="a JSON file for the figures")
    parser.add_argument("--compare", help="a JSON file of an earlier run: prints how the instructions changed")
    parser.add_argument("--bound-percent", type=float, default=3.0, help="with --compare: the rise that fails (default 3)")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="marquee-bench-"))
    figures, status = {}, 1
    try:
        figures = measure(directory, arguments)
        status = 0
    except StepFailed as failure:
        print(f"bench: {failure}", file=sys.stderr)
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(figures, indent=1) + "\n")
    if arguments.compare and status == 0:
        worst = compare(figures, json.loads(Path(arguments.compare).read_text()))
        status = 1 if worst > arguments.bound_percent else 0
    shutil.rmtree(directory, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
