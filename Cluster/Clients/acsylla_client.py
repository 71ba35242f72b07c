"""acsylla (the C++ driver in Python's clothes) at work; see steps.py.

  acsylla_client.py KEYSPACE ADDRESS...
"""
import asyncio
import sys
import time

import acsylla

import steps
from steps import expect

TYPES = {"a": "ascii", "b": -(2**62), "c": b"\x00\xff", "d": True, "f": 1.5e300, "g": 0.25, "i": -3, "j": "grüße \u2603", "n": -128,
         "s": {"x", "y"}, "t": [3, 1, 2], "u": {"k": 2**40}}
LITERALS = ("'ascii', -4611686018427387904, 0x00ff, true, 1.5e300, 0.25, -3, 'grüße \u2603', -128, {'x', 'y'}, [3, 1, 2], "
            "{'k': 1099511627776}")
QUORUM = acsylla.Consistency.QUORUM


def create_cluster(addresses, **options):
    return acsylla.create_cluster(addresses, consistency=QUORUM, request_timeout=20, log_level="error", **options)


async def execute(session, text, *parameters):
    statement = acsylla.create_statement(text, parameters=len(parameters))
    for index, value in enumerate(parameters):
        statement.bind(index, value)
    statement.set_consistency(QUORUM)
    return await session.execute(statement)


async def schema(session, keyspace):
    await execute(session, f"DROP KEYSPACE IF EXISTS {keyspace}")
    await execute(session, steps.keyspace_statement(keyspace))
    for statement in steps.table_statements(keyspace):
        await execute(session, statement)
    # This driver learns of tables by events, beside the statements that make them.
    deadline, tables = time.monotonic() + 10, []
    while set(tables) != {"types", "wide", "kv"}:
        expect(time.monotonic() < deadline, f"metadata has {tables}")
        await asyncio.sleep(0.02)
        metadata = session.get_metadata()
        tables = metadata.get_tables(keyspace) if keyspace in metadata.get_keyspaces() else []
    columns = {column.name for column in metadata.get_table_meta(keyspace, "wide").columns}
    expect(columns == {"p", "c", "v"}, f"wide has {columns}")


async def types(session, keyspace):
    columns = ", ".join(TYPES)
    await execute(session, f"INSERT INTO {keyspace}.types (k, {columns}) VALUES (1, {LITERALS})")
    insert = await session.create_prepared(f"INSERT INTO {keyspace}.types (k, {columns}) VALUES (?{', ?' * len(TYPES)})")
    statement = insert.bind()
    statement.bind_list([2, *TYPES.values()])
    await session.execute(statement)
    select = await session.create_prepared(f"SELECT {columns} FROM {keyspace}.types WHERE k = ?")
    for k in (1, 2):
        statement = select.bind()
        statement.bind(0, k)
        row = (await session.execute(statement)).first().as_dict()
        for name, value in TYPES.items():
            got = set(row[name]) if isinstance(value, set) else row[name]
            expect(got == value, f"row {k}, column {name}: wrote {value!r}, read {got!r}")


async def fill_wide(session, keyspace):
    insert = await session.create_prepared(f"INSERT INTO {keyspace}.wide (p, c, v) VALUES (?, ?, ?)")
    for p in range(steps.PARTITIONS):
        batch = acsylla.create_batch_unlogged()
        batch.set_consistency(QUORUM)
        for c in range(steps.ROWS_A_PARTITION):
            statement = insert.bind()
            statement.bind_list([p, c, f"{p}/{c}"])
            batch.add_statement(statement)
        await session.execute_batch(batch)


async def pages(session, keyspace, addresses):
    """The first pages come through a session that knows one node; it dies, and another session goes on from its state."""
    victim = addresses[1]
    first = await create_cluster([victim], whitelist_hosts=victim).create_session()
    rows, count, state = [], 0, None
    while True:
        statement = acsylla.create_statement(f"SELECT p, c FROM {keyspace}.wide", page_size=steps.PAGE_ROWS, page_state=state)
        statement.set_consistency(QUORUM)
        statement.set_is_idempotent(True)
        result = await (first if count < steps.PAGES_BEFORE_THE_KILL else session).execute(statement)
        count += 1
        rows += [(row.p, row.c) for row in result.all()]
        if not result.has_more_pages():
            break
        state = result.page_state()
        if count == steps.PAGES_BEFORE_THE_KILL:
            steps.ask("kill", victim)
    steps.check_pages(rows)
    steps.ask("start", victim)
    steps.note(f"{len(rows)} rows in {count} pages, {victim} killed after page {steps.PAGES_BEFORE_THE_KILL}")


async def batches(session, keyspace):
    insert = await session.create_prepared(f"INSERT INTO {keyspace}.kv (k, v) VALUES (?, ?)")
    for make, first in ((acsylla.create_batch_logged, 1000), (acsylla.create_batch_unlogged, 2000)):
        batch = make()
        batch.set_consistency(QUORUM)
        for k in range(first, first + steps.BATCH_PARTITIONS):
            statement = insert.bind()
            statement.bind_list([k, f"batch {k}"])
            batch.add_statement(statement)
        batch.add_statement(acsylla.create_statement(f"DELETE FROM {keyspace}.kv WHERE k = {first - 1}"))
        await session.execute_batch(batch)
        for k in range(first, first + steps.BATCH_PARTITIONS):
            row = (await execute(session, f"SELECT v FROM {keyspace}.kv WHERE k = {k}")).first()
            expect(row and row.v == f"batch {k}", f"batch row {k}: {row}")


async def worker(session, statements, number, progress):
    insert, select = statements
    k = number
    while not progress.stop:
        k += steps.WORKERS
        try:
            write = insert.bind()
            write.bind_list([k, f"work {k}"])
            read = select.bind()
            read.bind(0, k)
            for statement in (write, read):
                statement.set_is_idempotent(True)
                statement.set_consistency(QUORUM)
            await session.execute(write)
            row = (await session.execute(read)).first()
            expect(row and row.v == f"work {k}", f"key {k} was written and acknowledged; read {row}")
            progress.done += 1
        except Exception as error:  # noqa: BLE001: every failure is what is looked for
            progress.failed(error)
            return


async def work(session, keyspace, victim):
    statements = (
        await session.create_prepared(f"INSERT INTO {keyspace}.kv (k, v) VALUES (?, ?)"),
        await session.create_prepared(f"SELECT v FROM {keyspace}.kv WHERE k = ?"),
    )
    progress = steps.Progress()
    workers = [asyncio.create_task(worker(session, statements, 10_000 + n, progress)) for n in range(steps.WORKERS)]
    plan = steps.WorkPlan(progress, victim)
    who = acsylla.create_statement(steps.COORDINATOR)
    who.set_is_idempotent(True)
    over = False
    while not over:
        seen = {str((await session.execute(who)).first().rpc_address)}
        # The step may wait for the test, while the workers go on.
        over = await asyncio.to_thread(plan.step, seen)
        await asyncio.sleep(0.02)
    progress.stop = True
    await asyncio.gather(*workers)
    progress.check()
    steps.note(f"{progress.done} writes and reads at QUORUM, none failed")


async def main():
    keyspace, *addresses = sys.argv[1:]
    session = await create_cluster(addresses).create_session()
    await schema(session, keyspace)
    await types(session, keyspace)
    await fill_wide(session, keyspace)
    await pages(session, keyspace, addresses)
    await batches(session, keyspace)
    await work(session, keyspace, addresses[0])
    steps.passed()


if __name__ == "__main__":
    asyncio.run(main())
