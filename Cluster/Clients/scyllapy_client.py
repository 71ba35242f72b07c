"""scyllapy (the Rust driver in Python's clothes) at work; see steps.py.

The Rust driver 0.12 inside takes a broken connection for an invalid message, which its retry policy leaves alone, whatever
the server is: what was in flight to the node that dies fails, and is repeated here, once.

It hides paging behind an iterator: a node dies while the iterator is in the middle. scyllapy does not say which one
answers, so it is any of three.

  scyllapy_client.py KEYSPACE ADDRESS...
"""
import asyncio
import sys

from scyllapy import Batch, BatchType, Consistency, ExecutionProfile, Query, Scylla
from scyllapy.extra_types import BigInt, Double, SmallInt, TinyInt

import steps
from steps import expect

# Python's numbers say nothing of their width, the driver's own types do.
BOUND = {"a": "ascii", "b": BigInt(-(2**62)), "c": b"\x00\xff", "d": True, "f": Double(1.5e300), "g": 0.25, "i": SmallInt(-3),
         "j": "grüße \u2603", "n": TinyInt(-128), "s": {"x", "y"}, "t": [3, 1, 2], "u": {"k": BigInt(2**40)}}
TYPES = {**BOUND, "b": -(2**62), "f": 1.5e300, "i": -3, "n": -128, "u": {"k": 2**40}}
LITERALS = ("'ascii', -4611686018427387904, 0x00ff, true, 1.5e300, 0.25, -3, 'grüße \u2603', -128, {'x', 'y'}, [3, 1, 2], "
            "{'k': 1099511627776}")


async def schema(session, keyspace):
    await session.execute(f"DROP KEYSPACE IF EXISTS {keyspace}")
    await session.execute(steps.keyspace_statement(keyspace))
    for statement in steps.table_statements(keyspace):
        await session.execute(statement)
    found = await session.execute("SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?", [keyspace])
    names = {row["table_name"] for row in found.all()}
    expect(names == {"types", "wide", "kv"}, f"system_schema has {names}")


async def types(session, keyspace):
    columns = ", ".join(TYPES)
    await session.execute(f"INSERT INTO {keyspace}.types (k, {columns}) VALUES (1, {LITERALS})")
    insert = await session.prepare(f"INSERT INTO {keyspace}.types (k, {columns}) VALUES (?{', ?' * len(TYPES)})")
    await session.execute(insert, [2, *BOUND.values()])
    select = await session.prepare(f"SELECT {columns} FROM {keyspace}.types WHERE k = ?")
    for k in (1, 2):
        row = (await session.execute(select, [k])).first()
        for name, value in TYPES.items():
            got = set(row[name]) if isinstance(value, set) else bytes(row[name]) if name == "c" else row[name]
            expect(got == value, f"row {k}, column {name}: wrote {value!r}, read {got!r}")


async def fill_wide(session, keyspace):
    insert = await session.prepare(f"INSERT INTO {keyspace}.wide (p, c, v) VALUES (?, ?, ?)")
    for p in range(steps.PARTITIONS):
        batch = Batch(BatchType.UNLOGGED, consistency=Consistency.QUORUM)
        for _ in range(steps.ROWS_A_PARTITION):
            batch.add_query(insert)
        await session.batch(batch, [[p, c, f"{p}/{c}"] for c in range(steps.ROWS_A_PARTITION)])


async def pages(session, keyspace, victim):
    query = Query(f"SELECT p, c FROM {keyspace}.wide", consistency=Consistency.QUORUM, is_idempotent=True)
    rows, killed = [], False
    async for row in await session.execute(query, paged=True):
        rows.append((row["p"], row["c"]))
        if not killed and len(rows) > steps.PAGE_ROWS:
            killed = True
            await asyncio.to_thread(steps.ask, "kill", victim)
    steps.check_pages(rows)
    await asyncio.to_thread(steps.ask, "start", victim)
    steps.note(f"{len(rows)} rows through the iterator, {victim} killed on the way")


async def batches(session, keyspace):
    insert = await session.prepare(f"INSERT INTO {keyspace}.kv (k, v) VALUES (?, ?)")
    for kind, first in ((BatchType.LOGGED, 1000), (BatchType.UNLOGGED, 2000)):
        batch = Batch(kind, consistency=Consistency.QUORUM)
        keys = range(first, first + steps.BATCH_PARTITIONS)
        for _ in keys:
            batch.add_query(insert)
        batch.add_query(f"DELETE FROM {keyspace}.kv WHERE k = {first - 1}")
        await session.batch(batch, [[BigInt(k), f"batch {k}"] for k in keys] + [[]])
        for k in keys:
            row = (await session.execute(f"SELECT v FROM {keyspace}.kv WHERE k = {k}")).first()
            expect(row and row["v"] == f"batch {k}", f"batch row {k}: {row}")


async def repeated(session, statement, values):
    try:
        return await session.execute(statement, values)
    except Exception as error:  # noqa: BLE001: the driver has one class for all
        if "Frame error" not in str(error):
            raise
        return await session.execute(statement, values)


async def worker(session, statements, number, progress):
    insert, select = statements
    k = number
    while not progress.stop:
        k += steps.WORKERS
        try:
            await repeated(session, insert, [BigInt(k), f"work {k}"])
            row = (await repeated(session, select, [BigInt(k)])).first()
            expect(row and row["v"] == f"work {k}", f"key {k} was written and acknowledged; read {row}")
            progress.done += 1
        except Exception as error:  # noqa: BLE001: every failure is what is looked for
            progress.failed(error)
            return


async def work(session, keyspace, victim):
    statements = [
        await session.prepare(Query(text, consistency=Consistency.QUORUM, is_idempotent=True))
        for text in (f"INSERT INTO {keyspace}.kv (k, v) VALUES (?, ?)", f"SELECT v FROM {keyspace}.kv WHERE k = ?")
    ]
    progress = steps.Progress()
    workers = [asyncio.create_task(worker(session, statements, 10_000 + n, progress)) for n in range(steps.WORKERS)]
    plan = steps.WorkPlan(progress, victim)
    who = Query(steps.COORDINATOR, consistency=Consistency.ONE, is_idempotent=True)
    over = False
    while not over:
        seen = {str((await repeated(session, who, [])).first()["rpc_address"])}
        over = await asyncio.to_thread(plan.step, seen)
        await asyncio.sleep(0.02)
    progress.stop = True
    await asyncio.gather(*workers)
    progress.check()
    steps.note(f"{progress.done} writes and reads at QUORUM, none failed")


async def main():
    keyspace, *addresses = sys.argv[1:]
    session = Scylla(
        [f"{address}:9042" for address in addresses],
        default_execution_profile=ExecutionProfile(consistency=Consistency.QUORUM, request_timeout=20),
    )
    await session.startup()
    await schema(session, keyspace)
    await types(session, keyspace)
    await fill_wide(session, keyspace)
    await pages(session, keyspace, addresses[2])
    await batches(session, keyspace)
    await work(session, keyspace, addresses[0])
    steps.passed()


if __name__ == "__main__":
    asyncio.run(main())
