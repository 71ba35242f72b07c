"""The twin of the simulator: its workloads and checkers (`marquee twin`) against real node processes that are killed,
paused and cut off from each other in turn. Nothing acknowledged may be lost, nothing read may go backwards.

Each node has a network namespace of its own on a bridge in a namespace of the test's; links are cut on the bridge by
nft, one way or both. It needs root and the package nftables. MARQUEE_TWIN_MINUTES says how long nodes are broken.
"""
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import harness
from cluster import MARQUEE, expect, wait_until

NODES = 3
MINUTES = float(os.environ.get("MARQUEE_TWIN_MINUTES", "1.2"))
SEED = int(os.environ.get("MARQUEE_TWIN_SEED", "1"))
PREFIX = "10.166.0"
CLIENT = f"{PREFIX}.100"


def run(*words, check=True):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)
    if check:
        expect(done.returncode == 0, f"{' '.join(map(str, words))} exited {done.returncode}: {done.stderr.strip()}")
    return done.stdout


class Network:
    """Namespaces of the nodes on a bridge, which is in a namespace of its own with the clients."""

    def __init__(self):
        self.name = f"mq{os.getpid()}"
        self.hub = f"{self.name}h"

    def space(self, node):
        return f"{self.name}n{node}"

    def make(self):
        run("ip", "netns", "add", self.hub)
        run("ip", "-n", self.hub, "link", "set", "lo", "up")
        run("ip", "-n", self.hub, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.hub, "addr", "add", f"{CLIENT}/24", "dev", "br0")
        run("ip", "-n", self.hub, "link", "set", "br0", "up")
        for node in range(1, NODES + 1):
            space = self.space(node)
            run("ip", "netns", "add", space)
            run("ip", "-n", self.hub, "link", "add", f"port{node}", "type", "veth", "peer", "name", "eth0", "netns", space)
            run("ip", "-n", self.hub, "link", "set", f"port{node}", "master", "br0", "up")
            run("ip", "-n", space, "addr", "add", f"{PREFIX}.{node}/24", "dev", "eth0")
            run("ip", "-n", space, "link", "set", "lo", "up")
            run("ip", "-n", space, "link", "set", "eth0", "up")
        self.nft("add table bridge cuts; add chain bridge cuts forward { type filter hook forward priority 0; }")

    def nft(self, rules):
        done = subprocess.run(
            ["ip", "netns", "exec", self.hub, "nft", "-f", "-"], input=rules.replace(";", "\n") if "{" not in rules else
            rules.replace("; add", "\nadd"), capture_output=True, text=True, timeout=60)
        expect(done.returncode == 0, f"nft {rules}: {done.stderr.strip()}")

    def cut(self, pairs):
        """Drops what goes from the first to the second of each pair."""
        self.nft("; ".join(
            f"add rule bridge cuts forward iifname port{a} oifname port{b} drop" for a, b in pairs))

    def heal(self):
        self.nft("flush chain bridge cuts forward")

    def remove(self):
        for node in range(1, NODES + 1):
            run("ip", "netns", "del", self.space(node), check=False)
        run("ip", "netns", "del", self.hub, check=False)

    def inside(self, *words):
        """The words of a command that runs among the clients."""
        return ["ip", "netns", "exec", self.hub, *map(str, words)]


class Node:
    def __init__(self, number, directory, network):
        self.number = number
        self.network = network
        self.directory = directory / f"node-{number}"
        self.directory.mkdir(parents=True)
        self.process = None
        seeds = ", ".join(f"{PREFIX}.{seed}" for seed in range(1, NODES + 1))
        (self.directory / "marquee.yaml").write_text(
            f"cluster_name: twin\ndata_directory: data\nseeds: [{seeds}]\nlisten: {{address: {PREFIX}.{number}}}\n")

    def start(self):
        with open(self.directory / "node.log", "ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.network.space(self.number), str(MARQUEE), "serve", "--config",
                 str(self.directory / "marquee.yaml")], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def metrics(self):
        done = subprocess.run(
            self.network.inside("curl", "--silent", "--max-time", "5", f"http://{PREFIX}.{self.number}:10000/metrics"),
            capture_output=True, text=True, timeout=20)
        lines = [line for line in done.stdout.splitlines() if line and not line.startswith("#")]
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines}

    def is_whole(self):
        return self.metrics().get("marquee_cluster_members_up") == NODES

    def is_settled(self):
        values = self.metrics()
        waiting = [value for name, value in values.items() if re.fullmatch(r"marquee_(hints|batchlog)_waiting", name)]
        return bool(waiting) and not any(waiting)

    def log_tail(self, lines=12):
        text = (self.directory / "node.log").read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


class Breaker:
    """Breaks one node or link after another, as its seed says."""

    def __init__(self, nodes, network, seed):
        self.nodes = nodes
        self.network = network
        self.random = random.Random(seed)
        self.counts = {}

    def run(self, seconds, still_well):
        end = time.monotonic() + seconds
        kinds = [self.kill, self.pause, self.isolate, self.cut_one_way, self.flap, self.kill_two]
        turn = 0
        while time.monotonic() < end:
            still_well()
            # Each kind in turn, so that a short run has them all.
            kind = kinds[turn % len(kinds)]
            turn += 1
            node = self.random.choice(self.nodes)
            self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
            kind(node)
            self.rest(0.5, 3)

    def rest(self, shortest, longest):
        # The time in which something is broken is what is tested here, not a wait for a condition.
        until = time.monotonic() + self.random.uniform(shortest, longest)
        wait_until(lambda: time.monotonic() >= until, longest + 10, "a fault's time")

    def others(self, node):
        return [other for other in self.nodes if other is not node]

    def kill(self, node):
        node.kill()
        self.rest(0.5, 4)
        node.start()

    def kill_two(self, node):
        other = self.random.choice(self.others(node))
        node.kill()
        self.rest(0, 1)
        other.kill()
        self.rest(0.5, 3)
        node.start()
        other.start()

    def pause(self, node):
        node.send(signal.SIGSTOP)
        self.rest(0.5, 6)
        node.send(signal.SIGCONT)

    def isolate(self, node):
        pairs = [(node.number, other.number) for other in self.others(node)]
        self.network.cut(pairs + [(b, a) for a, b in pairs])
        self.rest(1, 6)
        self.network.heal()

    def cut_one_way(self, node):
        other = self.random.choice(self.others(node))
        self.network.cut([(node.number, other.number)])
        self.rest(1, 6)
        self.network.heal()

    def flap(self, node):
        other = self.random.choice(self.others(node))
        for _ in range(self.random.randint(3, 8)):
            self.network.cut([(node.number, other.number), (other.number, node.number)])
            self.rest(0.1, 0.6)
            self.network.heal()
            self.rest(0.1, 0.6)


def test_twin(directory):
    if os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("ip"):
        raise harness.Skipped("needs root and the packages nftables and iproute2")
    network = Network()
    nodes = []
    twin = None
    try:
        network.make()
        nodes = [Node(number, Path(directory), network) for number in range(1, NODES + 1)]
        for node in nodes:
            node.start()
        wait_until(lambda: all(node.is_whole() for node in nodes), 60, "the nodes see one another")
        output = Path(directory) / "twin.log"
        hosts = ",".join(f"{PREFIX}.{node.number}:9042" for node in nodes)
        with open(output, "wb") as log:
            twin = subprocess.Popen(
                network.inside(MARQUEE, "twin", "--hosts", hosts, "--seed", SEED), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)

        def still_well():
            expect(twin.poll() is None, f"marquee twin ended: {output.read_text()}")
            # One that ended by itself, not by this test, is a bug of its own.
            for node in nodes:
                expect(node.process.poll() is None, f"node {node.number} ended:\n{node.log_tail()}")

        wait_until(lambda: still_well() or "started" in output.read_text(), 60, "the workloads start")
        breaker = Breaker(nodes, network, SEED)
        breaker.run(60 * MINUTES, still_well)
        network.heal()
        wait_until(lambda: all(node.is_whole() for node in nodes), 90, "the nodes see one another after healing")
        wait_until(lambda: all(node.is_settled() for node in nodes), 90, "hints are handed over")
        still_well()
        twin.send_signal(signal.SIGTERM)
        twin.wait(timeout=600)
        text = output.read_text()
        print(f"        {breaker.counts}\n" + "".join(f"        {line}\n" for line in text.splitlines()[-30:]), flush=True)
        expect(twin.returncode == 0 and "all promises held" in text, f"seed {SEED}: {text[-3000:]}")
    finally:
        if twin and twin.poll() is None:
            twin.kill()
            twin.wait()
        for node in nodes:
            if node.process and node.process.poll() is None:
                node.process.kill()
                node.process.wait()
        network.remove()
