#!/usr/bin/env python3
"""The process tests that need nothing but the release binary and what Tools/setup installs.

  run.py [PART OF A NAME]
"""
import sys

import harness
import test_bad_clients
import test_bad_clips
import test_clients
import test_command_line
import test_datacenters
import test_durability
import test_events
import test_node
import test_replica_death
import test_security
import test_twin

MODULES = [
    test_command_line,
    test_node,
    test_bad_clients,
    test_bad_clips,
    test_clients,
    test_events,
    test_replica_death,
    test_datacenters,
    test_durability,
    test_security,
    test_twin,
]

if __name__ == "__main__":
    sys.exit(harness.run(MODULES, *sys.argv[1:2]))
