"""The other stock clients against three nodes: scylla-driver, acsylla (C++), scyllapy (Rust); test_gocql.py is Go's."""
import clients
import harness
from test_clients import NODES, addresses


def run_python(cluster, program, *words):
    python = clients.python("clients")
    if python is None:
        raise harness.Skipped("Tools/setup --peers makes .tools/clients")
    clients.drive(cluster, [python, clients.CLIENTS / program, *words, *addresses()])


def test_scylla_driver(directory):
    """Its first choice is protocol 5."""
    with harness.running_cluster(directory, NODES) as cluster:
        run_python(cluster, "python_client.py", "scylla")


def test_acsylla(directory):
    with harness.running_cluster(directory, NODES) as cluster:
        run_python(cluster, "acsylla_client.py", "acsylla")


def test_scyllapy(directory):
    with harness.running_cluster(directory, NODES) as cluster:
        run_python(cluster, "scyllapy_client.py", "scyllapy")
