"""Prints the cheat table as Markdown: `python -m tests.cheats`, which is `docs/attempts.md`."""

import sys

from tests.cheats.table import page

sys.stdout.write(page())
