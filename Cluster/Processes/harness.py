"""Runs process tests: functions whose names begin with `test_`, each with a folder of its own, and counts them.

Nodes are started through the release binary; what a test starts is ended with it, by pid.
"""
import inspect
import shutil
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Workloads"))

from cluster import Cluster, StepFailed  # noqa: E402


class Skipped(Exception):
    """The test needs something that is not here; the reason in words."""


@contextmanager
def running_cluster(directory, nodes=1, configuration=""):
    """A cluster that is up inside the block and gone after it; `configuration` as `Cluster` takes it."""
    cluster = Cluster(Path(directory) / "cluster", nodes, configuration)
    try:
        cluster.up()
        yield cluster
    except StepFailed:
        for node in range(1, nodes + 1):
            print(f"-- the end of node {node}'s log\n{cluster.log_tail(node)}", flush=True)
        raise
    finally:
        cluster.down()


def run(modules, wanted=""):
    """Runs the modules' tests whose names contain `wanted`; prints a line each and `N passed, N failed`."""
    passed = failed = skipped = 0
    for module in modules:
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("test_") or test.__module__ != module.__name__ or wanted not in name:
                continue
            directory = tempfile.mkdtemp(prefix="marquee-test-")
            began = time.monotonic()
            try:
                test(Path(directory))
                passed += 1
                print(f"ok      {name} ({time.monotonic() - began:.1f} s)", flush=True)
            except Skipped as reason:
                skipped += 1
                print(f"skipped {name}: {reason}", flush=True)
            except StepFailed as failure:
                failed += 1
                print(f"FAILED  {name}: {failure}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {name}:\n{traceback.format_exc()}", flush=True)
            finally:
                shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""), flush=True)
    return 1 if failed or not passed else 0
