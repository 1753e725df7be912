"""The problems were put in a chat's format to a model that has none."""

from __future__ import annotations

from pathlib import Path

from specship.digests import sha256_file
from specship.faults._bytes import Line, edit_lines
from specship.faults.fault import Fault

FAULT = Fault(row="E2", stage="humaneval")


def plant(folder: Path) -> None:
    """Each run but the first, from which completions are written again, says so."""
    for run in folder.glob("run-*"):
        if run.name == "run-1":
            continue
        edit_lines(run / "samples.jsonl", lambda lines: [_chat(lines[0]), *lines[1:]])
        digest = sha256_file(run / "samples.jsonl")

        def judged(lines: list[Line], digest: str = digest) -> list[Line]:
            about = {"generated": _chat(lines[0]["generated"]), "completions_sha256": digest}
            return [{**lines[0], **about}, *lines[1:]]

        edit_lines(run / "outcomes.jsonl", judged)


def _chat(heading: Line) -> Line:
    return {**heading, "prompt_format": "chat template"}
