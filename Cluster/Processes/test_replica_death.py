"""A replica is killed under coordinators that live: at QUORUM of three its death must not matter, so the driver here never
repeats anything, and no request may fail or wait for a timeout."""
import threading
import time

from cassandra import ConsistencyLevel
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import FallthroughRetryPolicy, WhiteListRoundRobinPolicy

import harness
from cluster import address, expect, wait_until

NODES, VICTIM = 3, 3
WORKERS = 8
OPERATIONS_BEFORE, OPERATIONS_AFTER = 500, 3000
# What waits for a timeout waits seconds; a busy machine delays a request by far less.
MAX_SECONDS = 1.0


class Load:
    """Writes and reads at QUORUM through the nodes that stay, each one time."""

    def __init__(self, session):
        session.execute("CREATE KEYSPACE t WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}")
        session.execute("CREATE TABLE t.kv (k int PRIMARY KEY, v text)")
        self.session = session
        self.insert = session.prepare("INSERT INTO t.kv (k, v) VALUES (?, ?)")
        self.select = session.prepare("SELECT v FROM t.kv WHERE k = ?")
        self.stop = False
        self.seconds, self.failures = [], []
        self.threads = [threading.Thread(target=self._work, args=(number,), daemon=True) for number in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    def _work(self, k):
        while not self.stop:
            k += WORKERS
            try:
                began = time.monotonic()
                self.session.execute(self.insert, (k, str(k)))
                between = time.monotonic()
                row = self.session.execute(self.select, (k,)).one()
                self.seconds += [between - began, time.monotonic() - between]
                expect(row is not None and row.v == str(k), f"wrote {k}, read {row}")
            except Exception as failure:  # every one is what is looked for
                self.failures.append(failure)
                return

    def wait_for(self, operations):
        """Until so many more are done."""
        begin = len(self.seconds)
        wait_until(lambda: self.failures or len(self.seconds) - begin >= operations, 60, f"{operations} operations")
        expect(not self.failures, f"{len(self.failures)} failed, {len(self.seconds)} did not: {self.failures[:3]!r}")

    def end(self):
        self.stop = True
        for thread in self.threads:
            thread.join(30)


def test_a_replicas_death_fails_nothing_and_delays_nothing(directory):
    staying = [address(node) for node in range(1, NODES + 1) if node != VICTIM]
    profile = ExecutionProfile(
        load_balancing_policy=WhiteListRoundRobinPolicy(staying), retry_policy=FallthroughRetryPolicy(),
        consistency_level=ConsistencyLevel.QUORUM, request_timeout=20,
    )
    with harness.running_cluster(directory, NODES) as cluster:
        driver = Cluster(staying, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
        try:
            load = Load(driver.connect())
            for round_number in range(3):
                load.wait_for(OPERATIONS_BEFORE)
                begin = len(load.seconds)
                cluster.kill(VICTIM)
                load.wait_for(OPERATIONS_AFTER)
                after = sorted(load.seconds[begin:])
                p99 = after[len(after) * 99 // 100]
                print(f"        kill {round_number + 1}: p99 {p99 * 1e3:.1f} ms, slowest {after[-1] * 1e3:.1f} ms", flush=True)
                expect(after[-1] < MAX_SECONDS, f"an operation took {after[-1]:.2f} s after the kill")
                cluster.start(VICTIM)
                cluster.wait_for_views([1, 2, 3], [1, 2, 3])
            load.end()
            expect(not load.failures, f"{load.failures[:3]!r}")
        finally:
            driver.shutdown()
