"""TLS and passwords with real processes and the stock Python driver: what is let in, what is refused, and in which
words; certificates renewed while a node runs; nodes that believe only their own authority."""
import os
import signal
import socket
import ssl
import subprocess
from contextlib import contextmanager

from cassandra import AuthenticationFailed, ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster as Driver
from cassandra.cluster import NoHostAvailable
from cassandra.query import SimpleStatement

from certificates import Authority, serial
from cluster import MARQUEE, address, expect, wait_until
from harness import running_cluster

CQL = 9042
INTERNODE = 7000
OPTIONS = bytes([4, 0, 0, 0, 5, 0, 0, 0, 0])


def client_section(certificate, key, ca=None):
    text = f"client_encryption_options:\n  enabled: true\n  certificate: {certificate}\n  private_key: {key}\n"
    return text + (f"  ca: {ca}\n  require_client_auth: true\n" if ca else "")


def server_section(certificate, key, ca):
    return (
        f"server_encryption_options:\n  internode_encryption: all\n  certificate: {certificate}\n  private_key: {key}\n"
        f"  ca: {ca}\n  require_endpoint_verification: true\n"
    )


def password_lines(credentials):
    return f"authenticator: PasswordAuthenticator\ncredentials_file: {credentials}\n"


def set_password(file, name, password):
    """As an operator does: the password comes on standard input."""
    done = subprocess.run(
        [str(MARQUEE), "credentials", "set", name, "--file", str(file)], input=f"{password}\n", capture_output=True, text=True,
    )
    expect(done.returncode == 0, f"credentials set {name}: {done.stderr}")


def believing(authority, certificate=None, key=None):
    """A client's TLS context that checks the server's address too."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if certificate:
        context.load_cert_chain(str(certificate), str(key))
    return context


@contextmanager
def session(context=None, user=None, password=None, node=1, **more):
    """A driver's session; its failures come out of the `with`."""
    provider = PlainTextAuthProvider(user, password) if user else None
    driver = Driver([address(node)], port=CQL, ssl_context=context, auth_provider=provider, connect_timeout=10, **more)
    try:
        yield driver.connect()
    finally:
        driver.shutdown()


def refusal(**how):
    """What the driver says where it is not let in."""
    try:
        with session(**how) as open_session:
            open_session.execute("SELECT key FROM system.local")
    except NoHostAvailable as failure:
        return next(iter(failure.errors.values()))
    except Exception as failure:  # the driver passes some of them on as they are
        return failure
    return None


def presented_serial(node=1):
    """The serial number of the certificate that a new connection is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((address(node), CQL), timeout=10) as plain:
        with context.wrap_socket(plain) as secured:
            return serial(ssl.DER_cert_to_PEM_cert(secured.getpeercert(binary_form=True)))


def answer_in_the_open(port, node=1):
    """What a port answers to OPTIONS without TLS; b"" at its end, a failure where it hangs."""
    with socket.create_connection((address(node), port), timeout=10) as plain:
        plain.sendall(OPTIONS)
        received = b""
        try:
            while piece := plain.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


def is_let_in(port, context, node=1):
    """Whether the port goes on with a client of this context after the handshake: under TLS 1.3 a server looks at the
    client's certificate when the client has finished already."""
    try:
        with socket.create_connection((address(node), port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname=address(node)) as secured:
                secured.settimeout(2)
                try:
                    return secured.recv(1) != b""
                except TimeoutError:
                    return True
    except (ssl.SSLError, ConnectionError):
        return False


def test_drivers_need_tls_and_a_password(directory):
    """TLS and a password, one after the other; refused in Cassandra's words, and never left hanging."""
    clients = Authority(directory / "clients", "clients")
    certificate, key = clients.issue("node", [address(1)])
    credentials = directory / "credentials"
    set_password(credentials, "ada", "love: lace")
    set_password(credentials, "bob", "builder")
    expect(credentials.stat().st_mode & 0o77 == 0, "others may read the credentials")
    expect("love" not in credentials.read_text(), "the password stands in the file")
    configuration = client_section(certificate, key) + password_lines(credentials)
    with running_cluster(directory, 1, configuration) as cluster:
        context = believing(clients)
        for version in (3, 4, 5):
            with session(context, "ada", "love: lace", protocol_version=version) as open_session:
                row = open_session.execute("SELECT cluster_name FROM system.local").one()
                expect(row.cluster_name == "marquee", f"v{version}: the cluster is {row.cluster_name}")

        failure = refusal(context=context, user="ada", password="wrong")
        expect(isinstance(failure, AuthenticationFailed), f"a wrong password: {failure!r}")
        expect("Provided username ada and/or password are incorrect" in str(failure), f"a wrong password: {failure}")
        failure = refusal(context=context, user="eve", password="love: lace")
        expect("Provided username eve and/or password are incorrect" in str(failure), f"an unknown name: {failure}")
        failure = refusal(context=context)
        expect(failure is not None and "authentication" in str(failure).lower(), f"no password: {failure!r}")

        stranger = Authority(directory / "other", "other")
        failure = refusal(context=believing(stranger), user="ada", password="love: lace")
        expect("CERTIFICATE_VERIFY_FAILED" in repr(failure), f"a client that believes another authority: {failure!r}")
        failure = refusal(user="ada", password="love: lace")
        expect(failure is not None, "a driver without TLS was let in")
        expect(answer_in_the_open(CQL)[:1] != b"\x84", "a client without TLS was answered")
        wait_until(lambda: "a TLS handshake failed" in cluster.log_tail(1, 200), 5, "the log tells of it")

        # Another password counts without a restart.
        set_password(credentials, "bob", "architect")
        os.kill(cluster.pid(1), signal.SIGHUP)
        wait_until(lambda: refusal(context=context, user="bob", password="architect") is None, 15, "the new password counts")
        expect(refusal(context=context, user="bob", password="builder") is not None, "the old password still counts")
        expect("CQL answers" in cluster.marquee("cluster", "status", "--directory", cluster.directory), "status")


def test_clients_must_show_certificates_where_it_is_asked(directory):
    """require_client_auth: a client's certificate, of the clients' authority and no other."""
    clients = Authority(directory / "clients", "clients")
    nodes = Authority(directory / "nodes", "nodes")
    certificate, key = clients.issue("node", [address(1)])
    with running_cluster(directory, 1, client_section(certificate, key, clients.certificate)):
        with session(believing(clients, *clients.issue("app"))) as open_session:
            expect(open_session.execute("SELECT key FROM system.local").one(), "no row")
        expect(refusal(context=believing(clients)) is not None, "a client without a certificate was let in")
        expect(refusal(context=believing(clients, *nodes.issue("app"))) is not None, "a node's certificate was let in")


def test_one_authority_for_nodes_and_clients_is_warned_of(directory):
    """Then each client's certificate would do for a node."""
    both = Authority(directory / "both", "both")
    files = both.issue("node", [address(1)])
    configuration = client_section(*files, both.certificate) + server_section(*files, both.certificate)
    with running_cluster(directory, 1, configuration) as cluster:
        expect("can pass for a node" in cluster.log_tail(1, 200), "the log does not warn")


def test_a_renewed_certificate_is_used_without_a_restart(directory):
    """New connections get the new one, old ones go on, a broken file changes nothing."""
    clients = Authority(directory / "clients", "clients")
    certificate, key = clients.issue("node", [address(1)])
    with running_cluster(directory, 1, client_section(certificate, key)) as cluster:
        first = presented_serial()
        expect(first == serial(certificate.read_text()), "another certificate than the file's")
        with session(believing(clients)) as old:
            clients.issue("node", [address(1)])
            renewed = serial(certificate.read_text())
            expect(renewed != first, "the same certificate again")
            # By itself, at the next look.
            wait_until(lambda: presented_serial() == renewed, 20, "the renewed certificate is shown")
            expect(old.execute("SELECT key FROM system.local").one(), "the old connection is gone")

            certificate.write_text("no certificate at all\n")
            os.kill(cluster.pid(1), signal.SIGHUP)
            wait_until(lambda: "cannot be used" in cluster.log_tail(1, 200), 5, "the log tells of the broken file")
            expect(presented_serial() == renewed, "the broken file was taken")
            clients.issue("node", [address(1)])
            os.kill(cluster.pid(1), signal.SIGHUP)
            last = serial(certificate.read_text())
            wait_until(lambda: presented_serial() == last, 5, "SIGHUP has the certificate read")
            expect(old.execute("SELECT key FROM system.local").one(), "the old connection is gone")


def test_nodes_believe_their_own_authority_alone(directory):
    """Three nodes under mutual TLS: ALL works, and neither a node of another authority nor a client comes in."""
    nodes = Authority(directory / "nodes", "nodes")
    clients = Authority(directory / "clients", "clients")
    other = Authority(directory / "other", "other")

    def configuration(node):
        certificate, key = nodes.issue(f"node-{node}", [address(node)])
        return server_section(certificate, key, nodes.certificate)

    with running_cluster(directory, 3, configuration) as cluster:
        with session() as open_session:
            open_session.execute(
                "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}"
            )
            open_session.execute("CREATE TABLE k.t (id int PRIMARY KEY, v text)")
            for number in range(100):
                open_session.execute(
                    SimpleStatement("INSERT INTO k.t (id, v) VALUES (%s, %s)", consistency_level=ConsistencyLevel.ALL),
                    (number, "x" * number * 100),
                )
            rows = list(open_session.execute(
                SimpleStatement("SELECT id, v FROM k.t", consistency_level=ConsistencyLevel.ALL)
            ))
            expect(len(rows) == 100 and all(len(row.v) == row.id * 100 for row in rows), "rows are missing")

        expect(answer_in_the_open(INTERNODE)[:1] not in (b"M", b"\x84"), "the internode port answered in the open")
        good = believing(nodes, *nodes.issue("probe", [address(1)]))
        expect(is_let_in(INTERNODE, good), "a node's certificate was refused")
        believing_nodes = believing(nodes, *clients.issue("app"))
        expect(not is_let_in(INTERNODE, believing_nodes), "a client's certificate was let in between nodes")
        expect(not is_let_in(INTERNODE, believing(nodes)), "somebody without a certificate was let in between nodes")

        # A fourth node, of another authority, and one whose certificate is another node's.
        for name, (certificate, key, ca) in {
            "stranger": (*other.issue("node-4", [address(4)]), other.certificate),
            "impostor": (*other.issue("node-4", [address(4)]), nodes.certificate),
        }.items():
            folder = directory / name
            folder.mkdir()
            (folder / "marquee.yaml").write_text(
                f"cluster_name: marquee\ndata_directory: data\nseeds: [{address(1)}]\n"
                f"listen: {{address: {address(4)}}}\n" + server_section(certificate, key, ca)
            )
            with (folder / "log").open("w") as log:
                process = subprocess.Popen([str(MARQUEE), "serve", "--config", str(folder / "marquee.yaml")], stderr=log)
            try:
                # It tries again and again; its log has a line a second for that.
                wait_until(
                    lambda: (folder / "log").read_text().count("TLS") >= 3, 20,
                    f"{name}: the log says more than once that it is refused",
                )
                expect(address(4) not in cluster.views(1), f"{name}: node 1 knows it")
            finally:
                process.terminate()
                process.wait(30)


def test_settings_that_do_not_fit_are_named_at_the_start(directory):
    """A node does not start with files that are missing or do not belong together, and says which."""
    nodes = Authority(directory / "nodes", "nodes")
    certificate, key = nodes.issue("a", [address(1)])
    _, other_key = nodes.issue("b", [address(1)])
    cases = {
        "/no/such.pem": client_section("/no/such.pem", key),
        "key values mismatch": client_section(certificate, other_key),
        "credentials_file is wanted": "authenticator: PasswordAuthenticator\n",
        "/no/credentials": password_lines("/no/credentials"),
        "client_encryption_options.private_key is wanted":
            f"client_encryption_options: {{enabled: true, certificate: {certificate}}}\n",
        "client_encryption_options.optional wants false":
            "client_encryption_options: {enabled: true, optional: true}\n",
        "server_encryption_options.internode_encryption wants one of none, all":
            "server_encryption_options: {internode_encryption: rack}\n",
    }
    for words, text in cases.items():
        file = directory / "marquee.yaml"
        file.write_text(
            f"cluster_name: marquee\ndata_directory: {directory}/data\nlisten: {{address: {address(1)}}}\n{text}"
        )
        done = subprocess.run(
            [str(MARQUEE), "serve", "--config", str(file)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=30,
        )
        expect(done.returncode != 0, f"a node started with {text}")
        expect(words in done.stderr, f"{text}: {done.stderr}")
