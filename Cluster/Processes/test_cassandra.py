"""An unmodified Cassandra as the oracle: our schema loads there too, and both describe it alike."""
import os
import subprocess
from pathlib import Path

import harness
import steady_inserts
from cluster import ROOT, cqlsh, expect

# The folder of the peers; set by the runner.
PEERS = Path()
ORACLE = 101  # Cassandra listens on 127.0.0.101
SCHEMA = ROOT / "Cluster" / "schema" / "marquee.cql"


def columns(node):
    cluster, session = steady_inserts.connect([f"127.0.0.{node}"], "ONE")
    rows = session.execute(
        "SELECT table_name, column_name, type, kind, position, clustering_order FROM system_schema.columns "
        "WHERE keyspace_name = 'marquee'"
    )
    found = {tuple(row) for row in rows}
    cluster.shutdown()
    return found


def test_the_schema_loads_in_cassandra_and_means_the_same(directory):
    peer = PEERS / "cassandra" / "peer"
    environment = {**os.environ, "PEER_DIR": str(directory / "cassandra")}
    try:
        done = subprocess.run([str(peer), "up"], capture_output=True, text=True, timeout=240, env=environment)
        expect(done.returncode == 0, f"Cassandra did not start: {done.stdout[-500:]}{done.stderr[-500:]}")
        with harness.running_cluster(directory):
            for node in (1, ORACLE):
                cqlsh(node, "-f", SCHEMA)
            ours, theirs = columns(1), columns(ORACLE)
            expect(ours == theirs, f"only here: {sorted(ours - theirs)}; only in Cassandra: {sorted(theirs - ours)}")
    finally:
        subprocess.run([str(peer), "down"], capture_output=True, timeout=120, env=environment, check=False)
