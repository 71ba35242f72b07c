"""Two datacenters of three nodes each: what crosses between them, and what goes on when one of them is gone."""
import harness
import steady_inserts
from cluster import address, expect, wait_until

HERE = [1, 2, 3]
THERE = [4, 5, 6]
WRITES = 60
KEYSPACE = "CREATE KEYSPACE t WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 3}"


def configuration(node):
    return f"datacenter: {'dc1' if node in HERE else 'dc2'}\nrack: rack1\n"


def sessions(nodes):
    """A session with each node alone: {node: session}, and what ends them."""
    opened = {node: steady_inserts.connect([address(node)], "ONE") for node in nodes}
    return {node: session for node, (_, session) in opened.items()}, lambda: [driver.shutdown() for driver, _ in opened.values()]


def at(level, text, *values):
    from cassandra import ConsistencyLevel
    from cassandra.query import SimpleStatement

    return SimpleStatement(text, consistency_level=getattr(ConsistencyLevel, level)), values


def run(session, level, text, *values):
    return session.execute(*at(level, text, *values))


def write(session, level, key):
    run(session, level, "INSERT INTO t.rows (k, v) VALUES (%s, %s)", key, f"v{key}")


def read(session, level, key):
    row = run(session, level, "SELECT v FROM t.rows WHERE k = %s", key).one()
    return row and row.v


def refusal(session, level, key):
    """What Unavailable says: (required, alive)."""
    from cassandra import Unavailable
    from cassandra.cluster import NoHostAvailable

    try:
        write(session, level, key)
    except Unavailable as failure:
        return failure.required_replicas, failure.alive_replicas
    except NoHostAvailable as failure:
        for error in failure.errors.values():
            if isinstance(error, Unavailable):
                return error.required_replicas, error.alive_replicas
        raise
    return None


def total(cluster, name, nodes):
    return sum(cluster.metrics(node)[name] for node in nodes)


def test_two_datacenters(directory):
    cluster = harness.Cluster(directory / "cluster", 6, configuration)
    try:
        cluster.up()
        cluster.wait_for_views(HERE + THERE, HERE + THERE)
        opened, close = sessions([1, 4])
        home, abroad = opened[1], opened[4]
        home.execute(KEYSPACE)
        home.execute("CREATE TABLE t.rows (k int PRIMARY KEY, v text) WITH speculative_retry = 'NEVER'")
        each_write_crosses_once(cluster, home)
        for key in range(WRITES):
            expect(read(abroad, "LOCAL_QUORUM", key) == f"v{key}", f"dc2 does not have key {key} at LOCAL_QUORUM")
            expect(read(home, "EACH_QUORUM", key) == f"v{key}", f"key {key} at EACH_QUORUM")
        close()

        for node in THERE:
            cluster.kill(node)
        cluster.wait_for_views(HERE, HERE)
        opened, close = sessions([1])
        home = opened[1]
        alone(cluster, home)
        close()

        for node in THERE:
            cluster.start(node)
        cluster.wait_for_views(HERE + THERE, HERE + THERE)
        wait_until(lambda: total(cluster, "marquee_hints_waiting", HERE) == 0, 60, "hints handed over")
        opened, close = sessions(THERE)
        for node in THERE:
            # Each replica of dc2 by itself: it is the nearest one, and ONE asks no other.
            for key in range(1000, 1000 + WRITES):
                expect(read(opened[node], "LOCAL_ONE", key) == f"v{key}", f"node {node} did not get key {key} as a hint")
        write(opened[4], "EACH_QUORUM", 5000)
        close()
    except Exception:
        for node in HERE + THERE:
            print(f"-- the end of node {node}'s log\n{cluster.log_tail(node, 8)}", flush=True)
        raise
    finally:
        cluster.down()


def each_write_crosses_once(cluster, home):
    """A write at EACH_QUORUM: two messages at home, one to dc2, which one of its replicas passes on."""
    sent = total(cluster, "marquee_peer_forwards_total", [1])
    served = {node: cluster.metrics(node)["marquee_peer_forwards_served_total"] for node in THERE}
    requests = total(cluster, "marquee_peer_requests_total", [1])
    for key in range(WRITES):
        write(home, "EACH_QUORUM", key)
    sent = total(cluster, "marquee_peer_forwards_total", [1]) - sent
    requests = total(cluster, "marquee_peer_requests_total", [1]) - requests
    expect(sent == WRITES, f"{WRITES} writes crossed {sent:.0f} times")
    expect(requests == 3 * WRITES, f"{WRITES} writes are {requests:.0f} requests to peers, not three each")
    share = {node: cluster.metrics(node)["marquee_peer_forwards_served_total"] - served[node] for node in THERE}
    expect(sum(share.values()) == WRITES, f"passed on: {share}")
    expect(all(count > 0 for count in share.values()), f"replicas do not take turns: {share}")


def alone(cluster, home):
    """dc2 is dead."""
    for key in range(1000, 1000 + WRITES):
        write(home, "LOCAL_QUORUM", key)
        expect(read(home, "LOCAL_QUORUM", key) == f"v{key}", f"key {key} at LOCAL_QUORUM")
    said = refusal(home, "EACH_QUORUM", 1)
    expect(said == (2, 0), f"EACH_QUORUM without dc2: required and alive are {said}, not (2, 0)")
    said = refusal(home, "QUORUM", 1)
    expect(said == (4, 3), f"QUORUM without dc2: required and alive are {said}, not (4, 3)")
    said = refusal(home, "ALL", 1)
    expect(said == (6, 3), f"ALL without dc2: required and alive are {said}, not (6, 3)")
    # One hint for each replica that missed a write.
    waiting = total(cluster, "marquee_hints_waiting", HERE)
    expect(waiting == 3 * WRITES, f"{waiting:.0f} hints wait, not {3 * WRITES}")
