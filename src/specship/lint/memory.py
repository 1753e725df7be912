"""The last answer of lint, outside of every checkout. Light: recalling imports neither pydantic nor YAML."""

from __future__ import annotations

import json
from pathlib import Path

from specship.lint.finding import LintResult
from specship.result_cache import answers, inputs_digest, project_files, recall, remember


def place() -> Path:
    """The file in which the last answer lies."""
    return answers() / "lint.json"


def key_of(start: Path, *options: tuple[str, ...]) -> str | None:
    """What an answer depends on; None where that cannot be known."""
    return inputs_digest(project_files(start), "lint", json.dumps(options))


def recalled(key: str | None) -> LintResult | None:
    """The answer of an earlier run on the same inputs; None where none can be trusted."""
    return LintResult.from_json(recall(place(), key)) if key is not None else None


def keep(start: Path, key: str | None, result: LintResult, *options: tuple[str, ...]) -> None:
    """Remember an answer, unless an input changed while it was computed; a failure to write is no matter."""
    if key is not None and key_of(start, *options) == key:
        remember(place(), key, result.as_json())
