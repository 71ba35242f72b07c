"""A cluster on loopback as the workloads see it: started, broken and stopped through the `marquee` binary.

Every process that is ended is one this cluster started: `marquee cluster` finds its nodes by their pid files. Nothing
here waits by sleeping a fixed time: every wait is for a condition, with a deadline.
"""
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / ".tools"
MARQUEE = Path(os.environ.get("MARQUEE_BINARY", ROOT / ".build" / "release" / "marquee"))
POLL_SECONDS = 0.1
# Node N of a test's cluster listens on NETWORK.N; another one lets clusters stand side by side.
USUAL_NETWORK = "127.0.0"
NETWORK = os.environ.get("MARQUEE_NETWORK", USUAL_NETWORK)


class StepFailed(Exception):
    """An assertion of a workload that did not hold, in words for a person."""


def expect(condition, message):
    """Fails the step, in words, where the condition does not hold."""
    if not condition:
        raise StepFailed(message)


def wait_until(condition, seconds, what):
    """Asks until the condition gives something true, and returns that. Fails the step after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < deadline, f"{what}: not within {seconds} s")
        time.sleep(POLL_SECONDS)


def address(node):
    return f"{NETWORK}.{node}"


class Cluster:
    """Nodes 1 to `nodes`, in a folder of their own. `configuration` is YAML that is added to each node's; a function
    is given the node's number."""

    def __init__(self, directory, nodes=3, configuration=""):
        self.directory = Path(directory)
        self.nodes = nodes
        self.configuration = configuration

    def marquee(self, *words, seconds=120, check=True):
        """Runs the binary and returns its standard output."""
        expect(MARQUEE.exists(), f"{MARQUEE} is not there: Tools/build makes it")
        done = subprocess.run(
            [str(MARQUEE), *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=seconds,
        )
        if check:
            expect(done.returncode == 0, f"marquee {' '.join(map(str, words))} exited {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def _cluster(self, *words):
        return self.marquee("cluster", *words, "--directory", self.directory)

    def up(self):
        if self.configuration or NETWORK != USUAL_NETWORK:
            for node in range(1, self.nodes + 1):
                self._configure(node)
        return self._cluster("up", "--nodes", self.nodes)

    def _configure(self, node):
        """Writes a node's configuration before `cluster up`, which leaves alone what is there."""
        file = self.directory / f"node-{node}" / "marquee.yaml"
        if file.exists():
            return
        extra = self.configuration(node) if callable(self.configuration) else self.configuration
        seeds = ", ".join(address(seed) for seed in range(1, min(self.nodes, 3) + 1))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            f"cluster_name: marquee\ndata_directory: data\nseeds: [{seeds}]\ntoken_secret_file: ../token-secret\n"
            f"listen: {{address: {address(node)}}}\n{extra}"
        )

    def down(self):
        """Stops every node that runs; says nothing of those that do not."""
        if self.directory.exists():
            self.marquee("cluster", "down", "--directory", self.directory, check=False)

    def kill(self, node):
        self._cluster("kill", node)

    def stop(self, node):
        self._cluster("stop", node)

    def start(self, node):
        self._cluster("start", node)

    def pid(self, node):
        return int((self.directory / f"node-{node}" / "pid").read_text())

    def cpu_seconds(self, nodes=None):
        """User and system time of the nodes' processes so far (fields 14 and 15 of /proc/PID/stat)."""
        ticks = 0
        for node in nodes or range(1, self.nodes + 1):
            fields = Path(f"/proc/{self.pid(node)}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def anonymous_bytes(self, node):
        """Anonymous memory of a node's process."""
        for line in Path(f"/proc/{self.pid(node)}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise StepFailed("no RssAnon in /proc/PID/status")

    def log_tail(self, node, lines=20):
        log = self.directory / f"node-{node}" / "node.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""

    def token(self, user_id, *scopes):
        """A bearer token for the HTTP API, minted by `marquee token`."""
        words = ["token", "--user", user_id, "--secret-file", self.directory / "token-secret"]
        if scopes:
            words += ["--scope", " ".join(scopes)]
        return self.marquee(*words).strip()

    def metrics(self, node):
        """The node's metrics: {name with labels: value}."""
        status, _, body = request("GET", f"http://{address(node)}:10000/metrics")
        expect(status == 200, f"/metrics of node {node} answered {status}")
        values = {}
        for line in body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values

    def views(self, node):
        """How a node sees the others: {address: "up" or "down"}."""
        status, _, body = request("GET", f"http://{address(node)}:10000/ring")
        expect(status == 200, f"/ring of node {node} answered {status}")
        return {line["address"]: line["status"] for line in json.loads(body)["nodes"]}

    def wait_for_views(self, nodes, up, seconds=30):
        """Until each of `nodes` sees exactly the nodes `up` as up."""
        wanted = {address(node) for node in up}
        for node in nodes:
            def agrees(node=node):
                return {a for a, status in self.views(node).items() if status == "up"} == wanted

            wait_until(agrees, seconds, f"node {node} sees {sorted(wanted)} up")


def request(method, url, body=None, token=None, headers=None, seconds=10):
    """One HTTP request; returns status, headers and body, whatever the status."""
    headers = dict(headers or {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    call = urllib.request.Request(url, data=data, headers=headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(call, timeout=seconds) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def cqlsh(node, *words, seconds=60):
    """Runs the stock cqlsh against a node and returns its output."""
    done = subprocess.run(
        [str(TOOLS / "venv" / "bin" / "python"), str(TOOLS / "venv" / "bin" / "cqlsh"), address(node), *map(str, words)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds,
    )
    expect(done.returncode == 0, f"cqlsh {' '.join(map(str, words))} exited {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout


class Progress:
    """One line that is drawn again on a terminal, and said every few seconds elsewhere."""

    def __init__(self):
        self.is_terminal = sys.stdout.isatty()
        self.said = 0.0

    def show(self, text):
        now = time.monotonic()
        if self.is_terminal:
            print(f"\r\033[K  {text}", end="", flush=True)
        elif now - self.said > 5:
            self.said = now
            print(f"  {text}", flush=True)

    def done(self):
        if self.is_terminal:
            print("\r\033[K", end="", flush=True)
