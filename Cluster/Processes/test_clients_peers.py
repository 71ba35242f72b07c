"""The other stock clients against three nodes: scylla-driver, acsylla (C++), scyllapy (Rust) and gocql (Go)."""
import os
import shutil
import subprocess

import clients
import harness
from cluster import expect
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


def go(directory, *words, seconds=300):
    """Runs Go as Debian installs it, with gocql in its place; skips where it is not there."""
    gopath = "/usr/share/gocode"
    if shutil.which("go") is None or not os.path.isdir(f"{gopath}/src/github.com/gocql/gocql"):
        raise harness.Skipped("Tools/setup --peers installs golang-go and golang-github-gocql-gocql-dev")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": gopath, "GOCACHE": str(directory / "go-cache"), "GOFLAGS": ""}
    done = subprocess.run(["go", *map(str, words)], capture_output=True, text=True, timeout=seconds, env=environment, cwd=directory)
    expect(done.returncode == 0, f"go {' '.join(map(str, words))} exited {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def gocql_client(directory):
    program = directory / "gocql_client"
    go(directory, "build", "-o", program, clients.CLIENTS / "gocql_client.go")
    return program


def test_gocql(directory):
    program = gocql_client(directory)
    with harness.running_cluster(directory, NODES) as cluster:
        clients.drive(cluster, [program, "gocql", *addresses()])
