"""What a node promises about what it acknowledged: kill -9 under load, a sync that is slow or fails, a full disk, a
damaged file, a coordinator that dies in the middle of its batches, hints for a node that was away.

strace puts the faults in: it delays fdatasync, or lets one fail. Where it may not attach, those tests are skipped.
"""
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager

from cassandra import ConsistencyLevel, ReadFailure, WriteFailure
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster as Driver, ExecutionProfile
from cassandra.policies import ConstantReconnectionPolicy, FallthroughRetryPolicy, WhiteListRoundRobinPolicy
from cassandra.query import BatchStatement, BatchType

from cluster import MARQUEE, address, expect, wait_until
from harness import Skipped, running_cluster

GROUP = "durability: group\n"
KEYSPACE = "CREATE KEYSPACE IF NOT EXISTS t WITH replication = {'class': 'SimpleStrategy', 'replication_factor': %d}"
SYNC_DELAY_SECONDS = 1.0
MAX_BATCH_KILLS = 20


@contextmanager
def session(node=1, consistency=ConsistencyLevel.ONE):
    """A driver's session with one node that retries nothing."""
    profile = ExecutionProfile(
        load_balancing_policy=WhiteListRoundRobinPolicy([address(node)]), retry_policy=FallthroughRetryPolicy(),
        request_timeout=20, consistency_level=consistency,
    )
    driver = Driver(
        [address(node)], execution_profiles={EXEC_PROFILE_DEFAULT: profile}, connect_timeout=20,
        reconnection_policy=ConstantReconnectionPolicy(0.2, max_attempts=None),
    )
    try:
        yield driver.connect()
    finally:
        driver.shutdown()


@contextmanager
def strace(pid, inject, output):
    """The node's fdatasync calls under strace, until the block ends or the node does."""
    if shutil.which("strace") is None:
        raise Skipped("strace is not installed (Tools/setup --peers)")
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), "-e", "trace=fdatasync", "-e", f"inject=fdatasync:{inject}", "-o", str(output)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    try:
        # strace says so when it has attached to every thread, or exits.
        line = tracer.stderr.readline()
        if "attached" not in line:
            raise Skipped(f"strace may not attach: {line.strip()}")
        yield tracer
    finally:
        tracer.send_signal(signal.SIGINT)
        try:
            tracer.wait(timeout=10)
        except subprocess.TimeoutExpired:
            tracer.kill()


def make_table(opened, replication=1):
    opened.execute(KEYSPACE % replication)
    opened.execute("CREATE TABLE IF NOT EXISTS t.kv (k int PRIMARY KEY, v text)")


class Writer:
    """Inserts numbered rows with many in flight, and knows which were acknowledged."""

    def __init__(self, opened, in_flight=32):
        self.insert = opened.prepare("INSERT INTO t.kv (k, v) VALUES (?, ?)")
        self.opened = opened
        self.slots = threading.Semaphore(in_flight)
        self.acknowledged, self.failures, self.next = set(), [], 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopped.is_set():
            self.slots.acquire()
            number, self.next = self.next, self.next + 1
            future = self.opened.execute_async(self.insert, (number, f"value {number}"))
            future.add_callbacks(lambda _, n=number: self._settle(n), lambda error, n=number: self._settle(n, error))

    def _settle(self, number, error=None):
        if error is None:
            self.acknowledged.add(number)
        else:
            self.failures.append(error)
        self.slots.release()

    def stop(self):
        self.stopped.set()
        self.slots.release()
        self.thread.join()


def rows(opened):
    return {row.k for row in opened.execute("SELECT k FROM t.kv")}


def killed_under_load(directory, configuration):
    with running_cluster(directory, configuration=configuration) as nodes:
        acknowledged = set()
        for _ in range(2):
            with session() as opened:
                make_table(opened)
                writer = Writer(opened)
                wait_until(lambda: len(writer.acknowledged) >= 500, 60, "500 rows are acknowledged")
                nodes.kill(1)
                writer.stop()
                acknowledged |= writer.acknowledged
            nodes.start(1)
            with session() as opened:
                lost = acknowledged - rows(opened)
                expect(not lost, f"{len(lost)} of {len(acknowledged)} acknowledged rows are lost after kill -9")


def test_kill_minus_nine_under_load_loses_nothing_with_periodic_syncs(directory):
    killed_under_load(directory, "")


def test_kill_minus_nine_under_load_loses_nothing_with_group_syncs(directory):
    killed_under_load(directory, GROUP)


def test_writes_wait_for_a_slow_sync_together_and_reads_do_not(directory):
    with running_cluster(directory, configuration=GROUP) as nodes, session() as opened:
        make_table(opened)
        opened.execute("INSERT INTO t.kv (k, v) VALUES (-1, 'there')")
        insert = opened.prepare("INSERT INTO t.kv (k, v) VALUES (?, 'x')")
        read = opened.prepare("SELECT v FROM t.kv WHERE k = -1")
        delay = int(SYNC_DELAY_SECONDS * 1e6)
        with strace(nodes.pid(1), f"delay_enter={delay}", directory / "strace"):
            began = time.monotonic()
            first = opened.execute_async(insert, (0,))
            reads = 0
            while not first._event.is_set():
                opened.execute(read)
                reads += 1
            first.result()
            took = time.monotonic() - began
            expect(took >= SYNC_DELAY_SECONDS, f"a write was acknowledged after {took:.3f} s, before its sync")
            # A read that waited for the sync would come after the write's answer, and at most one was asked before it.
            expect(reads >= 3, f"only {reads} reads were answered while a write waited for its sync")
            # Whoever comes while one sync is under way shares the next.
            began = time.monotonic()
            for future in [opened.execute_async(insert, (k,)) for k in range(200)]:
                future.result()
            took = time.monotonic() - began
            expect(took < 10 * SYNC_DELAY_SECONDS, f"200 writes took {took:.1f} s: they do not share syncs")


def test_a_failed_sync_stops_the_node(directory):
    for configuration in (GROUP, ""):
        name = "group" if configuration else "periodic"
        with running_cluster(directory / name, configuration=configuration) as nodes:
            with session() as opened:
                make_table(opened)
            nodes.stop(1)
            folder = nodes.directory / "node-1"
            log = folder / "serve.log"
            with open(log, "w") as output:
                node = subprocess.Popen(
                    [str(MARQUEE), "serve", "--config", str(folder / "marquee.yaml")], stdin=subprocess.DEVNULL,
                    stdout=output, stderr=output,
                )
            try:
                wait_until(lambda: "event=serving" in log.read_text(), 20, "the node serves")
                with session() as opened, strace(node.pid, "error=EIO:when=3+", directory / "strace"):
                    writer = Writer(opened, in_flight=4)
                    try:
                        wait_until(lambda: node.poll() is not None, 30, f"{name}: the node stops")
                    finally:
                        writer.stop()
                    acknowledged = writer.acknowledged
                expect(node.returncode == 1, f"{name}: the node exited {node.returncode}")
                expect("storage failed; the node stops" in log.read_text(), f"{name}: {log.read_text()[-800:]}")
                expect("sync" in log.read_text().split("storage failed")[1], f"{name}: the log does not say what failed")
            finally:
                if node.poll() is None:
                    node.kill()
                node.wait()
            nodes.start(1)
            with session() as opened:
                lost = acknowledged - rows(opened)
                expect(not lost, f"{name}: {len(lost)} of {len(acknowledged)} acknowledged rows are lost")


def test_a_full_disk_is_a_write_failure_and_reads_go_on(directory):
    if os.geteuid() != 0:
        raise Skipped("a small file system can only be mounted by root")
    small = directory / "cluster" / "node-1" / "data"
    small.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode != 0:
        raise Skipped("mounting a tmpfs is not allowed here")
    try:
        with running_cluster(directory, configuration=GROUP), session() as opened:
            opened.execute(KEYSPACE % 1)
            opened.execute("CREATE TABLE t.blobs (k int PRIMARY KEY, v blob)")
            fill_and_make_room(opened, small / "ballast")
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def fill_and_make_room(opened, ballast):
    insert = opened.prepare("INSERT INTO t.blobs (k, v) VALUES (?, ?)")
    read = opened.prepare("SELECT k FROM t.blobs WHERE k = ?")
    ballast.write_bytes(bytes(56 << 20))
    acknowledged, refusals = [], []
    for k in range(1000):
        try:
            opened.execute(insert, (k, os.urandom(64 << 10)))
            acknowledged.append(k)
        except Exception as error:
            refusals.append(error)
            if len(refusals) >= 5:
                break
    expect(len(refusals) >= 5, f"{len(acknowledged)} rows of 64 KiB went into 40 MiB")
    strange = [error for error in refusals if not isinstance(error, WriteFailure)]
    expect(not strange, f"a full disk is answered with {strange[:1]}")
    for k in acknowledged:
        expect(opened.execute(read, (k,)).one() is not None, f"row {k} cannot be read on a full disk")
    ballast.unlink()

    def writes_again():
        try:
            opened.execute(insert, (-1, b"again"))
            return True
        except WriteFailure:
            return False

    wait_until(writes_again, 30, "writes go on once there is room")
    keys = {row.k for row in opened.execute("SELECT k FROM t.blobs")}
    expect(set(acknowledged) <= keys and -1 in keys, "rows were lost while the disk was full")


def test_a_damaged_table_is_a_read_failure_that_names_the_file(directory):
    with running_cluster(directory) as nodes:
        with session() as opened:
            make_table(opened)
            insert = opened.prepare("INSERT INTO t.kv (k, v) VALUES (?, ?)")
            for future in [opened.execute_async(insert, (k, "v" * 500)) for k in range(2000)]:
                future.result()
        # Opening turns the log into a table.
        nodes.stop(1)
        nodes.start(1)
        nodes.stop(1)
        folder = nodes.directory / "node-1"
        table = max((folder / "data").rglob("*.ldb"), key=lambda file: file.stat().st_size)
        damaged = bytearray(table.read_bytes())
        middle = len(damaged) // 2
        damaged[middle] ^= 0x20
        table.write_bytes(bytes(damaged))
        nodes.start(1)
        with session() as opened:
            read = opened.prepare("SELECT v FROM t.kv WHERE k = ?")
            whole, refused = 0, 0
            for k in range(2000):
                try:
                    row = opened.execute(read, (k,)).one()
                    expect(row is not None and row.v == "v" * 500, f"row {k} is {row} beside a damaged block")
                    whole += 1
                except ReadFailure:
                    refused += 1
            expect(0 < refused < 100, f"{refused} rows refused, {whole} served, one block damaged")
        text = (folder / "node.log").read_text()
        expect(re.search(r"stored data are damaged.*" + re.escape(table.name), text), text[-800:])


def test_hints_are_packed_and_bring_a_node_up_to_date(directory):
    count = 3000
    with running_cluster(directory, nodes=3) as nodes:
        nodes.wait_for_views([1, 2, 3], [1, 2, 3])
        with session(consistency=ConsistencyLevel.QUORUM) as opened:
            make_table(opened, replication=3)
            nodes.kill(3)
            nodes.wait_for_views([1, 2], [1, 2])
            insert = opened.prepare("INSERT INTO t.kv (k, v) VALUES (?, ?)")
            for start in range(0, count, 100):
                futures = [opened.execute_async(insert, (k, f"value {k}")) for k in range(start, start + 100)]
                for future in futures:
                    future.result()
        metrics = nodes.metrics(1)
        raw, stored = metrics["marquee_hints_raw_bytes_total"], metrics["marquee_hints_stored_bytes_total"]
        print(f"        hints: {raw / count:.0f} bytes each, {stored / count:.0f} on disk", flush=True)
        expect(metrics["marquee_hints_waiting"] == count, f"{metrics['marquee_hints_waiting']} hints for {count} writes")
        expect(stored < raw, f"{stored} bytes on disk for {raw} bytes of hints")
        nodes.kill(1)
        nodes.start(1)
        nodes.start(3)
        wait_until(lambda: nodes.metrics(1)["marquee_hints_waiting"] == 0, 60, "the hints are handed over")
        nodes.stop(1)
        nodes.stop(2)
        with session(node=3) as opened:
            missing = set(range(count)) - rows(opened)
            expect(not missing, f"{len(missing)} of {count} rows never reached the node that was away")


def test_batches_of_a_coordinator_that_dies_happen_or_do_not(directory):
    with running_cluster(directory, nodes=3) as nodes:
        nodes.wait_for_views([1, 2, 3], [1, 2, 3])
        with session(node=2) as opened:
            make_table(opened, replication=3)
        sent = 0

        def replayed():
            return sum(nodes.metrics(node)["marquee_batchlog_replayed_total"] for node in (2, 3))

        # Whether a kill comes between a batch's log and its end is luck, so as many kills as that takes.
        for kill in range(MAX_BATCH_KILLS):
            with session(node=1, consistency=ConsistencyLevel.QUORUM) as opened:
                sent = batches_until_killed(nodes, opened, sent)
            nodes.start(1)
            nodes.wait_for_views([1, 2, 3], [1, 2, 3])
            if kill >= 3 and replayed() > 0:
                break

        def is_quiet():
            return all(nodes.metrics(node)["marquee_batchlog_waiting"] == 0 for node in (1, 2, 3))

        wait_until(is_quiet, 60, "every batch is done")
        print(f"        {sent} batches, {replayed():.0f} finished by others", flush=True)
        expect(replayed() > 0, "no batch was left to the nodes that held it: the kills came too late or the log is not replayed")
        with session(node=2, consistency=ConsistencyLevel.QUORUM) as opened:
            found = rows(opened)
            torn = [k for k in range(0, 2 * sent, 2) if (k in found) != (k + 1 in found)]
            expect(not torn, f"{len(torn)} of {sent} batches happened in part: {torn[:5]}")


def batches_until_killed(nodes, opened, first):
    """Batches of two rows each with many in flight; the coordinator is killed in the middle. Returns the next number."""
    insert = opened.prepare("INSERT INTO t.kv (k, v) VALUES (?, 'x')")
    acknowledged, slots, number = [], threading.Semaphore(64), first
    deadline = None
    killer = None
    while killer is None or killer.is_alive():
        slots.acquire()
        batch = BatchStatement(batch_type=BatchType.LOGGED)
        batch.add(insert, (2 * number,))
        batch.add(insert, (2 * number + 1,))
        future = opened.execute_async(batch)
        future.add_callbacks(
            lambda _, n=number: (acknowledged.append(n), slots.release()), lambda _: slots.release())
        number += 1
        if killer is None and len(acknowledged) >= 200:
            killer = threading.Thread(target=nodes.kill, args=(1,))
            killer.start()
        deadline = deadline or time.monotonic() + 60
        expect(time.monotonic() < deadline, f"{len(acknowledged)} batches in a minute")
    killer.join()
    return number
