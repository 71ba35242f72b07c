"""gocql: a program of ours that uses it, and its own integration tests, each with the outcome that gocql_suite.txt says."""
import re
import subprocess
from pathlib import Path

import clients
import harness
from cluster import expect
from test_clients import NODES, addresses

LIST = Path(__file__).with_name("gocql_suite.txt")
OUTCOMES = {"PASS": "passes", "FAIL": "fails", "SKIP": "skips"}


def client(directory):
    program = directory / "gocql_client"
    clients.go(directory, "build", "-o", program, clients.CLIENTS / "gocql_client.go")
    return program


def test_gocql(directory):
    program = client(directory)
    with harness.running_cluster(directory, NODES) as cluster:
        clients.drive(cluster, [program, "gocql", *addresses()])


def test_gocql_over_tls_with_a_password(directory):
    """And the one test of its suite that wants a password: user and password are cassandra."""
    program, own = client(directory), suite(directory)
    secured = clients.Secured(directory)
    with harness.running_cluster(directory, NODES, secured.configuration) as cluster:
        clients.drive(cluster, [program, *secured.words("-"), "gocql_tls", *addresses()])
        wrong = [*secured.words("-")]
        wrong[wrong.index("-password") + 1] = "wrong"
        done = subprocess.run([str(program), *map(str, wrong), "gocql_tls", *addresses()], capture_output=True, text=True, check=False)
        expect(done.returncode != 0 and "incorrect" in done.stderr, f"with a wrong password: {done.stderr}")
    with harness.running_cluster(
        directory / "open", NODES, f"authenticator: PasswordAuthenticator\ncredentials_file: {secured.credentials}\n",
    ):
        for _ in range(5):
            # The driver waits 600 ms for a connection, and a first check of a password costs each node a tenth of a second of
            # CPU: on a busy machine that is too long, until the nodes remember.
            found, text = run_suite(own, "-proto", 4, "-runauth", "-test.run", "^TestAuthentication$")
            if found == {"TestAuthentication": "passes"}:
                break
        expect(found == {"TestAuthentication": "passes"}, f"{found}\n{text[-800:]}")


def suite(directory):
    program = directory / "gocql.test"
    clients.go(directory, "test", "-tags", "cassandra integration", "-c", "-o", program, "github.com/gocql/gocql")
    return program


def run_suite(program, *options, seconds=300):
    """Runs the suite; returns its outcomes by name and what it printed."""
    command = [
        str(program), "-test.v", f"-test.timeout={seconds - 10}s", "-cluster", ",".join(addresses()), "-rf", "1",
        "-clusterSize", str(NODES), "-gocql.cversion", "5.0.0", "-gocql.timeout", "10s", *map(str, options),
    ]
    # Its testdata are looked for in its own folder.
    folder = f"{clients.GOPATH}/src/github.com/gocql/gocql"
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, cwd=folder, check=False)
    found = re.findall(r"^--- (PASS|FAIL|SKIP): (\S+)", done.stdout, re.MULTILINE)
    return {name: OUTCOMES[outcome] for outcome, name in found}, done.stdout


def listed():
    lines = [line.split(None, 1) for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return {name: rest.split(":")[0].strip() for name, rest in lines}


def differences(wanted, found):
    return [f"{name}: listed {wanted.get(name)}, found {found.get(name)}" for name in sorted(wanted.keys() | found.keys())
            if wanted.get(name) != found.get(name) and not (wanted.get(name) == "varies" and name in found)]


def said_by(name, text):
    """What the suite printed while a test ran."""
    part = text.partition(f"=== RUN   {name}\n")[2].partition("=== RUN   ")[0]
    return "\n".join(line[:300] for line in part.splitlines()[:12])


def test_gocqls_own_suite(directory):
    program = suite(directory)
    with harness.running_cluster(directory, NODES):
        for options in ([], ["-compressor", "snappy"]):
            found, text = run_suite(program, "-proto", 4, *options)
            wanted = listed()
            wrong = differences(wanted, found)
            for line in wrong:
                print(f"        {line}\n{said_by(line.split(':')[0], text)}", flush=True)
            expect(not wrong, f"{len(wrong)} of {len(wanted)} tests came out otherwise than {LIST.name} says: {wrong[:5]}")
            counts = ", ".join(f"{list(found.values()).count(word)} {word}" for word in OUTCOMES.values())
            print(f"        {' '.join(options) or 'plain'}: {counts}, as listed", flush=True)
