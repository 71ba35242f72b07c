"""What a cluster of three answers at every consistency level with none, one and two of its nodes down, and with nodes
that have stopped answering but are still believed alive: one line an outcome, the same for any Cassandra-like cluster.

A node is asked that stays up; the driver retries nothing. An outcome is `ok`, or the error's code, message and fields as
they came from the wire. Addresses are taken out: they differ between the clusters.
"""
import re
import time

from cassandra import ConsistencyLevel, ReadTimeout
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import FallthroughRetryPolicy, WhiteListRoundRobinPolicy
from cassandra.query import BatchStatement, BatchType, SimpleStatement

from cluster import expect, wait_until

LEVELS = [
    "ANY", "ONE", "TWO", "THREE", "QUORUM", "ALL", "LOCAL_ONE", "LOCAL_QUORUM", "EACH_QUORUM", "SERIAL", "LOCAL_SERIAL",
]
KEYSPACES = {
    "simple3": "{'class': 'SimpleStrategy', 'replication_factor': 3}",
    "simple2": "{'class': 'SimpleStrategy', 'replication_factor': 2}",
    "simple5": "{'class': 'SimpleStrategy', 'replication_factor': 5}",
    "network3": "{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}",
    "network2": "{'class': 'NetworkTopologyStrategy', 'datacenter1': 2}",
}
FULL = ("simple3", "network3")
COUNTING = "simple3"
ASKED = 1


class Asked:
    """A session with the one node that stays up."""

    def __init__(self, address):
        profile = ExecutionProfile(
            load_balancing_policy=WhiteListRoundRobinPolicy([address]), retry_policy=FallthroughRetryPolicy(),
            request_timeout=60,
        )
        self.address = address
        self.driver = Cluster(
            [address], protocol_version=5, execution_profiles={EXEC_PROFILE_DEFAULT: profile}, connect_timeout=30,
        )
        self.session = self.driver.connect()

    def outcome(self, statement, parameters=None):
        return settle(self.session.execute_async(statement, parameters))


def settle(future):
    """An outcome in words."""
    try:
        future.result()
        return "ok"
    except Exception as failure:
        text = str(failure)
        found = re.search(r"code=(\w+) \[[^\]]*\] message=\"(.*)\"(?: info=(.*))?$", text, re.DOTALL)
        if not found:
            return f"{type(failure).__name__}: {text}"
        code, message, info = found.groups()
        fields = ""
        if info:
            fields = " " + re.sub(r"\s+", " ", info)
        if isinstance(failure, ReadTimeout):
            fields += f" data_present={bool(failure.data_retrieved)}"
        return re.sub(r"/?127\.0\.\d+\.\d+(:\d+)?", "NODE", f"{code} {message}{fields}")


def statements(keyspace, level, keys):
    """Each kind of statement at one level; `keys` are two partitions with the same property."""
    consistency = getattr(ConsistencyLevel, level)
    table = f"{keyspace}.t"

    def simple(text):
        return SimpleStatement(text, consistency_level=consistency)

    def batch(kind, numbers):
        made = BatchStatement(kind, consistency_level=consistency)
        for number in numbers:
            made.add(SimpleStatement(f"INSERT INTO {table} (id, v) VALUES ({number}, 'b')"))
        return made

    made = {
        "read": simple(f"SELECT v FROM {table} WHERE id = {keys[0]}"),
        "scan": simple(f"SELECT id FROM {table}"),
        "insert": simple(f"INSERT INTO {table} (id, v) VALUES ({keys[0]}, 'i')"),
        "delete": simple(f"DELETE FROM {table} WHERE id = {keys[1]}"),
        "logged batch": batch(BatchType.LOGGED, keys),
        "logged batch of one partition": batch(BatchType.LOGGED, (keys[0], keys[0])),
        "unlogged batch": batch(BatchType.UNLOGGED, keys),
    }
    if keyspace == COUNTING:
        made["counter"] = simple(f"UPDATE {keyspace}.c SET n = n + 1 WHERE id = {keys[0]}")
    return made


def prepare(asked):
    """Makes the keyspaces and tables with some rows."""
    for name, replication in KEYSPACES.items():
        asked.session.execute(f"CREATE KEYSPACE {name} WITH replication = {replication}")
        asked.session.execute(f"CREATE TABLE {name}.t (id int PRIMARY KEY, v text)")
    asked.session.execute(f"CREATE TABLE {COUNTING}.c (id int PRIMARY KEY, n counter)")
    for name in FULL:
        for number in range(10):
            asked.session.execute(
                SimpleStatement(f"INSERT INTO {name}.t (id, v) VALUES ({number}, 'v')", consistency_level=ConsistencyLevel.ALL)
            )


def keys_without(asked, keyspace):
    """Two partitions that the asked node has no replica of."""
    asked.driver.refresh_schema_metadata()
    found = []
    for number in range(10_000):
        replicas = asked.driver.metadata.get_replicas(keyspace, number.to_bytes(4, "big"))
        if replicas and all(host.address != asked.address for host in replicas):
            found.append(number)
            if len(found) == 2:
                return found
    expect(False, f"every partition of {keyspace} is on the asked node")


def wait_until_seen(asked, alive, seconds=120):
    """Until the asked node counts `alive` nodes: ALL says so at once."""
    def agrees():
        outcome = asked.outcome(SimpleStatement("SELECT v FROM simple3.t WHERE id = 1", consistency_level=ConsistencyLevel.ALL))
        return outcome == "ok" if alive == 3 else f"'alive_replicas': {alive}" in outcome

    wait_until(agrees, seconds, f"{asked.address} counts {alive} nodes alive")


def table_of(cluster):
    """Every outcome: {(what, level, nodes down): outcome}. `cluster` has address, kill, pause, resume."""
    asked = Asked(cluster.address(ASKED))
    found = {}
    try:
        prepare(asked)
        absent = {name: keys_without(asked, name) for name in ("simple2", "network2")}
        for down in (0, 1, 2):
            if down:
                cluster.kill(4 - down)
                wait_until_seen(asked, 3 - down)
            for level in LEVELS:
                for keyspace in KEYSPACES:
                    keys = absent.get(keyspace, (1, 2))
                    for kind, statement in statements(keyspace, level, keys).items():
                        found[f"{keyspace} {kind}", level, down] = asked.outcome(statement)
    finally:
        asked.driver.shutdown()
    return found


def timeouts_of(cluster):
    """Outcomes where nodes stop answering and are still believed alive, all asked in the same moment:
    {(what, level, nodes paused): outcome}."""
    asked = Asked(cluster.address(ASKED))
    found = {}
    try:
        prepare(asked)
        for paused in ((3,), (2, 3)):
            wait_until_seen(asked, 3)
            time.sleep(2)  # every node has heard of every other again
            for node in paused:
                cluster.pause(node)
            try:
                waiting = {}
                for level in ("ANY", "ONE", "TWO", "QUORUM", "ALL", "LOCAL_QUORUM", "EACH_QUORUM"):
                    for keyspace in FULL:
                        for kind, statement in statements(keyspace, level, (1, 2)).items():
                            if kind in ("read", "scan") and level in ("ANY", "EACH_QUORUM"):
                                continue
                            waiting[f"{keyspace} {kind}", level, len(paused)] = asked.session.execute_async(statement)
                for what, future in waiting.items():
                    found[what] = settle(future)
            finally:
                for node in paused:
                    cluster.resume(node)
    finally:
        asked.driver.shutdown()
    return found


def lines(found):
    """The table as text."""
    text = []
    for (what, level, down), outcome in found.items():
        text.append(f"{what:42} {level:13} {down}  {outcome}")
    return "\n".join(text)
