"""What every client program of this folder has in common: how it speaks with the test that runs it, and what it does.

A client program is a stock driver at work, a process of its own with an interpreter of its own. It prints lines:

    ask kill ADDRESS     the test kills that node (-9) and answers `done` on standard input
    ask start ADDRESS    the test starts it again and answers when it takes clients
    note TEXT            for a person
    passed               the end; anything else, or another exit status than 0, is a failure

The steps are the same for each: show the schema, create, write (prepared and not), read back, page over ROWS rows while
the node that began the paging dies, batches, a trace, then work while a node is killed, comes back and serves again.
Every statement of the work is idempotent, so no failure may reach the program where its driver retries such statements.
"""
import os
import sys
import time

PARTITIONS, ROWS_A_PARTITION = 50, 100
ROWS = PARTITIONS * ROWS_A_PARTITION
PAGE_ROWS = 500
PAGES_BEFORE_THE_KILL = 3
WORKERS = 8
OPERATIONS_BEFORE_THE_KILL = 300
OPERATIONS_WITHOUT_THE_NODE = 600
SECONDS_WITHOUT_THE_NODE = 2
SECONDS_UNTIL_USED_AGAIN = 90
BATCH_PARTITIONS = 20

COORDINATOR = "SELECT rpc_address FROM system.local"


def keyspace_statement(keyspace):
    return (
        f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': 3}}"
    )


def table_statements(keyspace):
    return [
        f"CREATE TABLE {keyspace}.types (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean, e decimal, f double, g float, "
        "h inet, i smallint, j text, l timestamp, m timeuuid, n tinyint, o uuid, p varint, q date, r time, "
        "s set<text>, t list<int>, u map<text, bigint>, v frozen<map<int, frozen<list<text>>>>, w tuple<int, text>)",
        f"CREATE TABLE {keyspace}.wide (p int, c int, v text, PRIMARY KEY (p, c)) WITH CLUSTERING ORDER BY (c DESC)",
        f"CREATE TABLE {keyspace}.kv (k bigint PRIMARY KEY, v text)",
    ]


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def note(text):
    print(f"note {text}", flush=True)


def ask(word, address):
    """Has the test do something to a node, and waits until it is done."""
    print(f"ask {word} {address}", flush=True)
    answer = sys.stdin.readline().strip()
    expect(answer == "done", f"asked to {word} {address}, told {answer!r}")


def passed():
    print("passed", flush=True)
    # Drivers' own threads and pools are not what is tested: the end is the end.
    sys.stdout.flush()
    os._exit(0)


def check_pages(rows):
    """`rows` are (p, c) in the order in which they came: all of them, each partition whole and in its order."""
    expect(len(rows) == ROWS, f"{len(rows)} of {ROWS} rows came")
    expect(len(set(rows)) == ROWS, f"{ROWS - len(set(rows))} rows came twice")
    for first in range(0, ROWS, ROWS_A_PARTITION):
        part = rows[first:first + ROWS_A_PARTITION]
        wanted = [(part[0][0], c) for c in range(ROWS_A_PARTITION - 1, -1, -1)]
        expect(part == wanted, f"rows {first}...: {part[:3]}, wanted {wanted[:3]}")


class Progress:
    """Counts the operations of the workers and tells them when to end."""

    def __init__(self):
        self.done = 0
        self.failures = []
        self.stop = False

    def failed(self, error):
        self.failures.append(f"{type(error).__name__}: {error}")

    def check(self):
        expect(not self.failures, f"{len(self.failures)} operations failed, {self.done} did not; the first: {self.failures[:3]}")


class WorkPlan:
    """When the node dies, comes back and counts as used again; `step` is called often and says whether the work is over."""

    def __init__(self, progress, victim):
        self.progress = progress
        self.victim = victim
        self.phase = "before"
        self.mark_operations = 0
        self.mark_seconds = 0.0

    def step(self, coordinators):
        """`coordinators`: the nodes that have answered since the last call."""
        self.progress.check()
        done, now = self.progress.done - self.mark_operations, time.monotonic()
        if self.phase == "before" and done >= OPERATIONS_BEFORE_THE_KILL:
            ask("kill", self.victim)
            self._enter("without")
        elif self.phase == "without" and done >= OPERATIONS_WITHOUT_THE_NODE:
            if now - self.mark_seconds >= SECONDS_WITHOUT_THE_NODE:
                ask("start", self.victim)
                self._enter("back")
        elif self.phase == "back":
            if self.victim in coordinators:
                note(f"{self.victim} is used again {now - self.mark_seconds:.1f} s after it came back")
                self._enter("over")
            expect(now - self.mark_seconds < SECONDS_UNTIL_USED_AGAIN, f"{self.victim} is not used again")
        return self.phase == "over"

    def _enter(self, phase):
        self.phase = phase
        self.mark_operations = self.progress.done
        self.mark_seconds = time.monotonic()
