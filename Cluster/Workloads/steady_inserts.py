#!/usr/bin/env python3
"""Inserts rows at a steady rate through the stock cassandra-driver, and reads every acknowledged row back.

A row of viewing_history is a function of its number, so what is read back is compared with what was written without
keeping a model. Each connection is a process of its own with a session of its own. The statements are marked
idempotent, and the retry policy is named: RetryOnAnotherNode below.

  steady_inserts.py insert --rows 30000 --rate 2000 --connections 4      exits 1 if any operation failed
  steady_inserts.py read --rows 30000 --consistency QUORUM [--only 127.0.0.2]
"""
import argparse
import json
import multiprocessing
import queue
import sys
import threading
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone

PARTITIONS = 300
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
NAMESPACE = uuid.UUID("8c0f64e0-2f7a-4f0e-9a55-4d6b6c3c7a11")
MAX_IN_FLIGHT = 512
INSERT = (
    "INSERT INTO marquee.viewing_history (profile_id, watched_at, video_id, episode_id, progress_ms, completed) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
SELECT = "SELECT watched_at, video_id, episode_id, progress_ms, completed FROM marquee.viewing_history WHERE profile_id = ?"


def profile(partition):
    return uuid.uuid5(NAMESPACE, f"profile {partition}")


def row(number):
    """The row that has this number."""
    return (
        profile(number % PARTITIONS), FIRST + timedelta(milliseconds=number), f"video-{number % 97}",
        f"S{number % 5 + 1}:E{number % 11 + 1}", number * 17, number % 3 == 0,
    )


def connect(addresses, consistency):
    """A session whose policies are stock, but for the retry policy."""
    from cassandra import ConsistencyLevel
    from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
    from cassandra.policies import (
        ConstantReconnectionPolicy, RetryPolicy, RoundRobinPolicy, TokenAwarePolicy, WhiteListRoundRobinPolicy,
    )

    class RetryOnAnotherNode(RetryPolicy):
        """The driver's default, and once more on another node where a write timed out: the statements are
        idempotent, so sending one twice is sending it once."""

        def on_write_timeout(self, query, consistency, write_type, required_responses, received_responses, retry_num):
            if retry_num == 0 and query.is_idempotent:
                return self.RETRY_NEXT_HOST, consistency
            return self.RETHROW, None

    balancing = TokenAwarePolicy(RoundRobinPolicy())
    if len(addresses) == 1:
        balancing = WhiteListRoundRobinPolicy(addresses)
    profile = ExecutionProfile(
        load_balancing_policy=balancing, retry_policy=RetryOnAnotherNode(), request_timeout=15,
        consistency_level=getattr(ConsistencyLevel, consistency),
    )
    cluster = Cluster(
        addresses, execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        reconnection_policy=ConstantReconnectionPolicy(0.5, max_attempts=None),
    )
    return cluster, cluster.connect()


def insert_share(index, arguments, reports, start):
    """Inserts every `connections`-th row at this connection's share of the rate."""
    cluster, session = connect(arguments.addresses, arguments.consistency)
    statement = session.prepare(INSERT)
    statement.is_idempotent = True
    numbers = range(index, arguments.rows, arguments.connections)
    interval = arguments.connections / arguments.rate
    slots = threading.Semaphore(MAX_IN_FLIGHT)
    lock = threading.Lock()
    acknowledged, failures, slowest = [0], Counter(), [0.0]
    finished = threading.Event()
    start.wait()
    began = time.monotonic()

    def settle(sent, error=None):
        with lock:
            if error is None:
                acknowledged[0] += 1
            else:
                failures[f"{type(error).__name__}: {error}"[:300]] += 1
            slowest[0] = max(slowest[0], time.monotonic() - sent)
            if acknowledged[0] + sum(failures.values()) == len(numbers):
                finished.set()
        slots.release()

    for position, number in enumerate(numbers):
        due = began + position * interval
        now = time.monotonic()
        if due > now:
            time.sleep(due - now)
        slots.acquire()
        sent = time.monotonic()
        future = session.execute_async(statement, row(number))
        future.add_callbacks(lambda _, sent=sent: settle(sent), lambda error, sent=sent: settle(sent, error))
        if position % 100 == 0:
            reports.put((index, "progress", acknowledged[0]))
    finished.wait(60)
    reports.put((index, "done", {
        "acknowledged": acknowledged[0], "wanted": len(numbers), "failures": dict(failures),
        "slowest_ms": round(slowest[0] * 1000), "seconds": time.monotonic() - began,
    }))
    cluster.shutdown()


def insert(arguments, on_progress=None):
    """Runs all connections; returns their reports added up. `on_progress(acknowledged)` is called as rows go in."""
    context = multiprocessing.get_context("spawn")
    reports, start = context.Queue(), context.Event()
    workers = [
        context.Process(target=insert_share, args=(index, arguments, reports, start)) for index in range(arguments.connections)
    ]
    for worker in workers:
        worker.start()
    start.set()
    progress, results = {}, {}
    while len(results) < len(workers):
        try:
            index, kind, value = reports.get(timeout=1)
        except queue.Empty:
            gone = [i for i, w in enumerate(workers) if not w.is_alive() and i not in results]
            if gone:
                raise RuntimeError(f"connections {gone} ended without a report") from None
            continue
        if kind == "done":
            results[index] = value
            progress[index] = value["acknowledged"]
        else:
            progress[index] = value
        if on_progress:
            on_progress(sum(progress.values()))
    for worker in workers:
        worker.join()
    failures = Counter()
    for result in results.values():
        failures.update(result["failures"])
    return {
        "acknowledged": sum(r["acknowledged"] for r in results.values()),
        "wanted": sum(r["wanted"] for r in results.values()),
        "failures": dict(failures),
        "slowest_ms": max(r["slowest_ms"] for r in results.values()),
        "seconds": max(r["seconds"] for r in results.values()),
    }


def read(arguments, on_progress=None):
    """Reads every partition at the consistency level; returns how many rows are right, missing, wrong, unknown."""
    from cassandra.concurrent import execute_concurrent_with_args

    cluster, session = connect(arguments.addresses, arguments.consistency)
    statement = session.prepare(SELECT)
    statement.is_idempotent = True
    right = missing = wrong = surplus = 0
    partitions = range(min(PARTITIONS, arguments.rows))
    answers = execute_concurrent_with_args(
        session, statement, [(profile(p),) for p in partitions], concurrency=16, results_generator=True,
    )
    for partition, (ok, rows) in zip(partitions, answers):
        if not ok:
            raise RuntimeError(f"reading partition {partition} failed: {type(rows).__name__}: {rows}")
        found = {(r.watched_at.replace(tzinfo=timezone.utc), r.video_id): (r.episode_id, r.progress_ms, r.completed) for r in rows}
        for number in range(partition, arguments.rows, PARTITIONS):
            _, watched_at, video_id, *rest = row(number)
            value = found.pop((watched_at, video_id), None)
            if value is None:
                missing += 1
            elif value != tuple(rest):
                wrong += 1
            else:
                right += 1
        surplus += len(found)
        if on_progress:
            on_progress(right)
    cluster.shutdown()
    return {"right": right, "missing": missing, "wrong": wrong, "surplus": surplus}


def options(mode, **values):
    """The same options for callers that import this module."""
    defaults = {
        "mode": mode, "rows": 30000, "rate": 2000, "connections": 4, "consistency": "QUORUM",
        "addresses": ["127.0.0.1", "127.0.0.2", "127.0.0.3"],
    }
    return argparse.Namespace(**{**defaults, **values})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["insert", "read"])
    parser.add_argument("--rows", type=int, default=30000)
    parser.add_argument("--rate", type=float, default=2000, help="rows a second over all connections")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--consistency", default="QUORUM")
    parser.add_argument("--only", help="ask this node alone")
    given = vars(parser.parse_args())
    only = given.pop("only")
    arguments = options(**given)
    if only:
        arguments.addresses = [only]
    result = insert(arguments) if arguments.mode == "insert" else read(arguments)
    print(json.dumps(result, indent=1))
    good = result.get("failures") == {} and result["acknowledged"] == result["wanted"] if arguments.mode == "insert" else (
        result["right"] == arguments.rows and not result["surplus"]
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
