"""latte, a stock CQL load generator (a peer: it is no part of Marquee), run against some nodes."""
import json
import os
import subprocess
from pathlib import Path

from cluster import expect

KEYS = 100_000
PROFILES, DEPTH = 2_000, 100


class Latte:
    def __init__(self, peers, directory, hosts, consistency):
        self.folder = Path(peers) / "latte"
        self.directory = Path(directory)
        self.hosts = hosts
        self.consistency = consistency
        self.environment = {**os.environ, "LATTE_LOG_DIR": str(directory)}

    def _run(self, *words, seconds=900):
        done = subprocess.run(
            [str(self.folder / "latte"), *map(str, words), *self.hosts], capture_output=True, text=True,
            timeout=seconds, env=self.environment, stdin=subprocess.DEVNULL, cwd=self.directory,
        )
        expect(done.returncode == 0, f"latte {' '.join(map(str, words))} exited {done.returncode}: {done.stderr[-600:]}{done.stdout[-600:]}")

    @staticmethod
    def parameters(script):
        pairs = [f"rows={KEYS}"] if script == "kv.rn" else [f"profiles={PROFILES}", f"depth={DEPTH}"]
        return [word for pair in pairs for word in ("-P", pair)]

    def prepare(self, script, replicas):
        """Makes the table and fills it."""
        self._run("schema", self.folder / script, "-P", f"rf={replicas}")
        self._run("load", self.folder / script, *self.parameters(script), "-q")

    def run(self, script, function, operations, in_flight, connections=1, options=()):
        """One run's report: operations a second, p50 in milliseconds, failed operations."""
        report = self.directory / "latte.json"
        self._run(
            "run", self.folder / script, *self.parameters(script), "-f", function, "-d", operations, "-w", 0,
            "-p", in_flight, "-c", connections, "-t", 1, "--consistency", self.consistency, "-q", "-o", report, *options,
        )
        told = json.loads(report.read_text())
        report.unlink()
        result = told["result"]
        middle = result["cycle_latency"]["percentiles"][told["percentiles"].index(50.0)]
        return {
            "per_second": result["cycle_throughput"]["value"], "p50_ms": middle["value"],
            "errors": result["error_count"] + len(result["errors"]), "operations": result["cycle_count"],
        }
