#!/usr/bin/env python3
"""The extra process tests, which use other people's software. `Tools/test --peers` runs them.

  peers.py --peers DIR [PART OF A NAME]
"""
import argparse
import sys
from pathlib import Path

import harness
import test_cassandra
import test_clients_peers
import test_gocql
import test_latte
import test_levels
import test_players

MODULES = [
    test_cassandra,
    test_clients_peers,
    test_gocql,
    test_latte,
    test_levels,
    test_players,
]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", required=True)
    parser.add_argument("wanted", nargs="?", default="")
    arguments = parser.parse_args()
    for module in MODULES:
        # A test that needs the folder has a variable for it.
        if hasattr(module, "PEERS"):
            module.PEERS = Path(arguments.peers)
    sys.exit(harness.run(MODULES, arguments.wanted))
