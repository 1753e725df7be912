"""Every signed statement for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from specship.report.formats import PLAIN, Display
from specship.suite.explain.statement_records import LedgerCheck


def pieces(check: LedgerCheck, _display: Display = PLAIN) -> Iterator[str]:
    """One object: `statements`, a line each, and `problems`."""
    yield '{"statements": ['
    for number, one in enumerate(check.statements()):
        yield (",\n" if number else "\n") + one.model_dump_json()
    yield f'\n], "problems": {json.dumps(check.problems)}}}\n'
