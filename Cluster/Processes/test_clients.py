"""The stock cassandra-driver, at each protocol version with each compression, and cqlsh, against three nodes."""
import clients
import harness
from cluster import address


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
