"""The stock cassandra-driver, at each protocol version with each compression, and cqlsh, against three nodes."""
import queue
import subprocess
import threading
import time

import clients
import harness
from cluster import TOOLS, address, cqlsh, expect, wait_until

NODES = 3


def addresses():
    return [address(node) for node in range(1, NODES + 1)]


def run_driver(cluster, keyspace, *options):
    clients.drive(cluster, [clients.python(), clients.CLIENTS / "python_client.py", *options, keyspace, *addresses()])


def matrix(directory, protocol, compressions):
    """The whole program without compression, and a short one with each."""
    with harness.running_cluster(directory, NODES) as cluster:
        run_driver(cluster, f"python_v{protocol}", "--protocol", protocol, "--compression", "none")
        for compression in compressions:
            run_driver(cluster, f"python_v{protocol}_{compression}", "--protocol", protocol, "--compression", compression, "--short")


def test_cassandra_driver_at_protocol_3(directory):
    matrix(directory, 3, ["lz4", "snappy"])


def test_cassandra_driver_at_protocol_4(directory):
    matrix(directory, 4, ["lz4", "snappy"])


def test_cassandra_driver_at_protocol_5(directory):
    matrix(directory, 5, ["lz4"])


def test_cassandra_driver_as_it_comes(directory):
    """No option at all: it asks for versions that do not exist before it finds one that does."""
    with harness.running_cluster(directory, NODES) as cluster:
        run_driver(cluster, "python_stock")


def test_cassandra_driver_over_tls_with_a_password(directory):
    """The whole program, a kill and a return too: the driver opens each connection anew with both."""
    secured = clients.Secured(directory)
    with harness.running_cluster(directory, NODES, secured.configuration) as cluster:
        run_driver(cluster, "python_tls", "--compression", "lz4", *secured.words())
        run_driver(cluster, "python_tls_v4", "--protocol", 4, "--compression", "none", "--short", *secured.words())


CQLSH_STATEMENTS = """
CREATE KEYSPACE shell WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3};
CREATE TABLE shell.people (id int, at timestamp, name text, tags set<text>, PRIMARY KEY (id, at)) WITH CLUSTERING ORDER BY (at DESC);
CONSISTENCY QUORUM
INSERT INTO shell.people (id, at, name, tags) VALUES (1, '2026-01-02', 'Ada', {'a', 'b'});
INSERT INTO shell.people (id, at, name) VALUES (1, '2026-01-03', 'Grüße');
BEGIN BATCH
INSERT INTO shell.people (id, at, name) VALUES (2, '2026-01-02', 'Bob');
INSERT INTO shell.people (id, at, name) VALUES (3, '2026-01-02', 'Cyd');
APPLY BATCH;
BEGIN UNLOGGED BATCH
INSERT INTO shell.people (id, at, name) VALUES (4, '2026-01-02', 'Dee');
UPDATE shell.people SET name = 'Dora' WHERE id = 4 AND at = '2026-01-03';
APPLY BATCH;
"""


def test_cqlsh(directory):
    """Describes, writes, reads, pages, copies and traces; its node dies and comes back under one session."""
    with harness.running_cluster(directory, NODES) as cluster:
        script = directory / "make.cql"
        script.write_text(CQLSH_STATEMENTS)
        cqlsh(1, "-f", script)
        for command, wanted in [
            ("DESCRIBE KEYSPACES", ["shell", "system_schema"]),
            ("DESCRIBE CLUSTER", ["Cluster: marquee", "Murmur3Partitioner"]),
            ("DESCRIBE KEYSPACE shell", ["CREATE KEYSPACE shell", "CREATE TABLE shell.people", "PRIMARY KEY (id, at)", "at DESC"]),
            ("DESCRIBE TABLE shell.people", ["tags set<text>"]),
            ("DESCRIBE TABLES", ["people"]),
            ("SELECT name, tags FROM shell.people WHERE id = 1", ["Ada", "{'a', 'b'}", "Grüße", "(2 rows)"]),
            ("SELECT count(*) FROM shell.people", ["6"]),
            ("CONSISTENCY ALL; SELECT name FROM shell.people WHERE id IN (2, 3)", ["Bob", "Cyd"]),
            ("SELECT JSON id, name FROM shell.people WHERE id = 3", ['{"id": 3, "name": "Cyd"}']),
            ("EXPAND ON; SELECT name FROM shell.people WHERE id = 4", ["@ Row 2"]),
        ]:
            for node in (1, 3):
                text = cqlsh(node, "-e", command)
                missing = [word for word in wanted if word not in text]
                expect(not missing, f"{command}: {missing} not in\n{text}")
        copy_through_cqlsh(directory)
        one_session_through_a_kill(cluster)
        text = cqlsh(2, "-e", "TRACING ON; SELECT name FROM shell.people WHERE id = 1")
        expect("Tracing session:" in text and "Request complete" in text and "activity" in text, text)


def copy_through_cqlsh(directory):
    """COPY FROM and TO, and a SELECT over many pages."""
    cqlsh(1, "-e", "CREATE TABLE shell.numbers (p int, c int, v text, PRIMARY KEY (p, c))")
    source, copy = directory / "numbers.csv", directory / "copied.csv"
    source.write_text("".join(f"{n % 50},{n},row {n}\n" for n in range(5000)))
    text = cqlsh(1, "-e", f"COPY shell.numbers (p, c, v) FROM '{source}'", seconds=120)
    expect("5000 rows imported" in text, text)
    text = cqlsh(2, "-e", f"COPY shell.numbers (p, c, v) TO '{copy}'", seconds=120)
    expect("5000 rows exported" in text and sorted(copy.read_text().split()) == sorted(source.read_text().split()), text)
    text = cqlsh(3, "-e", "PAGING 500; CONSISTENCY QUORUM; SELECT c FROM shell.numbers")
    found = sorted(int(line) for line in text.splitlines() if line.strip().isdigit())
    expect(found == list(range(5000)) and "(5000 rows)" in text, f"{len(found)} rows: {text[-200:]}")


def one_session_through_a_kill(cluster):
    """One cqlsh whose node is killed and started again: it says that it cannot answer, then answers again."""
    shell = subprocess.Popen(
        [str(clients.python()), str(TOOLS / "venv" / "bin" / "cqlsh"), address(2)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
    )
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in shell.stdout], daemon=True).start()

    def answers(mark):
        """Whether a SELECT gives its row, within a second or with an error."""
        shell.stdin.write(f"SELECT name AS {mark} FROM shell.people WHERE id = 3;\n")
        shell.stdin.flush()
        deadline, is_ours = time.monotonic() + 5, False
        while time.monotonic() < deadline:
            try:
                line = lines.get(timeout=0.2)
            except queue.Empty:
                continue
            is_ours = is_ours or mark in line
            if is_ours and "Cyd" in line:
                return True
            if "NoHostAvailable" in line or "Error" in line or "refused" in line:
                return False
        return False

    try:
        wait_until(lambda: answers("before"), 20, "cqlsh answers")
        cluster.kill(2)
        expect(not answers("meanwhile"), "cqlsh reads from a node that is dead")
        cluster.start(2)
        wait_until(lambda: answers("after"), 60, "cqlsh answers again")
    finally:
        shell.kill()
        shell.wait()
