#!/usr/bin/env python3
"""First light, step by step: three nodes, a stock driver, a node killed, a film that plays. `Tools/demo` runs it.

  demo.py --check     for a machine: asserts every step, cleans up, exits 0 or says which step failed and why
  demo.py             for a person: says what it shows, and leaves the cluster up until told to stop
"""
import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import steady_inserts
from cluster import MARQUEE, ROOT, TOOLS, Cluster, Progress, StepFailed, address, cqlsh, expect, request, wait_until

SCHEMA = ROOT / "Cluster" / "schema" / "marquee.cql"
CLIP = TOOLS / "clips" / "trailer_bbb.mp4"
VIDEO = "80100172"
TITLE = "Big Buck Bunny (trailer)"
USER = uuid.UUID("5b3d1e2a-94d3-4f6e-8a8e-5f1f0f1c9a01")
PROFILE = uuid.UUID("c7a5b0a4-6a39-4f5e-9f0b-0b8c5a9d7e02")
PRODUCT_TABLES = ["users", "profiles", "viewing_history", "my_list", "videos", "episodes"]
VICTIM = 2
ROWS, RATE, CONNECTIONS = 30_000, 2_000, 4
MIN_RUNGS = 3
POSITION_MS = 23_456


class Stopped(Exception):
    """A person pressed Ctrl-C, or the process was asked to end."""


class Demo:
    def __init__(self, cluster, is_check):
        self.cluster = cluster
        self.is_check = is_check
        self.progress = Progress()
        self.steps = 0

    def step(self, text, why=""):
        self.steps += 1
        print(f"\n[{self.steps}] {text}", flush=True)
        if why and not self.is_check:
            print(f"    {why}", flush=True)

    def say(self, text):
        self.progress.done()
        print(f"    {text}", flush=True)

    def run(self):
        self.start_nodes()
        self.load_schema()
        self.insert_through_a_kill()
        self.read_back()
        self.read_from_the_restarted_node_alone()
        self.encode()
        self.check_media()
        self.resume_elsewhere()

    # One step after another.

    def start_nodes(self):
        self.step(
            "three nodes start on this machine",
            "One binary, three processes on 127.0.0.1 to 127.0.0.3; `cluster up` returns when each answers CQL and HTTP.",
        )
        began = time.monotonic()
        self.cluster.up()
        self.cluster.wait_for_views([1, 2, 3], up=[1, 2, 3])
        self.say(f"up after {time.monotonic() - began:.1f} s, and each sees the other two")
        print("".join(f"    {line}\n" for line in self.cluster.marquee("status").splitlines()), end="", flush=True)

    def load_schema(self):
        self.step(
            "the product's schema goes in through the stock cqlsh",
            f"cqlsh 127.0.0.1 -f {SCHEMA.relative_to(ROOT)}; the same file loads in an unmodified Cassandra.",
        )
        cqlsh(1, "-f", SCHEMA)
        for node in (1, 2, 3):
            described = wait_until(
                lambda node=node: self._described(node), 20, f"node {node} knows the schema loaded through node 1"
            )
            for table in PRODUCT_TABLES:
                expect(f"CREATE TABLE marquee.{table} (" in described, f"node {node} does not describe the table {table}")
        self.say(f"{len(PRODUCT_TABLES)} product tables, described by every node")
        cql = (
            f"INSERT INTO marquee.users (user_id, email, subscription, country, created_at) "
            f"VALUES ({USER}, 'ada@example.org', 'premium', 'DE', toTimestamp(now())); "
            f"INSERT INTO marquee.profiles (user_id, profile_id, name, avatar_url, maturity_level, language) "
            f"VALUES ({USER}, {PROFILE}, 'Ada', '', 'adult', 'en');"
        )
        cqlsh(1, "-e", "CONSISTENCY QUORUM; " + cql)

    def _described(self, node):
        try:
            text = cqlsh(node, "-e", "DESCRIBE KEYSPACE marquee")
        except StepFailed:
            return None
        return text if all(f"marquee.{table} (" in text for table in PRODUCT_TABLES) else None

    def insert_through_a_kill(self):
        self.step(
            f"{ROWS:,} rows go in at {RATE:,} a second over {CONNECTIONS} connections, while node {VICTIM} is killed with -9",
            "Stock cassandra-driver, consistency QUORUM, idempotent statements, retry policy RetryOnAnotherNode. Node "
            f"{VICTIM} is killed after a quarter of the rows and started again after half of them.",
        )
        state = {"acknowledged": 0, "killed": None, "started": None}

        def on_progress(acknowledged):
            state["acknowledged"] = acknowledged
            if state["killed"] is None and acknowledged >= ROWS // 4:
                state["killed"] = acknowledged
                self.cluster.kill(VICTIM)
                self.say(f"node {VICTIM} killed at {acknowledged:,} rows")
            elif state["killed"] and state["started"] is None and acknowledged >= ROWS // 2:
                state["started"] = acknowledged
                self.cluster.start(VICTIM)
                self.say(f"node {VICTIM} started again")
            else:
                self.progress.show(f"{acknowledged:,} of {ROWS:,} rows acknowledged")

        report = steady_inserts.insert(
            steady_inserts.options("insert", rows=ROWS, rate=RATE, connections=CONNECTIONS), on_progress
        )
        expect(state["started"] is not None, "the rows were in before the node was killed and started again")
        expect(not report["failures"], f"operations failed: {report['failures']}")
        expect(report["acknowledged"] == ROWS, f"{report['acknowledged']} of {ROWS} rows were acknowledged")
        self.say(
            f"{report['acknowledged']:,} acknowledged in {report['seconds']:.1f} s, none failed; the slowest took {report['slowest_ms']} ms"
        )

    def _read(self, consistency, addresses=None):
        values = {"rows": ROWS, "consistency": consistency}
        if addresses:
            values["addresses"] = addresses
        result = steady_inserts.read(
            steady_inserts.options("read", **values), lambda right: self.progress.show(f"{right:,} rows read back")
        )
        lost = {kind: count for kind, count in result.items() if kind != "right" and count}
        expect(not lost and result["right"] == ROWS, f"reading back at {consistency}: {result}")
        return result["right"]

    def read_back(self):
        self.step("every row is read back at QUORUM")
        self.say(f"{self._read('QUORUM'):,} rows, each as it was written")

    def read_from_the_restarted_node_alone(self):
        self.step(
            f"node {VICTIM} alone has every row, also those written while it was dead",
            "The others kept hints and replayed them. They are stopped now, and the restarted node is read at ONE.",
        )
        others = [node for node in (1, 2, 3) if node != VICTIM]
        self.cluster.wait_for_views(others, up=[1, 2, 3])
        wait_until(lambda: all(self._hints(node) == 0 for node in others), 60, "the hints are replayed")
        for node in others:
            self.cluster.stop(node)
        count = self._read("ONE", [address(VICTIM)])
        self.say(f"{count:,} rows at ONE from {address(VICTIM)}, with nodes {others[0]} and {others[1]} stopped")
        for node in others:
            self.cluster.start(node)
        self.cluster.wait_for_views([1, 2, 3], up=[1, 2, 3])

    def _hints(self, node):
        return sum(
            value for name, value in self.cluster.metrics(node).items() if name.split("{")[0] == "marquee_hints_waiting"
        )

    def encode(self):
        self.step(
            f"a real clip is encoded through node 3: {CLIP.name}, 55 s of 1280x720",
            "It is uploaded, one node takes the job and runs ffmpeg, and the segments are copied onto two nodes.",
        )
        began = time.monotonic()
        words = [
            str(MARQUEE), "encode", str(CLIP), "--title", TITLE, "--video-id", VIDEO, "--node", address(3),
            "--secret-file", str(self.cluster.directory / "token-secret"),
        ]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, timeout=900)
        expect(done.returncode == 0, f"marquee encode exited {done.returncode}")
        manifest = self._manifest(1)
        video = manifest["available_tracks"]["video"]
        expect(len(video) >= MIN_RUNGS, f"the title has {len(video)} renditions, wanted are {MIN_RUNGS}: {video}")
        rungs = ", ".join(f"{rung['resolution']} at {rung['bitrate']} kbps" for rung in video)
        self.say(f"encoded in {time.monotonic() - began:.0f} s: {rungs}")
        self.say(f"DASH {manifest['manifests']['dash']}")
        self.say(f"HLS  {manifest['manifests']['hls']}")

    def _manifest(self, node, body=None):
        body = {
            "video_id": VIDEO, "profile_id": str(PROFILE),
            "device": {"type": "web", "esn": "DEMO-1", "drm_capabilities": []}, **(body or {}),
        }
        status, _, text = request(
            "POST", f"http://{address(node)}:8080/api/v1/playback/manifest", body, token=self.cluster.token(USER)
        )
        expect(status == 200, f"the manifest request to node {node} answered {status}: {text.decode(errors='replace')[:400]}")
        return json.loads(text)

    def check_media(self):
        self.step(
            "the renditions are measured, and ffmpeg plays both manifests to the last frame",
            "Frames against the source's, decode times at segment boundaries, audio length, VMAF of the top rendition: "
            "about half a minute, a line for each thing that holds.",
        )
        manifests = self._manifest(1)["manifests"]
        command = [
            str(TOOLS / "venv" / "bin" / "python"), str(ROOT / "Tools" / "check-media"),
            *check_media_words(manifests),
        ]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=900)
        expect(done.returncode == 0, f"Tools/check-media exited {done.returncode}")

    def resume_elsewhere(self):
        self.step(
            "a position stored through node 1 is there when node 1 is not",
            "PUT /api/v1/playback/position on node 1; node 1 is killed; node 2's manifest resumes there.",
        )
        status, _, text = request(
            "PUT", f"http://{address(1)}:8080/api/v1/playback/position",
            {"video_id": VIDEO, "profile_id": str(PROFILE), "position_ms": POSITION_MS}, token=self.cluster.token(USER),
        )
        expect(status in (200, 204), f"storing the position answered {status}: {text.decode(errors='replace')[:400]}")
        self.cluster.kill(1)
        resumed = self._manifest(2)["bookmarks"]["resume_position_ms"]
        expect(resumed == POSITION_MS, f"node 2 resumes at {resumed} ms, stored was {POSITION_MS} ms")
        self.say(f"node 2 resumes at {resumed} ms")

    def leave_up(self):
        self.cluster.start(1)
        manifests = self._manifest(1)["manifests"]
        binary = MARQUEE.relative_to(ROOT) if MARQUEE.is_relative_to(ROOT) else MARQUEE
        token_words = f"{binary} token --user {USER} --secret-file {self.cluster.directory}/token-secret"
        print(
            f"""
All of it held. The cluster is still up:
    CQL        127.0.0.1:9042, 127.0.0.2:9042, 127.0.0.3:9042
               .tools/venv/bin/cqlsh 127.0.0.1 -k marquee
               SELECT video_id, title, duration_ms FROM videos;
    the film   {manifests['hls']}
               {manifests['dash']}   (Chromium plays the first by itself; or: ffplay URL)
    the API    http://127.0.0.1:8080/api/v1/openapi.json
               a token: {token_words}
    metrics    http://127.0.0.1:10000/metrics
    ring       {binary} ring
    break it   {binary} cluster kill 2 --directory {self.cluster.directory}
""",
            flush=True,
        )
        try:
            input("Press Enter to stop it. ")
        except EOFError:
            print("(no terminal: Ctrl-C or SIGTERM stops it)", flush=True)
            signal.pause()


def check_media_words(manifests):
    """What Tools/check-media takes: the source and the two manifests."""
    return ["--source", str(CLIP), "--dash", manifests["dash"], "--hls", manifests["hls"], "--min-rungs", str(MIN_RUNGS)]


def ports_in_use():
    """Addresses of the cluster that somebody listens on already."""
    import socket

    taken = []
    for node in (1, 2, 3):
        for port in (9042, 8080, 7000, 10000):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((address(node), port))
                except OSError:
                    taken.append(f"{address(node)}:{port}")
    return taken


def stop(_number, _frame):
    raise Stopped


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--directory", help="where the cluster's files go (default: a new folder, removed at the end)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    taken = ports_in_use()
    if taken:
        print(f"demo: something listens on {', '.join(taken)} already; stop it first", file=sys.stderr)
        return 1
    directory = Path(arguments.directory or tempfile.mkdtemp(prefix="marquee-demo-"))
    cluster = Cluster(directory / "cluster")
    demo = Demo(cluster, arguments.check)
    status, is_failed = 1, True
    try:
        demo.run()
        status, is_failed = 0, False
        if arguments.check:
            print(f"\ndemo: all {demo.steps} steps held", flush=True)
        else:
            demo.leave_up()
    except StepFailed as failure:
        demo.progress.done()
        print(f"\ndemo: step {demo.steps} failed: {failure}", file=sys.stderr, flush=True)
        for node in (1, 2, 3):
            print(f"-- the end of node {node}'s log\n{cluster.log_tail(node)}", file=sys.stderr)
    except Stopped:
        print("\ndemo: stopped", flush=True)
        status, is_failed = (0 if status == 0 else 130), False
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        cluster.down()
        if not arguments.directory and not is_failed:
            shutil.rmtree(directory, ignore_errors=True)
        elif is_failed:
            print(f"demo: the cluster's files are kept in {directory}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
