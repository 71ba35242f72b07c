"""Instructions and allocations an operation, under callgrind: free of the noise of a busy machine.

The load is of our own making, not latte's: requests go out sixteen at a time in one piece and the next sixteen when
all are answered, so each turn of the node's loop has the same to do in each run, and two builds can be compared to a
percent. Rows are few enough for the store not to compact meanwhile.
"""
import re
import shutil
import socket
import struct
import subprocess
from pathlib import Path

from cluster import MARQUEE, Cluster, address, expect, request, wait_until

BATCH = 16
KEYS, COLD_KEYS = 1_000, 4_800
PROFILES, DEPTH, PAGE = 40, 100, 50
OPERATIONS = 1_600
# Of so many windows the least counts: a compaction, or gossip on a busy machine, falls into some of them.
WINDOWS = 3
ALLOCATORS = ("malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc")
STARTUP, QUERY, PREPARE, EXECUTE, ERROR = 0x01, 0x07, 0x09, 0x0A, 0x00
CONSISTENCY = {"ONE": 1, "QUORUM": 4}


class Client:
    """One connection, protocol v4, that sends prepared statements in pieces of sixteen."""

    def __init__(self, host, consistency):
        self.consistency = CONSISTENCY[consistency]
        self.socket = socket.create_connection((host, 9042), timeout=120)
        self.received = b""
        self.ask(STARTUP, struct.pack(">HH", 1, 11) + b"CQL_VERSION" + struct.pack(">H", 5) + b"3.0.0")

    @staticmethod
    def frame(opcode, body):
        return struct.pack(">BBhBI", 4, 0, 0, opcode, len(body)) + body

    def answer(self):
        while len(self.received) < 9 or len(self.received) < 9 + struct.unpack_from(">I", self.received, 5)[0]:
            piece = self.socket.recv(1 << 18)
            expect(piece, "the node closed the connection")
            self.received += piece
        size = 9 + struct.unpack_from(">I", self.received, 5)[0]
        frame, self.received = self.received[:size], self.received[size:]
        expect(frame[4] != ERROR, f"the node answered {frame[13:]!r}")
        return frame

    def ask(self, opcode, body):
        self.socket.sendall(self.frame(opcode, body))
        return self.answer()

    def query(self, text):
        return self.ask(QUERY, struct.pack(">I", len(text)) + text.encode() + struct.pack(">HB", self.consistency, 0))

    def prepare(self, text):
        answer = self.ask(PREPARE, struct.pack(">I", len(text)) + text.encode())
        return answer[15:15 + struct.unpack_from(">H", answer, 13)[0]]

    def run(self, statement, rows):
        """Executes the statement with each row of values."""
        for at in range(0, len(rows), BATCH):
            piece = b""
            for values in rows[at:at + BATCH]:
                body = struct.pack(">H", len(statement)) + statement + struct.pack(">HBH", self.consistency, 1, len(values))
                piece += self.frame(EXECUTE, body + b"".join(struct.pack(">I", len(value)) + value for value in values))
            self.socket.sendall(piece)
            for _ in rows[at:at + BATCH]:
                self.answer()


def bigint(value):
    return struct.pack(">q", value)


class Load:
    """The tables of latte's kv.rn and history.rn in small, and what is done with them."""

    def __init__(self, client, replicas):
        self.client = client
        client.query(f"CREATE KEYSPACE IF NOT EXISTS counts WITH replication = {{'class': 'SimpleStrategy', 'replication_factor': {replicas}}}")
        client.query("CREATE TABLE IF NOT EXISTS counts.kv (key bigint PRIMARY KEY, value blob)")
        client.query("CREATE TABLE IF NOT EXISTS counts.history (profile_id uuid, watched_at timestamp, title_id bigint, position_ms int, "
                     "device text, PRIMARY KEY (profile_id, watched_at)) WITH CLUSTERING ORDER BY (watched_at DESC)")
        self.put = client.prepare("INSERT INTO counts.kv (key, value) VALUES (?, ?)")
        self.get = client.prepare("SELECT value FROM counts.kv WHERE key = ?")
        self.add = client.prepare("INSERT INTO counts.history (profile_id, watched_at, title_id, position_ms, device) VALUES (?, ?, ?, ?, ?)")
        self.newest = client.prepare(f"SELECT watched_at, title_id, position_ms, device FROM counts.history WHERE profile_id = ? LIMIT {PAGE}")

    @staticmethod
    def key(number):
        return number * 7919 % KEYS

    @staticmethod
    def entry(number, at):
        return [struct.pack(">QQ", number * 31 % PROFILES, 1), bigint(at), bigint(number), struct.pack(">i", number), b"phone"]

    def fill(self):
        self.client.run(self.put, [[bigint(number), b"v" * 100] for number in range(KEYS + COLD_KEYS)])
        self.client.run(self.add, [self.entry(number, -number) for number in range(PROFILES * DEPTH)])

    def workloads(self):
        """Name, statement, its values, and whether a first pass over them warms up: then each window has all of them, else
        a share of its own."""
        cached = [[bigint(self.key(number))] for number in range(OPERATIONS)]
        fresh = range(WINDOWS * OPERATIONS)
        return [
            ("kv read, cached", self.get, cached, True),
            ("kv read, from tables", self.get, [[bigint(KEYS + number)] for number in fresh], False),
            ("newest 50 rows", self.newest, [self.entry(number, 0)[:1] for number in range(OPERATIONS // 4)], True),
            ("kv write", self.put, [[bigint(self.key(number)), b"w" * 100] for number in fresh], False),
            ("history write", self.add, [self.entry(number, number) for number in fresh], False),
        ]


def instructions(directory, nodes):
    """{workload: {instructions, allocations}} of one node; of three at QUORUM, of the one that coordinates."""
    if shutil.which("valgrind") is None:
        print("  valgrind is not here: no instruction counts", flush=True)
        return {}
    consistency = "ONE" if nodes == 1 else "QUORUM"
    cluster = Cluster(Path(directory) / f"callgrind-{nodes}", nodes=nodes)
    cluster.up()
    try:
        Load(Client(address(1), consistency), 1 if nodes == 1 else 3).fill()
        # What is in the log becomes a table when the store is opened again.
        cluster.stop(1)
        return counted(Path(directory), cluster, nodes, consistency)
    finally:
        cluster.down()


def counted(directory, cluster, nodes, consistency):
    out = directory / f"callgrind.out-{nodes}"
    # valgrind gives up over the debug information that Swift writes, so it is given a copy without.
    binary = directory / "marquee-stripped"
    subprocess.run(["strip", "--strip-debug", "-o", str(binary), str(MARQUEE)], check=True)
    log = open(directory / "callgrind.log", "w")
    node = subprocess.Popen(
        ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", str(binary), "serve",
         "--config", str(cluster.directory / "node-1" / "marquee.yaml")],
        stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    figures = {}
    try:
        wait_until(healthy, 120, "the node answers under valgrind")
        if nodes > 1:
            cluster.wait_for_views(range(1, nodes + 1), up=range(1, nodes + 1), seconds=60)
        load = Load(Client(address(1), consistency), nodes)
        # What the start leaves to be done, such as compacting what was in the log, is done meanwhile.
        for _, statement, rows, is_warmed in load.workloads():
            if is_warmed:
                load.client.run(statement, rows)
        dumps = 0
        for name, statement, rows, is_warmed in load.workloads():
            load.client.run(statement, rows if is_warmed else rows[:BATCH])
            windows = []
            for number in range(WINDOWS):
                share = rows if is_warmed else rows[number * OPERATIONS:(number + 1) * OPERATIONS]
                control(node.pid, "-i", "on")
                load.client.run(statement, share)
                control(node.pid, "-i", "off")
                control(node.pid, "-d")
                dumps += 1
                total, allocations = read_dump(wait_until(lambda i=dumps: dump(out, i), 60, "callgrind's dump"))
                windows.append((total / len(share), allocations / len(share)))
            figures[name] = dict(zip(("instructions", "allocations"), min(windows)))
            print(f"  {nodes} node{'s' if nodes > 1 else ' '}  {name:21} {min(windows)[0]:9.0f} instructions/op, "
                  f"{min(windows)[1]:6.1f} allocations/op", flush=True)
    finally:
        node.terminate()
        try:
            node.wait(60)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()
        log.close()
    return figures


def healthy():
    try:
        return request("GET", f"http://{address(1)}:10000/health", seconds=2)[0] == 200
    except OSError:
        return False


def control(pid, *words):
    done = subprocess.run(["callgrind_control", *words, str(pid)], capture_output=True, text=True, timeout=120)
    expect(done.returncode == 0, f"callgrind_control {' '.join(words)}: {done.stderr or done.stdout}")


def dump(out, index):
    path = out.with_name(f"{out.name}.{index}")
    return path if path.exists() and "totals:" in path.read_text(errors="replace") else None


def read_dump(path):
    """Total instructions, and calls of allocators, of one dump (format: valgrind manual, cl-format)."""
    names, total, allocations, called = {}, 0, 0, None
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("totals:"):
            total = int(line.split()[1])
        elif line.startswith(("cfn=", "fn=")):
            found = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line)
            if found.group(2):
                names[found.group(1)] = found.group(2)
            if line.startswith("cfn="):
                called = names.get(found.group(1), "")
        elif line.startswith("calls=") and called is not None:
            if called.split("'")[0] in ALLOCATORS:
                allocations += int(line[len("calls="):].split()[0])
            called = None
    return total, allocations
