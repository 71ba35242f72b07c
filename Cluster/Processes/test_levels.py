"""Every consistency level by nodes down by kind of statement, against three of our nodes and against three of
Cassandra's: the same outcome, the same error body. What may differ stands in DIFFERENCES, each with its reason."""
import fcntl
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

import harness
import levels
from cluster import address, expect

# The folder of the peers; set by the runner.
PEERS = Path()
CASSANDRA_BASE = int(os.environ.get("PEER_BASE", 100))
# Where a run leaves both tables for a person to read; nowhere by default.
TABLES = os.environ.get("MARQUEE_LEVELS_DIR")
# Only one Cassandra cluster at a time on a small machine.
LOCK = "/tmp/cassandra.lock"

# (pattern of `what level nodes`, pattern of our outcome, pattern of Cassandra's, why).
DIFFERENCES = [
    (
        r".* (read|scan) (SERIAL|LOCAL_SERIAL) \d", r"2200 \w+ reads are not supported yet", r".*",
        "reads at SERIAL come with the strong path; until then they are refused",
    ),
    (
        r".* counter \w+ \d", r"2200 Counter tables are not supported yet|2200 You must use conditional.*", r".*",
        "counters come later; until then they are refused",
    ),
    (
        r"network\d .* EACH_QUORUM [12]",
        r"(1000 Cannot achieve consistency level EACH_QUORUM in DC datacenter1 .*'required_replicas': 2), 'alive_replicas': 1}",
        r"(1000 Cannot achieve consistency level EACH_QUORUM in DC datacenter1 .*'required_replicas': 2), 'alive_replicas': 0}",
        "Cassandra hands over its counts in the wrong order here and always says that none is alive; we say how many are",
    ),
    (
        r".* logged batch ANY 2", r"ok", r"1000 Cannot achieve consistency level TWO .*'alive_replicas': 1}",
        "with no other node alive a batch at ANY is kept by the asked node's own log, as Cassandra means to; then it asks for two",
    ),
    (
        r".* scan (TWO|QUORUM|LOCAL_QUORUM) 1", r"ok", r"1200 .* received only 1 responses\. .*",
        "a scan asks another replica when one is slow, as point reads do; Cassandra's scans do not speculate",
    ),
    (
        r"(simple|network)2 scan \w+ [12]", r"1000 .*'alive_replicas': [012]}", r"1000 .*'alive_replicas': [012]}",
        "tokens are drawn, so how many replicas live of the range that comes first is luck where not every node has every row",
    ),
]


class Ours:
    def __init__(self, cluster):
        self.cluster = cluster
        self.address = address

    def kill(self, node):
        self.cluster.kill(node)

    def pause(self, node):
        self.cluster.marquee("cluster", "pause", node, "--directory", self.cluster.directory)

    def resume(self, node):
        self.cluster.marquee("cluster", "resume", node, "--directory", self.cluster.directory)


class Theirs:
    def __init__(self, peer, environment):
        self.peer = peer
        self.environment = environment

    def address(self, node):
        return f"127.0.0.{CASSANDRA_BASE + node}"

    def run(self, *words):
        done = subprocess.run(
            [str(self.peer), *map(str, words)], capture_output=True, text=True, timeout=400, env=self.environment
        )
        expect(done.returncode == 0, f"peer {' '.join(map(str, words))}: {done.stdout[-400:]}{done.stderr[-400:]}")
        return done.stdout

    def pid(self, node):
        return (Path(self.environment["PEER_DIR"]) / f"node{node}" / "pid").read_text().strip()

    def kill(self, node):
        self.run("kill", node)

    def pause(self, node):
        subprocess.run(["kill", "-STOP", self.pid(node)], check=True)

    def resume(self, node):
        subprocess.run(["kill", "-CONT", self.pid(node)], check=True)


@contextmanager
def cassandra(directory):
    # On a busy machine a cold Cassandra is slower than its own timeouts; what it says at their end stays the same.
    patient = directory / "patient.yaml"
    patient.write_text("".join(f"{kind}_request_timeout: 10000ms\n" for kind in ("read", "range", "write", "counter_write")))
    environment = {
        "PEER_HEAP": "512M", "PEER_YAML": str(patient), **os.environ, "PEER_DIR": str(directory / "cassandra"),
    }
    theirs = Theirs(PEERS / "cassandra" / "peer", environment)
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            theirs.run("up", 3)
            yield theirs
        finally:
            subprocess.run([str(theirs.peer), "down"], capture_output=True, timeout=120, env=environment, check=False)


def compare(name, ours, theirs):
    """Fails with every difference that has no reason."""
    if TABLES:
        for whose, found in (("marquee", ours), ("cassandra", theirs)):
            (Path(TABLES) / f"{name}-{whose}.txt").write_text(levels.lines(found) + "\n")
    print(levels.lines(ours), flush=True)
    differing, explained = [], {}
    for key, outcome in ours.items():
        if outcome == theirs.get(key):
            continue
        where = " ".join(map(str, key))
        for pattern, our_pattern, their_pattern, why in DIFFERENCES:
            if (
                re.fullmatch(pattern, where) and re.fullmatch(our_pattern, outcome, re.DOTALL)
                and re.fullmatch(their_pattern, theirs[key], re.DOTALL)
            ):
                explained[why] = explained.get(why, 0) + 1
                break
        else:
            differing.append(f"{where}\n    ours   {outcome}\n    theirs {theirs.get(key)}")
    for why, count in explained.items():
        print(f"{count} differ as they may: {why}", flush=True)
    expect(not differing, f"{len(differing)} of {len(ours)} outcomes differ:\n" + "\n".join(differing))
    print(f"{len(ours)} outcomes compared", flush=True)


def test_levels_answer_as_cassandras_do(directory):
    with harness.running_cluster(directory, 3) as cluster:
        ours = levels.table_of(Ours(cluster))
    with cassandra(directory) as theirs:
        compare("levels", ours, levels.table_of(theirs))


def test_timeouts_answer_as_cassandras_do(directory):
    with harness.running_cluster(directory, 3) as cluster:
        ours = levels.timeouts_of(Ours(cluster))
    with cassandra(directory) as theirs:
        compare("timeouts", ours, levels.timeouts_of(theirs))
