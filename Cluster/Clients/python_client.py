"""The Python drivers (cassandra-driver, scylla-driver: the same module, another environment) at work; see steps.py.

  python_client.py [--protocol N] [--compression lz4|snappy|none] [--user U --password P --ca FILE] [--short] KEYSPACE ADDRESS...
"""
import argparse
import datetime
import decimal
import ipaddress
import ssl
import threading
import time
import uuid

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import RoundRobinPolicy, TokenAwarePolicy
from cassandra.query import BatchStatement, BatchType, SimpleStatement
from cassandra.util import Date, Time

import steps
from steps import expect

TYPES = {
    "a": "ascii", "b": -(2**62), "c": b"\x00\xff", "d": True, "e": decimal.Decimal("-12345678901234567890.0123"), "f": 1.5e300,
    "g": 0.25, "h": "2001:db8::7", "i": -3, "j": "grüße \u2603", "l": datetime.datetime(2026, 1, 2, 3, 4, 5, 678000),
    "m": uuid.UUID("5b6962dd-3f90-11ef-8e5c-0242ac120002"), "n": -128, "o": uuid.UUID(int=7), "p": -(2**100),
    "q": Date("2026-02-28"), "r": Time("23:59:59.123456789"), "s": {"x", "y"}, "t": [3, 1, 2], "u": {"k": 2**40},
    "v": {1: ["a", "b"], 2: []}, "w": (7, "seven"),
}
LITERALS = (
    "'ascii', -4611686018427387904, 0x00ff, true, -12345678901234567890.0123, 1.5e300, 0.25, '2001:db8::7', -3, 'grüße \u2603', "
    "'2026-01-02T03:04:05.678Z', 5b6962dd-3f90-11ef-8e5c-0242ac120002, -128, 00000000-0000-0000-0000-000000000007, "
    "-1267650600228229401496703205376, '2026-02-28', '23:59:59.123456789', {'x', 'y'}, [3, 1, 2], {'k': 1099511627776}, "
    "{1: ['a', 'b'], 2: []}, (7, 'seven')"
)


def connect(arguments):
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(RoundRobinPolicy()), consistency_level=ConsistencyLevel.QUORUM, request_timeout=20,
    )
    options = {}
    if arguments.protocol:
        options["protocol_version"] = arguments.protocol
    if arguments.user:
        options["auth_provider"] = PlainTextAuthProvider(arguments.user, arguments.password)
    if arguments.ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(arguments.ca)
        context.check_hostname = False
        options["ssl_context"] = context
    compression = {"none": False, "any": True}.get(arguments.compression, arguments.compression)
    cluster = Cluster(
        arguments.addresses, execution_profiles={EXEC_PROFILE_DEFAULT: profile}, compression=compression, **options,
    )
    session = cluster.connect()
    if arguments.protocol:
        expect(cluster.protocol_version == arguments.protocol, f"connected with protocol {cluster.protocol_version}")
    deadline = time.monotonic() + 10
    while len(session.get_pools()) < len(arguments.addresses) and time.monotonic() < deadline:
        time.sleep(0.02)
    pools = list(session.get_pools())
    compressed = [bool(connection.compressor) for pool in pools for connection in pool.get_connections()]
    steps.note(f"protocol {cluster.protocol_version}, {len(pools)} nodes, {sum(compressed)} of {len(compressed)} compressed")
    wanted = arguments.compression != "none"
    expect(compressed and all(is_on == wanted for is_on in compressed), f"compression {arguments.compression}: {compressed}")
    expect(len(cluster.metadata.all_hosts()) == len(arguments.addresses), f"the driver sees {cluster.metadata.all_hosts()}")
    return cluster, session


def schema(cluster, session, keyspace):
    """Creates, and looks at what the driver was told of it."""
    session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")
    session.execute(steps.keyspace_statement(keyspace))
    for statement in steps.table_statements(keyspace):
        session.execute(statement)
    tables = cluster.metadata.keyspaces[keyspace].tables
    expect(set(tables) == {"types", "wide", "kv"}, f"metadata has {sorted(tables)}")
    text = tables["wide"].as_cql_query()
    expect("PRIMARY KEY (p, c)" in text and "CLUSTERING ORDER BY (c DESC)" in text, text)
    expect(tables["types"].columns["v"].cql_type == "frozen<map<int, frozen<list<text>>>>", tables["types"].columns["v"].cql_type)
    replicas = cluster.metadata.get_replicas(keyspace, b"\x00\x00\x00\x01")
    expect(len({host.address for host in replicas}) == 3, f"the token map gives {replicas}")
    expect("system_schema" in cluster.metadata.keyspaces, "no system_schema in the metadata")


def plain(value):
    """A value in a form that equals what was sent."""
    if hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value) if type(value) in (list, tuple) else tuple(plain(i) for i in value)
    if isinstance(value, (ipaddress.IPv4Address, ipaddress.IPv6Address)):
        return str(value)
    if hasattr(value, "isdisjoint"):
        return set(value)
    return value


def types(session, keyspace):
    names = list(TYPES)
    columns = ", ".join(names)
    session.execute(f"INSERT INTO {keyspace}.types (k, {columns}) VALUES (1, {LITERALS})")
    insert = session.prepare(f"INSERT INTO {keyspace}.types (k, {columns}) VALUES (?{', ?' * len(names)})")
    session.execute(insert, [2, *TYPES.values()])
    # The driver fills values into the text itself.
    session.execute(f"INSERT INTO {keyspace}.types (k, j, t) VALUES (%s, %s, %s)", (3, "it's", [1]))
    session.execute(insert, [4] + [None] * len(names))
    select = session.prepare(f"SELECT * FROM {keyspace}.types WHERE k = ?")
    for k in (1, 2):
        row = session.execute(select, (k,)).one()
        for name, value in TYPES.items():
            got = plain(getattr(row, name))
            expect(got == value, f"row {k}, column {name}: wrote {value!r}, read {got!r}")
    row = session.execute(f"SELECT * FROM {keyspace}.types WHERE k = 3").one()
    expect((row.j, list(row.t), row.a) == ("it's", [1], None), f"{row}")
    row = session.execute(select, (4,)).one()
    expect(all(getattr(row, name) is None for name in names if name not in "stu"), f"{row}")
    named = session.prepare(f"UPDATE {keyspace}.types SET j = :text, b = :big WHERE k = :key")
    session.execute(named, {"key": 4, "text": "named", "big": 9})
    row = session.execute(select, {"k": 4}).one()
    expect((row.j, row.b) == ("named", 9), f"{row}")


def fill_wide(session, keyspace):
    insert = session.prepare(f"INSERT INTO {keyspace}.wide (p, c, v) VALUES (?, ?, ?)")
    for p in range(steps.PARTITIONS):
        batch = BatchStatement(BatchType.UNLOGGED)
        for c in range(steps.ROWS_A_PARTITION):
            batch.add(insert, (p, c, f"{p}/{c}"))
        session.execute(batch)


def pages(session, keyspace, kill):
    """Reads every row by pages; the node that answered the page before dies on the way."""
    statement = SimpleStatement(f"SELECT p, c FROM {keyspace}.wide", fetch_size=steps.PAGE_ROWS, is_idempotent=True)
    result = session.execute(statement)
    rows, count, victim = [], 0, None
    while True:
        count += 1
        rows += [tuple(row) for row in result.current_rows]
        if not result.has_more_pages:
            break
        if count == steps.PAGES_BEFORE_THE_KILL and kill:
            victim = result.response_future.coordinator_host.address
            steps.ask("kill", victim)
        result.fetch_next_page()
    steps.check_pages(rows)
    expect(count in (steps.ROWS // steps.PAGE_ROWS, steps.ROWS // steps.PAGE_ROWS + 1), f"{count} pages")
    if victim:
        steps.ask("start", victim)
    steps.note(f"{len(rows)} rows in {count} pages" + (f", {victim} killed after page {steps.PAGES_BEFORE_THE_KILL}" if victim else ""))


def batches(session, keyspace):
    insert = session.prepare(f"INSERT INTO {keyspace}.kv (k, v) VALUES (?, ?)")
    for kind, first in ((BatchType.LOGGED, 1000), (BatchType.UNLOGGED, 2000)):
        batch = BatchStatement(kind)
        for k in range(first, first + steps.BATCH_PARTITIONS):
            batch.add(insert, (k, f"batch {k}"))
        batch.add(SimpleStatement(f"DELETE FROM {keyspace}.kv WHERE k = {first - 1}"))
        session.execute(batch)
        for k in range(first, first + steps.BATCH_PARTITIONS):
            row = session.execute(f"SELECT v FROM {keyspace}.kv WHERE k = {k}").one()
            expect(row and row.v == f"batch {k}", f"batch row {k}: {row}")


def trace(session, keyspace):
    result = session.execute(f"SELECT v FROM {keyspace}.kv WHERE k = 1000", trace=True)
    found = result.get_query_trace(max_wait_sec=10)
    expect(found.coordinator and found.duration and found.request_type, f"trace {found}")
    expect("SELECT v" in found.parameters.get("query", ""), f"the trace's parameters are {found.parameters}")
    expect(found.events and all(event.description and event.source for event in found.events), f"events {found.events}")
    steps.note(f"trace {found.trace_id}: {len(found.events)} events, {found.duration.total_seconds() * 1e6:.0f} us")


def worker(session, statements, number, progress):
    insert, select = statements
    k = number
    while not progress.stop:
        k += steps.WORKERS
        try:
            session.execute(insert, (k, f"work {k}"))
            row = session.execute(select, (k,)).one()
            expect(row and row.v == f"work {k}", f"key {k} was written and acknowledged; read {row}")
            progress.done += 1
        except Exception as error:  # noqa: BLE001: every failure is what is looked for
            progress.failed(error)
            return


def work(session, keyspace, victim):
    statements = (
        session.prepare(f"INSERT INTO {keyspace}.kv (k, v) VALUES (?, ?)"), session.prepare(f"SELECT v FROM {keyspace}.kv WHERE k = ?"),
    )
    for statement in statements:
        statement.is_idempotent = True
    progress = steps.Progress()
    threads = [
        threading.Thread(target=worker, args=(session, statements, 10_000 + n, progress), daemon=True) for n in range(steps.WORKERS)
    ]
    for thread in threads:
        thread.start()
    plan = steps.WorkPlan(progress, victim)
    who = SimpleStatement(steps.COORDINATOR, consistency_level=ConsistencyLevel.ONE, is_idempotent=True)
    while not plan.step({session.execute(who).one().rpc_address}):
        time.sleep(0.02)
    progress.stop = True
    for thread in threads:
        thread.join(30)
    progress.check()
    steps.note(f"{progress.done} writes and reads at QUORUM, none failed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--protocol", type=int)
    parser.add_argument("--compression", default="any")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--ca")
    parser.add_argument("--short", action="store_true", help="no node is killed")
    parser.add_argument("keyspace")
    parser.add_argument("addresses", nargs="+")
    arguments = parser.parse_args()
    cluster, session = connect(arguments)
    schema(cluster, session, arguments.keyspace)
    types(session, arguments.keyspace)
    fill_wide(session, arguments.keyspace)
    pages(session, arguments.keyspace, kill=not arguments.short)
    batches(session, arguments.keyspace)
    if not arguments.short:
        work(session, arguments.keyspace, arguments.addresses[0])
    trace(session, arguments.keyspace)
    steps.passed()


if __name__ == "__main__":
    main()
