"""Runs the client programs of Cluster/Clients against a cluster, and does to its nodes what they ask for."""
import os
import shutil
import subprocess
import threading
from pathlib import Path

import harness
from certificates import Authority
from cluster import MARQUEE, ROOT, TOOLS, address, expect

CLIENTS = ROOT / "Cluster" / "Clients"
MAX_SECONDS = 240
# Where Debian puts the sources of Go packages.
GOPATH = "/usr/share/gocode"


def python(environment="venv"):
    """The interpreter of an environment that Tools/setup made, or None."""
    file = TOOLS / environment / "bin" / "python"
    return file if file.exists() else None


def drive(cluster, command, seconds=MAX_SECONDS):
    """Runs one client program to its end; fails with what it said where it did not pass."""
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        bufsize=1, env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    errors = []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()), daemon=True)
    reader.start()
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    nodes = {address(node): node for node in range(1, cluster.nodes + 1)}
    last = ""
    try:
        for line in process.stdout:
            last = line.strip()
            word, _, rest = last.partition(" ")
            if word == "note":
                print(f"        {rest}", flush=True)
            elif word == "ask":
                verb, _, where = rest.partition(" ")
                {"kill": cluster.kill, "start": cluster.start}[verb](nodes[where])
                process.stdin.write("done\n")
                process.stdin.flush()
        process.wait(10)
    finally:
        killer.cancel()
        process.kill()
        reader.join(5)
    name = Path(str(command[1])).name if len(command) > 1 else str(command[0])
    tail = "\n".join("".join(errors).strip().splitlines()[-25:])
    expect(process.returncode == 0 and last == "passed", f"{name} exited {process.returncode}, last line {last!r}\n{tail}")

def go(directory, *words, seconds=300):
    """Runs Go as Debian installs it, with gocql in its place; skips where it is not there."""
    if shutil.which("go") is None or not os.path.isdir(f"{GOPATH}/src/github.com/gocql/gocql"):
        raise harness.Skipped("Tools/setup --peers installs golang-go and golang-github-gocql-gocql-dev")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": GOPATH, "GOCACHE": str(TOOLS / "go-cache"), "GOFLAGS": ""}
    done = subprocess.run(["go", *map(str, words)], capture_output=True, text=True, timeout=seconds, env=environment, cwd=directory)
    expect(done.returncode == 0, f"go {' '.join(map(str, words))} exited {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout



def client_section(certificate, key):
    return f"client_encryption_options:\n  enabled: true\n  certificate: {certificate}\n  private_key: {key}\n"


def server_section(certificate, key, ca):
    return (
        f"server_encryption_options:\n  internode_encryption: all\n  certificate: {certificate}\n  private_key: {key}\n"
        f"  ca: {ca}\n  require_endpoint_verification: true\n"
    )


class Secured:
    """What three nodes and their clients need for TLS and a password: `configuration` for the cluster, `words` for a
    client program. Between the nodes is TLS too, of another authority."""

    USER, PASSWORD = "cassandra", "cassandra"

    def __init__(self, directory):
        self.directory = directory
        self.clients = Authority(directory / "clients", "clients")
        self.nodes = Authority(directory / "nodes", "nodes")
        self.credentials = directory / "credentials"
        done = subprocess.run(
            [str(MARQUEE), "credentials", "set", self.USER, "--file", str(self.credentials)], input=f"{self.PASSWORD}\n",
            capture_output=True, text=True, check=False,
        )
        expect(done.returncode == 0, f"credentials set {self.USER}: {done.stderr}")

    def configuration(self, node):
        folder = self.directory / f"keys-{node}"
        outer = self.clients.issue(f"client-side-{node}", [address(node)], folder)
        inner = self.nodes.issue(f"node-side-{node}", [address(node)], folder)
        return (
            client_section(*outer) + server_section(*inner, self.nodes.certificate)
            + f"authenticator: PasswordAuthenticator\ncredentials_file: {self.credentials}\n"
        )

    def words(self, dashes="--"):
        return [f"{dashes}user", self.USER, f"{dashes}password", self.PASSWORD, f"{dashes}ca", self.clients.certificate]
