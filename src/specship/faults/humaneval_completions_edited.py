"""Completions were written by hand, and stand under the model's name."""

from __future__ import annotations

from pathlib import Path

from specship.digests import sha256_file
from specship.faults._bytes import edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="K10", stage="humaneval")


def plant(folder: Path) -> None:
    """Each completion of the first run is the same line."""
    samples, outcomes = folder / "run-1" / "samples.jsonl", folder / "run-1" / "outcomes.jsonl"
    written = {"completion": "    return None\n", "tokens": 4, "stop_reason": "stop-token"}
    edit_lines(samples, lambda lines: [lines[0], *({**line, **written} for line in lines[1:])])
    digest = sha256_file(samples)
    edit_lines(outcomes, lambda lines: [{**lines[0], "completions_sha256": digest}, *lines[1:]])
