"""What a person meets first: usage, a wrong configuration, a port in use, two nodes on one data directory."""
import signal
import socket
import subprocess

import harness
from cluster import MARQUEE, ROOT, Cluster, address, expect, wait_until


def marquee(*words, seconds=30):
    done = subprocess.run(
        [str(MARQUEE), *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
    )
    return done.returncode, done.stdout, done.stderr


def write_configuration(directory, **changes):
    """A good configuration on 127.0.0.8 with lines replaced or added."""
    lines = {
        "cluster_name": "marquee", "data_directory": "data", "listen": "{address: 127.0.0.8}", **changes,
    }
    path = directory / "marquee.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in lines.items() if value is not None))
    return path


def test_usage_errors_say_what_was_wrong(_directory):
    for words, part in [
        (["clutser", "up"], "unknown command clutser"),
        (["cluster", "up", "--node", "3"], "did you mean --nodes?"),
        (["cluster", "up", "--nodes", "many"], "--nodes wants 1 to 9, not many"),
        (["cluster", "kill"], "N is missing"),
        (["serve"], "--config FILE is missing"),
        (["status", "--node", "somewhere"], "--node wants ADDRESS"),
    ]:
        status, _, error = marquee(*words)
        expect(status == 64 and part in error, f"marquee {' '.join(words)}: exit {status}, {error!r}")


def test_help_names_every_command(_directory):
    status, text, _ = marquee("help")
    expect(status == 0 and "marquee cluster up" in text and "marquee serve" in text, text)
    status, text, _ = marquee("help", "cluster", "up")
    expect(status == 0 and "--nodes N" in text, text)


def test_the_sample_configuration_is_the_one_in_topologies(_directory):
    _, text, _ = marquee("config")
    expect(text == (ROOT / "Cluster" / "topologies" / "one-node.yaml").read_text(), "one-node.yaml is not what `marquee config` prints")


def test_a_wrong_configuration_is_refused_by_line(directory):
    for changes, part in [
        ({"nun_tokens": 16}, "marquee.yaml:4: unknown key nun_tokens (did you mean num_tokens?)"),
        ({"cluster_name": None}, "marquee.yaml:1: the key cluster_name is missing"),
        ({"num_tokens": "many"}, 'marquee.yaml:4: num_tokens wants a whole number, not "many"'),
        ({"token_secret_file": "gone"}, "gone: open: No such file or directory"),
    ]:
        status, _, error = marquee("serve", "--config", write_configuration(directory, **changes))
        expect(status == 1 and part in error, f"{changes}: exit {status}, {error!r}")
    status, _, error = marquee("serve", "--config", directory / "gone.yaml")
    expect(status == 1 and "gone.yaml" in error, f"exit {status}, {error!r}")


def test_a_port_in_use_is_named(directory):
    for port in (9042, 8080, 7000, 10000):
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Even a holder that would share its port: a node must not slip in beside it in silence.
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.bind(("127.0.0.8", port))
            holder.listen()
            status, out, error = marquee("serve", "--config", write_configuration(directory))
            expect(status not in (0, 64) and f"127.0.0.8:{port}" in out + error, f"exit {status}, {(out + error)!r}")


def test_a_second_node_on_one_data_directory_is_refused(directory):
    with harness.running_cluster(directory) as cluster:
        data = cluster.directory / "node-1" / "data"
        status, out, error = marquee("serve", "--config", write_configuration(directory, data_directory=data))
        text = out + error
        expect(status not in (0, 64) and str(data) in text, f"exit {status}, {text!r}")
        cluster.marquee("cluster", "status", "--directory", cluster.directory)


def test_sigterm_drains_and_stops(directory):
    path = write_configuration(directory)
    node = subprocess.Popen([str(MARQUEE), "serve", "--config", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def accepts():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.8", 9042)) == 0

        wait_until(accepts, 30, "the node accepts connections")
        node.send_signal(signal.SIGTERM)
        expect(node.wait(20) == 0, f"exit {node.returncode} after SIGTERM")
    finally:
        if node.poll() is None:
            node.kill()
            node.wait()


def test_a_cluster_is_paused_resumed_killed_and_started(directory):
    with harness.running_cluster(directory, nodes=2) as cluster:
        words = ["--directory", str(cluster.directory)]
        status, text, _ = marquee("cluster", "status", *words)
        expect(status == 0 and text.count("answers") == 4, text)
        marquee("cluster", "pause", "2", *words)
        _, text, _ = marquee("cluster", "status", *words)
        expect("paused" in text, text)
        marquee("cluster", "resume", "2", *words)
        cluster.kill(2)
        status, text, _ = marquee("cluster", "status", *words)
        expect(status == 1 and "stopped" in text, text)
        status, _, error = marquee("cluster", "kill", "2", *words)
        expect(status == 1 and "does not run" in error, error)
        cluster.start(2)
        cluster.wait_for_views([1, 2], up=[1, 2])
        text = cluster.marquee("status", "--node", address(2))
        expect(text.count("UN  ") == 2, text)
        text = cluster.marquee("ring", "--node", address(1))
        expect(text.count("Normal") == 32, text)
