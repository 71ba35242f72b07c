"""What nodes tell drivers without being asked: a node's death and return, and each change of the schema, whoever made it.
Each listener is a stock driver that knows one node alone, so that nothing but that node's events can tell it of others."""
from contextlib import ExitStack, contextmanager

from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import WhiteListRoundRobinPolicy

import harness
from cluster import address, expect, wait_until

NODES = 3
KEYSPACE = "CREATE KEYSPACE news WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 3}"


@contextmanager
def listener(node, version):
    profile = ExecutionProfile(load_balancing_policy=WhiteListRoundRobinPolicy([address(node)]), request_timeout=20)
    # No time between an event and what the driver does about it: the test waits for the latter.
    driver = Cluster(
        [address(node)], protocol_version=version, execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        schema_event_refresh_window=0, status_event_refresh_window=0, topology_event_refresh_window=0,
    )
    try:
        yield driver, driver.connect()
    finally:
        driver.shutdown()


def test_events_reach_the_drivers_of_every_node(directory):
    with harness.running_cluster(directory, NODES) as cluster, ExitStack() as stack:
        first, second, third = (
            stack.enter_context(listener(node, version)) for node, version in ((1, 3), (2, 4), (3, 5))
        )
        change_the_schema(first, [second, third])
        cluster.kill(1)
        for driver, _ in (second, third):
            # The driver has no connection to that node: what it believes of it, it was told.
            wait_until(lambda driver=driver: is_up(driver, 1) is False, 30, "the death of node 1 is told")
            expect(is_up(driver, 2) is not False and is_up(driver, 3) is not False, "a living node was called dead")
        cluster.start(1)
        for driver, _ in (second, third):
            wait_until(lambda driver=driver: is_up(driver, 1), 60, "the return of node 1 is told")
        with listener(1, 4) as (_, session):
            expect(session.execute("SELECT key FROM system.local").one(), "node 1 was called up and does not answer")
        for driver, _ in (second, third):
            expect(len(driver.metadata.all_hosts()) == NODES, f"the driver sees {driver.metadata.all_hosts()}")


def is_up(driver, node):
    return driver.metadata.get_host(address(node), 9042).is_up


def change_the_schema(maker, hearers):
    """Each change through one node; the drivers of the others learn of it."""
    _, session = maker

    def heard_by_all(statement, condition):
        session.execute(statement)
        for driver, _ in hearers:
            wait_until(lambda driver=driver: condition(driver.metadata.keyspaces), 10, f"told of {statement}")

    heard_by_all(KEYSPACE, lambda found: "news" in found)
    heard_by_all("CREATE TABLE news.items (id int PRIMARY KEY, text text)", lambda found: "items" in found["news"].tables)
    heard_by_all("ALTER TABLE news.items ADD at timestamp", lambda found: "at" in found["news"].tables["items"].columns)
    heard_by_all(
        "ALTER KEYSPACE news WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}",
        lambda found: found["news"].replication_strategy.replication_factor == 2,
    )
    heard_by_all("DROP TABLE news.items", lambda found: "items" not in found["news"].tables)
    heard_by_all("DROP KEYSPACE news", lambda found: "news" not in found)
