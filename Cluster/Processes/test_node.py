"""One node as its users meet it: the stock driver and cqlsh, a kill, an idle hour's cost, a full disk."""
import os
import subprocess
import time

import harness
import steady_inserts
from cluster import address, cqlsh, expect, wait_until

MAX_IDLE_ANONYMOUS_BYTES = 60 << 20
MAX_IDLE_CPU_SHARE = 0.01
IDLE_SECONDS = 10

KEYSPACE = "CREATE KEYSPACE IF NOT EXISTS t WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"


def session_of(node=1, consistency="ONE"):
    return steady_inserts.connect([address(node)], consistency)


def test_types_collections_and_tombstones_through_the_driver(directory):
    with harness.running_cluster(directory):
        cluster, session = session_of()
        session.execute(KEYSPACE)
        session.execute(
            "CREATE TABLE t.all_types (id int PRIMARY KEY, a text, b bigint, c boolean, d double, e blob, f uuid, "
            "g timestamp, h set<text>, i list<int>, j map<text, int>, k decimal, l inet, m date, n smallint)"
        )
        insert = session.prepare(
            "INSERT INTO t.all_types (id, a, b, c, d, e, h, i, j, n) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        session.execute(insert, (1, "grüße", -5, True, 1.5, b"\x00\xff", {"x", "y"}, [3, 1, 2], {"k": 7}, -3))
        row = session.execute("SELECT * FROM t.all_types WHERE id = 1").one()
        expect(
            (row.a, row.b, row.c, row.d, row.e, set(row.h), list(row.i), dict(row.j), row.n)
            == ("grüße", -5, True, 1.5, b"\x00\xff", {"x", "y"}, [3, 1, 2], {"k": 7}, -3),
            f"read back {row}",
        )
        session.execute("UPDATE t.all_types SET h = h - {'x'}, i = i + [9], j['z'] = 1, a = null WHERE id = 1")
        row = session.execute("SELECT a, h, i, j FROM t.all_types WHERE id = 1").one()
        expect((row.a, set(row.h), list(row.i), dict(row.j)) == (None, {"y"}, [3, 1, 2, 9], {"k": 7, "z": 1}), f"{row}")
        session.execute("DELETE FROM t.all_types WHERE id = 1")
        expect(session.execute("SELECT * FROM t.all_types WHERE id = 1").one() is None, "the deleted row is there")
        cluster.shutdown()


def test_acknowledged_rows_outlive_kill_minus_nine(directory):
    with harness.running_cluster(directory) as nodes:
        cluster, session = session_of()
        session.execute(KEYSPACE)
        session.execute("CREATE TABLE t.kv (k int PRIMARY KEY, v text)")
        insert = session.prepare("INSERT INTO t.kv (k, v) VALUES (?, ?)")
        for k in range(500):
            session.execute(insert, (k, f"value {k}"))
        cluster.shutdown()
        nodes.kill(1)
        nodes.start(1)
        cluster, session = session_of()
        rows = {row.k: row.v for row in session.execute("SELECT k, v FROM t.kv")}
        expect(rows == {k: f"value {k}" for k in range(500)}, f"{len(rows)} of 500 rows after kill -9")
        cluster.shutdown()


def test_pages_come_in_order_and_whole(directory):
    with harness.running_cluster(directory):
        cluster, session = session_of()
        session.execute(KEYSPACE)
        session.execute("CREATE TABLE t.wide (p int, c int, v text, PRIMARY KEY (p, c)) WITH CLUSTERING ORDER BY (c DESC)")
        insert = session.prepare("INSERT INTO t.wide (p, c, v) VALUES (1, ?, ?)")
        for c in range(1000):
            session.execute(insert, (c, str(c)))
        session.default_fetch_size = 77
        rows = [row.c for row in session.execute("SELECT c FROM t.wide WHERE p = 1")]
        expect(rows == list(range(999, -1, -1)), f"{len(rows)} rows, first {rows[:3]}, last {rows[-3:]}")
        rows = [row.c for row in session.execute("SELECT c FROM t.wide WHERE p = 1 AND c >= 10 AND c < 20 ORDER BY c ASC")]
        expect(rows == list(range(10, 20)), f"{rows}")
        cluster.shutdown()


def test_cqlsh_connects_and_describes(directory):
    with harness.running_cluster(directory):
        cqlsh(1, "-e", KEYSPACE)
        cqlsh(1, "-e", "CREATE TABLE t.cast_list (video_id text PRIMARY KEY, cast list<text>, type text)")
        text = cqlsh(1, "-e", "DESCRIBE TABLE t.cast_list")
        expect("CREATE TABLE t.cast_list (" in text and "cast list<text>" in text, text)
        text = cqlsh(1, "-e", "INSERT INTO t.cast_list (video_id, cast) VALUES ('a', ['b']); SELECT * FROM t.cast_list")
        expect("['b']" in text, text)
        expect("t" in cqlsh(1, "-e", "DESCRIBE KEYSPACES").split(), "the keyspace is not listed")


def test_an_idle_node_costs_little(directory):
    with harness.running_cluster(directory) as cluster:
        before, began = cluster.cpu_seconds([1]), time.monotonic()
        # The measurement is the time itself: nothing is waited for.
        time.sleep(IDLE_SECONDS)
        share = (cluster.cpu_seconds([1]) - before) / (time.monotonic() - began)
        anonymous = cluster.anonymous_bytes(1)
        print(f"        idle: {anonymous / (1 << 20):.1f} MiB anonymous, {share * 100:.2f}% of a core", flush=True)
        expect(anonymous <= MAX_IDLE_ANONYMOUS_BYTES, f"{anonymous / (1 << 20):.1f} MiB of anonymous memory")
        expect(share <= MAX_IDLE_CPU_SHARE, f"{share * 100:.2f}% of a core")


def test_a_full_disk_refuses_writes_and_goes_on_when_there_is_room(directory):
    if os.geteuid() != 0:
        raise harness.Skipped("a small file system can only be mounted by root")
    small = directory / "cluster" / "node-1"
    small.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(small)], capture_output=True).returncode != 0:
        raise harness.Skipped("mounting a tmpfs is not allowed here")
    try:
        with harness.running_cluster(directory):
            fill_and_recover(small)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def fill_and_recover(folder):
    cluster, session = session_of()
    session.execute(KEYSPACE)
    session.execute("CREATE TABLE t.blobs (k int PRIMARY KEY, v blob)")
    insert = session.prepare("INSERT INTO t.blobs (k, v) VALUES (?, ?)")
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(48 << 20))
    acknowledged, refusals = [], []
    for k in range(2000):
        try:
            session.execute(insert, (k, os.urandom(64 << 10)), timeout=5)
            acknowledged.append(k)
        except Exception as error:
            refusals.append(error)
            if len(refusals) >= 3:
                break
    expect(refusals, f"{len(acknowledged)} rows of 64 KiB went into 48 MiB")
    keys = {row.k for row in session.execute("SELECT k FROM t.blobs")}
    expect(set(acknowledged) <= keys, f"reads lost {sorted(set(acknowledged) - keys)[:5]} on a full disk")
    ballast.unlink()

    def writes_again():
        try:
            session.execute(insert, (-1, b"again"), timeout=2)
            return True
        except Exception:
            return False

    wait_until(writes_again, 30, "writes go on once there is room")
    keys = {row.k for row in session.execute("SELECT k FROM t.blobs")}
    expect(set(acknowledged) <= keys and -1 in keys, "rows were lost while the disk was full")
    # The log lies on the same full disk: only the event of the recovery is sure to be in it.
    log = folder / "node.log"
    wait_until(lambda: "storage takes writes again" in log.read_text(), 10, "the log says that writes go on")
    cluster.shutdown()
