#!/usr/bin/env python3
"""The process tests that need nothing but the release binary and what Tools/setup installs.

  run.py [PART OF A NAME]
"""
import sys

import harness
import test_bad_clients
import test_bad_clips
import test_command_line
import test_node

if __name__ == "__main__":
    sys.exit(harness.run([test_command_line, test_node, test_bad_clients, test_bad_clips], *sys.argv[1:2]))
