#!/usr/bin/env python3
"""What stock clients do against three nodes, for record.py to listen to: a cluster comes up, a driver and cqlsh use what
the language has (and what it refuses), curl and a player's kind of client use HTTP, a node dies and comes back.

    sudo .tools/venv/bin/python Tools/fuzz/record.py OUT --data DIR/cluster -- \\
        .tools/venv/bin/python Tools/fuzz/sessions.py DIR

It keeps DIR; the nodes are stopped. It is no test: what a client is refused is only printed.
"""
import http.client
import shutil
import subprocess
import sys
import uuid
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Cluster" / "Workloads"))

from cluster import TOOLS, Cluster, StepFailed, address, cqlsh  # noqa: E402

from cassandra import ConsistencyLevel  # noqa: E402
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster as Driver, ExecutionProfile  # noqa: E402
from cassandra.query import BatchStatement, BatchType, SimpleStatement  # noqa: E402

TYPES = [
    ("ascii", "'a'"), ("bigint", "1"), ("blob", "0xcafe"), ("boolean", "true"), ("date", "'2024-02-29'"),
    ("decimal", "1.5"), ("double", "-0.25"), ("duration", "1mo2d3h"), ("float", "1e3"), ("inet", "'::1'"), ("int", "-7"),
    ("smallint", "3"), ("text", "'ü'"), ("time", "'12:34:56.789'"), ("timestamp", "'2024-01-01T00:00:00Z'"),
    ("timeuuid", "now()"), ("tinyint", "4"), ("uuid", "123e4567-e89b-12d3-a456-426655440000"), ("varint", "12345678901234567890"),
    ("list<text>", "['a', 'b']"), ("set<int>", "{1, 2}"), ("map<text, int>", "{'a': 1}"),
    ("tuple<int, text>", "(1, 'a')"), ("frozen<map<int, frozen<list<text>>>>", "{1: ['a']}"),
]
STATEMENTS = [
    "SELECT * FROM f.t", "SELECT JSON * FROM f.t", "SELECT DISTINCT k, s FROM f.t", "SELECT count(*) FROM f.t",
    "SELECT k, writetime(v), ttl(v), cast(v AS text) FROM f.t WHERE k = 'a'", "SELECT token(k) FROM f.t WHERE token(k) > -5",
    "SELECT * FROM f.t WHERE k = 'a' AND c > 1 AND c <= 5 ORDER BY c DESC LIMIT 3",
    "SELECT * FROM f.t WHERE k IN ('a', 'b') AND c IN (1, 2)", "SELECT * FROM f.t PER PARTITION LIMIT 1",
    "SELECT max(c), min(c), avg(c), sum(c) FROM f.t WHERE k = 'a' GROUP BY k, c", "SELECT * FROM f.t WHERE v = 'x' ALLOW FILTERING",
    "SELECT * FROM f.t WHERE l CONTAINS 'a' ALLOW FILTERING", "SELECT * FROM f.t WHERE (c) > (1) AND k = 'a'",
    "INSERT INTO f.t (k, c, v) VALUES ('a', 1, 'x') USING TTL 600 AND TIMESTAMP 5", "INSERT INTO f.t (k, s) VALUES ('a', 'static')",
    "INSERT INTO f.t JSON '{\"k\": \"j\", \"c\": 9, \"l\": [\"p\"]}' DEFAULT UNSET", "UPDATE f.t SET v = 'y', l = l + ['z'], st = st - {1}, m['q'] = 2 WHERE k = 'a' AND c = 1",
    "UPDATE f.t USING TTL 10 SET l = ['p'] + l, m = m + {'r': 3} WHERE k = 'b' AND c = 2", "UPDATE f.t SET l[0] = 'first' WHERE k = 'a' AND c = 1",
    "DELETE v, m['q'] FROM f.t WHERE k = 'a' AND c = 1", "DELETE FROM f.t USING TIMESTAMP 9 WHERE k = 'd'",
    "DELETE FROM f.t WHERE k = 'a' AND c > 7 AND c < 9", "DELETE FROM f.t WHERE k = 'a' AND c = 8", "DELETE l FROM f.t WHERE k = 'b' AND c = 2",
    "BEGIN BATCH INSERT INTO f.t (k, c) VALUES ('p', 1); UPDATE f.t SET v = 'b' WHERE k = 'q' AND c = 1; DELETE FROM f.t WHERE k = 'r'; APPLY BATCH",
    "BEGIN UNLOGGED BATCH USING TIMESTAMP 7 INSERT INTO f.t (k, c) VALUES ('p', 3) APPLY BATCH",
    "TRUNCATE f.t2", "ALTER TABLE f.t ADD (extra int, more text)", "ALTER TABLE f.t DROP extra", "ALTER TABLE f.t RENAME c TO cc",
    "ALTER TABLE f.t RENAME cc TO c", "ALTER TABLE f.t WITH comment = 'it''s' AND gc_grace_seconds = 100 AND compaction = {'class': 'LeveledCompactionStrategy'}",
    "ALTER KEYSPACE f WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3} AND durable_writes = true",
    "CREATE TABLE IF NOT EXISTS f.t2 (a int PRIMARY KEY, \"B\" text) WITH default_time_to_live = 60", "DROP TABLE IF EXISTS f.nope",
    "USE f", "DESCRIBE TABLES", "DESCRIBE TABLE f.t", "DESC CLUSTER", "SELECT * FROM system.local", "SELECT * FROM system_schema.columns",
    # What is refused, each in its way.
    "SELEC", "SELECT * FROM f.nope", "INSERT INTO f.t (k) VALUES (1)", "SELECT nope FROM f.t", "CREATE TABLE f.t (a int PRIMARY KEY)",
    "CREATE KEYSPACE f WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", "SELECT * FROM f.t WHERE v = 'x'",
    "INSERT INTO f.t (k, c) VALUES ('a', 1) IF NOT EXISTS", "CREATE INDEX ON f.t (v)", "CREATE TYPE f.u (a int)", "LIST ROLES",
    "SELECT * FROM f.t WHERE k = $$dollars$$ -- a comment", "/* a comment */ SELECT 'a' FROM f.t", "GRANT ALL ON f.t TO x", "DROP KEYSPACE nope",
]


def attempt(what, *words, **options):
    try:
        return what(*words, **options)
    except Exception as failure:  # whatever a client is told is a recording too
        print(f"  {type(failure).__name__}: {str(failure)[:100]}")
        return None


def drive(version, compression):
    profile = ExecutionProfile(request_timeout=10, consistency_level=ConsistencyLevel.QUORUM)
    driver = Driver([address(1)], protocol_version=version, compression=compression, execution_profiles={EXEC_PROFILE_DEFAULT: profile})
    try:
        session = driver.connect()
        fill(session)
        for statement in STATEMENTS:
            attempt(session.execute, statement)
        prepared(session, version)
        pages(session)
    finally:
        driver.shutdown()


def fill(session):
    session.execute("CREATE KEYSPACE IF NOT EXISTS f WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}")
    attempt(session.execute, "CREATE KEYSPACE IF NOT EXISTS n WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 2}")
    session.execute("DROP TABLE IF EXISTS f.t")
    session.execute("CREATE TABLE f.t (k text, c int, s text STATIC, v text, l list<text>, st set<int>, m map<text, int>, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC)")
    session.execute("CREATE TABLE IF NOT EXISTS f.two (a int, b text, c timestamp, d varint, e int, PRIMARY KEY ((a, b), c, d))")
    columns = ", ".join(f"c{index} {kind}" for index, (kind, _) in enumerate(TYPES))
    session.execute(f"CREATE TABLE IF NOT EXISTS f.types (k int PRIMARY KEY, {columns})")
    names, values = ", ".join(f"c{i}" for i in range(len(TYPES))), ", ".join(value for _, value in TYPES)
    attempt(session.execute, f"INSERT INTO f.types (k, {names}) VALUES (1, {values})")
    attempt(session.execute, "SELECT * FROM f.types")
    for key in "abc":
        for number in range(12):
            session.execute("INSERT INTO f.t (k, c, v, l) VALUES (%s, %s, %s, %s)", (key, number, "x" * number, ["a", "b"]))


def prepared(session, version):
    insert = session.prepare("INSERT INTO f.two (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)")
    named = session.prepare("SELECT * FROM f.two WHERE a = :a AND b = :b AND c > :c")
    for number in range(5):
        session.execute(insert, (number, "b", datetime(2024, 1, 1), 10 ** number, None))
    if version > 3:
        session.execute(insert, {"a": 9, "b": "", "c": datetime(1969, 1, 1), "d": -1})
    session.execute(named, {"a": 1, "b": "b", "c": datetime(2020, 1, 1)})
    for kind in BatchType.LOGGED, BatchType.UNLOGGED, BatchType.COUNTER:
        batch = BatchStatement(kind, consistency_level=ConsistencyLevel.ONE)
        batch.add(insert, (1, "b", datetime(2024, 1, 2), 1, 2))
        batch.add(SimpleStatement("UPDATE f.t SET v = %s WHERE k = %s AND c = %s"), ("v", "a", 1))
        attempt(session.execute, batch)
    for level in range(11):
        attempt(session.execute, SimpleStatement("SELECT * FROM f.two WHERE a = 1 AND b = 'b'", consistency_level=level,
                                                 serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL))
    attempt(session.execute, SimpleStatement("SELECT * FROM f.two", custom_payload=None), trace=True, custom_payload={"a": b"b"})
    result = attempt(session.execute, "SELECT * FROM f.t WHERE k = 'a'", trace=True)
    if result is not None:
        attempt(result.get_query_trace, max_wait_sec=5)
    if version > 4:
        attempt(session.execute, SimpleStatement("SELECT * FROM t", keyspace="f"))


def pages(session):
    for text in "SELECT * FROM f.t", "SELECT * FROM f.t WHERE k = 'a' LIMIT 9", "SELECT * FROM f.t PER PARTITION LIMIT 2", "SELECT * FROM f.two":
        result = session.execute(SimpleStatement(text, fetch_size=2))
        list(result)


def shell():
    for words in ["DESCRIBE KEYSPACE f", "CONSISTENCY QUORUM; SELECT * FROM f.types", "TRACING ON; SELECT * FROM f.t LIMIT 2", "PAGING 3; SELECT * FROM f.t"]:
        attempt(cqlsh, 1, "-e", words)
    attempt(cqlsh, 1, "-f", ROOT / "Cluster" / "schema" / "marquee.cql")


def raw(node, data, port=8080):
    """Bytes that curl would not send."""
    connection = http.client.socket.create_connection((address(node), port), timeout=5)
    with connection:
        connection.sendall(data)
        connection.shutdown(1)
        while connection.recv(65536):
            pass


def browse(cluster):
    site, token = f"http://{address(1)}:8080", attempt(cluster.token, str(uuid.uuid4()), "content")
    bearer = ["-H", f"Authorization: Bearer {token}"]
    json = ["-H", "Content-Type: application/json"]
    calls = [
        [f"{site}/health"], ["-I", f"{site}/api/v1/openapi.json"], ["--compressed", f"{site}/api/v1/openapi.json"],
        [f"http://{address(1)}:10000/metrics"], [f"http://{address(1)}:10000/ring"], ["-X", "OPTIONS", "-H", "Origin: http://a.example", f"{site}/api/v1/playback/manifest"],
        [*bearer, *json, "-d", '{"video_id": 80100172, "profile_id": "c7a5b0a4-6a39-4f5e-9f0b-0b8c5a9d7e02"}', f"{site}/api/v1/playback/manifest"],
        [*bearer, *json, "-X", "PUT", "-d", '{"position_ms": 5}', f"{site}/api/v1/playback/position"],
        [*bearer, "-T", "-", "-H", "Expect: 100-continue", f"{site}/api/v1/uploads/{uuid.uuid4()}"],
        [*bearer, "-X", "DELETE", f"{site}/api/v1/uploads/x%20y?a=b+c&d=%C3%BC&e"], ["-r", "0-99", f"{site}/media/a/b.mp4"], ["-0", f"{site}/media/"],
        ["-H", "If-Range: \"x\"", "-H", "Range: bytes=5-,-7", f"{site}/media/a.mp4"], ["-x", site, f"{site}/health"], ["-b", "a=b; c=d", f"{site}//a/../b"],
    ]
    for words in calls:
        subprocess.run(["curl", "-s", "-m", "5", "-o", "/dev/null", *words], input=b"chunked body " * 9)
    ends = b"\r\nHost: a\r\n\r\n"
    for data in [
        b"GET / HTTP/1.1" + ends + b"GET /health HTTP/1.1" + ends, b"\r\nGET http://a.example:80/x?y HTTP/1.1" + ends, b"GET * HTTP/1.1" + ends,
        b"OPTIONS * HTTP/1.1" + ends, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b;c=\"d\"\r\nhello\r\n0\r\nX-T: v\r\n\r\n",
        b"GET / HTTP/2.0" + ends, b"BREW / HTTP/1.1" + ends, b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /%2e%2e/%zz HTTP/1.1" + ends, b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
    ]:
        attempt(raw, 1, data)


def abroad(folder):
    """Writes over two datacenters."""
    shutil.rmtree(folder, ignore_errors=True)
    cluster = Cluster(folder, nodes=4)
    try:
        cluster.marquee("cluster", "up", "--directory", folder, "--datacenters", "dc1:2,dc2:2")
        driver = Driver([address(1)], protocol_version=4)
        session = driver.connect()
        session.execute("CREATE KEYSPACE a WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 2, 'dc2': 2}")
        session.execute("CREATE TABLE a.t (k int PRIMARY KEY, v text)")
        for number in range(20):
            write = SimpleStatement("INSERT INTO a.t (k, v) VALUES (%s, 'x')", consistency_level=ConsistencyLevel.EACH_QUORUM)
            attempt(session.execute, write, (number,))
        attempt(session.execute, "BEGIN BATCH INSERT INTO a.t (k) VALUES (77); INSERT INTO a.t (k) VALUES (78); APPLY BATCH")
        driver.shutdown()
    finally:
        cluster.down()


def main():
    folder = Path(sys.argv[1])
    shutil.rmtree(folder / "cluster", ignore_errors=True)
    cluster = Cluster(folder / "cluster", nodes=3)
    versions = [(4, False), (3, "snappy"), (4, "lz4"), (5, False), (5, "lz4")]
    try:
        cluster.up()
        browse(cluster)
        for version, compression in versions:
            print(f"protocol {version}, compression {compression}")
            attempt(drive, version, compression)
        shell()
        # A node that misses writes gets hints, and is repaired by what reads it; two clients hear of it.
        hearers = [Driver([address(1)], protocol_version=version) for version in (4, 5)]
        for hearer in hearers:
            attempt(hearer.connect)
        cluster.kill(3)
        attempt(drive, 4, False)
        cluster.start(3)
        attempt(drive, 5, False)
        for hearer in hearers:
            hearer.shutdown()
        cluster.down()
        abroad(folder / "cluster-2")
    except StepFailed as failure:
        print(failure)
    finally:
        cluster.down()


if __name__ == "__main__":
    main()
